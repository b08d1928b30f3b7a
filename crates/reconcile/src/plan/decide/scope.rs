//! What a service's decisions rest on, and what they need to know of other decisions.

use std::collections::{BTreeMap, BTreeSet};

use super::order::Order;
use super::removal::Removal;
use super::verdict::{GoesBefore, Replica};
use super::{Across, Decided, Renewals, Yield};
use crate::plan::cause::{Why, because};
use crate::plan::context::Context;
use crate::plan::differ::{Images, Joined, lost_networks};
use crate::plan::fact::{Fact, Who};
use crate::plan::seen::{Owned, is_inside, is_running};
use model::desired::Service;
use model::id::{ContainerId, ContainerName, ReplicaId, ServiceName};
use model::labels::Identity;
use model::plan::{Blocked, Reason, WaitingOn};
use model::share::Peer;

/// Decisions about services that were made before, by name.
pub(super) type Earlier<'a> = BTreeMap<&'a ServiceName, Decided<'a>>;

/// What a service's decisions rest on.
pub(super) struct Scope<'s, 'a> {
    pub(super) context: &'s Context<'a>,
    pub(super) images: &'s Images<'a>,
    pub(super) renewals: &'s Renewals<'a>,
    /// Whether all images that may be others are.
    pub(super) other: bool,
    pub(super) earlier: &'s Earlier<'a>,
    pub(super) orphans: &'s [Removal<'a>],
    pub(super) across: &'s Across,
    /// The containers behind the peers of the service's spec, as far as they are known.
    pub(super) joins: Vec<Joined>,
}

impl<'a> Scope<'_, 'a> {
    /// Containers that go for good, but for the controller's own.
    pub(super) fn removals(
        &self,
        containers: Vec<&'a Owned<'a>>,
        why: &Why,
        service: Option<&'a Service>,
        blocked: &mut Vec<Blocked>,
    ) -> Vec<Removal<'a>> {
        super::removal::removals(self.context, containers, why, service, blocked)
    }

    /// Why a container cannot stay on a network that is replaced, or makes room.
    pub(super) fn renewed_networks(&self, owned: &Owned<'_>) -> Option<Why> {
        let mut renewed = self.across.renewed_for(self.context.deployment);
        let (network, renewal) =
            renewed.find(|(name, _)| owned.view.spec.networks.contains_key(*name))?;
        let mut own = self.context.deployment.networks.values();
        let at = own.find(|own| own.spec.name == *network).map(|own| &own.origin);
        let network = network.clone();
        let reason = match renewal.room_for.clone() {
            Some(other) => Reason::NetworkVacated { network, other },
            None => Reason::NetworkReplaced { network },
        };
        Some(because(reason, at.or(Some(&renewal.at))))
    }

    /// What holds when a container stops that is on a network which is replaced, if it is: the
    /// images of all that stop for it are there.
    fn uprooted(&self, owned: &Owned<'_>) -> Option<Yield> {
        let why = self.renewed_networks(owned)?.text();
        let renewed = self.across.renewed_for(self.context.deployment);
        let names: Vec<_> = renewed.map(|(name, _)| name).collect();
        let all = self.context.inventory.containers();
        let users =
            all.filter(|o| names.iter().any(|name| o.view.spec.networks.contains_key(*name)));
        let ids: BTreeSet<_> = users.map(|user| &user.identity.replica.deployment).collect();
        let early = ids.into_iter().map(|id| Fact::Images(id.clone())).collect();
        Some(Yield { why, early: Some(early) })
    }

    /// Whether all networks that a container was on are there, and stay.
    pub(super) fn has_networks(&self, owned: &Owned<'_>) -> bool {
        lost_networks(owned, self.context).next().is_none()
            && self.renewed_networks(owned).is_none()
    }

    /// The order, or that old containers stop earlier because others need what they have.
    pub(super) fn yielding(&self, id: &ReplicaId, old: &[&Owned<'_>], order: Order) -> Order {
        let network = old.iter().find_map(|owned| self.uprooted(owned));
        let uprooted = network.is_some();
        let Some(yields) = network.as_ref().or_else(|| self.across.yields.get(id)) else {
            return order;
        };
        let early = yields.early.clone();
        match order {
            Order::StartFirst => Order::StopFirst { why: yields.why.clone(), early, uprooted },
            Order::StopFirst { why, .. } => Order::StopFirst { why, early, uprooted },
            Order::Free => Order::Free,
        }
    }

    /// The name of a new container: its own if that is free now, else its second one, until
    /// it is. With hooks the own name says that they have run.
    pub(super) fn first_name(
        &self,
        service: &Service,
        identity: &Identity,
        old: &[&Owned<'_>],
        surplus: &[&Owned<'_>],
    ) -> ContainerName {
        let own = |name: &ContainerName| old.iter().any(|owned| owned.view.name == *name);
        let (canonical, second) = (&identity.name, identity.surge_name());
        let unproven = !service.hooks.post_start.is_empty() && !own(&second);
        let taken = own(canonical) || self.is_with_others(canonical, surplus);
        if unproven || taken { second } else { canonical.clone() }
    }

    /// Whether a container that is none of these bears a name.
    pub(super) fn is_with_others(&self, name: &ContainerName, these: &[&Owned<'_>]) -> bool {
        let bearer = self.context.inventory.bearer(name);
        bearer.is_some_and(|id| !these.iter().any(|owned| owned.view.id == *id))
    }

    /// Whose stop comes after this container's, because it lives in that one's namespaces.
    pub(super) fn goes_before(&self, owned: &Owned<'_>) -> Option<GoesBefore> {
        if !is_running(owned) {
            return None;
        }
        let spec = &owned.view.spec;
        let host = |other: &Owned<'_>| {
            is_running(other) && is_inside(spec, &other.view.id, &other.view.name)
        };
        if ![&spec.network_mode, &spec.ipc, &spec.pid].into_iter().any(|n| n.peer().is_some()) {
            return None;
        }
        let elsewhere = |id| {
            let view = self.context.inventory.view(id);
            view.is_some_and(|view| is_inside(spec, &view.id, &view.name))
        };
        if let Some(leaves) = self.orphans.iter().find(|removal| host(removal.owned)) {
            // Others may need what it has, or the network that it is on.
            let yields = self.across.yields.contains_key(&leaves.owned.identity.replica)
                || self.renewed_networks(leaves.owned).is_some();
            return Some(if yields { GoesBefore::Removed } else { GoesBefore::Leaving });
        }
        for (name, decided) in self.earlier {
            for replica in decided.replicas(self.other).filter(|replica| !replica.withheld) {
                if replica.useless.iter().any(|other| host(other)) {
                    return Some(GoesBefore::Removed);
                }
                let stops = replica.order.is_stop_first() || replica.goes_before.is_some();
                if stops && replica.old.iter().any(|other| host(other)) {
                    return Some(GoesBefore::Replica(replica.id.clone()));
                }
            }
            if decided.excess.iter().any(|removal| host(removal.owned)) {
                return Some(GoesBefore::Excess((*name).clone()));
            }
        }
        let (_, facts) = self.across.stopping.iter().find(|(id, _)| elsewhere(id))?;
        Some(GoesBefore::Elsewhere(facts.clone()))
    }

    /// The hosts by name of a container that stays as it runs, as far as they were started
    /// after it, or are in this pass: it holds on to what is gone.
    pub(super) fn restarted_hosts(
        &self,
        replica: &Replica<'_>,
    ) -> Vec<(ContainerName, ContainerId)> {
        let stays = replica.existing().filter(|owned| replica.start.is_none() && is_running(owned));
        let Some(owned) = stays else { return Vec::new() };
        let known = self.joins.iter().filter_map(|join| match (&join.peer, &join.who) {
            (Peer::Container(_), Who::Known(id)) => Some((join.name.clone(), id.clone())),
            _ => None,
        });
        let moved = |id: &ContainerId| {
            let started = self.context.inventory.view(id).and_then(|v| v.state.started_at);
            self.across.restarting.contains(id) || started > owned.view.state.started_at
        };
        let inside = |(name, id): &(ContainerName, ContainerId)| {
            is_inside(&owned.view.spec, id, name) && moved(id)
        };
        known.filter(inside).collect()
    }

    /// The controller's own container, if one of these is it, or holds it.
    pub(super) fn own_container(
        &self,
        mut containers: impl Iterator<Item = &'a Owned<'a>>,
    ) -> Option<&'a Owned<'a>> {
        let inventory = self.context.inventory;
        let own = inventory.contents.own.as_ref()?;
        containers.find(|owned| {
            owned.view.id == *own
                || inventory.members_of(owned.view).any(|member| member.id == *own)
        })
    }

    pub(super) fn withhold(
        &self,
        service: &Service,
        subject: String,
        waiting_on: WaitingOn,
    ) -> Blocked {
        let deployment = Some(self.context.deployment.id.clone());
        Blocked { deployment, subject, waiting_on, at: service.origins.find("").cloned() }
    }
}
