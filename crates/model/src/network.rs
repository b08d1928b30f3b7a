//! What a network and a volume are, and how a container is attached to a network.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::id::{NetworkName, VolumeName};

/// How a container is attached to a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Names under which it resolves there, beside its own name and id.
    pub aliases: BTreeSet<String>,
    /// `name:alias` pairs that resolve only inside this container.
    pub links: BTreeSet<String>,
    /// Likewise, one for each replica of a service: they are there from the next creation on, and
    /// no part of the comparison.
    #[serde(skip)]
    pub replica_links: BTreeSet<String>,
    /// A fixed IPv4 address.
    pub ipv4: Option<String>,
    /// A fixed IPv6 address.
    pub ipv6: Option<String>,
    /// Further addresses of the link.
    pub link_local: BTreeSet<String>,
    /// The MAC address, lower case; observed is the one in force, asked for or not.
    pub mac: Option<String>,
    /// Options of the network's driver for this container.
    pub driver_opts: BTreeMap<String, String>,
    /// The name of the interface in the container.
    pub interface: Option<String>,
    /// Which network gives the default gateway: the one of the highest.
    pub gateway_priority: i64,
    /// Which network is attached first: the one of the highest. The engine does not
    /// remember it: it is no part of the comparison.
    pub priority: i64,
    /// Its place among those of one priority: by the keys of the stack, not by names.
    #[serde(skip)]
    pub place: usize,
}

/// What a network is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkSpec {
    /// Its name on the engine.
    pub name: NetworkName,
    /// `bridge` when the stack says nothing.
    pub driver: String,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// No route to the outside.
    pub internal: bool,
    /// Whether plain containers may attach to a Swarm network.
    pub attachable: bool,
    /// IPv4 on; `None` is the engine's choice.
    pub ipv4: Option<bool>,
    /// IPv6 on.
    pub ipv6: bool,
    /// Who gives addresses; `None` is the engine itself.
    pub ipam_driver: Option<String>,
    /// Options for it.
    pub ipam_options: BTreeMap<String, String>,
    /// Address pools; empty lets the engine choose one.
    pub pools: Vec<IpamPool>,
    /// Labels of the user; observed specs hold all.
    pub labels: BTreeMap<String, String>,
}

impl NetworkSpec {
    /// A bridge of this name with nothing else said.
    #[must_use]
    pub fn bridge(name: NetworkName) -> Self {
        Self {
            name,
            driver: "bridge".to_owned(),
            driver_opts: BTreeMap::new(),
            internal: false,
            attachable: false,
            ipv4: None,
            ipv6: false,
            ipam_driver: None,
            ipam_options: BTreeMap::new(),
            pools: Vec::new(),
            labels: BTreeMap::new(),
        }
    }
}

impl NetworkSpec {
    /// The fields with a default of the engine's own that the stack sets, by name: pools of
    /// addresses by their place, and options of the driver. No values: some may be secret.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        let pools = self.pools.iter().enumerate().flat_map(|(place, pool)| {
            let parts = [
                ("subnet", pool.subnet.is_some()),
                ("ip_range", pool.ip_range.is_some()),
                ("gateway", pool.gateway.is_some()),
            ];
            let explicit = parts.into_iter().filter(|(_, explicit)| *explicit);
            explicit.map(move |(part, _)| format!("ipam.{place}.{part}"))
        });
        let options = self.driver_opts.keys().map(|name| format!("driver_opts.{name}"));
        let ipv4 = self.ipv4.map(|_| "enable_ipv4".to_owned());
        pools.chain(options).chain(ipv4).collect()
    }
}

/// One address pool of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpamPool {
    /// The subnet in CIDR form.
    pub subnet: Option<String>,
    /// The part of it that the engine allocates from.
    pub ip_range: Option<String>,
    /// The gateway's address.
    pub gateway: Option<String>,
    /// Addresses that the engine leaves alone, by a name for each.
    pub reserved: BTreeMap<String, String>,
}

/// What a volume is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VolumeSpec {
    /// Its name on the engine.
    pub name: VolumeName,
    /// `local` when the stack says nothing.
    pub driver: String,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels of the user; observed specs hold all.
    pub labels: BTreeMap<String, String>,
}
