//! What is there, as a tree: deployments, their services, the replicas of those. It is what the
//! answers to people are made from, as text and as JSON.
//!
//! What was not seen is `None`, which JSON writes as `null`, never an empty list; what the source
//! says is `None`, too, where no source was read. Values of fields that differ are masked already;
//! every other text is as the engine, the stack or the catalog has it.

mod container;
mod find;

use serde::Serialize;

pub use self::container::{CheckNode, ContainerNode, EntryNode, PortNode};
use super::diagnostic::{Diagnostic, Loc};
use super::difference::Difference;
use super::field::Class;
use super::fields::class_of;
use super::id::{
    ContainerName, DeploymentId, EngineName, ImageRef, NetworkId, NetworkName, Revision,
    ServiceName, Slot, SourceId, VolumeName,
};
use super::ledger::{PastRollout, RolloutResult};
use super::overview::Kind;
use super::plan::{Blocked, Cause, Health, Sync};
use super::time::Timestamp;

/// The version of the JSON; a field that is only added does not change it.
pub const SCHEMA_VERSION: u32 = 1;

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// The version of this object's form.
    pub schema_version: u32,
    /// When the look began.
    pub at: Time,
    /// What desired state was read from; `None` if labels and the ledger are all that is known.
    pub source: Option<SourceId>,
    /// Its newest revision.
    pub revision: Option<RevisionNode>,
    /// What did not answer, and why.
    pub unseen: Vec<UnseenNode>,
    /// The deployments, by id and engine.
    pub deployments: Vec<DeploymentNode>,
    /// What is withheld and belongs to no deployment.
    pub withheld: Vec<Blocked>,
}

/// A part of the world that did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnseenNode {
    /// Which: engine `web1`, Consul, the ledger.
    pub part: String,
    /// The engine, if it is one.
    pub engine: Option<EngineName>,
    /// What it answered instead.
    pub error: String,
}

/// A revision, and what is known of its commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevisionNode {
    /// The commit, or the hash of a folder's content.
    pub id: Revision,
    /// Who wrote the commit, when, and its first line; `None` if that is not known.
    pub commit: Option<Commit>,
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// Its author's name.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
    /// When it was written, as its author's clock had it.
    pub time: Time,
}

/// A deployment on one engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeploymentNode {
    /// Its id.
    pub id: DeploymentId,
    /// Where it is, or is to be; `None` if that cannot be read from its stack.
    pub engine: Option<EngineName>,
    /// The source that it belongs to.
    pub source: Option<SourceId>,
    /// Whether the source that was read has it; `None` if none was read.
    pub wanted: Option<bool>,
    /// What was last applied; `None` if nothing tells.
    pub revision: Option<RevisionNode>,
    /// Whether it is as the source says.
    pub sync: Sync,
    /// Whether it works.
    pub health: Health,
    /// Where it is declared.
    pub at: Option<Loc>,
    /// The first error of its stack, if that is not valid; then nothing else of it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Diagnostic>,
    /// Why its engine, or what is remembered of it, was not seen.
    pub unseen: Option<String>,
    /// What is withheld, and what it waits for.
    pub withheld: Vec<Blocked>,
    /// How its last rollout went; `None` if none is remembered.
    pub last_rollout: Option<RolloutNode>,
    /// Its last rollouts, newest first.
    #[serde(skip)]
    pub history: Vec<PastRollout>,
    /// Its services, by name; `None` if neither a source nor an engine tells.
    pub services: Option<Vec<ServiceNode>>,
    /// Its networks, by name; likewise.
    pub networks: Option<Vec<NetworkNode>>,
    /// Its named volumes, by name; likewise.
    pub volumes: Option<Vec<VolumeNode>>,
}

/// How a rollout went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RolloutNode {
    /// Which revision it was for.
    pub revision: Revision,
    /// When its last attempt began.
    pub began: Time,
    /// When that ended.
    pub ended: Time,
    /// How it ended; of what failed, what was being done and the error.
    pub result: RolloutResult,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceNode {
    /// Its name.
    pub name: ServiceName,
    /// How many replicas it is to have: as the source says, else as was last applied.
    pub wanted: Option<u32>,
    /// How many of them run.
    pub running: Option<u32>,
    /// How many of them work: of a job, those that ended well, too.
    pub healthy: Option<u32>,
    /// The image: as the source says, else that of its newest container.
    pub image: Option<ImageRef>,
    /// Where it is written.
    pub at: Option<Loc>,
    /// The worst of its replicas.
    pub health: Health,
    /// What of it is withheld, and what that waits for.
    pub withheld: Vec<Blocked>,
    /// Its replicas, by slot, a container each; one that is missing has no container. `None` if
    /// its engine was not seen.
    pub replicas: Option<Vec<ReplicaNode>>,
}

/// A replica, or a container that took the place of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplicaNode {
    /// Which of its service.
    pub slot: Slot,
    /// What its container is called, or is to be.
    pub name: ContainerName,
    /// Whether the service is to have this slot; `None` if no source was read.
    pub wanted: Option<bool>,
    /// Whether it works.
    pub health: Health,
    /// Its container; `None` if there is none.
    pub container: Option<ContainerNode>,
    /// In what it is not what the source says; `None` if that was not compared.
    pub drift: Option<Vec<Drift>>,
    /// What the next pass does with it.
    pub next: Option<Next>,
}

/// A field in which something is not what the source says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The field, both values, and who changed it.
    #[serde(flatten)]
    pub difference: Difference,
    /// Where the wanted value is written.
    pub at: Option<Loc>,
    /// What it takes to change it.
    pub cost: Cost,
}

/// What it takes to change a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// It is changed as the container runs.
    InPlace,
    /// Another container takes its place.
    Replace,
}

impl Cost {
    /// What a change of this field takes.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match class_of(path) {
            Class::InPlace { .. } => Self::InPlace,
            Class::Recreate | Class::RecreateWithData => Self::Replace,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::InPlace => "changed in place",
            Self::Replace => "replaces the container",
        }
    }
}

/// What the next pass does with a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Next {
    /// What.
    pub kind: Kind,
    /// Why.
    pub causes: Vec<Cause>,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkNode {
    /// Its name on the engine.
    pub name: NetworkName,
    /// Its id there; `None` if it does not exist, or was not seen.
    pub id: Option<NetworkId>,
    /// Whether it exists; `None` if its engine was not seen.
    pub exists: Option<bool>,
    /// Whether another deployment or a person makes it.
    pub external: bool,
    /// What makes it ours; `None` if it is not, or does not exist.
    pub owned_by: Option<Ownership>,
    /// Its driver.
    pub driver: String,
    /// Its subnets, as far as they are known.
    pub subnets: Vec<String>,
    /// Where it is written; `None` if the source does not say.
    pub at: Option<Loc>,
}

/// A named volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VolumeNode {
    /// Its name on the engine.
    pub name: VolumeName,
    /// Whether it exists; `None` if its engine was not seen.
    pub exists: Option<bool>,
    /// Whether a person makes it.
    pub external: bool,
    /// What makes it ours; `None` if it is not, or does not exist.
    pub owned_by: Option<Ownership>,
    /// Its driver.
    pub driver: String,
    /// Where it is written; `None` if the source does not say.
    pub at: Option<Loc>,
}

/// What makes something ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// Its labels, and that its name and engine are what they say.
    Labels,
    /// Its id, which is in the ledger: it was adopted.
    Ledger,
    /// Nothing yet: Compose made it, and the next pass adopts it.
    Compose,
}

impl Ownership {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Labels => "by its labels",
            Self::Ledger => "by the ledger: it was adopted",
            Self::Compose => "not yet: Compose made it, and the next pass adopts it",
        }
    }
}

/// A time, which JSON writes as RFC 3339 in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = std::time::Duration::from_nanos(self.0.0);
        write!(f, "{}", humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + since))
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
