//! A list or map that is being read.

use std::collections::BTreeSet;

use super::{Entry, Kind, Node, SmolStr, Span, Value, merge};
use crate::codes;
use crate::report::Reporter;

/// The key of a merge.
pub(super) const MERGE: &str = "<<";
/// From how many keys on they are looked up instead of compared.
const MANY: usize = 16;

/// What the tags of Compose ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Clearing {
    /// Nothing.
    None,
    /// `!reset`: what was there before goes, and so does this.
    Reset,
    /// `!override`: what was there before goes.
    Override,
}

/// A list or map that is being read.
pub(super) struct Frame {
    pub(super) span: Span,
    pub(super) anchor: usize,
    pub(super) content: Content,
    pub(super) clearing: Clearing,
    /// How many cleared paths there were before it.
    pub(super) cleared_from: usize,
}

/// What it holds so far.
pub(super) enum Content {
    List(Vec<Node>),
    Map(Map),
}

/// A key whose value comes next.
pub(super) enum PendingKey {
    Named(SmolStr, Span),
    Merge(Span),
    /// Reported already; its value is read and dropped.
    Broken,
}

/// A map that is being read.
#[derive(Default)]
pub(super) struct Map {
    entries: Vec<Entry>,
    merges: Vec<(Span, Node)>,
    pub(super) key: Option<PendingKey>,
    /// Keys whose values are not there: `!reset`.
    absent: Vec<(SmolStr, Span)>,
    /// The keys of `entries`, once there are many.
    known: BTreeSet<SmolStr>,
}

impl Map {
    /// A `<<` that is a merge key.
    pub(super) fn merge_key(&mut self, at: Span, report: &Reporter) {
        let first = self.merges.first().map(|(at, _)| *at);
        self.key = Some(match first {
            None => PendingKey::Merge(at),
            Some(first) => {
                twice(MERGE, MERGE, at, first, report);
                PendingKey::Broken
            }
        });
    }

    /// Whether this node comes as a key and cannot be one.
    pub(super) fn is_broken_by(&self, node: &Node) -> bool {
        self.key.is_none()
            && (!is_key(node) || node.scalar().is_some_and(|s| self.first(&s.text).is_some()))
    }

    /// The next key or value. `path` is that of the map, known if a key is broken.
    pub(super) fn put(&mut self, node: Node, absent: bool, path: &[String], report: &Reporter) {
        match self.key.take() {
            None => self.key = Some(self.read_key(node, path, report)),
            Some(PendingKey::Named(key, at)) if absent => self.absent.push((key, at)),
            Some(PendingKey::Named(key, at)) => {
                if self.entries.len() >= MANY {
                    if self.known.is_empty() {
                        self.known.extend(self.entries.iter().map(|entry| entry.key.clone()));
                    }
                    self.known.insert(key.clone());
                }
                self.entries.push(Entry { key, at, value: node });
            }
            Some(PendingKey::Merge(at)) if !absent => self.merges.push((at, node)),
            Some(PendingKey::Merge(_) | PendingKey::Broken) => {}
        }
    }

    /// Whether there is something to be merged into it.
    pub(super) fn has_merges(&self) -> bool {
        !self.merges.is_empty()
    }

    /// Its entries, with its merge keys carried out.
    pub(super) fn finish(self, path: &[String], report: &Reporter) -> Vec<Entry> {
        merge::merge(self.entries, self.merges, &path.join("."), report)
    }

    /// Where a key was written first.
    fn first(&self, key: &str) -> Option<Span> {
        let absent = self.absent.iter().find(|(other, _)| other == key).map(|(_, at)| *at);
        if absent.is_some() || (!self.known.is_empty() && !self.known.contains(key)) {
            return absent;
        }
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.at)
    }

    /// Reads a node as a key, reporting what cannot be one and what is there twice.
    fn read_key(&self, node: Node, path: &[String], report: &Reporter) -> PendingKey {
        let at = node.span;
        if !is_key(&node) {
            let key = node.scalar().map_or("…", |scalar| scalar.text.as_str());
            let message =
                format!("`{}`: a key must be text, not {}", below(path, key), node.describe());
            report.refuse_as(codes::KEY, at, message, Some("write it in quotes".to_owned()));
            return PendingKey::Broken;
        }
        let Value::Scalar(scalar) = node.value else { return PendingKey::Broken };
        if let Some(first) = self.first(&scalar.text) {
            twice(&scalar.text, &below(path, &scalar.text), at, first, report);
            return PendingKey::Broken;
        }
        PendingKey::Named(scalar.text, at)
    }
}

fn below(path: &[String], key: &str) -> String {
    let keys: Vec<&str> = path.iter().map(String::as_str).chain([key]).collect();
    keys.join(".")
}

fn twice(key: &str, path: &str, at: Span, first: Span, report: &Reporter) {
    let message = format!("`{path}`: the key `{key}` is here twice");
    let help = format!("the first one is at {}", report.loc(first));
    report.refuse_as(codes::DUPLICATE_KEY, at, message, Some(help));
}

/// Whether a node can be a key.
fn is_key(node: &Node) -> bool {
    node.scalar().is_some_and(|scalar| scalar.kind == Kind::Text)
}
