//! The tree: what a YAML file holds, and where everything was written.
//!
//! Its texts are short nearly always, and many are copies: [`SmolStr`] keeps short ones in the
//! node itself, and shares long ones between copies.

use smol_str::SmolStr;

/// A file that was read, by its number in the [`Reporter`](crate::report::Reporter).
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
    pub text: SmolStr,
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
    pub key: SmolStr,
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
