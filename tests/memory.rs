//! How much memory hostile stacks take: `validate` and `config` keep below a limit above what they
//! take for a stack of one service, which is the program itself: in a debug build three times the pages
//! of an optimised one, of which 64 MiB altogether are wanted. What a stack takes depends on the types
//! of its tree, and little on the build.
//!
//! One test, because what is measured is the largest child so far.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

/// What a stack may take, in KiB.
const MOST: i64 = 50 << 10;

/// All ports.
fn ports() -> String {
    service("ports: [\"1-65535:1-65535\"]")
}

/// Many words as one text, each of so many letters.
fn words(count: usize, letters: usize) -> String {
    let word = "w".repeat(letters);
    service(&format!("command: {}", vec![word; count].join(" ")))
}

/// Many words as a list.
fn list(count: usize) -> String {
    service(&format!("command: [{}]", vec!["word1"; count].join(",")))
}

/// Services that are all made of a large one.
fn extends(count: usize) -> String {
    let mut text = String::from("services:\n  base:\n    image: nginx:1\n    environment:\n");
    for n in 0..60 {
        writeln!(text, "      VARIABLE_NUMBER_{n}: the value of the variable number {n}")
            .expect("memory");
    }
    text.push_str("    labels:\n");
    for n in 0..20 {
        writeln!(text, "      com.example.label.{n}: the value of the label number {n}")
            .expect("memory");
    }
    text.push_str("    ports:\n");
    for n in 0..10 {
        writeln!(text, "      - \"{}\"", 8000 + n).expect("memory");
    }
    text.push_str("    healthcheck:\n      test: [CMD, curl, -f, http://localhost/]\n");
    text.push_str("      interval: 10s\n      timeout: 5s\n      retries: 3\n");
    for n in 0..count {
        writeln!(text, "  s{n}:\n    extends: base").expect("memory");
    }
    text
}

fn service(more: &str) -> String {
    format!("services:\n  web:\n    image: nginx:1\n    {more}\n")
}

/// The peak of the largest child so far, in KiB, once the program has done both with a stack.
fn peak(folder: &Path, stack: &str) -> i64 {
    let file = folder.join("compose.yaml");
    fs::write(&file, stack).expect("a file");
    for verb in [&["validate"][..], &["config", "-f"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
        command.args(verb).arg(&file).env_clear().stdout(Stdio::null());
        let status = command.status().expect("the program starts");
        assert!(status.success(), "{verb:?}: {status}");
    }
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("a measure").max_rss()
}

#[test]
fn no_single_input_takes_much_memory() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory");
    fs::create_dir_all(&folder).expect("a folder");
    let itself = peak(&folder, &service("user: root"));
    for (name, stack) in [
        ("one word of 900,000 letters", words(1, 900_000)),
        ("400 services made of a large one", extends(400)),
        ("150,000 words", words(150_000, 5)),
        ("a list of 150,000 words", list(150_000)),
        ("450,000 words", words(450_000, 1)),
        ("all ports", ports()),
    ] {
        let taken = peak(&folder, &stack) - itself;
        assert!(taken <= MOST, "{name}: {taken} KiB are taken above {itself}");
    }
}
