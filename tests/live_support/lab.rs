//! One test's part of the lab: names, stack files and an installation of its own, so that
//! tests run beside each other on one engine.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::docker::{call, docker, id};
use super::program::{Finished, Program};

/// The image that every lab has: a busybox.
pub(crate) const IMAGE: &str = "reconciler.demo/base";

/// A variable of the lab; without it, the test must not go on.
pub(crate) fn variable(name: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the lab speaks through variables")]
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: run this with scripts/with-lab --consul"))
}

/// The part of the lab that belongs to one test.
pub(crate) struct Lab {
    name: &'static str,
    folder: PathBuf,
    engine: String,
    consul: Option<String>,
}

impl Lab {
    /// `name` must be like no other test's, without `-`.
    pub(crate) fn new(name: &'static str) -> Self {
        let folder = PathBuf::from(variable("RECONCILER_LAB")).join("tests").join(name);
        fs::create_dir_all(folder.join("stacks")).unwrap();
        Self { name, folder, engine: variable("DOCKER_HOST"), consul: None }
    }

    /// The same, of a test that asks for what only a newer engine can do.
    pub(crate) fn newest(name: &'static str) -> Self {
        assert_eq!(
            variable("RECONCILER_LAB_NEWEST"),
            "yes",
            "run this with scripts/with-lab --newest"
        );
        Self::new(name)
    }

    /// The same with Consul.
    pub(crate) fn with_consul(name: &'static str) -> Self {
        let mut lab = Self::new(name);
        lab.consul = Some(variable("CONSUL_HTTP_ADDR"));
        lab
    }

    /// Calls of the program go to this engine from now on.
    pub(crate) fn engine_at(&mut self, address: &str) {
        address.clone_into(&mut self.engine);
    }

    /// Calls of the program go to this Consul from now on.
    pub(crate) fn consul_at(&mut self, address: &str) {
        self.consul = Some(address.to_owned());
    }

    /// From now on the program knows of no Consul.
    pub(crate) fn without_consul(&mut self) {
        self.consul = None;
    }

    /// The installation's id.
    pub(crate) fn installation(&self) -> String {
        format!("it{}", self.name)
    }

    /// A deployment's id.
    pub(crate) fn id(&self, deployment: &str) -> String {
        format!("{}-{deployment}", self.name)
    }

    /// The name of a replica's container, or of a network or volume with `_` in place of
    /// the slot's dash: `abc-web-1`, `abc_default`.
    pub(crate) fn of(&self, rest: &str) -> String {
        format!("{}-{rest}", self.name)
    }

    /// The test's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder with the stacks: the source.
    pub(crate) fn source(&self) -> String {
        self.folder.join("stacks").display().to_string()
    }

    /// The folder of a deployment.
    pub(crate) fn folder_of(&self, deployment: &str) -> PathBuf {
        self.folder.join("stacks").join(self.id(deployment))
    }

    /// Writes the stack file of a deployment.
    pub(crate) fn stack(&self, deployment: &str, text: &str) {
        self.file(deployment, "compose.yaml", text);
    }

    /// Writes a file beside the stack file of a deployment.
    pub(crate) fn file(&self, deployment: &str, path: &str, text: &str) {
        let path = self.folder_of(deployment).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Removes a deployment from the source.
    pub(crate) fn drop_stack(&self, deployment: &str) {
        fs::remove_dir_all(self.folder_of(deployment)).unwrap();
    }

    /// Commits the stacks, in a repository that is made if there is none. Returns its
    /// address.
    pub(crate) fn commit(&self) -> String {
        let git = |words: &[&str]| {
            let mut command = Command::new("git");
            command.args(["-c", "user.name=t", "-c", "user.email=t@t", "-C", &self.source()]);
            let output = command.args(words).env("HOME", &self.folder).output().unwrap();
            assert!(output.status.success(), "git {words:?}: {output:?}");
        };
        if !self.folder.join("stacks/.git").exists() {
            git(&["init", "-q", "-b", "main"]);
        }
        git(&["add", "-A"]);
        git(&["commit", "-q", "--allow-empty", "-m", "a change"]);
        format!("file://{}", self.source())
    }

    /// The program with these arguments, not yet started.
    pub(crate) fn program(&self, words: &[&str]) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
        command.args(words).env_clear().current_dir(&self.folder);
        command.env("PATH", variable("PATH")).env("HOME", &self.folder);
        command.env("DOCKER_HOST", &self.engine);
        command.env("RECONCILER_INSTALLATION", self.installation());
        if let Some(consul) = &self.consul {
            command.env("CONSUL_HTTP_ADDR", consul);
        }
        Program(command)
    }

    /// Runs the program with arguments that a shell splits.
    pub(crate) fn shell(&self, words: &str) -> Finished {
        let program = env!("CARGO_BIN_EXE_reconciler");
        let (own, mut shell) = (self.program(&[]).0, Command::new("sh"));
        shell
            .args(["-c", &format!("exec {program} {words}")])
            .env_clear()
            .current_dir(&self.folder);
        shell.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Program(shell).run()
    }

    /// Runs the program at a terminal of its own, and answers a question. What it says is all in the
    /// results.
    pub(crate) fn terminal(
        &self,
        words: &[&str],
        question: &str,
        answer: impl FnOnce() -> &'static str,
    ) -> Finished {
        let own = self.program(words).0;
        let call: Vec<_> = [own.get_program()].into_iter().chain(own.get_args()).collect();
        let call = call.join(OsStr::new(" "));
        let mut script = Command::new("script");
        script.args(["-q", "-e", "-E", "never", "-c"]).arg(call).arg("/dev/null");
        script.env_clear().current_dir(&self.folder);
        script.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Program(script).answer(question, answer)
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Finished {
        self.program(words).run()
    }

    /// `--once` on the source.
    pub(crate) fn once(&self) -> Finished {
        self.run(&["--once", &self.source()])
    }

    /// `plan` of the source.
    pub(crate) fn plan(&self) -> Finished {
        self.run(&["plan", &self.source()])
    }

    /// The containers of this test, and their ids; the ledger's are not among them.
    pub(crate) fn containers(&self) -> BTreeMap<String, String> {
        let names = listed(&["ps", "-a", "--format", "{{.Names}}"], &format!("{}-", self.name));
        names.into_iter().map(|name| (name.clone(), id(&name))).collect()
    }

    /// The names of the containers of this test.
    pub(crate) fn names(&self) -> Vec<String> {
        self.containers().into_keys().collect()
    }

    /// The names of the networks of this test, of twins twice.
    pub(crate) fn networks(&self) -> Vec<String> {
        let text = docker(&["network", "ls", "--format", "{{.Name}}"]);
        let own = |name: &&str| name.starts_with(&format!("{}-", self.name));
        let mut names: Vec<_> = text.lines().filter(own).map(str::to_owned).collect();
        names.sort();
        names
    }

    /// The names of the named volumes of this test.
    pub(crate) fn volumes(&self) -> BTreeSet<String> {
        listed(&["volume", "ls", "--format", "{{.Name}}"], &format!("{}-", self.name))
    }

    /// The names of the containers that hold this installation's records.
    pub(crate) fn ledgers(&self) -> BTreeSet<String> {
        let prefix = format!("reconciler-ledger-{}.", self.installation());
        listed(&["ps", "-a", "--format", "{{.Names}}"], &prefix)
    }
}

fn listed(words: &[&str], prefix: &str) -> BTreeSet<String> {
    let text = docker(words);
    text.lines().filter(|name| name.starts_with(prefix)).map(str::to_owned).collect()
}

impl Drop for Lab {
    /// Makes room: an engine has addresses for about thirty networks.
    fn drop(&mut self) {
        let filter = format!("name=^(reconciler-ledger-it)?{}[-.]", self.name);
        let remove = |list: &[&str], remove: &[&str]| {
            let list = [list, &["--filter", &filter]].concat();
            let found = String::from_utf8_lossy(&call(&list).stdout).into_owned();
            let found: Vec<&str> = found.split_whitespace().collect();
            if !found.is_empty() {
                call(&[remove, &found].concat());
            }
        };
        remove(&["ps", "-aq"], &["rm", "-fv"]);
        // A lock of a program that was killed.
        let lock = format!("reconciler-lock-{}", self.installation());
        let _ = call(&["rm", &lock]);
        remove(&["network", "ls", "-q"], &["network", "rm"]);
        remove(&["volume", "ls", "-q"], &["volume", "rm"]);
    }
}
