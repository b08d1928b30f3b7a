//! One way to read a project: `config`, `validate` and a pass find the same name and the
//! same services, those that `docker compose` finds (its answers are in the table).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A folder `shop`, variables of the environment, and what Compose 2.40.3 makes of them: the
/// project's name and its services.
type Case = (
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static [&'static str],
);

const STACK: &str = "name: Said Name\nservices: {a: {image: a}, b: {image: b, profiles: [p]}}\n";
const OTHER: &str = "services: {c: {image: c}}\n";
const FILES: [(&str, &str); 3] = [
    ("compose.yaml", STACK),
    ("prod.yaml", OTHER),
    ("sub/compose.yaml", "services: {d: {image: \"d:${X:-none}\"}}\n"),
];

const CASES: &[Case] = &[
    (&[], &[], "saidname", &["a"]),
    (
        &[(".env", "COMPOSE_PROJECT_NAME=fromenv\nCOMPOSE_PROFILES=p\n")],
        &[],
        "fromenv",
        &["a", "b"],
    ),
    (&[(".env", "COMPOSE_PROJECT_NAME=x\n")], &[("COMPOSE_PROJECT_NAME", "os")], "os", &["a"]),
    (&[(".env", "COMPOSE_PROJECT_NAME=x\n")], &[("COMPOSE_PROJECT_NAME", "")], "saidname", &["a"]),
    (&[(".env", "COMPOSE_PROFILES=p\n")], &[("COMPOSE_PROFILES", "")], "saidname", &["a"]),
    (&[(".env", "COMPOSE_PROFILES=x, p\n")], &[], "saidname", &["a", "b"]),
    (&[], &[("COMPOSE_PROFILES", "*")], "saidname", &["a", "b"]),
    (&[(".env", "COMPOSE_FILE=compose.yaml:prod.yaml\n")], &[], "saidname", &["a", "c"]),
    (
        &[(".env", "COMPOSE_FILE=compose.yaml,prod.yaml\nCOMPOSE_PATH_SEPARATOR=,\n")],
        &[],
        "saidname",
        &["a", "c"],
    ),
    (&[], &[("COMPOSE_FILE", "prod.yaml")], "shop", &["c"]),
    // The folder of the first file is the project directory, with an `.env` of its own.
    (
        &[
            (".env", "COMPOSE_FILE=sub/compose.yaml\n"),
            ("sub/.env", "COMPOSE_PROJECT_NAME=fromsub\n"),
        ],
        &[],
        "fromsub",
        &["d"],
    ),
    (
        &[
            (".env", "COMPOSE_FILE=sub/compose.yaml\nCOMPOSE_PROJECT_NAME=top\n"),
            ("sub/.env", "COMPOSE_PROJECT_NAME=fromsub\n"),
        ],
        &[],
        "top",
        &["d"],
    ),
    // Only the environment can name env files.
    (
        &[
            (".env", "COMPOSE_ENV_FILES=more.env\nCOMPOSE_PROJECT_NAME=x\n"),
            ("more.env", "COMPOSE_PROJECT_NAME=more\n"),
        ],
        &[],
        "x",
        &["a"],
    ),
    (
        &[(".env", "COMPOSE_PROJECT_NAME=x\n"), ("more.env", "COMPOSE_PROJECT_NAME=more\n")],
        &[("COMPOSE_ENV_FILES", "more.env")],
        "more",
        &["a"],
    ),
    (
        &[(".env", "COMPOSE_PROJECT_NAME=x\n")],
        &[("COMPOSE_DISABLE_ENV_FILE", "1")],
        "saidname",
        &["a"],
    ),
];

struct Place(PathBuf);

impl Place {
    fn new(name: &str, files: &[&[(&str, &str)]]) -> Self {
        let top = std::env::temp_dir().join(format!("reconciler-{name}-{}", std::process::id()));
        for (path, text) in files.iter().copied().flatten() {
            let path = top.join("shop").join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        Self(top)
    }

    fn shop(&self) -> PathBuf {
        self.0.join("shop")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("removed");
    }
}

fn printed(folder: &Path, env: &[(&str, &str)], words: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reconciler"));
    command.args(words).current_dir(folder).env_clear().envs(env.iter().copied());
    let output = command.output().expect("it starts");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{words:?}: {error}: {}", String::from_utf8_lossy(&output.stderr))
    })
}

/// The name of the one project, and its services.
fn config(folder: &Path, env: &[(&str, &str)]) -> (String, BTreeSet<String>) {
    let form = printed(folder, env, &["config", "--format", "json"]);
    let services = form["services"].as_object().expect("services");
    (form["name"].as_str().expect("a name").to_owned(), services.keys().cloned().collect())
}

fn validate(folder: &Path, env: &[(&str, &str)]) -> Vec<String> {
    let form = printed(folder, env, &["validate", "-o", "json"]);
    form["deployments"].as_object().expect("deployments").keys().cloned().collect()
}

fn pass(folder: &Path, env: &[(&str, &str)]) -> BTreeSet<String> {
    let form = printed(folder, env, &["sim", "-o", "json", "-q"]);
    let steps = form["steps"].as_array().expect("steps").iter();
    let made = |step: &Value| {
        step["action"].as_str()?.strip_prefix("create container ").map(str::to_owned)
    };
    steps.filter_map(made).collect()
}

#[test]
fn all_verbs_read_a_project_as_docker_compose_does() {
    for (number, (files, env, name, services)) in CASES.iter().enumerate() {
        let place = Place::new(&format!("project-{number}"), &[&FILES, files]);
        let shop = place.shop();
        let services: BTreeSet<String> = services.iter().map(|name| (*name).to_owned()).collect();
        let case = format!("{files:?} {env:?}");
        assert_eq!(config(&shop, env), ((*name).to_owned(), services.clone()), "config: {case}");
        assert_eq!(validate(&shop, env), [*name], "validate: {case}");
        let wanted: BTreeSet<_> = services.iter().map(|s| format!("{name}-{s}-1")).collect();
        assert_eq!(pass(&shop, env), wanted, "a pass: {case}");
    }
}
