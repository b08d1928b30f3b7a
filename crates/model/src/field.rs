//! What a row of the table of fields says, and how a plain field's value is read and set.
//!
//! A plain field is one text, number, switch, list or map. Its row is all that is written about
//! it: the stack loader, the engine adapter, the planner, the host policy, the simulator and the
//! docs loop over the rows. The rows stand beside the types whose fields they describe
//! ([`crate::container`], [`crate::limits`], [`crate::privilege`], [`crate::network`]);
//! [`crate::fields`] puts them together.

use std::ops::Deref;

use super::ability::ApiVersion;
use super::demand::Demand;
use super::share::Namespace;
pub use super::value::{Owned, Slot, Value};

/// What a difference in a field costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Changed as the container runs.
    InPlace {
        /// Whether it can also be lifted that way. The engine takes most limits of nothing for
        /// "leave it as it is" (seen on 20.10).
        lifts: bool,
    },
    /// The container is replaced.
    Recreate,
    /// The container is replaced, and data in a volume is at stake.
    RecreateWithData,
}

impl Class {
    /// Whether it is changed as the container runs.
    #[must_use]
    pub fn is_in_place(self) -> bool {
        matches!(self, Self::InPlace { .. })
    }
}

/// In which object of the engine's API a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The top of a create body; `Config` of an inspection.
    Config,
    /// `HostConfig` of both.
    HostConfig,
}

impl Part {
    /// Its name in the engine's API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "Config",
            Self::HostConfig => "HostConfig",
        }
    }
}

/// How the stack writes a field, and how the engine's API and a plan do.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A text.
    Text,
    /// An absolute path, without what leads nowhere: the engine cleans it.
    Path,
    /// One of a few words.
    Word {
        /// What it is, for messages: `an isolation`.
        of: &'static str,
        /// The words.
        known: &'static [&'static str],
    },
    /// True or false.
    Flag,
    /// A whole number, brought into the range that the engine keeps.
    Number(fn(i64) -> i64),
    /// A whole number whose 0 counts, too; negative is nothing.
    Optional,
    /// A size in bytes, with or without a unit; -1 where it may be without limit.
    Bytes {
        /// Whether -1 is one.
        unlimited: bool,
    },
    /// A decimal number, kept in units of `10^-digits`.
    Decimal {
        /// How many digits follow the point.
        digits: u32,
        /// What it is, for messages.
        of: &'static str,
    },
    /// A duration in whole seconds, which the loader rounds.
    Seconds,
    /// Texts in order.
    List,
    /// Texts without order, each in the engine's form.
    Set {
        /// What a plan says of each that is there.
        word: &'static str,
        /// The engine's form of one.
        normal: fn(&str) -> String,
    },
    /// Texts by name.
    Texts,
    /// A number for each device.
    Rates {
        /// The member of the engine's object beside `Path`.
        member: &'static str,
    },
    /// Whose namespace it is, one of these.
    Namespace(&'static [Namespace]),
}

/// Who chooses where the stack says nothing.
#[derive(Clone, Copy, Debug)]
pub enum Chosen {
    /// Nobody: it is not set.
    Not,
    /// The image.
    ByImage,
    /// The engine: what it chose is missed only if the stack asked for it once.
    ByEngine,
    /// The operator, on the engine or with Consul's resolvers.
    ByOperator,
}

/// The kernel feature that a limit needs. An engine without it drops the limit with a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Limits of memory.
    Memory,
    /// Limits of memory, and of swap.
    Swap,
    /// Control groups of version 1.
    FirstCgroups,
    /// Control groups of version 1 with a switch for the killer of processes.
    OomKiller,
    /// A scheduler with periods and quotas.
    PeriodAndQuota,
    /// A scheduler with periods.
    Period,
    /// A scheduler with quotas.
    Quota,
    /// A scheduler with weights.
    Shares,
    /// Sets of CPUs.
    Cpuset,
    /// Limits of processes.
    Pids,
    /// Not Linux.
    Windows,
    /// Nothing that an engine tells beforehand: it drops the value where the kernel has no such
    /// thing.
    Untold,
}

/// What a field can reach of the host.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// Nothing, for the reason that this row of [`crate::grants`] gives.
    Inside(&'static str),
    /// What a value demands, as this row of [`crate::grants`] says.
    Host(&'static str, fn(Value<'_>) -> Vec<Demand>),
}

/// All that is to be said about a field.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The key of the stack, and the path of a difference.
    pub key: &'static str,
    /// Where the engine's API has it.
    pub part: Part,
    /// Its name there.
    pub member: &'static str,
    /// How it is written.
    pub form: Form,
    /// What a difference costs.
    pub class: Class,
    /// Who chooses where the stack says nothing.
    pub chosen: Chosen,
    /// The kernel feature that it needs.
    pub kernel: Option<Kernel>,
    /// The first version of the API that knows it; `None` is any supported one.
    pub since: Option<ApiVersion>,
    /// What it can reach of the host.
    pub reach: Reach,
    /// What is compared, for the docs; empty is the member itself.
    pub about: &'static str,
}

impl Row {
    /// A field of `Config` that a difference in recreates the container for.
    pub(crate) const fn config(key: &'static str, member: &'static str, form: Form) -> Self {
        Self {
            key,
            part: Part::Config,
            member,
            form,
            class: Class::Recreate,
            chosen: Chosen::Not,
            kernel: None,
            since: None,
            reach: Reach::Inside("process"),
            about: "",
        }
    }

    /// Likewise of `HostConfig`.
    pub(crate) const fn host(key: &'static str, member: &'static str, form: Form) -> Self {
        Self { part: Part::HostConfig, ..Self::config(key, member, form) }
    }

    pub(crate) const fn in_place(self) -> Self {
        Self { class: Class::InPlace { lifts: false }, ..self }
    }

    pub(crate) const fn lifted_in_place(self) -> Self {
        Self { class: Class::InPlace { lifts: true }, ..self }
    }

    pub(crate) const fn chosen(self, chosen: Chosen) -> Self {
        Self { chosen, ..self }
    }

    pub(crate) const fn needs(self, kernel: Kernel) -> Self {
        Self { kernel: Some(kernel), ..self }
    }

    pub(crate) const fn since(self, minor: u32) -> Self {
        Self { since: Some(ApiVersion::one(minor)), ..self }
    }

    pub(crate) const fn inside(self, row: &'static str) -> Self {
        Self { reach: Reach::Inside(row), ..self }
    }

    pub(crate) const fn demands(
        self,
        row: &'static str,
        demands: fn(Value<'_>) -> Vec<Demand>,
    ) -> Self {
        Self { reach: Reach::Host(row, demands), ..self }
    }

    pub(crate) const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }
}

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
    /// Sets it.
    ///
    /// # Panics
    /// If the value is not of its form, which is a bug.
    pub fn set(&self, of: &mut S, value: Owned) {
        match ((self.slot)(of), value) {
            (Slot::Text(slot), Owned::Text(text)) => *slot = Some(text).filter(|t| !t.is_empty()),
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
/// `$whole`, which has the struct at the given place.
macro_rules! fields {
    (
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
                    #[serde(skip_serializing_if = "crate::serde_default::is_default")]
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
}

/// The first of some expressions.
macro_rules! first {
    ($first:expr, $($rest:expr,)*) => {
        $first
    };
}

pub(crate) use {fields, first};
