//! The published table of what is compared of a container, and what a difference in each
//! field costs.

/// What a difference in a field costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Changed as the container runs.
    InPlace,
    /// The container is replaced.
    Recreate,
    /// The container is replaced, and data in a volume is at stake.
    RecreateWithData,
}

/// The table of fields: the first part of a fact's path, its class, and what is compared.
pub const FIELDS: &[(&str, Class, &str)] = &[
    ("annotations", Class::Recreate, "each annotation"),
    ("blkio_config", Class::Recreate, "`HostConfig.Blkio…`: weights, rates of each device"),
    ("cap_add", Class::Recreate, "capabilities added"),
    ("cap_drop", Class::Recreate, "capabilities dropped"),
    ("cgroup", Class::Recreate, "`HostConfig.CgroupnsMode`, if the stack sets one"),
    ("cgroup_parent", Class::Recreate, "`HostConfig.CgroupParent`"),
    ("command", Class::Recreate, "`Config.Cmd`, image default included"),
    ("cpu_count", Class::Recreate, "`HostConfig.CpuCount`"),
    ("cpu_percent", Class::Recreate, "`HostConfig.CpuPercent`"),
    ("cpu_period", Class::InPlace, "`HostConfig.CpuPeriod`"),
    ("cpu_quota", Class::InPlace, "`HostConfig.CpuQuota`"),
    ("cpu_rt_period", Class::Recreate, "`HostConfig.CpuRealtimePeriod`"),
    ("cpu_rt_runtime", Class::Recreate, "`HostConfig.CpuRealtimeRuntime`"),
    ("cpu_shares", Class::InPlace, "`HostConfig.CpuShares`"),
    ("cpus", Class::InPlace, "`HostConfig.NanoCpus`"),
    ("cpuset", Class::InPlace, "`HostConfig.CpusetCpus`"),
    ("device_cgroup_rules", Class::Recreate, "`HostConfig.DeviceCgroupRules`"),
    (
        "device_requests",
        Class::Recreate,
        "`HostConfig.DeviceRequests`: `gpus`, reserved devices, CDI names",
    ),
    ("devices", Class::Recreate, "`HostConfig.Devices`: each path, its source and permissions"),
    (
        "dns",
        Class::Recreate,
        "`HostConfig.Dns`, in order; if the stack sets none, what it set before",
    ),
    ("dns_opt", Class::Recreate, "`HostConfig.DnsOptions`, in order"),
    ("dns_search", Class::Recreate, "`HostConfig.DnsSearch`, in order; likewise"),
    ("domainname", Class::Recreate, "`Config.Domainname`"),
    ("entrypoint", Class::Recreate, "`Config.Entrypoint`, image default included"),
    ("environment", Class::Recreate, "each variable, image defaults included"),
    ("expose", Class::Recreate, "`Config.ExposedPorts`, image defaults included"),
    ("extra_hosts", Class::Recreate, "`HostConfig.ExtraHosts`"),
    ("files", Class::Recreate, "content of configs, secrets and files of the tree"),
    ("group_add", Class::Recreate, "`HostConfig.GroupAdd`"),
    ("healthcheck", Class::Recreate, "each part, image default included"),
    ("hostname", Class::Recreate, "`Config.Hostname`, if the stack sets one"),
    ("image", Class::Recreate, "the image's files and defaults, never its tag"),
    ("init", Class::Recreate, "`HostConfig.Init`"),
    ("ipc", Class::Recreate, "`HostConfig.IpcMode`, if the stack sets one"),
    ("isolation", Class::Recreate, "`HostConfig.Isolation`"),
    ("labels", Class::Recreate, "each label but identity labels, image defaults included"),
    ("links", Class::Recreate, "`HostConfig.Links`, on the engine's own bridge"),
    (
        "logging",
        Class::Recreate,
        "`HostConfig.LogConfig`: the driver and each option, those that the stack sets",
    ),
    ("mac_address", Class::Recreate, "the address on each network, if the stack sets one"),
    ("mem_limit", Class::InPlace, "`HostConfig.Memory`"),
    ("mem_reservation", Class::InPlace, "`HostConfig.MemoryReservation`"),
    ("mem_swappiness", Class::Recreate, "`HostConfig.MemorySwappiness`"),
    (
        "memswap_limit",
        Class::InPlace,
        "`HostConfig.MemorySwap`; twice the memory if the stack sets none",
    ),
    (
        "mount_options",
        Class::Recreate,
        "of each mount: propagation, recursion, SELinux label, subpath, labels, consistency",
    ),
    ("network_mode", Class::Recreate, "`HostConfig.NetworkMode`: the host's, or whose"),
    ("networks", Class::InPlace, "which networks it is attached to"),
    (
        "network_config",
        Class::Recreate,
        "on each network: aliases, links, fixed addresses, interface, options",
    ),
    ("oom_kill_disable", Class::Recreate, "`HostConfig.OomKillDisable`"),
    ("oom_score_adj", Class::Recreate, "`HostConfig.OomScoreAdj`"),
    ("pid", Class::Recreate, "`HostConfig.PidMode`: the host's, or whose"),
    ("pids_limit", Class::InPlace, "`HostConfig.PidsLimit`"),
    ("ports", Class::Recreate, "`HostConfig.PortBindings`"),
    ("pre_start", Class::Recreate, "the definition of the init containers"),
    ("privileged", Class::Recreate, "`HostConfig.Privileged`"),
    ("read_only", Class::Recreate, "`HostConfig.ReadonlyRootfs`"),
    ("restart", Class::InPlace, "`HostConfig.RestartPolicy`"),
    ("runtime", Class::Recreate, "`HostConfig.Runtime`, if the stack sets one"),
    (
        "security_opt",
        Class::Recreate,
        "`HostConfig.SecurityOpt`, `MaskedPaths` and `ReadonlyPaths`",
    ),
    ("shm_size", Class::Recreate, "`HostConfig.ShmSize`, if the stack sets one"),
    ("stdin_open", Class::Recreate, "`Config.OpenStdin`"),
    ("stop_grace_period", Class::Recreate, "`Config.StopTimeout`, if the stack sets one"),
    ("stop_signal", Class::Recreate, "`Config.StopSignal`, image default included"),
    ("storage_opt", Class::Recreate, "`HostConfig.StorageOpt`"),
    ("sysctls", Class::Recreate, "`HostConfig.Sysctls`"),
    ("tmpfs", Class::Recreate, "each tmpfs and its options"),
    ("tty", Class::Recreate, "`Config.Tty`"),
    ("ulimits", Class::Recreate, "`HostConfig.Ulimits`, those that the stack sets"),
    ("user", Class::Recreate, "`Config.User`, image default included"),
    ("userns_mode", Class::Recreate, "`HostConfig.UsernsMode`"),
    ("uts", Class::Recreate, "`HostConfig.UTSMode`"),
    (
        "volumes",
        Class::RecreateWithData,
        "each mount: source and mode; of a single file of a folder source, whether it is still \
         the file that was bound",
    ),
    ("volumes_from", Class::RecreateWithData, "`HostConfig.VolumesFrom`, in order"),
    ("working_dir", Class::Recreate, "`Config.WorkingDir`, image default included"),
];

/// Fields that the engine fills in where nobody says anything: an own value of it is
/// missed only if it was asked for when the container was made.
const FILLED_IN: &[&str] =
    &["cgroup", "ipc", "logging", "mac_address", "runtime", "shm_size", "ulimits"];

/// Fields that an engine takes and then drops where the kernel has no such thing, without
/// telling it beforehand.
const DROPPED: &[&str] = &["blkio_config"];

/// The class of a fact.
#[must_use]
pub fn class_of(path: &str) -> Class {
    let head = head(path);
    FIELDS.iter().find(|(name, ..)| *name == head).map_or(Class::Recreate, |(_, class, _)| *class)
}

/// Whether an engine may have chosen this fact by itself.
pub(super) fn is_filled_in(path: &str) -> bool {
    let head = head(path);
    FILLED_IN.contains(&head) || head == "mount_options" && path.ends_with(".propagation")
}

/// Whether an engine may have dropped this fact by itself.
pub(super) fn is_dropped(path: &str) -> bool {
    DROPPED.contains(&head(path))
}

/// Whether the operator may have set this fact where the stack says nothing.
pub(super) fn is_resolver(path: &str) -> bool {
    matches!(path, "dns" | "dns_search")
}

pub(super) fn head(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_field_is_twice_in_the_table_and_what_is_filled_in_is_one() {
        let names: BTreeSet<_> = FIELDS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), FIELDS.len());
        assert!(FILLED_IN.iter().all(|name| names.contains(name)));
    }
}
