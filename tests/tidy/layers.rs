//! Who may import whom. Between crates the compiler keeps it, by what each manifest names; the
//! test keeps the manifests. Inside of `reconcile`, and of its planner, only the test does.

use std::fs;
use std::path::Path;

use super::circles::imports;
use super::source::{code, display, is_of, paths, rust_files};

/// A crate, the crates of ours that it may name, and the outside ones that it must not.
pub(crate) const CRATES: &[(&str, &[&str], &[&str])] = &[
    ("model", &[], RUNTIME),
    ("world", &["model"], RUNTIME),
    ("context", &["model", "world"], RUNTIME),
    ("text", &["model", "world"], RUNTIME),
    ("compose", &["model", "text", "world"], RUNTIME),
    ("reconcile", &["compose", "context", "model", "text", "world"], RUNTIME),
    ("sim", &["model", "world"], RUNTIME),
    ("adapters", &["context", "model", "world"], &["clap", "anstream"]),
];
const RUNTIME: &[&str] =
    &["tokio", "bollard", "git2", "notify", "hyper", "axum", "clap", "tracing-subscriber"];

/// Inside of `reconcile`: a module, and the modules and crates that it may name.
const MODULES: &[(&str, &[&str])] = &[
    ("plan", &["plan", "model"]),
    ("answer", &["answer", "plan", "model"]),
    ("stack", &["stack", "compose", "context", "model", "text", "world"]),
    ("control", &["control", "answer", "plan", "stack", "model", "world"]),
];

/// What the core must not touch, though no manifest can say so.
const OUTSIDE: &[&str] =
    &["std::fs", "std::net::Tcp", "std::process::Command", "std::time::SystemTime"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The packages that a manifest's `[dependencies]` name.
fn dependencies(krate: &str) -> Vec<String> {
    let path = root().join("crates").join(krate).join("Cargo.toml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{krate}: {error}"));
    let lines = text.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(['.', ' ']).map(|(name, _)| name.to_owned()))
        .collect()
}

#[test]
fn crates_depend_only_on_what_they_may() {
    let known: Vec<&str> = CRATES.iter().map(|(name, ..)| *name).collect();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("crates")).expect("crates/") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        if !known.contains(&name.as_str()) {
            wrong.push(format!("crates/{name} is not in CRATES"));
        }
    }
    for (krate, may, must_not) in CRATES {
        for named in dependencies(krate) {
            let is_ours = known.contains(&named.as_str());
            if must_not.contains(&named.as_str()) || (is_ours && !may.contains(&named.as_str())) {
                wrong.push(format!("crates/{krate} depends on {named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_import_only_what_they_may() {
    let mut wrong = Vec::new();
    for (module, may) in MODULES {
        let files = rust_files(&format!("crates/reconcile/src/{module}"));
        assert!(!files.is_empty(), "{module} has no files: is the table out of date?");
        // A file of tests may use the simulator and more.
        for path in files.into_iter().filter(|path| !path.ends_with("tests.rs")) {
            for named in paths(&code(&path)) {
                let head = named.strip_prefix("crate::").unwrap_or(&named);
                let head = head.split("::").next().unwrap_or_default();
                let is_ours = CRATES.iter().any(|(krate, ..)| *krate == head)
                    || MODULES.iter().any(|(module, _)| *module == head);
                if is_ours && named.contains("::") && !may.contains(&head) {
                    wrong.push(format!("{} imports {named}", display(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_touches_nothing_outside() {
    let mut wrong = Vec::new();
    for (krate, ..) in CRATES.iter().filter(|(krate, ..)| *krate != "adapters") {
        for path in rust_files(&format!("crates/{krate}/src")) {
            for named in paths(&code(&path)) {
                if OUTSIDE.iter().any(|outside| is_of(&named, outside)) {
                    wrong.push(format!("{} uses {named}", display(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The layout of stack files, and the one file that may name it: the verb `fmt`.
const FORMAT: &str = "crates/text/src/format/";
const FORMAT_VERB: &str = "src/cli/verbs/fmt.rs";

#[test]
fn the_formatter_is_used_by_its_verb_alone() {
    let names = |path: &Path| {
        paths(&code(path)).iter().any(|named| {
            ["text::format", "crate::format", "super::format"].iter().any(|it| is_of(named, it))
        })
    };
    let files = ["src", "crates"].iter().flat_map(|folder| rust_files(folder));
    let found: Vec<String> = files.filter(|path| names(path)).map(|path| display(&path)).collect();
    let outside: Vec<&String> = found.iter().filter(|path| !path.starts_with(FORMAT)).collect();
    assert_eq!(outside, [FORMAT_VERB]);
}

/// The planner.
const PLAN: &str = "crates/reconcile/src/plan";

/// The planner's stages and the words that they share, in the order of the pipeline: a stage
/// knows no later one.
pub(crate) const STAGES: &[&str] = &[
    "fact",
    "when",
    "cause",
    "settings",
    "seen",
    "context",
    "order",
    "resources",
    "differ",
    "decide",
    "rollout",
    "transition",
    "graph",
    "guards",
    "parts",
    "stable",
    "back",
    "about",
    "diff",
    "pass",
    "survey",
];

/// The longest that a file of the planner may be.
const PLAN_LINES: usize = 250;

/// The client of a Docker engine, relative to its crate's `src`.
const DOCKER: &str = "docker";

/// Its wings: each knows only those before it.
pub(crate) const WINGS: &[&str] =
    &["names", "form", "plain", "guard", "wire", "observe", "ledger", "buildkit", "act"];

/// The imports of later parts by earlier ones, in a folder of a crate whose files and folders are
/// in this order.
fn against_the_order(krate: &str, folder: &str, order: &[&str]) -> Vec<String> {
    let part = |file: &str| {
        let inner = file.strip_prefix(folder)?.strip_prefix('/')?;
        let name = inner.split_once('/').map_or(inner, |(folder, _)| folder);
        Some(name.trim_end_matches(".rs").to_owned())
            .filter(|name| name != "mod" && name != "tests")
    };
    let place = |part: &str| {
        let found = order.iter().position(|known| *known == part);
        found.unwrap_or_else(|| panic!("{krate}: {folder}/{part} has no place in {order:?}"))
    };
    let mut wrong = Vec::new();
    for (file, imported) in imports(krate) {
        let Some(own) = part(&file) else { continue };
        let later = |other: &&String| part(other).is_some_and(|it| place(&it) > place(&own));
        wrong.extend(
            imported.iter().filter(later).map(|it| format!("{file} imports {it}, which is later")),
        );
    }
    wrong
}

#[test]
fn the_planner_is_a_pipeline_of_short_files() {
    let mut wrong = against_the_order("reconcile", "plan", STAGES);
    for path in rust_files(PLAN) {
        if fs::read_to_string(&path).expect("a source file").lines().count() > PLAN_LINES {
            wrong.push(format!("{} has more than {PLAN_LINES} lines", display(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wing_of_the_docker_client_knows_only_those_before_it() {
    let wrong = against_the_order("adapters", DOCKER, WINGS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut backwards = WINGS.to_vec();
    backwards.reverse();
    let found = against_the_order("adapters", DOCKER, &backwards);
    let file = |it: &String| it.starts_with("docker/wire/transport.rs imports docker/guard/");
    assert!(found.iter().any(file), "the rule sees no import: {found:?}");
}

#[test]
fn the_planner_has_no_async() {
    for path in rust_files(PLAN) {
        let code = code(&path);
        let awaits = code
            .split(".await")
            .skip(1)
            .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        assert!(!code.contains("async ") && !awaits, "{}", display(&path));
    }
}
