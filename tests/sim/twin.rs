//! A controller with one mistake, as the world that it sees and acts upon.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use model::action::Action;
use model::catalog::CatalogContents;
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId, EngineName};
use model::labels::Identity;
use model::ledger::{LedgerView, Stored};
use model::observed::{ContainerView, EngineContents};
use model::secret::Content;
use model::target::Outcome;
use model::time::{Instant, Timestamp};
use sim::SimWorld;
use world::{Act, CatalogScope, Clock, Observe, OutsideError, Scope, Tree};

/// A mistake in how the world is seen or acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    None,
    /// An engine that does not answer is taken for an empty one.
    UnseenIsEmpty,
    /// Labels are believed, whatever name the container bears.
    LabelsProve,
    /// Files are never put into containers.
    NoUploads,
    /// Anonymous volumes stay behind.
    FreshVolumes,
    /// Every wait ends at once.
    NoWaits,
}

/// A world seen by a faulty controller.
pub(super) struct Twin {
    pub(super) world: SimWorld,
    pub(super) mistake: Mistake,
    pub(super) lies: Cell<u32>,
}

impl Observe for Twin {
    async fn kept(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        self.world.kept(engine, deployment, digest).await
    }

    async fn engine(
        &self,
        engine: &EngineName,
        scope: &Scope,
    ) -> Result<EngineContents, OutsideError> {
        let answer = self.world.engine(engine, scope).await;
        match (self.mistake, answer) {
            (Mistake::UnseenIsEmpty, Err(_)) => {
                let id = Some(format!("SIM:{}", engine.as_str().to_ascii_uppercase()));
                let id = id.map(|id| id.as_str().into());
                Ok(EngineContents { id, ..EngineContents::default() })
            }
            (Mistake::LabelsProve, Ok(mut contents)) => {
                for view in &mut contents.containers {
                    if let Some(identity) = Identity::decode(&view.spec.labels) {
                        view.name = identity.name;
                    }
                }
                Ok(contents)
            }
            (_, answer) => answer,
        }
    }

    async fn container(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        let mut answer = self.world.container(engine, container).await;
        if let (Mistake::NoWaits, Ok(Some(view))) = (self.mistake, &mut answer) {
            self.lies.set(self.lies.get() + 1);
            view.state.health = None;
            view.state.status = model::observed::Status::Running;
        }
        answer
    }

    async fn log_tail(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        self.world.log_tail(engine, container, lines).await
    }

    async fn catalog(&self, scope: &CatalogScope) -> Result<Option<CatalogContents>, OutsideError> {
        self.world.catalog(scope).await
    }

    async fn ledger(&self) -> Result<Option<Stored>, OutsideError> {
        self.world.ledger().await
    }
}

impl Act for Twin {
    async fn keep(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        files: &Content,
        beside: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        self.world.keep(engine, deployment, files, beside).await
    }

    async fn act(
        &self,
        engine: &EngineName,
        action: &Action,
        tree: &dyn Tree,
    ) -> Result<Outcome, OutsideError> {
        match (self.mistake, action) {
            (Mistake::NoUploads, Action::UploadFiles { .. }) => Ok(Outcome::Done),
            (Mistake::FreshVolumes, Action::CreateContainer(create)) => {
                let mut create = create.clone();
                create.volumes.clear();
                self.world.act(engine, &Action::CreateContainer(create), tree).await
            }
            _ => self.world.act(engine, action, tree).await,
        }
    }

    async fn tidy(&self, ledger: &LedgerView) {
        self.world.tidy(ledger).await;
    }
}

impl Clock for Twin {
    fn now(&self) -> Timestamp {
        self.world.now()
    }

    fn instant(&self) -> Instant {
        self.world.instant()
    }

    async fn sleep(&self, span: Duration) {
        self.world.sleep(span).await;
    }
}
