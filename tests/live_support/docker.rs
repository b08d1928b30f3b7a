//! The engine as the docker command line shows it.

use std::os::unix::net::UnixStream;
use std::process::{Command, Output};

use serde_json::Value;

use super::lab::variable;

/// Runs `docker` and returns what it prints.
pub(crate) fn docker(words: &[&str]) -> String {
    let output = call(words);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "docker {}: {stderr}", words.join(" "));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Runs `docker`, which must fail, and returns its complaint.
pub(crate) fn docker_fails(words: &[&str]) -> String {
    let output = call(words);
    assert!(!output.status.success(), "docker {} did not fail", words.join(" "));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(super) fn call(words: &[&str]) -> Output {
    // Never the user's own engine.
    let _ = variable("RECONCILER_LAB");
    Command::new("docker").args(words).output().unwrap()
}

/// What the engine says of a container.
pub(crate) fn inspect(name: &str) -> Value {
    let all: Value =
        serde_json::from_str(&docker(&["container", "inspect", name])).expect("inspect is JSON");
    all[0].clone()
}

/// The id of a container.
pub(crate) fn id(name: &str) -> String {
    inspect(name)["Id"].as_str().expect("an id").to_owned()
}

/// When a container was last started, in a form that sorts: the engine leaves zeros at
/// the end away.
pub(crate) fn started_at(name: &str) -> String {
    let state = inspect(name)["State"].clone();
    let time = state["StartedAt"].as_str().expect("a time").trim_end_matches('Z');
    let (second, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{second}.{fraction:0<9}")
}

/// Asks the engine for what its command line does not do.
pub(crate) fn engine_post(path: &str, body: &Value) -> String {
    let engine = variable("DOCKER_HOST").trim_start_matches("unix://").to_owned();
    super::http::call(UnixStream::connect(engine).unwrap(), "POST", path, &body.to_string())
}
