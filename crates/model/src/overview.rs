//! A plan as people read it: what becomes of each object, once for equal replicas, with what
//! differs. Made from the plan's steps alone, so that it tells of nothing that is not done.

mod build;
mod change;
mod images;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::id::{
    ContainerId, ContainerName, DeploymentId, EngineName, NetworkName, ServiceName, Slot,
    VolumeName,
};
use super::only_if::OnlyIf;
use super::plan::{Cause, Plan};

/// What becomes of the objects of all deployments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// What changes, by deployment and engine, in the order of the steps.
    pub deployments: Vec<Changes>,
    /// How many objects change, and how.
    pub counts: BTreeMap<Kind, usize>,
    /// How many more change if images that come are others.
    pub conditional: BTreeMap<Kind, usize>,
}

/// What changes of one deployment on one engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// On which engine.
    pub engine: EngineName,
    /// The images that are brought.
    pub images: Vec<Brought>,
    /// What becomes of each object.
    pub objects: Vec<Change>,
    /// What the catalog will hold that it does not hold now, or not so: services, and how many
    /// instances of each.
    pub registered: BTreeMap<String, usize>,
    /// What it will no longer hold, likewise.
    pub deregistered: BTreeMap<String, usize>,
    /// Why, of what changes in the catalog alone.
    pub catalog_causes: Vec<Cause>,
}

/// Images that are brought in one way, for one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// How.
    pub how: How,
    /// Their names; one that is only made for its files is called by its folder.
    pub images: Vec<String>,
    /// Why.
    pub why: &'static str,
}

/// How an image is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// From a registry.
    Pull,
    /// From its context.
    Build,
}

/// What becomes of one object, or of equal replicas of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What is done.
    pub kind: Kind,
    /// With what.
    pub object: Object,
    /// Why; of each replica the same.
    pub causes: Vec<Cause>,
    /// In which order a new container and the one before it run, and why so.
    pub order: Option<String>,
    /// On which images it depends, if it does.
    pub only_if: Option<Depends>,
}

/// That a change depends on the images which steps bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Depends {
    /// On which steps, and how.
    pub on: OnlyIf,
    /// The same in words, with the names of the images.
    pub text: String,
}

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is made.
    Create,
    /// Another one takes its place.
    Replace,
    /// It gets its own name.
    Rename,
    /// It is changed as it is.
    Update,
    /// It is frozen, and goes on.
    Unpause,
    /// It is started again as it is: it ended, or has to see what is new.
    Restart,
    /// It is removed.
    Remove,
    /// It is waited for.
    Wait,
}

impl Kind {
    /// A symbol and a word.
    #[must_use]
    pub fn words(self) -> (char, &'static str) {
        match self {
            Self::Create => ('+', "create"),
            Self::Replace => ('~', "replace"),
            Self::Rename => ('≈', "rename"),
            Self::Update => ('≈', "update in place"),
            Self::Unpause => ('≈', "unpause"),
            Self::Restart => ('↻', "restart"),
            Self::Remove => ('-', "remove"),
            Self::Wait => ('?', "wait for"),
        }
    }
}

/// An object that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Object {
    /// Replicas of a service.
    Service {
        /// Which service.
        service: ServiceName,
        /// Which of its replicas.
        slots: BTreeSet<Slot>,
        /// How many it is to have; `None` if the stack has it no more.
        replicas: Option<u32>,
        /// How many of them move at once.
        parallelism: Option<u32>,
    },
    /// A container that is no replica: what ran before one.
    Container {
        /// Its name.
        name: ContainerName,
    },
    /// A network.
    Network {
        /// Its name.
        name: NetworkName,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: VolumeName,
    },
}

impl Object {
    /// How many things it is: a service's replicas are one each.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Service { slots, .. } => slots.len(),
            Self::Container { .. } | Self::Network { .. } | Self::Volume { .. } => 1,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { service, .. } => write!(f, "{service}"),
            Self::Container { name } => write!(f, "container {name}"),
            Self::Network { name } => write!(f, "network {name}"),
            Self::Volume { name } => write!(f, "volume {name}"),
        }
    }
}

impl Overview {
    /// That of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        build::overview(plan)
    }
}

/// What is done with one container, and why, as its own steps say; `None` if nothing is.
#[must_use]
pub fn of_container(
    plan: &Plan,
    engine: &EngineName,
    id: &ContainerId,
) -> Option<(Kind, Vec<Cause>)> {
    change::of_container(plan, engine, id)
}
