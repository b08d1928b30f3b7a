//! The Consul catalog as a second observed state: what each replica registers, and what
//! is registered although nothing stands behind it.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{After, because};
use super::names::{catalog_ids, dns_label};
use super::ownership::Owned;
use super::service::Services;
use super::settings::Routable;
use crate::model::action::{Action, Endpoint, Registrant, StepId};
use crate::model::catalog::{CatalogEntry, CheckStatus, owner_meta};
use crate::model::desired::{Registration, Service};
use crate::model::id::{CatalogId, NetworkName, NodeName, ServiceName, Slot};
use crate::model::observed::{Health, Status};
use crate::model::plan::{Cause, ChangedBy, Difference, Reason, WaitingOn};
use crate::model::spec::Port;

/// Entries that one deregistering transaction may hold: Consul takes 64 operations, each
/// entry needs two, and the fence one.
pub(super) const ENTRIES_PER_TXN: usize = 31;

impl<'a> Services<'a, '_> {
    /// Registers a replica after the wait that proves it good.
    pub(super) fn register_after(
        &mut self,
        service: &Service,
        slot: Slot,
        good: StepId,
        first: Option<StepId>,
    ) {
        let Some(registration) = self.registers(service) else { return };
        let Some(way) = self.way(service, registration) else { return };
        let endpoint = match way {
            Way::Network(network, port) => Endpoint::OnNetwork { after: good, network, port },
            Way::Published(address, port) => Endpoint::Published { after: good, address, port },
        };
        let entries = self.registrants(service, slot, CheckStatus::Passing, &endpoint);
        if entries.is_empty() {
            return;
        }
        let action = Action::Register { node: self.node(), entries };
        let first = first.unwrap_or(good);
        self.scribe.follow(action, first, After::from([good]));
    }

    /// Compares the entries of a replica that stays as it runs, and mends them.
    pub(super) fn reconcile_entry(&mut self, service: &Service, slot: Slot, owned: &Owned<'_>) {
        let Some(registration) = self.registers(service) else { return };
        let Some(way) = self.way(service, registration) else { return };
        let view = owned.view;
        let (address, port) = match way {
            Way::Network(_, port) => match self.reached_at(service, slot, owned) {
                Some(address) => (address, port.or_else(|| view.first_exposed()).unwrap_or(0)),
                None => return,
            },
            Way::Published(address, port) => match view.host_ports.get(&port) {
                Some(port) => (address, *port),
                None => return,
            },
        };
        let status = match (view.state.status, view.state.health) {
            (Status::Running, None | Some(Health::Healthy)) => CheckStatus::Passing,
            _ => CheckStatus::Critical,
        };
        let endpoint = Endpoint::Known { address, port };
        let mut causes = Vec::new();
        let mut entries = Vec::new();
        for registrant in self.registrants(service, slot, status, &endpoint) {
            let Some(want) = registrant.entry() else { continue };
            let have = self.entry(&registrant.id);
            if have == Some(&want) {
                continue;
            }
            causes.extend(entry_causes(service, have, &want));
            entries.push(registrant);
        }
        if !entries.is_empty() {
            causes.dedup();
            let action = Action::Register { node: self.node(), entries };
            self.scribe.step(action, causes, After::new());
        }
    }

    /// The address of a running replica. The registered one stays as long as it leads
    /// there: a network that is added changes nothing for those who use another.
    fn reached_at(&self, service: &Service, slot: Slot, owned: &Owned<'_>) -> Option<String> {
        let [id, _] = catalog_ids(&self.context.deployment.id, &service.name, slot);
        let networks = service.spec.networks.keys().filter(|network| self.is_routable(network));
        let mut addresses = networks
            .filter_map(|network| owned.view.addresses.get(network))
            .map(ToString::to_string);
        let registered = self.entry(&id).map(|entry| &entry.address);
        let first = addresses.next()?;
        let mut others = || addresses.find(|address| Some(address) == registered);
        if Some(&first) == registered { Some(first) } else { others().or(Some(first)) }
    }

    fn is_routable(&self, network: &NetworkName) -> bool {
        match &self.context.engine.routable {
            Routable::All => true,
            Routable::Networks(names) => names.contains(network),
        }
    }

    /// Takes a replica out of the catalog before it stops; nothing if it is not in it.
    pub(super) fn withdraw(
        &mut self,
        service: &Service,
        slot: Slot,
        first: Option<StepId>,
        after: &After,
    ) -> Option<StepId> {
        let cause = match first {
            Some(step) => because(Reason::Follows { step }, None),
            None => because(Reason::Stale, service.origins.find("")),
        };
        self.withdraw_named(&service.name, slot, vec![cause], after)
    }

    /// The same for a service that may no longer be in the stack.
    pub(super) fn withdraw_named(
        &mut self,
        service: &ServiceName,
        slot: Slot,
        causes: Vec<Cause>,
        after: &After,
    ) -> Option<StepId> {
        let ids: BTreeSet<CatalogId> = catalog_ids(&self.context.deployment.id, service, slot)
            .into_iter()
            .filter(|id| self.entry(id).is_some() && !self.withdrawn.contains(id))
            .collect();
        if ids.is_empty() {
            return None;
        }
        self.withdrawn.extend(ids.iter().cloned());
        let action = Action::Deregister { node: self.node(), ids };
        Some(self.scribe.step(action, causes, after.clone()))
    }

    /// Removes entries of this deployment that no replica stands behind.
    pub(super) fn deregister_stale(&mut self) {
        let Some(node) = self.context.catalog.and_then(|catalog| catalog.node) else { return };
        if !node.ours {
            return;
        }
        let deployment = self.context.deployment;
        let wanted: BTreeSet<CatalogId> = deployment
            .services
            .values()
            .filter(|service| self.registers(service).is_some())
            .flat_map(|service| {
                self.slots(service).into_iter().map(move |slot| (&service.name, slot))
            })
            .flat_map(|(service, slot)| catalog_ids(&deployment.id, service, slot))
            .collect();
        let stale: Vec<CatalogId> = node
            .entries
            .iter()
            .filter(|(_, entry)| {
                entry.meta.get("deployment").map(String::as_str) == Some(deployment.id.as_str())
                    && entry.meta.get("source").map(String::as_str)
                        == Some(self.context.desired.source.as_str())
            })
            .map(|(id, _)| id.clone())
            .filter(|id| !wanted.contains(id) && !self.withdrawn.contains(id))
            .collect();
        for ids in stale.chunks(ENTRIES_PER_TXN) {
            let ids = ids.iter().cloned().collect();
            let cause = because(Reason::Stale, Some(&deployment.origin));
            let action = Action::Deregister { node: node.name.clone(), ids };
            self.scribe.step(action, vec![cause], After::new());
        }
    }

    /// How a service registers, if it does at all.
    fn registers<'b>(&self, service: &'b Service) -> Option<&'b Registration> {
        let catalog = self.context.catalog?;
        let usable = catalog.node.is_none_or(|node| node.ours);
        service.registration.as_ref().filter(|_| usable && !service.one_shot)
    }

    /// On which way others reach a service's replicas. Says so if there is none.
    fn way(&mut self, service: &Service, registration: &Registration) -> Option<Way> {
        let port = registration.port.or_else(|| first_port(service));
        if let Some(network) =
            service.spec.networks.keys().find(|network| self.is_routable(network))
        {
            return Some(Way::Network(network.clone(), port));
        }
        let published = service.spec.published.iter().find(|published| {
            registration.port.is_none_or(|port| port == published.container.number)
        });
        if let (Some(address), Some(published)) = (&self.context.engine.advertise, published) {
            return Some(Way::Published(address.clone(), published.container));
        }
        self.scribe.block(
            format!("register service {}", service.name),
            WaitingOn::Address,
            service.origins.find("ports"),
        );
        None
    }

    /// Both forms of a replica: the seed's (service `pricing.abc`) and the one that DNS
    /// can resolve (service `abc`, tag `pricing`).
    fn registrants(
        &self,
        service: &Service,
        slot: Slot,
        status: CheckStatus,
        endpoint: &Endpoint,
    ) -> Vec<Registrant> {
        let deployment = dns_label(self.context.deployment.id.as_str());
        let label = dns_label(service.name.as_str());
        let [plain, dns] = catalog_ids(&self.context.deployment.id, &service.name, slot);
        let extra: BTreeSet<String> =
            service.registration.iter().flat_map(|r| r.tags.iter().cloned()).collect();
        let registrant = |id: CatalogId, name: String, tags: BTreeSet<String>| Registrant {
            id,
            service: name,
            tags,
            meta: self.meta(service, slot),
            status,
            endpoint: endpoint.clone(),
        };
        let mut all = vec![registrant(plain, format!("{label}.{deployment}"), extra.clone())];
        let taken = self.context.catalog.is_some_and(|c| c.foreign.contains(&deployment));
        if !taken {
            let mut tags = extra;
            tags.insert(label);
            all.push(registrant(dns, deployment, tags));
        }
        all
    }

    fn meta(&self, service: &Service, slot: Slot) -> BTreeMap<String, String> {
        let context = &self.context;
        let mut meta = owner_meta(&context.settings.installation);
        let more = [
            ("source", context.desired.source.to_string()),
            ("deployment", context.deployment.id.to_string()),
            ("service", service.name.to_string()),
            ("slot", slot.to_string()),
        ];
        meta.extend(more.map(|(name, value)| (name.to_owned(), value)));
        meta
    }

    fn entry(&self, id: &CatalogId) -> Option<&'a CatalogEntry> {
        self.context.catalog.and_then(|catalog| catalog.node)?.entries.get(id)
    }

    fn node(&self) -> NodeName {
        NodeName::of(&self.context.settings.installation, &self.context.deployment.engine)
    }
}

/// On which way a replica is reached.
enum Way {
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

/// Why an entry has to be written.
fn entry_causes(service: &Service, have: Option<&CatalogEntry>, want: &CatalogEntry) -> Vec<Cause> {
    let at = service.origins.find("");
    let Some(have) = have else { return vec![because(Reason::NotRegistered, at)] };
    let list = |tags: &BTreeSet<String>| tags.iter().cloned().collect::<Vec<_>>().join(",");
    let meta = |meta: &BTreeMap<String, String>| {
        meta.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
    };
    let fields = [
        ("service", have.service.clone(), want.service.clone()),
        ("tags", list(&have.tags), list(&want.tags)),
        ("address", have.address.clone(), want.address.clone()),
        ("port", have.port.to_string(), want.port.to_string()),
        ("meta", meta(&have.meta), meta(&want.meta)),
        ("check", have.status.as_str().to_owned(), want.status.as_str().to_owned()),
    ];
    fields
        .into_iter()
        .filter(|(_, have, want)| have != want)
        .map(|(field, have, want)| {
            let difference = Difference {
                field: format!("catalog.{field}"),
                have: Some(have),
                want: Some(want),
                by: ChangedBy::Unknown,
            };
            because(Reason::Changed(difference), at)
        })
        .collect()
}
