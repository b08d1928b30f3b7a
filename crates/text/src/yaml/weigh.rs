//! What aliases would make of a file, from its events alone: a bomb is refused before any of
//! it is built, so that a hundred of them cost no more than a hundred small files.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::frame::MERGE;
use super::{MAX_EXPANDED, Node, Value};

/// What a node without its text weighs against [`MAX_EXPANDED`], in bytes.
pub(super) const WEIGHT: usize = 64;

/// What a tree weighs, and how many levels it has below its root.
pub(super) fn measure(node: &Node) -> (usize, usize) {
    let over =
        |(weight, depth): (usize, usize), (w, d): (usize, usize)| (weight + w, depth.max(d + 1));
    match &node.value {
        Value::Null => (WEIGHT, 0),
        Value::Scalar(scalar) => (WEIGHT + scalar.text.len(), 0),
        Value::List(items) => items.iter().map(measure).fold((WEIGHT, 0), over),
        Value::Map(entries) => {
            let entry = |e: &super::Entry| {
                let (weight, depth) = measure(&e.value);
                (weight + e.key.len(), depth)
            };
            entries.iter().map(entry).fold((WEIGHT, 0), over)
        }
    }
}

/// What a tree weighs, in bytes.
#[must_use]
pub fn weight(node: &Node) -> usize {
    measure(node).0
}

/// A list or map that is being read.
struct Open {
    anchor: usize,
    weight: usize,
    /// For a map: whether a key comes next.
    key: Option<bool>,
    /// Whether what comes next is merged, and may be there already.
    merges: bool,
    /// Whether a tag may take it away.
    tagged: bool,
}

/// Where the aliases of a text begin to expand to more than they may. Never before they do:
/// what merges, tags and repeated keys may take away is not weighed.
pub(super) fn bomb(text: &str) -> Option<Span> {
    if !text.contains('*') {
        return None;
    }
    let mut weigher = Weigher::default();
    for event in Parser::new_from_str(text) {
        // What else is wrong with it is found, and reported, where it is built.
        let (event, span) = event.ok()?;
        if weigher.exceeds(&event) {
            return Some(span);
        }
    }
    None
}

#[derive(Default)]
struct Weigher {
    open: Vec<Open>,
    anchors: BTreeMap<usize, usize>,
    expanded: usize,
}

impl Weigher {
    fn exceeds(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let merges = *style == ScalarStyle::Plain && text == MERGE;
                let weight = WEIGHT + text.len();
                self.put(weight, *anchor, tag.is_some(), merges);
            }
            Event::SequenceStart(anchor, tag) => self.open(*anchor, None, tag.is_some()),
            Event::MappingStart(anchor, tag) => self.open(*anchor, Some(true), tag.is_some()),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { anchor, weight, tagged, .. }) = self.open.pop() {
                    self.put(weight, anchor, tagged, false);
                }
            }
            Event::Alias(id) => {
                let weight = self.anchors.get(id).copied().unwrap_or_default();
                self.expanded = self.expanded.saturating_add(weight);
                self.put(weight, 0, false, false);
                return self.expanded > MAX_EXPANDED;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        false
    }

    fn open(&mut self, anchor: usize, key: Option<bool>, tagged: bool) {
        self.open.push(Open { anchor, weight: WEIGHT, key, merges: false, tagged });
    }

    fn put(&mut self, weight: usize, anchor: usize, tagged: bool, merges: bool) {
        let weight = if tagged { 0 } else { weight };
        if anchor != 0 {
            self.anchors.insert(anchor, weight);
        }
        let Some(parent) = self.open.last_mut() else { return };
        match parent.key {
            Some(true) => {
                // A key weighs its text, and one that stands twice is an error anyway.
                let key = if merges { 0 } else { weight.saturating_sub(WEIGHT) };
                parent.weight = parent.weight.saturating_add(key);
                (parent.key, parent.merges) = (Some(false), merges);
            }
            Some(false) => {
                let value = if parent.merges { 0 } else { weight };
                parent.weight = parent.weight.saturating_add(value);
                (parent.key, parent.merges) = (Some(true), false);
            }
            None => parent.weight = parent.weight.saturating_add(weight),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn laughs(levels: usize) -> String {
        let mut text = String::from("x-0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha]\n");
        for level in 1..levels {
            let above = format!("*a{}, ", level - 1).repeat(9);
            writeln!(text, "x-{level}: &a{level} [{above}]").expect("memory");
        }
        text
    }

    #[test]
    fn a_bomb_is_found_at_the_alias_that_is_too_much_and_nothing_else_is_one() {
        assert_eq!(bomb(&laughs(5)).map(|span| span.start.line()), None);
        assert_eq!(bomb(&laughs(9)).map(|span| span.start.line()), Some(6));
        let keys =
            format!("x-a: &a {{ {}: 1 }}\nx-b: [{}]\n", "k".repeat(1000), "*a, ".repeat(100));
        assert!(bomb(&keys).is_none());
        assert!(bomb("a: '*'\nb: [").is_none(), "what is no YAML is reported by others");
    }

    #[test]
    fn what_may_be_taken_away_is_not_weighed() {
        let much = "x".repeat(100_000);
        // Each map has the large value under the same key: merged, it counts once.
        let mut text = format!("x-0: &a0 {{ k: {much} }}\n");
        for level in 1..100 {
            writeln!(text, "x-{level}: &a{level} {{ <<: *a{}, k: v }}", level - 1).expect("memory");
        }
        assert!(bomb(&text).is_none());
    }
}
