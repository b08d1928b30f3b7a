//! The real world as one thing: engines by name, and Consul if there is one.
//!
//! Nothing is decided here: every call goes to the one outside system that it is about.
//! [`ReadOnlyHost`] is what `plan` gets: a type without any way to change something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{join_all, select_all};

use super::consul::Consul;
use super::docker::{Docker, EngineLock, LockError, LockHolder};
use crate::model::action::{Action, LedgerChange, Outcome};
use crate::model::catalog::CatalogContents;
use crate::model::id::{ContainerId, EngineName};
use crate::model::ledger::Ledger;
use crate::model::observed::{ContainerView, EngineContents};
use crate::model::time::Timestamp;
use crate::world::{Act, Observe, OutsideError, Scope, Tree, Watch};

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

    /// See [`Act::act`]; neither the catalog's nor the ledger's actions.
    async fn act(&self, action: &Action, tree: &dyn Tree) -> Result<Outcome, OutsideError>;

    /// The ledger on this engine and its generation; an empty one at 0 if there is none.
    async fn read_ledger(&self) -> Result<(Ledger, u64), OutsideError>;

    /// Writes the next generation of the ledger on this engine.
    async fn write_ledger(&self, change: &LedgerChange) -> Result<(), OutsideError>;

    /// See [`Watch::stirred`].
    async fn stirred(&self);
}

impl Engine for Arc<Docker> {
    fn name(&self) -> &EngineName {
        Docker::name(self)
    }

    async fn begin(&self) {
        Docker::begin(self).await;
    }

    async fn observe(&self, scope: &Scope) -> Result<EngineContents, OutsideError> {
        // A large future: kept off the stack of every caller.
        Box::pin(Docker::observe(self, scope)).await
    }

    async fn container(
        &self,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        Docker::container(self, container).await
    }

    async fn log_tail(
        &self,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        Docker::log_tail(self, container, lines).await
    }

    async fn act(&self, action: &Action, tree: &dyn Tree) -> Result<Outcome, OutsideError> {
        Docker::act(self, action, tree).await
    }

    async fn read_ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        Docker::read_ledger(self).await
    }

    async fn write_ledger(&self, change: &LedgerChange) -> Result<(), OutsideError> {
        Docker::write_ledger(self, change).await
    }

    async fn stirred(&self) {
        Docker::stirred(self).await;
    }
}

/// The real world.
#[derive(Debug)]
pub struct Host<E = Arc<Docker>> {
    engines: BTreeMap<EngineName, E>,
    consul: Option<Consul>,
    keeper: EngineName,
}

impl<E: Engine> Host<E> {
    /// A host of these engines. Without Consul, `keeper` keeps the ledger.
    #[must_use]
    pub fn new(
        engines: impl IntoIterator<Item = E>,
        consul: Option<Consul>,
        keeper: EngineName,
    ) -> Self {
        let engines = engines.into_iter().map(|engine| (engine.name().clone(), engine)).collect();
        Self { engines, consul, keeper }
    }

    /// The same without any way to change something.
    #[must_use]
    pub fn read_only(self) -> ReadOnlyHost<E> {
        ReadOnlyHost(self)
    }

    fn get(&self, engine: &EngineName) -> Result<&E, OutsideError> {
        self.engines
            .get(engine)
            .ok_or_else(|| OutsideError::Failed(format!("no engine `{engine}` is configured")))
    }

    fn keeper(&self) -> Result<&E, OutsideError> {
        self.get(&self.keeper)
    }

    async fn write_ledger(&self, change: &LedgerChange) -> Result<(), OutsideError> {
        let Some(consul) = &self.consul else {
            return self.keeper()?.write_ledger(change).await;
        };
        let (mut ledger, generation) = self.ledger().await?;
        ledger.apply(change);
        consul.write_ledger(&ledger, generation).await
    }
}

impl Host {
    /// Takes the lock on the engine that keeps the ledger; for passes without Consul.
    ///
    /// # Errors
    /// [`LockError::Held`] at once if somebody else holds it.
    pub async fn lock(&self, holder: &LockHolder, now: Timestamp) -> Result<EngineLock, LockError> {
        self.keeper()?.take_lock(holder, now).await
    }

    /// Gives the lock back.
    pub async fn unlock(&self, lock: EngineLock) -> Result<(), OutsideError> {
        self.keeper()?.give_lock(lock).await
    }

    /// Whether all of these engines are as the last look saw them.
    pub async fn are_as_looked_at(&self, engines: &BTreeSet<&EngineName>) -> bool {
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

    async fn catalog(
        &self,
        engines: &BTreeSet<EngineName>,
        services: &BTreeSet<String>,
    ) -> Result<Option<CatalogContents>, OutsideError> {
        match &self.consul {
            Some(consul) => consul.catalog(engines, services).await.map(Some),
            None => Ok(None),
        }
    }

    /// With Consul the ledger is there. One that was kept on the engine before Consul was
    /// configured is taken over: it counts until Consul's own is written, which then
    /// begins with it.
    async fn ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        let Some(consul) = &self.consul else {
            return self.keeper()?.read_ledger().await;
        };
        match consul.read_ledger().await? {
            (_, 0) => Ok((self.keeper()?.read_ledger().await?.0, 0)),
            written => Ok(written),
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
                self.write_ledger(change).await.map(|()| Outcome::Done)
            }
            Action::Register { .. } | Action::Deregister { .. } => match &self.consul {
                Some(consul) => consul.act(action).await,
                None => Err(OutsideError::Failed("no Consul is configured".to_owned())),
            },
            _ => self.get(engine)?.act(action, tree).await,
        }
    }
}

impl<E: Engine> Watch for Host<E> {
    async fn stirred(&self) {
        let all: Vec<_> =
            self.engines.values().map(|engine| engine.stirred().boxed_local()).collect();
        // `select_all` of nothing panics; where there is no engine, nothing ever stirs.
        if all.is_empty() {
            std::future::pending::<()>().await;
        }
        select_all(all).await;
    }
}

/// The real world, to look at.
#[derive(Debug)]
pub struct ReadOnlyHost<E = Arc<Docker>>(Host<E>);

impl<E: Engine> Observe for ReadOnlyHost<E> {
    async fn begin(&self) {
        self.0.begin().await;
    }

    async fn engine(
        &self,
        engine: &EngineName,
        scope: &Scope,
    ) -> Result<EngineContents, OutsideError> {
        self.0.engine(engine, scope).await
    }

    async fn container(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        self.0.container(engine, container).await
    }

    async fn log_tail(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        self.0.log_tail(engine, container, lines).await
    }

    async fn catalog(
        &self,
        engines: &BTreeSet<EngineName>,
        services: &BTreeSet<String>,
    ) -> Result<Option<CatalogContents>, OutsideError> {
        self.0.catalog(engines, services).await
    }

    async fn ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        self.0.ledger().await
    }
}

#[cfg(test)]
mod tests;
