//! Puts steps together to changes of objects, and equal replicas to one change.

use std::collections::{BTreeMap, BTreeSet};

use super::change::OfReplica;
use super::{Change, Changes, Depends, Kind, Object, Overview, change, images};
use crate::action::Action;
use crate::catalog::FOR_DNS;
use crate::id::{CatalogId, DeploymentId, EngineName, ReplicaId};
use crate::only_if::OnlyIf;
use crate::plan::{Cause, Plan, Reason, Step};

pub(super) fn overview(plan: &Plan) -> Overview {
    let mut numbers: BTreeMap<(&DeploymentId, &EngineName), usize> = BTreeMap::new();
    let mut places: Vec<Vec<&Step>> = Vec::new();
    for step in &plan.steps {
        let number = *numbers.entry((&step.deployment, &step.engine)).or_insert(places.len());
        if number == places.len() {
            places.push(Vec::new());
        }
        places[number].push(step);
    }
    let of_place = |steps: Vec<&Step>| steps.first().map(|first| changes(plan, first, &steps));
    let deployments: Vec<Changes> = places.into_iter().filter_map(of_place).collect();
    let (mut counts, mut conditional) = (BTreeMap::new(), BTreeMap::new());
    for change in deployments.iter().flat_map(|all| &all.objects) {
        let number = change.object.size();
        let depends = change.only_if.as_ref().is_some_and(|only_if| !only_if.on.another.is_empty());
        let counts = if depends { &mut conditional } else { &mut counts };
        *counts.entry(change.kind).or_default() += number;
    }
    Overview { deployments, counts, conditional }
}

/// What steps of one deployment on one engine come to.
fn changes(plan: &Plan, first: &Step, steps: &[&Step]) -> Changes {
    let mut all = Changes {
        deployment: first.deployment.clone(),
        engine: first.engine.clone(),
        images: Vec::new(),
        objects: Vec::new(),
        registered: BTreeMap::new(),
        deregistered: BTreeMap::new(),
        catalog_causes: Vec::new(),
    };
    let mut replicas: BTreeMap<(&ReplicaId, Option<OnlyIf>), Vec<&Step>> = BTreeMap::new();
    let mut order: Vec<(&ReplicaId, Option<OnlyIf>)> = Vec::new();
    let (mut comes, mut goes): (BTreeSet<&CatalogId>, BTreeSet<&CatalogId>) = Default::default();
    for step in steps {
        match &step.action {
            // What the catalog will hold is said of what is certain.
            _ if step.only_if.is_some() => {}
            Action::Register { entries, .. } => comes.extend(entries.iter().map(|e| &e.id)),
            Action::Deregister { ids, .. } => goes.extend(ids),
            _ => {}
        }
        if let Some(replica) = &step.replica {
            let only_if = step.only_if.clone().map(|only_if| OnlyIf { keeps: None, ..only_if });
            let of_it = replicas.entry((replica, only_if.clone())).or_default();
            if of_it.is_empty() {
                order.push((replica, only_if));
            }
            of_it.push(step);
        } else if !images::note(step, &mut all.images) {
            all.objects.extend(resource(step));
            note_causes(step, &mut all.catalog_causes);
        }
    }
    for one in order {
        let (of_it, copies) = change::without_copies(&replicas[&one]);
        all.objects.extend(copies.into_iter().filter_map(resource));
        let (replica, only_if) = one;
        match change::of_replica(&of_it) {
            Some(change) => {
                let only_if = only_if.map(|on| depends(plan, on));
                add(&mut all.objects, plan, replica, (change, only_if));
            }
            None => of_it.iter().for_each(|step| note_causes(step, &mut all.catalog_causes)),
        }
    }
    // Both networks of a replaced one are one change.
    all.objects = replaced_networks(all.objects);
    let services = |ids: BTreeSet<&CatalogId>| {
        let mut services = BTreeMap::new();
        for service in ids.into_iter().filter_map(service) {
            *services.entry(service.to_owned()).or_default() += 1;
        }
        services
    };
    goes.retain(|id| !comes.contains(id));
    (all.registered, all.deregistered) = (services(comes), services(goes));
    all
}

/// A condition, with the names of its images.
fn depends(plan: &Plan, on: OnlyIf) -> Depends {
    let name = |id| match plan.step(id).map(|step| &step.action) {
        Some(Action::PullImage { image, .. }) => format!("the pull of {image}"),
        Some(Action::BuildImage { tag, .. }) => format!("the build of {tag}"),
        _ => id.to_string(),
    };
    let text = on.text(name);
    Depends { on, text }
}

/// Why a step changes the catalog, if it does.
fn note_causes(step: &Step, all: &mut Vec<Cause>) {
    if matches!(step.action, Action::Register { .. } | Action::Deregister { .. }) {
        let own = |cause: &&Cause| !matches!(cause.reason, Reason::Follows { .. });
        for cause in step.causes.iter().filter(own) {
            if !all.contains(cause) {
                all.push(cause.clone());
            }
        }
    }
}

/// The service of an entry: `pricing.abc` of `1.pricing.abc`. The form for DNS is the same again.
fn service(id: &CatalogId) -> Option<&str> {
    let id = id.as_str();
    let own = id.split_once('.').map_or(id, |(_, service)| service);
    (!own.ends_with(FOR_DNS)).then_some(own)
}

/// What becomes of what is no replica.
fn resource(step: &Step) -> Option<Change> {
    let (kind, object) = match &step.action {
        Action::CreateNetwork { network, .. } => {
            (Kind::Create, Object::Network { name: network.name.clone() })
        }
        Action::RemoveNetwork { name, .. } => {
            (Kind::Remove, Object::Network { name: name.clone() })
        }
        Action::CreateVolume { volume, .. } => {
            (Kind::Create, Object::Volume { name: volume.name.clone() })
        }
        Action::RemoveContainer { container } => {
            (Kind::Remove, Object::Container { name: container.name.clone() })
        }
        _ => return None,
    };
    Some(Change { kind, object, causes: step.causes.clone(), order: None, only_if: None })
}

/// Adds what becomes of a replica: to that of the others of its service, if it is the same.
fn add(
    all: &mut Vec<Change>,
    plan: &Plan,
    replica: &ReplicaId,
    ((kind, causes, order), only_if): (OfReplica, Option<Depends>),
) {
    let same = all.iter_mut().find_map(|change| match &mut change.object {
        Object::Service { service, slots, .. } if *service == replica.service => {
            let same = change.kind == kind && change.causes == causes && change.order == order;
            let same = same && change.only_if == only_if;
            same.then_some(slots)
        }
        _ => None,
    });
    if let Some(slots) = same {
        slots.insert(replica.slot);
        return;
    }
    let size = plan.sizes.get(&replica.deployment).and_then(|all| all.get(&replica.service));
    let object = Object::Service {
        service: replica.service.clone(),
        slots: BTreeSet::from([replica.slot]),
        replicas: size.map(|size| size.replicas),
        parallelism: size.map(|size| size.parallelism),
    };
    all.push(Change { kind, object, causes, order, only_if });
}

/// A network that is removed and made again under its name is replaced.
fn replaced_networks(all: Vec<Change>) -> Vec<Change> {
    let names = |kind: Kind| -> BTreeSet<_> {
        let of_kind = all.iter().filter(|change| change.kind == kind);
        let names = of_kind.filter_map(|change| match &change.object {
            Object::Network { name } => Some(name.clone()),
            _ => None,
        });
        names.collect()
    };
    let again: BTreeSet<_> =
        names(Kind::Create).intersection(&names(Kind::Remove)).cloned().collect();
    let is_again = |change: &Change| match &change.object {
        Object::Network { name } => again.contains(name),
        _ => false,
    };
    let left = all.into_iter().filter(|change| change.kind != Kind::Create || !is_again(change));
    left.map(
        |change| if is_again(&change) { Change { kind: Kind::Replace, ..change } } else { change },
    )
    .collect()
}
