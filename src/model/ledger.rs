//! The ledger: what must be remembered between passes and labels cannot say.
//!
//! It lives in Consul KV if Consul is configured, else on the engine itself. It never
//! holds a secret.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::action::LedgerChange;
use super::desired::Layout;
use super::digest::Digest;
use super::id::{
    ContainerId, DeploymentId, EngineName, ImageId, ImageRef, NetworkId, Revision, ServiceName,
    SourceId, VolumeName,
};
use super::time::Timestamp;

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
    /// What is ours although its labels do not say so, by engine and deployment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adopted: BTreeMap<EngineName, BTreeMap<DeploymentId, Adopted>>,
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
                self.adopted.retain(|_, adopted| {
                    adopted.remove(deployment);
                    !adopted.is_empty()
                });
            }
            LedgerChange::Adopt { deployment, engine, adopted, record } => {
                let all = self.adopted.entry(engine.clone()).or_default();
                all.insert(deployment.clone(), adopted.clone());
                if let Some(record) = record {
                    self.deployments.insert(deployment.clone(), record.clone());
                }
            }
        }
    }
}

/// What is ours of one deployment although we did not make it. Ids are never given twice,
/// so that one that is gone proves nothing about anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// The source that it was adopted for.
    pub source: SourceId,
    /// Containers by their full id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub containers: BTreeMap<ContainerId, AdoptedContainer>,
    /// Networks by their full id.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub networks: BTreeSet<NetworkId>,
    /// Volumes have no id: by name and the time they were made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<VolumeName, Option<String>>,
    /// Images that Compose built, and what the stack said of their builds then: they do not
    /// say it themselves.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<ImageRef, AdoptedImage>,
}

/// What is remembered of an adopted image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedImage {
    /// Which image had the name.
    pub id: ImageId,
    /// The hash of the build in the stack.
    pub build: Digest,
}

/// What is remembered of an adopted container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedContainer {
    /// The hash of the files that the stack put into it when it was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_hash: Option<Digest>,
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
    /// When images were pulled whose policy asks for it: an engine does not tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pulled: BTreeMap<ImageRef, Pulled>,
}

/// When an image was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulled {
    /// The time.
    pub at: Timestamp,
    /// The revision that asked for it.
    pub revision: Revision,
}
