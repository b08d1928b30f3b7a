//! Which containers, networks and volumes are ours. Everything else is never touched,
//! whatever its name or labels.

use std::collections::{BTreeMap, BTreeSet};

use super::adoption::{AdoptionMatcher, ComposeRole, Strange, Stranger};
use super::index::{self, Index};
use super::{Owned, Proof};
use model::desired::DesiredState;
use model::id::{
    ContainerId, ContainerName, DeploymentId, EngineId, EngineName, InstallationId, ReplicaId,
    ServiceName, Slot, SourceId,
};
use model::labels::{Identity, OwnerLabels};
use model::observed::{ContainerView, EngineContents, EngineView, ObservedState};

/// Replicas of one deployment on one engine, by service and slot, oldest first.
pub(in crate::plan) type Replicas<'a> = BTreeMap<ServiceName, BTreeMap<Slot, Vec<Owned<'a>>>>;

/// What one engine holds, sorted by owner.
#[derive(Debug)]
pub(in crate::plan) struct EngineInventory<'a> {
    pub(in crate::plan) contents: &'a EngineContents,
    pub(in crate::plan) engine_id: EngineId,
    /// Ours, by deployment.
    pub(in crate::plan) deployments: BTreeMap<DeploymentId, Replicas<'a>>,
    /// What else the Compose projects of their names hold.
    pub(in crate::plan) strangers: BTreeMap<DeploymentId, Vec<Stranger<'a>>>,
    /// Names that foreign containers bear.
    pub(in crate::plan) taken: BTreeMap<ContainerName, ContainerId>,
    /// Which of ours bears a name.
    pub(super) names: BTreeMap<&'a ContainerName, &'a ContainerId>,
    /// Those of ours that live in namespaces of others.
    pub(super) members: Vec<&'a ContainerView>,
    /// What the engine and the catalog hold, by name and by owner.
    index: Index<'a>,
}

impl<'a> EngineInventory<'a> {
    /// Sorts what an engine holds; `None` if it did not say who it is.
    fn sort(
        contents: &'a EngineContents,
        engine: &'a EngineName,
        observed: &'a ObservedState,
        desired: &'a DesiredState,
        installation: &'a InstallationId,
    ) -> Option<Self> {
        let engine_id = contents.id.as_ref()?;
        let ledger = &observed.ledger;
        let matcher = AdoptionMatcher { desired, engine, engine_id, installation, ledger };
        let mut all = Self {
            contents,
            engine_id: engine_id.clone(),
            deployments: BTreeMap::new(),
            strangers: BTreeMap::new(),
            taken: contents.others.clone(),
            names: BTreeMap::new(),
            members: Vec::new(),
            index: Index::of(contents, engine, engine_id, observed, installation),
        };
        let renamed: Vec<_> =
            contents.containers.iter().filter(|view| !all.add(view, matcher)).collect();
        for view in renamed {
            all.add_renamed(view, matcher);
        }
        let services = all.deployments.values_mut().flat_map(BTreeMap::values_mut);
        for replicas in services.flat_map(BTreeMap::values_mut) {
            replicas.sort_by(|a, b| {
                (a.view.created_at, &a.view.id).cmp(&(b.view.created_at, &b.view.id))
            });
        }
        Some(all)
    }

    /// Sorts one container. Returns whether it is known whose it is.
    fn add(&mut self, view: &'a ContainerView, matcher: AdoptionMatcher<'a>) -> bool {
        if let Some(owned) = proven(view, matcher).or_else(|| matcher.remembered(view)) {
            self.own(owned);
            return true;
        }
        match matcher.evaluate(view) {
            Some((_, ComposeRole::Replica(owned))) => self.own(*owned),
            Some((deployment, ComposeRole::Stranger(stranger))) => {
                self.taken.insert(view.name.clone(), view.id.clone());
                self.strangers.entry(deployment.id.clone()).or_default().push(stranger);
            }
            None => {
                self.taken.insert(view.name.clone(), view.id.clone());
                return false;
            }
        }
        true
    }

    /// A container that is ours but for its name: it was renamed if the place that its labels
    /// name is empty, and they are not from its image; else a copy.
    fn add_renamed(&mut self, view: &'a ContainerView, matcher: AdoptionMatcher<'a>) {
        let Some(identity) = Identity::decode(&view.spec.labels).filter(|identity| {
            identity.installation == *matcher.installation && identity.engine == *matcher.engine_id
        }) else {
            return;
        };
        let ReplicaId { deployment, service, slot } = &identity.replica;
        let replicas = self.deployments.get(deployment).and_then(|all| all.get(service));
        if replicas.is_some_and(|slots| slots.contains_key(slot)) || *slot == Slot::INIT {
            return;
        }
        let mut images = self.contents.images.values();
        let image = images.find(|image| image.id == view.image_id);
        if image.is_some_and(|image| Identity::decode(&image.labels).is_none()) {
            self.taken.remove(&view.name);
            return self.own(Owned { view, identity, proof: Proof::Labels });
        }
        let stranger = Stranger { view, why: Strange::Renamed(identity.name) };
        self.strangers.entry(identity.replica.deployment).or_default().push(stranger);
    }

    fn own(&mut self, owned: Owned<'a>) {
        self.names.insert(&owned.view.name, &owned.view.id);
        let spec = &owned.view.spec;
        if [&spec.network_mode, &spec.ipc, &spec.pid].into_iter().any(|n| n.peer().is_some()) {
            self.members.push(owned.view);
        }
        let replica = &owned.identity.replica;
        let replicas = self.deployments.entry(replica.deployment.clone()).or_default();
        let slots = replicas.entry(replica.service.clone()).or_default();
        // Nearly every slot has one.
        slots.entry(replica.slot).or_insert_with(|| Vec::with_capacity(1)).push(owned);
    }

    /// The containers of a deployment's replicas.
    pub(in crate::plan) fn containers_of(
        &self,
        deployment: &DeploymentId,
    ) -> impl Iterator<Item = &Owned<'a>> {
        let services = self.deployments.get(deployment).into_iter().flat_map(BTreeMap::values);
        services.flat_map(BTreeMap::values).flatten()
    }

    /// The containers of all replicas.
    pub(in crate::plan) fn containers(&self) -> impl Iterator<Item = &Owned<'a>> {
        self.deployments.keys().flat_map(|deployment| self.containers_of(deployment))
    }

    /// What the labels of a network or volume of ours say; `None` if they do not say that
    /// it is ours.
    pub(in crate::plan) fn owner(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        installation: &InstallationId,
    ) -> Option<OwnerLabels> {
        index::owner(&self.engine_id, name, labels, installation)
    }

    /// What the engine and the catalog hold, by name and by owner.
    pub(in crate::plan) fn index(&self) -> &Index<'a> {
        &self.index
    }

    /// What `reconciler.id` says on a network or volume of this name.
    pub(in crate::plan) fn resource_id(&self, name: &str) -> String {
        format!("{}/{name}", self.engine_id)
    }
}

/// A container whose name and engine are what its labels say.
///
/// The comparison defeats copies: `docker commit` carries labels into an image and from
/// there onto containers of other names.
fn proven<'a>(view: &'a ContainerView, matcher: AdoptionMatcher<'a>) -> Option<Owned<'a>> {
    let identity = Identity::decode(&view.spec.labels).filter(|identity| {
        identity.installation == *matcher.installation
            && identity.engine == *matcher.engine_id
            && (view.name == identity.name || view.name == identity.surge_name())
    })?;
    Some(Owned { view, identity, proof: Proof::Labels })
}

/// The engines that say they are the same one as this, and this one; none if it is the only
/// one, or did not say.
pub(in crate::plan) fn same(engine: &EngineName, observed: &ObservedState) -> BTreeSet<EngineName> {
    fn id(view: &EngineView) -> Option<&EngineId> {
        match view {
            EngineView::Seen(contents) => contents.id.as_ref(),
            EngineView::Unseen { .. } => None,
        }
    }
    let Some(own) = observed.engines.get(engine).and_then(id) else { return BTreeSet::new() };
    let same = observed.engines.iter().filter(|(_, view)| id(view) == Some(own));
    let same: BTreeSet<_> = same.map(|(name, _)| name.clone()).collect();
    if same.len() > 1 { same } else { BTreeSet::new() }
}

/// Every engine that was seen, sorted by owner. Not those that were seen under several
/// names: what belongs to a deployment under one would seem left over under the others.
pub(in crate::plan) fn sort<'a>(
    desired: &'a DesiredState,
    observed: &'a ObservedState,
    installation: &'a InstallationId,
) -> BTreeMap<EngineName, EngineInventory<'a>> {
    observed
        .engines
        .iter()
        .filter(|(name, _)| same(name, observed).is_empty())
        .filter_map(|(name, view)| match view {
            EngineView::Seen(contents) => {
                EngineInventory::sort(contents, name, observed, desired, installation)
                    .map(|inventory| (name.clone(), inventory))
            }
            EngineView::Unseen { .. } => None,
        })
        .collect()
}

/// Another source that holds a deployment id, by its containers.
pub(in crate::plan) fn holder(
    deployment: &DeploymentId,
    desired: &DesiredState,
    engines: &BTreeMap<EngineName, EngineInventory<'_>>,
) -> Option<SourceId> {
    engines
        .values()
        .flat_map(|engine| engine.containers_of(deployment))
        .map(|owned| &owned.identity.source)
        .find(|source| **source != desired.source)
        .cloned()
}
