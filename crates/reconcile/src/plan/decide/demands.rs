//! What a deployment demands of the host, read from its desired state. The engine
//! adapter reads the same demands again from the final request bodies.

use std::sync::Arc;

use crate::plan::context::Context;
use model::build::Build;
use model::demand::Demand;
use model::demands;
use model::desired::{Deployment, ImageSource, Service};
use model::diagnostic::Loc;
use model::id::{ContainerName, ServiceName};
use model::policy::{HostPolicy, OwnTree};
use model::share::{Namespace, Peer};
use model::spec::Mount;

/// The deployment's own tree on the engine's host, with what the containers that are there can
/// write to: a revision that no longer binds it does not undo what they put there.
pub(super) fn own_tree(context: &Context<'_>) -> OwnTree {
    let mut tree = context.deployment.own_tree();
    if !context.settings.policy.permissive {
        let mounts = context.inventory.contents.containers.iter();
        let mounts = mounts.flat_map(|view| view.spec.mounts.values());
        let paths = mounts.filter(|mount| !mount.read_only).filter_map(Mount::bound);
        let more: Vec<_> = paths.filter(|path| !tree.writable.contains(path)).collect();
        if !more.is_empty() {
            Arc::make_mut(&mut tree.writable).extend(more);
        }
    }
    tree
}

/// What the deployment takes of the host beyond a plain container, granted or not asked about.
pub(in crate::plan) fn taken_of_host(context: &Context<'_>) -> Vec<String> {
    let (id, tree) = (&context.deployment.id, context.deployment.own_tree());
    let strict = HostPolicy::default();
    let demands = demands(context, &tree).into_iter().map(|(demand, _)| demand);
    let taken = demands.filter(|demand| !strict.permits(id, Some(&tree), demand));
    let mask = |text: &str| context.settings.masker.mask(text);
    taken.map(|demand| rendered(context.deployment, &demand, mask)).collect()
}

/// A demand as it prints: what stands in a field into which the operator put a value may be that.
#[must_use]
pub fn rendered(
    deployment: &Deployment,
    demand: &Demand,
    mask: impl FnOnce(&str) -> String,
) -> String {
    let tree = deployment.own_tree();
    let hides = deployment.services.values().any(|service| {
        let hidden = |field: &str| {
            let head = field.split('.').next().unwrap_or(field);
            service.sensitive.contains(field) || service.sensitive.contains(head)
        };
        let own = demands::of_container(&service.spec).into_iter();
        own.filter(|(_, field)| hidden(field)).any(|(own, _)| tree.follow(own) == *demand)
    });
    let text = demand.to_string();
    match text.split_once('=') {
        Some((kind, what)) if hides => format!("{kind}={}", mask(what)),
        _ => text,
    }
}

/// Every demand with the place it is written at, in a fixed order.
pub(super) fn demands(context: &Context<'_>, tree: &OwnTree) -> Vec<(Demand, Option<Loc>)> {
    every(context.deployment, tree, &|peer| foreign(context, peer))
}

/// What a deployment asks of the host, granted or not, with the place it is written at. No engine
/// is asked: a container that is named counts as one outside of the deployment.
#[must_use]
pub fn asked_of_host(deployment: &Deployment) -> Vec<(Demand, Option<Loc>)> {
    every(deployment, &deployment.own_tree(), &|peer| match peer {
        Peer::Container(name) => Some(name.clone()),
        Peer::Service(_) => None,
    })
}

/// The name of a container outside of the deployment.
type Foreign<'f> = &'f dyn Fn(&Peer) -> Option<ContainerName>;

fn every(
    deployment: &Deployment,
    tree: &OwnTree,
    foreign: Foreign<'_>,
) -> Vec<(Demand, Option<Loc>)> {
    let mut found = Vec::new();
    for service in deployment.services.values() {
        let at = |field: &str| service.origins.find(field).cloned();
        let demands = demands::of_container(&service.spec).into_iter();
        found.extend(demands.map(|(demand, field)| (demand, at(&field))));
        if let ImageSource::Build(build) = &service.image {
            let needed = build.needed().into_iter().map(|(_, needed)| needed);
            for build in needed.chain([build.as_ref()]) {
                found.extend(of_build(build).map(|demand| (demand, at("build"))));
            }
        }
    }
    for service in deployment.services.values() {
        shared(deployment, service, foreign, &mut found);
        let hooks = &service.hooks;
        for (field, privileged) in [
            ("pre_start", hooks.pre_start.iter().any(|init| init.hook.privileged)),
            ("post_start", hooks.post_start.iter().any(|hook| hook.privileged)),
            ("pre_stop", hooks.pre_stop.iter().any(|hook| hook.privileged)),
        ] {
            if privileged {
                found.push((Demand::Privileged, service.origins.find(field).cloned()));
            }
        }
    }
    for network in deployment.networks.values() {
        let name = network.spec.name.as_str();
        if is_foreign(deployment, name) {
            found.push((Demand::Network(name.to_owned()), Some(network.origin.clone())));
        }
        let at = Some(network.origin.clone());
        found.extend(demands::of_network(&network.spec).map(|demand| (demand, at.clone())));
    }
    for volume in deployment.volumes.values() {
        let name = volume.spec.name.as_str();
        if is_foreign(deployment, name) {
            found.push((Demand::Volume(name.to_owned()), Some(volume.origin.clone())));
        }
        let at = Some(volume.origin.clone());
        found.extend(demands::of_volume(&volume.spec).into_iter().map(|d| (d, at.clone())));
    }
    found = found.into_iter().map(|(demand, at)| (tree.follow(demand), at)).collect();
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

/// The host's network, an agent that signs with the keys of a person, a context that the engine
/// fetches.
fn of_build(build: &Build) -> impl Iterator<Item = Demand> {
    let network = build.network.as_deref().filter(|mode| !matches!(*mode, "default" | "none"));
    let network = network.map(|mode| Demand::Build(format!("networkmode={mode}")));
    let ssh = (!build.ssh.is_empty()).then(|| Demand::Build("ssh".to_owned()));
    let remote = build.remote.iter().map(|from| Demand::Build(format!("remote={from}")));
    let limits = build.ulimits.keys().filter_map(|name| demands::build_ulimit(name));
    network.into_iter().chain(ssh).chain(remote).chain(limits)
}

/// What a service shares with the host, or with containers outside of the deployment.
fn shared(
    deployment: &Deployment,
    service: &Service,
    foreign: Foreign<'_>,
    found: &mut Vec<(Demand, Option<Loc>)>,
) {
    let spec = &service.spec;
    let at = |field: &str| service.origins.find(field).cloned();
    for (field, kind, namespace) in [
        ("network_mode", "network", &spec.network_mode),
        ("ipc", "ipc", &spec.ipc),
        ("pid", "pid", &spec.pid),
    ] {
        let demand = match namespace {
            Namespace::Host => Some(format!("{kind}=host")),
            Namespace::Of(peer) => foreign(peer).map(|name| format!("{kind}=container:{name}")),
            _ => None,
        };
        found.extend(demand.map(|text| (Demand::Namespace(text), at(field))));
    }
    for from in &spec.volumes_from {
        let demand = foreign(&from.peer).map(|name| format!("volumes_from={name}"));
        found.extend(demand.map(|text| (Demand::Namespace(text), at("volumes_from"))));
    }
    let attached = spec.networks.values().flat_map(|attachment| &attachment.links);
    for link in spec.links.iter().chain(attached) {
        let target = link.split(':').next().unwrap_or_default();
        // On a network of the stack a link leads to a service first.
        if deployment.services.contains_key(&ServiceName::new(target)) {
            continue;
        }
        let peer = Peer::Container(target.into());
        let demand = foreign(&peer).map(|name| format!("link={name}"));
        found.extend(demand.map(|text| (Demand::Namespace(text), at("external_links"))));
    }
}

/// The engine's name of a container that is not of this deployment. One that does not
/// exist belongs to nobody yet, so not to this one either.
fn foreign(context: &Context<'_>, peer: &Peer) -> Option<ContainerName> {
    let Peer::Container(text) = peer else { return None };
    let Some((name, id)) = context.inventory.find(text) else { return Some(text.clone()) };
    (!context.containers().any(|owned| owned.view.id == *id)).then(|| name.clone())
}

/// Where a service says that it shares with another container.
pub(super) fn field(service: &Service, peer: &Peer) -> &'static str {
    let spec = &service.spec;
    let fields = [("network_mode", &spec.network_mode), ("ipc", &spec.ipc), ("pid", &spec.pid)];
    let found = fields.into_iter().find(|(_, namespace)| namespace.peer() == Some(peer));
    found.map_or("volumes_from", |(field, _)| field)
}

/// Names that do not begin with the deployment's id may belong to others.
fn is_foreign(deployment: &Deployment, name: &str) -> bool {
    !name.strip_prefix(deployment.id.as_str()).is_some_and(|rest| rest.starts_with('_'))
}
