//! What stops a deployment as a whole: nothing of it starts before everything is valid.

use std::collections::BTreeMap;

use super::adopt::{is_mounted, misnamed};
use super::demands::{demands, field, own_tree, rendered};
use super::names::same_labels;
use super::needs::lacking;
use super::{Withheld, networks};
use crate::plan::context::Context;
use crate::plan::seen::wanted_name;
use model::compose_labels;
use model::demand::Demand;
use model::desired::{Deployment, Entry, ImageSource, PullPolicy};
use model::id::{ContainerName, Slot};
use model::plan::{Blocked, WaitingOn};
use model::share::Peer;

/// Why a deployment is withheld as a whole; nothing if it is open.
pub(super) fn closed(context: &Context<'_>) -> Vec<Blocked> {
    let reasons = able(context)
        .into_iter()
        .chain(granted(context))
        .chain(resources(context))
        .chain(misnamed(context))
        .chain(images(context))
        .chain(peers(context))
        // Two of one name in DNS would overwrite each other's entries.
        .chain(same_labels(context));
    let blocked = |(subject, waiting_on, at)| Blocked {
        deployment: Some(context.deployment.id.clone()),
        subject,
        waiting_on,
        at,
    };
    reasons.map(blocked).collect()
}

/// The engine must be able to do what the stack asks for.
fn able(context: &Context<'_>) -> Vec<Withheld> {
    let lacking = lacking(context).into_iter();
    lacking
        .map(|need| {
            let (subject, needs) = (format!("use {}", need.attribute), need.what.to_string());
            (subject, WaitingOn::Ability { needs }, need.at)
        })
        .collect()
}

/// Everything that the stack demands of the host must have been granted.
fn granted(context: &Context<'_>) -> Vec<Withheld> {
    let (id, tree) = (&context.deployment.id, own_tree(context));
    let demands = demands(context, &tree).into_iter();
    demands
        .filter(|(demand, _)| !context.settings.policy.permits(id, Some(&tree), demand))
        .map(|(demand, at)| {
            let mask = |text: &str| context.settings.masker.mask(text);
            let text = rendered(context.deployment, &demand, mask);
            (format!("apply {id}"), WaitingOn::Grant { demand: text, code: demand.code() }, at)
        })
        .collect()
}

/// Networks and volumes of these names must be absent, ours, or declared external.
fn resources(context: &Context<'_>) -> Vec<Withheld> {
    let networks = context.deployment.networks.values().map(|network| {
        let name = network.spec.name.as_str();
        let mut found = context.networks_named(&network.spec.name);
        let first = found.next();
        let foreign = |view: &&_| !may_use(context, view) && !networks::inherits(context, view);
        let foreign = first.filter(foreign).or_else(|| found.find(foreign));
        let labels = foreign.or(first).map(|view| &view.spec.labels);
        let inherited = foreign.is_none() && first.is_some_and(|v| networks::inherits(context, v));
        let made = networks::is_awaited(context, network) || inherited;
        ("network", name, network.external, labels, &network.origin, made)
    });
    let volumes = context.deployment.volumes.values().map(|volume| {
        let name = volume.spec.name.as_str();
        let found = context.inventory.index().volume(&volume.spec.name);
        let labels = found.map(|view| &view.spec.labels);
        ("volume", name, volume.external, labels, &volume.origin, false)
    });
    let mut withheld = Vec::new();
    for (kind, name, external, labels, origin, made) in networks.chain(volumes) {
        let waiting_on = match (external, labels) {
            (true, None) if made => continue,
            (true, None) => WaitingOn::External,
            (false, Some(labels))
                if !made
                    && !context.may_use(name, labels)
                    && !is_mounted(context, name, labels) =>
            {
                WaitingOn::ForeignResource
            }
            (true, Some(labels)) => match ungranted(context, kind, name, labels) {
                Some(demand) => WaitingOn::grant(&demand),
                None => continue,
            },
            _ => continue,
        };
        withheld.push((format!("use {kind} {name}"), waiting_on, Some(origin.clone())));
    }
    withheld
}

fn may_use(context: &Context<'_>, view: &model::observed::NetworkView) -> bool {
    context.may_use(view.spec.name.as_str(), &view.spec.labels)
}

/// The other valid deployments of the source on the same engine.
fn others<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a Deployment> {
    let (id, engine) = (&context.deployment.id, &context.deployment.engine);
    context.desired.deployments.values().filter_map(move |entry| match entry {
        Entry::Valid(other, _) if other.id != *id && other.engine == *engine => Some(&**other),
        _ => None,
    })
}

/// Whether another deployment of the source has a container of this name.
fn is_container_elsewhere(context: &Context<'_>, name: &ContainerName) -> bool {
    others(context).any(|other| {
        other.services.values().any(|service| {
            (1..=service.replicas).any(|slot| {
                let replica = model::id::ReplicaId {
                    deployment: other.id.clone(),
                    service: service.name.clone(),
                    slot: Slot(slot),
                };
                wanted_name(service, &replica) == *name
            })
        })
    })
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
    let owner = labels.get(compose_labels::PROJECT)?;
    let demand = match kind {
        "network" => Demand::Network(name.to_owned()),
        _ => Demand::Volume(name.to_owned()),
    };
    (owner != id.as_str() && !context.settings.policy.permits(id, None, &demand)).then_some(demand)
}

/// The container that a service shares with must exist, or be made by a deployment of this source.
fn peers(context: &Context<'_>) -> Vec<Withheld> {
    let mut withheld = Vec::new();
    let services = &context.deployment.services;
    for service in services.values().filter(|service| service.replicas > 0) {
        for peer in service.spec.peers() {
            let exists = match peer {
                Peer::Service(name) => services.get(name).is_some_and(|other| other.replicas > 0),
                Peer::Container(name) => {
                    context.inventory.find(name).is_some() || is_container_elsewhere(context, name)
                }
            };
            if !exists {
                let subject = format!("create containers of service {}", service.name);
                let at = service.origins.find(field(service, peer)).cloned();
                withheld.push((subject, WaitingOn::MissingPeer { peer: peer.clone() }, at));
            }
        }
    }
    withheld
}

/// An image that must not be pulled has to be there.
fn images(context: &Context<'_>) -> Vec<Withheld> {
    let services = context.deployment.services.values().filter(|service| service.replicas > 0);
    let never = ImageSource::Pull(PullPolicy::Never);
    services
        .filter(|service| service.image == never && context.image(service).is_none())
        .map(|service| {
            let at = service.origins.find("image").cloned();
            (format!("use image {}", service.spec.image), WaitingOn::Image, at)
        })
        .collect()
}
