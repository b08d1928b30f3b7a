//! The records of the ledger among an engine's containers: each is a container of ours that is
//! never started, and whose name carries deployment and generation.

use std::collections::BTreeMap;

use super::about::About;
use crate::docker::Docker;
use crate::docker::form::{ENGINE, RECORD, RECORD_NAME};
use crate::docker::wire::answer::ContainerSummary;
use model::id::{ContainerId, DeploymentId};
use model::labels::INSTALLATION;
use model::ledger::{Ledger, Record, Stored};
use world::OutsideError;

/// A container that holds one generation of a record, or of the whole ledger in the form that
/// is written no more, which has no deployment.
pub(in crate::docker) struct Written {
    pub(in crate::docker) deployment: Option<DeploymentId>,
    pub(in crate::docker) generation: u64,
    pub(in crate::docker) container: ContainerId,
    pub(in crate::docker) text: String,
}

/// The containers of one look that hold what is needed.
#[derive(Debug, Default)]
pub(in crate::docker) struct Kept {
    /// The newest of each record.
    pub(in crate::docker) newest: Vec<ContainerId>,
    /// What newer ones have replaced, and the form that is written no more.
    pub(in crate::docker) replaced: Vec<ContainerId>,
}

impl Docker {
    /// What a container holds, if it holds something of our ledger. Labels are copied by
    /// `docker commit`; a name exists once.
    pub(in crate::docker) fn written_in(&self, seen: &ContainerSummary<'_>) -> Option<Written> {
        let ours = seen.label(INSTALLATION) == Some(self.installation.as_str());
        let text = seen.label(RECORD).filter(|_| ours)?;
        let rest =
            seen.name()?.strip_prefix(RECORD_NAME)?.strip_prefix(self.installation.as_str())?;
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

    /// The records among these containers, and which they are, for when they are swept.
    pub(in crate::docker) fn stored(
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

    pub(in crate::docker) fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the engine said of itself when it wrote a record among these.
    pub(in crate::docker) fn remembered(&self, seen: &[ContainerSummary<'_>]) -> Vec<About> {
        let ours = seen.iter().filter(|seen| self.written_in(seen).is_some());
        let non_empty = ours.filter_map(|seen| serde_json::from_str(seen.label(ENGINE)?).ok());
        non_empty.collect()
    }
}
