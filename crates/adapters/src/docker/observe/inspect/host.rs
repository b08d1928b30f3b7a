//! `HostConfig` of an inspect answer: what a container has of the host.

use bollard::models::{ResourcesUlimits, RestartPolicyNameEnum};

use super::{non_empty, published};
use crate::docker::wire::answer::{HostConfig, LogConfig};
use model::limits::Ulimit;
use model::privilege::{Device, DeviceRequest};
use model::spec::{ContainerSpec, Logging, RestartPolicy};

/// Everything but plain fields and mounts.
pub(super) fn read(spec: &mut ContainerSpec, host: HostConfig) {
    spec.restart = restart(&host);
    spec.published = published(host.port_bindings.unwrap_or_default());
    spec.privileges.security_opt = host.security_opt.into_iter().flatten().collect();
    // A privileged container has none of these lists anyway.
    spec.privileges.system_paths =
        host.masked_paths.is_some_and(|paths| paths.is_empty()) && !spec.privileges.privileged;
    spec.devices.mapped = host.devices.into_iter().flatten().filter_map(device).collect();
    spec.devices.requests = host.device_requests.into_iter().flatten().map(request).collect();
    spec.logging = host.log_config.map(logging).unwrap_or_default();
    spec.limits.ulimits = host.ulimits.into_iter().flatten().filter_map(ulimit).collect();
}

fn ulimit(seen: ResourcesUlimits) -> Option<(String, Ulimit)> {
    let (soft, hard) = (seen.soft.unwrap_or_default(), seen.hard.unwrap_or_default());
    Some((seen.name?, Ulimit { soft, hard }))
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
    Logging { driver: non_empty(seen.typ), options: seen.config.unwrap_or_default() }
}
