//! `HostConfig`: what a container has of the host, and what of it changes in place.

use std::collections::BTreeMap;

use bollard::models::{
    ContainerUpdateBody, DeviceMapping, DeviceRequest as ApiDeviceRequest, HostConfig,
    HostConfigCgroupnsModeEnum, HostConfigIsolationEnum, HostConfigLogConfig,
    ResourcesBlkioWeightDevice, ResourcesUlimits, ThrottleDevice,
};

use super::mounts::Mounts;
use super::{filled, port_bindings, restart_policy, texts};
use crate::docker::act::joined;
use model::action::{Create, Resources};
use model::limits::{Limits, Ulimit};
use model::privilege::{Device, DeviceRequest, Devices, Privileges};
use model::share::Namespace;
use model::spec::Logging;

pub(super) fn host_config(create: &Create, mounts: Mounts) -> HostConfig {
    let spec = &create.spec;
    let mut host = HostConfig {
        binds: filled(mounts.binds),
        mounts: filled(mounts.structured),
        tmpfs: texts(&spec.tmpfs),
        network_mode: Some(joined::network_mode(create)),
        ipc_mode: joined::mode(create, &spec.ipc),
        pid_mode: joined::mode(create, &spec.pid),
        volumes_from: filled(joined::volumes_from(create)),
        links: filled(spec.links.iter().cloned().collect()),
        uts_mode: mode(&spec.uts),
        userns_mode: mode(&spec.userns),
        cgroupns_mode: match spec.cgroup {
            Namespace::Host => Some(HostConfigCgroupnsModeEnum::HOST),
            Namespace::Private => Some(HostConfigCgroupnsModeEnum::PRIVATE),
            _ => None,
        },
        port_bindings: port_bindings(spec),
        restart_policy: Some(restart_policy(spec.restart)),
        readonly_rootfs: Some(spec.read_only),
        init: spec.init,
        extra_hosts: filled(spec.extra_hosts.iter().cloned().collect()),
        dns: filled(spec.dns.clone()),
        dns_search: filled(spec.dns_search.clone()),
        dns_options: filled(spec.dns_options.clone()),
        sysctls: texts(&spec.sysctls),
        storage_opt: texts(&spec.storage_options),
        annotations: texts(&spec.annotations),
        runtime: spec.runtime.clone(),
        isolation: spec.isolation.as_deref().and_then(isolation),
        log_config: log_config(&spec.logging),
        ..HostConfig::default()
    };
    set_limits(&spec.limits, &mut host);
    set_privileges(&spec.privileges, &mut host);
    set_devices(&spec.devices, &mut host);
    host
}

/// The body that changes limits in place. The engine takes 0 for "leave as it is", so a
/// limit can be changed, but not lifted, this way; only that of processes can be.
pub(in crate::docker) fn update(resources: &Resources) -> ContainerUpdateBody {
    let limits = &resources.limits;
    ContainerUpdateBody {
        memory: limit(limits.memory),
        memory_reservation: limit(limits.memory_reservation),
        // What the engine itself chose at creation. Without it a larger limit is refused.
        memory_swap: limit(limits.memory_and_swap()),
        nano_cpus: limit(limits.nano_cpus),
        cpu_shares: limit(limits.cpu_shares),
        cpu_period: limit(limits.cpu_period),
        cpu_quota: limit(limits.cpu_quota),
        cpuset_cpus: word(&limits.cpuset),
        blkio_weight: (limits.blkio.weight != 0).then_some(limits.blkio.weight),
        pids_limit: Some(limits.pids),
        restart_policy: Some(restart_policy(resources.restart)),
        ..ContainerUpdateBody::default()
    }
}

fn set_limits(limits: &Limits, host: &mut HostConfig) {
    host.memory = limit(limits.memory);
    host.memory_reservation = limit(limits.memory_reservation);
    host.memory_swap = limit(limits.memory_swap);
    host.memory_swappiness = limits.swappiness;
    host.oom_kill_disable = limits.oom_kill_disable.then_some(true);
    host.oom_score_adj = limit(limits.oom_score_adj);
    host.nano_cpus = limit(limits.nano_cpus);
    host.cpu_shares = limit(limits.cpu_shares);
    host.cpu_period = limit(limits.cpu_period);
    host.cpu_quota = limit(limits.cpu_quota);
    host.cpu_realtime_period = limit(limits.cpu_rt_period);
    host.cpu_realtime_runtime = limit(limits.cpu_rt_runtime);
    host.cpuset_cpus = word(&limits.cpuset);
    host.cpu_count = limit(limits.cpu_count);
    host.cpu_percent = limit(limits.cpu_percent);
    host.pids_limit = limit(limits.pids);
    host.shm_size = limit(limits.shm_size);
    host.cgroup_parent = word(&limits.cgroup_parent);
    host.ulimits = filled(limits.ulimits.iter().map(ulimit).collect());
    let blkio = &limits.blkio;
    host.blkio_weight = (blkio.weight != 0).then_some(blkio.weight);
    let weight = |(path, weight): (&String, &u16)| ResourcesBlkioWeightDevice {
        path: Some(path.clone()),
        weight: Some(usize::from(*weight)),
    };
    host.blkio_weight_device = filled(blkio.weight_device.iter().map(weight).collect());
    host.blkio_device_read_bps = throttle(&blkio.read_bps);
    host.blkio_device_read_iops = throttle(&blkio.read_iops);
    host.blkio_device_write_bps = throttle(&blkio.write_bps);
    host.blkio_device_write_iops = throttle(&blkio.write_iops);
}

fn set_privileges(privileges: &Privileges, host: &mut HostConfig) {
    host.privileged = privileges.privileged.then_some(true);
    host.cap_add = filled(privileges.cap_add.iter().cloned().collect());
    host.cap_drop = filled(privileges.cap_drop.iter().cloned().collect());
    host.security_opt = filled(privileges.security_opt.iter().cloned().collect());
    host.group_add = filled(privileges.groups.iter().cloned().collect());
    if privileges.system_paths {
        // Empty is not absent: it switches the engine's own lists off.
        host.masked_paths = Some(Vec::new());
        host.readonly_paths = Some(Vec::new());
    }
}

fn set_devices(devices: &Devices, host: &mut HostConfig) {
    let mapping = |(target, device): (&String, &Device)| DeviceMapping {
        path_on_host: Some(device.host.clone()),
        path_in_container: Some(target.clone()),
        cgroup_permissions: Some(device.permissions.clone()),
    };
    let request = |request: &DeviceRequest| ApiDeviceRequest {
        driver: word(&request.driver),
        count: limit(request.count),
        device_ids: filled(request.ids.clone()),
        capabilities: filled(request.capabilities.clone()),
        options: texts(&request.options),
    };
    host.devices = filled(devices.mapped.iter().map(mapping).collect());
    host.device_cgroup_rules = filled(devices.rules.iter().cloned().collect());
    host.device_requests = filled(devices.requests.iter().map(request).collect());
}

fn log_config(logging: &Logging) -> Option<HostConfigLogConfig> {
    let config = texts(&logging.options);
    (logging.driver.is_some() || config.is_some())
        .then(|| HostConfigLogConfig { typ: logging.driver.clone(), config })
}

fn isolation(word: &str) -> Option<HostConfigIsolationEnum> {
    match word {
        "default" => Some(HostConfigIsolationEnum::DEFAULT),
        "process" => Some(HostConfigIsolationEnum::PROCESS),
        "hyperv" => Some(HostConfigIsolationEnum::HYPERV),
        _ => None,
    }
}

fn throttle(rates: &BTreeMap<String, i64>) -> Option<Vec<ThrottleDevice>> {
    let device = |(path, rate): (&String, &i64)| ThrottleDevice {
        path: Some(path.clone()),
        rate: Some(*rate),
    };
    filled(rates.iter().map(device).collect())
}

fn ulimit((name, limit): (&String, &Ulimit)) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.clone()), soft: Some(limit.soft), hard: Some(limit.hard) }
}

fn mode(namespace: &Namespace) -> Option<String> {
    word(&namespace.to_string())
}

fn word(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn limit(value: i64) -> Option<i64> {
    (value != 0).then_some(value)
}
