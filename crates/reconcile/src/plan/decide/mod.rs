//! Third stage: one decision for each replica, network, volume, image and catalog entry of a
//! deployment, as data with its causes. Knows nothing of steps; what a decision means for
//! others is looked up in their decisions, never in what was already emitted.

mod absence;
mod adopt;
mod choice;
mod collides;
mod compared;
mod demands;
mod deployment;
mod entries;
mod entry_causes;
mod exclusive;
mod floor;
mod foreign_ports;
mod forms;
mod gate;
mod gone;
mod heal;
mod identity;
mod images;
mod instead;
mod joins;
mod lacks;
mod leaving;
mod memory;
mod names;
mod needs;
mod network_fields;
mod networks;
mod opened;
mod order;
mod removal;
mod renewals;
mod replica;
mod scope;
mod service;
mod status;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use adopt::Adoption;
pub(super) use compared::{Compared, compared};
pub(super) use demands::taken_of_host;
pub use demands::{asked_of_host, rendered};
pub(super) use deployment::{Standing, awaited_networks, decide, standing};
pub(super) use entries::{ENTRIES_PER_TXN, Route, deregistrable, node};
pub(super) use floor::{down, waiting_on as waits_for_floor};
pub(super) use forms::registrants;
pub(super) use gone::Gone;
pub(super) use heal::repairs;
pub(super) use identity::{compose_labels, identity, with_resolvers};
pub(super) use images::{Bring, How};
pub(super) use leaving::Leaving;
pub(super) use memory::{is_forgotten, remembered};
pub(super) use names::labels;
pub use names::{catalog_names, dns_label};
pub(super) use network_fields::{network_form, network_forms, volume_form, volume_forms};
pub(super) use networks::{NetworkChange, NewVolume, renewed};
pub(super) use removal::Removal;
pub(super) use renewals::{Renewals, refreshed};
pub(super) use replica::is_unproven;
pub(super) use status::replica as health_of;
pub(super) use verdict::{EntryChange, GoesBefore, Replica, Start, Successor, Target};

use super::context::Context;
use super::differ::{Images, Joined};
use super::fact::{Fact, Who};
use super::seen::{EngineInventory, Owned};
use super::settings::Settings;
use model::desired::{Deployment, DesiredState, Service};
use model::diagnostic::Loc;
use model::id::{
    CatalogId, ContainerId, ContainerName, DeploymentId, EngineName, ImageRef, NetworkName,
    ReplicaId,
};
use model::ledger::Record;
use model::observed::{NetworkView, ObservedState};
use model::plan::Blocked;
use model::plan::WaitingOn;

/// What all deployments of a plan share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) desired: &'a DesiredState,
    pub(super) observed: &'a ObservedState,
    pub(super) engines: &'a BTreeMap<EngineName, EngineInventory<'a>>,
    /// Which deployments bear which name in DNS.
    pub(super) labels: &'a BTreeMap<String, Vec<&'a DeploymentId>>,
    pub(super) settings: &'a Settings,
}

/// What is known of other deployments' decisions, and of how they meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Across {
    /// What takes the place of a container that others may share with.
    pub(super) successors: BTreeMap<ContainerId, (Who, ContainerName)>,
    /// Who has a name in the end, and what it is called until that is free.
    pub(super) made: BTreeMap<(EngineName, ContainerName), (Who, ContainerName)>,
    /// Containers that are started again.
    pub(super) restarting: BTreeSet<ContainerId>,
    /// Containers that stop before a successor starts, if there is one, and what holds then:
    /// those that live in them stop before, but no sooner.
    pub(super) stopping: BTreeMap<ContainerId, Vec<Fact>>,
    /// Deployments about whose containers nothing is done.
    pub(super) resting: BTreeSet<DeploymentId>,
    /// Networks that are replaced, or make room: who is attached to them stops, and is made
    /// again.
    pub(super) renewed: BTreeMap<(EngineName, NetworkName), NetworkReplacement>,
    /// Replicas whose old container must stop before it would, and why.
    pub(super) yields: BTreeMap<ReplicaId, Yield>,
    /// Images that are pulled anew although they are there, and for which deployments: their
    /// others may use them, too.
    pub(super) renewing: BTreeMap<(EngineName, ImageRef), BTreeSet<DeploymentId>>,
    /// Deployments for which nothing depends on what images come, because what does could not be
    /// put in order: the next pass compares.
    pub(super) unconditional: BTreeSet<DeploymentId>,
}

impl Across {
    /// The deployments for which an image is pulled anew.
    pub(super) fn renewing<'s>(
        &'s self,
        engine: &EngineName,
        image: &ImageRef,
    ) -> impl Iterator<Item = &'s DeploymentId> {
        let none = self.renewing.is_empty();
        let found = if none { None } else { self.renewing.get(&(engine.clone(), image.clone())) };
        found.into_iter().flatten()
    }

    /// The networks for which containers of a deployment stop.
    pub(super) fn renewed_for<'s>(
        &'s self,
        deployment: &'s Deployment,
    ) -> impl Iterator<Item = (&'s NetworkName, &'s NetworkReplacement)> {
        let here = self.renewed.iter().filter(|((at, _), _)| *at == deployment.engine);
        let resting = |by: &DeploymentId| *by != deployment.id && self.resting.contains(by);
        here.filter(move |(_, renewal)| !resting(&renewal.by))
            .map(|((_, name), renewal)| (name, renewal))
    }

    /// What holds whatever is decided: the rest is learnt from the decisions.
    pub(super) fn given(&self, leaving: &Leaving<'_>) -> Self {
        let (resting, renewed, yields) =
            (self.resting.clone(), self.renewed.clone(), self.yields.clone());
        let (renewing, unconditional) = (self.renewing.clone(), self.unconditional.clone());
        let stopping = leaving.stopping().map(|id| (id.clone(), Vec::new())).collect();
        Self { stopping, resting, renewed, yields, renewing, unconditional, ..Self::default() }
    }
}

/// That a network is removed before its users are made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NetworkReplacement {
    /// By which deployments: none stops for one that is withheld.
    pub(super) by: DeploymentId,
    /// The network that gets its addresses, if it is not made again itself.
    pub(super) room_for: Option<NetworkName>,
    /// Where the network is written that is made.
    pub(super) at: Loc,
}

/// That an old container stops earlier than it would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Yield {
    pub(super) why: String,
    /// If it does not even wait for what its successor needs: what it waits for instead, that
    /// its successor is made.
    pub(super) early: Option<Vec<Fact>>,
}

/// Everything decided about one deployment.
pub(super) struct Decisions<'a> {
    pub(super) context: Context<'a>,
    pub(super) adoption: Option<Adoption>,
    pub(super) images: Images<'a>,
    pub(super) brings: Vec<Bring<'a>>,
    /// The images of which another one may come.
    pub(super) renewals: Renewals<'a>,
    pub(super) networks: Vec<NetworkChange<'a>>,
    pub(super) volumes: Vec<NewVolume<'a>>,
    /// Of services that left the stack.
    pub(super) orphans: Vec<Removal<'a>>,
    /// Dependencies before dependents.
    pub(super) services: Vec<Decided<'a>>,
    /// Catalog entries that no replica stands behind.
    pub(super) stale: Vec<CatalogId>,
    pub(super) unused_networks: Vec<&'a NetworkView>,
    pub(super) blocked: Vec<Blocked>,
    /// Containers of it that live in one which stops in this pass.
    orphaned_members: BTreeSet<ContainerId>,
    /// Whether only what was applied is repaired.
    pub(super) repairs_only: bool,
}

/// Everything decided about one service.
pub(super) struct Decided<'a> {
    pub(super) service: &'a Service,
    /// The containers behind the peers of its spec.
    pub(super) joins: Vec<Joined>,
    /// The same if all images that may be others are; empty if nothing depends on them.
    pub(super) other_joins: Vec<Joined>,
    /// What is left of containers that ran before the service.
    pub(super) leftovers: &'a [Owned<'a>],
    /// By slot.
    pub(super) replicas: Vec<Replica<'a>>,
    /// The containers of slots that it does not fill, the highest first.
    pub(super) excess: Vec<Removal<'a>>,
    /// On which way others reach its replicas, if they are registered.
    pub(super) way: Option<Route>,
}

impl<'a> Decided<'a> {
    /// The decisions about its replicas; `other` says about those if all images that may be others
    /// are.
    pub(super) fn replicas(&self, other: bool) -> impl Iterator<Item = &Replica<'a>> {
        self.replicas.iter().map(move |replica| if other { replica.in_other() } else { replica })
    }
}

/// What is not done, what it waits for, and where that is written.
type Withheld = (String, WaitingOn, Option<Loc>);

/// What is remembered of a deployment on an engine, if that could be read.
fn record_of<'a>(
    observed: &'a ObservedState,
    engine: &EngineName,
    deployment: &DeploymentId,
) -> Result<Option<&'a Record>, WaitingOn> {
    let found = observed.ledger.record(engine, deployment);
    found.map_err(|error| WaitingOn::Ledger { error: error.to_owned() })
}
