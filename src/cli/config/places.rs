//! Where the keys and values of a YAML file are written. The values themselves come from
//! `serde_yaml`, which knows positions of mistakes only roughly.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use saphyr_parser::{Event, Parser, Span};

use model::diagnostic::{Diagnostic, Loc};

/// A stretch of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
    length: usize,
}

/// A key, and what stands for its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// The key.
    pub(super) key: Place,
    /// The value's first line.
    pub(super) value: Place,
}

/// The positions of all keys of block and flow mappings, by path.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// By path from the root.
    pub(super) pairs: BTreeMap<Vec<String>, Pair>,
    /// The scalars of sequences, by the path of the sequence.
    pub(super) items: BTreeMap<Vec<String>, Vec<Place>>,
    /// Keys that are written twice in one mapping.
    pub(super) duplicates: Vec<(Vec<String>, Place)>,
}

/// One collection that the scan is in.
enum Open {
    /// A mapping whose next scalar is a key.
    Key,
    /// A mapping whose next node is this key's value.
    Value(String, Place),
    /// A sequence: only its scalars are noted.
    Sequence,
}

impl Places {
    /// Scans a text; ends quietly where it is no YAML, which `serde_yaml` has reported.
    pub(super) fn scan(text: &str) -> Self {
        let mut places = Self::default();
        let mut open: Vec<Open> = Vec::new();
        for (event, span) in Parser::new_from_str(text).map_while(Result::ok) {
            match event {
                Event::Scalar(name, ..) if matches!(open.last(), Some(Open::Key)) => {
                    let place = Place::of(span, text);
                    if let Some(top) = open.last_mut() {
                        *top = Open::Value(name.into_owned(), place);
                    }
                }
                Event::Scalar(..) | Event::Alias(_) => places.close(&mut open, span, text),
                Event::MappingStart(..) => {
                    places.note(&open, span, text);
                    open.push(Open::Key);
                }
                Event::SequenceStart(..) => {
                    places.note(&open, span, text);
                    open.push(Open::Sequence);
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    open.pop();
                    if let Some(top @ Open::Value(..)) = open.last_mut() {
                        *top = Open::Key;
                    }
                }
                _ => {}
            }
        }
        places
    }

    /// A scalar value: notes it, and the next scalar is a key again.
    fn close(&mut self, open: &mut [Open], span: Span, text: &str) {
        self.note(open, span, text);
        if let Some((Open::Sequence, around)) = open.split_last()
            && let Some(path) = path(around)
        {
            self.items.entry(path).or_default().push(Place::of(span, text));
        }
        if let Some(top @ Open::Value(..)) = open.last_mut() {
            *top = Open::Key;
        }
    }

    /// Notes the pair whose value begins here.
    fn note(&mut self, open: &[Open], span: Span, text: &str) {
        let Some(path) = path(open) else { return };
        let Some(Open::Value(_, key)) = open.last() else { return };
        let pair = Pair { key: *key, value: Place::of(span, text) };
        match self.pairs.entry(path) {
            Entry::Occupied(first) => self.duplicates.push((first.key().clone(), *key)),
            Entry::Vacant(free) => {
                free.insert(pair);
            }
        }
    }
}

/// The keys that lead to where the scan is; `None` inside of a sequence.
fn path(open: &[Open]) -> Option<Vec<String>> {
    let name = |level: &Open| match level {
        Open::Value(name, _) => Some(name.clone()),
        Open::Key | Open::Sequence => None,
    };
    open.iter().map(name).collect()
}

impl Place {
    fn of(span: Span, text: &str) -> Self {
        let (line, column) = (span.start.line(), span.start.col());
        let width = text.lines().nth(line.saturating_sub(1)).map_or(0, |l| l.chars().count());
        let rest = width.saturating_sub(column);
        let length =
            if span.end.line() == line { span.end.col().saturating_sub(column) } else { rest };
        Self { line, column: column + 1, length: length.clamp(1, rest.max(1)) }
    }

    /// A message about this place.
    pub(super) fn error(self, file: &str, text: &str, message: String) -> Diagnostic {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Diagnostic {
            at: Some(Loc::new(file, number(self.line), number(self.column))),
            length: number(self.length),
            excerpt: text.lines().nth(self.line.saturating_sub(1)).map(without_user_info),
            ..Diagnostic::error(message)
        }
    }

    /// The place that a parser's position (both from 1) names.
    pub(super) fn at(line: usize, column: usize) -> Self {
        Self { line: line.max(1), column: column.max(1), length: 1 }
    }
}

/// A line with the user names and passwords of its URLs replaced by as many `*`.
fn without_user_info(line: &str) -> String {
    let mut out = line.to_owned();
    let mut from = 0;
    while let Some(at) = out.get(from..).and_then(|rest| rest.find("://")).map(|at| at + from + 3) {
        let authority = out[at..].find(['/', ' ', '"', '\'']).map_or(out.len(), |end| at + end);
        if let Some(end) = out[at..authority].rfind('@') {
            let hidden: Range<usize> = at..at + end;
            let stars = "*".repeat(out[hidden.clone()].chars().count());
            out.replace_range(hidden, &stars);
        }
        from = at;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_have_places() {
        let places =
            Places::scan("poll: 10s\nengines:\n  web1: { url: tcp://a, tls: {} }\nenv: [A]\n");
        let pair = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
            places.pairs.get(&path).copied().expect("noted")
        };
        assert_eq!(pair(&["poll"]).value, Place { line: 1, column: 7, length: 3 });
        assert_eq!(pair(&["engines", "web1", "url"]).key, Place { line: 3, column: 11, length: 3 });
        assert_eq!(pair(&["env"]).key, Place { line: 4, column: 1, length: 3 });
    }

    #[test]
    fn a_key_written_twice_is_found() {
        let places = Places::scan("poll: 1s\npoll: 2s\n");
        assert_eq!(places.duplicates, [(vec!["poll".to_owned()], Place::at(2, 1).long(4))]);
    }

    #[test]
    fn the_user_info_of_urls_is_hidden_without_moving_the_rest() {
        assert_eq!(
            without_user_info("a: https://u:p@h/x # http://v@w"),
            "a: https://***@h/x # http://*@w"
        );
    }

    impl Place {
        fn long(self, length: usize) -> Self {
            Self { length, ..self }
        }
    }
}
