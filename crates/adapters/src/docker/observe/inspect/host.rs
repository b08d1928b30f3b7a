//! `HostConfig` of an inspect answer: what a container has of the host.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::{RestartPolicyNameEnum, ThrottleDevice};

use super::{published, said};
use crate::docker::wire::answer::{HostConfig, LogConfig};
use model::limits::{Blkio, Limits, Ulimit};
use model::privilege::{Device, DeviceRequest, Devices, Privileges};
use model::share::Namespace;
use model::spec::{ContainerSpec, Logging, RestartPolicy};

/// Everything but mounts.
pub(super) fn read(spec: &mut ContainerSpec, host: HostConfig) {
    spec.limits = limits(&host);
    spec.restart = restart(&host);
    spec.published = published(host.port_bindings.unwrap_or_default());
    spec.privileges = Privileges {
        privileged: host.privileged.unwrap_or_default(),
        cap_add: capabilities(host.cap_add),
        cap_drop: capabilities(host.cap_drop),
        security_opt: set(host.security_opt),
        // A privileged container has none of these lists anyway.
        system_paths: host.masked_paths.is_some_and(|paths| paths.is_empty())
            && host.privileged != Some(true),
        groups: set(host.group_add),
    };
    spec.devices = Devices {
        mapped: host.devices.into_iter().flatten().filter_map(device).collect(),
        rules: set(host.device_cgroup_rules),
        requests: host.device_requests.into_iter().flatten().map(request).collect(),
    };
    spec.logging = host.log_config.map(logging).unwrap_or_default();
    spec.uts = namespace(host.uts_mode.as_deref());
    spec.userns = namespace(host.userns_mode.as_deref());
    spec.cgroup = namespace(host.cgroupns_mode.as_deref());
    spec.read_only = host.readonly_rootfs.unwrap_or_default();
    spec.init = host.init;
    spec.extra_hosts = set(host.extra_hosts);
    spec.dns = host.dns.unwrap_or_default();
    spec.dns_search = host.dns_search.unwrap_or_default();
    spec.dns_options = host.dns_options.unwrap_or_default();
    spec.sysctls = host.sysctls.unwrap_or_default();
    spec.storage_options = host.storage_opt.unwrap_or_default();
    spec.annotations = host.annotations.unwrap_or_default();
    spec.runtime = said(host.runtime);
    spec.isolation = said(host.isolation);
}

fn limits(host: &HostConfig) -> Limits {
    let number = |value: Option<i64>| value.unwrap_or_default();
    Limits {
        memory: number(host.memory),
        memory_reservation: number(host.memory_reservation),
        memory_swap: number(host.memory_swap),
        swappiness: host.memory_swappiness.filter(|value| *value >= 0),
        oom_kill_disable: host.oom_kill_disable.unwrap_or_default(),
        oom_score_adj: number(host.oom_score_adj),
        nano_cpus: number(host.nano_cpus),
        cpu_shares: number(host.cpu_shares),
        cpu_period: number(host.cpu_period),
        cpu_quota: number(host.cpu_quota),
        cpu_rt_period: number(host.cpu_realtime_period),
        cpu_rt_runtime: number(host.cpu_realtime_runtime),
        cpuset: host.cpuset_cpus.clone().unwrap_or_default(),
        cpu_count: number(host.cpu_count),
        cpu_percent: number(host.cpu_percent),
        pids: number(host.pids_limit).max(0),
        shm_size: number(host.shm_size),
        cgroup_parent: host.cgroup_parent.clone().unwrap_or_default(),
        ulimits: host
            .ulimits
            .iter()
            .flatten()
            .filter_map(|limit| {
                let (soft, hard) = (limit.soft.unwrap_or_default(), limit.hard.unwrap_or_default());
                Some((limit.name.clone()?, Ulimit { soft, hard }))
            })
            .collect(),
        blkio: blkio(host),
    }
}

fn blkio(host: &HostConfig) -> Blkio {
    let rates = |devices: &Option<Vec<ThrottleDevice>>| -> BTreeMap<String, i64> {
        let devices = devices.iter().flatten();
        devices.filter_map(|device| Some((device.path.clone()?, device.rate?))).collect()
    };
    let weights = host.blkio_weight_device.iter().flatten();
    Blkio {
        weight: host.blkio_weight.unwrap_or_default(),
        weight_device: weights
            .filter_map(|device| Some((device.path.clone()?, device.weight?.try_into().ok()?)))
            .collect(),
        read_bps: rates(&host.blkio_device_read_bps),
        read_iops: rates(&host.blkio_device_read_iops),
        write_bps: rates(&host.blkio_device_write_bps),
        write_iops: rates(&host.blkio_device_write_iops),
    }
}

fn restart(host: &HostConfig) -> RestartPolicy {
    let Some(policy) = &host.restart_policy else { return RestartPolicy::No };
    match policy.name {
        Some(RestartPolicyNameEnum::ALWAYS) => RestartPolicy::Always,
        Some(RestartPolicyNameEnum::UNLESS_STOPPED) => RestartPolicy::UnlessStopped,
        Some(RestartPolicyNameEnum::ON_FAILURE) => {
            let times = policy.maximum_retry_count.unwrap_or_default();
            RestartPolicy::OnFailure(u32::try_from(times).unwrap_or_default())
        }
        Some(RestartPolicyNameEnum::NO | RestartPolicyNameEnum::EMPTY) | None => RestartPolicy::No,
    }
}

fn device(seen: bollard::models::DeviceMapping) -> Option<(String, Device)> {
    let permissions = seen.cgroup_permissions.unwrap_or_default();
    Some((seen.path_in_container?, Device { host: seen.path_on_host?, permissions }))
}

fn request(seen: bollard::models::DeviceRequest) -> DeviceRequest {
    DeviceRequest {
        driver: seen.driver.unwrap_or_default(),
        count: seen.count.unwrap_or_default(),
        ids: seen.device_ids.unwrap_or_default(),
        capabilities: seen.capabilities.unwrap_or_default(),
        options: seen.options.unwrap_or_default().into_iter().collect(),
    }
}

fn logging(seen: LogConfig) -> Logging {
    Logging { driver: said(seen.typ), options: seen.config.unwrap_or_default() }
}

fn namespace(mode: Option<&str>) -> Namespace {
    match mode {
        Some("host") => Namespace::Host,
        Some("private") => Namespace::Private,
        _ => Namespace::Default,
    }
}

fn capabilities(names: Option<Vec<String>>) -> BTreeSet<String> {
    let names = names.unwrap_or_default().into_iter().map(|name| name.to_ascii_uppercase());
    names.map(|name| name.trim_start_matches("CAP_").to_owned()).collect()
}

fn set(items: Option<Vec<String>>) -> BTreeSet<String> {
    items.unwrap_or_default().into_iter().collect()
}
