//! What we want, as the bodies of the engine's API.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, ContainerUpdateBody, EndpointIpamConfig, EndpointSettings, HealthConfig,
    HostConfig, Ipam, IpamConfig, Mount as ApiMount, MountBindOptions, MountType,
    MountVolumeOptions, NetworkCreateRequest, NetworkingConfig, PortBinding,
    RestartPolicy as ApiRestartPolicy, RestartPolicyNameEnum, VolumeCreateRequest,
};

use crate::model::action::{Create, Resources};
use crate::model::id::VolumeName;
use crate::model::labels::OwnerLabels;
use crate::model::spec::{
    Attachment, ContainerSpec, Healthcheck, IpamPool, Mount, MountSource, NetworkSpec, Port,
    RestartPolicy, VolumeSpec,
};

/// The body that creates a container.
pub(super) fn container(create: &Create) -> ContainerCreateBody {
    let spec = &create.spec;
    let mut labels = spec.labels.clone();
    labels.extend(create.identity.encode());
    let mounts = Mounts::of(create);
    let published = spec.published.iter().map(|port| port.container);
    let mut exposed: Vec<Port> = spec.exposed.iter().copied().chain(published).collect();
    exposed.sort_unstable();
    exposed.dedup();
    ContainerCreateBody {
        image: Some(spec.image.to_string()),
        entrypoint: spec.entrypoint.clone(),
        cmd: spec.command.clone(),
        env: filled(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels.into_iter().collect()),
        user: spec.user.clone(),
        working_dir: spec.working_dir.clone(),
        hostname: spec.hostname.clone(),
        healthcheck: spec.healthcheck.as_ref().map(healthcheck),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout: spec.stop_timeout.map(i64::from),
        exposed_ports: filled(exposed.iter().map(ToString::to_string).collect()),
        volumes: filled(mounts.anonymous.clone()),
        tty: Some(spec.tty),
        open_stdin: Some(spec.stdin_open),
        networking_config: create.network.as_ref().map(|name| NetworkingConfig {
            endpoints_config: Some(
                [(name.to_string(), spec.networks.get(name).map(endpoint).unwrap_or_default())]
                    .into(),
            ),
        }),
        host_config: Some(host_config(create, mounts)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(create: &Create, mounts: Mounts) -> HostConfig {
    let spec = &create.spec;
    HostConfig {
        binds: filled(mounts.binds),
        mounts: filled(mounts.structured),
        tmpfs: (!spec.tmpfs.is_empty()).then(|| spec.tmpfs.clone().into_iter().collect()),
        network_mode: Some(create.network.as_ref().map_or("none", |name| name.as_str()).to_owned()),
        port_bindings: port_bindings(spec),
        restart_policy: Some(restart_policy(spec.restart)),
        memory: limit(spec.limits.memory),
        nano_cpus: limit(spec.limits.nano_cpus),
        cpu_shares: limit(spec.limits.cpu_shares),
        pids_limit: limit(spec.limits.pids),
        cap_add: filled(spec.privileges.cap_add.iter().cloned().collect()),
        cap_drop: filled(spec.privileges.cap_drop.iter().cloned().collect()),
        readonly_rootfs: Some(spec.read_only),
        init: spec.init,
        extra_hosts: filled(spec.extra_hosts.iter().cloned().collect()),
        dns: filled(spec.dns.clone()),
        dns_search: filled(spec.dns_search.clone()),
        ..HostConfig::default()
    }
}

/// The body that changes limits in place. The engine takes 0 for "leave as it is", so a
/// limit of memory, CPU or weight can be changed, but not lifted, this way.
pub(super) fn update(resources: &Resources) -> ContainerUpdateBody {
    let limits = &resources.limits;
    ContainerUpdateBody {
        memory: limit(limits.memory),
        // What the engine itself chose at creation. Without it a larger limit is refused.
        memory_swap: limit(limits.memory_and_swap()),
        nano_cpus: limit(limits.nano_cpus),
        cpu_shares: limit(limits.cpu_shares),
        pids_limit: Some(limits.pids),
        restart_policy: Some(restart_policy(resources.restart)),
        ..ContainerUpdateBody::default()
    }
}

/// The body that creates a network.
pub(super) fn network(network: &NetworkSpec, owner: &OwnerLabels) -> NetworkCreateRequest {
    let mut labels = network.labels.clone();
    labels.extend(owner.encode_network());
    NetworkCreateRequest {
        name: network.name.to_string(),
        driver: Some(network.driver.clone()),
        internal: Some(network.internal),
        attachable: Some(network.attachable),
        enable_ipv6: Some(network.ipv6),
        options: Some(network.driver_opts.clone().into_iter().collect()),
        labels: Some(labels.into_iter().collect()),
        ipam: (!network.pools.is_empty()).then(|| Ipam {
            config: Some(network.pools.iter().map(pool).collect()),
            ..Ipam::default()
        }),
        ..NetworkCreateRequest::default()
    }
}

/// The body that creates a named volume.
pub(super) fn volume(volume: &VolumeSpec, owner: &OwnerLabels) -> VolumeCreateRequest {
    let mut labels = volume.labels.clone();
    labels.extend(owner.encode_volume());
    VolumeCreateRequest {
        name: Some(volume.name.to_string()),
        driver: Some(volume.driver.clone()),
        driver_opts: Some(volume.driver_opts.clone().into_iter().collect()),
        labels: Some(labels.into_iter().collect()),
        ..VolumeCreateRequest::default()
    }
}

/// How a container is attached to a network.
pub(super) fn endpoint(attachment: &Attachment) -> EndpointSettings {
    let fixed = attachment.ipv4.is_some() || attachment.ipv6.is_some();
    EndpointSettings {
        aliases: filled(attachment.aliases.iter().cloned().collect()),
        links: filled(attachment.links.iter().cloned().collect()),
        ipam_config: fixed.then(|| EndpointIpamConfig {
            ipv4_address: attachment.ipv4.clone(),
            ipv6_address: attachment.ipv6.clone(),
            ..EndpointIpamConfig::default()
        }),
        ..EndpointSettings::default()
    }
}

fn pool(pool: &IpamPool) -> IpamConfig {
    IpamConfig {
        subnet: pool.subnet.clone(),
        ip_range: pool.ip_range.clone(),
        gateway: pool.gateway.clone(),
        ..IpamConfig::default()
    }
}

fn healthcheck(check: &Healthcheck) -> HealthConfig {
    let nanos = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    HealthConfig {
        test: filled(check.test.clone()),
        interval: check.interval.map(nanos),
        timeout: check.timeout.map(nanos),
        retries: check.retries.map(i64::from),
        start_period: check.start_period.map(nanos),
        ..HealthConfig::default()
    }
}

fn restart_policy(policy: RestartPolicy) -> ApiRestartPolicy {
    let (name, maximum) = match policy {
        RestartPolicy::No => (RestartPolicyNameEnum::NO, None),
        RestartPolicy::Always => (RestartPolicyNameEnum::ALWAYS, None),
        RestartPolicy::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        RestartPolicy::OnFailure(times) => (RestartPolicyNameEnum::ON_FAILURE, Some(times.into())),
    };
    ApiRestartPolicy { name: Some(name), maximum_retry_count: maximum }
}

fn port_bindings(spec: &ContainerSpec) -> Option<bollard::models::PortMap> {
    let mut bindings: BTreeMap<String, Vec<PortBinding>> = BTreeMap::new();
    for port in &spec.published {
        bindings
            .entry(port.container.to_string())
            .or_default()
            .push(PortBinding { host_ip: port.host_ip.clone(), host_port: port.host_port.clone() });
    }
    (!bindings.is_empty())
        .then(|| bindings.into_iter().map(|(port, hosts)| (port, Some(hosts))).collect())
}

/// The three places where the engine's API takes mounts. Compose's is `Binds` where it
/// can say what is meant, so that containers of both compare equal.
#[derive(Default)]
struct Mounts {
    binds: Vec<String>,
    structured: Vec<ApiMount>,
    anonymous: Vec<String>,
}

impl Mounts {
    fn of(create: &Create) -> Self {
        let mut all = Self::default();
        for (target, mount) in &create.spec.mounts {
            match (&mount.source, create.volumes.get(target)) {
                (MountSource::Bind(path), _) => all.bind(path, target, mount),
                (MountSource::Volume(name), _) | (MountSource::Anonymous, Some(name)) => {
                    all.volume(name, target, mount);
                }
                (MountSource::Anonymous, None) if mount.read_only || mount.no_copy => {
                    all.structured.push(volume_mount(None, target, mount));
                }
                (MountSource::Anonymous, None) => all.anonymous.push(target.clone()),
                (MountSource::Image(_), _) => {}
            }
        }
        // Volumes that only the image declares.
        for (target, name) in &create.volumes {
            if !create.spec.mounts.contains_key(target) {
                all.binds.push(format!("{name}:{target}"));
            }
        }
        all
    }

    fn bind(&mut self, path: &str, target: &str, mount: &Mount) {
        if mount.create_host_path && !path.contains(':') && !target.contains(':') {
            let read_only = if mount.read_only { ":ro" } else { "" };
            self.binds.push(format!("{path}:{target}{read_only}"));
            return;
        }
        self.structured.push(ApiMount {
            typ: Some(MountType::BIND),
            source: Some(path.to_owned()),
            target: Some(target.to_owned()),
            read_only: Some(mount.read_only),
            bind_options: mount.create_host_path.then(|| MountBindOptions {
                create_mountpoint: Some(true),
                ..MountBindOptions::default()
            }),
            ..ApiMount::default()
        });
    }

    fn volume(&mut self, name: &VolumeName, target: &str, mount: &Mount) {
        if target.contains(':') {
            self.structured.push(volume_mount(Some(name), target, mount));
            return;
        }
        let options = match (mount.read_only, mount.no_copy) {
            (false, false) => "",
            (true, false) => ":ro",
            (false, true) => ":nocopy",
            (true, true) => ":ro,nocopy",
        };
        self.binds.push(format!("{name}:{target}{options}"));
    }
}

fn volume_mount(name: Option<&VolumeName>, target: &str, mount: &Mount) -> ApiMount {
    ApiMount {
        typ: Some(MountType::VOLUME),
        source: name.map(ToString::to_string),
        target: Some(target.to_owned()),
        read_only: Some(mount.read_only),
        volume_options: mount
            .no_copy
            .then(|| MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() }),
        ..ApiMount::default()
    }
}

fn limit(value: i64) -> Option<i64> {
    (value != 0).then_some(value)
}

fn filled<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::digest::Digest;
    use crate::model::id::{ReplicaId, Slot};
    use crate::model::labels::Identity;

    /// A container to be made from this spec.
    pub(in crate::adapters::docker) fn create(spec: ContainerSpec) -> Create {
        let replica = ReplicaId { deployment: "abc".into(), service: "web".into(), slot: Slot(1) };
        let identity = Identity {
            installation: "main".into(),
            source: "git:shop".into(),
            engine: "ENGINE".into(),
            name: replica.container_name(),
            revision: "r1".into(),
            spec_hash: Digest::of("spec"),
            files_hash: None,
            succeeds: false,
            masked: Vec::new(),
            replica,
        };
        let name = identity.name.clone();
        Create { name, identity, spec, network: None, volumes: BTreeMap::new() }
    }

    fn host(spec: ContainerSpec) -> HostConfig {
        container(&create(spec)).host_config.expect("it has one")
    }

    fn mounted(target: &str, mount: Mount) -> ContainerSpec {
        let mut spec = ContainerSpec::of_image("web".into());
        spec.mounts.insert(target.to_owned(), mount);
        spec
    }

    fn bind(path: &str, create_host_path: bool) -> Mount {
        let source = MountSource::Bind(path.to_owned());
        Mount { source, read_only: true, create_host_path, ..Mount::default() }
    }

    #[test]
    fn a_missing_bind_source_is_made_only_where_the_stack_says_so() {
        let may = host(mounted("/x", bind("/srv", true)));
        assert_eq!((may.binds, may.mounts), (Some(vec!["/srv:/x:ro".to_owned()]), None));
        let must = host(mounted("/x", bind("/srv", false)));
        let mount = &must.mounts.expect("a mount")[0];
        assert_eq!((must.binds, mount.bind_options.as_ref()), (None, None));
    }

    #[test]
    fn a_colon_in_a_path_does_not_split_a_bind() {
        for (target, path) in [("/x:y", "/srv"), ("/x", "/srv:ro")] {
            let host = host(mounted(target, bind(path, true)));
            assert_eq!(host.binds, None, "{target} {path}");
            let mount = &host.mounts.expect("a mount")[0];
            assert_eq!(mount.source.as_deref(), Some(path));
            assert_eq!(mount.target.as_deref(), Some(target));
        }
    }

    #[test]
    fn published_ports_are_exposed_because_the_engine_publishes_no_others() {
        let mut spec = ContainerSpec::of_image("web".into());
        let port = Port { number: 80, protocol: crate::model::spec::Protocol::Tcp };
        let published = |ip: &str| crate::model::spec::PublishedPort {
            container: port,
            host_ip: Some(ip.to_owned()),
            host_port: None,
        };
        spec.published = [published("127.0.0.1"), published("10.0.0.1")].into();
        let body = container(&create(spec));
        assert_eq!(body.exposed_ports, Some(vec!["80/tcp".to_owned()]));
        let bindings = body.host_config.and_then(|host| host.port_bindings).expect("bindings");
        assert_eq!(bindings["80/tcp"].as_ref().map(Vec::len), Some(2));
    }

    #[test]
    fn the_identity_wins_over_labels_of_the_stack() {
        let mut spec = ContainerSpec::of_image("web".into());
        spec.labels.insert("reconciler.deployment".to_owned(), "xyz".to_owned());
        let labels = container(&create(spec)).labels.expect("labels");
        assert_eq!(labels["reconciler.deployment"], "abc");
    }

    #[test]
    fn a_container_without_a_network_gets_none() {
        let body = container(&create(ContainerSpec::of_image("web".into())));
        assert_eq!(body.networking_config, None);
        let mode = body.host_config.and_then(|host| host.network_mode);
        assert_eq!(mode.as_deref(), Some("none"));
    }
}
