//! What left the source goes, with guards: nothing on doubt, never everything at once
//! unasked, never a volume.

use std::collections::BTreeSet;

use super::Shared;
use super::memory::record_of;
use super::names::catalog_ids;
use super::removal::{Removal, dependents_first, grace};
use crate::model::catalog::CatalogView;
use crate::model::desired::{Entry, Layout};
use crate::model::digest::Digest;
use crate::model::id::{CatalogId, DeploymentId, EngineName, NodeName};
use crate::model::observed::NetworkView;
use crate::model::plan::{Blocked, Reason, WaitingOn};
use crate::plan::cause::{because, count};
use crate::plan::context::Context;
use crate::plan::seen::{EngineInventory, Owned, inmates_first};
use crate::plan::settings::Settings;

/// A deployment of this source on an engine where git no longer wants it.
pub(in crate::plan) struct Gone<'a> {
    pub(in crate::plan) engine: &'a EngineName,
    pub(in crate::plan) inventory: &'a EngineInventory<'a>,
    pub(in crate::plan) deployment: DeploymentId,
    containers: Vec<&'a Owned<'a>>,
}

/// All that is no longer wanted where it runs.
#[derive(Default)]
pub(in crate::plan) struct Leaving<'a> {
    gone: Vec<Gone<'a>>,
    /// Why nothing of it may be removed, if so.
    withheld: Option<WaitingOn>,
    /// Whether it is not certain that it is gone for good, or so much that a person has to
    /// approve it, who has not.
    asks: bool,
}

impl<'a> Leaving<'a> {
    /// What leaves the engines.
    pub(in crate::plan) fn of(shared: Shared<'a>) -> Self {
        let gone = gone(shared);
        if gone.is_empty() {
            return Self::default();
        }
        // Together: what leaves one after the other, as a folder is deleted, is one removal.
        let absent = gone.iter().find_map(|gone| shared.desired.absence(&gone.deployment));
        let asked = needs_approval(shared, &gone)
            .then(|| approval(shared.settings, gone.iter().flat_map(|gone| &gone.containers)))
            .flatten();
        let asks = absent.is_some() || asked.is_some();
        Self { withheld: doubt(shared).or(absent).or(asked), gone, asks }
    }

    /// What a deployment waits for that would come beside or in the place of what a person
    /// has to approve, or what is absent for a moment. It may be the very same under another
    /// name: if it ran, it would soon be what stays, and nobody would be asked.
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

/// What leaves in this pass, and what of it is withheld. `is_withheld` says of a deployment
/// whether something of it is, where it is wanted.
pub(in crate::plan) struct Departures<'a> {
    pub(in crate::plan) gone: Vec<&'a Gone<'a>>,
    pub(in crate::plan) blocked: Vec<Blocked>,
}

impl<'a> Leaving<'a> {
    /// Decides what goes. What moves to another engine stays until it can run there.
    pub(in crate::plan) fn departures(
        &'a self,
        shared: Shared<'_>,
        is_withheld: impl Fn(&DeploymentId) -> bool,
    ) -> Departures<'a> {
        let mut departures = Departures { gone: Vec::new(), blocked: Vec::new() };
        for gone in self.gone.iter().filter(|gone| !is_withheld(&gone.deployment)) {
            let unknown = record_of(shared.observed, gone.engine, &gone.deployment).err();
            match self.withheld.clone().or(unknown) {
                Some(waiting_on) => departures.blocked.push(gone.withheld(waiting_on)),
                None => departures.gone.push(gone),
            }
        }
        departures
    }

    /// Whether something of a deployment that leaves is still on an engine.
    pub(super) fn holds_on(&self, engine: &EngineName, deployment: &DeploymentId) -> bool {
        self.gone.iter().any(|gone| gone.engine == engine && gone.deployment == *deployment)
    }

    /// Whether nothing at all may be removed.
    pub(in crate::plan) fn is_withheld(&self) -> bool {
        self.withheld.is_some()
    }
}

/// Everything that carries this source's name but is not desired where it runs.
fn gone(shared: Shared<'_>) -> Vec<Gone<'_>> {
    let mut all = Vec::new();
    for (engine, inventory) in shared.engines {
        let index = inventory.index();
        let with_entries = index.with_entries().map(DeploymentId::from);
        let others = index.with_networks().cloned().chain(with_entries);
        let ids: BTreeSet<DeploymentId> =
            inventory.deployments.keys().cloned().chain(others).collect();
        for deployment in ids.into_iter().filter(|id| !is_wanted(shared, engine, id)) {
            let containers: Vec<_> = inventory
                .containers_of(&deployment)
                .filter(|owned| owned.identity.source == shared.desired.source)
                .collect();
            let networks = networks(shared, inventory, &deployment).next().is_some();
            let entries = registered(shared, inventory, &deployment).next().is_some();
            if !containers.is_empty() || networks || entries {
                all.push(Gone { engine, inventory, deployment, containers });
            }
        }
    }
    all
}

/// Catalog entries of a deployment of this source on an engine's node.
fn registered<'a>(
    shared: Shared<'a>,
    inventory: &'a EngineInventory<'a>,
    deployment: &DeploymentId,
) -> impl Iterator<Item = &'a CatalogId> {
    let all = inventory.index().entries_of(deployment).iter();
    all.filter(move |(_, entry)| {
        let source = entry.meta.get("source").map(String::as_str);
        source == Some(shared.desired.source.as_str())
    })
    .map(|(id, _)| *id)
}

/// Networks of a deployment of this source.
fn networks<'a>(
    shared: Shared<'a>,
    inventory: &'a EngineInventory<'a>,
    deployment: &DeploymentId,
) -> impl Iterator<Item = &'a NetworkView> {
    let all = inventory.index().networks_of(deployment).iter().copied();
    all.filter(move |view| {
        let owner = inventory.index().network_owner(view);
        owner.is_some_and(|(_, source)| *source == shared.desired.source)
    })
}

/// Whether a deployment belongs on an engine, or may: an invalid stack does not tell.
pub(super) fn is_wanted(
    shared: Shared<'_>,
    engine: &EngineName,
    deployment: &DeploymentId,
) -> bool {
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
    shared.observed.ledger.unseen.clone().map(|error| WaitingOn::Ledger { error })
}

/// Whether a person has to approve that all this goes: it follows from another way to list
/// the deployments, nothing that the source has would stay, or it is a lot.
fn needs_approval(shared: Shared<'_>, gone: &[Gone<'_>]) -> bool {
    let source = &shared.desired.source;
    let mut records = shared.observed.ledger.ledger.iter();
    let relaid = records.any(|(engine, _, record)| {
        let seen = shared.engines.contains_key(engine);
        let mut applied = record.applied.iter().filter(|_| seen);
        applied.any(|a| a.source == *source && a.layout != shared.desired.layout)
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

impl<'a> Gone<'a> {
    fn withheld(&self, waiting_on: WaitingOn) -> Blocked {
        let containers = count(self.containers.len(), "container");
        let subject = format!("remove {} and its {containers}", self.deployment);
        Blocked { deployment: Some(self.deployment.clone()), subject, waiting_on, at: None }
    }

    /// The removal of each container, those first that live in others, and what of it is
    /// withheld.
    pub(in crate::plan) fn removals(&self, shared: Shared<'a>) -> (Vec<Removal<'a>>, Vec<Blocked>) {
        let mut containers = self.containers.clone();
        inmates_first(&mut containers);
        let own = self.inventory.contents.own.as_ref();
        let (own, others): (Vec<_>, Vec<_>) =
            containers.into_iter().partition(|owned| own == Some(&owned.view.id));
        let blocked = own.iter().map(|owned| Blocked {
            deployment: Some(self.deployment.clone()),
            subject: format!("remove container {}, in which this controller runs", owned.view.name),
            waiting_on: WaitingOn::OwnContainer {
                command: format!("docker rm -f {}", owned.view.name),
            },
            at: None,
        });
        let removal = |owned: &'a Owned<'a>| Removal {
            owned,
            why: because(Reason::DeploymentRemoved, None),
            grace: grace(owned),
            service: None,
            entries: self.entries(shared, owned),
            dependents: BTreeSet::new(),
            guests: BTreeSet::new(),
        };
        let mut removals: Vec<_> = others.into_iter().map(removal).collect();
        dependents_first(&mut removals);
        (removals, blocked.collect())
    }

    /// Our catalog entries of a container that goes.
    fn entries(&self, shared: Shared<'_>, owned: &Owned<'_>) -> BTreeSet<CatalogId> {
        let CatalogView::Seen(catalog) = &shared.observed.catalog else { return BTreeSet::new() };
        let node = catalog.nodes.get(self.engine).filter(|node| node.ours);
        let Some(node) = node else { return BTreeSet::new() };
        let replica = &owned.identity.replica;
        let ids = catalog_ids(&replica.deployment, &replica.service, replica.slot).into_iter();
        ids.filter(|id| node.entries.contains_key(id)).collect()
    }

    /// Our node, and entries of replicas whose containers are gone already.
    pub(in crate::plan) fn other_entries(
        &self,
        shared: Shared<'a>,
    ) -> (NodeName, Vec<&'a CatalogId>) {
        let node = NodeName::of(&shared.settings.installation, self.engine);
        let with_container: BTreeSet<CatalogId> = self
            .containers
            .iter()
            .map(|owned| &owned.identity.replica)
            .flat_map(|replica| catalog_ids(&replica.deployment, &replica.service, replica.slot))
            .collect();
        let rest = registered(shared, self.inventory, &self.deployment)
            .filter(|id| !with_container.contains(id))
            .collect();
        (node, rest)
    }

    /// The networks that go; none while containers of others stay in the deployment.
    pub(in crate::plan) fn networks(&self, shared: Shared<'a>) -> Vec<&'a NetworkView> {
        let all = self.inventory.containers_of(&self.deployment).count();
        if all > self.containers.len() {
            return Vec::new();
        }
        networks(shared, self.inventory, &self.deployment).collect()
    }
}
