//! What services and deployments want of each other: ports of the host, container names and
//! fixed addresses that they exchange, a network that one makes for all, and containers of
//! one deployment that live in the network of another's.

use std::collections::{BTreeMap, BTreeSet};

use model::desired::Network;
use model::id::{ContainerName, DeploymentId, EngineName, NetworkName, ServiceName};
use model::spec::{IpamPool, NetworkSpec};
use sim::Rng;

use super::stacks::{Meets, Part, Shared, Stacks, nowhere};

/// How many of a thousand scenarios have such relations.
const SHARE: u32 = 400;
const PORTS: [u16; 4] = [7001, 7002, 7003, 7004];
const NAMES: [&str; 4] = ["one", "two", "three", "four"];
const ADDRESSES: [u8; 4] = [10, 11, 12, 13];

/// The name of the network that deployments share.
pub(crate) const SHARED: &str = "shared";

pub(crate) fn shared_network(shared: Shared) -> Network {
    let pool = IpamPool { subnet: Some("10.9.0.0/24".to_owned()), ..IpamPool::default() };
    let mut spec = NetworkSpec::bridge(NetworkName::new(SHARED));
    if shared.makes {
        spec.internal = shared.internal;
        spec.pools.push(pool);
    }
    Network { spec, external: !shared.makes, compose_hash: None, origin: nowhere() }
}

/// A fixed address on that network.
pub(crate) fn shared_address(last: u8) -> String {
    format!("10.9.0.{last}")
}

/// A service of a deployment.
type Key = (DeploymentId, ServiceName);

/// All services of these stacks.
pub(crate) fn keys(stacks: &Stacks) -> impl Iterator<Item = Key> {
    let of = |(id, stack): (&DeploymentId, &super::stacks::Stack)| {
        stack.services.keys().map(|name| (id.clone(), name.clone())).collect::<Vec<_>>()
    };
    stacks.iter().flat_map(of)
}

/// What a service waits for when it starts.
pub(crate) fn waits_for(stacks: &Stacks, (id, name): &Key) -> impl Iterator<Item = Key> {
    let part = &stacks[id].services[name];
    let own = part.depends_on.keys().map(|on| (id.clone(), on.clone()));
    let peer = part.meets.peer.iter().map(|(id, name, _)| (id.clone(), name.clone()));
    own.chain(peer)
}

/// Lets the services of some scenarios meet, revision after revision. What is `composed` tells
/// only by its name, and its network only by what is remembered, whose it is: these stay.
pub(crate) fn meet<'a>(
    rng: &mut Rng,
    composed: bool,
    revisions: impl Iterator<Item = &'a mut Stacks>,
) {
    if !rng.chance(SHARE) {
        return;
    }
    let mut world = Meeting { composed, ..Meeting::default() };
    for stacks in revisions {
        world.revise(rng, stacks);
    }
}

/// Who has what.
#[derive(Default)]
struct Meeting {
    composed: bool,
    ports: BTreeMap<u16, Key>,
    names: BTreeMap<&'static str, Key>,
    addresses: BTreeMap<u8, Key>,
    /// Who makes the network that is shared, whether it is internal, and who is on it.
    network: Option<(DeploymentId, bool)>,
    users: BTreeSet<Key>,
    /// Members of another deployment's network namespace, and their hosts.
    members: BTreeMap<Key, Key>,
}

impl Meeting {
    /// The next revision.
    fn revise(&mut self, rng: &mut Rng, stacks: &mut Stacks) {
        let all: Vec<Key> = keys(stacks).collect();
        for key in all.iter().filter(|key| is_single(rng, key)) {
            let part = part(stacks, key);
            part.replicas = part.replicas.min(1);
        }
        let may = |stacks: &Stacks, key: &Key| {
            let part = stacks.get(&key.0).and_then(|stack| stack.services.get(&key.1));
            part.is_some_and(|part| !part.is_job() && part.replicas <= 1)
        };
        let able: Vec<Key> = all.into_iter().filter(|key| may(stacks, key)).collect();
        self.invite(rng, stacks, &able);
        let free: Vec<Key> = able
            .iter()
            .filter(|key| {
                !self.members.contains_key(key) && service_of(stacks, key).inside.is_none()
            })
            .cloned()
            .collect();
        let open = |key: &&Key| service_of(stacks, key).host_ports.is_none();
        let publish: Vec<Key> = free.iter().filter(open).cloned().collect();
        exchange(rng, &mut self.ports, &PORTS, &publish);
        if !self.composed {
            exchange(rng, &mut self.names, &NAMES, &able);
        }
        let near = self.share(rng, stacks, &free);
        exchange(rng, &mut self.addresses, &ADDRESSES, &near);
        self.write(stacks);
    }

    /// Draws anew who lives in the network of another deployment's container.
    fn invite(&mut self, rng: &mut Rng, stacks: &Stacks, able: &[Key]) {
        let mut members = std::mem::take(&mut self.members);
        if rng.chance(200) {
            members.pop_first();
        }
        if rng.chance(500)
            && let (Some(member), Some(host)) = (rng.pick(able), rng.pick(able))
        {
            members.insert(member.clone(), host.clone());
        }
        for (member, host) in members {
            if able.contains(&member) && able.contains(&host) && self.fits(stacks, &member, &host) {
                self.members.insert(member, host);
            }
        }
    }

    fn fits(&self, stacks: &Stacks, member: &Key, host: &Key) -> bool {
        let engine = |key: &Key| &stacks[&key.0].engine;
        let (from, to) = (service_of(stacks, member), service_of(stacks, host));
        let hosts = |part: &Part| {
            part.inside.iter().any(|(on, _)| *on == member.1)
                || part.volumes_from.iter().any(|on| *on == member.1)
        };
        let is_host = stacks[&member.0].services.values().any(hosts)
            || self.members.values().any(|other| other == member);
        let lives = |part: &Part| part.inside.is_some() || part.volumes_from.is_some();
        member.0 != host.0
            && engine(member) == engine(host)
            && !lives(from)
            && !lives(to)
            && !is_host
            && !self.members.contains_key(host)
            && !self.leads(stacks, host, member)
    }

    /// Whether one waits for the other, over whatever others.
    fn leads(&self, stacks: &Stacks, from: &Key, to: &Key) -> bool {
        let own = service_of(stacks, from).depends_on.keys();
        let mut next =
            own.map(|on| (from.0.clone(), on.clone())).chain(self.members.get(from).cloned());
        from == to || next.any(|on| self.leads(stacks, &on, to))
    }

    /// Draws anew what becomes of the shared network, and who is on it. Returns who is.
    fn share(&mut self, rng: &mut Rng, stacks: &Stacks, free: &[Key]) -> Vec<Key> {
        let gone = self.network.take_if(|(owner, _)| !stacks.contains_key(owner));
        match (&mut self.network, rng.below(6)) {
            _ if gone.is_some() => {}
            (Some(_), 0) => self.network = None,
            (Some((_, internal)), 1 | 2) => *internal = !*internal,
            (None, 0..=3) if !self.composed => {
                let ids: Vec<&DeploymentId> = stacks.keys().collect();
                self.network = rng.pick(&ids).map(|id| ((*id).clone(), false));
            }
            _ => {}
        }
        let Some((owner, _)) = &self.network else {
            self.users.clear();
            return Vec::new();
        };
        let engine = &stacks[owner].engine;
        let near: Vec<Key> =
            free.iter().filter(|key| stacks[&key.0].engine == *engine).cloned().collect();
        self.users.retain(|key| near.contains(key));
        for _ in 0..rng.below(4) {
            let Some(key) = rng.pick(&near) else { break };
            if !self.users.remove(key) {
                self.users.insert(key.clone());
            }
        }
        self.users.iter().cloned().collect()
    }

    /// Writes into the stacks who has what.
    fn write(&self, stacks: &mut Stacks) {
        let engines: BTreeMap<DeploymentId, EngineName> =
            stacks.iter().map(|(id, stack)| (id.clone(), stack.engine.clone())).collect();
        if let Some((owner, internal)) = &self.network {
            let used = |id: &DeploymentId| self.users.iter().any(|(user, _)| user == id);
            let near = |id: &DeploymentId| engines[id] == engines[owner];
            for (id, stack) in stacks.iter_mut().filter(|(id, _)| *id == owner || used(id)) {
                let shared = Shared { makes: id == owner, internal: *internal };
                stack.shared = Some(shared).filter(|_| near(id));
            }
        }
        for (port, key) in &self.ports {
            part(stacks, key).meets.port = Some(*port);
        }
        for (name, key) in &self.names {
            part(stacks, key).meets.name = Some(name);
        }
        for key in &self.users {
            part(stacks, key).meets.shared = true;
        }
        for (address, key) in &self.addresses {
            part(stacks, key).meets.address = Some(*address);
        }
        for host in self.members.values() {
            part(stacks, host).replicas = 1;
        }
        for (member, host) in &self.members {
            let name = ContainerName::new(service_of(stacks, host).container(&host.0, &host.1, 1));
            let member = part(stacks, member);
            member.host_ports = None;
            member.registered = false;
            member.meets = Meets {
                peer: Some((host.0.clone(), host.1.clone(), name)),
                name: member.meets.name,
                ..Meets::default()
            };
        }
    }
}

/// Whether a service has one replica at most, in all revisions.
fn is_single(rng: &Rng, key: &Key) -> bool {
    rng.child(&format!("single {} {}", key.0, key.1)).chance(800)
}

fn service_of<'a>(stacks: &'a Stacks, key: &Key) -> &'a Part {
    &stacks[&key.0].services[&key.1]
}

fn part<'a>(stacks: &'a mut Stacks, (id, name): &Key) -> &'a mut Part {
    let stack = stacks.get_mut(id).expect("a deployment");
    stack.services.get_mut(name).expect("a service")
}

/// Draws anew who has which of some things: they are given, given back, passed on, and
/// exchanged. Nobody has two.
fn exchange<T: Copy + Ord>(rng: &mut Rng, held: &mut BTreeMap<T, Key>, things: &[T], able: &[Key]) {
    held.retain(|_, key| able.contains(key));
    for _ in 0..=rng.below(3) {
        let (one, two) = (rng.pick(things).copied(), rng.pick(things).copied());
        let (Some(one), Some(two), Some(key)) = (one, two, rng.pick(able)) else { return };
        match rng.below(8) {
            0 => drop(held.remove(&one)),
            1..=3 => {
                let (first, second) = (held.remove(&one), held.remove(&two));
                held.extend(second.map(|key| (one, key)));
                held.extend(first.map(|key| (two, key)));
            }
            _ => {
                held.retain(|_, holder| holder != key);
                held.insert(one, key.clone());
            }
        }
    }
}
