//! Where results go to: a result that cannot be written is an error, a reader that
//! went away is none.

use std::fs::File;
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
