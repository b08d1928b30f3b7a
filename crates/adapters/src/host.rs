//! The real world as one thing: engines by name, and Consul if there is one.
//!
//! Nothing is decided here: every call goes to the one outside system that it is about.
//! [`Host::read_only`] is what `plan` gets: of its type nothing is known but that it can be looked
//! at, so that there is no way to change something.

mod docker;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{join_all, select_all};
use tokio::sync::Mutex;

use super::consul::Consul;
use super::docker::{Docker, EngineLock, LockError, LockHolder};
use model::action::{Action, LedgerChange};
use model::catalog::CatalogContents;
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId, EngineName};
use model::ledger::{LedgerView, Record, Stored};
use model::observed::{ContainerView, EngineContents, Probe};
use model::secret::Content;
use model::target::Outcome;
use model::time::Timestamp;
use world::{Act, CatalogScope, Changed, LastWords, Observe, OutsideError, Scope, Tree, Watch};

/// One engine, as far as the host needs it.
#[expect(async_fn_in_trait, reason = "the loop is single-threaded; no Send is wanted")]
pub trait Engine {
    /// The operator's name of it.
    fn name(&self) -> &EngineName;

    /// See [`Observe::begin`].
    async fn begin(&self) {}

    /// See [`Observe::engine`].
    async fn observe(&self, scope: &Scope) -> Result<EngineContents, OutsideError>;

    /// See [`Observe::container`].
    async fn container(
        &self,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError>;

    /// See [`Observe::log_tail`].
    async fn log_tail(
        &self,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError>;

    /// See [`Observe::last_words`].
    async fn last_words(
        &self,
        container: &ContainerId,
        lines: usize,
    ) -> Result<LastWords, OutsideError> {
        let log = self.log_tail(container, lines).await?;
        Ok(LastWords { log, ..LastWords::default() })
    }

    /// See [`Observe::probe`].
    async fn probe(&self, container: &ContainerId) -> Result<Option<Probe>, OutsideError> {
        let _ = container;
        Ok(None)
    }

    /// See [`Act::act`]; neither the catalog's nor the ledger's actions.
    async fn act(&self, action: &Action, tree: &dyn Tree) -> Result<Outcome, OutsideError>;

    /// Replaces the record of a deployment on this engine by what `change` makes of it.
    async fn change_record(
        &self,
        deployment: &DeploymentId,
        change: impl FnOnce(Record) -> Record,
    ) -> Result<(), OutsideError>;

    /// See [`Observe::kept`].
    async fn kept(
        &self,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError>;

    /// See [`Act::keep`].
    async fn keep(
        &self,
        deployment: &DeploymentId,
        files: &Content,
        beside: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError>;

    /// Removes what is kept of a deployment that left.
    async fn forget_kept(&self, deployment: &DeploymentId) -> Result<(), OutsideError>;

    /// Removes the records that the last look saw and newer ones have replaced, or all that it
    /// saw.
    async fn sweep_records(&self, all: bool) -> Result<(), OutsideError>;

    /// See [`Watch::changed`].
    async fn changed(&self) -> Changed;
}

/// The real world.
#[derive(Debug)]
pub struct Host<E = Arc<Docker>> {
    engines: BTreeMap<EngineName, E>,
    consul: Option<Consul>,
    /// Records of the ledger are written one after the other.
    ledger: Mutex<()>,
}

impl<E: Engine> Host<E> {
    /// A host of these engines. Without Consul, each keeps its part of the ledger.
    #[must_use]
    pub fn new(engines: impl IntoIterator<Item = E>, consul: Option<Consul>) -> Self {
        let engines = engines.into_iter().map(|engine| (engine.name().clone(), engine)).collect();
        Self { engines, consul, ledger: Mutex::default() }
    }

    /// The same without any way to change something.
    #[must_use]
    pub fn read_only(self) -> impl Observe + Watch {
        self
    }

    /// One of its engines.
    #[must_use]
    pub fn of(&self, engine: &EngineName) -> Option<&E> {
        self.engines.get(engine)
    }

    fn get(&self, engine: &EngineName) -> Result<&E, OutsideError> {
        self.engines
            .get(engine)
            .ok_or_else(|| OutsideError::Failed(format!("no engine `{engine}` is configured")))
    }

    /// Replaces a record where records are written: in Consul, else on its engine.
    async fn change_record(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        change: impl FnOnce(Record) -> Record,
    ) -> Result<(), OutsideError> {
        match &self.consul {
            Some(consul) => consul.change_record(engine, deployment, change).await,
            None => self.get(engine)?.change_record(deployment, change).await,
        }
    }

    /// Moves records to where they are written; those of engines that are no more have no place.
    /// Only then are they removed where they were.
    async fn bring_in_order(&self, ledger: &LedgerView) -> Result<(), OutsideError> {
        let _permit = self.ledger.lock().await;
        for (engine, deployment) in &ledger.misplaced {
            let record = ledger.ledger.record(engine, deployment);
            if let Some(record) = record.filter(|_| self.engines.contains_key(engine)) {
                let moved = |_| Record { origin: None, ..record.clone() };
                self.change_record(engine, deployment, moved).await?;
            }
        }
        if let Some(consul) = &self.consul {
            consul.remove_single().await?;
        }
        let mut result = Ok(());
        for engine in self.engines.values() {
            let swept = engine.sweep_records(self.consul.is_some()).await;
            result = result.and(swept);
        }
        result
    }
}

impl Host {
    /// Takes the lock on an engine; for passes without Consul.
    ///
    /// # Errors
    /// [`LockError::Held`] at once if another process holds it.
    pub async fn lock(
        &self,
        engine: &EngineName,
        holder: &LockHolder,
        now: Timestamp,
    ) -> Result<EngineLock, LockError> {
        self.get(engine)?.take_lock(holder, now).await
    }

    /// Gives the lock on an engine back.
    pub async fn unlock(&self, engine: &EngineName, lock: EngineLock) -> Result<(), OutsideError> {
        self.get(engine)?.give_lock(lock).await
    }

    /// Whether all of these engines are as the last look saw them.
    pub async fn are_as_looked_at(&self, engines: &BTreeSet<EngineName>) -> bool {
        let looks = engines.iter().map(|name| async move {
            match self.get(name) {
                Ok(engine) => engine.is_as_looked_at().await.unwrap_or(false),
                Err(_) => false,
            }
        });
        join_all(looks).await.into_iter().all(|same| same)
    }
}

impl<E: Engine> Observe for Host<E> {
    async fn begin(&self) {
        join_all(self.engines.values().map(Engine::begin)).await;
    }

    async fn engine(
        &self,
        engine: &EngineName,
        scope: &Scope,
    ) -> Result<EngineContents, OutsideError> {
        self.get(engine)?.observe(scope).await
    }

    async fn container(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        self.get(engine)?.container(container).await
    }

    async fn log_tail(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        self.get(engine)?.log_tail(container, lines).await
    }

    async fn last_words(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<LastWords, OutsideError> {
        self.get(engine)?.last_words(container, lines).await
    }

    async fn probe(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<Probe>, OutsideError> {
        self.get(engine)?.probe(container).await
    }

    async fn kept(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        self.get(engine)?.kept(deployment, digest).await
    }

    async fn catalog(&self, scope: &CatalogScope) -> Result<Option<CatalogContents>, OutsideError> {
        match &self.consul {
            Some(consul) => consul.catalog(scope).await.map(Some),
            None => Ok(None),
        }
    }

    async fn ledger(&self) -> Result<Option<Stored>, OutsideError> {
        match &self.consul {
            Some(consul) => consul.read_ledger().await.map(Some),
            None => Ok(None),
        }
    }
}

impl<E: Engine> Act for Host<E> {
    async fn act(
        &self,
        engine: &EngineName,
        action: &Action,
        tree: &dyn Tree,
    ) -> Result<Outcome, OutsideError> {
        match action {
            Action::WriteLedger { change } => {
                let _permit = self.ledger.lock().await;
                let changed = |record: Record| record.changed(change);
                if let LedgerChange::Forget { deployment } = change
                    && let Ok(at) = self.get(engine)
                {
                    at.forget_kept(deployment).await?;
                }
                self.change_record(engine, change.deployment(), changed).await?;
                Ok(Outcome::Done)
            }
            Action::Register { .. } | Action::Deregister { .. } => match &self.consul {
                Some(consul) => consul.act(action).await,
                None => Err(OutsideError::Failed("no Consul is configured".to_owned())),
            },
            _ => self.get(engine)?.act(action, tree).await,
        }
    }

    async fn keep(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        files: &Content,
        beside: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        self.get(engine)?.keep(deployment, files, beside).await
    }

    async fn tidy(&self, ledger: &LedgerView) {
        if let Err(error) = self.bring_in_order(ledger).await {
            tracing::warn!(%error, "the ledger is brought in order after the next look");
        }
    }
}

impl<E: Engine> Watch for Host<E> {
    async fn changed(&self) -> Changed {
        let all: Vec<_> =
            self.engines.values().map(|engine| engine.changed().boxed_local()).collect();
        // `select_all` of nothing panics; where there is no engine, nothing ever changes.
        if all.is_empty() {
            return std::future::pending().await;
        }
        select_all(all).await.0
    }
}

#[cfg(test)]
mod tests;
