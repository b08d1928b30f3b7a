//! `doctor` where things are wrong, without an engine.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder of this test.
struct Ward(PathBuf);

impl Ward {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rc-doctor-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.0.join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode is set");
        path.display().to_string()
    }

    fn doctor(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
        command.arg("doctor").args(words).current_dir(&self.0).env_clear();
        command.env("DOCKER_HOST", format!("unix://{}/docker.sock", self.0.display()));
        command.env("SOME_PASSWORD", super::CANARY).output().expect("the program starts")
    }

    /// The findings, and the exit code.
    fn findings(&self, words: &[&str]) -> (Vec<Value>, Option<i32>) {
        let output = self.doctor(&[words, &["-o", "json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        let report: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(report["schema_version"], 1);
        assert_eq!(report["exit_code"].as_i64(), output.status.code().map(i64::from), "{report}");
        (report["findings"].as_array().expect("a list").clone(), output.status.code())
    }
}

impl Drop for Ward {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The verdicts of a check.
fn verdicts(findings: &[Value], check: &str) -> Vec<String> {
    let of = findings.iter().filter(|finding| finding["check"] == check);
    of.map(|finding| finding["verdict"].as_str().expect("a word").to_owned()).collect()
}

#[test]
fn a_missing_engine_and_all_that_depends_on_it_is_told() {
    let ward = Ward::new("missing");
    ward.file("compose.yaml", "name: shop\nservices: { web: { image: r.example/web:1 } }\n", 0o644);
    let (findings, code) = ward.findings(&[]);
    assert_eq!(code, Some(1));
    for (check, verdict) in [
        ("configuration", "ok"),
        ("mask-key", "warn"),
        ("listen", "ok"),
        ("engine", "fail"),
        ("leftovers", "unknown"),
        ("source", "ok"),
        ("login", "unknown"),
    ] {
        assert_eq!(verdicts(&findings, check), [verdict], "{check} in {findings:#?}");
    }
    // What is not known is never fine, and what is wrong has a remedy.
    for finding in &findings {
        let has_help = finding["help"].is_string();
        assert!(has_help || !["warn", "fail"].contains(&finding["verdict"].as_str().unwrap_or("")));
    }
    let text = String::from_utf8_lossy(&ward.doctor(&["-q"]).stdout).into_owned();
    assert!(text.contains("✗ fail      engine local:") && text.contains("help: "), "{text}");
    assert!(!text.contains("✓ ok"), "{text}");
    let width = text.lines().map(|line| line.chars().count()).max();
    let longest_word = text.split_whitespace().map(|word| word.chars().count()).max();
    assert!(width.max(longest_word) <= Some(100.max(longest_word.unwrap_or(0) + 18)), "{text}");
}

#[test]
fn settings_that_are_wrong_or_weak_are_findings_and_not_refusals() {
    let ward = Ward::new("settings");
    let key = ward.file("mask.key", "canary-key", 0o644);
    let token = ward.file("token", "canary-token", 0o600);
    let words = [
        "--mask-key-file",
        &key,
        "--git-token-file",
        &token,
        "--listen",
        "0.0.0.0:8620",
        "--ssh-key",
        "/nonexistent/key",
    ];
    let (findings, code) = ward.findings(&words);
    assert_eq!(code, Some(1));
    assert_eq!(verdicts(&findings, "secret-file"), ["ok", "fail", "warn"], "{findings:#?}");
    assert_eq!(verdicts(&findings, "listen"), ["warn"]);
    assert_eq!(verdicts(&findings, "mask-key"), ["ok"]);
    assert_eq!(verdicts(&findings, "source"), ["warn"], "there is no stack");

    let empty = ward.file("empty.key", "", 0o600);
    for key in [empty.as_str(), "/dev/null", "/nonexistent/mask.key"] {
        let (findings, code) = ward.findings(&["--mask-key-file", key]);
        assert_eq!(verdicts(&findings, "mask-key"), ["fail"], "{key}");
        let count = findings.iter().filter(|it| it["text"].to_string().contains(key)).count();
        let wrong = verdicts(&findings, "secret-file").iter().any(|it| it == "fail");
        assert!(count <= 2 && !wrong, "what is wrong is told once: {key} in {findings:#?}");
        assert_eq!(code, Some(1), "{key}");
    }

    let config = ward.file("config.yaml", "alow: [\"abc:privileged\"]\nlog_level: warn\n", 0o644);
    let (findings, code) = ward.findings(&["--config", &config, "--installation", "No!"]);
    assert_eq!(code, Some(1));
    assert_eq!(verdicts(&findings, "configuration"), ["fail"], "{findings:#?}");
    assert_eq!(verdicts(&findings, "installation"), ["fail"]);
    let help = findings.iter().find(|finding| finding["check"] == "configuration");
    assert!(help.is_some_and(|it| it["help"].to_string().contains("allow")), "{findings:#?}");

    let gone = ward.0.join("gone").display().to_string();
    let (findings, _) = ward.findings(&[&gone]);
    assert_eq!(verdicts(&findings, "source"), ["fail"], "{findings:#?}");
    ward.file("compose.yaml", "services: { web: { imag: x } }\n", 0o644);
    let (findings, _) = ward.findings(&["--consul", "ftp://x"]);
    assert_eq!(verdicts(&findings, "source"), ["fail"], "{findings:#?}");
    assert_eq!(verdicts(&findings, "consul"), ["fail"], "{findings:#?}");
}

#[test]
fn what_hangs_is_given_up() {
    let ward = Ward::new("hangs");
    // It accepts, and never answers.
    let _engine = UnixListener::bind(ward.0.join("docker.sock")).expect("a socket");
    assert!(Path::new(&ward.0).join("docker.sock").exists());
    let (findings, code) = ward.findings(&[]);
    assert_eq!(code, Some(1));
    assert_eq!(verdicts(&findings, "engine"), ["fail"], "{findings:#?}");
    let engine = findings.iter().find(|finding| finding["check"] == "engine");
    assert!(engine.is_some_and(|it| it["text"].to_string().contains("did not answer")));
    // A full disk is a finding, too.
    let [disk] = &verdicts(&findings, "disk")[..] else { panic!("{findings:#?}") };
    assert_ne!(disk, "unknown", "the others are told");
}

/// An engine that says what it is, and never ends its list of containers.
fn endless(listener: &UnixListener) {
    for stream in listener.incoming().map_while(Result::ok) {
        std::thread::spawn(move || {
            let mut reader = BufReader::new(&stream);
            let mut head = String::new();
            while matches!(reader.read_line(&mut head), Ok(1..)) {
                if !head.ends_with("\r\n\r\n") {
                    continue;
                }
                let path = head.split(' ').nth(1).unwrap_or_default();
                let body = if path.ends_with("/info") { r#"{"ID":"ENGINE"}"# } else { "OK" };
                let is_list = path.contains("/containers/json");
                let length = if is_list { 1 << 20 } else { body.len() };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: {length}\r\n\r\n{}",
                    if is_list { "[" } else { body }
                );
                if (&stream).write_all(answer.as_bytes()).is_err() {
                    return;
                }
                head.clear();
            }
        });
    }
}

#[test]
fn an_engine_that_answers_and_lists_nothing_fails() {
    let ward = Ward::new("endless");
    let listener = UnixListener::bind(ward.0.join("docker.sock")).expect("a socket");
    std::thread::spawn(move || endless(&listener));
    let (findings, code) = ward.findings(&[]);
    assert_eq!(code, Some(1), "{findings:#?}");
    assert_eq!(verdicts(&findings, "engine"), ["ok", "fail"], "{findings:#?}");
    let failed = findings.iter().find(|it| it["check"] == "engine" && it["verdict"] == "fail");
    let failed = failed.expect("it is there");
    assert!(failed["text"].to_string().contains("its containers cannot be listed"), "{failed}");
    assert!(failed["help"].to_string().contains("docker ps -a"), "{failed}");
    assert_eq!(verdicts(&findings, "leftovers"), ["unknown"]);
}

#[test]
fn each_stack_that_is_not_valid_is_named_with_its_place() {
    let ward = Ward::new("places");
    for name in ["a", "b", "c", "d", "e", "f"] {
        fs::create_dir(ward.0.join(name)).expect("a folder");
        let stack = "services:\n  web:\n    imag: web:1\n";
        ward.file(&format!("{name}/compose.yaml"), stack, 0o644);
    }
    ward.file("a/compose.yaml", "services:\n  web: @x\n", 0o644);
    let (findings, _) = ward.findings(&["."]);
    let source = findings.iter().find(|one| one["check"] == "source").expect("a finding");
    let text = source["text"].as_str().expect("a text");
    assert!(text.contains("a/compose.yaml:2: ") && text.contains("b/compose.yaml:2: "), "{text}");
    assert!(text.ends_with("; and 1 more"), "{text}");
    assert_eq!(source["help"], "`reconciler validate .`");
}
