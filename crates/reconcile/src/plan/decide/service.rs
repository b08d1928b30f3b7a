//! The replicas of one service, given what was decided about those that it depends on.

use std::collections::BTreeMap;

use super::choice::{Choice, choose};
use super::removal::Removal;
use super::scope::Scope;
use super::verdict::EntryChange;
use super::{Decided, absence, entries, floor, instead, names, replica};
use crate::plan::cause::because;
use crate::plan::context::Context;
use crate::plan::seen::Proof;
use model::desired::Service;
use model::id::Slot;
use model::plan::{Blocked, Reason};

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
    let other = instead::scope(scope, service);
    let is_over = |slot: &Slot| {
        service.rests && choices.get(slot).is_some_and(|choice| choice.keep.is_none())
    };
    // What ran of it stays: nobody waits for it, and its log may say why it failed.
    let moved = slots.iter().filter(|slot| !is_over(slot)).copied().collect::<Vec<_>>();
    let mut replicas: Vec<_> = moved
        .iter()
        .map(|slot| {
            let choice = choices.remove(slot).unwrap_or_else(|| choose(scope, service, *slot));
            // What is made anyway joins those that are there then.
            let at = other.as_ref().filter(|_| choice.keep.is_none()).map(|(other, _)| other);
            let at = at.unwrap_or(scope);
            let mut replica = replica::decide(at, service, *slot, choice, blocked);
            if let Some((other, others)) = other.as_ref().filter(|_| replica.existing().is_some()) {
                replica.instead = instead::decide(other, others, service, &replica);
            }
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
    floor::keep(scope, service, &mut replicas, blocked);
    let excess = excess(scope, service, &slots, blocked);
    let leftovers = context.slot(&service.name, Slot::INIT);
    let joins = scope.joins.clone();
    let other_joins = other.map(|(scope, _)| scope.joins).unwrap_or_default();
    Decided { service, joins, other_joins, leftovers, replicas, excess, way }
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

/// Notices about the catalog names of a deployment.
pub(super) fn notices(context: &Context<'_>) -> impl Iterator<Item = Blocked> {
    names::taken(context).into_iter()
}
