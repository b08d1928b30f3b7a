//! The key path of a place: `services.web.ports.0`, for messages that were made without.

use std::collections::{BTreeMap, BTreeSet};

use super::yaml::{Node, Span, Value};
use model::diagnostic::{Code, Diagnostic, Loc};

/// How what is said of a key goes on behind its name.
const VERBS: [&str; 4] = [" is ", " must ", " needs ", " has "];

/// The key path that a message begins with.
pub(super) fn key_path(message: &str) -> Option<&str> {
    let (path, rest) = message.strip_prefix('`')?.split_once('`')?;
    rest.starts_with(": ").then_some(path)
}

/// A message with the key path in front, and without the key that it begins with, which is
/// the end of the path.
pub(super) fn prefixed(path: &str, message: &str) -> String {
    let named = || {
        let (key, rest) = message.strip_prefix('`')?.split_once('`')?;
        let is_end = path == key || path.strip_suffix(key).is_some_and(|p| p.ends_with('.'));
        let says = VERBS.iter().any(|verb| rest.starts_with(verb));
        (is_end && says).then(|| rest.trim_start())
    };
    format!("`{path}`: {}", named().unwrap_or(message))
}

/// What errors have said of which paths and places.
pub(super) struct Reported {
    errors: BTreeSet<(String, Code)>,
    unknown: BTreeSet<(String, Option<Loc>)>,
}

impl Reported {
    /// Of these, in which the kinds `unknown` leave a value unknown.
    pub(super) fn of(found: &[Diagnostic], unknown: &[Code]) -> Self {
        let mut reported = Self { errors: BTreeSet::new(), unknown: BTreeSet::new() };
        for error in found.iter().filter(|diagnostic| diagnostic.is_error()) {
            let (Some(path), Some(code)) = (key_path(&error.message), error.code) else { continue };
            reported.errors.insert((path.to_owned(), code));
            if unknown.contains(&code) {
                reported.unknown.insert((path.to_owned(), error.at.clone()));
            }
        }
        reported
    }

    /// Whether an error about a path repeats one of them, or follows from one.
    pub(super) fn covers(&self, path: &str, error: &Diagnostic) -> bool {
        let follows = || self.unknown.iter().any(|(at, loc)| at == path || *loc == error.at);
        let repeats = |code| self.errors.contains(&(path.to_owned(), code));
        error.is_error() && (error.code.is_some_and(repeats) || follows())
    }
}

/// The paths of the first nodes that were written at these places.
pub(super) fn all(root: &Node, wanted: &BTreeSet<Span>) -> BTreeMap<Span, String> {
    let mut walk = Walk { wanted, path: Vec::new(), found: BTreeMap::new() };
    if !wanted.is_empty() {
        walk.node(root);
    }
    walk.found
}

struct Walk<'a> {
    wanted: &'a BTreeSet<Span>,
    path: Vec<String>,
    found: BTreeMap<Span, String>,
}

impl Walk<'_> {
    fn note(&mut self, span: Span) {
        if self.wanted.contains(&span) && !self.path.is_empty() {
            self.found.entry(span).or_insert_with(|| self.path.join("."));
        }
    }

    fn node(&mut self, node: &Node) {
        self.note(node.span);
        match &node.value {
            Value::Null | Value::Scalar(_) => {}
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(index.to_string());
                    self.node(item);
                    self.path.pop();
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    // Templates for anchors; what is made of them has a path of its own.
                    if self.path.is_empty()
                        && entry.key.starts_with("x-")
                        && entry.key != "x-reconciler"
                    {
                        continue;
                    }
                    self.path.push(entry.key.to_string());
                    self.note(entry.at);
                    self.node(&entry.value);
                    self.path.pop();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{FILE, VALUE};
    use crate::report::Reporter;
    use crate::yaml::{FileId, parse};

    #[test]
    fn messages_get_the_path_of_the_place_that_they_are_about() {
        let text = "x-a: &a { cpus: x }\nservices:\n  web:\n    <<: *a\n    list: [1, y]\n";
        let report = Reporter::new("f", text);
        let root = parse(FileId::FIRST, text, &report).expect("YAML");
        let web = &root.get("services").and_then(|s| s.value.get("web")).expect("web").value;
        let cpus = web.get("cpus").expect("cpus");
        report.error(VALUE, cpus.value.span, "`cpus` must be a number");
        let list = web.get("list").expect("list");
        report.error(VALUE, list.at, "`list` and `cpus` exclude each other");
        let Value::List(items) = &list.value.value else { panic!("a list") };
        report.error(VALUE, items[1].span, "`there`: has one");
        report.error(VALUE, items[1].span, "this is wrong");
        report.error(FILE, items[0].span, "`services.web.list.0`: is unknown");
        report.error(VALUE, items[0].span, "this follows");
        report.error(VALUE, cpus.value.span, "`services.web.deep.x`: has one");
        report.name_paths(&root, &[FILE]);
        let found: Vec<_> = report.finish().into_iter().map(|d| d.message).collect();
        let wanted = [
            "`services.web.cpus`: must be a number",
            "`services.web.list`: `list` and `cpus` exclude each other",
            "`there`: has one",
            "`services.web.list.1`: this is wrong",
            "`services.web.list.0`: is unknown",
            "`services.web.deep.x`: has one",
        ];
        assert_eq!(found, wanted);
    }
}
