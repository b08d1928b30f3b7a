//! What containers share with the host or with each other: namespaces and volumes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{ContainerName, ServiceName};

/// Another container, as a stack names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Peer {
    /// The first replica of a service of the same deployment.
    Service(ServiceName),
    /// A container of the engine, by its name or id. Observed specs only have this one.
    Container(ContainerName),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service:{name}"),
            Self::Container(name) => write!(f, "container:{name}"),
        }
    }
}

/// Whose network, processes or IPC objects a container sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Namespace {
    /// The engine's choice; for the network, whatever [`networks`] says.
    ///
    /// [`networks`]: super::spec::ContainerSpec::networks
    #[default]
    Default,
    /// The host's.
    Host,
    /// None at all.
    None,
    /// Its own.
    Private,
    /// Its own, which others may join.
    Shareable,
    /// Another container's.
    Of(Peer),
}

impl Namespace {
    /// The container whose namespace it is.
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        match self {
            Self::Of(peer) => Some(peer),
            _ => None,
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::Host => f.write_str("host"),
            Self::None => f.write_str("none"),
            Self::Private => f.write_str("private"),
            Self::Shareable => f.write_str("shareable"),
            Self::Of(peer) => write!(f, "{peer}"),
        }
    }
}

/// The mounts of another container, taken over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VolumesFrom {
    /// Whose.
    pub peer: Peer,
    /// Whether writing is refused.
    pub read_only: bool,
}
