//! The ledger on the engine itself: a container of ours that is never started. Its name
//! carries the generation, and creating a name twice is a conflict, which is the only
//! compare-and-set that an engine has.

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
use crate::model::action::LedgerChange;
use crate::model::id::ContainerId;
use crate::model::ledger::Ledger;
use crate::world::OutsideError;

/// Images under this name are ours alone.
pub(super) const REPOSITORY: &str = "reconciler.internal/";
/// The image that ledgers are made of: nothing at all.
pub(super) const IMAGE: &str = "reconciler.internal/ledger:1";
/// The label that holds the ledger as JSON.
pub(super) const LABEL: &str = "reconciler.ledger";

/// The label that holds what the engine says of itself, which is expensive to ask for: its id
/// and what it can do. It is as true as
/// the ledger itself: both are on the engine that they are about.
const ENGINE: &str = "reconciler.engine";
const IMAGE_NAME: &str = "reconciler.internal/ledger";
const IMAGE_TAG: &str = "1";
const NAME: &str = "reconciler-ledger-";
/// An archive of nothing.
const EMPTY_TAR: [u8; 1024] = [0; 1024];

/// One written generation.
struct Written {
    generation: u64,
    container: ContainerId,
    text: String,
}

impl Docker {
    /// The ledger and its generation; an empty one at generation 0 if none was written.
    pub async fn read_ledger(&self) -> Result<(Ledger, u64), OutsideError> {
        let written = self.written().await?;
        let Some(newest) = written.last() else { return Ok((Ledger::default(), 0)) };
        let ledger = serde_json::from_str(&newest.text)
            .map_err(|_| self.failed("the ledger on it cannot be read"))?;
        Ok((ledger, newest.generation))
    }

    /// Writes the generation that follows the newest one, with this change.
    ///
    /// # Errors
    /// [`OutsideError::Conflict`] if somebody else wrote meanwhile: read again.
    pub async fn write_ledger(&self, change: &LedgerChange) -> Result<(), OutsideError> {
        let (mut ledger, generation) = self.read_ledger().await?;
        ledger.apply(change);
        let text = serde_json::to_string(&ledger).expect("BUG: a ledger is always valid JSON");
        self.provide_image().await?;
        let engine = self.about(None).await?;
        let engine =
            serde_json::to_string(&engine).expect("BUG: what an engine says is valid JSON");
        let next = generation + 1;
        let options = CreateContainerOptions {
            name: Some(self.ledger_name(next)),
            ..CreateContainerOptions::default()
        };
        let body = body(self.installation.as_str(), &engine, &text);
        let call = self.api.create_container(Some(options), body);
        let made = ContainerId::new(self.within(super::act::LONG, call).await?.id);

        // Whoever read long ago may take a generation that has come and gone meanwhile.
        let written = self.written().await?;
        if written.last().is_some_and(|newest| newest.generation > next) {
            self.forget(&made).await;
            return Err(OutsideError::Conflict(super::error::said(
                &self.name,
                "somebody else wrote the ledger meanwhile",
            )));
        }
        for old in written.iter().filter(|old| old.generation < next) {
            self.forget(&old.container).await;
        }
        Ok(())
    }

    /// Removes a generation that is no longer needed. If it stays, the next write tries
    /// again.
    async fn forget(&self, container: &ContainerId) {
        let call = self.api.remove_container(container.as_str(), None::<RemoveContainerOptions>);
        if let Err(error) = self.within(super::act::LONG, call).await {
            tracing::warn!(engine = %self.name, %error, "an old ledger stays for now");
        }
    }

    /// All generations on the engine, oldest first.
    async fn written(&self) -> Result<Vec<Written>, OutsideError> {
        let labels = [LABEL, &format!("{INSTALLATION}={}", self.installation)];
        let filters = percent_encoded(&json!({ "label": labels }).to_string());
        let answer = self.get(&format!("/containers/json?all=true&filters={filters}")).await?;
        let list: Vec<ContainerSummary<'_>> = self.decoded(&answer)?;
        let mut written: Vec<Written> = list
            .iter()
            .filter_map(|summary| {
                Some(Written {
                    generation: self.generation(summary)?,
                    container: ContainerId::new(&*summary.id.0),
                    text: summary.label(LABEL)?.to_owned(),
                })
            })
            .collect();
        written.sort_by_key(|one| one.generation);
        Ok(written)
    }

    /// Which generation of our ledger this is. Labels are copied by `docker commit`; a
    /// name exists once.
    fn generation(&self, seen: &ContainerSummary<'_>) -> Option<u64> {
        let ours = seen.label(INSTALLATION) == Some(self.installation.as_str());
        let name = seen.name().filter(|_| ours && seen.label(LABEL).is_some())?;
        name.strip_prefix(&self.ledger_prefix())?.parse().ok()
    }

    /// What the engine said of itself, as the newest ledger among these remembers it.
    pub(super) fn remembered(&self, seen: &[ContainerSummary<'_>]) -> Option<About> {
        let written = seen.iter().filter_map(|seen| Some((self.generation(seen)?, seen)));
        let (_, newest) = written.max_by_key(|(generation, _)| *generation)?;
        serde_json::from_str(newest.label(ENGINE)?).ok()
    }

    pub(super) async fn provide_image(&self) -> Result<(), OutsideError> {
        if self.image(&IMAGE.into()).await?.is_some() {
            return Ok(());
        }
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

    fn ledger_prefix(&self) -> String {
        format!("{NAME}{}-", self.installation)
    }

    fn ledger_name(&self, generation: u64) -> String {
        format!("{}{generation}", self.ledger_prefix())
    }
}

/// Whether this is the body of a ledger to the last member: it is the one container that
/// belongs to no deployment.
pub(super) fn is_ledger(name: &str, created: &Value) -> bool {
    let label = |label: &str| created["Labels"][label].as_str();
    let (Some(installation), Some(engine), Some(text)) =
        (label(INSTALLATION), label(ENGINE), label(LABEL))
    else {
        return false;
    };
    let generation = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(installation));
    let generation = generation.and_then(|rest| rest.strip_prefix('-'));
    generation.is_some_and(|number| number.parse::<u64>().is_ok())
        && serde_json::to_value(body(installation, engine, text))
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
        assert!(is_ledger("reconciler-ledger-main-7", &written()));
        let mut with_more = written();
        with_more["HostConfig"]["Privileged"] = true.into();
        assert!(!is_ledger("reconciler-ledger-main-7", &with_more));
        let mut other_image = written();
        other_image["Image"] = "busybox".into();
        assert!(!is_ledger("reconciler-ledger-main-7", &other_image));
    }

    #[test]
    fn only_its_own_name_makes_it_a_ledger() {
        for name in ["abc-web-1", "reconciler-ledger-main-", "reconciler-ledger-other-7", ""] {
            assert!(!is_ledger(name, &written()), "{name}");
        }
    }
}
