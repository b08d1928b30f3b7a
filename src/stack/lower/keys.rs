//! Every key of the Compose Specification, and what becomes of it on an engine: carried,
//! refused with its position and the reason, or harmless and only named in a warning. That
//! a key is one is known from the loader.

use crate::compose::normal::RESOLVED;
use crate::stack::codes::{NO_EFFECT, REFUSED_KEY};
use crate::text::report::Reporter;
use crate::text::yaml::{Entry, Node, Value};

/// A key, and why it is not carried.
type Reason = (&'static str, &'static str);

/// The keys of one kind of map.
pub(super) struct Table {
    /// What has these keys, for messages.
    pub(super) of: &'static str,
    /// What is carried.
    pub(super) carried: &'static [&'static str],
    /// What is valid Compose and refused, because leaving it out changes what runs.
    pub(super) refused: &'static [Reason],
    /// What can be left out without changing what runs.
    pub(super) harmless: &'static [Reason],
}

/// Why a build may do without statements about itself.
const ATTESTATION: &str = "an engine's own call attaches no attestations to an image";
/// Why a key is refused for now.
const NOT_YET: &str = "it is not carried yet";

impl Table {
    /// The entries of a map that are to be read. What becomes of the others has been
    /// reported.
    pub(super) fn admitted<'n>(
        &self,
        node: &'n Node,
        report: &Reporter,
    ) -> impl Iterator<Item = &'n Entry> {
        let entries = report.map(self.of, node).iter();
        entries.filter(|entry| !says_nothing(&entry.value) && self.admits(entry, report))
    }

    /// Whether an entry is to be read. If not, the reason has been reported.
    fn admits(&self, entry: &Entry, report: &Reporter) -> bool {
        let key = entry.key.as_str();
        if self.carried.contains(&key) {
            return true;
        }
        // Which profiles enable a service is decided when it is loaded.
        if key.starts_with("x-") || key == RESOLVED || key == "profiles" {
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

/// Whether a value asks for nothing. (An empty list asks a command to be empty.)
fn says_nothing(node: &Node) -> bool {
    match &node.value {
        Value::Null => true,
        Value::Map(entries) => entries.is_empty(),
        Value::Scalar(_) | Value::List(_) => false,
    }
}

/// A stack file.
pub(super) const TOP: Table = Table {
    of: "a stack file",
    carried: &["name", "services", "networks", "volumes", "configs", "secrets", "x-reconciler"],
    refused: &[("models", "an engine runs no models")],
    harmless: &[],
};

/// A service. What a key means is in the module that reads it.
pub(super) const SERVICE: Table = Table {
    of: "a service",
    carried: &[
        "build",
        "cap_add",
        "cap_drop",
        "command",
        "configs",
        "container_name",
        "cpu_shares",
        "cpus",
        "depends_on",
        "deploy",
        "dns",
        "dns_search",
        "entrypoint",
        "environment",
        "expose",
        "external_links",
        "extra_hosts",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "ipc",
        "labels",
        "links",
        "mem_limit",
        "network_mode",
        "networks",
        "pid",
        "pids_limit",
        "ports",
        "post_start",
        "pre_start",
        "pre_stop",
        "pull_policy",
        "read_only",
        "restart",
        "scale",
        "secrets",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "tmpfs",
        "tty",
        "user",
        "volumes",
        "volumes_from",
        "working_dir",
        "x-reconciler",
    ],
    refused: &[
        ("annotations", NOT_YET),
        ("blkio_config", NOT_YET),
        ("cgroup", NOT_YET),
        ("cgroup_parent", NOT_YET),
        ("cpu_count", NOT_YET),
        ("cpu_percent", NOT_YET),
        ("cpu_period", NOT_YET),
        ("cpu_quota", NOT_YET),
        ("cpu_rt_period", NOT_YET),
        ("cpu_rt_runtime", NOT_YET),
        ("cpuset", NOT_YET),
        ("credential_spec", NOT_YET),
        ("device_cgroup_rules", NOT_YET),
        ("devices", NOT_YET),
        ("dns_opt", NOT_YET),
        ("domainname", NOT_YET),
        ("gpus", NOT_YET),
        ("group_add", NOT_YET),
        ("isolation", NOT_YET),
        ("logging", NOT_YET),
        ("mac_address", NOT_YET),
        ("mem_reservation", NOT_YET),
        ("mem_swappiness", NOT_YET),
        ("memswap_limit", NOT_YET),
        ("models", "an engine runs no models"),
        ("oom_kill_disable", NOT_YET),
        ("oom_score_adj", NOT_YET),
        ("platform", NOT_YET),
        ("privileged", NOT_YET),
        ("provider", "the service would be run by a program on the controller's machine"),
        ("pull_refresh_after", NOT_YET),
        ("runtime", NOT_YET),
        ("security_opt", NOT_YET),
        ("shm_size", NOT_YET),
        ("storage_opt", NOT_YET),
        ("sysctls", NOT_YET),
        ("ulimits", NOT_YET),
        ("use_api_socket", NOT_YET),
        ("userns_mode", NOT_YET),
        ("uts", NOT_YET),
    ],
    harmless: &[
        ("attach", "it only matters to a terminal"),
        ("develop", "it only matters while developing"),
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
    carried: &["disable", "interval", "retries", "start_period", "test", "timeout"],
    refused: &[("start_interval", NOT_YET)],
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
    carried: &["bind", "read_only", "source", "target", "tmpfs", "type", "volume"],
    refused: &[("image", NOT_YET)],
    harmless: &[("consistency", "only engines on a Mac knew it")],
};

/// `bind` of a mount.
pub(super) const MOUNT_BIND: Table = Table {
    of: "`bind`",
    carried: &["create_host_path"],
    refused: &[("propagation", NOT_YET), ("recursive", NOT_YET), ("selinux", NOT_YET)],
    harmless: &[],
};

/// `volume` of a mount.
pub(super) const MOUNT_VOLUME: Table = Table {
    of: "`volume`",
    carried: &["nocopy"],
    refused: &[("labels", NOT_YET), ("subpath", NOT_YET)],
    harmless: &[],
};

/// A service's attachment to a network.
pub(super) const ATTACHMENT: Table = Table {
    of: "an attachment to a network",
    carried: &["aliases", "ipv4_address", "ipv6_address"],
    refused: &[
        ("driver_opts", NOT_YET),
        ("gw_priority", NOT_YET),
        ("interface_name", NOT_YET),
        ("link_local_ips", NOT_YET),
        ("mac_address", NOT_YET),
        ("priority", NOT_YET),
    ],
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
    refused: &[("devices", NOT_YET), ("generic_resources", NOT_YET)],
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

/// A network.
pub(super) const NETWORK: Table = Table {
    of: "a network",
    carried: &[
        "attachable",
        "driver",
        "driver_opts",
        "enable_ipv6",
        "external",
        "internal",
        "ipam",
        "labels",
        "name",
    ],
    refused: &[("enable_ipv4", NOT_YET)],
    harmless: &[],
};

/// `ipam` of a network.
pub(super) const IPAM: Table = Table {
    of: "`ipam`",
    carried: &["config", "driver"],
    refused: &[("options", NOT_YET)],
    harmless: &[],
};

/// An entry of `ipam.config`.
pub(super) const IPAM_POOL: Table = Table {
    of: "`ipam.config`",
    carried: &["gateway", "ip_range", "subnet"],
    refused: &[("aux_addresses", NOT_YET)],
    harmless: &[],
};

/// `deploy.resources`.
pub(super) const RESOURCES: Table = Table {
    of: "`resources`",
    carried: &["limits"],
    refused: &[("reservations", NOT_YET)],
    harmless: &[],
};

/// A volume.
pub(super) const VOLUME: Table = Table {
    of: "a volume",
    carried: &["driver", "driver_opts", "external", "labels", "name"],
    refused: &[],
    harmless: &[],
};

/// A config or secret.
pub(super) const FILE: Table = Table {
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
    &LIMITS,
    &UPDATE,
    &super::hooks::KEYS,
    &RESTART,
    &NETWORK,
    &IPAM,
    &IPAM_POOL,
    &VOLUME,
    &FILE,
];
