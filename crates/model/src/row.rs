//! What a row of the table of fields says: all that is to be said about one plain field.

use super::ability::ApiVersion;
use super::demand::Demand;
use super::share::Namespace;
use super::value::Value;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The top of a create body; `Config` of an inspection.
    Config,
    /// `HostConfig` of both.
    HostConfig,
    /// A network.
    Network,
    /// `IPAM` of a network.
    Ipam,
    /// A volume.
    Volume,
}

impl Part {
    /// Its name in the engine's API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "Config",
            Self::HostConfig => "HostConfig",
            Self::Network => "Network",
            Self::Ipam => "Network.IPAM",
            Self::Volume => "Volume",
        }
    }

    /// Whether a create body has its members also where nothing is set, as Compose sends them.
    #[must_use]
    pub fn has_all_members(self) -> bool {
        matches!(self, Self::Network | Self::Volume)
    }
}

/// How the stack writes a field, and how the engine's API and a plan do.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A text.
    Text,
    /// A text, of which one is the engine's word for nothing.
    TextBut(&'static str),
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
    /// Labels: those that say whose a thing is are not the stack's.
    Labels,
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
    /// What that row says, which several fields together demand: [`crate::demands`] knows.
    Together(&'static str),
}

impl Reach {
    /// The row of [`crate::grants`].
    #[must_use]
    pub fn row(self) -> &'static str {
        let (Self::Inside(row) | Self::Host(row, _) | Self::Together(row)) = self;
        row
    }
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
    /// Its name in answers.
    pub answered: &'static str,
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
            answered: member,
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

    pub(crate) const fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    pub(crate) const fn answered(self, answered: &'static str) -> Self {
        Self { answered, ..self }
    }

    pub(crate) const fn class(self, class: Class) -> Self {
        Self { class, ..self }
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

    pub(crate) const fn together(self, row: &'static str) -> Self {
        Self { reach: Reach::Together(row), ..self }
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
