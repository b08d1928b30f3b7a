//! Merge keys: `<<` with a map, an alias of one, or a list of such. What is written in
//! the map itself wins, then the first of the list; nothing is merged deeply.

use std::collections::BTreeSet;

use super::{Entry, Node, SmolStr, Span, Value};
use crate::codes;
use crate::report::Reporter;

/// The entries of a map with its merge keys carried out.
pub(crate) fn merge(
    mut entries: Vec<Entry>,
    merges: Vec<(Span, Node)>,
    path: &str,
    report: &Reporter,
) -> Vec<Entry> {
    if merges.is_empty() {
        return entries;
    }
    let mut known: BTreeSet<SmolStr> = entries.iter().map(|entry| entry.key.clone()).collect();
    for (at, node) in merges {
        let parts = match node.value {
            Value::List(items) => items,
            _ => vec![node],
        };
        for part in parts {
            let Value::Map(more) = part.value else {
                let what = part.describe();
                let message = format!("`{path}`: `<<` takes a map or a list of maps, not {what}");
                report.refuse_as(codes::MERGE_KEY, at, message, None);
                continue;
            };
            for entry in more {
                if known.insert(entry.key.clone()) {
                    entries.push(entry);
                }
            }
        }
    }
    entries
}
