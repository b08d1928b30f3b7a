//! One deployment as every stage sees it: what git wants of it, what its engine holds, and
//! what we remember. Only looks things up; decides nothing.

mod images;

use std::collections::{BTreeMap, BTreeSet};

use super::fact::Place;
use super::seen::{EngineInventory, Owned, Proof, Replicas, Stranger};
use super::settings::{EngineSettings, Settings};
use model::ability::ApiVersion;
use model::catalog::{CatalogEntry, NodeView};
use model::compose_labels;
use model::desired::{Deployment, DesiredState, ImageSource, PullPolicy, Service};
use model::digest::Digest;
use model::id::{
    CatalogId, DeploymentId, ImageRef, NetworkName, ReplicaId, Revision, ServiceName, Slot,
};
use model::labels::OwnerLabels;
use model::ledger::{Adopted, DeploymentRecord, Pulled};
use model::observed::NetworkView;
use model::rollback::Instead;
use model::time::Timestamp;

/// One deployment, its engine and what we remember of it.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) desired: &'a DesiredState,
    pub(super) deployment: &'a Deployment,
    pub(super) inventory: &'a EngineInventory<'a>,
    /// The deployment's replicas on its engine.
    pub(super) replicas: Option<&'a Replicas<'a>>,
    pub(super) engine: &'a EngineSettings,
    pub(super) settings: &'a Settings,
    /// Which deployments bear which name in DNS.
    pub(super) labels: &'a BTreeMap<String, Vec<&'a DeploymentId>>,
    /// When the look began.
    pub(super) now: Timestamp,
    pub(super) record: Option<&'a DeploymentRecord>,
    /// Whether anything is remembered of it, also of a first rollout that failed.
    pub(super) is_known: bool,
    /// Whether a revision of it is not tried because it failed.
    pub(super) in_quarantine: bool,
    /// The resources of it that were adopted on its engine.
    pub(super) adopted: Option<&'a Adopted>,
    /// What the catalog holds for the engine; `None` without Consul.
    pub(super) catalog: Option<CatalogUse<'a>>,
}

/// The catalog as far as one deployment is concerned.
#[derive(Clone, Copy)]
pub(super) struct CatalogUse<'a> {
    /// Our external node, if it is registered.
    pub(super) node: Option<&'a NodeView>,
    /// The entries on it that name the deployment, in the order of their ids.
    pub(super) own: &'a [(&'a CatalogId, &'a CatalogEntry)],
    /// Service names that others use.
    pub(super) foreign: &'a BTreeSet<String>,
}

impl<'a> Context<'a> {
    /// The revision that it is wanted at: the source's, but where that one failed.
    pub(super) fn revision(&self) -> &'a Revision {
        let instead = self.desired.instead.get(&self.deployment.id);
        instead.and_then(Instead::revision).unwrap_or(&self.desired.revision)
    }

    /// Where it is.
    pub(super) fn place(&self) -> Place {
        let (engine, deployment) = (&self.deployment.engine, &self.deployment.id);
        Place { engine: engine.clone(), deployment: deployment.clone() }
    }

    /// All containers of its replicas.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Owned<'a>> {
        let services = self.replicas.into_iter().flat_map(BTreeMap::values);
        services.flat_map(BTreeMap::values).flatten()
    }

    /// The containers of a service, by slot, also of slots that it no longer has.
    pub(super) fn slots_of(
        &self,
        service: &ServiceName,
    ) -> impl DoubleEndedIterator<Item = (Slot, &'a [Owned<'a>])> {
        let of_service = self.replicas.and_then(|replicas| replicas.get(service));
        of_service.into_iter().flatten().map(|(slot, all)| (*slot, all.as_slice()))
    }

    /// The containers of one slot.
    pub(super) fn slot(&self, service: &ServiceName, slot: Slot) -> &'a [Owned<'a>] {
        self.replicas
            .and_then(|replicas| replicas.get(service)?.get(&slot))
            .map_or(&[], Vec::as_slice)
    }

    /// What else its Compose project holds.
    pub(super) fn strangers(&self) -> &'a [Stranger<'a>] {
        self.inventory.strangers.get(&self.deployment.id).map_or(&[], Vec::as_slice)
    }

    /// The slots that the replicas of a service fill. Compose never fills a gap: where it
    /// numbered them beyond their count, such a number stands for a free one below, so
    /// that the container stays, if `stays` says that it can.
    pub(super) fn slots(&self, service: &Service, stays: impl Fn(Slot) -> bool) -> Vec<Slot> {
        let slots = (1..=service.replicas).map(Slot);
        let mut beyond = self
            .slots_of(&service.name)
            .filter(|(slot, _)| slot.0 > service.replicas)
            .filter(|(_, containers)| containers.iter().any(|o| o.proof != Proof::Labels))
            .map(|(slot, _)| slot)
            .peekable();
        if beyond.peek().is_none() {
            return slots.collect();
        }
        let mut slots: BTreeSet<Slot> = slots.collect();
        let free = |slot: &Slot| self.slot(&service.name, *slot).is_empty();
        let mut free: Vec<Slot> = slots.iter().copied().filter(free).collect();
        for slot in beyond {
            if free.is_empty() {
                break;
            }
            if stays(slot)
                && let Some(gap) = free.pop()
            {
                slots.remove(&gap);
                slots.insert(slot);
            }
        }
        slots.into_iter().collect()
    }

    /// Whether a container is made on all its networks at once. Engines before API 1.44 take
    /// one only; of what is connected before the first start, newer ones lose its address.
    pub(super) fn makes_on_all_networks(&self) -> bool {
        self.inventory.contents.abilities.api >= ApiVersion::one(44)
    }

    /// How many replicas of a service the last applied revision had; 0 if unknown.
    pub(super) fn recorded_scale(&self, service: &ServiceName) -> u32 {
        self.record.and_then(|record| record.scale.get(service)).copied().unwrap_or(0)
    }

    /// Whether the image of a service is to be pulled although it is on the engine.
    pub(super) fn is_stale(&self, service: &Service) -> bool {
        let ImageSource::Pull(policy) = service.image else { return false };
        let pulled = self.record.and_then(|record| record.pulled.get(&service.spec.image));
        match policy {
            PullPolicy::Missing | PullPolicy::Never => false,
            PullPolicy::Always => pulled.is_none_or(|p| p.revision != *self.revision()),
            PullPolicy::Every(period) => pulled.is_none_or(|p| self.now.since(p.at) >= period),
        }
    }

    /// When each image was pulled whose policy asks, this plan included.
    pub(super) fn pulled(&self) -> BTreeMap<ImageRef, Pulled> {
        let mut all = BTreeMap::new();
        for service in self.deployment.services.values().filter(|service| service.replicas > 0) {
            let refreshes = matches!(
                service.image,
                ImageSource::Pull(PullPolicy::Always | PullPolicy::Every(_))
            );
            let image = &service.spec.image;
            let known = self.record.and_then(|record| record.pulled.get(image));
            let now = || Pulled { at: self.now, revision: self.revision().clone() };
            if refreshes {
                let fresh = self.image(service).is_some() && !self.is_stale(service);
                let pulled = known.filter(|_| fresh).cloned().unwrap_or_else(now);
                all.insert(image.clone(), pulled);
            }
        }
        all
    }

    /// Whether git says what was applied last.
    pub(super) fn is_applied(&self) -> bool {
        self.record.is_some_and(|record| record.hash == self.deployment.hash)
    }

    /// The replica of this slot.
    pub(super) fn replica(&self, service: &Service, slot: Slot) -> ReplicaId {
        ReplicaId { deployment: self.deployment.id.clone(), service: service.name.clone(), slot }
    }

    /// The labels of a network or volume of this deployment.
    pub(super) fn owner(&self, key: &str, name: &str, hash: Option<&Digest>) -> OwnerLabels {
        OwnerLabels {
            installation: self.settings.installation.clone(),
            source: self.desired.source.clone(),
            deployment: self.deployment.id.clone(),
            id: self.inventory.resource_id(name),
            key: key.to_owned(),
            compose_hash: hash.cloned(),
            asked: Vec::new(),
        }
    }

    /// The networks of a name, oldest first.
    pub(super) fn networks_named(
        &self,
        name: &NetworkName,
    ) -> impl Iterator<Item = &'a NetworkView> {
        self.inventory.index().networks_named(name).iter().copied()
    }

    /// Whether a network is this deployment's, made or adopted for this source.
    pub(super) fn owns_network(&self, view: &NetworkView) -> bool {
        let owner = self.inventory.index().network_owner(view);
        owner.is_some_and(|(deployment, source)| {
            *deployment == self.deployment.id && *source == self.desired.source
        })
    }

    /// Whether a network or volume that exists may be used: it is ours, or Compose made
    /// it for this very project.
    pub(super) fn may_use(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        let ours = self
            .inventory
            .owner(name, labels, &self.settings.installation)
            .is_some_and(|owner| owner.deployment == self.deployment.id);
        let composes = !labels.keys().any(|label| label.starts_with(model::labels::PREFIX))
            && labels.get(compose_labels::PROJECT).map(String::as_str)
                == Some(self.deployment.id.as_str());
        ours || composes
    }
}
