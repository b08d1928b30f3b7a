//! Which containers, networks and volumes are ours. Everything else is never touched,
//! whatever its name or labels.

use std::collections::BTreeMap;

use crate::model::desired::DesiredState;
use crate::model::id::{
    ContainerId, ContainerName, DeploymentId, EngineId, EngineName, InstallationId, ServiceName,
    Slot, SourceId,
};
use crate::model::labels::{Identity, OwnerLabels};
use crate::model::observed::{ContainerView, EngineContents, EngineView, ObservedState};

/// A container of ours: what it is, and who it says it is.
#[derive(Clone, Debug)]
pub(super) struct Owned<'a> {
    pub(super) view: &'a ContainerView,
    pub(super) identity: Identity,
}

impl Owned<'_> {
    /// Whether it bears the name that it is meant to end up with.
    pub(super) fn has_canonical_name(&self) -> bool {
        self.view.name == self.identity.name
    }
}

/// Replicas of one deployment on one engine, by service and slot, oldest first.
pub(super) type Replicas<'a> = BTreeMap<(ServiceName, Slot), Vec<Owned<'a>>>;

/// What one engine holds, sorted by owner.
#[derive(Debug)]
pub(super) struct EngineInventory<'a> {
    pub(super) contents: &'a EngineContents,
    pub(super) engine_id: EngineId,
    /// Ours, by deployment.
    pub(super) deployments: BTreeMap<DeploymentId, Replicas<'a>>,
    /// Names that somebody else's containers bear.
    pub(super) taken: BTreeMap<ContainerName, ContainerId>,
}

impl<'a> EngineInventory<'a> {
    /// Sorts what an engine holds; `None` if it did not say who it is.
    pub(super) fn sort(
        contents: &'a EngineContents,
        installation: &InstallationId,
    ) -> Option<Self> {
        let engine_id = contents.id.clone()?;
        let mut deployments: BTreeMap<DeploymentId, Replicas<'a>> = BTreeMap::new();
        let mut taken = contents.others.clone();
        for view in &contents.containers {
            match proven(view, &engine_id, installation) {
                Some(identity) => deployments
                    .entry(identity.replica.deployment.clone())
                    .or_default()
                    .entry((identity.replica.service.clone(), identity.replica.slot))
                    .or_default()
                    .push(Owned { view, identity }),
                None => {
                    taken.insert(view.name.clone(), view.id.clone());
                }
            }
        }
        for replicas in deployments.values_mut().flat_map(BTreeMap::values_mut) {
            replicas.sort_by(|a, b| {
                (a.view.created_at, &a.view.id).cmp(&(b.view.created_at, &b.view.id))
            });
        }
        Some(Self { contents, engine_id, deployments, taken })
    }

    /// What the labels of a network or volume of ours say; `None` if it is not ours.
    pub(super) fn owner(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        installation: &InstallationId,
    ) -> Option<OwnerLabels> {
        OwnerLabels::decode(labels).filter(|owner| {
            owner.installation == *installation && owner.id == self.resource_id(name)
        })
    }

    /// What `reconciler.id` says on a network or volume of this name.
    pub(super) fn resource_id(&self, name: &str) -> String {
        format!("{}/{name}", self.engine_id)
    }
}

/// The identity of a container whose name and engine are what its labels say.
///
/// The comparison defeats copies: `docker commit` carries labels into an image and from
/// there onto containers of other names.
fn proven(
    view: &ContainerView,
    engine: &EngineId,
    installation: &InstallationId,
) -> Option<Identity> {
    Identity::decode(&view.spec.labels).filter(|identity| {
        identity.installation == *installation
            && identity.engine == *engine
            && (view.name == identity.name || view.name == identity.surge_name())
    })
}

/// Every engine that was seen, sorted by owner.
pub(super) fn sort<'a>(
    observed: &'a ObservedState,
    installation: &InstallationId,
) -> BTreeMap<EngineName, EngineInventory<'a>> {
    observed
        .engines
        .iter()
        .filter_map(|(name, view)| match view {
            EngineView::Seen(contents) => {
                EngineInventory::sort(contents, installation).map(|i| (name.clone(), i))
            }
            EngineView::Unseen { .. } => None,
        })
        .collect()
}

/// Another source that holds a deployment id, by its containers.
pub(super) fn holder(
    deployment: &DeploymentId,
    desired: &DesiredState,
    engines: &BTreeMap<EngineName, EngineInventory<'_>>,
) -> Option<SourceId> {
    engines
        .values()
        .filter_map(|engine| engine.deployments.get(deployment))
        .flat_map(BTreeMap::values)
        .flatten()
        .map(|owned| &owned.identity.source)
        .find(|source| **source != desired.source)
        .cloned()
}
