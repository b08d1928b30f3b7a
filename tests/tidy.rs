//! The rules of the code's structure, kept alive by a test: who may import whom, how
//! long a file may be, and how it begins.

use std::collections::{BTreeMap, BTreeSet};
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

/// The code of a file, without comments, its `mod tests { … }` and the lines that declare
/// modules of tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    without_tests(&text)
}

/// What follows `#[cfg(test)]` is of the tests: up to the line that ends its braces, which
/// the format puts at the item's own depth; of an item without braces, its first line.
fn without_tests(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if !["#[cfg(test)]", "#[cfg(all(test, feature = \"runtime\"))]"].contains(&line.trim()) {
            kept.push(line);
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
        let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#["));
        if item.is_some_and(|item| item.ends_with('{')) {
            assert!(lines.by_ref().any(|line| line == end), "no end of {item:?}");
        }
    }
    kept.join("\n")
}

/// Every path that `use` brings in or that the code names: `use std::{fs, io::Read}` is
/// `std::fs` and `std::io::Read`, as if each were written out.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    // The beginnings of the braces that are open; of those that are no list of paths, nothing.
    let mut open: Vec<Option<String>> = Vec::new();
    let (mut path, mut word) = (String::new(), String::new());
    for c in code.chars().chain([' ']) {
        if c.is_alphanumeric() || c == '_' || c == ':' {
            path.push(c);
            continue;
        }
        if path.is_empty() && c.is_whitespace() {
            continue;
        }
        let prefix = open.last().cloned().flatten().unwrap_or_default();
        let whole = format!("{prefix}{path}");
        match c {
            '{' if path.ends_with("::") || word == "use" => open.push(Some(whole)),
            '{' => open.push(None),
            // A single word is a variable or the like, except where paths are brought in.
            _ if path.contains("::")
                || word == "use"
                || open.last().is_some_and(Option::is_some) =>
            {
                found.push(whole);
            }
            _ => {}
        }
        if c == '}' {
            open.pop();
        }
        word = std::mem::take(&mut path);
    }
    found
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

/// Whether a path leads into a crate or module. (`std::net::Tcp` stands for what begins so.)
fn is_of(named: &str, outside: &str) -> bool {
    let rest = named.trim_start_matches(':').strip_prefix(outside);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || outside.ends_with("Tcp"))
}

#[test]
fn the_rules_see_all_code_but_that_of_tests() {
    let text = "use std::{fs, io::{self, Read}};\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod x;\n\
                fn f() { tokio::spawn(g()) }\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n\
                // notify::x\nuse crate::{model::{A, B}, plan};\nuse {hyper, axum as web};\n\
                use clap;\nlet notify = 1;\n";
    let found = paths(&without_tests(text));
    for path in [
        "std::fs",
        "std::io::Read",
        "tokio::spawn",
        "crate::model::B",
        "crate::plan",
        "hyper",
        "axum",
        "clap",
    ] {
        assert!(found.iter().any(|named| named == path), "no {path} in {found:?}");
    }
    for path in ["crate::cli", "notify::x", "notify", "x"] {
        assert!(!found.iter().any(|named| named == path), "{path} is of the tests");
    }
    assert!(is_of("std::net::TcpStream", "std::net::Tcp") && is_of("tokio", "tokio"));
    assert!(!is_of("tokio_util::x", "tokio"));
}

#[test]
fn modules_import_only_what_they_may() {
    let mut wrong = Vec::new();
    for (module, may, must_not) in IMPORTS {
        let files = rust_files(module);
        assert!(!files.is_empty(), "{module} has no files: is the table out of date?");
        // A file of tests may use the simulator and more.
        for path in files.into_iter().filter(|path| !path.ends_with("tests.rs")) {
            for named in paths(&code(&path)) {
                if let Some(name) = named.strip_prefix("crate::")
                    && !may.contains(&name.split("::").next().unwrap_or_default())
                {
                    wrong.push(format!("{} imports {named}", shown(&path)));
                }
                if must_not.iter().any(|outside| is_of(&named, outside)) {
                    wrong.push(format!("{} uses {named}", shown(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The planner's stages and the words that they share, in the order of the pipeline: a stage
/// knows no later one.
const STAGES: &[&str] = &[
    "fact",
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
    "render",
    "parts",
    "pass",
];

/// The longest that a file of the planner may be.
const PLAN_LINES: usize = 250;

#[test]
fn the_planner_is_a_pipeline_without_circles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/plan");
    let mut wrong = Vec::new();
    // Of each file, the files of its stage that it imports.
    let mut inside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in rust_files("src/plan") {
        let name = shown(&path);
        let text = fs::read_to_string(&path).expect("a source file");
        if text.lines().count() > PLAN_LINES {
            wrong.push(format!("{name} has more than {PLAN_LINES} lines"));
        }
        let inner = path.strip_prefix(&root).expect("below the root").with_extension("");
        let parts: Vec<&str> = inner.iter().filter_map(|part| part.to_str()).collect();
        let stage = parts[0];
        if stage == "mod" || stage == "tests" {
            continue;
        }
        let place = STAGES.iter().position(|known| *known == stage);
        let place = place.unwrap_or_else(|| panic!("{name} is of no stage in STAGES"));
        // `super` is the stage for a file in its folder, and the pipeline for all others.
        let is_inner = parts.len() > 1 && parts[1] != "mod";
        for named in paths(&code(&path)) {
            let of_plan = named.strip_prefix("crate::plan::").map(str::to_owned);
            let above = named.strip_prefix("super::").map(str::to_owned);
            let (other, within) = match (of_plan, above, is_inner) {
                (Some(rest), _, _) | (None, Some(rest), false) => (rest, false),
                (None, Some(rest), true) if rest.starts_with("super::") => {
                    (rest["super::".len()..].to_owned(), false)
                }
                (None, Some(rest), true) => (rest, true),
                _ => continue,
            };
            let head = other.split("::").next().unwrap_or_default().to_owned();
            if within {
                inside.entry(inner.display().to_string()).or_default().insert(head);
            } else if STAGES.iter().position(|known| *known == head).is_some_and(|at| at > place) {
                wrong.push(format!("{name} imports {head}, a later stage"));
            }
        }
    }
    wrong.extend(circles(&inside));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files of one folder that import each other in a circle; what a folder's `mod.rs` holds
/// is every file's.
fn circles(inside: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let target = |from: &str, head: &str| {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let file = format!("{folder}/{head}");
        inside.contains_key(&file).then_some(file)
    };
    let mut found = Vec::new();
    for start in inside.keys() {
        let (mut open, mut seen) = (vec![start.clone()], BTreeSet::new());
        while let Some(file) = open.pop() {
            for next in inside[&file].iter().filter_map(|head| target(&file, head)) {
                if next == *start {
                    found.push(format!("{start} imports itself by way of {file}"));
                } else if seen.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
    }
    found
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

#[test]
fn the_published_table_of_grants_is_the_one_in_the_code() {
    let table = reconciler::model::grants::published();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let docs = fs::read_to_string(path).expect("docs/security.md");
    assert!(docs.contains(&table), "docs/security.md should hold:\n{table}");
}
