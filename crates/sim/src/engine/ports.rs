//! Ports of the host: which a container gets as it starts, and who has which.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Container, Engine};
use model::id::ContainerId;
use model::spec::{ContainerSpec, Port, Protocol, PublishedPort};
use world::OutsideError;

/// A port of the host that is taken; no address is all of them.
struct Taken {
    address: Option<IpAddr>,
    number: u16,
    protocol: Protocol,
}

impl Taken {
    fn of(published: &PublishedPort, number: u16) -> Self {
        let address = published.host_ip.as_deref().and_then(|text| text.parse().ok());
        let address = address.filter(|address: &IpAddr| !address.is_unspecified());
        Self { address, number, protocol: published.container.protocol }
    }

    fn overlaps(&self, other: &Self) -> bool {
        (self.number, self.protocol) == (other.number, other.protocol)
            && (self.address.is_none() || other.address.is_none() || self.address == other.address)
    }
}

impl Engine {
    /// Host ports for a container's next run.
    pub(super) fn host_ports(
        &self,
        id: &ContainerId,
        spec: &ContainerSpec,
    ) -> Result<BTreeMap<Port, u16>, OutsideError> {
        let others = self.containers.values().filter(|other| other.id != *id);
        let mut taken: Vec<Taken> = others.flat_map(has).collect();
        let mut given = BTreeMap::new();
        for published in &spec.published {
            let (from, to) = range(published.host_port.as_deref());
            let is_free = |number: &u16| {
                let wanted = Taken::of(published, *number);
                !taken.iter().any(|taken| taken.overlaps(&wanted))
            };
            let Some(number) = (from..=to).find(is_free) else {
                let address = published.host_ip.as_deref().unwrap_or("0.0.0.0");
                return Err(OutsideError::InUse(format!(
                    "Bind for {address}:{from} failed: port is already allocated"
                )));
            };
            taken.push(Taken::of(published, number));
            given.insert(published.container, number);
        }
        Ok(given)
    }
}

/// What a container has while it runs.
fn has(container: &Container) -> impl Iterator<Item = Taken> {
    container.spec.published.iter().filter_map(|published| {
        let given = *container.host_ports.get(&published.container)?;
        let (from, to) = range(published.host_port.as_deref());
        Some(Taken::of(published, if from == to { from } else { given }))
    })
}

/// The host ports that a publication allows; the engine's own range if it says nothing.
fn range(asked: Option<&str>) -> (u16, u16) {
    let Some(text) = asked.filter(|text| !text.is_empty()) else {
        return (49153, 65535);
    };
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    (from.parse().unwrap_or(0), to.parse().unwrap_or(0))
}
