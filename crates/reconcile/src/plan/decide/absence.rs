//! What a watched folder may lack for a moment only: a stack that is being moved, or the rest of
//! a file that is being written. What would go because of that waits until it is certain, and so
//! does what would take what that still has.

use std::collections::BTreeMap;

use super::verdict::Replica;
use crate::plan::context::Context;
use crate::plan::fact::Resource;
use crate::plan::resources::{freed, taken};
use crate::plan::seen::Owned;
use model::desired::Service;
use model::id::{ServiceName, Slot};
use model::observed::NetworkView;
use model::plan::{Blocked, WaitingOn};
use model::render::count;

/// What whatever a deployment no longer asks for waits for, if that is not certain yet.
pub(super) fn absence(context: &Context<'_>) -> Option<WaitingOn> {
    context.desired.absence(&context.deployment.id)
}

/// Says of services that left the stack that they stay for now.
pub(super) fn kept_services(
    context: &Context<'_>,
    orphans: &[&Owned<'_>],
    waiting_on: &WaitingOn,
) -> Vec<Blocked> {
    let mut all: BTreeMap<&ServiceName, usize> = BTreeMap::new();
    for owned in orphans {
        *all.entry(&owned.identity.replica.service).or_default() += 1;
    }
    let kept = |(service, number)| {
        let subject = format!("remove service {service} and its {}", count(number, "container"));
        withheld(context, subject, waiting_on.clone())
    };
    all.into_iter().map(kept).collect()
}

/// Says of the slots that a service no longer has that they stay for now.
pub(super) fn kept_slots(
    context: &Context<'_>,
    service: &Service,
    waiting_on: WaitingOn,
) -> Blocked {
    let subject = format!("scale service {} down to {}", service.name, service.replicas);
    let at = service.origins.find("scale").cloned();
    Blocked { at, ..withheld(context, subject, waiting_on) }
}

/// Says of networks that the stack no longer names that they stay for now.
pub(super) fn kept_networks(
    context: &Context<'_>,
    networks: &[&NetworkView],
    waiting_on: &WaitingOn,
) -> Vec<Blocked> {
    let subject = |view: &&NetworkView| format!("remove network {}", view.spec.name);
    let all = networks.iter().map(subject);
    all.map(|subject| withheld(context, subject, waiting_on.clone())).collect()
}

fn withheld(context: &Context<'_>, subject: String, waiting_on: WaitingOn) -> Blocked {
    let (deployment, at) = (Some(context.deployment.id.clone()), context.deployment.origin.clone());
    Blocked { deployment, subject, waiting_on, at: Some(at) }
}

/// The replicas of which a container stays for now: their entries stay, too.
pub(super) fn kept(context: &Context<'_>) -> impl Iterator<Item = (ServiceName, Slot)> {
    let all = absence(context).is_some().then(|| context.containers());
    let replicas = all.into_iter().flatten().map(|owned| &owned.identity.replica);
    replicas.map(|replica| (replica.service.clone(), replica.slot))
}

/// Resources that a replica would take from a container that stays: it would not start, or both
/// would write to one volume. Those of its own containers are not counted.
pub(super) fn takes(
    context: &Context<'_>,
    service: &Service,
    replica: &Replica<'_>,
) -> Option<(String, WaitingOn)> {
    replica.start.as_ref()?;
    let waiting_on = absence(context)?;
    let engine = &context.deployment.engine;
    let under = |name| Resource::Name(engine.clone(), name);
    let has = |owned: &Owned<'_>| {
        let name = under(owned.view.name.clone());
        freed(engine, owned, true).into_iter().chain([name])
    };
    let own: Vec<Resource> = replica.surplus().chain(replica.existing()).flat_map(has).collect();
    let renamed = replica.rename.iter().map(|(name, _)| name);
    let names = renamed.chain([replica.name()]).map(|name| under(name.clone()));
    let wants: Vec<Resource> = taken(engine, &service.spec)
        .into_iter()
        .chain(names)
        .filter(|want| !own.iter().any(|have| have.overlaps(want)))
        .collect();
    let others = leaving(context).filter(|o| o.identity.replica.service != service.name);
    let (owned, want) = others
        .flat_map(|owned| has(owned).map(move |have| (owned, have)))
        .find_map(|(owned, have)| Some((owned, wants.iter().find(|want| have.overlaps(want))?)))?;
    let (replica, name) = (replica.id.container_name(), &owned.view.name);
    Some((
        format!("start container {replica}, which takes {} of {name}", want.rendered()),
        waiting_on,
    ))
}

/// The containers that would go: of services that left the stack, and of slots that their
/// services no longer have.
fn leaving<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Owned<'a>> {
    let services = &context.deployment.services;
    context.containers().filter(|owned| {
        let replica = &owned.identity.replica;
        let service = services.get(&replica.service);
        service.is_none_or(|service| replica.slot.0 > service.replicas)
    })
}
