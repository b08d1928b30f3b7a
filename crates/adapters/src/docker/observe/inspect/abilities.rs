//! What `GET /info` says of an engine's abilities.

use super::non_empty;
use crate::docker::wire::answer::Info;
use model::ability::Abilities;
use model::field::Kernel;
use model::fields;
use model::spec::ContainerSpec;

/// What the engine can do; not its API version, and not whether it has
/// BuildKit, which is not in it.
pub(in crate::docker) fn abilities(info: Info) -> Abilities {
    // What an engine does not speak of, it has.
    let lacks = |ability: Option<bool>| ability == Some(false);
    let os = non_empty(info.os_type).unwrap_or_else(|| "linux".to_owned());
    let second = info.cgroup_version.as_deref() == Some("2");
    let lacking = |kernel| match kernel {
        Kernel::Memory => lacks(info.memory_limit),
        Kernel::Swap => lacks(info.swap_limit) || lacks(info.memory_limit),
        Kernel::FirstCgroups => second,
        Kernel::OomKiller => second || lacks(info.oom_kill_disable),
        Kernel::PeriodAndQuota => lacks(info.cpu_cfs_period) || lacks(info.cpu_cfs_quota),
        Kernel::Period => lacks(info.cpu_cfs_period),
        Kernel::Quota => lacks(info.cpu_cfs_quota),
        Kernel::Shares => lacks(info.cpu_shares),
        Kernel::Cpuset => lacks(info.cpu_set),
        Kernel::Pids => lacks(info.pids_limit),
        Kernel::Windows => os != "windows",
        Kernel::Untold => false,
    };
    let dropped =
        fields::plain::<ContainerSpec>().filter(|field| field.kernel.is_some_and(lacking));
    Abilities {
        dropped: dropped.map(|field| field.key.to_owned()).collect(),
        os,
        ..Abilities::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_lacks_is_known_from_flags() {
        let info = Info {
            cgroup_version: Some("2".to_owned()),
            swap_limit: Some(false),
            ..Info::default()
        };
        let abilities = abilities(info);
        for dropped in ["memswap_limit", "mem_swappiness", "oom_kill_disable"] {
            assert!(abilities.drops(dropped), "{dropped}");
        }
        for kept in ["mem_limit", "mem_swap", "pids_limit", "cpus"] {
            assert!(!abilities.drops(kept), "{kept}");
        }
    }
}
