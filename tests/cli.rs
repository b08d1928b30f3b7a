//! The command line from outside: each file `tests/cli/NAME.txt` says how the program is
//! called and what it must print and exit with. `UPDATE_EXPECT=1 cargo test --test cli`
//! writes the files anew; read the difference before you commit it.
//!
//! ```text
//! $ reconciler validate bad.yaml       the call, in tests/cli/ as the working folder
//! env: NO_COLOR=1                      any number of these; nothing else is inherited
//! exit: 65
//! stdout:
//! …
//! stderr:
//! …
//! ```

mod cli_adopt;
mod cli_answers;
mod cli_away;
mod cli_diff;
mod cli_doctor;
mod cli_engine;
mod cli_grants;
mod cli_init;
mod cli_mistakes;
mod cli_only;
mod cli_project;
mod cli_results;
mod cli_source;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A secret that every call finds in its environment, and no output may show.
const CANARY: &str = "canary-7f3a91";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")
}

/// How the program is called.
struct Case {
    call: String,
    env: Vec<String>,
}

impl Case {
    fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let call = lines.next().and_then(|line| line.strip_prefix("$ reconciler"));
        let call = call.expect("a case begins with `$ reconciler`").trim().to_owned();
        let env = lines.map_while(|line| line.strip_prefix("env: ")).map(str::to_owned).collect();
        Self { call, env }
    }

    /// Calls the program and writes down what it did.
    fn play(&self) -> String {
        self.write_down(&self.command().output().expect("the program starts"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
        command
            .args(self.call.split_whitespace())
            .current_dir(folder())
            .env_clear()
            .env("SOME_PASSWORD", CANARY)
            .env("RECONCILER_GIT_TOKEN", CANARY)
            .env("CONSUL_HTTP_TOKEN", CANARY)
            .envs(self.env.iter().filter_map(|pair| pair.split_once('=')));
        command
    }

    /// What a call did, in the form of a case.
    fn write_down(&self, output: &Output) -> String {
        let mut text = format!("$ reconciler {}\n", self.call);
        for pair in &self.env {
            let _ = writeln!(text, "env: {pair}");
        }
        let _ = writeln!(text, "exit: {}", output.status.code().map_or(-1, i64::from));
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                let bytes = String::from_utf8_lossy(bytes);
                let here = folder().display().to_string();
                let bytes = bytes.replace(&here, "[HERE]");
                let lines = bytes.lines().map(|line| match line.split_once("\"seconds\": ") {
                    Some((before, _)) => format!("{before}\"seconds\": [TIME]\n"),
                    None => format!("{line}\n"),
                });
                let _ = write!(text, "{name}:\n{}", lines.collect::<String>());
            }
        }
        text
    }
}

fn cases() -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("tests/cli");
    entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .collect()
}

#[test]
fn every_call_prints_and_exits_as_written_down() {
    let update = std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT");
    let mut wrong = String::new();
    let cases = cases();
    assert!(cases.len() > 10, "the cases are gone");
    for path in cases {
        let expected = std::fs::read_to_string(&path).expect("a case");
        let actual = Case::read(&expected).play();
        assert!(!actual.contains(CANARY), "{} shows the secret:\n{actual}", path.display());
        if update {
            std::fs::write(&path, actual).expect("written");
        } else if actual != expected {
            let diff = similar::TextDiff::from_lines(&expected, &actual);
            let _ = writeln!(wrong, "{}\n{}", path.display(), diff.unified_diff());
        }
    }
    assert!(wrong.is_empty(), "UPDATE_EXPECT=1 accepts what is new:\n{wrong}");
}

/// At `trace`, some libraries print the bodies of requests and answers.
#[test]
fn an_answer_of_the_engine_reaches_no_output_even_when_everything_is_traced() {
    let folder = std::env::temp_dir().join(format!("reconciler-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let socket = folder.join("engine.sock");
    let engine = cli_engine::Engine::listen(&socket, CANARY);
    for output in ["text", "json"] {
        let call = format!(
            "plan traced --source-name test --log-level trace --log-format json -o {output}"
        );
        let case = Case { call, env: vec![format!("DOCKER_HOST=unix://{}", socket.display())] };
        let printed = case.play();
        assert!(printed.contains("exit: 0"), "{printed}");
        assert!(
            printed.contains("environment.DB_PASSWORD"),
            "the difference is not shown: {printed}"
        );
        assert!(printed.contains("(masked "), "{printed}");
        assert!(!printed.contains(CANARY), "the secret is shown: {printed}");
    }
    let asked = engine.asked.lock().expect("no panic holds it");
    assert!(asked.iter().any(|request| request.contains("/containers/4f2a")), "{asked:?}");
    assert!(asked.iter().all(|request| request.starts_with("GET ")), "{asked:?}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_controller_ends_at_a_signal_and_its_exit_code_names_it() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let env = vec!["DOCKER_HOST=unix:///nonexistent/docker.sock".to_owned()];
        let case = Case { call: "run good --listen off".to_owned(), env };
        let mut child = case.command().stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("cannot be read") {
            line.clear();
            assert_ne!(stderr.read_line(&mut line).expect("text"), 0, "it ended by itself");
        }
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).expect("text");
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{rest}");
        assert!(rest.contains("stopping"), "{rest}");
    }
}

#[test]
fn every_shell_gets_a_completion_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let printed = Case { call: format!("completion {shell}"), env: Vec::new() }.play();
        assert!(printed.contains("exit: 0") && printed.contains("detailed-exitcode"), "{printed}");
    }
}

/// A manual page depends on nothing but the program.
#[test]
fn manual_pages_are_the_same_everywhere() {
    let play = |call: &str, env: &[&str]| {
        let env = env.iter().map(|pair| (*pair).to_owned()).collect();
        let output = Case { call: call.to_owned(), env }.command().output().expect("it starts");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    for call in ["man", "man --markdown"] {
        let wide = play(call, &["COLUMNS=200", "LANG=C"]);
        assert_eq!(wide, play(call, &["COLUMNS=20", "RECONCILER_POLL=3s", "NO_COLOR=1"]), "{call}");
        assert!(!wide.contains('\u{1b}'), "{call}");
    }
    let folder = std::env::temp_dir().join(format!("reconciler-man-{}", std::process::id()));
    play(&format!("man --out {}", folder.display()), &[]);
    let page = std::fs::read_to_string(folder.join("reconciler-plan.1")).expect("a page");
    assert!(page.contains("\\-\\-detailed\\-exitcode") && page.contains("EXIT STATUS"), "{page}");
    let first = std::fs::read_to_string(folder.join("reconciler.1")).expect("a page");
    assert_eq!(first, play("man", &[]));
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// What `fmt` leaves of a file's surroundings: its mode, its links, and nothing beside it.
#[test]
fn a_formatted_file_keeps_its_mode_and_its_links() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = std::env::temp_dir().join(format!("reconciler-fmt-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (file, link) = (folder.join("compose.yaml"), folder.join("link.yaml"));
    std::fs::copy(self::folder().join("fmt/odd.yaml"), &file).expect("copied");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    std::os::unix::fs::symlink("compose.yaml", &link).expect("a link");
    let call = |path: &Path| Case { call: format!("fmt {}", path.display()), env: Vec::new() };
    let printed = call(&link).play();
    assert!(printed.contains("exit: 0"), "{printed}");
    let text = std::fs::read_to_string(&file).expect("text");
    assert!(text.starts_with("services:\n  web:\n    image: web:1\n"), "{text}");
    assert!(std::fs::symlink_metadata(&link).expect("it is there").is_symlink());
    let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // Formatted already: it is not written again.
    let before = std::fs::metadata(&file).expect("it is there").modified().expect("a time");
    assert!(!call(&file).play().contains("compose.yaml\n  "));
    assert_eq!(std::fs::metadata(&file).expect("there").modified().expect("a time"), before);
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 2, "something is left");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn standard_input_is_formatted_and_shown_in_normal_form() {
    use std::io::Write as _;
    for (call, text, wanted) in [
        ("fmt -", "a:\n    - b", "a:\n  - b\n"),
        ("-f - -p x config --services", "services: {web: {image: a}}", "web\n"),
    ] {
        let case = Case { call: call.to_owned(), env: Vec::new() };
        let mut child =
            case.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(String::from_utf8_lossy(&output.stdout), wanted, "{call}");
    }
}

#[test]
fn the_pre_commit_hooks_are_calls_that_exist() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let text = std::fs::read_to_string(path).expect("the hooks");
    let hooks: Vec<serde_yaml::Value> = serde_yaml::from_str(&text).expect("YAML");
    let words = |value: &serde_yaml::Value| -> Vec<String> {
        let text = |one: &serde_yaml::Value| one.as_str().expect("a text").to_owned();
        value.as_sequence().map_or_else(
            || text(value).split_whitespace().map(str::to_owned).collect(),
            |list| list.iter().map(text).collect(),
        )
    };
    assert_eq!(hooks.len(), 2);
    for hook in &hooks {
        let (entry, args) = (words(&hook["entry"]), words(&hook["args"]));
        assert_eq!(entry[0], "reconciler");
        // As pre-commit calls it, with a file that is in order.
        let call = [&entry[1..], &args, &["fmt/even.yaml".to_owned()]].concat().join(" ");
        let printed = Case { call, env: Vec::new() }.play();
        assert!(printed.contains("exit: 0"), "{printed}");
        assert_eq!(hook["id"].as_str(), Some(entry.join("-").as_str()));
    }
}

#[test]
fn a_crash_leaves_no_memory_on_a_disk() {
    let mut waiting = Command::new("sh")
        .args(["-c", "ulimit -c unlimited; exec \"$0\" fmt -", env!("CARGO_BIN_EXE_reconciler")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let limits = format!("/proc/{}/limits", waiting.id());
    let forbids_core_files = || {
        let limits = std::fs::read_to_string(&limits).expect("it waits for input");
        let line = limits.lines().find(|line| line.starts_with("Max core file size"));
        line.expect("there is such a limit").split_whitespace().skip(4).take(2).all(|n| n == "0")
    };
    // It is given some seconds of reading its limits.
    let forbidden = (0..200_000).any(|_| forbids_core_files());
    drop(waiting.stdin.take());
    waiting.wait().expect("it ends");
    assert!(forbidden);
}
