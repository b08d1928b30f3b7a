//! The part of a look that no scope changes: one list of everything, and an inspect of
//! what carries our labels. It may begin while desired state is still being read. A look at a part
//! of the containers begins with lists of that part instead.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::about::About;
use super::inspect;
use super::list::{Listed, Other};
use crate::docker::wire::answer::Volumes;
use crate::docker::{AT_ONCE, Docker};
use model::ability::Abilities;
use model::id::{ContainerId, EngineId};
use model::ledger::Stored;
use model::observed::{ContainerView, NetworkView, VolumeView};
use world::{OutsideError, Scope};

/// How long a begun look is waited for.
const GREETING: Duration = Duration::from_millis(20);
/// Turns of the runtime in which connections are made and the first requests written.
const YIELDS: usize = 8;
/// What a look finds whatever its scope is.
pub(in crate::docker) struct EngineSnapshot {
    pub(in crate::docker) id: EngineId,
    pub(in crate::docker) abilities: Abilities,
    /// The containers with our installation's label.
    pub(in crate::docker) ours: Vec<ContainerView>,
    /// All others.
    pub(in crate::docker) others: Vec<Other>,
    /// The container that we run in.
    pub(in crate::docker) own: Option<ContainerId>,
    pub(in crate::docker) networks: Vec<NetworkView>,
    pub(in crate::docker) volumes: Vec<VolumeView>,
    /// The records of the ledger that it keeps.
    pub(in crate::docker) stored: Stored,
}

/// A snapshot that is being read ahead for the next look.
#[derive(Default)]
pub(in crate::docker) struct Prefetch(
    Mutex<Option<JoinHandle<Result<EngineSnapshot, OutsideError>>>>,
);

impl Prefetch {
    fn replace(
        &self,
        with: Option<JoinHandle<Result<EngineSnapshot, OutsideError>>>,
    ) -> Option<JoinHandle<Result<EngineSnapshot, OutsideError>>> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), with)
    }
}

impl Docker {
    /// Begins the next look, and returns when the engine works at it or lets us wait for
    /// its greeting: a busy thread then does not keep the engine idle.
    pub async fn begin(self: &Arc<Self>) {
        let docker = Arc::clone(self);
        let (greeted, greeting) = oneshot::channel();
        let task = tokio::spawn(async move {
            docker.read(docker.transport.version()).await?;
            // Nobody may be waiting any more.
            let _ = greeted.send(());
            docker.snapshot_at(None).await
        });
        if let Some(unused) = self.begun.replace(Some(task)) {
            unused.abort();
        }
        if let Ok(Ok(())) = tokio::time::timeout(GREETING, greeting).await {
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
        }
    }

    /// The snapshot that was read ahead, once; without one, or for a part only, a new one.
    pub(in crate::docker) async fn snapshot(
        &self,
        scope: &Scope,
    ) -> Result<EngineSnapshot, OutsideError> {
        if scope.only {
            return self.snapshot_at(Some(scope)).await;
        }
        match self.begun.replace(None) {
            Some(task) => task.await.expect("BUG: a look at an engine does not panic"),
            None => self.snapshot_at(None).await,
        }
    }

    async fn snapshot_at(&self, part: Option<&Scope>) -> Result<EngineSnapshot, OutsideError> {
        let (listed, networks, volumes) =
            futures_util::try_join!(self.listed(part), self.networks(), self.volumes())?;
        let Listed { ours, others, own, stored, remembered } = listed;
        let About { id, abilities, .. } = self.about(&remembered, &networks).await?;
        Ok(EngineSnapshot { id, abilities, ours, others, own, networks, volumes, stored })
    }

    /// These containers, in this order; those that vanished meanwhile are not among them.
    pub(in crate::docker) async fn inspected(
        &self,
        containers: Vec<ContainerId>,
    ) -> Result<Vec<ContainerView>, OutsideError> {
        let mut found = Vec::with_capacity(containers.len());
        let mut views = stream::iter(containers)
            .map(|id| async move { self.container(&id).await })
            .buffered(AT_ONCE);
        while let Some(view) = views.try_next().await? {
            found.extend(view);
        }
        Ok(found)
    }

    async fn volumes(&self) -> Result<Vec<VolumeView>, OutsideError> {
        let list: Volumes = self.decoded(&self.get("/volumes").await?)?;
        let views = list.volumes.unwrap_or_default().into_iter().map(inspect::volume);
        let mut views = views.collect::<Result<Vec<_>, _>>().map_err(|error| self.failed(error))?;
        views.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        Ok(views)
    }
}
