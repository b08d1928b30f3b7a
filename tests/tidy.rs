//! The rules of the code's structure, kept alive by tests: who may import whom, that nothing
//! imports itself by way of others, how long a file may be, and how it begins.

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tables.rs"]
mod tables;
#[path = "tidy/words.rs"]
mod words;

use std::fs;

use source::{display, rust_files};

/// The longest a file may be.
const LINES: usize = 400;

#[test]
fn every_file_begins_with_why_it_exists_and_is_short() {
    let mut wrong = Vec::new();
    for path in ["src", "crates", "tests", "benches"].iter().flat_map(|root| rust_files(root)) {
        let text = fs::read_to_string(&path).expect("a source file");
        if !text.starts_with("//! ") {
            wrong.push(format!("{} does not begin with `//! `", display(&path)));
        }
        let lines = text.lines().count();
        if lines > LINES {
            wrong.push(format!("{} has {lines} lines: two ideas in one room?", display(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Tests run beside each other on one engine, each with names that begin with that of its lab.
#[test]
fn no_two_live_tests_share_a_lab() {
    let mut seen = std::collections::BTreeMap::new();
    let mut wrong = Vec::new();
    for path in rust_files("tests") {
        if !display(&path).starts_with("tests/live_") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for call in ["Lab::new(\"", "Lab::with_consul(\"", "Lab::newest(\"", "Project::new(\""] {
            for rest in text.split(call).skip(1) {
                let name = rest.split('"').next().unwrap_or_default().to_owned();
                if let Some(other) = seen.insert(name.clone(), display(&path)) {
                    wrong.push(format!("{} and {other} both use {name}", display(&path)));
                }
            }
        }
    }
    assert!(seen.len() > 100, "the labs were not found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
