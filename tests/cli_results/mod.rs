//! Where results go to and what is read: a result that cannot be written is an error, a reader that
//! went away is none, and nothing without an end is read.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::Case;

fn call(call: &str) -> Command {
    Case { call: call.to_owned(), env: Vec::new() }.command()
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    for words in ["validate good/compose.yaml", "config -f good/compose.yaml", "schema", "--help"] {
        let full = File::options().write(true).open("/dev/full").expect("Linux");
        let output = call(words).stdout(full).stderr(Stdio::piped()).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}: {stderr}");
        assert!(stderr.contains("the result cannot be written to stdout: No space"), "{stderr}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    for words in ["validate good/compose.yaml", "schema", "--help"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = call(words).stdout(writer).stderr(Stdio::piped()).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words}: {stderr}");
        assert!(!stderr.contains("cannot be written"), "{stderr}");
    }
}

/// A FIFO that nobody writes to.
struct Fifo(PathBuf);

impl Fifo {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("rc-fifo-{}", std::process::id()));
        assert!(Command::new("mkfifo").arg(&path).status().expect("it starts").success());
        Self(path)
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("removed");
    }
}

#[test]
fn what_is_no_regular_file_is_not_read() {
    let fifo = Fifo::new();
    for path in ["/dev/zero", fifo.0.to_str().expect("UTF-8")] {
        for words in [
            format!("import {path}"),
            format!("status --config {path}"),
            format!("doctor --config {path}"),
            format!("plan good/compose.yaml --mask-key-file {path}"),
            format!("doctor good/compose.yaml --mask-key-file {path}"),
        ] {
            let output = call(&words).output().expect("it starts");
            let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat())
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            assert_ne!(output.status.code(), Some(0), "{words}: {printed}");
            assert!(printed.contains("it is not a regular file"), "{words}: {printed}");
        }
    }
}
