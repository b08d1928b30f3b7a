//! What is withheld, and what it waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::demand::Demand;
use super::diagnostic::{Code, Loc};
use super::digest::Digest;
use super::id::{
    ContainerId, ContainerName, DeploymentId, EngineName, NetworkName, Revision, ServiceName,
    SourceId,
};
use super::share::Peer;

/// Something withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// The deployment it belongs to; `None` if it concerns the whole source.
    pub deployment: Option<DeploymentId>,
    /// What is not done, in words: `create container abc-web-1`.
    pub subject: String,
    /// What it waits for.
    pub waiting_on: WaitingOn,
    /// Where the desired side is written.
    pub at: Option<Loc>,
}

/// What a withheld change waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum WaitingOn {
    /// The deployment's files have errors.
    ValidStack,
    /// The list of deployments cannot be read fully.
    CompleteSource,
    /// What is absent from a watched folder stays so: it may be moved, or half written.
    Absence {
        /// How long it has to be absent.
        lasts: Duration,
    },
    /// The engine answers.
    Engine {
        /// Which.
        engine: EngineName,
        /// What it said.
        error: String,
    },
    /// The engine is not in the operator's configuration.
    ConfiguredEngine,
    /// The engine is configured under one name only.
    OneName {
        /// The names of the engines that say they are one and the same.
        engines: BTreeSet<EngineName>,
    },
    /// The catalog answers.
    Catalog {
        /// What it said.
        error: String,
    },
    /// The ledger can be read.
    Ledger {
        /// What went wrong.
        error: String,
    },
    /// A name is free: a foreign container has it.
    FreeName {
        /// Which container.
        container: ContainerId,
    },
    /// A port or an address is free: a container has it that stays as it is.
    Room {
        /// What.
        what: String,
        /// Which container.
        by: ContainerName,
        /// Whether that is of others, who alone can stop it.
        foreign: bool,
    },
    /// Nothing uses a network any more.
    Unused {
        /// Which network.
        network: NetworkName,
        /// Which containers do, and why.
        by: BTreeMap<ContainerName, StaysOn>,
    },
    /// The other source lets go of the deployment id.
    OtherSource {
        /// Which source holds it.
        source: SourceId,
        /// The one that is read now.
        own: SourceId,
    },
    /// The operator says that a Compose project of that name is the same stack.
    SameStack {
        /// The folder that its containers were started from.
        folder: String,
        /// The stack files they were started with.
        files: Vec<String>,
    },
    /// A container that claims to be a replica bears the name that it should: nothing of the
    /// deployment is done before.
    ReplicaName {
        /// The name.
        name: ContainerName,
    },
    /// The same of one that was renamed, and whose data this one would share: the rest of
    /// the deployment goes on.
    Renamed {
        /// The name.
        name: ContainerName,
    },
    /// A network or volume of that name is ours; it is foreign.
    ForeignResource,
    /// A container that this one shares with exists: the rest of the deployment goes on.
    Peer {
        /// As the stack names it.
        peer: Peer,
    },
    /// A container that one of its services shares with exists, or is made elsewhere: nothing
    /// of the deployment is done before.
    MissingPeer {
        /// As the stack names it.
        peer: Peer,
    },
    /// A service that it depends on is no longer withheld.
    Dependency {
        /// Which.
        service: ServiceName,
    },
    /// Replicas that are withheld are healthy: without them, and without the one that would
    /// be stopped, fewer would be than promised.
    Healthy {
        /// Which are down.
        down: Vec<ContainerName>,
        /// How many shall be healthy at any time.
        least: u32,
        /// Of how many.
        of: u32,
    },
    /// A fault of the planner in this deployment: a bug.
    Fault {
        /// What is wrong.
        fault: String,
    },
    /// A network or volume that the stack calls external exists.
    External,
    /// The operator grants what the stack demands of the host.
    Grant {
        /// What it demands.
        demand: String,
        /// Which kind of demand that is.
        code: Code,
    },
    /// A person approves this removal.
    Approval {
        /// What to pass to `--approve`.
        digest: Digest,
    },
    /// The deployment's `sync` mode allows it.
    SyncMode {
        /// The mode.
        mode: super::sync_mode::SyncMode,
    },
    /// It would hit the controller's own container: to be done by hand.
    OwnContainer {
        /// The command.
        command: String,
    },
    /// A change that cannot be made without losing data or connections.
    Consent {
        /// What would have to be done by hand.
        command: String,
    },
    /// An address under which others reach the replica.
    Address,
    /// An engine that can do it.
    Ability {
        /// What it must have.
        needs: String,
    },
    /// The image is there: the stack forbids to pull it.
    Image,
    /// Git asks for something else, or a person starts it: it failed as often as it may.
    Attempts {
        /// Which container.
        container: ContainerName,
        /// How often it was started again.
        attempts: u32,
        /// Its last exit code.
        code: i64,
    },
    /// The source asks for another revision, or a person resumes it: the rollout of this one
    /// failed.
    AnotherRevision {
        /// What failed.
        failed: String,
        /// The revision that the deployment returns to; `None` if it is left as it stands.
        back_at: Option<Revision>,
        /// Why it cannot return, if it should.
        lost: Option<String>,
    },
    /// A person resumes it.
    Resume {
        /// Who asked for it.
        by: String,
        /// The revision that the deployment is rolled back to; `None` if nothing is done about it.
        back_at: Option<Revision>,
        /// Why it cannot return, if it should.
        lost: Option<String>,
    },
    /// The catalog name is free: others use it.
    CatalogName {
        /// Which name.
        name: String,
    },
    /// DNS knows it by a name of its own: another one becomes the same.
    DnsName {
        /// The name in DNS.
        name: String,
        /// What else becomes that: `service a-b`.
        other: String,
    },
}

/// Why a container is on a network that nobody makes any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum StaysOn {
    /// Its stack asks for it.
    Asked {
        /// Where.
        at: Option<Loc>,
    },
    /// What its stack asks for cannot be read.
    Unknown,
    /// Nobody asks for it.
    Unasked,
}

impl WaitingOn {
    /// Whether it is only worth telling: nothing that was asked for is withheld.
    #[must_use]
    pub fn is_notice(&self) -> bool {
        matches!(self, Self::Address | Self::CatalogName { .. })
    }

    /// Whether what happens to other deployments, or to what belongs to none, may meet it.
    #[must_use]
    pub fn is_met_by_others(&self) -> bool {
        match self {
            Self::CompleteSource
            | Self::Absence { .. }
            | Self::Engine { .. }
            | Self::OneName { .. }
            | Self::Catalog { .. }
            | Self::Ledger { .. }
            | Self::FreeName { .. }
            | Self::Room { .. }
            | Self::Unused { .. }
            | Self::OtherSource { .. }
            | Self::ReplicaName { .. }
            | Self::Renamed { .. }
            | Self::ForeignResource
            | Self::Peer { .. }
            | Self::MissingPeer { .. }
            // As where a container of another one has to stop, or to leave a network.
            | Self::Consent { .. }
            | Self::Dependency { .. }
            | Self::Healthy { .. }
            | Self::Fault { .. }
            | Self::External
            | Self::Image
            | Self::CatalogName { .. } => true,
            Self::ValidStack
            | Self::ConfiguredEngine
            | Self::SameStack { .. }
            | Self::Grant { .. }
            | Self::Approval { .. }
            | Self::SyncMode { .. }
            | Self::OwnContainer { .. }
            | Self::Attempts { .. }
            | Self::AnotherRevision { .. }
            | Self::Resume { .. }
            | Self::Address
            | Self::Ability { .. }
            | Self::DnsName { .. } => false,
        }
    }

    /// Whether a demand of the host is what it waits for.
    #[must_use]
    pub fn grant(demand: &Demand) -> Self {
        Self::Grant { demand: demand.to_string(), code: demand.code() }
    }
}
