//! The Consul catalog as a second observed state: what each replica registers, and what
//! is registered although nothing stands behind it.

use std::collections::BTreeSet;

use super::entry_causes::entry_causes;
use super::forms::{FormFields, forms};
use super::names::catalog_ids;
use super::verdict::{Fix, Replica, Target};
use crate::plan::context::Context;
use crate::plan::seen::Owned;
use crate::plan::settings::Routable;
use model::action::Endpoint;
use model::catalog::{CatalogEntry, CheckStatus};
use model::desired::{Registration, Service};
use model::id::{CatalogId, NetworkName, NodeName, ServiceName, Slot};
use model::observed::{Health, Status};
use model::plan::{Blocked, WaitingOn};
use model::spec::Port;

/// Entries that one deregistering transaction may hold: Consul takes 64 operations, each
/// entry needs two, and the fence one.
pub(in crate::plan) const ENTRIES_PER_TXN: usize = 31;

/// Compares the entries of a replica that stays as it runs.
pub(super) fn fix(
    context: &Context<'_>,
    service: &Service,
    slot: Slot,
    owned: &Owned<'_>,
    way: &Route,
) -> Option<Fix> {
    let view = owned.view;
    let ids = catalog_ids(&context.deployment.id, &service.name, slot);
    let haves = ids.each_ref().map(|id| entry(context, id));
    let (address, port) = match way {
        Route::Network(_, port) => {
            let address = reached_at(context, service, owned, haves[0])?;
            (address, port.or_else(|| view.first_exposed()).unwrap_or(0))
        }
        Route::Published(address, port) => (address.clone(), *view.host_ports.get(port)?),
    };
    let status = match (view.state.status, view.state.health) {
        (Status::Running, None | Some(Health::Healthy)) => CheckStatus::Passing,
        _ => CheckStatus::Critical,
    };
    let fields = FormFields::of(context, service, slot, status, Endpoint::Known { address, port });
    let mut causes = Vec::new();
    let mut entries = Vec::new();
    for (form, have) in forms(context, service, ids).into_iter().zip(haves) {
        if have.is_some_and(|have| form.is(&fields, have)) {
            continue;
        }
        let registrant = form.registrant(&fields);
        let Some(want) = registrant.entry() else { continue };
        causes.extend(entry_causes(service, have, &want));
        entries.push(registrant);
    }
    causes.dedup();
    (!entries.is_empty()).then_some(Fix { entries, causes })
}

/// Whether a replica that stays is on none of the networks at which others reach it before it is
/// changed in place.
pub(super) fn moves(
    context: &Context<'_>,
    service: &Service,
    replica: &Replica<'_>,
    way: &Route,
) -> bool {
    let (Target::Stays { owned, networks: changed, .. }, Route::Network(..)) =
        (&replica.target, way)
    else {
        return false;
    };
    let stays = |name: &&NetworkName| !changed.iter().any(|(network, _)| network == *name);
    let mut networks = service.spec.networks.keys().filter(|name| is_routable(context, name));
    !changed.is_empty()
        && !networks.any(|name| stays(&name) && owned.view.addresses.contains_key(name))
}

/// The address of a running replica. The registered one stays as long as it leads
/// there: a network that is added changes nothing for those who use another.
fn reached_at(
    context: &Context<'_>,
    service: &Service,
    owned: &Owned<'_>,
    registered: Option<&CatalogEntry>,
) -> Option<String> {
    let networks = service.spec.networks.keys().filter(|network| is_routable(context, network));
    let mut addresses =
        networks.filter_map(|network| owned.view.addresses.get(network)).map(ToString::to_string);
    let registered = registered.map(|entry| &entry.address);
    let first = addresses.next()?;
    let mut others = || addresses.find(|address| Some(address) == registered);
    if Some(&first) == registered { Some(first) } else { others().or(Some(first)) }
}

fn is_routable(context: &Context<'_>, network: &NetworkName) -> bool {
    match &context.engine.routable {
        Routable::All => true,
        Routable::Networks(names) => names.contains(network),
    }
}

/// The entries of a replica that are in the catalog.
pub(in crate::plan) fn deregistrable(
    context: &Context<'_>,
    service: &ServiceName,
    slot: Slot,
) -> BTreeSet<CatalogId> {
    let node = context.catalog.and_then(|catalog| catalog.node);
    let Some(node) = node.filter(|node| !node.entries.is_empty()) else { return BTreeSet::new() };
    let ids = catalog_ids(&context.deployment.id, service, slot).into_iter();
    ids.filter(|id| node.entries.contains_key(id)).collect()
}

/// Entries of this deployment that no replica stands behind.
pub(super) fn stale(
    context: &Context<'_>,
    replicas: impl Iterator<Item = (ServiceName, Slot)>,
    withdrawn: &BTreeSet<CatalogId>,
) -> Vec<CatalogId> {
    let Some(catalog) = context.catalog.filter(|catalog| !catalog.own.is_empty()) else {
        return Vec::new();
    };
    let deployment = &context.deployment.id;
    let wanted: BTreeSet<CatalogId> =
        replicas.flat_map(|(service, slot)| catalog_ids(deployment, &service, slot)).collect();
    let source = context.desired.source.as_str();
    let own = catalog.own.iter();
    own.filter(|(id, _)| !wanted.contains(*id) && !withdrawn.contains(*id))
        .filter(|(_, entry)| entry.meta.get("source").is_some_and(|of| of == source))
        .map(|(id, _)| (*id).clone())
        .collect()
}

/// How a service registers, if it does at all.
pub(super) fn registers<'b>(
    context: &Context<'_>,
    service: &'b Service,
) -> Option<&'b Registration> {
    let catalog = context.catalog?;
    let usable = catalog.node.is_none_or(|node| node.ours);
    service.registration.as_ref().filter(|_| usable && !service.job)
}

/// On which way others reach a service's replicas, if they are registered. Says so if there
/// is none.
pub(super) fn way(
    context: &Context<'_>,
    service: &Service,
    blocked: &mut Vec<Blocked>,
) -> Option<Route> {
    let registration = registers(context, service)?;
    let port = registration.port.or_else(|| first_port(service));
    if let Some(network) =
        service.spec.networks.keys().find(|network| is_routable(context, network))
    {
        return Some(Route::Network(network.clone(), port));
    }
    let published =
        service.spec.published.iter().find(|published| {
            registration.port.is_none_or(|port| port == published.container.number)
        });
    if let (Some(address), Some(published)) = (&context.engine.advertise, published) {
        return Some(Route::Published(address.clone(), published.container));
    }
    blocked.push(Blocked {
        deployment: Some(context.deployment.id.clone()),
        subject: format!("register service {}", service.name),
        waiting_on: WaitingOn::Address,
        at: service.origins.find("ports").cloned(),
    });
    None
}

/// An entry on our node. Nearly all are among the few that name the deployment.
fn entry<'a>(context: &Context<'a>, id: &CatalogId) -> Option<&'a CatalogEntry> {
    let catalog = context.catalog?;
    match catalog.own.binary_search_by_key(&id, |(id, _)| id) {
        Ok(at) => Some(catalog.own[at].1),
        Err(_) => catalog.node?.entries.get(id),
    }
}

/// Our external node for the deployment's engine.
pub(in crate::plan) fn node(context: &Context<'_>) -> NodeName {
    NodeName::of(&context.settings.installation, &context.deployment.engine)
}

/// On which way a replica is reached.
pub(in crate::plan) enum Route {
    /// On a network, at this port or the first that the image exposes.
    Network(NetworkName, Option<u16>),
    /// At an address of the host, by the host's port for this one.
    Published(String, Port),
}

/// The first port that the stack publishes or exposes.
fn first_port(service: &Service) -> Option<u16> {
    let spec = &service.spec;
    let published = spec.published.iter().map(|published| published.container).next();
    published.or_else(|| spec.exposed.first().copied()).map(|port| port.number)
}
