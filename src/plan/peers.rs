//! Containers that share namespaces or volumes with another one: which it is, what follows
//! when it is replaced, and who has to stop before it may go.
//!
//! The engine keeps the other container's id. When that container is replaced, whoever
//! shares with it holds on to one that is gone, and is made again too.

use super::draft::After;
use super::order::Order;
use super::ownership::Owned;
use super::service::Services;
use super::slot::Later;
use super::state::is_running;
use crate::model::action::{ContainerRef, Join, Target};
use crate::model::desired::Service;
use crate::model::id::{ContainerId, ContainerName};
use crate::model::plan::{ChangedBy, Difference};
use crate::model::share::{Namespace, Peer, VolumesFrom};
use crate::model::spec::ContainerSpec;

impl<'a> Services<'a, '_> {
    /// The containers behind the peers of a service's spec, as far as they are known.
    pub(super) fn joins(&self, service: &Service) -> Vec<Join> {
        let peers = service.spec.peers();
        peers
            .filter_map(|peer| Some(Join { peer: peer.clone(), container: self.behind(peer)? }))
            .collect()
    }

    fn behind(&self, peer: &Peer) -> Option<Target> {
        match peer {
            Peer::Service(name) => self.settled.get(name)?.first.clone(),
            Peer::Container(text) => {
                let (name, id) = self.context.inventory.find(text)?;
                Some(Target { container: ContainerRef::Known(id.clone()), name: name.clone() })
            }
        }
    }

    /// The containers of this deployment that cannot live without this one: they are in
    /// one of its namespaces.
    pub(super) fn sharers(&self, owned: &Owned<'_>) -> Vec<&'a Owned<'a>> {
        self.context
            .containers()
            .filter(|other| other.view.id != owned.view.id && is_running(other))
            .filter(|other| is_inside(&other.view.spec, &owned.view.id, &owned.view.name))
            .collect()
    }

    /// Stops everybody who lives in a container's namespaces, before it is stopped itself.
    pub(super) fn stop_sharers(&mut self, owned: &Owned<'_>, after: &After) -> After {
        let mut stopped = After::new();
        for sharer in self.sharers(owned) {
            let id = &sharer.view.id;
            if let Some(step) = self.removed.get(id).or_else(|| self.stopped.get(id)) {
                stopped.insert(*step);
                continue;
            }
            let replica = &sharer.identity.replica;
            let Some(service) = self.context.deployment.services.get(&replica.service) else {
                continue;
            };
            let parent = &owned.identity.replica.service;
            let why = format!("it goes before service:{parent}, whose namespace it shares");
            let order = Order::StopFirst(why);
            let mut before = after.clone();
            before.extend(self.stop_sharers(sharer, after));
            before.extend(self.withdraw(service, replica.slot, None, after));
            stopped.insert(self.stop(service, sharer, &order, before));
        }
        stopped
    }

    /// The steps after which nobody lives in a container's namespaces any more.
    pub(super) fn sharers_gone(&self, owned: &Owned<'_>) -> After {
        let sharers = self.sharers(owned);
        let gone = sharers.iter().map(|sharer| &sharer.view.id);
        gone.filter_map(|id| self.stopped.get(id).or_else(|| self.removed.get(id)))
            .copied()
            .collect()
    }

    /// Puts off taking away what others still live in: they move out first.
    pub(super) fn puts_off(&self, surplus: &[&'a Owned<'a>]) -> bool {
        surplus.iter().any(|owned| {
            !self.removed.contains_key(&owned.view.id) && !self.sharers(owned).is_empty()
        })
    }

    /// Takes away what was put off, those first that depend on others.
    pub(super) fn clear_later(&mut self) {
        for Later { service, kept, surplus, settled, order } in
            std::mem::take(&mut self.later).into_iter().rev()
        {
            self.clear(service, &kept, &surplus, &settled, &order);
        }
    }

    /// Why two containers of a replica cannot run at once, if sharing is the reason.
    pub(super) fn collides(&self, service: &Service, surplus: &[&'a Owned<'a>]) -> Option<String> {
        let goes_with = surplus.iter().any(|owned| self.stopped.contains_key(&owned.view.id));
        let spec = &service.spec;
        let namespaces = [&spec.network_mode, &spec.ipc, &spec.pid];
        if goes_with && let Some(peer) = namespaces.iter().find_map(|space| space.peer()) {
            return Some(format!("it goes before {peer}, whose namespace it shares"));
        }
        match &spec.network_mode {
            Namespace::Host => return Some("it uses the host's network".to_owned()),
            Namespace::Of(peer) => {
                let stays = |owned: &Owned<'_>| match self.behind(peer).map(|t| t.container) {
                    Some(ContainerRef::Known(id)) => {
                        is_of(&owned.view.spec.network_mode, &id, &owned.view.name)
                    }
                    _ => false,
                };
                if surplus.iter().any(|owned| stays(owned)) {
                    return Some(format!("two of it would collide in the network of {peer}"));
                }
            }
            _ => {}
        }
        let from = spec.volumes_from.iter().find(|from| !from.read_only)?;
        Some(format!("it writes to the volumes of {}", from.peer))
    }
}

/// Puts those first that live in others: they go before these.
pub(super) fn inmates_first(containers: &mut [&Owned<'_>]) {
    let all = containers.to_vec();
    let host = |owned: &Owned<'_>| {
        let lives_in =
            |other: &&&Owned<'_>| is_inside(&owned.view.spec, &other.view.id, &other.view.name);
        all.iter().find(lives_in).copied()
    };
    // Nobody lives in more than all the others.
    let depth = |owned: &Owned<'_>| {
        let chain = std::iter::successors(host(owned), |next| host(next));
        chain.take(all.len()).count()
    };
    containers.sort_by_key(|owned| std::cmp::Reverse(depth(owned)));
}

/// Whether a container with this spec lives in a namespace of that container.
pub(super) fn is_inside(spec: &ContainerSpec, id: &ContainerId, name: &ContainerName) -> bool {
    [&spec.network_mode, &spec.ipc, &spec.pid].into_iter().any(|space| is_of(space, id, name))
}

fn is_of(space: &Namespace, id: &ContainerId, name: &ContainerName) -> bool {
    matches!(space, Namespace::Of(Peer::Container(text)) if names(text, id, name))
}

/// Whether a text names a container: by name, or by the beginning of its id.
pub(super) fn names(text: &ContainerName, id: &ContainerId, name: &ContainerName) -> bool {
    let text = text.as_str();
    text == name.as_str() || (text.len() >= 12 && id.as_str().starts_with(text))
}

/// Gives what a container shares the name that the stack has for it, where it is the
/// container that the stack means.
pub(super) fn recognise(have: &mut ContainerSpec, want: &ContainerSpec, joins: &[Join]) {
    let means = |want: &Peer, have: &Peer| {
        let Peer::Container(text) = have else { return false };
        let join = joins.iter().find(|join| join.peer == *want);
        let known = join.and_then(|join| match &join.container.container {
            ContainerRef::Known(id) => Some((id, &join.container.name)),
            ContainerRef::Made(_) => None,
        });
        known.is_some_and(|(id, name)| names(text, id, name))
    };
    for (have, want) in [
        (&mut have.network_mode, &want.network_mode),
        (&mut have.ipc, &want.ipc),
        (&mut have.pid, &want.pid),
    ] {
        if let (Some(seen), Some(meant)) = (have.peer(), want.peer())
            && means(meant, seen)
        {
            have.clone_from(want);
        }
    }
    for (have, want) in have.volumes_from.iter_mut().zip(&want.volumes_from) {
        if means(&want.peer, &have.peer) {
            have.peer.clone_from(&want.peer);
        }
    }
}

/// Says of a difference in what is shared after which step it is known, and that nobody
/// need have changed anything: the other container became another one.
pub(super) fn explain(difference: &mut Difference, joins: &[Join]) {
    let shared = ["network_mode", "ipc", "pid", "volumes_from"].contains(&&*difference.field);
    let (true, Some(have), Some(want)) = (shared, &difference.have, &mut difference.want) else {
        return;
    };
    if difference.by == ChangedBy::Hand && have.contains("container:") {
        difference.by = ChangedBy::Unknown;
    }
    for join in joins {
        if let ContainerRef::Made(step) = join.container.container {
            let peer = join.peer.to_string();
            *want = want.replace(&peer, &format!("{peer} (known after {step})"));
        }
    }
}

/// What is shared, in words; ids are short.
pub(super) fn shown(peer: &Peer) -> String {
    match peer {
        Peer::Container(name) => {
            let id = ContainerId::new(name.as_str());
            let is_id = name.as_str().len() == 64;
            format!("container:{}", if is_id { id.short() } else { name.as_str() })
        }
        Peer::Service(_) => peer.to_string(),
    }
}

/// All volumes taken over, in words.
pub(super) fn volumes_shown(all: &[VolumesFrom]) -> String {
    let one = |from: &VolumesFrom| {
        let mode = if from.read_only { ":ro" } else { "" };
        format!("{}{mode}", shown(&from.peer))
    };
    all.iter().map(one).collect::<Vec<_>>().join(" ")
}
