//! The real world as one: the engines, Consul if there is one, and the ledger, which
//! lives in Consul if there is one and else on the default engine.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{pending, select_all};

use super::consul::Consul;
use super::docker::Docker;
use crate::model::action::{Action, Outcome};
use crate::model::catalog::CatalogContents;
use crate::model::id::{ContainerId, EngineName};
use crate::model::ledger::Ledger;
use crate::model::observed::{ContainerView, EngineContents};
use crate::world::{Act, Observe, OutsideError, Scope, Tree, Watch};

/// Everything outside.
#[derive(Debug)]
pub struct Host {
    engines: BTreeMap<EngineName, Docker>,
    consul: Option<Consul>,
    /// The engine that keeps the ledger when there is no Consul.
    keeper: EngineName,
}

impl Host {
    /// These engines and this Consul. Without Consul, `keeper` keeps the ledger.
    #[must_use]
    pub fn new(
        engines: impl IntoIterator<Item = Docker>,
        consul: Option<Consul>,
        keeper: EngineName,
    ) -> Self {
        let engines = engines.into_iter().map(|engine| (engine.name().clone(), engine)).collect();
        Self { engines, consul, keeper }
    }

    fn find(&self, name: &EngineName) -> Result<&Docker, OutsideError> {
        self.engines
            .get(name)
            .ok_or_else(|| OutsideError::Failed(format!("engine `{name}` is not configured")))
    }
}

impl Observe for Host {
    async fn engine(
        &self,
        engine: &EngineName,
        scope: &Scope,
    ) -> Result<EngineContents, OutsideError> {
        self.find(engine)?.observe(scope).await
    }

    async fn container(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        self.find(engine)?.container(container).await
    }

    async fn log_tail(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        self.find(engine)?.log_tail(container, lines).await
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

    async fn ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        match &self.consul {
            Some(consul) => consul.read_ledger().await,
            None => self.find(&self.keeper)?.read_ledger().await,
        }
    }
}

impl Act for Host {
    async fn act(
        &self,
        engine: &EngineName,
        action: &Action,
        tree: &dyn Tree,
    ) -> Result<Outcome, OutsideError> {
        match (action, &self.consul) {
            (Action::Register { .. } | Action::Deregister { .. }, Some(consul)) => {
                consul.act(action).await
            }
            (Action::Register { .. } | Action::Deregister { .. }, None) => {
                Err(OutsideError::Failed("no Consul is configured".to_owned()))
            }
            (Action::WriteLedger { change }, Some(consul)) => {
                consul.write_ledger(change).await.map(|()| Outcome::Done)
            }
            (Action::WriteLedger { change }, None) => {
                let keeper = self.find(&self.keeper)?;
                keeper.write_ledger(change).await.map(|()| Outcome::Done)
            }
            _ => self.find(engine)?.act(action, tree).await,
        }
    }
}

impl Watch for Host {
    async fn stirred(&self) {
        if self.engines.is_empty() {
            return pending().await;
        }
        select_all(self.engines.values().map(|engine| Box::pin(engine.stirred()))).await;
    }
}
