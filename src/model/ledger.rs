//! The ledger: what must be remembered between passes and labels cannot say.
//!
//! It lives in Consul KV if Consul is configured, else on the engine itself. It never
//! holds a secret.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::action::LedgerChange;
use super::desired::Layout;
use super::digest::Digest;
use super::id::{ContainerId, DeploymentId, EngineName, Revision, ServiceName, SourceId};

/// The ledger as seen.
#[derive(Clone, Debug)]
pub enum LedgerView {
    /// It was read; an installation that never wrote one has an empty one.
    Seen {
        /// What it says.
        ledger: Ledger,
        /// The generation it was read at: the next write must follow exactly this one.
        generation: u64,
    },
    /// It could not be read.
    Unseen {
        /// What went wrong.
        error: String,
    },
}

/// What we remember.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// What was last applied, by deployment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deployments: BTreeMap<DeploymentId, DeploymentRecord>,
    /// Containers that are ours although their labels do not say so.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopted: BTreeSet<ContainerId>,
}

impl Ledger {
    /// Makes one change.
    pub fn apply(&mut self, change: &LedgerChange) {
        match change {
            LedgerChange::Record { deployment, record } => {
                self.deployments.insert(deployment.clone(), record.clone());
            }
            LedgerChange::Forget { deployment } => {
                self.deployments.remove(deployment);
            }
        }
    }
}

/// What was last applied of one deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRecord {
    /// From which source.
    pub source: SourceId,
    /// On which engine.
    pub engine: EngineName,
    /// Which revision last changed it.
    pub revision: Revision,
    /// The hash of the whole deployment at that revision.
    pub hash: Digest,
    /// How the source's deployments were found; a change of it never prunes unasked.
    pub layout: Layout,
    /// How many replicas each service had: a slot beyond is scaled up, one within
    /// is replaced.
    #[serde(default)]
    pub scale: BTreeMap<ServiceName, u32>,
}
