//! Names and ids as types of their own: a service name never lands where a
//! deployment id belongs, because the compiler refuses it.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use super::image::ImageRef;

/// Declares a string newtype with the conversions the project uses.
macro_rules! name_type {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a string as it is; nothing is checked.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )+};
}

name_type! {
    /// A deployment's id (`abc`): the Compose project name, unique in an installation.
    DeploymentId,
    /// A service of a stack (`pricing`).
    ServiceName,
    /// The operator's name of an engine (`local`, `web1`).
    EngineName,
    /// The id that an engine gives itself (`GET /info`, field `ID`).
    EngineId,
    /// The full 64-character id of a container.
    ContainerId,
    /// A container's name without the leading slash.
    ContainerName,
    /// The content id of an image on an engine (`sha256:…`).
    ImageId,
    /// A network's name on the engine (`abc_default`).
    NetworkName,
    /// The id of a network on the engine.
    NetworkId,
    /// A volume's name on the engine (`abc_data`).
    VolumeName,
    /// One controller's (or one HA group's) id, given by the operator.
    InstallationId,
    /// Where desired state comes from; never holds credentials.
    SourceId,
    /// The commit or content hash that desired state came from.
    Revision,
    /// A node of the Consul catalog.
    NodeName,
    /// A service id in the Consul catalog (`1.pricing.abc`).
    CatalogId,
}

impl DeploymentId {
    /// What [`Self::is_valid`] allows, as a regular expression.
    pub const PATTERN: &str = "^[a-z0-9][a-z0-9_-]*$";

    /// Whether the text is a valid Compose project name: lower-case letters, digits,
    /// `-` and `_`, beginning with a letter or digit.
    #[must_use]
    pub fn is_valid(text: &str) -> bool {
        text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
    }
}

impl ContainerId {
    /// The first 12 characters, as `docker ps` shows them.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl Revision {
    /// The first 7 characters of a commit id, the whole text of anything shorter.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

/// A replica's stable number, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot of containers that are no replica: those that run before the service.
    pub const INIT: Self = Self(0);
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One replica of one service of one deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplicaId {
    /// The deployment it belongs to.
    pub deployment: DeploymentId,
    /// Its service.
    pub service: ServiceName,
    /// Its number.
    pub slot: Slot,
}

impl ReplicaId {
    /// The canonical container name: `<deployment>-<service>-<slot>`.
    #[must_use]
    pub fn container_name(&self) -> ContainerName {
        let (deployment, service) = (self.deployment.as_str(), self.service.as_str());
        ContainerName([deployment, "-", service, "-", &self.slot.0.to_string()].concat())
    }
}

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.deployment, self.service, self.slot)
    }
}
/// The number of a step in its plan, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}
