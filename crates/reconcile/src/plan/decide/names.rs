//! Names in the catalog and in DNS: what deployments and services are called there, which
//! of them become the same, and which others hold.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::plan::context::Context;
use model::catalog::FOR_DNS;
use model::desired::{Deployment, DesiredState, Entry, Service};
use model::diagnostic::Loc;
use model::id::{CatalogId, DeploymentId, ServiceName, Slot};
use model::plan::{Blocked, WaitingOn};

/// A name as DNS knows it: lower case, with `-` for whatever a label may not hold.
#[must_use]
pub fn dns_label(name: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    // Nearly every name is one already.
    if name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-') {
        return Cow::Borrowed(name);
    }
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    Cow::Owned(name.chars().map(plain).collect())
}

/// The deployments by their labels.
pub(in crate::plan) fn labels(desired: &DesiredState) -> BTreeMap<String, Vec<&DeploymentId>> {
    let mut all: BTreeMap<String, Vec<&DeploymentId>> = BTreeMap::new();
    for id in desired.deployments.keys() {
        all.entry(dns_label(id.as_str()).into_owned()).or_default().push(id);
    }
    all
}

/// The ids of both forms of a replica.
pub(in crate::plan) fn catalog_ids(
    deployment: &DeploymentId,
    service: &ServiceName,
    slot: Slot,
) -> [CatalogId; 2] {
    let (service, deployment) = (dns_label(service.as_str()), dns_label(deployment.as_str()));
    let plain = [&slot.0.to_string(), ".", &service, ".", &deployment].concat();
    let dns = [&plain, FOR_DNS].concat();
    [CatalogId::new(plain), CatalogId::new(dns)]
}

/// The names under which a deployment's services appear in the catalog.
pub fn catalog_names(deployment: &Deployment) -> impl Iterator<Item = String> {
    let own = dns_label(deployment.id.as_str()).into_owned();
    let services = deployment.services.keys().map(|service| dns_label(service.as_str()));
    let each: Vec<_> = services.map(|service| format!("{service}.{own}")).collect();
    each.into_iter().chain([own])
}

/// Whether replicas of a service are to be registered.
fn is_registered(service: &Service) -> bool {
    service.registration.is_some() && !service.job && service.replicas > 0
}

/// The parts of a deployment that get the DNS name of another one: their kind, both
/// names for the reader, and where it is written.
pub(super) fn same_labels(context: &Context<'_>) -> Vec<(String, WaitingOn, Option<Loc>)> {
    let (Some(_), deployment) = (context.catalog, context.deployment) else { return Vec::new() };
    let registered = || deployment.services.values().filter(|service| is_registered(service));
    if registered().next().is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let own = dns_label(deployment.id.as_str());
    let registers = |entry: &Entry| match entry {
        Entry::Valid(other, _) => other.services.values().any(is_registered),
        // It may be registered since it was valid.
        Entry::Invalid(_) => true,
    };
    let same = context.labels.get(&*own).into_iter().flatten().copied();
    let mut others = same.filter(|id| {
        **id != deployment.id && context.desired.deployments.get(*id).is_some_and(registers)
    });
    if let Some(id) = others.next() {
        let waiting_on =
            WaitingOn::DnsName { name: own.into_owned(), other: format!("deployment {id}") };
        let subject = format!("register deployment {}", deployment.id);
        found.push((subject, waiting_on, Some(deployment.origin.clone())));
    }
    let mut by_label: BTreeMap<Cow<'_, str>, Vec<&Service>> = BTreeMap::new();
    for service in registered() {
        by_label.entry(dns_label(service.name.as_str())).or_default().push(service);
    }
    if by_label.len() == registered().count() {
        return found;
    }
    for service in registered() {
        let name = dns_label(service.name.as_str());
        if let Some(other) = by_label[&name].iter().find(|other| other.name != service.name) {
            let other = format!("service {}", other.name);
            let subject = format!("register service {}", service.name);
            let waiting_on = WaitingOn::DnsName { name: name.into_owned(), other };
            found.push((subject, waiting_on, service.origins.find("").cloned()));
        }
    }
    found
}

/// Says which names in the catalog others hold, so that it lacks what would bear them.
pub(super) fn taken(context: &Context<'_>) -> Option<Blocked> {
    let catalog = context.catalog?;
    let deployment = context.deployment;
    if !deployment.services.values().any(is_registered) {
        return None;
    }
    let label = dns_label(deployment.id.as_str());
    let (what, name) = match catalog.node {
        Some(node) if !node.ours => ("on node", node.name.to_string()),
        _ if catalog.foreign.contains(&*label) => ("as service", label.into_owned()),
        _ => return None,
    };
    Some(Blocked {
        deployment: Some(deployment.id.clone()),
        subject: format!("register {} {what} {name}", deployment.id),
        waiting_on: WaitingOn::CatalogName { name },
        at: Some(deployment.origin.clone()),
    })
}
