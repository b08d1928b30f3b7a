//! Networks of a model engine and the addresses that they give.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::{Engine, Network};
use model::id::{NetworkId, NetworkName};
use model::labels::OwnerLabels;
use model::spec::{Attachment, IpamPool, NetworkSpec};
use world::OutsideError;

/// An IPv4 subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    base: u32,
    bits: u32,
}

/// The subnet of networks that give no addresses.
const NOWHERE: Subnet = Subnet { base: 0, bits: 32 };

impl Subnet {
    /// Reads `10.1.0.0/16`.
    fn parse(text: &str) -> Option<Self> {
        let (base, bits) = text.split_once('/')?;
        let bits: u32 = bits.parse().ok().filter(|bits| (1..=30).contains(bits))?;
        let base = u32::from(base.parse::<Ipv4Addr>().ok()?);
        Some(Self { base: base & (u32::MAX << (32 - bits)), bits })
    }

    fn size(self) -> u32 {
        1 << (32 - self.bits)
    }

    fn address(self, index: u32) -> Ipv4Addr {
        Ipv4Addr::from(self.base + index)
    }

    fn overlaps(self, other: Self) -> bool {
        self.base < other.base.saturating_add(other.size())
            && other.base < self.base.saturating_add(self.size())
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address(0), self.bits)
    }
}

impl Engine {
    /// The three networks that every engine has.
    pub(super) fn make_builtin_networks(&mut self) {
        for (name, driver) in [("bridge", "bridge"), ("host", "host"), ("none", "null")] {
            let spec = NetworkSpec {
                driver: driver.to_owned(),
                ..NetworkSpec::bridge(NetworkName::new(name))
            };
            self.make_network(spec).expect("BUG: a new engine has no networks");
        }
    }

    /// Creates a network of ours.
    pub(crate) fn create_network(
        &mut self,
        spec: &NetworkSpec,
        owner: &OwnerLabels,
    ) -> Result<(), OutsideError> {
        let mut spec = spec.clone();
        spec.labels.extend(owner.encode_network());
        let name = spec.name.clone();
        self.make_network(spec)?;
        if let Some(network) = self.networks.get_mut(&name) {
            network.by_us = true;
        }
        Ok(())
    }

    /// Creates a network, for any client; a second one of a name is refused, as
    /// `CheckDuplicate` makes it.
    pub(crate) fn make_network(&mut self, mut spec: NetworkSpec) -> Result<(), OutsideError> {
        if self.networks.contains_key(&spec.name) {
            let text = format!("network with name {} already exists", spec.name);
            return Err(OutsideError::Conflict(text));
        }
        let asked = spec.pools.iter().find_map(|pool| pool.subnet.clone());
        let taken = |subnet: Subnet| self.networks.values().any(|n| n.subnet.overlaps(subnet));
        let subnet = match &asked {
            _ if matches!(spec.driver.as_str(), "host" | "null") => NOWHERE,
            Some(text) => Subnet::parse(text)
                .ok_or_else(|| OutsideError::Failed(format!("invalid subnet {text}")))?,
            None => (17..=255)
                .map(|second| Subnet { base: (172 << 24) | (second << 16), bits: 16 })
                .find(|subnet| !taken(*subnet))
                .ok_or_else(|| {
                    let text = "could not find an available, non-overlapping IPv4 address pool";
                    OutsideError::Failed(text.to_owned())
                })?,
        };
        if subnet != NOWHERE && taken(subnet) {
            let text = "Pool overlaps with other one on this address space";
            return Err(OutsideError::InUse(text.to_owned()));
        }
        let gateway = subnet.address(1).to_string();
        if subnet == NOWHERE {
            spec.pools.clear();
        } else if spec.pools.is_empty() {
            let subnet = Some(subnet.to_string());
            let gateway = Some(gateway);
            spec.pools.push(IpamPool { subnet, gateway, ..IpamPool::default() });
        } else {
            for pool in &mut spec.pools {
                pool.subnet.get_or_insert_with(|| subnet.to_string());
                pool.gateway.get_or_insert_with(|| gateway.clone());
            }
        }
        let id = NetworkId::new(self.fresh("network"));
        let configured = asked.is_some();
        let name = spec.name.clone();
        self.networks.insert(name, Network { id, spec, by_us: false, configured, subnet });
        Ok(())
    }

    /// Removes a network; one that running containers use is refused.
    pub(crate) fn remove_network(&mut self, id: &NetworkId) -> Result<(), OutsideError> {
        let found = self.networks.iter().find(|(_, network)| network.id == *id);
        let Some(name) = found.map(|(name, _)| name.clone()) else {
            return Err(OutsideError::Gone(format!("network {id} not found")));
        };
        if self.containers.values().any(|c| c.addresses.contains_key(&name)) {
            let text = format!("network {name} has active endpoints");
            return Err(OutsideError::Failed(text));
        }
        self.networks.remove(&name);
        Ok(())
    }

    /// A network by its id.
    pub(crate) fn network(&self, id: &NetworkId) -> Option<&Network> {
        self.networks.values().find(|network| network.id == *id)
    }

    /// A free address on a network, or the one that is asked for.
    pub(super) fn address(
        &self,
        name: &NetworkName,
        attachment: &Attachment,
    ) -> Result<Ipv4Addr, OutsideError> {
        let network = self
            .networks
            .get(name)
            .ok_or_else(|| OutsideError::Gone(format!("network {name} not found")))?;
        let taken: BTreeSet<Ipv4Addr> =
            self.containers.values().filter_map(|c| c.addresses.get(name)).copied().collect();
        if let Some(asked) = &attachment.ipv4 {
            let address: Ipv4Addr = asked
                .parse()
                .map_err(|_| OutsideError::Failed(format!("invalid IP address {asked}")))?;
            if !network.configured {
                let text = "user specified IP address is supported only when connecting to \
                            networks with user configured subnets";
                return Err(OutsideError::Failed(text.to_owned()));
            }
            if taken.contains(&address) {
                return Err(OutsideError::InUse("Address already in use".to_owned()));
            }
            return Ok(address);
        }
        // The first is the network itself, the second its gateway, the last the broadcast.
        (2..network.subnet.size() - 1)
            .map(|index| network.subnet.address(index))
            .find(|address| !taken.contains(address))
            .ok_or_else(|| OutsideError::Failed("no available IPv4 addresses".to_owned()))
    }
}
