//! One case: a folder with `case.json`, input files, and what Compose made of them.

use std::collections::BTreeMap;
use std::path::Path;

use model::diagnostic::Diagnostic;
use serde_json::Value;

use crate::config::ConfigRequest;
use crate::place::Place;
use crate::tree::MemoryTree;

/// What a case is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Valid,
    Legacy,
    Invalid,
}

/// A case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) request: ConfigRequest,
    pub(crate) tree: MemoryTree,
    /// The normal form, or where Compose refuses.
    pub(crate) expected: Result<Value, Place>,
    pub(crate) hashes: BTreeMap<String, String>,
}

/// Files of a case that are no input.
const OURS: [&str; 6] =
    ["case.json", "expected.json", "expected.err", "expected.hash", "expected.warn", "legacy.yml"];

impl Case {
    pub(crate) fn read(folder: &Path) -> Self {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let text = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        let case: Value =
            serde_json::from_str(&text("case.json").expect("case.json")).expect("JSON");
        let kind = match case["kind"].as_str().expect("a kind") {
            "valid" => Kind::Valid,
            "legacy" => Kind::Legacy,
            _ => Kind::Invalid,
        };
        let root = format!("/srv/oracle/a/b/{name}");
        let expected = match text("expected.json") {
            Some(json) => Ok(serde_json::from_str(&placed(&json, &root)).expect("JSON")),
            None => Err(Place::read(
                &text("expected.err").expect("an expectation"),
                case["place"].as_str(),
            )),
        };
        let hashes = text("expected.hash").unwrap_or_default();
        let hashes = hashes.lines().filter_map(|line| line.split_once(' '));
        let mut tree = MemoryTree::default();
        add(&mut tree, folder, "");
        Self {
            name,
            kind,
            request: request(&case, &root),
            tree,
            expected,
            hashes: hashes.map(|(name, hash)| (name.to_owned(), hash.to_owned())).collect(),
        }
    }
}

fn add(tree: &mut MemoryTree, folder: &Path, prefix: &str) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            add(tree, &entry.path(), &format!("{path}/"));
        } else if !(prefix.is_empty() && OURS.contains(&name.as_str())) {
            tree.bytes(&path, &std::fs::read(entry.path()).expect("a file"));
        }
    }
}

/// What Compose was asked: its global options, then those of `config` after a `|`.
fn request(case: &Value, root: &str) -> ConfigRequest {
    let texts = |key: &str| -> Vec<String> {
        let items = case[key].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let mut request = ConfigRequest {
        files: texts("files"),
        root: Some(root.to_owned()),
        environment: [("HOME".to_owned(), "/home/oracle".to_owned())].into(),
        ..ConfigRequest::default()
    };
    for (name, value) in case["env"].as_object().into_iter().flatten() {
        request.environment.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    let args = texts("args");
    let mut args = args.iter().flat_map(|arg| arg.split(' '));
    let mut env_files = Vec::new();
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value").to_owned();
        match arg.trim_start_matches('|') {
            "--profile" => request.profiles.push(value()),
            "-p" | "--project-name" => request.name = Some(value()),
            "--env-file" => env_files.push(value()),
            "--project-directory" => {
                let directory = value();
                request.directory = Some(if directory == "." { String::new() } else { directory });
            }
            "--no-interpolate" => request.skip_interpolation = true,
            "--no-normalize" => request.skip_normalization = true,
            "--no-path-resolution" => request.skip_paths = true,
            "--no-consistency" => request.skip_consistency = true,
            "--no-env-resolution" => request.skip_environment = true,
            "--all-resources" => request.all_resources = true,
            "" => {}
            _ => panic!("unknown argument {arg}"),
        }
    }
    request.env_files = (!env_files.is_empty()).then_some(env_files);
    request
}

/// The text with `$PROJECT` and `$PROJECT/..` replaced; every other `$` is doubled.
pub(crate) fn placed(text: &str, root: &str) -> String {
    const MARK: &str = "$PROJECT";
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix(MARK) {
            rest = after;
            let mut folder = root;
            while let Some(after) = rest.strip_prefix("/..") {
                rest = after;
                folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            }
            out.push_str(if folder.is_empty() { "/" } else { folder });
        } else {
            let length = if rest.starts_with("$$") { 2 } else { 1 };
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    out + rest
}

/// Where two values differ first.
pub(crate) fn difference(expected: &Value, got: &Value) -> Option<String> {
    fn walk(path: &str, expected: &Value, got: &Value) -> Option<String> {
        match (expected, got) {
            (Value::Object(a), Value::Object(b)) => a
                .iter()
                .map(|(key, value)| (key, Some(value), b.get(key)))
                .chain(
                    b.iter().filter(|(k, _)| !a.contains_key(*k)).map(|(k, v)| (k, None, Some(v))),
                )
                .find_map(|(key, a, b)| match (a, b) {
                    (Some(a), Some(b)) => walk(&format!("{path}.{key}"), a, b),
                    (a, b) => Some(format!("{path}.{key}: wanted {a:?}, got {b:?}")),
                }),
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
                .iter()
                .zip(b)
                .enumerate()
                .find_map(|(index, (a, b))| walk(&format!("{path}.{index}"), a, b)),
            (a, b) if a == b => None,
            (a, b) => Some(format!("{path}: wanted {a}, got {b}")),
        }
    }
    walk("", expected, got)
}

/// Messages on one line.
pub(crate) fn rendered(found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|d| d.is_error()).map(|d| {
        let at = d.at.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{at}: {}", d.message)
    });
    errors.collect::<Vec<_>>().join(" | ")
}
