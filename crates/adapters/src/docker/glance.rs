//! The part of a look that no scope changes: one list of everything, and an inspect of what
//! carries our labels. It may begin while desired state is still being read. A look at a part
//! of what runs begins with lists of that part instead.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::answer::{Info, Network, Volumes};
use super::list::{Listed, Other};
use super::{AT_ONCE, Docker, inspect, network};
use model::ability::Abilities;
use model::id::{ContainerId, EngineId};
use model::ledger::Stored;
use model::observed::{ContainerView, NetworkView, VolumeView};
use world::{OutsideError, Scope};

/// How long a begun look is waited for.
const GREETING: Duration = Duration::from_millis(20);
/// Turns of the runtime in which connections are made and the first requests written.
const TURNS: usize = 8;
/// The network that every start of an engine makes.
const BRIDGE: &str = "bridge";

/// What a look finds whatever its scope is.
pub(super) struct Glance {
    pub(super) id: EngineId,
    pub(super) abilities: Abilities,
    /// The containers with our installation's label.
    pub(super) ours: Vec<ContainerView>,
    /// All others.
    pub(super) others: Vec<Other>,
    /// The container that we run in.
    pub(super) own: Option<ContainerId>,
    pub(super) networks: Vec<NetworkView>,
    pub(super) volumes: Vec<VolumeView>,
    /// The records of the ledger that it keeps.
    pub(super) stored: Stored,
}

/// What an engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    /// The id that it gives itself.
    pub(super) id: EngineId,
    /// What it can do.
    pub(super) abilities: Abilities,
    /// What tells this start of the engine from any other; `None` if nothing does.
    #[serde(default)]
    pub(super) start: Option<Start>,
}

/// One start of an engine: each makes the built-in network `bridge` anew. Not so an engine with
/// live-restore, nor one without that network, of which only this connection tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Start(String);

impl Start {
    /// The start that made these networks.
    fn of(networks: &[NetworkView]) -> Option<Self> {
        let mut found = networks.iter().filter(|view| view.spec.name.as_str() == BRIDGE);
        found.next().map(|view| Self(view.id.to_string()))
    }
}

/// What this process knows of an engine, and since which connection.
#[derive(Clone, Debug)]
pub(super) struct Known {
    about: About,
    connection: u64,
}

/// A glance under way, if one was begun for the next look.
#[derive(Default)]
pub(super) struct Begun(Mutex<Option<JoinHandle<Result<Glance, OutsideError>>>>);

impl Begun {
    fn replace(
        &self,
        with: Option<JoinHandle<Result<Glance, OutsideError>>>,
    ) -> Option<JoinHandle<Result<Glance, OutsideError>>> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), with)
    }
}

impl Docker {
    /// Begins the next look, and returns when the engine works at it or lets us wait for
    /// its greeting: whoever keeps this thread busy then does not keep the engine idle.
    pub async fn begin(self: &Arc<Self>) {
        let docker = Arc::clone(self);
        let (greeted, greeting) = oneshot::channel();
        let task = tokio::spawn(async move {
            docker.read(docker.transport.version()).await?;
            // Nobody may be waiting any more.
            let _ = greeted.send(());
            docker.glance_at(None).await
        });
        if let Some(unused) = self.begun.replace(Some(task)) {
            unused.abort();
        }
        if let Ok(Ok(())) = tokio::time::timeout(GREETING, greeting).await {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        }
    }

    /// The glance that was begun, once; without one, or for a part only, a new one.
    pub(super) async fn glance(&self, scope: &Scope) -> Result<Glance, OutsideError> {
        if scope.only {
            return self.glance_at(Some(scope)).await;
        }
        match self.begun.replace(None) {
            Some(task) => task.await.expect("BUG: a look at an engine does not panic"),
            None => self.glance_at(None).await,
        }
    }

    async fn glance_at(&self, part: Option<&Scope>) -> Result<Glance, OutsideError> {
        let (listed, networks, volumes) =
            futures_util::try_join!(self.listed(part), self.networks(), self.volumes())?;
        let Listed { ours, others, own, stored, remembered } = listed;
        let About { id, abilities, .. } = self.about(&remembered, &networks).await?;
        Ok(Glance { id, abilities, ours, others, own, networks, volumes, stored })
    }

    /// These containers, in this order; those that vanished meanwhile are not among them.
    pub(super) async fn inspected(
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

    async fn networks(&self) -> Result<Vec<NetworkView>, OutsideError> {
        let mut list: Vec<Network> = self.decoded(&self.get("/networks").await?)?;
        network::by_name_and_age(&mut list);
        let views = list.into_iter().map(inspect::network).collect::<Result<Vec<_>, _>>();
        let views = views.map_err(|error| self.failed(error))?;
        self.networks.replace(&views);
        Ok(views)
    }

    async fn volumes(&self) -> Result<Vec<VolumeView>, OutsideError> {
        let list: Volumes = self.decoded(&self.get("/volumes").await?)?;
        let views = list.volumes.unwrap_or_default().into_iter().map(inspect::volume);
        let mut views = views.collect::<Result<Vec<_>, _>>().map_err(|error| self.failed(error))?;
        views.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
        Ok(views)
    }

    /// What the engine says of itself. It starts two programs for the answer, so that it is
    /// asked once for each of its starts, which these networks tell; what a record `remembers`
    /// of this very start counts, too.
    async fn about(
        &self,
        remembered: &[About],
        networks: &[NetworkView],
    ) -> Result<About, OutsideError> {
        let start = Start::of(networks);
        let mut known = self.about.lock().await;
        let fits = |known: &Known| match &known.about.start {
            Some(_) => known.about.start == start,
            None => known.connection == self.transport.connection(),
        };
        let about = match &*known {
            Some(known) if fits(known) => known.about.clone(),
            before => {
                if before.is_some() {
                    self.transport.forget().await;
                }
                let same = |about: &&About| about.start.is_some() && about.start == start;
                match remembered.iter().find(same) {
                    Some(about) => about.clone(),
                    None => self.ask_about(start).await?,
                }
            }
        };
        let api = self.read(self.transport.version()).await?;
        let connection = self.transport.connection();
        *known = Some(Known { about: about.clone(), connection });
        let abilities = Abilities { api, ..about.abilities };
        Ok(About { abilities, ..about })
    }

    /// What the engine said of itself at the last look.
    pub(super) async fn last_about(&self) -> Result<About, OutsideError> {
        let known = self.about.lock().await.as_ref().map(|known| known.about.clone());
        match known {
            Some(about) => Ok(about),
            None => self.about(&[], &self.networks().await?).await,
        }
    }

    async fn ask_about(&self, start: Option<Start>) -> Result<About, OutsideError> {
        let info: Info = self.decoded(&self.get("/info").await?)?;
        let id = info.id.clone().filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| self.failed("it does not tell its id"))?;
        let start = start.filter(|_| info.live_restore_enabled != Some(true));
        Ok(About { id: EngineId::new(id), abilities: inspect::abilities(info), start })
    }
}
