//! The table of the Compose Specification: every object, its keys in the order of Compose's
//! own types (the order of its JSON, which decides the config hashes), what each holds and
//! when it is printed. Plain data: checks, the normal form, the output and the JSON Schema
//! are all made from it.

mod build;
mod deploy;
mod parts;
mod root;
mod service;

pub use root::{FILE, NETWORK, VOLUME};
pub use service::SERVICE;

/// A map with known keys.
pub struct Object {
    /// Its name in a JSON Schema.
    pub name: &'static str,
    /// Its keys, in the order in which they are printed.
    pub fields: &'static [Field],
    /// Keys that have to be there.
    pub required: &'static [&'static str],
    /// What other keys it may have.
    pub rest: Rest,
    /// Whether its keys begin with a capital letter in JSON.
    pub capital: bool,
}

/// The keys that an object may have beside its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// `x-*`.
    Extensions,
    /// None at all.
    Nothing,
    /// Any.
    Anything,
}

/// A key of an object.
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// When it is printed.
    pub printed: Printed,
}

/// When a field of the normal form is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    /// Unless it is empty, zero or false.
    IfSet,
    /// If it is there, also if it is empty, zero or false.
    IfThere,
    /// In JSON always, as `null` if it is not there; in YAML if it is there.
    NullInJson,
    /// In JSON always, as an object; in YAML unless it is empty.
    ObjectInJson,
    /// In YAML always.
    InYaml,
    /// Always, as its zero if it is not there.
    Always,
    /// Only in YAML, unless it is empty.
    YamlOnly,
    /// Never.
    Never,
}

/// What a key or an item may hold, and what that becomes.
pub enum Shape {
    /// One scalar.
    One(One),
    /// A list.
    List {
        /// What its items are.
        item: &'static Shape,
        /// Whether no two may be equal.
        unique: bool,
    },
    /// A string or a list of strings; becomes a list.
    TextOrList {
        /// Whether no two may be equal.
        unique: bool,
    },
    /// A map with free keys.
    Map {
        /// Which keys its values are checked for.
        keys: Keys,
        /// What its values are.
        value: &'static Shape,
        /// Whether other keys are refused.
        closed: bool,
    },
    /// A map with known keys.
    Object(&'static Object),
    /// Nothing, or a shape.
    OrNull(&'static Shape),
    /// Short forms, and the long one that they become.
    Forms(&'static [Shape], &'static Shape),
    /// One of several shapes; stays as it is.
    Either(&'static [Shape]),
    /// A map of scalars or a list of `name=value`; becomes a map.
    Pairs(Pairs),
    /// `extra_hosts`: a map or list; becomes a sorted list of `name=address`.
    Hosts,
    /// A command line: nothing, a string that is split into words, or a list.
    Command,
    /// `healthcheck.test`: a string becomes `CMD-SHELL`.
    HealthTest,
    /// `build.ssh`: becomes a map, printed as a list of `id` and `id=path`.
    Ssh,
}

/// What a name without a value stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// An empty text.
    Empty,
    /// The value of the environment's variable.
    Inherited,
}

/// Which keys the values of a map are checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// All but the empty one: `.+`
    Some,
    /// `^[a-zA-Z0-9._-]+$`
    Name,
    /// `^[a-z]+$`
    Lower,
}

impl Keys {
    /// Whether a key is one of those.
    #[must_use]
    pub fn covers(self, key: &str) -> bool {
        let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        !key.is_empty()
            && match self {
                Self::Some => true,
                Self::Name => key.bytes().all(name),
                Self::Lower => key.bytes().all(|b| b.is_ascii_lowercase()),
            }
    }
}

/// A scalar.
#[derive(Clone, Copy)]
pub struct One {
    /// Which types it may be written as.
    pub types: Types,
    /// What it becomes.
    pub becomes: Becomes,
    /// The only words that are allowed, if any.
    pub words: &'static [&'static str],
    /// What a string has to contain.
    pub pattern: Option<&'static Pattern>,
    /// The smallest and the largest whole number.
    pub range: Option<(i64, i64)>,
}

/// A set of the types of a JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// A list or a map.
    pub const NONE: Self = Self(0);
    /// `string`
    pub const STRING: Self = Self(1);
    /// `integer`
    pub const INTEGER: Self = Self(2);
    /// `number`, which an integer is as well.
    pub const NUMBER: Self = Self(4);
    /// `boolean`
    pub const BOOLEAN: Self = Self(8);
    /// `null`
    pub const NULL: Self = Self(16);

    /// Both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of `other` is in it.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a scalar becomes in the normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// Its text.
    Text,
    /// `true` or `false`, also from the words of YAML 1.1.
    Flag,
    /// A whole number.
    Int,
    /// A whole number that is not negative and no string.
    Unsigned,
    /// A number of single precision.
    Float,
    /// Go's form of a duration, `1m30s`.
    Duration,
    /// A number of bytes, as text.
    Bytes,
    /// Permission bits as octal text, `0440`.
    Mode,
    /// A number of devices; `all` is -1.
    Count,
}

/// A regular expression, and what it matches.
pub struct Pattern {
    /// As a JSON Schema has it.
    pub regex: &'static str,
    /// Whether a text contains it.
    pub found_in: fn(&str) -> bool,
    /// In words.
    pub meaning: &'static str,
}

impl Object {
    /// An object that may have extensions.
    const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        Self { name, fields, required: &[], rest: Rest::Extensions, capital: false }
    }

    /// The same with keys that have to be there.
    const fn needs(self, required: &'static [&'static str]) -> Self {
        Self { required, ..self }
    }

    /// The same with other rules for unknown keys.
    const fn rest(self, rest: Rest) -> Self {
        Self { rest, ..self }
    }

    /// The same with capital letters in JSON.
    const fn capital(self) -> Self {
        Self { capital: true, ..self }
    }

    /// The field of a key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        Some(&self.fields[self.place(key)?])
    }

    /// Where the field of a key is among all.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.key == key)
    }
}

/// A field that is printed unless it is empty.
const fn set(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, printed: Printed::IfSet }
}

/// A field that is printed if it is there.
const fn there(key: &'static str, shape: Shape) -> Field {
    Field { key, shape, printed: Printed::IfThere }
}

/// A field that is printed in its own way.
const fn printed(key: &'static str, shape: Shape, printed: Printed) -> Field {
    Field { key, shape, printed }
}

const fn one(types: Types, becomes: Becomes) -> Shape {
    Shape::One(One { types, becomes, words: &[], pattern: None, range: None })
}

/// A string that is one of several words.
const fn word(words: &'static [&'static str]) -> Shape {
    let types = Types::STRING;
    Shape::One(One { types, becomes: Becomes::Text, words, pattern: None, range: None })
}

const fn pattern(pattern: &'static Pattern) -> Shape {
    let (types, becomes) = (Types::STRING, Becomes::Text);
    Shape::One(One { types, becomes, words: &[], pattern: Some(pattern), range: None })
}

/// A string, or a whole number within bounds.
const fn within(becomes: Becomes, least: i64, most: i64) -> Shape {
    let types = Types::INTEGER.or(Types::STRING);
    Shape::One(One { types, becomes, words: &[], pattern: None, range: Some((least, most)) })
}

/// A string.
pub(super) const TEXT: Shape = one(Types::STRING, Becomes::Text);
/// Any scalar, or nothing.
pub(super) const SCALAR: Shape =
    one(Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN).or(Types::NULL), Becomes::Text);
const TEXT_OR_NUMBER: Shape = one(Types::STRING.or(Types::NUMBER), Becomes::Text);
const FLAG: Shape = one(Types::BOOLEAN.or(Types::STRING), Becomes::Flag);
const STRICT_FLAG: Shape = one(Types::BOOLEAN, Becomes::Flag);
const INT: Shape = one(Types::INTEGER.or(Types::STRING), Becomes::Int);
const NUMBER: Shape = one(Types::NUMBER.or(Types::STRING), Becomes::Int);
const UNSIGNED: Shape = one(Types::INTEGER.or(Types::STRING), Becomes::Unsigned);
const FLOAT: Shape = one(Types::NUMBER.or(Types::STRING), Becomes::Float);
const DURATION: Shape = one(Types::STRING, Becomes::Duration);
const BYTES: Shape = one(Types::NUMBER.or(Types::STRING), Becomes::Bytes);
const WHOLE_BYTES: Shape = one(Types::INTEGER.or(Types::STRING), Becomes::Bytes);
/// A list of strings.
pub(super) const TEXTS: Shape = Shape::List { item: &TEXT, unique: false };
const UNIQUE_TEXTS: Shape = Shape::List { item: &TEXT, unique: true };
const TEXT_OR_TEXTS: Shape = Shape::TextOrList { unique: true };
const LABELS: Shape = Shape::Pairs(Pairs::Empty);
const ENVIRONMENT: Shape = Shape::Pairs(Pairs::Inherited);
/// Options of a driver: a map of strings and numbers.
const OPTIONS: Shape = Shape::Map { keys: Keys::Some, value: &TEXT_OR_NUMBER, closed: false };

/// A list of objects without short forms.
const fn list(item: &'static Shape) -> Shape {
    Shape::List { item, unique: false }
}
