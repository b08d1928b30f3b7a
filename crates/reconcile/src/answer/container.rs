//! The container behind a replica.

use std::collections::BTreeSet;

use super::subject::Subject;
use crate::plan::Surveyed;
use model::catalog::{CatalogEntry, CatalogView};
use model::desired::Service;
use model::observed::{ContainerView, Status};
use model::tree::{CheckNode, ContainerNode, EntryNode, PortNode, Time};

/// The node of a container.
pub(super) fn container(
    subject: &Subject<'_, '_>,
    service: Option<&Service>,
    seen: &Surveyed<'_>,
) -> ContainerNode {
    let view = seen.view;
    let state = &view.state;
    let ended = matches!(state.status, Status::Exited | Status::Dead | Status::Restarting);
    let networks = view.spec.networks.keys();
    ContainerNode {
        id: view.id.clone(),
        owned_by: seen.owned_by,
        status: state.status,
        since: since(view),
        created: Time(view.created_at),
        exit_code: (ended && state.started_at.is_some()).then_some(state.exit_code),
        restarts: state.restarts,
        check: state.health.map(|status| CheckNode {
            status,
            failing_streak: state.failures,
            last: None,
        }),
        image: subject.image(service, &view.spec.image),
        image_id: view.image_id.clone(),
        revision: seen.revision.clone(),
        ports: ports(view),
        addresses: networks.map(|n| (n.clone(), view.addresses.get(n).copied())).collect(),
        entries: entries(subject, seen),
    }
}

/// Since when it is in its state.
fn since(view: &ContainerView) -> Time {
    let state = &view.state;
    let at = match state.status {
        Status::Created => None,
        Status::Running | Status::Paused => state.started_at,
        Status::Restarting | Status::Removing | Status::Exited | Status::Dead => {
            state.finished_at.or(state.started_at)
        }
    };
    Time(at.unwrap_or(view.created_at))
}

/// Its ports, as far as it runs: one that does not has none.
fn ports(view: &ContainerView) -> Vec<PortNode> {
    if !matches!(view.state.status, Status::Running | Status::Paused) {
        return Vec::new();
    }
    let published = view.spec.published.iter().map(|published| PortNode {
        port: published.container.to_string(),
        host_ip: published.host_ip.clone().filter(|ip| !ip.is_empty()),
        // Of a range the engine chose one.
        host_port: match view.host_ports.get(&published.container) {
            Some(chosen) if published.host_port.as_ref().is_none_or(|p| p.contains('-')) => {
                Some(chosen.to_string())
            }
            _ => published.host_port.clone(),
        },
    });
    let mut all: BTreeSet<PortNode> = published.collect();
    for port in &view.spec.exposed {
        let port = port.to_string();
        if !all.iter().any(|known| known.port == port) {
            all.insert(PortNode { port, host_ip: None, host_port: None });
        }
    }
    all.into_iter().collect()
}

/// Its entries in Consul.
fn entries(subject: &Subject<'_, '_>, seen: &Surveyed<'_>) -> Option<Vec<EntryNode>> {
    let catalog = match &subject.facts.known.observed.catalog {
        CatalogView::NotConfigured => return Some(Vec::new()),
        CatalogView::Unseen { .. } => return None,
        CatalogView::Seen(catalog) => catalog,
    };
    let node = catalog.nodes.get(&seen.engine).filter(|node| node.ours);
    let replica = &seen.replica;
    let slot = replica.slot.to_string();
    let is_its = |(name, value): (&str, &str),
                  meta: &std::collections::BTreeMap<String, String>| {
        meta.get(name).is_some_and(|found| found == value)
    };
    let own = node.into_iter().flat_map(|node| node.entries.values()).filter(|entry| {
        let of = [
            ("deployment", replica.deployment.as_str()),
            ("service", replica.service.as_str()),
            ("slot", slot.as_str()),
        ];
        of.into_iter().all(|pair| is_its(pair, &entry.meta))
    });
    let own = own.filter(|entry| is_of(subject, seen, entry));
    let node = |entry: &CatalogEntry| EntryNode {
        id: entry.id.clone(),
        service: entry.service.clone(),
        address: entry.address.clone(),
        port: entry.port,
        check: entry.status,
    };
    Some(own.map(node).collect())
}

/// Whether an entry of its replica is of this container: where others of the replica are there as
/// well, as after an update that failed, it is of the one that it leads to, else of those that run.
fn is_of(subject: &Subject<'_, '_>, seen: &Surveyed<'_>, entry: &CatalogEntry) -> bool {
    let of_replica = || subject.containers.iter().filter(|other| other.replica == seen.replica);
    let leads_to = |one: &Surveyed<'_>| {
        let addresses = &one.view.addresses;
        addresses.values().any(|address| address.to_string() == entry.address)
            || one.view.host_ports.values().any(|port| *port == entry.port)
    };
    let runs =
        |one: &Surveyed<'_>| matches!(one.view.state.status, Status::Running | Status::Paused);
    if of_replica().any(|one| leads_to(one)) {
        leads_to(seen)
    } else {
        runs(seen) || !of_replica().any(|one| runs(one))
    }
}
