//! Every key of the Compose Specification, and what becomes of it on an engine: carried,
//! refused with its position and the reason, or harmless and only named in a warning. That
//! a key is one is known from the loader.

mod top;

pub(super) use self::top::{FILE, IPAM, IPAM_POOL, NETWORK, TOP, VOLUME};
use crate::stack::codes::{NO_EFFECT, REFUSED_KEY};
use compose::nodes::RESOLVED;
use model::fields;
use model::spec::{ContainerSpec, NetworkSpec, VolumeSpec};
use text::report::Reporter;
use text::yaml::{Entry, Node, Value};

/// A key, and why it is not carried.
type Reason = (&'static str, &'static str);

/// The keys of one kind of map.
pub(super) struct Table {
    /// What has these keys, for messages.
    pub(super) of: &'static str,
    /// What is carried, beside plain fields.
    pub(super) carried: &'static [&'static str],
    /// What is valid Compose and refused, because leaving it out changes what runs.
    pub(super) refused: &'static [Reason],
    /// What can be left out without changing what runs.
    pub(super) harmless: &'static [Reason],
}

/// Why a build may do without statements about itself.
const ATTESTATION: &str = "an engine's own call attaches no attestations to an image";

impl Table {
    /// The entries of a map that are to be read. What becomes of the others has been
    /// reported.
    pub(super) fn admitted<'n>(
        &self,
        node: &'n Node,
        report: &Reporter,
    ) -> impl Iterator<Item = &'n Entry> {
        let entries = report.map(self.of, node).iter();
        entries.filter(|entry| !is_empty(&entry.value) && self.admits(entry, report))
    }

    /// Whether an entry is to be read. If not, the reason has been reported.
    fn admits(&self, entry: &Entry, report: &Reporter) -> bool {
        let key = entry.key.as_str();
        if self.carried.contains(&key) || self.has_plain(key) {
            return true;
        }
        // What the loader is done with; a `label_file` remains only if it cannot be read.
        let loaded = ["profiles", "label_file", RESOLVED];
        if key.starts_with("x-") || loaded.contains(&key) {
            return false;
        }
        let reason = |list: &[Reason]| list.iter().find(|(name, _)| *name == key).map(|(_, r)| *r);
        if let Some(why) = reason(self.harmless) {
            report.warn_as(NO_EFFECT, entry.at, format!("`{key}` has no effect: {why}"), None);
        } else {
            let why = reason(self.refused).unwrap_or("an engine has nothing like it");
            report.refuse_as(REFUSED_KEY, entry.at, format!("`{key}` is refused: {why}"), None);
        }
        false
    }
}

impl Table {
    /// Whether a key is one of a plain field.
    fn has_plain(&self, key: &str) -> bool {
        match self.of {
            of if of == SERVICE.of => fields::of_key::<ContainerSpec>(key).is_some(),
            of if of == NETWORK.of => fields::of_key::<NetworkSpec>(key).is_some(),
            of if of == IPAM.of => fields::of_key::<NetworkSpec>(&format!("ipam.{key}")).is_some(),
            of if of == VOLUME.of => fields::of_key::<VolumeSpec>(key).is_some(),
            _ => false,
        }
    }

    /// All keys that are carried.
    #[cfg(test)]
    pub(super) fn all_carried(&self) -> std::collections::BTreeSet<&'static str> {
        let container = fields::plain::<ContainerSpec>().map(|field| field.key);
        let network = fields::plain::<NetworkSpec>().map(|field| field.key);
        let volume = fields::plain::<VolumeSpec>().map(|field| field.key);
        let keys = container.chain(network).chain(volume);
        let last = keys.map(|key| key.rsplit('.').next().unwrap_or(key));
        last.filter(|key| self.has_plain(key)).chain(self.carried.iter().copied()).collect()
    }
}

/// Whether a value asks for nothing. (An empty list asks a command to be empty.)
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Map(entries) => entries.is_empty(),
        Value::Scalar(_) | Value::List(_) => false,
    }
}

/// A service. What a key means is in the module that reads it.
pub(super) const SERVICE: Table = Table {
    of: "a service",
    carried: &[
        "blkio_config",
        "build",
        "command",
        "configs",
        "container_name",
        "depends_on",
        "deploy",
        "devices",
        "entrypoint",
        "environment",
        "expose",
        "external_links",
        "gpus",
        "healthcheck",
        "image",
        "ipc",
        "labels",
        "links",
        "logging",
        "mac_address",
        "network_mode",
        "networks",
        "pid",
        "platform",
        "ports",
        "post_start",
        "pre_start",
        "pre_stop",
        "pull_policy",
        "restart",
        "scale",
        "secrets",
        "security_opt",
        "tmpfs",
        "ulimits",
        "use_api_socket",
        "volumes",
        "volumes_from",
        "x-reconciler",
    ],
    refused: &[
        ("credential_spec", "only engines on Windows know it"),
        ("models", "an engine runs no models"),
        ("provider", "the service would be run by a program on the controller's machine"),
    ],
    harmless: &[
        ("attach", "it only matters to a terminal"),
        ("develop", "it only matters while developing"),
        ("pull_refresh_after", "Compose reads it nowhere; `pull_policy: every_12h` says it"),
    ],
};

/// `build`.
pub(super) const BUILD: Table = Table {
    of: "`build`",
    carried: &[
        "additional_contexts",
        "args",
        "cache_from",
        "cache_to",
        "context",
        "dockerfile",
        "dockerfile_inline",
        "entitlements",
        "extra_hosts",
        "isolation",
        "labels",
        "network",
        "no_cache",
        "platforms",
        "privileged",
        "pull",
        "secrets",
        "shm_size",
        "ssh",
        "tags",
        "target",
        "ulimits",
    ],
    refused: &[],
    harmless: &[("provenance", ATTESTATION), ("sbom", ATTESTATION)],
};

/// `healthcheck`.
pub(super) const HEALTHCHECK: Table = Table {
    of: "`healthcheck`",
    carried: &[
        "disable",
        "interval",
        "retries",
        "start_interval",
        "start_period",
        "test",
        "timeout",
    ],
    refused: &[],
    harmless: &[],
};

/// An entry of a service's `ports`.
pub(super) const PORT: Table = Table {
    of: "a port",
    carried: &["host_ip", "mode", "protocol", "published", "target"],
    refused: &[],
    harmless: &[("app_protocol", "it only informs"), ("name", "it only informs")],
};

/// An entry of a service's `volumes`.
pub(super) const MOUNT: Table = Table {
    of: "a mount",
    carried: &[
        "bind",
        "consistency",
        "image",
        "read_only",
        "source",
        "target",
        "tmpfs",
        "type",
        "volume",
    ],
    refused: &[],
    harmless: &[],
};

/// `bind` of a mount.
pub(super) const MOUNT_BIND: Table = Table {
    of: "`bind`",
    carried: &["create_host_path", "propagation", "recursive", "selinux"],
    refused: &[],
    harmless: &[],
};

/// `volume` and `image` of a mount.
pub(super) const MOUNT_VOLUME: Table = Table {
    of: "`volume` and `image`",
    carried: &["labels", "nocopy", "subpath"],
    refused: &[],
    harmless: &[],
};

/// A service's attachment to a network.
pub(super) const ATTACHMENT: Table = Table {
    of: "an attachment to a network",
    carried: &[
        "aliases",
        "driver_opts",
        "gw_priority",
        "interface_name",
        "ipv4_address",
        "ipv6_address",
        "link_local_ips",
        "mac_address",
        "priority",
    ],
    refused: &[],
    harmless: &[],
};

/// `deploy`.
pub(super) const DEPLOY: Table = Table {
    of: "`deploy`",
    carried: &["mode", "replicas", "resources", "restart_policy", "update_config"],
    refused: &[],
    harmless: &[
        ("endpoint_mode", "a service's name leads to each of its replicas, as `dnsrr` says"),
        ("labels", "only a Swarm keeps services, which would bear them"),
        ("placement", "a deployment runs on the one engine that it names"),
        ("rollback_config", "what fails stays as it was, and nothing is rolled back by steps"),
    ],
};

/// `deploy.resources.limits`.
pub(super) const LIMITS: Table = Table {
    of: "`limits`",
    carried: &["cpus", "memory", "pids"],
    refused: &[
        ("devices", "only reservations have them"),
        ("generic_resources", "only a Swarm has them"),
    ],
    harmless: &[],
};

/// `deploy.update_config`.
pub(super) const UPDATE: Table = Table {
    of: "`update_config`",
    carried: &["delay", "failure_action", "monitor", "order", "parallelism"],
    refused: &[],
    harmless: &[("max_failure_ratio", "the first replica that fails stops an update")],
};

/// `deploy.restart_policy`; Compose itself ignores the two harmless ones.
pub(super) const RESTART: Table = Table {
    of: "`restart_policy`",
    carried: &["condition", "max_attempts"],
    refused: &[],
    harmless: &[("delay", "Compose ignores it"), ("window", "Compose ignores it")],
};

/// `deploy.resources`.
pub(super) const RESOURCES: Table =
    Table { of: "`resources`", carried: &["limits", "reservations"], refused: &[], harmless: &[] };

/// `deploy.resources.reservations`.
pub(super) const RESERVATIONS: Table = Table {
    of: "`reservations`",
    carried: &["devices", "memory"],
    refused: &[("generic_resources", "only a Swarm has them")],
    harmless: &[("cpus", "only a Swarm reserves CPUs")],
};

/// An entry of `pre_start`, `post_start` or `pre_stop`.
pub(super) const HOOK: Table = Table {
    of: "a hook",
    carried: &[
        "command",
        "environment",
        "image",
        "per_replica",
        "privileged",
        "user",
        "working_dir",
    ],
    refused: &[],
    harmless: &[],
};

/// Every table, for the published list.
#[cfg(test)]
pub(super) const ALL: &[&Table] = &[
    &TOP,
    &SERVICE,
    &BUILD,
    &HEALTHCHECK,
    &PORT,
    &MOUNT,
    &MOUNT_BIND,
    &MOUNT_VOLUME,
    &ATTACHMENT,
    &DEPLOY,
    &RESOURCES,
    &RESERVATIONS,
    &LIMITS,
    &UPDATE,
    &HOOK,
    &RESTART,
    &NETWORK,
    &IPAM,
    &IPAM_POOL,
    &VOLUME,
    &FILE,
];
