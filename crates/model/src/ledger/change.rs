//! What a step changes in the record of one deployment on one engine.

use serde::Serialize;

use super::{Adopted, DeploymentRecord, PastRollout};
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
    },
    /// What became of a rollout.
    Enter {
        /// Of which deployment.
        deployment: DeploymentId,
        /// The rollout.
        rollout: Box<PastRollout>,
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
            | Self::Forget { deployment }
            | Self::Adopt { deployment, .. } => deployment,
        }
    }
}
