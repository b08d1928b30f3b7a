//! A Docker engine as one of the host's engines.

use std::sync::Arc;

use super::Engine;
use crate::docker::Docker;
use model::action::Action;
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId, EngineName};
use model::ledger::Record;
use model::observed::{ContainerView, EngineContents, Probe};
use model::secret::Content;
use model::target::Outcome;
use std::collections::BTreeSet;
use world::{Changed, LastWords, OutsideError, Scope, Tree};

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

    async fn last_words(
        &self,
        container: &ContainerId,
        lines: usize,
    ) -> Result<LastWords, OutsideError> {
        Docker::last_words(self, container, lines).await
    }

    async fn probe(&self, container: &ContainerId) -> Result<Option<Probe>, OutsideError> {
        Docker::probe(self, container).await
    }

    async fn act(&self, action: &Action, tree: &dyn Tree) -> Result<Outcome, OutsideError> {
        Docker::act(self, action, tree).await
    }

    async fn change_record(
        &self,
        deployment: &DeploymentId,
        change: impl FnOnce(Record) -> Record,
    ) -> Result<(), OutsideError> {
        Docker::change_record(self, deployment, change).await
    }

    async fn kept(
        &self,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        Docker::kept_files(self, deployment, digest).await
    }

    async fn keep(
        &self,
        deployment: &DeploymentId,
        files: &Content,
        beside: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        Docker::keep(self, deployment, files, beside).await
    }

    async fn forget_kept(&self, deployment: &DeploymentId) -> Result<(), OutsideError> {
        Docker::forget_kept(self, deployment).await
    }

    async fn sweep_records(&self, all: bool) -> Result<(), OutsideError> {
        Docker::sweep_records(self, all).await
    }

    async fn changed(&self) -> Changed {
        Docker::changed(self).await
    }
}
