//! What a step changes in the record of one deployment on one engine.

use serde::Serialize;

use super::{Adopted, DeploymentRecord, PastRollout, Pin, Quarantine, Stable};
use crate::id::{DeploymentId, EngineName};

/// One change of a record of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum LedgerChange {
    /// What was applied of a deployment.
    Record {
        /// Which deployment.
        deployment: DeploymentId,
        /// What was applied.
        record: DeploymentRecord,
        /// Whether git asks for it, so that a revision that failed before it may be tried again.
        lifts: bool,
    },
    /// What became of a rollout.
    Enter {
        /// Of which deployment.
        deployment: DeploymentId,
        /// The rollout.
        rollout: Box<PastRollout>,
    },
    /// What was rolled out works: a rollout that fails goes back to it from now on.
    Stable {
        /// Of which deployment.
        deployment: DeploymentId,
        /// What works.
        stable: Box<Stable>,
    },
    /// The rollout of a revision failed.
    Quarantine {
        /// Of which deployment.
        deployment: DeploymentId,
        /// Which revision.
        quarantine: Box<Quarantine>,
    },
    /// A person wants something else than the source says.
    Pin {
        /// Of which deployment.
        deployment: DeploymentId,
        /// What.
        pin: Box<Pin>,
    },
    /// The source is followed again, also where its revision failed.
    Resume {
        /// For which deployment.
        deployment: DeploymentId,
    },
    /// A deployment is gone.
    Forget {
        /// Which.
        deployment: DeploymentId,
    },
    /// Something that Compose made for a deployment is ours.
    Adopt {
        /// Which deployment.
        deployment: DeploymentId,
        /// Where it is.
        engine: EngineName,
        /// Everything that is adopted there for the deployment, also what was before.
        adopted: Adopted,
        /// What is applied thereby, if the deployment is already what git says.
        record: Option<DeploymentRecord>,
    },
}

impl LedgerChange {
    /// Whose record it changes.
    #[must_use]
    pub fn deployment(&self) -> &DeploymentId {
        match self {
            Self::Record { deployment, .. }
            | Self::Enter { deployment, .. }
            | Self::Stable { deployment, .. }
            | Self::Quarantine { deployment, .. }
            | Self::Pin { deployment, .. }
            | Self::Resume { deployment }
            | Self::Forget { deployment }
            | Self::Adopt { deployment, .. } => deployment,
        }
    }
}
