//! Actions: each is one call to one outside system, or one wait for a named condition.
//!
//! What an earlier step yields is a placeholder ([`ContainerRef::Made`],
//! [`Endpoint::After`]) until the executor fills it in with [`Action::resolve`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::build::{Build, BuildOwner};
use super::compose_labels::PlannedImage;
pub use super::create::{Create, Join};
use super::hook::{Hook, Moment};
use super::id::{CatalogId, ContainerName, ImageRef, NetworkId, NetworkName, NodeName, StepId};
use super::labels::OwnerLabels;
pub use super::ledger::LedgerChange;
use super::limits::Limits;
use super::platform::Platform;
pub use super::registrant::{Endpoint, Registrant};
use super::spec::{Attachment, FileSpec, NetworkSpec, RestartPolicy, VolumeSpec};
use super::target::{ContainerRef, Outcome, Target, Unresolved};

/// One call to one outside system, or one wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// Pull an image.
    PullImage {
        /// Which.
        image: ImageRef,
        /// For which platform; `None` for the engine's own.
        platform: Option<Platform>,
    },
    /// Build an image from a context of the tree.
    BuildImage {
        /// Its name.
        tag: ImageRef,
        /// How.
        build: Box<Build>,
        /// On whose behalf.
        owner: BuildOwner,
    },
    /// Create a network.
    CreateNetwork {
        /// What it is.
        network: NetworkSpec,
        /// Whose it is.
        owner: OwnerLabels,
    },
    /// Remove a network of ours.
    RemoveNetwork {
        /// Its name, for people.
        name: NetworkName,
        /// Which.
        id: NetworkId,
    },
    /// Create a named volume.
    CreateVolume {
        /// What it is.
        volume: VolumeSpec,
        /// Whose it is.
        owner: OwnerLabels,
    },
    /// Create a container.
    CreateContainer(Box<Create>),
    /// Put files into a container that never ran.
    UploadFiles {
        /// Where to.
        container: Target,
        /// What.
        files: Vec<FileSpec>,
    },
    /// Attach a container to one more network.
    ConnectNetwork {
        /// Which container.
        container: Target,
        /// Which network.
        network: NetworkName,
        /// How.
        attachment: Box<Attachment>,
    },
    /// Detach a container from a network.
    DisconnectNetwork {
        /// Which container.
        container: Target,
        /// Which network.
        network: NetworkName,
    },
    /// Start a container.
    StartContainer {
        /// Which.
        container: Target,
    },
    /// Change limits of a container in place.
    UpdateContainer {
        /// Which.
        container: Target,
        /// To what.
        resources: Resources,
    },
    /// Run a command in a container, to its end.
    RunHook {
        /// Which container.
        container: Target,
        /// On which occasion.
        moment: Moment,
        /// Which of the occasion's commands, from 0.
        number: usize,
        /// The command.
        hook: Hook,
        /// How long it may take.
        deadline: Duration,
    },
    /// Let a frozen container go on.
    UnpauseContainer {
        /// Which.
        container: Target,
    },
    /// Stop and start a container.
    RestartContainer {
        /// Which.
        container: Target,
        /// Time between the stop signal and the kill.
        grace: Duration,
    },
    /// Stop a container.
    StopContainer {
        /// Which.
        container: Target,
        /// Time between the stop signal and the kill.
        grace: Duration,
    },
    /// Give a container another name.
    RenameContainer {
        /// Which.
        container: Target,
        /// The new name.
        to: ContainerName,
    },
    /// Remove a stopped container of ours, with nothing of its volumes.
    RemoveContainer {
        /// Which.
        container: Target,
    },
    /// Wait until a container is in some state. Changes nothing.
    Await {
        /// Which.
        container: Target,
        /// For what.
        until: Until,
        /// By when, counted from the start of the wait.
        deadline: Duration,
    },
    /// Write entries of one replica to the catalog, its node included.
    Register {
        /// Our external node.
        node: NodeName,
        /// What to write.
        entries: Vec<Registrant>,
    },
    /// Remove entries of ours from the catalog.
    Deregister {
        /// Our external node.
        node: NodeName,
        /// Which.
        ids: BTreeSet<CatalogId>,
    },
    /// Write the record of a deployment on the engine that the step names.
    WriteLedger {
        /// What changes in it.
        change: LedgerChange,
    },
}

/// What can be changed on a container as it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// All limits; those that no engine changes in place are left alone.
    pub limits: Limits,
    /// The restart policy.
    pub restart: RestartPolicy,
}

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Until {
    /// The container runs, or ran to exit code 0. Fails at once with any other.
    Running,
    /// It runs, and its health check passes if it has one, for this long. Fails at once
    /// when it ends.
    Healthy(Duration),
    /// Likewise, or it ended with exit code 0. Fails at once with any other.
    HealthyOrCompleted(Duration),
    /// It ended with exit code 0. Fails at once with any other.
    Completed,
}

/// The actions that are about one existing container, as a pattern that binds it.
macro_rules! on_one {
    ($container:ident) => {
        Action::UploadFiles { $container, .. }
            | Action::ConnectNetwork { $container, .. }
            | Action::DisconnectNetwork { $container, .. }
            | Action::StartContainer { $container }
            | Action::UpdateContainer { $container, .. }
            | Action::RunHook { $container, .. }
            | Action::UnpauseContainer { $container }
            | Action::RestartContainer { $container, .. }
            | Action::StopContainer { $container, .. }
            | Action::RenameContainer { $container, .. }
            | Action::RemoveContainer { $container }
            | Action::Await { $container, .. }
    };
}

impl Action {
    /// This action with every placeholder filled in from what earlier steps yielded.
    ///
    /// # Errors
    /// [`Unresolved`] if a step yielded nothing that fits, for example a container
    /// without an address on the network that it is registered with.
    pub fn resolve(&self, outcomes: &BTreeMap<StepId, Outcome>) -> Result<Self, Unresolved> {
        let mut action = self.clone();
        for target in action.containers_mut() {
            let ContainerRef::Made(step) = target.container else { continue };
            match outcomes.get(&step) {
                Some(Outcome::Container(id)) => target.container = ContainerRef::Known(id.clone()),
                _ => return Err(Unresolved(step)),
            }
        }
        if let Self::CreateContainer(create) = &mut action {
            for image in create.images_mut() {
                let PlannedImage::After(step) = *image else { continue };
                match outcomes.get(&step) {
                    Some(Outcome::Image(it)) => *image = PlannedImage::Known(it.id.clone()),
                    _ => return Err(Unresolved(step)),
                }
            }
        }
        if let Self::Register { entries, .. } = &mut action {
            // What has ended meanwhile, and may, is nowhere to be reached.
            entries.retain(|entry| !entry.endpoint.has_ended(outcomes));
            for entry in entries {
                entry.endpoint = entry.endpoint.resolve(outcomes)?;
            }
        }
        Ok(action)
    }

    /// The steps whose outcomes fill the placeholders of this action.
    pub fn placeholders_mut(&mut self) -> Vec<&mut StepId> {
        match self {
            Self::CreateContainer(create) => {
                let Create { joins, compose, mounted, .. } = &mut **create;
                let joins = joins.iter_mut().map(|join| &mut join.container.container);
                let made = joins.filter_map(|container| match container {
                    ContainerRef::Made(step) => Some(step),
                    ContainerRef::Known(_) => None,
                });
                let images = std::iter::once(&mut compose.image).chain(mounted.values_mut());
                let images = images.filter_map(|image| match image {
                    PlannedImage::After(step) => Some(step),
                    PlannedImage::Known(_) | PlannedImage::Unknown => None,
                });
                made.chain(images).collect()
            }
            Self::Register { entries, .. } => {
                let endpoints = entries.iter_mut().map(|entry| &mut entry.endpoint);
                endpoints
                    .filter_map(|endpoint| match endpoint {
                        Endpoint::Known { .. } => None,
                        Endpoint::OnNetwork { after, .. } | Endpoint::Published { after, .. } => {
                            Some(after)
                        }
                    })
                    .collect()
            }
            action => {
                let containers = action.containers_mut().into_iter();
                containers
                    .filter_map(|target| match &mut target.container {
                        ContainerRef::Made(step) => Some(step),
                        ContainerRef::Known(_) => None,
                    })
                    .collect()
            }
        }
    }

    /// The existing container that this acts on, if it acts on one.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        match self {
            on_one!(container) => Some(container),
            _ => None,
        }
    }

    /// Every container that must be known before the call.
    fn containers_mut(&mut self) -> Vec<&mut Target> {
        match self {
            Self::CreateContainer(create) => {
                create.joins.iter_mut().map(|join| &mut join.container).collect()
            }
            on_one!(container) => vec![container],
            _ => Vec::new(),
        }
    }

    /// Whether what comes after goes on although this failed: a container is stopped
    /// whatever the command before its stop says.
    #[must_use]
    pub fn may_fail(&self) -> bool {
        matches!(self, Self::RunHook { moment: Moment::PreStop, .. })
    }

    /// Whether nothing is lost when it is broken off: it changes nothing, or what it changes
    /// is there as a whole or not at all, and used by nobody yet. A command in a container
    /// runs on there; only its answer is lost.
    #[must_use]
    pub fn may_be_given_up(&self) -> bool {
        !self.is_mutating()
            || matches!(
                self,
                Self::PullImage { .. } | Self::BuildImage { .. } | Self::RunHook { .. }
            )
    }

    /// Whether it changes the outside world (everything but a wait).
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        !matches!(self, Self::Await { .. })
    }

    /// Which outside system it calls.
    #[must_use]
    pub fn outside(&self) -> Outside {
        match self {
            Self::Register { .. } | Self::Deregister { .. } => Outside::Catalog,
            Self::WriteLedger { .. } => Outside::Ledger,
            _ => Outside::Engine,
        }
    }
}

/// An outside system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outside {
    /// The engine that the step names.
    Engine,
    /// The Consul catalog.
    Catalog,
    /// The ledger, wherever it lives.
    Ledger,
}
