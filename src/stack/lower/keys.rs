//! Every key of the Compose Specification, and what becomes of it here: carried, refused
//! with its position, or harmless and only named in a warning.

use crate::text::report::Reporter;
use crate::text::suggest::did_you_mean;
use crate::text::yaml::Entry;

/// The keys of one kind of map.
pub(super) struct Table {
    /// What has these keys, for messages.
    pub(super) of: &'static str,
    /// What is carried.
    pub(super) carried: &'static [&'static str],
    /// What is valid Compose and refused, because leaving it out changes what runs.
    pub(super) refused: &'static [&'static str],
    /// What can be left out without changing what runs.
    pub(super) harmless: &'static [&'static str],
}

impl Table {
    /// Whether an entry is to be read. If not, the reason has been reported.
    pub(super) fn admits(&self, entry: &Entry, report: &Reporter) -> bool {
        let key = entry.key.as_str();
        if self.carried.contains(&key) {
            return true;
        }
        if key.starts_with("x-") {
            return false;
        }
        if self.harmless.contains(&key) {
            report.warn(entry.at, format!("`{key}` has no effect here"), None);
        } else if self.refused.contains(&key) {
            report.error(entry.at, format!("`{key}` is valid Compose, but not carried yet"));
        } else if !report.is_full() {
            let known = [self.carried, self.refused, self.harmless].into_iter().flatten().copied();
            report.refuse(
                entry.at,
                format!("`{key}` is not a key of {}", self.of),
                did_you_mean(key, known),
            );
        }
        false
    }
}

/// A stack file.
pub(super) const TOP: Table = Table {
    of: "a stack file",
    carried: &[
        "name",
        "version",
        "services",
        "networks",
        "volumes",
        "configs",
        "secrets",
        "x-reconciler",
    ],
    refused: &["include", "models"],
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
        "env_file",
        "environment",
        "expose",
        "extra_hosts",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "labels",
        "links",
        "mem_limit",
        "networks",
        "pids_limit",
        "ports",
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
        "working_dir",
        "x-reconciler",
    ],
    refused: &[
        "annotations",
        "blkio_config",
        "cgroup",
        "cgroup_parent",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpuset",
        "credential_spec",
        "device_cgroup_rules",
        "devices",
        "dns_opt",
        "dockerfile",
        "domainname",
        "extends",
        "external_links",
        "gpus",
        "group_add",
        "ipc",
        "isolation",
        "label_file",
        "log_driver",
        "log_opt",
        "logging",
        "mac_address",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "models",
        "net",
        "network_mode",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "platform",
        "post_start",
        "pre_start",
        "pre_stop",
        "privileged",
        "profiles",
        "provider",
        "pull_refresh_after",
        "runtime",
        "security_opt",
        "shm_size",
        "storage_opt",
        "sysctls",
        "ulimits",
        "use_api_socket",
        "userns_mode",
        "uts",
        "volume_driver",
        "volumes_from",
    ],
    harmless: &["attach", "develop"],
};

/// `build`.
pub(super) const BUILD: Table = Table {
    of: "`build`",
    carried: &["args", "context", "dockerfile", "labels", "target"],
    refused: &[
        "additional_contexts",
        "cache_from",
        "cache_to",
        "dockerfile_inline",
        "entitlements",
        "extra_hosts",
        "isolation",
        "network",
        "no_cache",
        "no_cache_filter",
        "platforms",
        "privileged",
        "provenance",
        "pull",
        "sbom",
        "secrets",
        "shm_size",
        "ssh",
        "tags",
        "ulimits",
    ],
    harmless: &[],
};

/// `healthcheck`.
pub(super) const HEALTHCHECK: Table = Table {
    of: "`healthcheck`",
    carried: &["disable", "interval", "retries", "start_period", "test", "timeout"],
    refused: &["start_interval"],
    harmless: &[],
};

/// An entry of a service's `ports`.
pub(super) const PORT: Table = Table {
    of: "a port",
    carried: &["host_ip", "mode", "protocol", "published", "target"],
    refused: &[],
    harmless: &["app_protocol", "name"],
};

/// An entry of a service's `volumes`.
pub(super) const MOUNT: Table = Table {
    of: "a mount",
    carried: &["bind", "read_only", "source", "target", "tmpfs", "type", "volume"],
    refused: &["image"],
    harmless: &["consistency"],
};

/// A service's attachment to a network.
pub(super) const ATTACHMENT: Table = Table {
    of: "an attachment to a network",
    carried: &["aliases", "ipv4_address", "ipv6_address"],
    refused: &[
        "driver_opts",
        "gw_priority",
        "interface_name",
        "link_local_ips",
        "mac_address",
        "priority",
    ],
    harmless: &[],
};

/// `deploy`.
pub(super) const DEPLOY: Table = Table {
    of: "`deploy`",
    carried: &["mode", "replicas", "resources", "restart_policy", "update_config"],
    refused: &["endpoint_mode", "labels", "placement", "rollback_config"],
    harmless: &[],
};

/// `deploy.resources.limits`.
pub(super) const LIMITS: Table = Table {
    of: "`limits`",
    carried: &["cpus", "memory", "pids"],
    refused: &["devices", "generic_resources"],
    harmless: &[],
};

/// `deploy.update_config`.
pub(super) const UPDATE: Table = Table {
    of: "`update_config`",
    carried: &["order", "parallelism"],
    refused: &["delay", "failure_action", "max_failure_ratio", "monitor"],
    harmless: &[],
};

/// `deploy.restart_policy`; Compose itself ignores the two harmless ones.
pub(super) const RESTART: Table = Table {
    of: "`restart_policy`",
    carried: &["condition", "max_attempts"],
    refused: &[],
    harmless: &["delay", "window"],
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
    refused: &["enable_ipv4"],
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
    carried: &["content", "environment", "file"],
    refused: &["driver", "driver_opts", "external", "template_driver"],
    harmless: &["labels", "name"],
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
    &ATTACHMENT,
    &DEPLOY,
    &LIMITS,
    &UPDATE,
    &RESTART,
    &NETWORK,
    &VOLUME,
    &FILE,
];
