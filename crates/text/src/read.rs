//! Typed reading of a tree's nodes. Each reader reports what does not fit and gives
//! `None`; values that never print are not repeated in messages.

use std::str::FromStr;
use std::time::Duration;

use super::codes::{PAIR, TYPE, VALUE};
use super::report::Reporter;
use super::units;
use super::yaml::{Entry, Kind, Node, Span, Value};

/// A name with a value: an entry of a map, or a `name=value` of a list.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value; `None` if only the name is there.
    pub value: Option<String>,
    /// Where the name was written.
    pub at: Span,
    /// Whether the value never prints.
    pub sensitive: bool,
}

/// A scalar's text for a message.
#[must_use]
pub fn quote(node: &Node) -> String {
    match node.scalar() {
        Some(scalar) if !scalar.sensitive => format!("`{}`", scalar.text),
        Some(_) => "the value".to_owned(),
        None => node.describe().to_owned(),
    }
}

impl Reporter {
    /// Reports that a field does not hold what it should.
    pub fn expected(&self, field: &str, node: &Node, what: &str) {
        self.error(TYPE, node.span, format!("`{field}` must be {what}, not {}", node.describe()));
    }

    /// A string. Numbers and booleans are refused, as Compose refuses them.
    pub fn string(&self, field: &str, node: &Node) -> Option<String> {
        match node.scalar() {
            Some(scalar) if scalar.kind == Kind::Text => Some(scalar.text.to_string()),
            Some(_) => {
                let message = format!("`{field}` must be a string, not {}", node.describe());
                self.error_help(TYPE, node.span, message, "write it in quotes");
                None
            }
            None => {
                self.expected(field, node, "a string");
                None
            }
        }
    }

    /// Any scalar, as text.
    pub fn text(&self, field: &str, node: &Node) -> Option<String> {
        if node.scalar().is_none() {
            self.expected(field, node, "a string");
        }
        node.scalar().map(|scalar| scalar.text.to_string())
    }

    /// A list's items; nothing for null.
    pub fn list<'n>(&self, field: &str, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => {
                self.expected(field, node, "a list");
                &[]
            }
        }
    }

    /// A map's entries; nothing for null.
    pub fn map<'n>(&self, field: &str, node: &'n Node) -> &'n [Entry] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => {
                self.expected(field, node, "a map");
                &[]
            }
        }
    }

    /// One string or a list of them.
    pub fn strings<'n>(&self, field: &str, node: &'n Node) -> Vec<(String, &'n Node)> {
        let items = match &node.value {
            Value::Scalar(_) => std::slice::from_ref(node),
            _ => self.list(field, node),
        };
        items.iter().filter_map(|item| Some((self.text(field, item)?, item))).collect()
    }

    /// A list of scalars.
    pub fn string_list(&self, field: &str, node: &Node) -> Vec<String> {
        self.list(field, node).iter().filter_map(|item| self.text(field, item)).collect()
    }

    /// A map of scalars or a list of `name=value`.
    pub fn pairs(&self, field: &str, node: &Node) -> Vec<Pair> {
        match &node.value {
            Value::Map(entries) => entries.iter().filter_map(|e| self.pair(field, e)).collect(),
            Value::List(items) => items.iter().filter_map(|i| self.listed_pair(field, i)).collect(),
            Value::Null => Vec::new(),
            Value::Scalar(_) => {
                self.expected(field, node, "a map or a list");
                Vec::new()
            }
        }
    }

    fn pair(&self, field: &str, entry: &Entry) -> Option<Pair> {
        let (value, sensitive) = match &entry.value.value {
            Value::Null => (None, false),
            Value::Scalar(scalar) => (Some(scalar.text.to_string()), scalar.sensitive),
            _ => {
                self.expected(&format!("{field}.{}", entry.key), &entry.value, "a string");
                return None;
            }
        };
        Some(Pair { name: entry.key.to_string(), value, at: entry.at, sensitive })
    }

    fn listed_pair(&self, field: &str, item: &Node) -> Option<Pair> {
        let text = self.string(field, item)?;
        let sensitive = item.scalar().is_some_and(|scalar| scalar.sensitive);
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text.as_str(), None),
        };
        if name.is_empty() || name.trim() != name {
            self.error(PAIR, item.span, format!("an entry of `{field}` must begin with its name"));
            return None;
        }
        Some(Pair { name: name.to_owned(), value, at: item.span, sensitive })
    }

    /// A truth value, also in the words of YAML 1.1.
    pub fn boolean(&self, field: &str, node: &Node) -> Option<bool> {
        let word = node.scalar().map(|scalar| scalar.text.to_ascii_lowercase());
        match word.as_deref() {
            Some("true" | "yes" | "y" | "on") => Some(true),
            Some("false" | "no" | "n" | "off") => Some(false),
            _ => {
                self.error(
                    VALUE,
                    node.span,
                    format!("`{field}` must be true or false, not {}", quote(node)),
                );
                None
            }
        }
    }

    /// A number that fits `T`.
    pub fn number<T: FromStr>(&self, field: &str, node: &Node) -> Option<T> {
        let number = node.scalar().and_then(|scalar| scalar.text.parse().ok());
        if number.is_none() {
            self.error(
                VALUE,
                node.span,
                format!("`{field}` must be a whole number, not {}", quote(node)),
            );
        }
        number
    }

    /// A duration.
    pub fn duration(&self, field: &str, node: &Node) -> Option<Duration> {
        let span = node.scalar().and_then(|scalar| units::duration(&scalar.text));
        if span.is_none() {
            let message = format!("`{field}` must be a duration, not {}", quote(node));
            self.error_help(VALUE, node.span, message, "write it with a unit, for example `1m30s`");
        }
        span
    }

    /// A size in bytes.
    pub fn bytes(&self, field: &str, node: &Node) -> Option<i64> {
        let size = node.scalar().and_then(|scalar| units::bytes(&scalar.text));
        if size.is_none() {
            let message = format!("`{field}` must be a size, not {}", quote(node));
            self.error_help(VALUE, node.span, message, "write it with a unit, for example `512m`");
        }
        size
    }
}
