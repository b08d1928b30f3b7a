//! What a replica lacks that nothing of ours gives in this pass: it waits, and what runs of it
//! goes on running.

use super::absence;
use super::foreign_ports;
use super::scope::Scope;
use super::verdict::{Replica, Target};
use crate::plan::fact::{Resource, Who};
use crate::plan::resources;
use crate::plan::seen::{Strange, Stranger, is_healthy, runs, used_up};
use model::desired::Service;
use model::id::ContainerName;
use model::observed::ContainerView;
use model::plan::WaitingOn;
use model::share::Peer;

/// What is withheld, and until when.
type Lack = (String, WaitingOn);

impl<'a> Scope<'_, 'a> {
    /// What a replica lacks, if anything.
    pub(super) fn lacks(&self, service: &Service, replica: &Replica<'a>) -> Option<Lack> {
        self.lacks_name(replica)
            .or_else(|| absence::takes(self.context, service, replica))
            .or_else(|| self.lacks_certainty(service, replica))
            .or_else(|| lacks_attempts(service, replica))
            .or_else(|| {
                replica.start.as_ref()?;
                let waiting_on = self
                    .lacks_peer(service)
                    .or_else(|| self.lacks_dependency(service))
                    .or_else(|| self.lacks_room(service, replica))?;
                Some((format!("start container {}", replica.id.container_name()), waiting_on))
            })
    }

    /// A name that a foreign container has.
    fn lacks_name(&self, replica: &Replica<'a>) -> Option<Lack> {
        let made = matches!(replica.target, Target::New(_)).then(|| replica.name());
        let mut names = made.into_iter().chain(replica.rename.as_ref().map(|(name, _)| name));
        names.find_map(|name| {
            let container = self.context.inventory.taken.get(name)?.clone();
            Some((format!("create container {name}"), WaitingOn::FreeName { container }))
        })
    }

    /// Whether a container that was renamed is the replica, and writes to its data.
    fn lacks_certainty(&self, service: &Service, replica: &Replica<'a>) -> Option<Lack> {
        let Target::New(new) = &replica.target else { return None };
        let name = &new.identity.name;
        let is_it = |other: &&Stranger<'_>| {
            let shares = || resources::share_data(&service.spec, &other.view.spec);
            other.why == Strange::Renamed(name.clone()) && shares()
        };
        let stranger = self.context.strangers().iter().find(is_it)?;
        let subject = format!("make another container beside {}", stranger.view.name);
        Some((subject, WaitingOn::Renamed { name: name.clone() }))
    }

    /// A container in which it lives: none has the name, or the one that has it goes.
    fn lacks_peer(&self, service: &Service) -> Option<WaitingOn> {
        let stays = |who: &Who| match who {
            Who::Known(id) => {
                !self.across.stopping.contains_key(id) || self.across.successors.contains_key(id)
            }
            Who::Made(..) => true,
        };
        let is_there =
            |peer: &Peer| self.joins.iter().any(|join| join.peer == *peer && stays(&join.who));
        let mut named = service.spec.peers().filter(|peer| matches!(peer, Peer::Container(_)));
        let peer = named.find(|peer| !is_there(peer))?.clone();
        Some(WaitingOn::Peer { peer })
    }

    /// A service that is itself withheld.
    fn lacks_dependency(&self, service: &Service) -> Option<WaitingOn> {
        let lacking = service.depends_on.keys().find(|name| {
            let replicas = self.earlier.get(name).map_or(&[][..], |decided| &decided.replicas);
            replicas.iter().any(|other| other.withheld && !other.surplus().any(is_healthy))
        })?;
        Some(WaitingOn::Dependency { service: lacking.clone() })
    }

    /// A port or an address that a container has which stays as it is: a foreign one, or
    /// one of a deployment about which nothing is done.
    fn lacks_room(&self, service: &Service, replica: &Replica<'a>) -> Option<WaitingOn> {
        let contents = self.context.inventory.contents;
        if let Some((published, by)) = foreign_ports::holder(&service.spec, contents) {
            let what = if service.sensitive.contains("ports") {
                "a port".to_owned()
            } else {
                foreign_ports::rendered(published)
            };
            return Some(WaitingOn::Room { what, by: by.clone(), foreign: true });
        }
        let engine = &self.context.deployment.engine;
        let mut takes = resources::taken(engine, &service.spec);
        takes.retain(|what| matches!(what, Resource::Port { .. } | Resource::Address(..)));
        if takes.is_empty() {
            return None;
        }
        let own = |view: &ContainerView| {
            let mut all = replica.surplus().chain(replica.existing());
            all.any(|owned| owned.view.id == view.id)
        };
        let all = self.context.inventory.contents.containers.iter();
        let held = |view: &ContainerView| {
            let held = resources::held(engine, view);
            takes.iter().find(|what| held.iter().any(|held| held.overlaps(what)))
        };
        let (what, view) = all
            .filter(|view| runs(view) && !own(view))
            .filter_map(|view| Some((held(view)?, view)))
            .find(|(_, view)| self.rests(view))?;
        let mut ours = self.context.inventory.containers();
        let foreign = !ours.any(|owned| owned.view.id == view.id);
        let what = if service.sensitive.contains("ports") { None } else { Some(what.rendered()) };
        let by: ContainerName = view.name.clone();
        Some(WaitingOn::Room { what: what.unwrap_or_else(|| "a port".to_owned()), by, foreign })
    }

    /// Whether nothing is done about a container: it is foreign, or its deployment's.
    fn rests(&self, view: &ContainerView) -> bool {
        let mut owned = self.context.inventory.containers();
        let found = owned.find(|owned| owned.view.id == view.id);
        found.is_none_or(|owned| {
            let of = &owned.identity.replica.deployment;
            owned.identity.source != self.context.desired.source
                || (*of != self.context.deployment.id && self.across.resting.contains(of))
        })
    }
}

/// Whether what would be started again has failed as often as it may.
fn lacks_attempts(service: &Service, replica: &Replica<'_>) -> Option<Lack> {
    replica.start.as_ref()?;
    let owned = replica.existing()?;
    let attempts = used_up(service, owned)?;
    let (container, code) = (owned.view.name.clone(), owned.view.state.exit_code);
    let waiting_on = WaitingOn::Attempts { container: container.clone(), attempts, code };
    Some((format!("start container {container}"), waiting_on))
}
