//! Going back: what becomes of a deployment whose rollout fails, and the state that it returns to.

use serde::Serialize;

use super::id::Revision;
use super::ledger::{Pin, Quarantine, Then};

/// What is done when a replica of a rollout fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The whole deployment returns to its last stable state.
    #[default]
    Rollback,
    /// It is left as it stands.
    Pause,
    /// It is tried again and again.
    Continue,
}

impl OnFailure {
    /// What is remembered of it; `None` if nothing is, because it is tried again.
    #[must_use]
    pub fn then(self) -> Option<Then> {
        match self {
            Self::Rollback => Some(Then::Rollback),
            Self::Pause => Some(Then::Pause),
            Self::Continue => None,
        }
    }
}

/// Why a deployment is not what the source's newest revision says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instead {
    /// Why.
    pub why: Why,
    /// What is wanted instead.
    pub of: InsteadOf,
}

/// Why the source is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The rollout of its revision failed.
    Failed(Quarantine),
    /// A person asked for it.
    Asked(Pin),
}

/// What is wanted of a deployment in place of what the source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InsteadOf {
    /// A state that worked, of this revision.
    Stable(Revision),
    /// What runs, which is repaired.
    Standing,
    /// What runs, because the state that worked cannot be had.
    Lost(String),
    /// Nothing: it is left alone.
    Nothing,
}

impl Instead {
    /// The revision that is wanted in place of the source's newest; `None` if none is.
    #[must_use]
    pub fn revision(&self) -> Option<&Revision> {
        match &self.of {
            InsteadOf::Stable(revision) => Some(revision),
            InsteadOf::Standing | InsteadOf::Lost(_) | InsteadOf::Nothing => None,
        }
    }

    /// The revision that failed, if that is why.
    #[must_use]
    pub fn failed(&self) -> Option<&Quarantine> {
        match &self.why {
            Why::Failed(quarantine) => Some(quarantine),
            Why::Asked(_) => None,
        }
    }
}
