//! What the checks refused, taken out of the tree: so that one mistake is reported once, and does
//! not hide the others.

use std::collections::BTreeSet;

use crate::codes::{MISSING, UNKNOWN_KEY};
use crate::nodes::text;
use model::diagnostic::Code;
use text::yaml::{Entry, Node, Span, Value};

/// Places of refused nodes.
#[derive(Default)]
pub(super) struct Refused {
    keys: BTreeSet<Span>,
    values: BTreeSet<Span>,
}

impl Refused {
    /// Notes a refusal: of a key, a value, or (a missing key) nothing that is there.
    pub(super) fn note(&mut self, code: Code, at: Span) {
        match code {
            UNKNOWN_KEY => self.keys.insert(at),
            MISSING => false,
            _ => self.values.insert(at),
        };
    }

    /// Whether nothing was refused.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.values.is_empty()
    }

    /// Takes all of it out of a tree.
    pub(super) fn take_out(&self, node: &mut Node) {
        match &mut node.value {
            Value::Null | Value::Scalar(_) => {}
            Value::List(items) => {
                items.retain(|item| !self.values.contains(&item.span));
                for item in items {
                    self.take_out(item);
                }
            }
            Value::Map(entries) => entries.retain_mut(|entry| self.keep(entry)),
        }
    }

    /// Whether an entry stays. A service's image stays in another's place: that it has none
    /// would be a second complaint.
    fn keep(&self, entry: &mut Entry) -> bool {
        if self.keys.contains(&entry.at) {
            return false;
        }
        if !self.values.contains(&entry.value.span) {
            self.take_out(&mut entry.value);
            return true;
        }
        if matches!(entry.key.as_str(), "image" | "build") {
            entry.key = "image".into();
            entry.value = text(entry.at, "refused", None);
            return true;
        }
        false
    }
}
