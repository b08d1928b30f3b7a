//! What a plan says of a Compose project that we did not make: what becomes ours as it is,
//! and what is left alone.

use serde::Serialize;

use super::id::{
    ContainerId, ContainerName, DeploymentId, EngineName, NetworkId, NetworkName, ServiceName,
    VolumeName,
};

/// Something that became ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// The deployment it belongs to.
    pub deployment: DeploymentId,
    /// The engine it is on.
    pub engine: EngineName,
    /// What it is.
    #[serde(flatten)]
    pub thing: Thing,
}

/// Something that Compose made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Thing {
    /// A container.
    Container {
        /// Its id.
        id: ContainerId,
        /// Its name.
        name: ContainerName,
    },
    /// A network.
    Network {
        /// Its id.
        id: NetworkId,
        /// Its name.
        name: NetworkName,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: VolumeName,
    },
}

/// A container of a deployment's Compose project that is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftAlone {
    /// The deployment of that name.
    pub deployment: DeploymentId,
    /// The engine it is on.
    pub engine: EngineName,
    /// Which container.
    pub container: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// Why.
    #[serde(flatten)]
    pub why: WhyLeft,
}

/// Why a container is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum WhyLeft {
    /// `docker compose run` made it.
    OneOff,
    /// Its service is not in the stack.
    Orphan {
        /// Which service.
        service: ServiceName,
    },
}
