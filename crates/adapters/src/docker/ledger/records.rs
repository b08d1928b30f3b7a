//! The records of the ledger on the engine itself: each a container of ours that is never
//! started. Its name carries deployment and generation, and creating a name twice is a conflict,
//! which is the only compare-and-set that an engine has.
//!
//! `docker container prune` removes them all: then nothing is remembered.

use bollard::query_parameters::RemoveContainerOptions;
use serde_json::json;

use crate::docker::form::{self, RECORD, RECORD_NAME};
use crate::docker::observe::records::Written;
use crate::docker::wire::answer::ContainerSummary;
use crate::docker::wire::error;
use crate::docker::{Docker, LONG};
use crate::http::percent_encoded;
use model::id::{ContainerId, DeploymentId};
use model::labels::INSTALLATION;
use model::ledger::Record;
use world::OutsideError;

impl Docker {
    /// Changes the record of a deployment on this engine: writes the generation that follows the
    /// newest one, or removes a record that says nothing any more.
    ///
    /// # Errors
    /// [`OutsideError::Conflict`] if another process wrote meanwhile: read again.
    pub async fn change_record(
        &self,
        deployment: &DeploymentId,
        change: impl FnOnce(Record) -> Record,
    ) -> Result<(), OutsideError> {
        let written = self.written(deployment).await?;
        let (record, generation) = match written.last() {
            Some(newest) => (self.record_of(newest)?, newest.generation),
            None => (Record::default(), 0),
        };
        let record = change(record);
        if record.is_empty() {
            for old in &written {
                self.discard(&old.container).await?;
            }
            return Ok(());
        }
        let next = generation + 1;
        let made = self.create_record(deployment, next, &record.text()).await?;
        // A process that read long ago may take a generation that has come and gone meanwhile.
        let written = self.written(deployment).await?;
        if written.last().is_some_and(|newest| newest.generation > next) {
            self.forget(&made).await;
            return Err(self.overtaken(deployment));
        }
        for old in written.iter().filter(|old| old.generation < next) {
            self.forget(&old.container).await;
        }
        Ok(())
    }

    async fn create_record(
        &self,
        deployment: &DeploymentId,
        generation: u64,
        text: &str,
    ) -> Result<ContainerId, OutsideError> {
        let about = self.last_about().await?;
        let about = serde_json::to_string(&about).expect("BUG: what an engine says is valid JSON");
        let name = format!("{}{generation}", self.prefix(deployment));
        self.make_never_run(&name, &form::record(self.installation.as_str(), &about, text)).await
    }

    /// Removes what was seen at the last look and newer records have replaced; with `all` the
    /// newest, too: they are somewhere else now.
    ///
    /// # Errors
    /// The first that there was; everything else is removed all the same.
    pub async fn sweep_records(&self, all: bool) -> Result<(), OutsideError> {
        let kept = std::mem::take(&mut *self.kept());
        let newest = kept.newest.iter().filter(|_| all);
        let mut result = Ok(());
        for container in kept.replaced.iter().chain(newest) {
            let removed = self.discard(container).await;
            result = result.and(removed);
        }
        result
    }

    /// Removes a generation that is no longer needed. If it stays, the next look finds it.
    async fn forget(&self, container: &ContainerId) {
        if let Err(error) = self.discard(container).await {
            tracing::warn!(engine = %self.name, %error, "an old record stays for now");
        }
    }

    pub(super) async fn discard(&self, container: &ContainerId) -> Result<(), OutsideError> {
        let call = self.api.remove_container(container.as_str(), None::<RemoveContainerOptions>);
        match self.within(LONG, call).await {
            Ok(()) | Err(OutsideError::Gone(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All generations of a record on the engine, oldest first.
    async fn written(&self, deployment: &DeploymentId) -> Result<Vec<Written>, OutsideError> {
        let labels = [RECORD, &format!("{INSTALLATION}={}", self.installation)];
        // The engine takes a name for a regular expression.
        let name = format!("^/?{}[0-9]+$", self.prefix(deployment).replace('.', "[.]"));
        let filters = json!({ "label": labels, "name": [name] }).to_string();
        let filters = percent_encoded(&filters);
        let answer = self.get(&format!("/containers/json?all=true&filters={filters}")).await?;
        let list: Vec<ContainerSummary<'_>> = self.decoded(&answer)?;
        let written = list.iter().filter_map(|seen| self.written_in(seen));
        let mut written: Vec<Written> =
            written.filter(|one| one.deployment.as_ref() == Some(deployment)).collect();
        written.sort_by_key(|one| one.generation);
        Ok(written)
    }

    fn record_of(&self, written: &Written) -> Result<Record, OutsideError> {
        Record::parse(written.text.as_bytes())
            .map_err(|why| self.failed(format!("a record on it cannot be read: {why}")))
    }

    fn overtaken(&self, deployment: &DeploymentId) -> OutsideError {
        let why = format!("another process wrote the record of {deployment} meanwhile");
        OutsideError::Conflict(error::described(&self.name, &why))
    }

    /// What the names of the containers begin with that hold a deployment's record. Neither
    /// name may have a `.` in it.
    fn prefix(&self, deployment: &DeploymentId) -> String {
        format!("{RECORD_NAME}{}.{deployment}.", self.installation)
    }
}
