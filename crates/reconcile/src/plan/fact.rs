//! The words in which steps say what they need, what they give, and what only one of them
//! can have at a time. Order comes from these words, never from the order of emission.

use std::net::IpAddr;

use model::hook::Moment;
use model::id::{
    CatalogId, ContainerId, ContainerName, DeploymentId, EngineName, ImageRef, NetworkId,
    NetworkName, ReplicaId, ServiceName,
};
use model::spec::Protocol;
use model::subnet::Subnet;

/// A container that steps deal with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    /// It exists.
    Known(ContainerId),
    /// A step makes it, under this name.
    Made(EngineName, ContainerName),
}

/// A deployment on one engine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) engine: EngineName,
    pub(super) deployment: DeploymentId,
}

/// Something that holds after a step. If several steps give one fact, it holds after all of
/// them; if none does, it holds already, or the decision took care of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fact {
    /// An image of the deployment is on its engine.
    Image(DeploymentId, ImageRef),
    /// So are all of them.
    Images(DeploymentId),
    /// Images, networks and volumes of a deployment are there: nothing is made before.
    Prepared(DeploymentId),
    /// What Compose made for the deployment is ours.
    Adopted(DeploymentId),
    /// The network exists.
    Network(EngineName, NetworkName),
    /// This network exists no more.
    NetworkGone(NetworkId),
    /// The container is not on the network any more.
    Detached(Who, NetworkName),
    /// The container is made.
    Exists(Who),
    /// The first step of a container's change is done.
    Began(Who),
    /// The container is made and changed as it must be before it starts.
    Ready(Who),
    /// It was started.
    Launched(Who),
    /// So many of the commands of an occasion have ended in it.
    Hooked(Who, Moment, usize),
    /// It was started, and the commands that follow its start have ended.
    Up(Who),
    /// It is healthy.
    Healthy(Who),
    /// Its entries are in the catalog.
    Registered(Who),
    /// It does not run any more.
    Stopped(Who),
    /// It exists no more.
    Gone(Who),
    /// The entry is not in the catalog any more.
    Withdrawn(EngineName, CatalogId),
    /// A replica's move is over: the next one may begin.
    Moved(ReplicaId),
    /// Replicas of a service that were down are healthy again: now others may be taken away.
    Recovered(DeploymentId, ServiceName),
    /// The containers that run once before a service's first replica have ended.
    Initialised(DeploymentId, ServiceName),
    /// All replicas of a service that start in this pass were started.
    Started(DeploymentId, ServiceName),
    /// All replicas of a service that were not healthy are, or have completed.
    ServiceReady(DeploymentId, ServiceName),
    /// Everything of the deployment is done but the removal of networks, and remembering.
    Applied(Place),
    /// Everything of it is done but remembering.
    Ended(Place),
    /// It is remembered.
    Recorded(DeploymentId),
}

/// Something that one container has at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Resource {
    /// A container's name.
    Name(EngineName, ContainerName),
    /// A port of the host; no address is all of them.
    Port { engine: EngineName, address: Option<IpAddr>, protocol: Protocol, number: u16 },
    /// Addresses of the engine's networks.
    Subnet(EngineName, Subnet),
    /// A fixed address on a network.
    Address(EngineName, NetworkName, String),
    /// A volume or a path of the host. Several may have it on purpose: it only says who goes
    /// first when one of them leaves.
    Data { engine: EngineName, source: String, writes: bool },
}

impl Resource {
    /// Whether two cannot be had at the same time.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Port { engine, address, protocol, number },
                Self::Port { engine: e, address: a, protocol: p, number: n },
            ) => {
                (engine, protocol, number) == (e, p, n)
                    && (address.is_none() || a.is_none() || address == a)
            }
            (
                Self::Data { engine, source, writes },
                Self::Data { engine: e, source: s, writes: w },
            ) => (engine, source) == (e, s) && (*writes || *w),
            (Self::Subnet(engine, one), Self::Subnet(e, other)) => {
                engine == e && one.overlaps(*other)
            }
            _ => self == other,
        }
    }

    /// What two that overlap have in common.
    pub(super) fn key(&self) -> Self {
        match self.clone() {
            Self::Port { engine, protocol, number, .. } => {
                Self::Port { engine, address: None, protocol, number }
            }
            Self::Data { engine, source, .. } => Self::Data { engine, source, writes: false },
            Self::Subnet(engine, _) => {
                let none = Subnet { v6: false, first: 0, last: 0 };
                Self::Subnet(engine, none)
            }
            other => other,
        }
    }

    /// In words, for the reason why something goes first.
    pub(super) fn rendered(&self) -> String {
        match self {
            Self::Name(_, name) => format!("name {name}"),
            Self::Port { number, protocol, .. } => format!("port {number}/{}", protocol.as_str()),
            Self::Subnet(..) => "a subnet".to_owned(),
            Self::Address(_, network, address) => format!("address {address} on {network}"),
            Self::Data { source, .. } => format!("volume {source}"),
        }
    }
}
