//! Desired state: all deployments that one revision of one source asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::compose_labels::{ConfigHash, ProjectFiles};
use super::diagnostic::{Diagnostic, Loc};
use super::digest::Digest;
use super::hook::Hooks;
use super::host_path::normalise;
use super::id::{
    ContainerName, DeploymentId, EngineName, ImageRef, Revision, ServiceName, SourceId, VolumeName,
};
pub use super::image_source::{ImageSource, PullPolicy};
pub use super::origins::Origins;
use super::plan::WaitingOn;
use super::policy::OwnTree;
use super::rollback::{Instead, OnFailure};
use super::secret::Content;
use super::settling::Settling;
use super::spec::{ContainerSpec, FileSpec, MountSource, NetworkSpec, VolumeSpec};
use super::sync_mode::SyncMode;

/// Everything that one revision of a source asks for.
#[derive(Clone, Debug)]
pub struct DesiredState {
    /// Where it comes from.
    pub source: SourceId,
    /// What it was read from.
    pub revision: Revision,
    /// How the deployments were found; a change of it never prunes unasked.
    pub layout: Layout,
    /// The deployments, valid or not.
    pub deployments: BTreeMap<DeploymentId, Entry>,
    /// Why the list itself may miss a deployment (a stack whose id cannot be read, an
    /// unreadable `deployments.yaml`). While this is not empty nothing is pruned.
    pub incomplete: Vec<Diagnostic>,
    /// Of which deployments it is not certain yet that what is absent stays so.
    pub settling: Settling,
    /// Engines for which it is not known yet what is wanted there, and why not: they are
    /// unseen, and this is read again although the revision stays the same.
    pub provisional: BTreeMap<EngineName, String>,
    /// The deployments that are wanted otherwise than this revision says, because it failed.
    pub instead: BTreeMap<DeploymentId, Instead>,
}

impl DesiredState {
    /// What a removal that follows from this source waits for, if it is not certain yet that
    /// what the deployment lacks stays absent.
    #[must_use]
    pub fn absence(&self, deployment: &DeploymentId) -> Option<WaitingOn> {
        let listed = self.deployments.contains_key(deployment);
        let lasts = self.settling.of(deployment, listed)?;
        Some(WaitingOn::Absence { lasts })
    }

    /// Why the list may miss a deployment, as far as no deployment's own messages say it.
    #[must_use]
    pub fn unreported(&self) -> Vec<Diagnostic> {
        let reported = |message: &&Diagnostic| {
            self.deployments.values().any(|entry| match entry {
                Entry::Valid(_, list) | Entry::Invalid(list) => list.contains(message),
            })
        };
        self.incomplete.iter().filter(|message| !reported(message)).cloned().collect()
    }
}

/// How deployments were found in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `deployments.yaml` lists them.
    Listed,
    /// Each folder with a stack file is one.
    Folders,
    /// One stack file was given directly; nothing beyond its own deployment is pruned.
    SingleFile,
}

/// One deployment: valid as a whole, or not applied at all.
#[derive(Clone, Debug)]
pub enum Entry {
    /// It can be applied. Warnings may remain.
    Valid(Arc<Deployment>, Vec<Diagnostic>),
    /// It cannot; what runs is left as it runs.
    Invalid(Vec<Diagnostic>),
}

impl Entry {
    /// The engine that a valid deployment runs on.
    #[must_use]
    pub fn engine(&self) -> Option<&EngineName> {
        match self {
            Self::Valid(deployment, _) => Some(&deployment.engine),
            Self::Invalid(_) => None,
        }
    }
}

/// One running instance of a stack, as desired.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Its id, the Compose project name.
    pub id: DeploymentId,
    /// The engine it runs on.
    pub engine: EngineName,
    /// What may be done for it.
    pub sync: SyncMode,
    /// What is done when a rollout of it fails, where its stack does not say it.
    pub on_failure: OnFailure,
    /// Where it is declared: its entry in `deployments.yaml`, else its stack file.
    pub origin: Loc,
    /// The stack file inside the tree.
    pub stack_file: String,
    /// Its folder as the engine's host sees it; `None` if the host does not see it.
    pub project_dir: Option<String>,
    /// Where what it mounts leads, as [`OwnTree::links`] has it.
    pub links: BTreeMap<String, String>,
    /// The links on these ways, as [`OwnTree::ways`] has them.
    pub ways: BTreeMap<String, Vec<String>>,
    /// Values that were put into its stack and never print, whatever shows them.
    pub secrets: Vec<Content>,
    /// What containers of all deployments of its engine can write to.
    pub writable: Arc<BTreeSet<String>>,
    /// Its files as Compose's labels name them.
    pub files: ProjectFiles,
    /// Services by name.
    pub services: BTreeMap<ServiceName, Service>,
    /// Networks by the key in the stack file. `default` only if a service uses it.
    pub networks: BTreeMap<String, Network>,
    /// Named volumes by the key in the stack file.
    pub volumes: BTreeMap<String, Volume>,
    /// The hash of all of this: equal hash, nothing was changed in the source.
    pub hash: Digest,
}

impl Deployment {
    /// Its own tree on the engine's host, and what is known of ways on it.
    #[must_use]
    pub fn own_tree(&self) -> OwnTree {
        OwnTree {
            folder: self.project_dir.clone(),
            links: self.links.clone(),
            ways: self.ways.clone(),
            writable: Arc::clone(&self.writable),
        }
    }

    /// What its own containers can write to of the host.
    #[must_use]
    pub fn written(&self) -> BTreeSet<String> {
        let mounts = self.services.values().flat_map(|service| service.spec.mounts.values());
        let paths = mounts.filter(|mount| !mount.read_only).filter_map(|mount| {
            let volume = |name: &VolumeName| {
                let mut all = self.volumes.values();
                let device =
                    all.find(|volume| volume.spec.name == *name)?.spec.driver_opts.get("device");
                device.filter(|device| device.starts_with('/')).cloned()
            };
            match &mount.source {
                MountSource::Bind(path) => Some(path.clone()),
                MountSource::Volume(name) => volume(name),
                MountSource::Anonymous | MountSource::Image(_) => None,
            }
        });
        let paths: BTreeSet<String> = paths.map(|path| normalise(&path)).collect();
        let led = paths.iter().filter_map(|path| self.links.get(path)).cloned().collect::<Vec<_>>();
        paths.into_iter().chain(led).collect()
    }
}

/// A network of a deployment.
#[derive(Clone, Debug)]
pub struct Network {
    /// What it is.
    pub spec: NetworkSpec,
    /// It is external: we only attach.
    pub external: bool,
    /// Compose's config hash; `None` if it is not known.
    pub compose_hash: Option<Digest>,
    /// Where it is declared (the first use for the implicit `default`).
    pub origin: Loc,
}

/// A named volume of a deployment.
#[derive(Clone, Debug)]
pub struct Volume {
    /// What it is.
    pub spec: VolumeSpec,
    /// It is external: we only mount.
    pub external: bool,
    /// Compose's config hash; `None` if it is not known.
    pub compose_hash: Option<Digest>,
    /// Where it is declared.
    pub origin: Loc,
}

/// A service as desired.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct Service {
    /// Its name.
    pub name: ServiceName,
    /// How many replicas.
    pub replicas: u32,
    /// `container_name`: at most one replica then.
    pub container_name: Option<ContainerName>,
    /// What each replica's container is, with the service's aliases, without identity labels.
    pub spec: ContainerSpec,
    /// Where the image comes from.
    pub image: ImageSource,
    /// Configs and secrets that are put into the container before it starts.
    pub files: Vec<FileSpec>,
    /// The hash of `files` and of bound configs and secrets; `None` without any.
    pub files_hash: Option<Digest>,
    /// Bound single files by target, where we see those of the engine's host; in no hash.
    pub bound: BTreeMap<String, super::mark::Mark>,
    /// What it depends on.
    pub depends_on: BTreeMap<ServiceName, Dependency>,
    /// Whether it runs once to an exit code of 0 and is done: nobody reaches it by name.
    pub job: bool,
    /// Whether a container that ended with 0 stays ended, as an explicit `restart: "no"` or
    /// `on-failure` asks.
    pub stays_ended: bool,
    /// Whether it runs again when the deployment returns to its last stable state, if it is a job.
    pub on_rollback: bool,
    /// Whether nothing of it is made: a job that is not repeated.
    pub rests: bool,
    /// Time between the stop signal and the kill.
    pub stop_grace: Duration,
    /// What runs in or before its containers when they start or stop.
    pub hooks: Hooks,
    /// How replicas are replaced.
    pub rollout: Rollout,
    /// How replicas appear in the Consul catalog; `None` keeps them out of it.
    pub registration: Option<Registration>,
    /// The hash of everything that makes a container differ (spec, image, files).
    pub hash: Digest,
    /// Compose's config hash; `None` if it is not known.
    pub compose_hash: Option<ConfigHash>,
    /// Where fields were written: `""` is the service itself, then `environment.TAG`.
    pub origins: Origins,
    /// Field paths (as in `origins`) whose values never print.
    pub sensitive: BTreeSet<String>,
    /// Variables among those whose names are not those of secrets, and whose values only env
    /// files gave.
    pub from_env_file: BTreeSet<String>,
}

impl Service {
    /// Its image, those that are built before it, those of its init containers, and those
    /// that are mounted.
    pub fn images(&self) -> impl Iterator<Item = &ImageRef> {
        let needed = match &self.image {
            ImageSource::Pull(_) | ImageSource::BuiltBy { .. } => Vec::new(),
            ImageSource::Build(build) => build.needed(),
        };
        let inits = self.hooks.pre_start.iter().filter_map(|init| init.image.as_ref());
        std::iter::once(&self.spec.image)
            .chain(needed.into_iter().map(|(image, _)| image))
            .chain(inits)
            .chain(self.spec.mounted_images().map(|(_, image)| image))
    }
}

/// One entry of `depends_on`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// What must hold before a dependent starts.
    pub condition: Condition,
    /// Whether the dependent restarts when the dependency was replaced or restarted.
    pub restart: bool,
    /// Whether the dependency must exist.
    pub required: bool,
}

/// What must hold of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Its replicas run.
    Started,
    /// Their health checks pass.
    Healthy,
    /// They ended with exit code 0.
    Completed,
}

/// How replicas are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rollout {
    /// The order the stack asks for; `None` chooses start-first where it is possible.
    pub order: Option<RolloutOrder>,
    /// How many replicas move at once, at least 1.
    pub parallelism: u32,
    /// How long a replica must be healthy before it counts; unless the stack says it, see
    /// [`Rollout::min_healthy_of`].
    pub min_healthy: Duration,
    /// By when it must have become healthy.
    pub deadline: Duration,
    /// How long a replica must stay healthy before the next one moves.
    #[serde(skip_serializing_if = "Duration::is_zero")]
    pub delay: Duration,
    /// What is done when one does not become healthy; `None` does what the deployment says. It
    /// makes no deployment another one.
    #[serde(skip)]
    pub on_failure: Option<OnFailure>,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            order: None,
            parallelism: 1,
            min_healthy: Duration::from_millis(500),
            deadline: Duration::from_mins(5),
            delay: Duration::ZERO,
            on_failure: None,
        }
    }
}

impl Rollout {
    /// How long a replica must be healthy if the stack does not say it: where a health check says
    /// that it works, for a moment; else so long that what ends at once is seen to end.
    #[must_use]
    pub fn min_healthy_of(spec: &ContainerSpec) -> Duration {
        match &spec.healthcheck {
            Some(check) if !check.is_disabled() => Self::default().min_healthy,
            _ => Duration::from_secs(5),
        }
    }
}

/// Which of two containers of a replica goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutOrder {
    /// The new one starts and is healthy before the old one stops.
    StartFirst,
    /// The old one stops before the new one starts.
    StopFirst,
}

/// How a service appears in the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// The container's port; `None` takes the first published, exposed or image port.
    pub port: Option<u16>,
    /// More tags.
    pub tags: Vec<String>,
}
