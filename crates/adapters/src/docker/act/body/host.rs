//! `HostConfig`: a container's access to the host, and the parts that change in place.

use bollard::models::{
    ContainerUpdateBody, DeviceMapping, DeviceRequest as ApiDeviceRequest, HostConfig,
    HostConfigLogConfig, ResourcesUlimits,
};

use super::mounts::Mounts;
use super::{filled, port_bindings, restart_policy, texts};
use crate::docker::act::joined;
use crate::docker::plain;
use model::action::{Create, Resources};
use model::limits::Ulimit;
use model::privilege::{Device, DeviceRequest};
use model::spec::{ContainerSpec, Logging};

/// What is no plain field of it.
pub(super) fn host_config(create: &Create, mounts: Mounts) -> HostConfig {
    let spec = &create.spec;
    HostConfig {
        binds: filled(mounts.binds),
        mounts: filled(mounts.structured),
        tmpfs: texts(&spec.tmpfs),
        network_mode: Some(joined::network_mode(create)),
        ipc_mode: joined::mode(create, &spec.ipc),
        pid_mode: joined::mode(create, &spec.pid),
        volumes_from: filled(joined::volumes_from(create)),
        links: filled(spec.links.iter().cloned().collect()),
        port_bindings: port_bindings(spec),
        restart_policy: Some(restart_policy(spec.restart)),
        log_config: log_config(&spec.logging),
        ulimits: filled(spec.limits.ulimits.iter().map(ulimit).collect()),
        security_opt: filled(spec.privileges.security_opt.iter().cloned().collect()),
        // Empty is not absent: it switches the engine's own lists off.
        masked_paths: spec.privileges.system_paths.then(Vec::new),
        readonly_paths: spec.privileges.system_paths.then(Vec::new),
        devices: filled(spec.devices.mapped.iter().map(mapping).collect()),
        device_requests: filled(spec.devices.requests.iter().map(request).collect()),
        ..HostConfig::default()
    }
}

/// The body that changes limits in place.
pub(in crate::docker) fn update(resources: &Resources) -> ContainerUpdateBody {
    let mut spec = ContainerSpec { limits: resources.limits.clone(), ..ContainerSpec::default() };
    // What the engine itself chose at creation. Without it a larger limit is refused.
    spec.limits.memory_swap = spec.limits.memory_and_swap();
    let body: ContainerUpdateBody = serde_json::from_value(plain::in_place(&spec).into())
        .expect("BUG: a plain field's form is not its member's type");
    ContainerUpdateBody { restart_policy: Some(restart_policy(resources.restart)), ..body }
}

fn mapping((target, device): (&String, &Device)) -> DeviceMapping {
    DeviceMapping {
        path_on_host: Some(device.host.clone()),
        path_in_container: Some(target.clone()),
        cgroup_permissions: Some(device.permissions.clone()),
    }
}

fn request(request: &DeviceRequest) -> ApiDeviceRequest {
    ApiDeviceRequest {
        driver: Some(request.driver.clone()).filter(|driver| !driver.is_empty()),
        count: Some(request.count).filter(|count| *count != 0),
        device_ids: filled(request.ids.clone()),
        capabilities: filled(request.capabilities.clone()),
        options: texts(&request.options),
    }
}

fn log_config(logging: &Logging) -> Option<HostConfigLogConfig> {
    let config = texts(&logging.options);
    (logging.driver.is_some() || config.is_some())
        .then(|| HostConfigLogConfig { typ: logging.driver.clone(), config })
}

fn ulimit((name, limit): (&String, &Ulimit)) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.clone()), soft: Some(limit.soft), hard: Some(limit.hard) }
}
