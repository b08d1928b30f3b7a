//! How a container stops and goes: out of the catalog, its hooks, its namespace members, the
//! stop itself, and the removal.

use std::collections::BTreeSet;

use super::hooks::pre_stop;
use super::{Transition, known, target};
use crate::plan::cause::Why;
use crate::plan::context::Context;
use crate::plan::decide::{Decisions, NetworkChange, Removal, node};
use crate::plan::fact::{Fact, Resource};
use crate::plan::resources;
use crate::plan::seen::{Owned, is_running};
use model::action::Action;
use model::desired::Service;
use model::diagnostic::Loc;
use model::id::{CatalogId, DeploymentId};
use model::observed::ContainerView;
use model::plan::{Blocked, WaitingOn};

/// The steps that stop a running container, when `permit` holds.
pub(super) fn stop(
    context: &Context<'_>,
    service: Option<&Service>,
    owned: &Owned<'_>,
    why: &Why,
    grace: std::time::Duration,
    permit: &[Fact],
) -> Vec<Transition> {
    if !is_running(owned) {
        return Vec::new();
    }
    stop_started(context, service, owned, why, grace, permit)
}

/// The same for one that this pass starts.
pub(super) fn stop_started(
    context: &Context<'_>,
    service: Option<&Service>,
    owned: &Owned<'_>,
    why: &Why,
    grace: std::time::Duration,
    permit: &[Fact],
) -> Vec<Transition> {
    let who = known(owned);
    // The members of its namespaces stop before it does, or it does not stop.
    let members: Vec<_> = context.inventory.members_of(owned.view).collect();
    let stopped = |member: &&ContainerView| Fact::Stopped(super::Who::Known(member.id.clone()));
    let mut before: Vec<Fact> = permit.iter().cloned().chain(members.iter().map(stopped)).collect();
    let deployment = context.deployment;
    let of_service = service.and_then(|service| service.origins.find(""));
    let (id, at) = (&deployment.id, of_service.or(Some(&deployment.origin)));
    let requires = members.iter().map(|member| (stopped(member), lives_in(id, owned, member, at)));
    let mut steps = Vec::new();
    if let Some(service) = service {
        let (hooks, last) = pre_stop(service, owned, std::slice::from_ref(why), &before);
        steps.extend(hooks);
        before.extend(last);
    }
    let container = target(&who, &owned.view.name);
    let step = Transition::new(Action::StopContainer { container, grace }, vec![why.clone()])
        .needs(before)
        .gives([Fact::Stopped(who)])
        .frees(resources::freed(&context.deployment.engine, owned, false));
    steps.push(Transition { requires: requires.collect(), ..step });
    steps
}

/// That a container cannot stop, because nothing stops one that lives in its namespaces.
pub(super) fn lives_in(
    deployment: &DeploymentId,
    owned: &Owned<'_>,
    member: &ContainerView,
    at: Option<&Loc>,
) -> Blocked {
    Blocked {
        deployment: Some(deployment.clone()),
        subject: format!("stop {}, in which {} lives", owned.view.name, member.name),
        waiting_on: WaitingOn::Consent { command: format!("docker stop {}", member.name) },
        at: at.cloned(),
    }
}

/// The step that removes a container that does not run any more, when `permit` holds.
pub(super) fn remove(
    context: &Context<'_>,
    owned: &Owned<'_>,
    why: &Why,
    permit: &[Fact],
) -> Transition {
    let who = known(owned);
    let container = target(&who, &owned.view.name);
    Transition::new(Action::RemoveContainer { container }, vec![why.clone()])
        .needs(permit.iter().cloned().chain([Fact::Stopped(who.clone())]))
        .gives([Fact::Gone(who)])
        .frees([Resource::Name(context.deployment.engine.clone(), owned.view.name.clone())])
}

/// The steps that take entries out of the catalog.
pub(super) fn withdraw(
    context: &Context<'_>,
    ids: &BTreeSet<CatalogId>,
    why: Why,
    permit: &[Fact],
) -> Option<Transition> {
    if ids.is_empty() {
        return None;
    }
    let engine = &context.deployment.engine;
    let action = Action::Deregister { node: node(context), ids: ids.clone() };
    let gone = ids.iter().map(|id| Fact::Withdrawn(engine.clone(), id.clone()));
    Some(Transition::new(action, vec![why]).needs(permit.iter().cloned()).gives(gone))
}

/// The facts that entries are not in the catalog any more.
pub(super) fn withdrawn<'i>(
    context: &Context<'_>,
    ids: impl IntoIterator<Item = &'i CatalogId>,
) -> Vec<Fact> {
    let engine = &context.deployment.engine;
    ids.into_iter().map(|id| Fact::Withdrawn(engine.clone(), id.clone())).collect()
}

/// What holds before anything of a deployment goes: all is there that it wants. A network
/// that is replaced, or that needs another one's addresses, can only be there when those have
/// stopped that are in its way.
pub(super) fn prepared(decisions: &Decisions<'_>) -> Fact {
    let is_replaced = |change: &NetworkChange<'_>| {
        matches!(change, NetworkChange::Replace { .. } | NetworkChange::Vacate { .. })
    };
    let id = decisions.context.deployment.id.clone();
    if decisions.networks.iter().any(is_replaced) { Fact::Images(id) } else { Fact::Prepared(id) }
}

/// The steps of a container that goes for good, after `permit`.
pub(super) fn removal(
    context: &Context<'_>,
    removal: &Removal<'_>,
    permit: &[Fact],
) -> Vec<Transition> {
    let Removal { owned, why, grace, service, entries, dependents, members, .. } = removal;
    let mut permit = permit.to_vec();
    let mut steps = Vec::new();
    if !removal.is_copy {
        steps.extend(withdraw(context, entries, why.clone(), &permit));
    }
    // One that goes before others waits for nothing that may come after those.
    if !(removal.is_copy && removal.goes_before) {
        permit.extend(withdrawn(context, entries));
    }
    permit.extend(members.iter().map(|id| Fact::Gone(super::Who::Known(id.clone()))));
    let first = dependents.iter().map(|id| Fact::Stopped(super::Who::Known(id.clone())));
    let mut stop_permit = permit.clone();
    stop_permit.extend(first);
    steps.extend(stop(context, *service, owned, why, *grace, &stop_permit));
    let last = remove(context, owned, why, &permit);
    // Slots beyond the scale share their data with those that stay.
    let permanently = service.is_none();
    steps.push(last.frees(resources::freed(&context.deployment.engine, owned, permanently)));
    steps
}
