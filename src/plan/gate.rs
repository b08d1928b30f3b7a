//! What stops a deployment as a whole: nothing of it starts before everything is valid.

use std::collections::BTreeMap;

use super::adoption::{names_are_clear, wanted_name};
use super::context::Context;
use super::demands::{demands, field};
use super::draft::Scribe;
use super::names::same_labels;
use super::needs::lacking;
use crate::model::compose;
use crate::model::desired::{ImageSource, PullPolicy};
use crate::model::id::Slot;
use crate::model::labels::surge_name;
use crate::model::plan::WaitingOn;
use crate::model::policy::Demand;
use crate::model::share::Peer;

/// Withholds the deployment if something about it cannot be done. Returns whether it is
/// open.
pub(super) fn open(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let able = able(context, scribe);
    let granted = granted(context, scribe);
    let resources = resources(context, scribe);
    let names = names(context, scribe) & names_are_clear(context, scribe);
    let images = images(context, scribe);
    let peers = peers(context, scribe);
    let registered = registered(context, scribe);
    able && granted && resources && names && images && peers && registered
}

/// What is registered must have names of its own in DNS: two of one name would overwrite
/// each other's entries.
fn registered(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let same = same_labels(context);
    for (subject, waiting_on, at) in &same {
        scribe.block(subject, waiting_on.clone(), at.as_ref());
    }
    same.is_empty()
}

/// The engine must be able to do what the stack asks for.
fn able(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let lacking = lacking(context);
    for need in &lacking {
        let (subject, needs) = (format!("use {}", need.attribute), need.what.to_string());
        scribe.block(subject, WaitingOn::Ability { needs }, need.at.as_ref());
    }
    lacking.is_empty()
}

/// Everything that the stack demands of the host must have been granted.
fn granted(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let mut open = true;
    let tree = context.deployment.own_tree();
    for (demand, at) in demands(context) {
        if !context.settings.policy.permits(&context.deployment.id, tree.as_ref(), &demand) {
            let subject = format!("apply {}", context.deployment.id);
            scribe.block(subject, WaitingOn::grant(&demand), at.as_ref());
            open = false;
        }
    }
    open
}

/// Networks and volumes of these names must be absent, ours, or declared external.
fn resources(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let contents = context.inventory.contents;
    let networks = context.deployment.networks.values().map(|network| {
        let name = network.spec.name.as_str();
        let mut found = contents.networks.iter().filter(|view| view.spec.name == network.spec.name);
        let first = found.clone().next();
        let foreign = found.find(|view| !context.may_use(name, &view.spec.labels));
        let labels = foreign.or(first).map(|view| &view.spec.labels);
        ("network", name, network.external, labels, &network.origin)
    });
    let volumes = context.deployment.volumes.values().map(|volume| {
        let name = volume.spec.name.as_str();
        let found = contents.volumes.iter().find(|view| view.spec.name == volume.spec.name);
        let labels = found.map(|view| &view.spec.labels);
        ("volume", name, volume.external, labels, &volume.origin)
    });
    let mut open = true;
    for (kind, name, external, labels, origin) in networks.chain(volumes) {
        let waiting_on = match (external, labels) {
            (true, None) => WaitingOn::External,
            (false, Some(labels)) if !context.may_use(name, labels) => WaitingOn::ForeignResource,
            (true, Some(labels)) => match ungranted(context, kind, name, labels) {
                Some(demand) => WaitingOn::grant(&demand),
                None => continue,
            },
            _ => continue,
        };
        scribe.block(format!("use {kind} {name}"), waiting_on, Some(origin));
        open = false;
    }
    open
}

/// What the operator would have to grant so that a deployment may use what belongs to
/// another one. A name alone does not tell: `a_b_data` may be of `a` or of `a_b`.
fn ungranted(
    context: &Context<'_>,
    kind: &str,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Option<Demand> {
    let id = &context.deployment.id;
    let owner = labels.get(compose::PROJECT)?;
    let demand = match kind {
        "network" => Demand::Network(name.to_owned()),
        _ => Demand::Volume(name.to_owned()),
    };
    (owner != id.as_str() && !context.settings.policy.permits(id, None, &demand)).then_some(demand)
}

/// No container of somebody else may bear a name that a replica needs.
fn names(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let mut open = true;
    for service in context.deployment.services.values() {
        for slot in 1..=service.replicas {
            let name = wanted_name(service, &context.replica(service, Slot(slot)));
            let second = surge_name(&name, &service.hash);
            for name in [name, second] {
                if let Some(container) = context.inventory.taken.get(&name) {
                    scribe.block(
                        format!("create container {name}"),
                        WaitingOn::FreeName { container: container.clone() },
                        service.origins.find(""),
                    );
                    open = false;
                }
            }
        }
    }
    open
}

/// Whoever a service shares with must exist, or be made by this very deployment.
fn peers(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let mut open = true;
    for service in context.deployment.services.values().filter(|service| service.replicas > 0) {
        for peer in service.spec.peers() {
            let services = &context.deployment.services;
            let exists = match peer {
                Peer::Service(name) => services.get(name).is_some_and(|other| other.replicas > 0),
                Peer::Container(name) => context.inventory.find(name).is_some(),
            };
            if !exists {
                let subject = format!("create containers of service {}", service.name);
                let waiting_on = WaitingOn::Peer { peer: peer.clone() };
                scribe.block(subject, waiting_on, service.origins.find(field(service, peer)));
                open = false;
            }
        }
    }
    open
}

/// An image that must not be pulled has to be there.
fn images(context: &Context<'_>, scribe: &mut Scribe<'_>) -> bool {
    let mut open = true;
    for service in context.deployment.services.values().filter(|service| service.replicas > 0) {
        if service.image == ImageSource::Pull(PullPolicy::Never) && context.image(service).is_none()
        {
            let subject = format!("use image {}", service.spec.image);
            scribe.block(subject, WaitingOn::Image, service.origins.find("image"));
            open = false;
        }
    }
    open
}
