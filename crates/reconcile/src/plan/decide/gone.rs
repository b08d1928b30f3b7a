//! Deployments of this source that run where git no longer wants them, and which parts of each go.

use std::collections::BTreeSet;

use super::Shared;
use super::names::catalog_ids;
use super::networks::is_made_elsewhere;
use super::removal::{Removal, dependents_first, grace};
use crate::plan::cause::because;
use crate::plan::seen::{EngineInventory, Owned, members_first};
use model::catalog::CatalogView;
use model::desired::{Entry, Layout};
use model::id::{CatalogId, DeploymentId, EngineName, NodeName};
use model::observed::NetworkView;
use model::plan::{Blocked, Reason, WaitingOn};
use model::render::count;

/// A deployment of this source on an engine where git no longer wants it.
pub(in crate::plan) struct Gone<'a> {
    pub(in crate::plan) engine: &'a EngineName,
    pub(in crate::plan) inventory: &'a EngineInventory<'a>,
    pub(in crate::plan) deployment: DeploymentId,
    pub(in crate::plan) containers: Vec<&'a Owned<'a>>,
}

/// Everything that carries this source's name but is not desired where it runs.
pub(super) fn gone(shared: Shared<'_>) -> Vec<Gone<'_>> {
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
            let networks = networks(shared, (engine, inventory), &deployment).next().is_some();
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
    (engine, inventory): (&'a EngineName, &'a EngineInventory<'a>),
    deployment: &DeploymentId,
) -> impl Iterator<Item = &'a NetworkView> {
    let all = inventory.index().networks_of(deployment).iter().copied();
    all.filter(move |view| {
        let owner = inventory.index().network_owner(view);
        // The deployment that makes it from now on replaces it.
        let at = (engine, &view.spec.name);
        owner.is_some_and(|(_, source)| *source == shared.desired.source)
            && !is_made_elsewhere(shared.desired, at, deployment)
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

impl<'a> Gone<'a> {
    pub(super) fn withheld(&self, waiting_on: WaitingOn) -> Blocked {
        let containers = count(self.containers.len(), "container");
        let subject = format!("remove {} and its {containers}", self.deployment);
        Blocked { deployment: Some(self.deployment.clone()), subject, waiting_on, at: None }
    }

    /// The removal of each container, those first that live in others, and what of it is
    /// withheld.
    pub(in crate::plan) fn removals(&self, shared: Shared<'a>) -> (Vec<Removal<'a>>, Vec<Blocked>) {
        let mut containers = self.containers.clone();
        members_first(&mut containers);
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
            is_copy: false,
            dependents: BTreeSet::new(),
            members: BTreeSet::new(),
            goes_before: false,
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
        networks(shared, (self.engine, self.inventory), &self.deployment).collect()
    }
}
