//! The list of containers, taken apart: what is ours, what holds records, and the names of all
//! others. A small part of the containers is asked for alone: it builds its answer
//! for each container in it, however many there are.

use std::sync::PoisonError;

use futures_util::future::try_join_all;
use serde_json::json;

use super::about::About;
use super::own::Traces;
use crate::docker::Docker;
use crate::docker::form::{self, LOCK};
use crate::docker::wire::answer::ContainerSummary;
use crate::http::percent_encoded;
use model::compose_labels;
use model::id::{ContainerId, ContainerName, DeploymentId, InstallationId};
use model::labels::INSTALLATION;
use model::ledger::Stored;
use model::observed::{ContainerView, HostPort};
use world::{OutsideError, Scope};

/// Every container.
const ALL: &str = "/containers/json?all=true";
/// So many patterns of names are worth it: the engine compiles each of them anew for every
/// container that it has, and no answer is so large that many of them cost less.
const PATTERNS: usize = 6;

/// The list, taken apart.
pub(in crate::docker) struct Listed {
    /// The containers with our installation's label.
    pub(in crate::docker) ours: Vec<ContainerView>,
    /// All others.
    pub(in crate::docker) others: Vec<Other>,
    /// The container that we run in.
    pub(in crate::docker) own: Option<ContainerId>,
    /// The records of the ledger.
    pub(in crate::docker) stored: Stored,
    /// What they remember of the engine.
    pub(in crate::docker) remembered: Vec<About>,
}

/// A container that is not inspected whatever the scope is.
pub(in crate::docker) struct Other {
    pub(in crate::docker) id: ContainerId,
    pub(in crate::docker) name: Option<ContainerName>,
    /// The Compose project that it belongs to. The ledger belongs to none.
    pub(in crate::docker) project: Option<DeploymentId>,
    /// The ports of the host that it holds, if it is foreign.
    pub(in crate::docker) ports: Vec<HostPort>,
}

impl Docker {
    /// All containers, or those of a part and those with the names that it wants.
    pub(in crate::docker) async fn listed(
        &self,
        part: Option<&Scope>,
    ) -> Result<Listed, OutsideError> {
        let answers =
            try_join_all(paths(part, &self.installation).iter().map(|path| self.get(path))).await?;
        let mut list: Vec<ContainerSummary<'_>> = Vec::new();
        for answer in &answers {
            list.append(&mut self.decoded(answer)?);
        }
        let (stored, kept) = self.stored(&list)?;
        if part.is_none() {
            self.note_look(&list);
            self.whose.replace(&list);
            *self.kept() = kept;
        } else {
            list.sort_by(|a, b| a.id.0.cmp(&b.id.0));
            list.dedup_by(|a, b| a.id.0 == b.id.0);
        }
        let remembered = self.remembered(&list);
        let (mut ids, mut ours, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for seen in list {
            let id = ContainerId::new(&*seen.id.0);
            ids.push(id.clone());
            let name = seen.name().map(ContainerName::from);
            let is_record = is_record(&seen);
            let project = seen.label(compose_labels::PROJECT).filter(|_| !is_record);
            let project = project.map(DeploymentId::from);
            let is_ours = seen.label(INSTALLATION) == Some(self.installation.as_str());
            let is_of =
                |part: &Scope| project.as_ref().is_some_and(|p| part.deployments.contains(p));
            if is_ours && !is_record && part.is_none_or(is_of) {
                ours.push((name, id));
            } else {
                // Of ours that are not looked at nobody knows whether they keep what they have.
                let ports = if is_ours { Vec::new() } else { seen.host_ports() };
                others.push(Other { id, name, project, ports });
            }
        }
        drop(answers);
        // In the order in which they are wanted: what is inspected is large to sort.
        ours.sort();
        let ours = self.inspected(ours.into_iter().map(|(_, id)| id).collect()).await?;
        let own = Traces::ours().among(&ids);
        Ok(Listed { ours, others, own, stored, remembered })
    }

    /// Whether the containers are those of the last look, each in the state that it had:
    /// nobody changed anything until the lock was ours.
    pub async fn is_as_looked_at(&self) -> Result<bool, OutsideError> {
        let answer = self.get("/containers/json?all=true").await?;
        let list: Vec<ContainerSummary<'_>> = self.decoded(&answer)?;
        let seen = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(seen.as_ref().is_some_and(|seen| *seen == states(&list)))
    }

    /// Remembers what a look saw.
    fn note_look(&self, list: &[ContainerSummary<'_>]) {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(states(list));
    }
}

/// Each container and its state, without locks.
fn states(list: &[ContainerSummary<'_>]) -> Vec<(String, String)> {
    let all = list.iter().filter(|seen| seen.label(LOCK).is_none());
    let state = |seen: &ContainerSummary<'_>| seen.state.as_ref().map(|word| word.0.to_string());
    let mut all: Vec<_> =
        all.map(|seen| (seen.id.0.to_string(), state(seen).unwrap_or_default())).collect();
    all.sort();
    all
}

/// Whether a container only holds what we remember.
fn is_record(seen: &ContainerSummary<'_>) -> bool {
    form::ALL.iter().any(|label| seen.label(label).is_some())
}

/// The lists to ask for: all, or that of each project of a small part, and that of the names
/// that its containers and records have or are to have. What else comes with them does no harm.
fn paths(part: Option<&Scope>, installation: &InstallationId) -> Vec<String> {
    let Some(part) = part else { return vec![ALL.to_owned()] };
    if part.deployments.len() * 2 + part.names.len() > PATTERNS {
        return vec![ALL.to_owned()];
    }
    let project =
        |id: &DeploymentId| json!({ "label": [format!("{}={id}", compose_labels::PROJECT)] });
    // The engine takes a name for a regular expression.
    let exactly = |text: &str| text.replace('.', "[.]");
    let begins = |id: &DeploymentId| format!("^/?{}[-_]", exactly(id.as_str()));
    // The end of a record's name, short and without an anchor, which is dear to compile.
    let record = |id: &DeploymentId| exactly(&format!("{installation}.{id}."));
    let is = |name: &ContainerName| format!("^/?{}$", exactly(name.as_str()));
    let names = part.deployments.iter().flat_map(|id| [begins(id), record(id)]);
    let names: Vec<String> = names.chain(part.names.iter().map(is)).collect();
    let filters = part.deployments.iter().map(project).chain([json!({ "name": names })]);
    filters
        .map(|filters| format!("{ALL}&filters={}", percent_encoded(&filters.to_string())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(deployments: &[&str], names: &[&str]) -> Vec<String> {
        let part = Scope {
            deployments: deployments.iter().map(|id| DeploymentId::from(*id)).collect(),
            names: names.iter().map(|name| ContainerName::from(*name)).collect(),
            only: true,
            ..Scope::default()
        };
        paths(Some(&part), &"main".into())
    }

    #[test]
    fn a_small_part_is_asked_for_alone_and_a_large_one_with_everything() {
        assert_eq!(paths(None, &"main".into()), [ALL]);
        let small = asked(&["a", "b"], &["front"]);
        assert_eq!(small.len(), 3);
        assert!(!small.contains(&ALL.to_owned()), "{small:?}");
        // 1,200 containers, 150 deployments change: 16 s on engine 20.10 if it is asked for each.
        let many: Vec<String> = (0..150).map(|n| format!("app{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(asked(&many, &[]), [ALL]);
        assert_eq!(asked(&["a"], &many), [ALL]);
    }
}
