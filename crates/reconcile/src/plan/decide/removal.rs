//! Containers that go permanently, and which of them go first: one that depends on another
//! stops before it does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::absence::{absence, kept_services};
use super::entries::deregistrable;
use crate::plan::cause::{Why, because};
use crate::plan::context::Context;
use crate::plan::seen::{Owned, is_inside, members_first};
use model::compose_labels;
use model::desired::Service;
use model::id::{CatalogId, ContainerId, ServiceName};
use model::plan::{Blocked, Reason, WaitingOn};

/// A container that goes permanently.
pub(in crate::plan) struct Removal<'a> {
    pub(in crate::plan) owned: &'a Owned<'a>,
    pub(in crate::plan) why: Why,
    pub(in crate::plan) grace: Duration,
    /// Its service, if that is still in the stack: its hooks run.
    pub(in crate::plan) service: Option<&'a Service>,
    /// The catalog entries that go with it.
    pub(in crate::plan) entries: BTreeSet<CatalogId>,
    /// Whether another one of its slot takes them along: it waits for that.
    pub(in crate::plan) is_copy: bool,
    /// Those that go, too, and stop before it.
    pub(in crate::plan) dependents: BTreeSet<ContainerId>,
    /// Those that go, too, and live in its namespaces: they are gone before it stops.
    pub(in crate::plan) members: BTreeSet<ContainerId>,
    /// Whether it lives in one that stops in this pass, is on a network that is replaced, or has
    /// what others wait for: it goes before that, and waits for nothing.
    pub(in crate::plan) goes_before: bool,
}

/// What belongs to services that left the stack, those first that live in others.
pub(super) fn orphans<'a>(context: &Context<'a>, blocked: &mut Vec<Blocked>) -> Vec<Removal<'a>> {
    let services = &context.deployment.services;
    let is_orphan = |service: &ServiceName| !services.contains_key(service);
    let mut containers: Vec<_> =
        context.containers().filter(|owned| is_orphan(&owned.identity.replica.service)).collect();
    if let Some(waiting_on) = absence(context) {
        blocked.extend(kept_services(context, &containers, &waiting_on));
        return Vec::new();
    }
    members_first(&mut containers);
    let why = because(Reason::ServiceRemoved, Some(&context.deployment.origin));
    let mut orphans = removals(context, containers, &why, None, blocked);
    dependents_first(&mut orphans);
    orphans
}

/// The removal of these containers, but for the controller's own.
pub(super) fn removals<'a>(
    context: &Context<'a>,
    containers: Vec<&'a Owned<'a>>,
    why: &Why,
    service: Option<&'a Service>,
    blocked: &mut Vec<Blocked>,
) -> Vec<Removal<'a>> {
    let mut removals: Vec<Removal<'a>> = Vec::new();
    for owned in containers {
        let name = &owned.view.name;
        if context.inventory.contents.own.as_ref() == Some(&owned.view.id) {
            blocked.push(Blocked {
                deployment: Some(context.deployment.id.clone()),
                subject: format!("remove container {name}, in which this controller runs"),
                waiting_on: WaitingOn::OwnContainer { command: format!("docker rm -f {name}") },
                at: why.at().cloned(),
            });
            continue;
        }
        let replica = &owned.identity.replica;
        let entries = deregistrable(context, &replica.service, replica.slot);
        let same = |other: &Removal<'_>| other.owned.identity.replica == *replica;
        let is_copy = removals.iter().any(same);
        let grace = service.map_or(DEFAULT_GRACE, |service| service.stop_grace);
        let (dependents, members) = Default::default();
        let why = why.clone();
        removals.push(Removal {
            owned,
            why,
            grace,
            service,
            entries,
            is_copy,
            dependents,
            members,
            goes_before: false,
        });
    }
    removals
}

/// Time that a container of a service which is no longer described gets to stop.
const DEFAULT_GRACE: Duration = Duration::from_secs(10);

/// Time that a container which is no longer described gets to stop.
pub(super) fn grace(owned: &Owned<'_>) -> Duration {
    Duration::from_secs(owned.view.spec.stop_timeout.and_then(|s| s.try_into().ok()).unwrap_or(10))
}

/// Says of each removal which others stop before it: of those that go together, dependents
/// go before what they depend on, as far as their labels tell.
pub(super) fn dependents_first(removals: &mut [Removal<'_>]) {
    let dependencies: BTreeMap<&str, BTreeSet<&str>> =
        removals.iter().fold(BTreeMap::new(), |mut all, removal| {
            let of: &mut BTreeSet<&str> = all.entry(service(removal.owned)).or_default();
            of.extend(compose_labels::depends_on(&removal.owned.view.spec.labels));
            all
        });
    let order = dependencies_first(&dependencies);
    let place: BTreeMap<&str, usize> =
        order.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let mut ids: BTreeMap<String, BTreeSet<ContainerId>> = BTreeMap::new();
    for removal in removals.iter() {
        // Labels of several revisions may contradict each other: those do not count.
        let theirs = service(removal.owned);
        let earlier = dependencies[theirs].iter().filter(|name| place[*name] < place[theirs]);
        for name in earlier {
            ids.entry((*name).to_owned()).or_default().insert(removal.owned.view.id.clone());
        }
    }
    let shares = |removal: &&Removal<'_>| removal.owned.view.spec.peers().next().is_some();
    let members: Vec<_> = removals.iter().filter(shares).map(|removal| removal.owned).collect();
    for removal in removals {
        removal.dependents = ids.get(service(removal.owned)).cloned().unwrap_or_default();
        let host = removal.owned.view;
        let inside = |member: &&&Owned<'_>| is_inside(&member.view.spec, &host.id, &host.name);
        removal.members = members.iter().filter(inside).map(|o| o.view.id.clone()).collect();
    }
}

fn service<'s>(owned: &'s Owned<'_>) -> &'s str {
    owned.identity.replica.service.as_str()
}

/// The names, each after those that it depends on; in a circle, by name.
fn dependencies_first<'n>(all: &BTreeMap<&'n str, BTreeSet<&'n str>>) -> Vec<&'n str> {
    fn visit<'n>(
        name: &'n str,
        all: &BTreeMap<&'n str, BTreeSet<&'n str>>,
        seen: &mut BTreeSet<&'n str>,
        order: &mut Vec<&'n str>,
    ) {
        if seen.insert(name) {
            for dependency in all.get(name).into_iter().flatten() {
                visit(dependency, all, seen, order);
            }
            order.push(name);
        }
    }
    let (mut seen, mut order) = (BTreeSet::new(), Vec::new());
    for name in all.keys() {
        visit(name, all, &mut seen, &mut order);
    }
    order
}
