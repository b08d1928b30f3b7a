//! YAML to a tree that knows where everything was written.
//!
//! Two parsers must agree: saphyr's event stream gives positions, anchors and styles;
//! `serde_yaml` (libyaml, the grammar Compose itself reads) must accept the same text, and is
//! asked where the two may differ.
//! Nobody outside this module sees either of them.

mod build;
pub(crate) mod flow;
mod frame;
mod merge;
mod scalar;
mod simple;
mod survey;
mod time;
mod weigh;

#[cfg(test)]
mod agreement;

pub use self::scalar::{go_float, is_text};
pub use self::weigh::weight;

use serde::Deserialize as _;
use serde::de::IgnoredAny;

use super::codes;
use crate::report::Reporter;

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 1 << 20;
/// How deep lists and maps may be nested.
const MAX_DEPTH: usize = 100;
/// How many bytes the values may take that aliases add to one file.
const MAX_EXPANDED: usize = 16 << 20;

/// A file that was read, by its number in the [`Reporter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u16);

impl FileId {
    /// The stack file itself.
    pub const FIRST: Self = Self(0);
}

/// A stretch of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters, at least 1.
    pub length: u32,
}

impl Span {
    /// The beginning of the stack file.
    pub const START: Self = Self::start_of(FileId::FIRST);

    /// The beginning of a file.
    #[must_use]
    pub const fn start_of(file: FileId) -> Self {
        Self { file, line: 1, column: 1, length: 1 }
    }
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it was written; an alias's nodes are where its anchor is.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in file order.
    Map(Vec<Entry>),
}

/// A scalar as Go prints what it means: `1.10` is `1.1`, `0x10` is `16`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// What the text means.
    pub kind: Kind,
    /// Whether a value that never prints was substituted into it.
    pub sensitive: bool,
}

/// What a scalar means, before anything expects a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; also what is quoted.
    Text,
    /// `true` or `false`; Compose keeps `yes` and `no` as text.
    Bool,
    /// A whole number.
    Int,
    /// Any other number.
    Float,
    /// A date or time that is not quoted.
    Time,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key was written.
    pub at: Span,
    /// The value.
    pub value: Node,
}

/// The keys that lead to a node.
pub type KeyPath = Vec<String>;

/// A document of a file.
#[derive(Debug)]
pub struct Document {
    /// Its tree.
    pub root: Node,
    /// Where `!reset` or `!override` says that what other files have there does not
    /// count, through aliases and merge keys. What `!reset` stood at is not in the tree.
    pub cleared: Vec<KeyPath>,
}

impl Node {
    /// The value of a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The keys, if this is a map.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        match &self.value {
            Value::Map(entries) => entries.iter().map(|entry| entry.key.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// The scalar, if it is one.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Whether it means the same as another, wherever both are written.
    #[must_use]
    pub fn means_the_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Scalar(a), Value::Scalar(b)) => a.kind == b.kind && a.text == b.text,
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.means_the_same(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                let in_b = |e: &Entry| b.iter().find(|other| other.key == e.key);
                let same = |e: &Entry| in_b(e).is_some_and(|o| e.value.means_the_same(&o.value));
                a.len() == b.len() && a.iter().all(same)
            }
            _ => false,
        }
    }

    /// What it is, in words for a message.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Scalar(scalar) => match scalar.kind {
                Kind::Text => "a string",
                Kind::Bool => "true or false",
                Kind::Int | Kind::Float => "a number",
                Kind::Time => "a date (write it in quotes if it is text)",
            },
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Reads the only document of a file. `None` means that an error was reported and nothing
/// can be said about the content; other errors leave a tree without what they complain
/// about. An empty file is a null.
pub fn parse(file: FileId, text: &str, report: &Reporter) -> Option<Node> {
    let mut documents = parse_all(file, text, report)?;
    if let Some(second) = documents.get(1) {
        let help = "put each document into a file of its own".to_owned();
        let message = "a second document cannot be in this file";
        report.refuse_as(codes::YAML, second.root.span, message, Some(help));
    }
    let null = Node { span: Span::start_of(file), value: Value::Null };
    Some(if documents.is_empty() { null } else { documents.remove(0).root })
}

/// Reads all documents of a file, as [`parse`] does; an empty file has none.
pub fn parse_all(file: FileId, text: &str, report: &Reporter) -> Option<Vec<Document>> {
    if !survey::survey(file, text, report) {
        return None;
    }
    build::build(file, text, report)
}

/// Reports what libyaml has against a text.
fn refuse(file: FileId, error: &serde_yaml::Error, report: &Reporter) {
    let full = error.to_string();
    let message = format!("this is not valid YAML: {}", why(&full));
    // `… at line 9 column 5, while parsing a block mapping at line 4 column 3`
    let began = full.rsplit_once(", while ").and_then(|(_, context)| {
        let (what, line) = context.split_once(" at line ")?;
        Some(format!("this was read while {what} that begins at line {line}"))
    });
    let at = span_of(file, error, report);
    let tab = report.line(at).is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'));
    let tab = tab.then(|| "lines are indented with spaces, never with tabs".to_owned());
    report.refuse_as(codes::YAML, at, message, tab.or(began));
}

/// What libyaml has against a text, if anything.
fn objection(text: &str) -> Option<serde_yaml::Error> {
    serde_yaml::Deserializer::from_str(text)
        .find_map(|document| IgnoredAny::deserialize(document).err())
}

fn span_of(file: FileId, error: &serde_yaml::Error, report: &Reporter) -> Span {
    error.location().map_or(Span::start_of(file), |at| {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        report.clip(Span { file, line: number(at.line()), column: number(at.column()), length: 1 })
    })
}

/// The message without its positions, which the diagnostic carries itself.
#[must_use]
pub fn why(full: &str) -> &str {
    full.split(" at line ").next().unwrap_or(full)
}
