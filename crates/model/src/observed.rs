//! Observed state: what engines and the catalog answered. What could not be read fully
//! is [`EngineView::Unseen`], which nothing may take for empty.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use super::ability::Abilities;
use super::catalog::CatalogView;
use super::digest::Digest;
use super::id::{
    ContainerId, ContainerName, DeploymentId, EngineId, EngineName, ImageId, ImageRef, NetworkId,
    NetworkName, VolumeName,
};
use super::image_content::ImageContent;
use super::labels::BUILD_HASH;
use super::ledger::{LedgerView, Stored};
use super::spec::{ContainerSpec, Healthcheck, NetworkSpec, Platform, Port, Protocol, VolumeSpec};
use super::time::Timestamp;

/// What was seen in one look.
#[derive(Clone, Debug)]
pub struct ObservedState {
    /// When the look began.
    pub at: Timestamp,
    /// The deployments that were looked at, if it was not for everything: of all others, and of
    /// what leaves the source, nothing is known, and nothing follows.
    pub part: Option<BTreeSet<DeploymentId>>,
    /// Every engine that desired state or the configuration names.
    pub engines: BTreeMap<EngineName, EngineView>,
    /// The Consul catalog.
    pub catalog: CatalogView,
    /// What we remember.
    pub ledger: LedgerView,
}

impl ObservedState {
    /// Whether a deployment was looked at.
    #[must_use]
    pub fn covers(&self, deployment: &DeploymentId) -> bool {
        self.part.as_ref().is_none_or(|part| part.contains(deployment))
    }
}

/// One engine.
#[derive(Clone, Debug)]
pub enum EngineView {
    /// It answered everything.
    Seen(Box<EngineContents>),
    /// It did not; what runs there is unknown.
    Unseen {
        /// What went wrong, without secrets.
        error: String,
    },
}

/// What one engine holds.
#[derive(Clone, Debug, Default)]
pub struct EngineContents {
    /// The id that the engine gives itself.
    pub id: Option<EngineId>,
    /// What it can do.
    pub abilities: Abilities,
    /// Containers that may be ours, inspected.
    pub containers: Vec<ContainerView>,
    /// All other containers, by name: their names are taken.
    pub others: BTreeMap<ContainerName, ContainerId>,
    /// The ports of the host that foreign ones among those hold now. A look at a part knows those
    /// of the containers that it happens to see.
    pub foreign_ports: BTreeMap<ContainerName, Vec<HostPort>>,
    /// All networks, those of one name oldest first: an engine that is asked twice at once
    /// makes two, and then refuses the name.
    pub networks: Vec<NetworkView>,
    /// All volumes.
    pub volumes: Vec<VolumeView>,
    /// The images that were asked about and are present, by the reference asked for; those of
    /// containers whose reference leads to another one by now, by their id.
    pub images: BTreeMap<ImageRef, ImageView>,
    /// The controller's own container, if it runs in one on this engine.
    pub own: Option<ContainerId>,
    /// The records of the ledger that are kept on the engine itself.
    pub stored: Stored,
}

/// A port of the host that leads to a container now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// Where it listens; an unspecified one is all of its family.
    pub address: IpAddr,
    /// Of which protocol.
    pub protocol: Protocol,
    /// Its number.
    pub number: u16,
}

/// One container, from inspect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerView {
    /// Its full id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
    /// The image it was made from.
    pub image_id: ImageId,
    /// What it is. `spec.labels` holds every label; `spec.image` what it was made with.
    /// `spec.networks` are those it is attached to now, without the aliases that the
    /// engine adds by itself (the short container id).
    pub spec: ContainerSpec,
    /// What it does.
    pub state: ContainerState,
    /// When it was made.
    pub created_at: Timestamp,
    /// The network behind each name that it is attached to, by its id; without those of which
    /// the engine does not say it. The engine goes by the id: a network of the same name that
    /// is another one is no place for it, and one that is gone keeps it from starting.
    pub network_ids: BTreeMap<NetworkName, NetworkId>,
    /// Its addresses, by network; empty when it does not run.
    pub addresses: BTreeMap<NetworkName, IpAddr>,
    /// Ports of the host that lead to it now.
    pub host_ports: BTreeMap<Port, u16>,
    /// The SHA-256 of those of its files that were asked about, by path.
    pub files: BTreeMap<String, Digest>,
    /// The volume behind each volume mount, by target: also anonymous ones.
    pub volumes: BTreeMap<String, VolumeName>,
}

impl ContainerView {
    /// The number of the first port that the container exposes.
    #[must_use]
    pub fn first_exposed(&self) -> Option<u16> {
        self.spec.exposed.first().map(|port| port.number)
    }
}

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerState {
    /// The engine's word for it.
    pub status: Status,
    /// The exit code of the last end.
    pub exit_code: i64,
    /// What the health check says; `None` without one.
    pub health: Option<Health>,
    /// How often in a row its health check failed until now.
    pub failures: u32,
    /// When it last started; `None` if never.
    pub started_at: Option<Timestamp>,
    /// When it last ended; `None` if never.
    pub finished_at: Option<Timestamp>,
    /// How often the engine's restart policy restarted it.
    pub restarts: u32,
    /// Why its last start failed; `None` if it did not, or none was tried.
    pub start_failure: Option<StartFailure>,
}

/// Why an engine could not start a container, as far as it matters for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StartFailure {
    /// Something of an earlier start was left behind, as by an engine that was killed
    /// meanwhile: this container never starts again.
    Stuck,
    /// Anything else: another attempt may succeed.
    Other,
}

/// The engine's word for a container's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Made, never started.
    Created,
    /// Runs.
    Running,
    /// Frozen.
    Paused,
    /// Ended; the engine will start it again by itself.
    Restarting,
    /// Being removed.
    Removing,
    /// Ended.
    Exited,
    /// Could not be removed.
    Dead,
}

/// What a health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Not known yet.
    Starting,
    /// Passes.
    Healthy,
    /// Fails.
    Unhealthy,
}

/// One run of a health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The exit code of its command; negative if that did not end in time.
    pub exit_code: i64,
    /// What it printed, line by line, masked.
    pub output: Vec<String>,
}

/// One network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkView {
    /// Its id.
    pub id: NetworkId,
    /// What it is. `spec.labels` holds every label; `spec.pools` what the engine chose
    /// if nobody asked.
    pub spec: NetworkSpec,
}

/// One volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VolumeView {
    /// What it is.
    pub spec: VolumeSpec,
    /// When it was made, in the engine's words.
    pub created_at: Option<String>,
}

/// One image and the defaults that it gives to containers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageView {
    /// Its content id.
    pub id: ImageId,
    /// `Config.Env`.
    pub env: BTreeMap<String, String>,
    /// `Config.Cmd`.
    pub command: Option<Vec<String>>,
    /// `Config.Entrypoint`.
    pub entrypoint: Option<Vec<String>>,
    /// `Config.User`.
    pub user: Option<String>,
    /// `Config.WorkingDir`.
    pub working_dir: Option<String>,
    /// `Config.Labels`.
    pub labels: BTreeMap<String, String>,
    /// `Config.Healthcheck`.
    pub healthcheck: Option<Healthcheck>,
    /// `Config.ExposedPorts`.
    pub exposed: Vec<Port>,
    /// `Config.Volumes`: targets that become anonymous volumes.
    pub volumes: Vec<String>,
    /// `Config.StopSignal`.
    pub stop_signal: Option<String>,
    /// What it runs on; `None` if the engine does not say.
    pub platform: Option<Platform>,
    /// `RootFS.Layers`: its files, as digests; empty if the engine does not say.
    pub layers: Vec<String>,
    /// The references of registries under which it can be pulled again: `web@sha256:…`.
    pub repo_digests: Vec<String>,
}

impl ImageView {
    /// What it sets of a container's plain field, by the key of the stack.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match key {
            "user" => self.user.as_deref(),
            "working_dir" => self.working_dir.as_deref(),
            "stop_signal" => self.stop_signal.as_deref(),
            _ => None,
        }
    }
}

impl ImageView {
    /// Whether containers made from one or the other are alike: the same files and the same
    /// defaults, whatever our own label says of how it was built.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.id == other.id || !self.layers.is_empty() && self.plain() == other.plain()
    }

    /// The same, as an id and a digest.
    #[must_use]
    pub fn content(&self) -> ImageContent {
        let content = (!self.layers.is_empty()).then(|| Digest::of_json(&self.plain()));
        ImageContent { id: self.id.clone(), content }
    }

    fn plain(&self) -> Self {
        let mut image = Self { id: ImageId::new(""), ..self.clone() };
        image.labels.remove(BUILD_HASH);
        image.repo_digests.clear();
        image
    }
}
