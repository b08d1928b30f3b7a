//! What the checks of a stack in normal form read: maps, lists and texts that may be absent.

use crate::stack::codes::HOLDS;
use text::report::Reporter;
use text::yaml::{Entry, Node, Span, Value};

/// Tells that no engine can hold something.
pub(super) fn refuse(at: Span, what: impl Into<String>, help: &str, report: &Reporter) {
    report.error_help(HOLDS, at, what, help);
}

/// The entries of a map.
pub(super) fn entries(node: &Node) -> &[Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

/// The entries of a map below a key.
pub(super) fn map<'n>(node: &'n Node, key: &str) -> &'n [Entry] {
    node.get(key).map(|field| entries(&field.value)).unwrap_or_default()
}

/// The items of a list below a key.
pub(super) fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    match node.get(key).map(|field| &field.value.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The text below a key, and where it is.
pub(super) fn text<'n>(node: &'n Node, key: &str) -> Option<(&'n str, &'n Node)> {
    let value = &node.get(key)?.value;
    Some((value.scalar()?.text.as_str(), value))
}

/// What `deploy.resources` says of `part` and `key`.
pub(super) fn deployed<'n>(
    service: &'n Node,
    part: &str,
    key: &str,
) -> Option<(&'n str, &'n Node)> {
    let resources = service.get("deploy")?.value.get("resources")?;
    text(&resources.value.get(part)?.value, key)
}

/// Whether a key says `true`.
pub(super) fn says_true(node: &Node, key: &str) -> bool {
    text(node, key).is_some_and(|(word, _)| word == "true")
}
