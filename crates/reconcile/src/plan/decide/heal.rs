//! `sync: heal` while a newer revision waits: what was applied and ended is started again as
//! it is. The container says what it shall be; the newer revision only says
//! in which order, and when it is healthy.

use std::collections::{BTreeMap, BTreeSet};

use super::order::Order;
use super::replica::start_again;
use super::verdict::{Replica, Target};
use super::{Across, Decided, Decisions, Renewals, entries};
use crate::plan::context::Context;
use crate::plan::order::in_dependency_order;
use crate::plan::seen::{Owned, Proof, is_inside, is_running};
use model::desired::Service;
use model::id::{ContainerId, Slot};
use model::observed::Status;
use model::plan::Blocked;
use model::share::{Namespace, Peer};

/// Containers of a deployment that live in one which stops, or is replaced, in this pass: they
/// are not started as they are.
pub(super) fn orphaned_members(context: &Context<'_>, across: &Across) -> BTreeSet<ContainerId> {
    let goes = |peer: &Peer| match peer {
        Peer::Container(text) => {
            let host = context.inventory.find(text).map(|(_, id)| id);
            host.is_some_and(|id| {
                across.stopping.contains_key(id) || across.successors.contains_key(id)
            })
        }
        Peer::Service(_) => false,
    };
    let orphaned_members = context.containers().filter(|owned| {
        let spec = &owned.view.spec;
        let spaces = [&spec.network_mode, &spec.ipc, &spec.pid];
        spaces.into_iter().filter_map(Namespace::peer).any(goes)
    });
    orphaned_members.map(|owned| owned.view.id.clone()).collect()
}

/// Repairs of the applied revision, and nothing else.
pub(in crate::plan) fn repairs<'a>(decisions: &Decisions<'a>) -> Decisions<'a> {
    let context = decisions.context;
    let mut blocked = Vec::new();
    let services = in_dependency_order(&context.deployment.services);
    let services =
        services.into_iter().map(|service| decided(decisions, service, &mut blocked)).collect();
    Decisions {
        context,
        adoption: None,
        images: BTreeMap::new(),
        brings: Vec::new(),
        renewals: Renewals::default(),
        networks: Vec::new(),
        volumes: Vec::new(),
        orphans: Vec::new(),
        services,
        stale: Vec::new(),
        unused_networks: Vec::new(),
        blocked,
        orphaned_members: BTreeSet::new(),
        repairs_only: true,
    }
}

fn decided<'a>(
    decisions: &Decisions<'a>,
    service: &'a Service,
    blocked: &mut Vec<Blocked>,
) -> Decided<'a> {
    let context = &decisions.context;
    let mut all = Decided {
        service,
        joins: Vec::new(),
        other_joins: Vec::new(),
        leftovers: &[],
        replicas: Vec::new(),
        excess: Vec::new(),
        way: None,
    };
    let hooks = &service.hooks;
    if !(hooks.post_start.is_empty() && hooks.pre_stop.is_empty()) {
        // They are the newer revision's, or were the old one's: nobody knows, and what waits
        // runs nothing.
        return all;
    }
    all.way = entries::way(context, service, blocked);
    for (slot, containers) in context.slots_of(&service.name) {
        // Two of a slot are a replacement that was begun: that is no repair.
        let [owned] = containers else { continue };
        let runs = is_running(owned) && owned.view.state.status != Status::Paused;
        let can_start = || {
            can_start_as_it_is(context, owned)
                && !decisions.orphaned_members.contains(&owned.view.id)
        };
        if slot != Slot::INIT && (runs || can_start()) {
            all.replicas.push(as_it_is(context, service, slot, owned));
        }
    }
    all
}

fn as_it_is<'a>(
    context: &Context<'a>,
    service: &Service,
    slot: Slot,
    owned: &'a Owned<'a>,
) -> Replica<'a> {
    Replica {
        id: context.replica(service, slot),
        target: Target::Stays { owned, limits: Vec::new(), networks: Vec::new() },
        start: start_again(service, owned),
        made_for: Vec::new(),
        serves: None,
        proves: false,
        useless: Vec::new(),
        old: Vec::new(),
        meanwhile: None,
        order: Order::Free,
        goes_before: None,
        rename: None,
        succeeds: false,
        restarted_hosts: Vec::new(),
        entry: None,
        withheld: false,
        instead: None,
    }
}

/// Whether it ran, is ours, and shares with nobody who would have to start with it.
fn can_start_as_it_is(context: &Context<'_>, owned: &Owned<'_>) -> bool {
    let ran = matches!(owned.view.state.status, Status::Exited | Status::Paused)
        && owned.view.state.started_at.is_some();
    let needs = |other: &Owned<'_>| {
        !is_running(other) && is_inside(&owned.view.spec, &other.view.id, &other.view.name)
    };
    ran && owned.proof != Proof::Compose
        && context.inventory.members_of(owned.view).next().is_none()
        && !context.containers().any(needs)
}
