//! One Compose project of the lab: its files, what runs of it, and the oracle.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::support::*;

/// A deployment that Compose knows as a project.
pub(crate) struct Project {
    pub(crate) lab: Lab,
    /// Its id.
    pub(crate) id: String,
    folder: PathBuf,
}

/// What runs of a project: of each container its id and last start, of each network its
/// id, of each volume its birth.
pub(crate) type Snapshot = BTreeMap<String, String>;

impl Project {
    /// A project of one file.
    pub(crate) fn new(name: &'static str, text: &str) -> Self {
        let lab = Lab::new(name);
        lab.stack("s", text);
        let (id, folder) = (lab.id("s"), lab.folder_of("s"));
        Self { lab, id, folder }
    }

    /// One of a set of stacks beside this file.
    pub(crate) fn of_stack(name: &'static str, set: &str, stack: &str) -> Self {
        let lab = if set == "newest" { Lab::newest(name) } else { Lab::new(name) };
        let folder = lab.folder_of("s");
        copy(&stacks_of(set).join(stack), &folder);
        let text = fs::read_to_string(folder.join("compose.yaml")).unwrap();
        let named = text.lines().find_map(|line| line.strip_prefix("name: "));
        let id = named.map_or_else(|| lab.id("s"), str::to_owned);
        Self { lab, id, folder }
    }

    /// The same with this `.env`, which names it otherwise.
    pub(crate) fn named(mut self, rest: &str, dotenv: &str) -> Self {
        self.id = self.lab.of(rest);
        let text = format!("COMPOSE_PROJECT_NAME={}\n{dotenv}", self.id);
        self.lab.file("s", ".env", &text);
        self
    }

    /// Its folder.
    pub(crate) fn source(&self) -> String {
        self.folder.display().to_string()
    }

    /// Another text at one place of a file of it.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no `{from}` in {file}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// `reconciler` with these words, its folder, and trust in it.
    pub(crate) fn reconciler(&self, words: &[&str]) -> Finished {
        let source = self.source();
        self.lab.run(&[words, &["--trust-stacks", &source]].concat())
    }

    /// `docker compose` with these words, in its folder.
    pub(crate) fn compose(&self, words: &[&str]) -> String {
        self.compose_in(&self.folder, words)
    }

    /// `docker compose` with these words, in another folder.
    pub(crate) fn compose_in(&self, folder: &Path, words: &[&str]) -> String {
        let mut command = Command::new(variable("RECONCILER_LAB_COMPOSE"));
        command.args(words).env_clear().current_dir(folder).stdin(Stdio::null());
        command.env("PATH", variable("PATH")).env("HOME", self.lab.folder());
        command.env("DOCKER_HOST", variable("DOCKER_HOST"));
        // No BuildKit client is at hand.
        command.env("DOCKER_BUILDKIT", "0").env("COMPOSE_BAKE", "false");
        let mut output = command.output().unwrap();
        // An engine lets go of a network's last endpoint a moment after its container is gone.
        let is_early = |stderr: &[u8]| String::from_utf8_lossy(stderr).contains("active endpoints");
        if words.contains(&"down") && is_early(&output.stderr) {
            output = command.output().unwrap();
        }
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b));
        assert!(output.status.success(), "compose {words:?}: {stdout}{stderr}");
        format!("{stdout}{stderr}")
    }

    /// `docker compose up -d`, which must change nothing.
    pub(crate) fn up_only_runs(&self) {
        let printed = self.compose(&["up", "-d"]);
        let done = ["Running", "Waiting", "Healthy"];
        for line in printed.lines().map(str::trim).filter(|line| is_about_a_thing(line)) {
            assert!(done.iter().any(|word| line.ends_with(word)), "`{line}` of\n{printed}");
        }
    }

    /// What there is of the project.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let filter = format!("label=com.docker.compose.project={}", self.id);
        let list = |words: &[&str]| {
            let text = docker(&[words, &["--filter", &filter]].concat());
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let mut all = Snapshot::new();
        for name in list(&["ps", "-a", "--format", "{{.Names}}"]) {
            all.insert(format!("container {name}"), id(&name) + " " + &started_at(&name));
        }
        for name in list(&["network", "ls", "--format", "{{.Name}}"]) {
            let network = docker(&["network", "inspect", "-f", "{{.Id}}", &name]);
            all.insert(format!("network {name}"), network);
        }
        for name in list(&["volume", "ls", "--format", "{{.Name}}"]) {
            let born = docker(&["volume", "inspect", "-f", "{{.CreatedAt}}", &name]);
            all.insert(format!("volume {name}"), born);
        }
        all
    }

    /// The labels that Compose reads, of each container, network and volume.
    pub(crate) fn labels(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let labels = |thing: &String| {
            let (kind, name) = thing.split_once(' ').unwrap();
            let path = if kind == "container" { ".Config.Labels" } else { ".Labels" };
            let text = docker(&[kind, "inspect", "-f", &format!("{{{{json {path}}}}}"), name]);
            let all: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
            all.into_iter().filter(|(name, _)| name.starts_with("com.docker.compose.")).collect()
        };
        self.snapshot().keys().map(|thing| (thing.clone(), labels(thing))).collect()
    }

    /// Makes what the stack calls external.
    pub(crate) fn make_external(&self) {
        let listed = fs::read_to_string(self.folder.join("external")).unwrap_or_default();
        for line in listed.lines() {
            let (kind, name) = line.split_once(' ').unwrap();
            docker(&[kind, "create", name]);
        }
    }
}

/// Whether a line of Compose's progress is about a container, network or volume.
fn is_about_a_thing(line: &str) -> bool {
    ["Container ", "Network ", "Volume "].iter().any(|kind| line.starts_with(kind))
}

/// Where the stacks of a set are.
pub(crate) fn stacks_of(set: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_compose").join(set)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
