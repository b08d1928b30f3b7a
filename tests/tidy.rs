//! The rules of the code's structure, kept alive by a test: who may import whom, how
//! long a file may be, and how it begins.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom: a module, the modules of this crate that it may name, and the
/// outside crates that it must not.
const IMPORTS: &[(&str, &[&str], &[&str])] = &[
    ("src/model", &["model"], RUNTIME),
    ("src/world.rs", &["model"], RUNTIME),
    ("src/context", &["model", "world"], RUNTIME),
    ("src/text", &["model", "world", "text"], RUNTIME),
    ("src/compose", &["model", "world", "text", "compose"], RUNTIME),
    ("src/stack", &["model", "world", "context", "text", "compose", "stack"], RUNTIME),
    ("src/plan", &["model", "plan"], RUNTIME_AND_LOGS),
    ("src/sim", &["model", "world", "sim"], RUNTIME_AND_LOGS),
    ("src/control", &["model", "world", "plan", "stack", "control"], RUNTIME),
    ("src/adapters", &["model", "world", "context", "adapters"], &["clap", "anstream"]),
];
const RUNTIME: &[&str] =
    &["tokio", "bollard", "git2", "notify", "hyper", "axum", "clap", "std::fs", "std::net::Tcp"];
const RUNTIME_AND_LOGS: &[&str] =
    &["tokio", "bollard", "git2", "notify", "hyper", "axum", "clap", "std::fs", "tracing"];

/// The longest a file may be.
const LINES: usize = 400;

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if path.is_file() {
        return vec![path];
    }
    let mut found = Vec::new();
    let mut folders = vec![path];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display().to_string()
}

/// The code of a file, without comments and without its test module.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_begins_with_why_it_exists_and_is_short() {
    let mut wrong = Vec::new();
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let text = fs::read_to_string(&path).expect("a source file");
        if !text.starts_with("//! ") {
            wrong.push(format!("{} does not begin with `//! `", shown(&path)));
        }
        let lines = text.lines().count();
        if lines > LINES {
            wrong.push(format!("{} has {lines} lines: two ideas in one room?", shown(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_import_only_what_they_may() {
    let mut wrong = Vec::new();
    for (module, may, must_not) in IMPORTS {
        let files = rust_files(module);
        assert!(!files.is_empty(), "{module} has no files: is the table out of date?");
        for path in files {
            let code = code(&path);
            for part in code.split("crate::").skip(1) {
                let name: String =
                    part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !may.contains(&name.as_str()) {
                    wrong.push(format!("{} imports crate::{name}", shown(&path)));
                }
            }
            for outside in *must_not {
                if code.contains(&format!("{outside}::"))
                    || code.contains(&format!("use {outside};"))
                {
                    wrong.push(format!("{} uses {outside}", shown(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_planner_has_no_async() {
    for path in rust_files("src/plan") {
        let code = code(&path);
        let awaits = code
            .split(".await")
            .skip(1)
            .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'));
        assert!(!code.contains("async ") && !awaits, "{}", shown(&path));
    }
}

#[test]
fn the_published_table_of_fields_is_the_one_in_the_code() {
    use reconciler::plan::{Class, FIELDS};
    let mut table =
        String::from("| field | a difference means | compared |\n| --- | --- | --- |\n");
    for (field, class, what) in FIELDS {
        let class = match class {
            Class::InPlace => "changed in place",
            Class::Recreate => "recreated",
            Class::RecreateWithData => "recreated, data at risk",
        };
        writeln!(table, "| `{field}` | {class} | {what} |").expect("memory");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fields.md");
    let docs = fs::read_to_string(path).expect("docs/fields.md");
    assert!(docs.contains(&table), "docs/fields.md should hold:\n{table}");
}
