//! How a plain field's value is read and set, and how the rows of a table of fields are declared.
//!
//! A plain field is one text, number, switch, list or map. Its row is all that is written about
//! it: the stack loader, the engine adapter, the planner, the host policy, the simulator and the
//! docs loop over the rows. The rows stand beside the types whose fields they describe
//! ([`crate::container`], [`crate::limits`], [`crate::privilege`], [`crate::network`]);
//! [`crate::fields`] puts them together, and [`crate::row`] is what one says.

use std::ops::Deref;

pub use super::row::{Chosen, Class, Form, Kernel, Part, Reach, Row};
use super::share::Namespace;
pub use super::value::{Owned, Slot, Value};

/// A plain field of `S`: its row, and the way to its value.
#[derive(Debug)]
pub struct Field<S: 'static> {
    /// What is to be said about it.
    pub row: Row,
    /// Its value.
    pub value: fn(&S) -> Value<'_>,
    /// Its value as it is compared: two that mean the same are equal.
    pub compared: fn(&S) -> Value<'_>,
    /// Where its value is.
    pub slot: fn(&mut S) -> Slot<'_>,
}

impl<S> Deref for Field<S> {
    type Target = Row;

    fn deref(&self) -> &Row {
        &self.row
    }
}

impl<S> Field<S> {
    /// The paths under which it is set: of texts by name, one for each.
    pub fn paths(&self, of: &S) -> Vec<String> {
        match (self.value)(of) {
            Value::Texts(texts) => {
                texts.keys().map(|name| format!("{}.{name}", self.key)).collect()
            }
            value if value.is_unset() => Vec::new(),
            _ => vec![self.key.to_owned()],
        }
    }

    /// Sets it.
    ///
    /// # Panics
    /// If the value is not of its form, which is a bug.
    pub fn set(&self, of: &mut S, value: Owned) {
        match ((self.slot)(of), value) {
            (Slot::Text(slot), Owned::Text(text)) => *slot = Some(text).filter(|t| !t.is_empty()),
            (Slot::Name(_), Owned::Text(text)) if text.is_empty() => {}
            (Slot::Name(slot), Owned::Text(text)) => *slot = text,
            (Slot::Flag(slot), Owned::Flag(on)) => *slot = on,
            (Slot::Switch(slot), Owned::Flag(on)) => *slot = Some(on),
            (Slot::Number(slot), Owned::Number(number)) => *slot = number,
            (Slot::Optional(slot), Owned::Number(number)) => *slot = Some(number),
            (Slot::List(slot), Owned::List(texts)) => *slot = texts,
            (Slot::Set(slot), Owned::List(texts)) => *slot = texts.into_iter().collect(),
            (Slot::Texts(slot), Owned::Texts(texts)) => *slot = texts,
            (Slot::Rates(slot), Owned::Rates(rates)) => *slot = rates,
            (Slot::Namespace(slot), Owned::Namespace(namespace)) => *slot = namespace,
            (_, value) => panic!("BUG: `{}` cannot be {value:?}", self.key),
        }
    }

    /// Leaves the choice of the default to the engine.
    pub fn clear(&self, of: &mut S) {
        match (self.slot)(of) {
            Slot::Text(slot) => *slot = None,
            Slot::Name(slot) => slot.clear(),
            Slot::Flag(slot) => *slot = false,
            Slot::Switch(slot) => *slot = None,
            Slot::Number(slot) => *slot = 0,
            Slot::Optional(slot) => *slot = None,
            Slot::List(slot) => slot.clear(),
            Slot::Set(slot) => slot.clear(),
            Slot::Texts(slot) => slot.clear(),
            Slot::Rates(slot) => slot.clear(),
            Slot::Namespace(slot) => *slot = Namespace::Default,
        }
    }
}

/// Declares a struct, and a table with a row for each of its plain fields: what is `own` is
/// structured. The order is that of the JSON, which hashes depend on. The rows are of fields of
/// `$whole`, which has the struct at the given place. JSON leaves plain fields out that are not
/// set, unless `always` stands before the struct.
macro_rules! fields {
    (
        @ #[$skip:meta]
        $(#[$meta:meta])*
        pub struct $name:ident, at |$spec:ident: $whole:ty| $place:expr, rows $rows:ident;
        $(
            own { $($(#[$own_meta:meta])* $own:ident: $own_type:ty,)* }
            plain {
                $(
                    $(#[$doc:meta])*
                    $field:ident: $type:ty = $row:expr $(, compared $compared:expr)?;
                )*
            }
        )+
    ) => {
        $(#[$meta])*
        pub struct $name {
            $(
                $($(#[$own_meta])* pub $own: $own_type,)*
                $(
                    $(#[$doc])*
                    #[$skip]
                    pub $field: $type,
                )*
            )+
        }

        /// A row for each plain field.
        pub(crate) static $rows: &[crate::field::Field<$whole>] = &[$($({
            use crate::value::Plain;
            crate::field::Field {
                row: $row,
                value: |$spec: &$whole| $place.$field.value(),
                compared: crate::field::first!(
                    $($compared,)? |$spec: &$whole| $place.$field.value(),
                ),
                slot: |$spec: &mut $whole| $place.$field.slot(),
            }
        },)*)+];
    };
    (always; $($rest:tt)*) => {
        crate::field::fields! { @ #[serde()] $($rest)* }
    };
    ($($rest:tt)*) => {
        crate::field::fields! {
            @ #[serde(skip_serializing_if = "crate::serde_default::is_default")] $($rest)*
        }
    };
}

/// The first of some expressions.
macro_rules! first {
    ($first:expr, $($rest:expr,)*) => {
        $first
    };
}

pub(crate) use {fields, first};
