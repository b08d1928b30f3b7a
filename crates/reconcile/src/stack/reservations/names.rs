//! Names that one engine can give only once: of every container that a deployment will
//! make, of its networks and of its volumes.

use std::collections::BTreeMap;

use super::{Faults, Reservation, Who};
use crate::stack::codes::SHARED_NAME;
use model::desired::{Deployment, Service};
use model::id::{ContainerName, ReplicaId, Slot};
use model::labels::surge_name;

/// The reservations of each name of each kind.
type Wanted<'a> = BTreeMap<(&'a str, &'static str, String), Vec<Reservation<'a>>>;

/// Reports each name that has more than one reservation.
pub(super) fn check(deployments: &[&Deployment], faults: &mut Faults) {
    let mut wanted = Wanted::new();
    for deployment in deployments {
        reserve(deployment, &mut wanted);
    }
    for ((engine, what, name), reservations) in
        wanted.iter().filter(|(_, reservations)| reservations.len() > 1)
    {
        let message = format!("the {what} name `{name}` is used twice on the engine `{engine}`");
        for reservation in reservations {
            // Two second names meet where the first ones do.
            let second = |reservation: &Reservation<'_>| matches!(reservation.who, Who::Second(_));
            let mut others = reservations.iter().filter(|other| {
                !(other.is_same(reservation) || second(reservation) && second(other))
            });
            let other = others.clone().find(|other| other.at != reservation.at).or(others.next());
            if let Some(other) = other {
                faults.add(reservation, SHARED_NAME, message.clone(), other.help_for(reservation));
            }
        }
    }
}

fn reserve<'a>(deployment: &'a Deployment, wanted: &mut Wanted<'a>) {
    let engine = deployment.engine.as_str();
    let mut add = |what, name: String, reservation: Reservation<'a>| {
        wanted.entry((engine, what, name)).or_default().push(reservation);
    };
    for service in deployment.services.values() {
        containers(deployment, service, |name, reservation| add("container", name, reservation));
    }
    for (key, network) in deployment.networks.iter().filter(|(_, network)| !network.external) {
        let reservation = Reservation::of(deployment, Who::Network(key), Some(&network.origin));
        add("network", network.spec.name.to_string(), reservation);
    }
    for (key, volume) in deployment.volumes.iter().filter(|(_, volume)| !volume.external) {
        let reservation = Reservation::of(deployment, Who::Volume(key), Some(&volume.origin));
        add("volume", volume.spec.name.to_string(), reservation);
    }
}

/// Every name that containers of a service will have: of its replicas, of their successors
/// while both run, and of its init containers.
fn containers<'a>(
    deployment: &'a Deployment,
    service: &'a Service,
    mut add: impl FnMut(String, Reservation<'a>),
) {
    let key = service.name.as_str();
    let reservation = |who, field| Reservation::of(deployment, who, service.origins.find(field));
    let mut replica = |name: ContainerName, field| {
        let second = surge_name(&name, &service.hash);
        add(name.to_string(), reservation(Who::Service(key), field));
        add(second.to_string(), reservation(Who::Second(key), field));
    };
    for slot in 1..=service.replicas {
        match &service.container_name {
            Some(name) if slot == 1 => replica(name.clone(), "container_name"),
            Some(_) => break,
            None => {
                let (deployment, service) = (deployment.id.clone(), service.name.clone());
                replica(ReplicaId { deployment, service, slot: Slot(slot) }.container_name(), "");
            }
        }
    }
    if service.replicas == 0 {
        return;
    }
    let base = format!("{}-{key}", deployment.id);
    for (number, init) in service.hooks.pre_start.iter().enumerate() {
        let slots = if init.per_replica { 1..=service.replicas } else { 0..=0 };
        for slot in slots {
            let slot = if init.per_replica { format!("-{slot}") } else { String::new() };
            let name = format!("{base}{slot}-pre-start-{number}");
            add(name, reservation(Who::PreStart(key), "pre_start"));
        }
    }
}
