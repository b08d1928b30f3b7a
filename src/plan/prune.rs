//! What left the source goes, with guards: nothing on doubt, never everything at once
//! unasked, never a volume.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::ENTRIES_PER_TXN;
use super::context::Context;
use super::deployment::{Shared, ledger};
use super::draft::{After, Draft, because};
use super::names::catalog_ids;
use super::ownership::{EngineInventory, Owned};
use super::peers;
use super::settings::Settings;
use super::state::{is_running, known};
use super::text::count;
use crate::model::action::{Action, LedgerChange, StepId};
use crate::model::catalog::CatalogView;
use crate::model::desired::{Entry, Layout};
use crate::model::digest::Digest;
use crate::model::id::{CatalogId, ContainerId, DeploymentId, EngineName, NodeName};
use crate::model::observed::NetworkView;
use crate::model::plan::{Blocked, Cause, Reason, WaitingOn};

/// A deployment of this source on an engine where git no longer wants it.
struct Gone<'a> {
    engine: &'a EngineName,
    inventory: &'a EngineInventory<'a>,
    deployment: DeploymentId,
    containers: Vec<&'a Owned<'a>>,
}

/// All that is no longer wanted where it runs.
#[derive(Default)]
pub(super) struct Leaving<'a> {
    gone: Vec<Gone<'a>>,
    /// Why nothing of it may be removed, if so.
    withheld: Option<WaitingOn>,
    /// Whether it is so much that a person has to approve it, who has not.
    asks: bool,
}

impl<'a> Leaving<'a> {
    /// What leaves the engines.
    pub(super) fn of(shared: Shared<'a>) -> Self {
        let gone = gone(shared);
        if gone.is_empty() {
            return Self::default();
        }
        let asked = needs_approval(shared, &gone)
            .then(|| approval(shared.settings, gone.iter().flat_map(|gone| &gone.containers)))
            .flatten();
        let asks = asked.is_some();
        Self { withheld: doubt(shared).or(asked), gone, asks }
    }

    /// What a deployment waits for that would come beside or in the place of what a person
    /// has to approve. It may be the very same under another name: if it ran, it would
    /// soon be what stays, and nobody would be asked.
    pub(super) fn holds(&self, context: &Context<'_>) -> Option<&WaitingOn> {
        let moves = self.gone.iter().any(|gone| gone.deployment == context.deployment.id);
        let known = context.record.is_some_and(|record| !record.scale.is_empty());
        let is_new = !known && context.containers().next().is_none();
        self.withheld.as_ref().filter(|_| self.asks && (moves || is_new))
    }

    /// Names the deployments of which something leaves.
    pub(super) fn names(&self) -> String {
        let names: BTreeSet<_> = self.gone.iter().map(|gone| gone.deployment.as_str()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// Removes the deployments that left the source.
pub(super) fn plan(shared: Shared<'_>, leaving: &Leaving<'_>, draft: &mut Draft) {
    let gone: Vec<&Gone<'_>> = leaving
        .gone
        .iter()
        // What moves to another engine stays until it can run there.
        .filter(|gone| !draft.is_blocked(&gone.deployment))
        .collect();
    if gone.is_empty() {
        forget_the_rest(shared, &gone, draft);
        return;
    }
    if let Some(waiting_on) = &leaving.withheld {
        for gone in &gone {
            draft.blocked.push(Blocked {
                deployment: Some(gone.deployment.clone()),
                subject: format!(
                    "remove {} and its {}",
                    gone.deployment,
                    count(gone.containers.len(), "container")
                ),
                waiting_on: waiting_on.clone(),
                at: None,
            });
        }
        return;
    }
    for gone in &gone {
        remove(shared, gone, draft);
    }
    forget_the_rest(shared, &gone, draft);
}

/// Everything that carries this source's name but is not desired where it runs.
fn gone(shared: Shared<'_>) -> Vec<Gone<'_>> {
    let mut all = Vec::new();
    for (engine, inventory) in shared.engines {
        let with_networks = networks(shared, inventory).map(|(deployment, _)| deployment);
        let with_entries = registered(shared, engine).map(|(deployment, _)| deployment);
        let running = inventory.deployments.keys().cloned();
        let ids: BTreeSet<DeploymentId> =
            running.chain(with_networks).chain(with_entries).collect();
        for deployment in ids.into_iter().filter(|id| !is_wanted(shared, engine, id)) {
            let containers: Vec<_> = inventory
                .containers_of(&deployment)
                .filter(|owned| owned.identity.source == shared.desired.source)
                .collect();
            let networks = networks(shared, inventory).any(|(of, _)| of == deployment);
            let entries = registered(shared, engine).any(|(of, _)| of == deployment);
            if !containers.is_empty() || networks || entries {
                all.push(Gone { engine, inventory, deployment, containers });
            }
        }
    }
    all
}

/// Catalog entries of this source on an engine's node, each with its deployment.
fn registered<'a>(
    shared: Shared<'a>,
    engine: &EngineName,
) -> impl Iterator<Item = (DeploymentId, &'a CatalogId)> {
    let nodes = match &shared.observed.catalog {
        CatalogView::Seen(catalog) => catalog.nodes.get(engine),
        _ => None,
    };
    let entries = nodes.filter(|node| node.ours).map(|node| &node.entries);
    entries.into_iter().flatten().filter_map(move |(id, entry)| {
        let of_source = entry.meta.get("source").map(String::as_str);
        let deployment = entry.meta.get("deployment")?.as_str();
        (of_source == Some(shared.desired.source.as_str())).then(|| (deployment.into(), id))
    })
}

/// Networks of this source, each with its deployment.
fn networks<'a>(
    shared: Shared<'a>,
    inventory: &'a EngineInventory<'a>,
) -> impl Iterator<Item = (DeploymentId, &'a NetworkView)> {
    inventory.contents.networks.iter().filter_map(move |view| {
        let (deployment, source) = inventory.network_owner(view, &shared.settings.installation)?;
        (source == shared.desired.source).then_some((deployment, view))
    })
}

/// Whether a deployment belongs on an engine, or may: an invalid stack does not tell.
fn is_wanted(shared: Shared<'_>, engine: &EngineName, deployment: &DeploymentId) -> bool {
    match shared.desired.deployments.get(deployment) {
        Some(Entry::Valid(desired, _)) => desired.engine == *engine,
        Some(Entry::Invalid(_)) => true,
        // A file that was named alone says nothing about any other deployment.
        None => shared.desired.layout == Layout::SingleFile,
    }
}

/// Why it is not certain what left the source, if so.
fn doubt(shared: Shared<'_>) -> Option<WaitingOn> {
    if !shared.desired.incomplete.is_empty() {
        return Some(WaitingOn::CompleteSource);
    }
    if let CatalogView::Unseen { error } = &shared.observed.catalog {
        return Some(WaitingOn::Catalog { error: error.clone() });
    }
    ledger(shared.observed).err()
}

/// Whether a person has to approve that all this goes: it follows from another way to list
/// the deployments, nothing that the source has would stay, or it is a lot.
fn needs_approval(shared: Shared<'_>, gone: &[Gone<'_>]) -> bool {
    let source = &shared.desired.source;
    let relaid = ledger(shared.observed).is_ok_and(|ledger| {
        let mut records = ledger.deployments.values();
        records.any(|record| record.source == *source && record.layout != shared.desired.layout)
    });
    let only_networks = gone.iter().all(|gone| gone.containers.is_empty());
    !only_networks && (relaid || is_everything(shared) || is_large(shared, gone))
}

/// All containers of this source.
fn of_source(shared: Shared<'_>) -> impl Iterator<Item = &Owned<'_>> {
    let all = shared.engines.values().flat_map(EngineInventory::containers);
    all.filter(move |owned| owned.identity.source == shared.desired.source)
}

/// Whether no deployment that runs would stay: the source is empty, or names others only.
fn is_everything(shared: Shared<'_>) -> bool {
    let wanted = &shared.desired.deployments;
    !of_source(shared).any(|owned| wanted.contains_key(&owned.identity.replica.deployment))
}

/// Whether more goes than the operator's share. One deployment of several may always go.
fn is_large(shared: Shared<'_>, gone: &[Gone<'_>]) -> bool {
    let deployments: BTreeSet<_> = gone.iter().map(|gone| &gone.deployment).collect();
    let going: usize = gone.iter().map(|gone| gone.containers.len()).sum();
    let share = of_source(shared).count() * usize::from(shared.settings.prune_share);
    deployments.len() > 1 && going * 100 > share
}

/// What the removal of these containers waits for, unless a person approved exactly that.
pub(super) fn approval<'a>(
    settings: &Settings,
    containers: impl IntoIterator<Item = &'a &'a Owned<'a>>,
) -> Option<WaitingOn> {
    let ids: BTreeSet<&str> = containers.into_iter().map(|owned| owned.view.id.as_str()).collect();
    let digest = Digest::of_parts(ids.into_iter().map(str::as_bytes));
    (!settings.approved.contains(&digest)).then_some(WaitingOn::Approval { digest })
}

fn remove(shared: Shared<'_>, gone: &Gone<'_>, draft: &mut Draft) {
    let moved: After = draft.ends_of(&gone.deployment);
    let mut scribe = draft.scribe(&gone.deployment, gone.engine);
    let cause = || vec![because(Reason::DeploymentRemoved, None)];
    let mut containers = gone.containers.clone();
    peers::inmates_first(&mut containers);
    let mut removed: BTreeMap<&ContainerId, StepId> = BTreeMap::new();
    for owned in &containers {
        let container = known(owned);
        if gone.inventory.contents.own.as_ref() == Some(&owned.view.id) {
            let command = format!("docker rm -f {}", owned.view.name);
            let subject =
                format!("remove container {}, in which this controller runs", owned.view.name);
            scribe.block(subject, WaitingOn::OwnContainer { command }, None);
            continue;
        }
        let mut after = moved.clone();
        let inmates = containers
            .iter()
            .filter(|other| peers::is_inside(&other.view.spec, &owned.view.id, &owned.view.name));
        after.extend(inmates.filter_map(|other| removed.get(&other.view.id)));
        if let Some((node, ids)) = entries(shared, gone, owned) {
            let deregistered = scribe.step(Action::Deregister { node, ids }, cause(), after);
            after = After::from([deregistered]);
        }
        if is_running(owned) {
            let grace = owned.view.spec.stop_timeout.map_or(10, u64::from);
            let grace = std::time::Duration::from_secs(grace);
            let action = Action::StopContainer { container: container.clone(), grace };
            after = After::from([scribe.step(action, cause(), after)]);
        }
        let step = scribe.step(Action::RemoveContainer { container }, cause(), after);
        removed.insert(&owned.view.id, step);
    }
    deregister_the_rest(shared, gone, &moved, &mut scribe);
    let all = gone.inventory.containers_of(&gone.deployment).count();
    let stays = all > gone.containers.len();
    let mut ends = scribe.ends();
    ends.extend(moved);
    let networks = networks(shared, gone.inventory)
        .filter(|(deployment, _)| *deployment == gone.deployment)
        .map(|(_, view)| view);
    for view in networks.filter(|_| !stays) {
        let action = Action::RemoveNetwork { name: view.spec.name.clone(), id: view.id.clone() };
        scribe.step(action, cause(), ends.clone());
    }
    forget(shared, &gone.deployment, cause(), &mut scribe);
}

/// Our catalog entries of a container that goes.
fn entries(
    shared: Shared<'_>,
    gone: &Gone<'_>,
    owned: &Owned<'_>,
) -> Option<(NodeName, BTreeSet<CatalogId>)> {
    let CatalogView::Seen(catalog) = &shared.observed.catalog else { return None };
    let node = catalog.nodes.get(gone.engine).filter(|node| node.ours)?;
    let replica = &owned.identity.replica;
    let ids: BTreeSet<CatalogId> = catalog_ids(&replica.deployment, &replica.service, replica.slot)
        .into_iter()
        .filter(|id| node.entries.contains_key(id))
        .collect();
    (!ids.is_empty()).then(|| (node.name.clone(), ids))
}

/// Entries of replicas whose containers are gone already.
fn deregister_the_rest(
    shared: Shared<'_>,
    gone: &Gone<'_>,
    after: &After,
    scribe: &mut super::draft::Scribe<'_>,
) {
    let CatalogView::Seen(catalog) = &shared.observed.catalog else { return };
    let Some(node) = catalog.nodes.get(gone.engine) else { return };
    let with_container: BTreeSet<CatalogId> = gone
        .containers
        .iter()
        .map(|owned| &owned.identity.replica)
        .flat_map(|replica| catalog_ids(&replica.deployment, &replica.service, replica.slot))
        .collect();
    let rest: Vec<&CatalogId> = registered(shared, gone.engine)
        .filter(|(deployment, id)| *deployment == gone.deployment && !with_container.contains(id))
        .map(|(_, id)| id)
        .collect();
    for ids in rest.chunks(ENTRIES_PER_TXN) {
        let ids = ids.iter().map(|id| (*id).clone()).collect();
        let action = Action::Deregister { node: node.name.clone(), ids };
        scribe.step(action, vec![because(Reason::DeploymentRemoved, None)], after.clone());
    }
}

fn forget(
    shared: Shared<'_>,
    deployment: &DeploymentId,
    causes: Vec<Cause>,
    scribe: &mut super::draft::Scribe<'_>,
) {
    let recorded = ledger(shared.observed)
        .ok()
        .and_then(|ledger| ledger.deployments.get(deployment))
        .is_some_and(|record| record.source == shared.desired.source);
    if recorded && !shared.desired.deployments.contains_key(deployment) {
        let change = LedgerChange::Forget { deployment: deployment.clone() };
        let after = scribe.ends();
        scribe.step(Action::WriteLedger { change }, causes, after);
    }
}

/// Forgets deployments of this source of which nothing is left, once it is certain.
fn forget_the_rest(shared: Shared<'_>, gone: &[&Gone<'_>], draft: &mut Draft) {
    if !shared.desired.incomplete.is_empty() || shared.desired.layout == Layout::SingleFile {
        return;
    }
    let Ok(ledger) = ledger(shared.observed) else { return };
    for (deployment, record) in &ledger.deployments {
        let left = gone.iter().any(|gone| gone.deployment == *deployment);
        let wanted = shared.desired.deployments.contains_key(deployment);
        let seen = shared.engines.contains_key(&record.engine);
        if record.source == shared.desired.source && !wanted && !left && seen {
            let mut scribe = draft.scribe(deployment, &record.engine);
            let cause = vec![because(Reason::DeploymentRemoved, None)];
            forget(shared, deployment, cause, &mut scribe);
        }
    }
}
