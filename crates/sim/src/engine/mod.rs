//! A model Docker engine, as faithful to 20.10 as the controller can tell: names are
//! unique, a start can fail where a create did not, containers live their own lives.
//!
//! Nothing here knows what the controller intends; it only obeys calls and time.

mod behaviour;
mod container;
mod image;
mod life;
mod network;
mod ports;
mod prune;
mod share;
mod view;

pub use behaviour::Behaviour;
pub(super) use container::Container;
pub(super) use life::KILLED;
pub(super) use view::view;

use std::collections::{BTreeMap, BTreeSet};

use super::event::{EngineEvent, Event};
use super::rng::Rng;
use super::timeline::Timeline;
use model::ability::Abilities;
use model::digest::Digest;
use model::id::{
    ContainerId, DeploymentId, EngineId, EngineName, ImageId, ImageRef, NetworkId, NetworkName,
    ServiceName, VolumeName,
};
use model::labels::OwnerLabels;
use model::observed::ImageView;
use model::secret::Content;
use model::spec::{NetworkSpec, VolumeSpec};
use model::time::Timestamp;
use world::OutsideError;

/// A service on some engine.
pub(super) type ServiceKey = (DeploymentId, ServiceName);

/// One model engine.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) name: EngineName,
    pub(super) id: EngineId,
    pub(super) abilities: Abilities,
    pub(super) own: Option<ContainerId>,
    /// Until when no call reaches it.
    pub(super) down_until: Timestamp,
    /// Whether its daemon restarts right now.
    pub(super) restarting: bool,
    /// How often its daemon was killed.
    pub(super) outages: u32,
    pub(super) containers: BTreeMap<ContainerId, Container>,
    pub(super) networks: BTreeMap<NetworkName, Network>,
    pub(super) volumes: BTreeMap<VolumeName, Volume>,
    pub(super) images: BTreeMap<ImageRef, ImageView>,
    /// Every image that it ever had, by its id.
    pub(super) known: BTreeMap<ImageId, ImageView>,
    /// What images the registry holds that are not the ordinary ones.
    pub(super) registry: BTreeMap<ImageRef, ImageView>,
    /// How replicas behave that do not go by their image's name.
    pub(super) behaviours: BTreeMap<ServiceKey, Behaviour>,
    /// The files of last stable states.
    kept: BTreeMap<DeploymentId, BTreeMap<Digest, Content>>,
    rng: Rng,
    made: u64,
}

/// A network.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) id: NetworkId,
    pub(super) spec: NetworkSpec,
    pub(super) by_us: bool,
    /// Whether its subnet was asked for, so that fixed addresses are allowed.
    configured: bool,
    subnet: network::Subnet,
}

/// A volume. It is born once: equal birth, equal data.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    pub(super) spec: VolumeSpec,
    pub(super) birth: u64,
    /// How often something was written at its top, which moves on what Docker 20.10 calls the
    /// time it was made.
    pub(super) writes: u64,
}

impl Engine {
    pub(super) fn new(name: EngineName, rng: Rng) -> Self {
        let id = EngineId::new(format!("SIM:{}", name.as_str().to_ascii_uppercase()));
        let mut engine = Self {
            name,
            id,
            abilities: Abilities::default(),
            own: None,
            down_until: Timestamp::default(),
            restarting: false,
            outages: 0,
            containers: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            images: BTreeMap::new(),
            known: BTreeMap::new(),
            registry: BTreeMap::new(),
            behaviours: BTreeMap::new(),
            kept: BTreeMap::new(),
            rng,
            made: 0,
        };
        engine.make_builtin_networks();
        engine
    }

    /// A fresh 64-character id.
    fn fresh(&mut self, kind: &str) -> String {
        self.made += 1;
        self.rng.child(&format!("{kind} {}", self.made)).hex64()
    }

    /// Creates a named volume; creating one that exists is no error, and changes nothing.
    pub(super) fn create_volume(&mut self, spec: &VolumeSpec, owner: Option<&OwnerLabels>) {
        self.made += 1;
        let birth = self.made;
        let mut spec = spec.clone();
        spec.labels.extend(owner.map(OwnerLabels::encode_volume).unwrap_or_default());
        self.volumes.entry(spec.name.clone()).or_insert(Volume { spec, birth, writes: 0 });
    }

    /// The volume of this name, made now if it does not exist, as `create` does.
    fn volume(&mut self, name: &VolumeName) {
        self.create_volume(&VolumeSpec::local(name.clone()), None);
    }

    /// Lets something of this engine happen later.
    fn schedule(&self, timeline: &mut Timeline, span: std::time::Duration, due: EngineEvent) {
        timeline.after(span, Event::Engine(self.name.clone(), due));
    }

    /// Keeps files of a deployment, and of the others those with the digests `beside`.
    pub(super) fn keep(&mut self, of: &DeploymentId, files: &Content, beside: &BTreeSet<Digest>) {
        let all = self.kept.entry(of.clone()).or_default();
        all.retain(|digest, _| beside.contains(digest));
        all.insert(files.digest(), files.clone());
    }

    /// The files of a deployment with this digest.
    pub(super) fn kept(&self, of: &DeploymentId, digest: &Digest) -> Option<Content> {
        self.kept.get(of)?.get(digest).cloned()
    }

    /// A container.
    pub(super) fn get(&mut self, id: &ContainerId) -> Result<&mut Container, OutsideError> {
        let gone = || OutsideError::Gone(format!("No such container: {}", id.short()));
        self.containers.get_mut(id).ok_or_else(gone)
    }
}
