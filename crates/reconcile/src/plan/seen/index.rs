//! What an engine and its node in the catalog hold, by name and by owner: each deployment
//! looks up its own, so that planning does not cost each of them a look at those of all.

use std::collections::BTreeMap;

use model::catalog::{CatalogEntry, CatalogView};
use model::id::{
    CatalogId, DeploymentId, EngineId, EngineName, InstallationId, NetworkId, NetworkName,
    SourceId, VolumeName,
};
use model::labels::OwnerLabels;
use model::observed::{EngineContents, NetworkView, ObservedState, VolumeView};

/// See the module.
#[derive(Debug)]
pub(in crate::plan) struct Index<'a> {
    /// Those of one name oldest first.
    networks: BTreeMap<&'a NetworkName, Vec<&'a NetworkView>>,
    volumes: BTreeMap<&'a VolumeName, &'a VolumeView>,
    /// The deployment and source of networks of ours, by their labels or their ids.
    owners: BTreeMap<&'a NetworkId, (DeploymentId, SourceId)>,
    /// The networks of ours, in the order of the engine.
    owned: BTreeMap<DeploymentId, Vec<&'a NetworkView>>,
    /// The entries on our node in the catalog, by the deployment that they name.
    entries: BTreeMap<&'a str, Vec<(&'a CatalogId, &'a CatalogEntry)>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(
        contents: &'a EngineContents,
        engine: &EngineName,
        engine_id: &EngineId,
        observed: &'a ObservedState,
        installation: &InstallationId,
    ) -> Self {
        let mut all = Self {
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            owners: BTreeMap::new(),
            owned: BTreeMap::new(),
            entries: entries(engine, observed),
        };
        let mut adopted: BTreeMap<&NetworkId, (&DeploymentId, &SourceId)> = BTreeMap::new();
        for (id, record) in observed.ledger.ledger.on(engine) {
            let of_it = record.adopted.iter();
            adopted.extend(of_it.flat_map(|a| a.networks.iter().map(|n| (n, (id, &a.source)))));
        }
        for view in &contents.networks {
            all.networks.entry(&view.spec.name).or_default().push(view);
            let (name, labels) = (view.spec.name.as_str(), &view.spec.labels);
            let by_labels = owner(engine_id, name, labels, installation)
                .map(|owner| (owner.deployment, owner.source));
            let by_id = || adopted.get(&view.id).map(|(id, of)| ((*id).clone(), (*of).clone()));
            if let Some((deployment, source)) = by_labels.or_else(by_id) {
                all.owned.entry(deployment.clone()).or_default().push(view);
                all.owners.insert(&view.id, (deployment, source));
            }
        }
        for view in &contents.volumes {
            all.volumes.entry(&view.spec.name).or_insert(view);
        }
        all
    }

    /// The networks of a name, oldest first.
    pub(in crate::plan) fn networks_named(&self, name: &NetworkName) -> &[&'a NetworkView] {
        self.networks.get(name).map_or(&[], Vec::as_slice)
    }

    /// The networks of a deployment, of whichever source.
    pub(in crate::plan) fn networks_of(&self, deployment: &DeploymentId) -> &[&'a NetworkView] {
        self.owned.get(deployment).map_or(&[], Vec::as_slice)
    }

    /// The deployments that have networks.
    pub(in crate::plan) fn with_networks(&self) -> impl Iterator<Item = &DeploymentId> {
        self.owned.keys()
    }

    /// The deployment and source of a network of ours.
    pub(in crate::plan) fn network_owner(
        &self,
        view: &NetworkView,
    ) -> Option<&(DeploymentId, SourceId)> {
        self.owners.get(&view.id)
    }

    /// The volume of a name.
    pub(in crate::plan) fn volume(&self, name: &VolumeName) -> Option<&'a VolumeView> {
        self.volumes.get(name).copied()
    }

    /// The entries on our node that name a deployment.
    pub(in crate::plan) fn entries_of(
        &self,
        deployment: &DeploymentId,
    ) -> &[(&'a CatalogId, &'a CatalogEntry)] {
        self.entries.get(deployment.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The deployments that entries on our node name.
    pub(in crate::plan) fn with_entries(&self) -> impl Iterator<Item = &'a str> {
        self.entries.keys().copied()
    }
}

fn entries<'a>(
    engine: &EngineName,
    observed: &'a ObservedState,
) -> BTreeMap<&'a str, Vec<(&'a CatalogId, &'a CatalogEntry)>> {
    let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let CatalogView::Seen(catalog) = &observed.catalog else { return all };
    let node = catalog.nodes.get(engine).filter(|node| node.ours);
    for (id, entry) in node.into_iter().flat_map(|node| &node.entries) {
        if let Some(deployment) = entry.meta.get("deployment") {
            all.entry(deployment.as_str()).or_default().push((id, entry));
        }
    }
    all
}

/// What the labels of a network or volume of ours say; `None` if they do not say that it is
/// ours.
pub(super) fn owner(
    engine: &EngineId,
    name: &str,
    labels: &BTreeMap<String, String>,
    installation: &InstallationId,
) -> Option<OwnerLabels> {
    let is_id = |id: &str| {
        let rest = id.strip_prefix(engine.as_str()).and_then(|rest| rest.strip_prefix('/'));
        rest == Some(name)
    };
    OwnerLabels::decode(labels)
        .filter(|owner| owner.installation == *installation && is_id(&owner.id))
}
