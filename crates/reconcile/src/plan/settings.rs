//! What the operator decides: everything the planner needs beside the two states.

use std::collections::{BTreeMap, BTreeSet};

use model::digest::Digest;
use model::id::{EngineName, InstallationId, NetworkName};
use model::policy::HostPolicy;
use model::secret::Masker;

/// The operator's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose containers are ours.
    pub installation: InstallationId,
    /// Masks sensitive values in causes.
    pub masker: Masker,
    /// What stacks may demand of the host.
    pub policy: HostPolicy,
    /// Digests of removals that a person approved.
    pub approved: BTreeSet<Digest>,
    /// The largest share of a source's containers, in percent, that a pass may prune
    /// without approval. One deployment of several may always go.
    pub prune_share: u8,
    /// The engines that stacks may name.
    pub engines: BTreeMap<EngineName, EngineSettings>,
    /// The catalog; `None` if no Consul is configured.
    pub catalog: Option<CatalogSettings>,
}

/// One engine.
#[derive(Clone, Debug, Default)]
pub struct EngineSettings {
    /// Under which address others reach ports published on it.
    pub advertise: Option<String>,
    /// On which networks others reach its containers directly.
    pub routable: Routable,
}

/// Networks whose addresses can be reached from outside the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Routable {
    /// All of them: a single local engine.
    #[default]
    All,
    /// Only these.
    Networks(BTreeSet<NetworkName>),
}

/// How replicas are registered.
#[derive(Clone, Debug, Default)]
pub struct CatalogSettings {
    /// Also add `dns_search <deployment>.service.consul` and these resolvers to new
    /// containers; empty leaves the engine's DNS alone.
    pub resolvers: Vec<String>,
}
