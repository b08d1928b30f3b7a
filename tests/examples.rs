//! Every example, and the demo's desired state, is valid and runs on the simulated engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("desired-state")];
    for entry in std::fs::read_dir(root.join("examples")).expect("examples") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    assert!(folders.len() > 3, "the examples are not where they should be");
    folders
}

fn reconciler(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
    command.args(arguments).arg(folder).env_clear();
    command.output().expect("the program runs")
}

fn succeeds(arguments: &[&str]) {
    for folder in folders() {
        let output = reconciler(arguments, &folder);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} {}:\n{text}", folder.display());
    }
}

#[test]
fn every_example_is_valid() {
    succeeds(&["validate"]);
}

#[test]
fn every_example_becomes_healthy_on_the_simulated_engine() {
    succeeds(&["sim"]);
}
