//! What a network and a volume are, the rows of their plain fields, and how a container is
//! attached to a network.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::field::{Chosen, Class, Form, Part, Row, fields};
use super::id::{NetworkName, VolumeName};
use super::reach;

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

/// A field of a network, of which the engine changes none: a difference costs a new one.
const fn network(key: &'static str, member: &'static str, form: Form) -> Row {
    Row::config(key, member, form).part(Part::Network).inside("names")
}

/// Of a volume, likewise.
const fn volume(key: &'static str, member: &'static str, form: Form) -> Row {
    let row = Row::config(key, member, form).part(Part::Volume).class(Class::RecreateWithData);
    row.together("volume.driver")
}

fields! {
    always;
    /// What a network is.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct NetworkSpec, at |spec: NetworkSpec| spec, rows NETWORK;
    own {
        /// Its name on the engine.
        name: NetworkName,
    }
    plain {
        /// `bridge` when the stack says nothing.
        driver: String = network("driver", "Driver", Form::Text)
            .demands("network.driver", reach::network_driver);
        /// Options of the driver.
        driver_opts: BTreeMap<String, String> = network("driver_opts", "Options", Form::Texts)
            .chosen(Chosen::ByEngine)
            .demands("network.driver", reach::network_options)
            .about("each of `Network.Options` that the stack sets");
        /// No route to the outside.
        internal: bool = network("internal", "Internal", Form::Flag);
        /// Whether plain containers may attach to a Swarm network. Compose's first version made
        /// every network so.
        attachable: bool = network("attachable", "Attachable", Form::Flag)
            .chosen(Chosen::ByEngine)
            .about("`Network.Attachable`, if the stack sets it");
        /// IPv4 on; `None` is the engine's choice.
        ipv4: Option<bool> = network("enable_ipv4", "EnableIPv4", Form::Flag)
            .chosen(Chosen::ByEngine)
            .since(48);
        /// IPv6 on.
        ipv6: bool = network("enable_ipv6", "EnableIPv6", Form::Flag);
        /// Who gives addresses; `None` is the engine itself.
        ipam_driver: Option<String> = network("ipam.driver", "Driver", Form::TextBut("default"))
            .part(Part::Ipam)
            .chosen(Chosen::ByEngine)
            .demands("network.ipam.driver", reach::ipam_driver);
        /// Options for it.
        ipam_options: BTreeMap<String, String> = network("ipam.options", "Options", Form::Texts)
            .part(Part::Ipam)
            .chosen(Chosen::ByEngine)
            .demands("network.ipam.driver", reach::ipam_options)
            .about("each of `Network.IPAM.Options` that the stack sets");
    }
    own {
        /// Address pools; empty lets the engine choose one.
        pools: Vec<IpamPool>,
    }
    plain {
        /// Labels of the user; observed specs hold all.
        labels: BTreeMap<String, String> = network("labels", "Labels", Form::Labels)
            .inside("labels")
            .about("each label but identity labels");
    }
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

    /// The fields with a default of the engine's own that the stack sets, by name: pools of
    /// addresses by their place, and plain fields. No values: some may be secret.
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
        let chosen = NETWORK.iter().filter(|field| matches!(field.chosen, Chosen::ByEngine));
        pools.chain(chosen.flat_map(|field| field.paths(self))).collect()
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

fields! {
    always;
    /// What a volume is.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct VolumeSpec, at |spec: VolumeSpec| spec, rows VOLUME;
    own {
        /// Its name on the engine.
        name: VolumeName,
    }
    plain {
        /// `local` when the stack says nothing.
        driver: String = volume("driver", "Driver", Form::Text);
        /// Options of the driver.
        driver_opts: BTreeMap<String, String> =
            volume("driver_opts", "DriverOpts", Form::Texts).answered("Options");
        /// Labels of the user; observed specs hold all.
        labels: BTreeMap<String, String> = volume("labels", "Labels", Form::Labels)
            .inside("labels")
            .about("each label but identity labels");
    }
}

impl VolumeSpec {
    /// A folder of the engine's with nothing else said.
    #[must_use]
    pub fn local(name: VolumeName) -> Self {
        let (driver_opts, labels) = (BTreeMap::new(), BTreeMap::new());
        Self { name, driver: "local".to_owned(), driver_opts, labels }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_every_field_since_hashes_that_are_kept_depend_on_it() {
        let network = serde_json::to_string(&NetworkSpec::bridge("n".into())).unwrap();
        let rest = r#""attachable":false,"ipv4":null,"ipv6":false,"ipam_driver":null,"ipam_options":{},"pools":[],"labels":{}}"#;
        let first = r#"{"name":"n","driver":"bridge","driver_opts":{},"internal":false,"#;
        assert_eq!(network, format!("{first}{rest}"));
        let volume = serde_json::to_string(&VolumeSpec::local("v".into())).unwrap();
        assert_eq!(volume, r#"{"name":"v","driver":"local","driver_opts":{},"labels":{}}"#);
    }

    #[test]
    fn what_an_engine_would_choose_is_noted_if_the_stack_sets_it() {
        let mut network = NetworkSpec::bridge("n".into());
        assert_eq!(network.asked(), [""; 0]);
        let subnet = Some("10.9.0.0/24".to_owned());
        network.pools.push(IpamPool { subnet, ..IpamPool::default() });
        network.driver_opts.insert("mtu".to_owned(), "1400".to_owned());
        network.ipv4 = Some(false);
        assert_eq!(network.asked(), ["ipam.0.subnet", "driver_opts.mtu", "enable_ipv4"]);
        network.attachable = true;
        network.ipam_driver = Some("dhcp".to_owned());
        network.ipam_options.insert("a".to_owned(), "b".to_owned());
        let more = ["attachable", "enable_ipv4", "ipam.driver", "ipam.options.a"];
        assert_eq!(network.asked()[2..], more);
    }
}
