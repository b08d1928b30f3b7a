//! The keys of the top-level sections of a stack.

use super::Table;

/// A stack file.
pub(in crate::stack::lower) const TOP: Table = Table {
    of: "a stack file",
    carried: &["name", "services", "networks", "volumes", "configs", "secrets", "x-reconciler"],
    refused: &[("models", "an engine runs no models")],
    harmless: &[],
};

/// A network.
pub(in crate::stack::lower) const NETWORK: Table =
    Table { of: "a network", carried: &["external", "ipam", "name"], refused: &[], harmless: &[] };

/// `ipam` of a network.
pub(in crate::stack::lower) const IPAM: Table =
    Table { of: "`ipam`", carried: &["config"], refused: &[], harmless: &[] };

/// An entry of `ipam.config`.
pub(in crate::stack::lower) const IPAM_POOL: Table = Table {
    of: "`ipam.config`",
    carried: &["aux_addresses", "gateway", "ip_range", "subnet"],
    refused: &[],
    harmless: &[],
};

/// A volume.
pub(in crate::stack::lower) const VOLUME: Table =
    Table { of: "a volume", carried: &["external", "name"], refused: &[], harmless: &[] };

/// A config or secret.
pub(in crate::stack::lower) const FILE: Table = Table {
    of: "a config or secret",
    carried: &["content", "environment", "file", "name"],
    refused: &[
        ("driver", "only a Swarm has drivers of secrets"),
        ("driver_opts", "only a Swarm has drivers of secrets"),
        ("external", "only a Swarm keeps configs and secrets"),
        ("template_driver", "only a Swarm has templates"),
    ],
    harmless: &[("labels", "a file in a container has none")],
};
