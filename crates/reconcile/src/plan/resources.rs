//! What a container has while it runs, as resources: what it would take, and what is free
//! when it stops.

use std::net::IpAddr;

use super::fact::Resource;
use super::seen::Owned;
use model::id::{EngineName, NetworkName};
use model::observed::ContainerView;
use model::spec::{Attachment, ContainerSpec, MountSource, NetworkSpec, Protocol};
use model::subnet::Subnet;

/// What a container of this spec takes when it starts. Of a range of ports the engine finds
/// a free one.
pub(super) fn taken(engine: &EngineName, spec: &ContainerSpec) -> Vec<Resource> {
    let single = |text: &String| text.parse().ok();
    ports(engine, spec, single).chain(addresses(engine, spec)).chain(data(engine, spec)).collect()
}

/// What is free when a running container stops; its data only if it goes for good, since
/// several may share it.
pub(super) fn freed(engine: &EngineName, owned: &Owned<'_>, permanently: bool) -> Vec<Resource> {
    let data = data(engine, &owned.view.spec).filter(|_| permanently);
    had(engine, owned.view).chain(data).collect()
}

/// The ports and addresses that a running container has, also those that the engine chose.
pub(super) fn held(engine: &EngineName, view: &ContainerView) -> Vec<Resource> {
    let address = |(network, address): (&NetworkName, &IpAddr)| {
        Resource::Address(engine.clone(), network.clone(), address.to_string())
    };
    had(engine, view).chain(view.addresses.iter().map(address)).collect()
}

fn had<'v>(engine: &'v EngineName, view: &'v ContainerView) -> impl Iterator<Item = Resource> {
    let spec = &view.spec;
    let chosen = view.host_ports.iter().filter(|(port, _)| {
        let mut all = spec.published.iter().filter(|published| published.container == **port);
        all.any(|published| published.host_port.as_ref().is_none_or(|text| text.contains('-')))
    });
    let chosen = chosen.map(|(at, number)| port(engine, None, at.protocol, *number));
    let single = |text: &String| text.parse().ok();
    ports(engine, spec, single).chain(chosen).chain(addresses(engine, spec))
}

/// The addresses of a network.
pub(super) fn subnets(engine: &EngineName, network: &NetworkSpec) -> Vec<Resource> {
    let subnets = network.pools.iter().filter_map(|pool| Subnet::parse(pool.subnet.as_deref()?));
    subnets.map(|subnet| Resource::Subnet(engine.clone(), subnet)).collect()
}

fn ports(
    engine: &EngineName,
    spec: &ContainerSpec,
    number: impl Fn(&String) -> Option<u16>,
) -> impl Iterator<Item = Resource> {
    spec.published.iter().filter_map(move |published| {
        let number = published.host_port.as_ref().and_then(&number)?;
        let address = published.host_ip.as_deref().and_then(listens_on);
        Some(port(engine, address, published.container.protocol, number))
    })
}

fn addresses(engine: &EngineName, spec: &ContainerSpec) -> impl Iterator<Item = Resource> {
    spec.networks.iter().flat_map(|(network, how)| addresses_on(engine, network, how))
}

/// The fixed addresses of a container on one network.
pub(super) fn addresses_on(
    engine: &EngineName,
    network: &NetworkName,
    how: &Attachment,
) -> Vec<Resource> {
    let fixed = how.ipv4.iter().chain(&how.ipv6);
    fixed
        .map(|address| Resource::Address(engine.clone(), network.clone(), address.clone()))
        .collect()
}

fn port(engine: &EngineName, address: Option<IpAddr>, protocol: Protocol, number: u16) -> Resource {
    Resource::Port { engine: engine.clone(), address, protocol, number }
}

/// The one address that a published port listens on; `None` for all.
pub(super) fn listens_on(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.trim_matches(['[', ']']).parse().ok()?;
    (!address.is_unspecified()).then_some(address)
}

/// Volumes and paths of the host.
fn data(engine: &EngineName, spec: &ContainerSpec) -> impl Iterator<Item = Resource> {
    spec.mounts.values().filter_map(move |mount| {
        let source = match &mount.source {
            MountSource::Volume(name) => name.to_string(),
            MountSource::Bind(path) => path.clone(),
            _ => return None,
        };
        Some(Resource::Data { engine: engine.clone(), source, writes: !mount.read_only })
    })
}

/// Whether two containers on one engine would write to what the other has, too.
pub(super) fn share_data(one: &ContainerSpec, other: &ContainerSpec) -> bool {
    let engine = EngineName::new("");
    let theirs: Vec<_> = data(&engine, other).collect();
    data(&engine, one).any(|ours| theirs.iter().any(|theirs| ours.overlaps(theirs)))
}
