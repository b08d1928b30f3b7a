//! What `GET /info` says of what an engine can do.

use super::said;
use crate::docker::wire::answer::Info;
use model::ability::Abilities;

/// What the engine can do; the API version is not in it.
pub(in crate::docker) fn abilities(info: Info) -> Abilities {
    // What an engine does not speak of, it has.
    let lacks = |ability: Option<bool>| ability == Some(false);
    let os = said(info.os_type).unwrap_or_else(|| "linux".to_owned());
    let second = info.cgroup_version.as_deref() == Some("2");
    let lacking = [
        ("mem_limit", lacks(info.memory_limit)),
        ("memswap_limit", lacks(info.swap_limit) || lacks(info.memory_limit)),
        ("mem_swappiness", second),
        ("oom_kill_disable", second || lacks(info.oom_kill_disable)),
        ("cpus", lacks(info.cpu_cfs_period) || lacks(info.cpu_cfs_quota)),
        ("cpu_period", lacks(info.cpu_cfs_period)),
        ("cpu_quota", lacks(info.cpu_cfs_quota)),
        ("cpu_shares", lacks(info.cpu_shares)),
        ("cpuset", lacks(info.cpu_set)),
        ("pids_limit", lacks(info.pids_limit)),
        ("cpu_percent", os != "windows"),
    ];
    let lacking = lacking.into_iter().filter(|(_, lacks)| *lacks);
    Abilities {
        dropped: lacking.map(|(field, _)| field.to_owned()).collect(),
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
