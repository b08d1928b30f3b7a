//! docs/operating.md: every command of it is carried out as it stands, or is named here with what the
//! lab lacks for it.

use std::fs;
use std::io::{BufRead as _, BufReader};

use super::support::*;

const SHOP: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sh -c 'echo hello; exec sleep 1000'
    stop_signal: SIGKILL
    deploy: { replicas: 2 }
    x-reconciler: { min_healthy: 50ms }
";

/// How commands begin that need what the lab has not, and what that is.
const NOT_HERE: &[(&str, &str)] = &[
    ("auth=", "a credential helper and its store of passwords"),
    ("(umask 077;", "what the command before it found"),
    ("reconciler rollback shop 3f2a9c1", "a commit with that name"),
    ("reconciler --once --registry-config /etc/", "a file in /etc, which a test does not write to"),
];

/// The commands of all blocks for a shell.
fn commands() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md");
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("\n```").filter_map(|block| block.strip_prefix("sh\n"));
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A command that goes on until it is interrupted: it prints, and ends as the help says.
fn follows(lab: &Lab, words: &[&str]) {
    let mut child = lab.program(words).start();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "{words:?}");
    kill(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130), "{words:?}");
}

#[test]
fn every_command_of_the_document_does_what_it_says() {
    let lab = Lab::new("operated");
    // Of two states one can be returned to.
    lab.stack("shop", &SHOP.replace("echo hello", "echo before"));
    lab.stack("blog", SHOP);
    lab.once().exits(0);
    lab.stack("shop", SHOP);
    lab.once().exits(0);
    let engine = format!("engines: {{ local: {{ url: \"{}\" }} }}\n", variable("DOCKER_HOST"));
    fs::write(lab.folder().join("config.yaml"), engine).unwrap();
    docker(&["restart", "-t", "0", &lab.of("shop-web-2")]);
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    let mut left_out = Vec::new();
    for command in commands {
        if let Some((begins, _)) = NOT_HERE.iter().find(|(begins, _)| command.starts_with(begins)) {
            left_out.push(*begins);
            continue;
        }
        // Names of this lab begin with that of the test.
        let here = command.replace("shop", &lab.id("shop")).replace("blog", &lab.id("blog"));
        let words = here.strip_prefix("reconciler ").unwrap_or_else(|| panic!("{command}"));
        let words: Vec<&str> = words.split_whitespace().collect();
        if words.contains(&"--follow") {
            follows(&lab, &words);
        } else {
            let finished = lab.run(&words).exits(0);
            // `wait` says by its exit code what came of it.
            let is_silent = finished.stdout.is_empty() && words[0] != "wait";
            assert!(!is_silent, "{command} prints nothing: {finished}");
        }
    }
    assert_eq!(left_out.len(), NOT_HERE.len(), "what is not here any more needs no reason");
}
