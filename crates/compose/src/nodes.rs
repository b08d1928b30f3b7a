//! Making nodes that nobody wrote, which are where what they come from is, and walking those
//! that a stack did.

use std::collections::BTreeMap;

use super::path::Path;
use text::yaml::{Entry, Kind, Node, Scalar, SmolStr, Span, Value};

/// The key of a secret or config that holds the value of its variable. No file can have
/// it, and it is never printed.
pub const RESOLVED: &str = "#value";

/// A text. `like` is the scalar that it was made from, if any: what never prints, never
/// does in parts either.
pub(crate) fn text(span: Span, text: impl Into<SmolStr>, like: Option<&Scalar>) -> Node {
    let sensitive = like.is_some_and(|scalar| scalar.sensitive);
    Node { span, value: Value::Scalar(Scalar { text: text.into(), kind: Kind::Text, sensitive }) }
}

/// A number or truth value by its text.
pub(crate) fn plain(span: Span, kind: Kind, text: impl Into<SmolStr>) -> Node {
    Node { span, value: Value::Scalar(Scalar { text: text.into(), kind, sensitive: false }) }
}

/// A truth value.
pub(crate) fn flag(span: Span, value: bool) -> Node {
    plain(span, Kind::Bool, value.to_string())
}

/// Nothing.
pub(crate) fn null(span: Span) -> Node {
    Node { span, value: Value::Null }
}

/// A map.
pub(crate) fn map(span: Span, entries: Vec<Entry>) -> Node {
    Node { span, value: Value::Map(entries) }
}

/// An entry whose key is where its value is.
pub(crate) fn entry(key: impl Into<SmolStr>, value: Node) -> Entry {
    Entry { key: key.into(), at: value.span, value }
}

/// A node's content, which becomes nothing.
pub(crate) fn take(node: &mut Node) -> Value {
    std::mem::replace(&mut node.value, Value::Null)
}

/// Hands out every entry of every section of a stack: the section, the entry's value and its
/// path.
pub(crate) fn resources_mut(root: &mut Node, mut each: impl FnMut(&str, &mut Node, Path<'_>)) {
    for section in entries_mut(root) {
        let top = Path::Root.key(&section.key);
        for Entry { key, value, .. } in entries_mut(&mut section.value) {
            each(&section.key, value, top.key(key));
        }
    }
}

/// A map's entries; nothing for anything else.
pub(crate) fn entries(node: &Node) -> &[Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

/// A map's entries, to be changed.
pub(crate) fn entries_mut(node: &mut Node) -> &mut [Entry] {
    match &mut node.value {
        Value::Map(entries) => entries,
        _ => &mut [],
    }
}

/// A list's items; nothing for anything else.
pub(crate) fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        _ => &[],
    }
}

/// A list's items, to be changed.
pub(crate) fn items_mut(node: &mut Node) -> &mut [Node] {
    match &mut node.value {
        Value::List(items) => items,
        _ => &mut [],
    }
}

/// The value of a key, to be changed.
pub(crate) fn get_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    let entry = entries_mut(node).iter_mut().find(|entry| entry.key == key);
    entry.map(|entry| &mut entry.value)
}

/// The text of a key's scalar.
pub(crate) fn text_of<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.value.scalar().map(|scalar| scalar.text.as_str())
}

/// Adds a key that is not there.
pub(crate) fn add_missing(node: &mut Node, key: &str, value: impl FnOnce(Span) -> Node) {
    let span = node.span;
    if let Value::Map(entries) = &mut node.value
        && !entries.iter().any(|entry| entry.key == key)
    {
        entries.push(entry(key, value(span)));
    }
}

/// Sets a key, whether it is there or not.
pub(crate) fn set(node: &mut Node, key: &str, value: Node) {
    if let Value::Map(entries) = &mut node.value {
        match entries.iter_mut().find(|entry| entry.key == key) {
            Some(found) => found.value = value,
            None => entries.push(entry(key, value)),
        }
    }
}

/// Takes a key out.
pub(crate) fn remove(node: &mut Node, key: &str) -> Option<Entry> {
    let Value::Map(entries) = &mut node.value else { return None };
    let index = entries.iter().position(|entry| entry.key == key)?;
    Some(entries.remove(index))
}

/// Keeps the last of equal names, in the order of the first.
pub(crate) fn last_wins(pairs: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    let mut places: BTreeMap<SmolStr, usize> = BTreeMap::new();
    let mut found: Vec<Entry> = Vec::new();
    for pair in pairs {
        if let Some(place) = places.get(&pair.key) {
            found[*place] = pair;
        } else {
            places.insert(pair.key.clone(), found.len());
            found.push(pair);
        }
    }
    found
}
