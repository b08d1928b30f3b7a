//! The values that plain fields have, borrowed, owned, and in place.

use std::collections::{BTreeMap, BTreeSet};

use super::share::Namespace;

/// The value of a plain field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'s> {
    /// A text; empty is nothing.
    Text(&'s str),
    /// On, or nothing.
    Flag(bool),
    /// On or off.
    Switch(Option<bool>),
    /// A number; 0 is nothing.
    Number(i64),
    /// A number, or nothing.
    Optional(Option<i64>),
    /// Texts in order.
    List(&'s [String]),
    /// Texts without order.
    Set(&'s BTreeSet<String>),
    /// Texts by name.
    Texts(&'s BTreeMap<String, String>),
    /// Numbers by device.
    Rates(&'s BTreeMap<String, i64>),
    /// Whose namespace.
    Namespace(&'s Namespace),
}

impl Value<'_> {
    /// Whether the field is not set.
    #[must_use]
    pub fn is_unset(self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Flag(on) => !on,
            Self::Switch(on) => on.is_none(),
            Self::Number(number) => number == 0,
            Self::Optional(number) => number.is_none(),
            Self::List(texts) => texts.is_empty(),
            Self::Set(texts) => texts.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
            Self::Rates(rates) => rates.is_empty(),
            Self::Namespace(namespace) => *namespace == Namespace::Default,
        }
    }

    /// A copy that can be kept.
    #[must_use]
    pub fn to_owned(self) -> Owned {
        match self {
            Self::Text(text) => Owned::Text(text.to_owned()),
            Self::Flag(on) => Owned::Flag(on),
            Self::Switch(on) => Owned::Flag(on.unwrap_or_default()),
            Self::Number(number) => Owned::Number(number),
            Self::Optional(number) => Owned::Number(number.unwrap_or_default()),
            Self::List(texts) => Owned::List(texts.to_vec()),
            Self::Set(texts) => Owned::List(texts.iter().cloned().collect()),
            Self::Texts(texts) => Owned::Texts(texts.clone()),
            Self::Rates(rates) => Owned::Rates(rates.clone()),
            Self::Namespace(namespace) => Owned::Namespace(namespace.clone()),
        }
    }
}

/// A value that was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Owned {
    /// A text.
    Text(String),
    /// On or off.
    Flag(bool),
    /// A number.
    Number(i64),
    /// Texts, of a list or a set.
    List(Vec<String>),
    /// Texts by name.
    Texts(BTreeMap<String, String>),
    /// Numbers by device.
    Rates(BTreeMap<String, i64>),
    /// Whose namespace.
    Namespace(Namespace),
}

/// Where the value of a plain field is.
#[derive(Debug)]
pub enum Slot<'s> {
    /// A text.
    Text(&'s mut Option<String>),
    /// A text that is never nothing: setting it to nothing leaves it as it is.
    Name(&'s mut String),
    /// On, or nothing.
    Flag(&'s mut bool),
    /// On or off.
    Switch(&'s mut Option<bool>),
    /// A number; 0 is nothing.
    Number(&'s mut i64),
    /// A number, or nothing.
    Optional(&'s mut Option<i64>),
    /// Texts in order.
    List(&'s mut Vec<String>),
    /// Texts without order.
    Set(&'s mut BTreeSet<String>),
    /// Texts by name.
    Texts(&'s mut BTreeMap<String, String>),
    /// Numbers by device.
    Rates(&'s mut BTreeMap<String, i64>),
    /// Whose namespace.
    Namespace(&'s mut Namespace),
}

/// A type that a plain field can have.
pub(crate) trait Plain {
    fn value(&self) -> Value<'_>;
    fn slot(&mut self) -> Slot<'_>;
}

macro_rules! plain {
    ($($type:ty => $variant:ident, $slot:ident, |$it:ident| $value:expr;)+) => {$(
        impl Plain for $type {
            fn value(&self) -> Value<'_> {
                let $it = self;
                Value::$variant($value)
            }

            fn slot(&mut self) -> Slot<'_> {
                Slot::$slot(self)
            }
        }
    )+};
}

plain! {
    Option<String> => Text, Text, |it| it.as_deref().unwrap_or_default();
    String => Text, Name, |it| it;
    bool => Flag, Flag, |it| *it;
    Option<bool> => Switch, Switch, |it| *it;
    i64 => Number, Number, |it| *it;
    Option<i64> => Optional, Optional, |it| *it;
    Vec<String> => List, List, |it| it;
    BTreeSet<String> => Set, Set, |it| it;
    BTreeMap<String, String> => Texts, Texts, |it| it;
    BTreeMap<String, i64> => Rates, Rates, |it| it;
    Namespace => Namespace, Namespace, |it| it;
}
