//! The records of the ledger on the engine itself: each a container of ours that is never
//! started. Its name carries deployment and generation, and creating a name twice is a conflict,
//! which is the only compare-and-set that an engine has.
//!
//! `docker container prune` removes them all: then nothing is remembered.

use std::collections::BTreeMap;

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptions, CreateImageOptions, RemoveContainerOptions,
};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use super::Docker;
use super::act::INSTALLATION;
use super::answer::ContainerSummary;
use super::glance::About;
use super::transport::percent_encoded;
use model::id::{ContainerId, DeploymentId};
use model::ledger::{Ledger, Record, Stored};
use world::OutsideError;

/// Images under this name are ours alone.
pub(super) const REPOSITORY: &str = "reconciler.internal/";
/// The image that records are made of: nothing at all.
pub(super) const IMAGE: &str = "reconciler.internal/ledger:1";
/// The label that holds the record as JSON.
pub(super) const LABEL: &str = "reconciler.ledger";

/// The label that holds what the engine said of itself, which is expensive to ask for.
const ENGINE: &str = "reconciler.engine";
const IMAGE_NAME: &str = "reconciler.internal/ledger";
const IMAGE_TAG: &str = "1";
pub(super) const NAME: &str = "reconciler-ledger-";
/// An archive of nothing.
const EMPTY_TAR: [u8; 1024] = [0; 1024];

/// A container that holds one generation of a record, or of the whole ledger in the form that
/// is written no more, which has no deployment.
struct Written {
    deployment: Option<DeploymentId>,
    generation: u64,
    container: ContainerId,
    text: String,
}

/// The containers of one look that hold what is needed.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The newest of each record.
    newest: Vec<ContainerId>,
    /// What newer ones have replaced, and the form that is written no more.
    replaced: Vec<ContainerId>,
}

impl Docker {
    /// Changes the record of a deployment on this engine: writes the generation that follows the
    /// newest one, or removes a record that says nothing any more.
    ///
    /// # Errors
    /// [`OutsideError::Conflict`] if somebody else wrote meanwhile: read again.
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
        // Whoever read long ago may take a generation that has come and gone meanwhile.
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
        self.make_never_run(&name, &body(self.installation.as_str(), &about, text)).await
    }

    /// Makes a container that only holds labels.
    pub(super) async fn make_never_run(
        &self,
        name: &str,
        body: &ContainerCreateBody,
    ) -> Result<ContainerId, OutsideError> {
        let create = || async {
            let name = Some(name.to_owned());
            let options = CreateContainerOptions { name, ..CreateContainerOptions::default() };
            let call = self.api.create_container(Some(options), body.clone());
            self.within(super::act::LONG, call).await
        };
        let made = match create().await {
            // Nearly always the image is there.
            Err(OutsideError::Failed(text)) if text.to_lowercase().contains("no such image") => {
                self.provide_image().await?;
                create().await
            }
            made => made,
        };
        match made {
            Ok(made) => Ok(ContainerId::new(made.id)),
            // Here the name is what is compared: whoever has it was there first.
            Err(OutsideError::InUse(text)) => Err(OutsideError::Conflict(text)),
            Err(error) => Err(error),
        }
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

    async fn discard(&self, container: &ContainerId) -> Result<(), OutsideError> {
        let call = self.api.remove_container(container.as_str(), None::<RemoveContainerOptions>);
        match self.within(super::act::LONG, call).await {
            Ok(()) | Err(OutsideError::Gone(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// All generations of a record on the engine, oldest first.
    async fn written(&self, deployment: &DeploymentId) -> Result<Vec<Written>, OutsideError> {
        let labels = [LABEL, &format!("{INSTALLATION}={}", self.installation)];
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

    /// What a container holds, if it holds something of our ledger. Labels are copied by
    /// `docker commit`; a name exists once.
    fn written_in(&self, seen: &ContainerSummary<'_>) -> Option<Written> {
        let ours = seen.label(INSTALLATION) == Some(self.installation.as_str());
        let text = seen.label(LABEL).filter(|_| ours)?;
        let rest = seen.name()?.strip_prefix(NAME)?.strip_prefix(self.installation.as_str())?;
        let (deployment, generation) = match rest.strip_prefix('.') {
            Some(rest) => {
                let (deployment, generation) = rest.rsplit_once('.')?;
                (Some(DeploymentId::from(deployment)), generation)
            }
            None => (None, rest.strip_prefix('-')?),
        };
        let generation = generation.parse().ok()?;
        let container = ContainerId::new(&*seen.id.0);
        Some(Written { deployment, generation, container, text: text.to_owned() })
    }

    /// The records among these containers, and which they are, for [`Self::sweep_records`].
    pub(super) fn stored(
        &self,
        list: &[ContainerSummary<'_>],
    ) -> Result<(Stored, Kept), OutsideError> {
        let mut newest: BTreeMap<Option<DeploymentId>, Written> = BTreeMap::new();
        let mut kept = Kept::default();
        for one in list.iter().filter_map(|seen| self.written_in(seen)) {
            let known = newest.get(&one.deployment).map(|known| known.generation);
            let replaced = if known.is_none_or(|known| known < one.generation) {
                newest.insert(one.deployment.clone(), one)
            } else {
                Some(one)
            };
            kept.replaced.extend(replaced.map(|one| one.container));
        }
        let mut stored = Stored::default();
        for (deployment, one) in newest {
            let Some(deployment) = deployment else {
                stored.single = Ledger::parse_single(one.text.as_bytes()).map_err(|why| {
                    self.failed(format!("the ledger on it cannot be read: {why}"))
                })?;
                kept.replaced.push(one.container);
                continue;
            };
            kept.newest.push(one.container.clone());
            match Record::parse(one.text.as_bytes()) {
                Ok(record) => {
                    let record = Record { origin: Some(one.container), ..record };
                    stored.ledger.put(&self.name, &deployment, record);
                }
                Err(why) => {
                    stored.unreadable.insert((self.name.clone(), deployment), why);
                }
            }
        }
        stored.leftovers = !kept.replaced.is_empty();
        Ok((stored, kept))
    }

    pub(super) fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn record_of(&self, written: &Written) -> Result<Record, OutsideError> {
        Record::parse(written.text.as_bytes())
            .map_err(|why| self.failed(format!("a record on it cannot be read: {why}")))
    }

    fn overtaken(&self, deployment: &DeploymentId) -> OutsideError {
        let why = format!("somebody else wrote the record of {deployment} meanwhile");
        OutsideError::Conflict(super::error::said(&self.name, &why))
    }

    /// What the engine said of itself when it wrote a record among these.
    pub(super) fn remembered(&self, seen: &[ContainerSummary<'_>]) -> Vec<About> {
        let ours = seen.iter().filter(|seen| self.written_in(seen).is_some());
        let said = ours.filter_map(|seen| serde_json::from_str(seen.label(ENGINE)?).ok());
        said.collect()
    }

    async fn provide_image(&self) -> Result<(), OutsideError> {
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            repo: Some(IMAGE_NAME.to_owned()),
            tag: Some(IMAGE_TAG.to_owned()),
            ..CreateImageOptions::default()
        };
        let archive = bollard::body_full(Bytes::from_static(&EMPTY_TAR));
        let progress = self.api.create_image(Some(options), Some(archive), None);
        let done = progress.try_for_each(|_| async { Ok(()) });
        self.within(super::act::LONG, done).await
    }

    /// What the names of the containers begin with that hold a deployment's record. Neither
    /// name may have a `.` in it.
    fn prefix(&self, deployment: &DeploymentId) -> String {
        format!("{NAME}{}.{deployment}.", self.installation)
    }
}

/// Whether this is the body of a record to the last member: it is the one container that
/// belongs to no deployment.
pub(super) fn is_ledger(name: &str, created: &Value) -> bool {
    let label = |label: &str| created["Labels"][label].as_str();
    let (Some(installation), Some(engine), Some(text)) =
        (label(INSTALLATION), label(ENGINE), label(LABEL))
    else {
        return false;
    };
    let rest = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(installation));
    let rest = rest.and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.rsplit_once('.')).is_some_and(|(deployment, generation)| {
        DeploymentId::is_valid(deployment) && generation.parse::<u64>().is_ok()
    }) && serde_json::to_value(body(installation, engine, text))
        .is_ok_and(|ledger| ledger == *created)
}

fn body(installation: &str, engine: &str, text: &str) -> ContainerCreateBody {
    never_run(&[(INSTALLATION, installation), (ENGINE, engine), (LABEL, text)])
}

/// A container that only holds labels.
pub(super) fn never_run(labels: &[(&str, &str)]) -> ContainerCreateBody {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        // Never run; the engine only refuses a container without a command.
        cmd: Some(vec!["ledger".to_owned()]),
        labels: Some(labels.collect()),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Value {
        serde_json::to_value(body("main", "ENGINE", "{}")).unwrap()
    }

    #[test]
    fn a_ledger_is_recognised_to_the_last_member() {
        assert!(is_ledger("reconciler-ledger-main.abc.7", &written()));
        let mut with_more = written();
        with_more["HostConfig"]["Privileged"] = true.into();
        assert!(!is_ledger("reconciler-ledger-main.abc.7", &with_more));
        let mut other_image = written();
        other_image["Image"] = "busybox".into();
        assert!(!is_ledger("reconciler-ledger-main.abc.7", &other_image));
    }

    #[test]
    fn only_its_own_name_makes_it_a_ledger() {
        let others = ["abc-web-1", "", "reconciler-ledger-main-7", "reconciler-ledger-main.abc."];
        for name in others.into_iter().chain(["reconciler-ledger-other.abc.7"]) {
            assert!(!is_ledger(name, &written()), "{name}");
        }
    }
}
