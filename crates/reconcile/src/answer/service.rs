//! The services of a deployment, and their replicas.

use std::collections::{BTreeMap, BTreeSet};

use super::container::container;
use super::subject::Subject;
use crate::plan::Surveyed;
use model::desired::Service;
use model::id::{ReplicaId, ServiceName, Slot};
use model::observed::Status;
use model::overview::{self, Object};
use model::plan::{Blocked, Health};
use model::tree::{Next, ReplicaNode, ServiceNode};

/// The services, and what is withheld of none of them.
pub(super) struct Services {
    pub(super) nodes: Option<Vec<ServiceNode>>,
    pub(super) blocked: Vec<Blocked>,
}

/// The services of a deployment.
pub(super) fn services(subject: &Subject<'_, '_>) -> Services {
    let mut names: BTreeSet<&ServiceName> = BTreeSet::new();
    names.extend(subject.desired.into_iter().flat_map(|desired| desired.services.keys()));
    names.extend(subject.containers.iter().map(|container| &container.replica.service));
    // A source that was read says which services there are.
    let recorded = subject.record.filter(|_| subject.desired.is_none());
    let recorded = recorded.into_iter().flat_map(|record| &record.scale);
    names.extend(recorded.filter(|(_, scale)| **scale > 0).map(|(name, _)| name));
    let knows = subject.desired.is_some() || subject.contents.is_some() || subject.record.is_some();
    let mut blocked: Vec<Blocked> = Vec::new();
    let is_of_a_service = |blocked: &Blocked| {
        let services = subject.desired.into_iter().flat_map(|desired| desired.services.values());
        services.into_iter().any(|service| is_about(service, blocked))
    };
    let rest = subject.blocked.iter().filter(|blocked| !is_of_a_service(blocked));
    blocked.extend(rest.map(|blocked| (*blocked).clone()));
    // Where no valid stack says which services there are, none in sight is not that there are none.
    let knows = knows && (subject.desired.is_some() || !names.is_empty() || !subject.is_listed());
    let nodes = knows.then(|| names.into_iter().map(|name| service(subject, name)).collect());
    Services { nodes, blocked }
}

/// Whether something withheld is of this service: it stands where the service does.
fn is_about(service: &Service, blocked: &Blocked) -> bool {
    let at = service.origins.find("");
    at.is_some() && at == blocked.at.as_ref()
}

fn service(subject: &Subject<'_, '_>, name: &ServiceName) -> ServiceNode {
    let desired = subject.desired.and_then(|desired| desired.services.get(name));
    let recorded = || subject.record.and_then(|record| record.scale.get(name)).copied();
    let wanted = match (subject.desired, desired) {
        (Some(_), Some(service)) => Some(service.replicas),
        // It left the stack.
        (Some(_), None) => Some(0),
        (None, _) => recorded(),
    };
    let replicas = subject.contents.map(|_| replicas(subject, name, wanted));
    let counted = |is: &dyn Fn(&ReplicaNode) -> bool| {
        let of = replicas.iter().flatten().filter(|replica| replica.wanted != Some(false));
        let slots: BTreeSet<Slot> = of.filter(|r| is(r)).map(|replica| replica.slot).collect();
        replicas.as_ref().map(|_| u32::try_from(slots.len()).unwrap_or(u32::MAX))
    };
    let runs = |replica: &ReplicaNode| {
        replica.container.as_ref().is_some_and(|view| view.status == Status::Running)
    };
    let blocked = subject.blocked.iter();
    let blocked = blocked.filter(|b| desired.is_some_and(|service| is_about(service, b)));
    let newest = containers(subject, name).max_by_key(|c| c.view.created_at);
    ServiceNode {
        name: name.clone(),
        wanted,
        running: counted(&runs),
        healthy: counted(&|replica| replica.health == Health::Healthy),
        image: desired
            .map(|service| subject.image(Some(service), &service.spec.image))
            .or(newest.map(|container| container.view.spec.image.clone())),
        at: desired.and_then(|service| service.origins.find("").cloned()),
        health: health(replicas.as_deref()),
        withheld: blocked.map(|blocked| (*blocked).clone()).collect(),
        replicas,
    }
}

/// The worst of its slots, each of which is as well as the best of its containers.
fn health(replicas: Option<&[ReplicaNode]>) -> Health {
    let Some(replicas) = replicas else { return Health::Unknown };
    let mut slots: BTreeMap<Slot, Health> = BTreeMap::new();
    for replica in replicas.iter().filter(|replica| replica.wanted != Some(false)) {
        let best = slots.entry(replica.slot).or_insert(replica.health);
        *best = (*best).min(replica.health);
    }
    slots.into_values().max().unwrap_or(Health::Empty)
}

fn containers<'s, 'a>(
    subject: &'s Subject<'_, 'a>,
    name: &'s ServiceName,
) -> impl Iterator<Item = &'s Surveyed<'a>> {
    subject.containers.iter().copied().filter(move |c| c.replica.service == *name)
}

/// A node for each container, and one for each slot that has none.
fn replicas(
    subject: &Subject<'_, '_>,
    name: &ServiceName,
    wanted: Option<u32>,
) -> Vec<ReplicaNode> {
    let slots = subject.facts.survey.slots.get(&subject.id).filter(|_| subject.desired.is_some());
    let slots: Option<BTreeSet<Slot>> = match slots.and_then(|slots| slots.get(name)) {
        Some(slots) => Some(slots.iter().copied().collect()),
        None => wanted.map(|wanted| (1..=wanted).map(Slot).collect()),
    };
    let service = subject.desired.and_then(|desired| desired.services.get(name));
    let is_wanted = |slot: &Slot| {
        // What the ledger remembers is not what a source wants.
        let slots = slots.as_ref().filter(|_| subject.facts.known.wanted.is_some());
        slots.map(|slots| slots.contains(slot))
    };
    let mut all: Vec<ReplicaNode> = containers(subject, name)
        .map(|seen| ReplicaNode {
            slot: seen.replica.slot,
            name: seen.view.name.clone(),
            wanted: is_wanted(&seen.replica.slot),
            health: seen.health,
            container: Some(container(subject, service, seen)),
            drift: seen.drift.clone(),
            next: next_of(subject, seen),
        })
        .collect();
    let filled: BTreeSet<Slot> = all.iter().map(|replica| replica.slot).collect();
    for slot in slots.iter().flatten().filter(|slot| !filled.contains(slot)) {
        let id = ReplicaId { deployment: subject.id.clone(), service: name.clone(), slot: *slot };
        let called = service.and_then(|service| service.container_name.clone());
        all.push(ReplicaNode {
            slot: *slot,
            name: called.unwrap_or_else(|| id.container_name()),
            wanted: is_wanted(slot),
            health: Health::Missing,
            container: None,
            drift: None,
            next: next(subject, name, *slot),
        });
    }
    all.sort_by(|a, b| {
        let key = |node: &ReplicaNode| {
            (node.slot, node.container.as_ref().map(|c| (c.created, c.id.clone())))
        };
        key(a).cmp(&key(b))
    });
    all
}

/// What the next pass does with a container: of several of one replica with this one alone.
fn next_of(subject: &Subject<'_, '_>, seen: &Surveyed<'_>) -> Option<Next> {
    let (name, slot) = (&seen.replica.service, seen.replica.slot);
    if containers(subject, name).filter(|other| other.replica.slot == slot).count() < 2 {
        return next(subject, name, slot);
    }
    let (_, plan) = subject.facts.known.wanted?;
    let (kind, causes) = overview::of_container(plan, &seen.engine, &seen.view.id)?;
    Some(Next { kind, causes })
}

/// What the next pass does with a replica.
fn next(subject: &Subject<'_, '_>, name: &ServiceName, slot: Slot) -> Option<Next> {
    let all = &subject.facts.overview.as_ref()?.deployments;
    let of = all.iter().filter(|changes| {
        changes.deployment == subject.id && Some(&changes.engine) == subject.engine.as_ref()
    });
    let mut objects = of.flat_map(|changes| &changes.objects);
    let change = objects.find(|change| match &change.object {
        Object::Service { service, slots, .. } => service == name && slots.contains(&slot),
        _ => false,
    })?;
    Some(Next { kind: change.kind, causes: change.causes.clone() })
}
