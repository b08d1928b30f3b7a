//! What the rules read: source files without their tests, and the paths that they name.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn rust_files(folder: &str) -> Vec<PathBuf> {
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

pub(crate) fn display(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display().to_string()
}

/// The code of a file, without comments, its `mod tests { … }` and the lines that declare
/// modules of tests.
pub(crate) fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    without_tests(&text)
}

/// What follows `#[cfg(test)]` is of the tests: up to the line that ends its braces, which
/// the format puts at the item's own depth; of an item without braces, its first line.
pub(crate) fn without_tests(text: &str) -> String {
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
pub(crate) fn paths(code: &str) -> Vec<String> {
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

/// Whether a path leads into a crate or module. (`std::net::Tcp` stands for what begins so.)
pub(crate) fn is_of(named: &str, outside: &str) -> bool {
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
