//! The replicas of one service, given what was decided about those that it depends on.

use std::collections::BTreeMap;

use super::choice::{Choice, choose};
use super::removal::Removal;
use super::scope::{Earlier, Scope};
use super::verdict::EntryChange;
use super::{Across, Decided, absence, entries, names, replica};
use crate::plan::cause::because;
use crate::plan::context::Context;
use crate::plan::differ::Joined;
use crate::plan::fact::Who;
use crate::plan::seen::Proof;
use model::desired::Service;
use model::id::Slot;
use model::plan::{Blocked, Reason};
use model::share::Peer;

/// Decides about all replicas of a service.
pub(super) fn decide<'a>(
    scope: &Scope<'_, 'a>,
    service: &'a Service,
    blocked: &mut Vec<Blocked>,
) -> Decided<'a> {
    let context = scope.context;
    let mut choices = choices(scope, service);
    let slots = context
        .slots(service, |slot| choices.get(&slot).is_some_and(|choice| choice.keep.is_some()));
    let way = entries::way(context, service, blocked);
    let replicas = slots
        .iter()
        .map(|slot| {
            let choice = choices.remove(slot).unwrap_or_else(|| choose(scope, service, *slot));
            let mut replica = replica::decide(scope, service, *slot, choice, blocked);
            if let (Some(owned), None, Some(way)) = (replica.existing(), &replica.start, &way) {
                replica.entry = if entries::moves(context, service, &replica, way) {
                    Some(EntryChange::Again)
                } else {
                    entries::fix(context, service, *slot, owned, way).map(EntryChange::Fix)
                };
            }
            replica
        })
        .collect();
    let excess = excess(scope, service, &slots, blocked);
    let leftovers = context.slot(&service.name, Slot::INIT);
    let joins = scope.joins.clone();
    Decided { service, joins, leftovers, replicas, excess, way }
}

/// What stays in each slot: those that the service has, and those that Compose numbered
/// beyond.
fn choices<'a>(scope: &Scope<'_, 'a>, service: &'a Service) -> BTreeMap<Slot, Choice<'a>> {
    let beyond = scope.context.slots_of(&service.name).filter(|(slot, containers)| {
        service.replicas > 0
            && slot.0 > service.replicas
            && containers.iter().any(|o| o.proof != Proof::Labels)
    });
    let slots = (1..=service.replicas).map(Slot).chain(beyond.map(|(slot, _)| slot));
    slots.map(|slot| (slot, choose(scope, service, slot))).collect()
}

/// The containers of slots that the service does not fill, the highest first.
fn excess<'a>(
    scope: &Scope<'_, 'a>,
    service: &'a Service,
    wanted: &[Slot],
    blocked: &mut Vec<Blocked>,
) -> Vec<Removal<'a>> {
    let context = scope.context;
    let all = context.slots_of(&service.name).rev();
    let beyond = all.filter(|(slot, _)| !wanted.contains(slot) && *slot != Slot::INIT);
    let containers: Vec<_> = beyond.flat_map(|(_, containers)| containers).collect();
    let Some(first) = containers.first() else { return Vec::new() };
    if let Some(waiting_on) = absence::absence(context) {
        blocked.push(absence::kept_slots(context, service, waiting_on));
        return Vec::new();
    }
    let reason = Reason::ScaledDown { from: first.identity.replica.slot.0, to: service.replicas };
    let why = because(reason, service.origins.find("scale"));
    let mut removals = scope.removals(containers, &why, Some(service), blocked);
    for removal in &mut removals {
        let owned = removal.owned;
        removal.goes_before = scope.goes_before(owned).is_some()
            || scope.renewed_networks(owned).is_some()
            || scope.across.yields.contains_key(&owned.identity.replica);
    }
    removals
}

/// The containers behind the peers of a service's spec, as far as they are known.
pub(super) fn joins(
    context: &Context<'_>,
    service: &Service,
    earlier: &Earlier<'_>,
    across: &Across,
) -> Vec<Joined> {
    let engine = &context.deployment.engine;
    let behind = |peer: &Peer| match peer {
        Peer::Service(name) => {
            let first = earlier.get(name)?.replicas.first()?;
            match first.surplus().next().filter(|_| first.withheld) {
                Some(owned) => Some((Who::Known(owned.view.id.clone()), owned.view.name.clone())),
                None => Some((first.who(engine), first.name().clone())),
            }
        }
        Peer::Container(text) => {
            // Who has the name in the end, which may be another one than has it now.
            if let Some((who, name)) = across.made.get(&(engine.clone(), text.clone())) {
                return Some((who.clone(), name.clone()));
            }
            let (name, id) = context.inventory.find(text)?;
            let known = || (Who::Known(id.clone()), name.clone());
            Some(across.successors.get(id).cloned().unwrap_or_else(known))
        }
    };
    let peers = service.spec.peers().filter_map(|peer| Some((peer, behind(peer)?)));
    peers.map(|(peer, (who, name))| Joined { peer: peer.clone(), who, name }).collect()
}

/// Notices about the catalog names of a deployment.
pub(super) fn notices(context: &Context<'_>) -> impl Iterator<Item = Blocked> {
    names::taken(context).into_iter()
}
