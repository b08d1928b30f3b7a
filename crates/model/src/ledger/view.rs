//! The ledger as seen: what a place holds of it, and what all of them hold together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ledger, Record};
use crate::id::{DeploymentId, EngineName};

/// What one place holds: Consul, or an engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The records that it holds.
    pub ledger: Ledger,
    /// Those in the form that is written no more.
    pub single: Ledger,
    /// The records that it holds, but that cannot be read, and why.
    pub unreadable: BTreeMap<(EngineName, DeploymentId), String>,
    /// Whether it holds what newer records have replaced, or the form that is written no more.
    pub leftovers: bool,
}

/// The ledger as seen.
#[derive(Clone, Debug, Default)]
pub struct LedgerView {
    /// The records that were read; a deployment of which none was ever written has none.
    pub ledger: Ledger,
    /// Why none of them could be read, if so.
    pub unseen: Option<String>,
    /// Why those of an engine could not be read.
    pub unseen_on: BTreeMap<EngineName, String>,
    /// Why these could not be read.
    pub unreadable: BTreeMap<(EngineName, DeploymentId), String>,
    /// Records that are not where they are written now: Consul was switched on, or they are in
    /// the form that is written no more.
    pub misplaced: BTreeSet<(EngineName, DeploymentId)>,
    /// Whether something is to be removed that is needed no more.
    pub leftovers: bool,
}

impl LedgerView {
    /// Nothing could be read.
    #[must_use]
    pub fn unseen(error: impl Into<String>) -> Self {
        Self { unseen: Some(error.into()), ..Self::default() }
    }

    /// What is known of a deployment on an engine.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn record(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
    ) -> Result<Option<&Record>, &str> {
        let error = self.unseen.as_ref().or_else(|| self.unseen_on.get(engine)).or_else(|| {
            let mut unreadable = self.unreadable.iter();
            unreadable.find(|((e, d), _)| e == engine && d == deployment).map(|(_, why)| why)
        });
        match error {
            Some(error) => Err(error),
            None => Ok(self.ledger.record(engine, deployment)),
        }
    }

    /// Whether every record is where it is written now, and nothing else is there.
    #[must_use]
    pub fn is_tidy(&self) -> bool {
        self.unseen.is_some() || (self.misplaced.is_empty() && !self.leftovers)
    }
}
