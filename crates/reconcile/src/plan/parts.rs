//! Which deployments have to be looked at and planned together, so that what happens to one
//! need not cost a look at all: those that name the same network, volume or container.

use std::collections::{BTreeMap, BTreeSet};

use super::seen::wanted_name;
use model::desired::{Deployment, DesiredState, Entry};
use model::id::{DeploymentId, EngineName, ReplicaId, Slot};
use model::share::Peer;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The part of each deployment. One that is in none meets what is not known from its
    /// stack alone.
    of: BTreeMap<DeploymentId, usize>,
    parts: Vec<BTreeSet<DeploymentId>>,
}

/// What several deployments may name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named<'a> {
    Network(&'a str),
    Volume(&'a str),
    Container(String),
}

impl Parts {
    /// The parts of a desired state.
    #[must_use]
    pub fn of(desired: &DesiredState) -> Self {
        let valid = desired.deployments.values().filter_map(|entry| match entry {
            Entry::Valid(deployment, _) => Some(&**deployment),
            Entry::Invalid(_) => None,
        });
        let mut parts = Self::default();
        let mut by: BTreeMap<(&EngineName, Named<'_>), &DeploymentId> = BTreeMap::new();
        let mut owned = BTreeSet::new();
        for deployment in valid.clone() {
            parts.of.insert(deployment.id.clone(), parts.parts.len());
            parts.parts.push(BTreeSet::from([deployment.id.clone()]));
            owned.extend(containers(deployment).map(|named| (&deployment.engine, named)));
            for named in named(deployment) {
                let at = (&deployment.engine, named);
                let first = *by.entry(at).or_insert(&deployment.id);
                parts.join(&deployment.id, first);
            }
        }
        // A container of nobody here is named by its name or its id.
        for deployment in valid {
            let mut peers = peers(deployment).map(|named| (&deployment.engine, named));
            if peers.any(|at| !owned.contains(&at))
                && let Some(at) = parts.of.get(&deployment.id).copied()
            {
                for id in std::mem::take(&mut parts.parts[at]) {
                    parts.of.remove(&id);
                }
            }
        }
        parts
    }

    /// Makes one part of those of two deployments.
    fn join(&mut self, a: &DeploymentId, b: &DeploymentId) {
        let (from, to) = (self.of[a], self.of[b]);
        if from != to {
            for id in std::mem::take(&mut self.parts[from]) {
                self.of.insert(id.clone(), to);
                self.parts[to].insert(id);
            }
        }
    }

    /// These deployments and all that they meet; `None` if that is not known.
    #[must_use]
    pub fn around(&self, ids: &BTreeSet<DeploymentId>) -> Option<BTreeSet<DeploymentId>> {
        let parts = ids.iter().map(|id| self.of.get(id)).collect::<Option<BTreeSet<_>>>()?;
        Some(parts.into_iter().flat_map(|part| &self.parts[*part]).cloned().collect())
    }
}

fn named(deployment: &Deployment) -> impl Iterator<Item = Named<'_>> {
    let networks = deployment.networks.values().map(|n| Named::Network(n.spec.name.as_str()));
    let volumes = deployment.volumes.values().map(|v| Named::Volume(v.spec.name.as_str()));
    networks.chain(volumes).chain(containers(deployment)).chain(peers(deployment))
}

/// The names of the containers that a deployment has.
fn containers(deployment: &Deployment) -> impl Iterator<Item = Named<'_>> {
    deployment.services.values().flat_map(|service| {
        let replica = ReplicaId {
            deployment: deployment.id.clone(),
            service: service.name.clone(),
            slot: Slot::INIT,
        };
        let slots = (1..=service.replicas).map(Slot);
        let ids = slots.map(move |slot| ReplicaId { slot, ..replica.clone() });
        ids.map(|replica| Named::Container(wanted_name(service, &replica).to_string()))
    })
}

/// The containers that a deployment shares with by name.
fn peers(deployment: &Deployment) -> impl Iterator<Item = Named<'_>> {
    let peers = deployment.services.values().flat_map(|service| service.spec.peers());
    peers.filter_map(|peer| match peer {
        Peer::Container(name) => Some(Named::Container(name.to_string())),
        Peer::Service(_) => None,
    })
}
