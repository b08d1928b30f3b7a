//! What we want, as the bodies of the engine's API.

mod host;
mod mounts;
mod network;

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, HealthConfig, NetworkingConfig, PortBinding,
    RestartPolicy as ApiRestartPolicy, RestartPolicyNameEnum,
};

pub(in crate::docker) use self::host::update;
use self::mounts::Mounts;
pub(in crate::docker) use self::network::{endpoint, network, volume};
use crate::docker::plain;
use model::action::Create;
use model::spec::{ContainerSpec, Healthcheck, Port, RestartPolicy};

/// The body that creates a container.
pub(in crate::docker) fn container(create: &Create) -> ContainerCreateBody {
    let spec = &create.spec;
    let mounts = Mounts::of(create);
    let published = spec.published.iter().map(|port| port.container);
    let mut exposed: Vec<Port> = spec.exposed.iter().copied().chain(published).collect();
    exposed.sort_unstable();
    exposed.dedup();
    let body = ContainerCreateBody {
        image: Some(spec.image.as_str().to_owned()),
        entrypoint: spec.entrypoint.clone(),
        cmd: spec.command.clone(),
        env: filled(spec.env_lines().collect()),
        labels: Some(create.labels().into_iter().collect()),
        healthcheck: spec.healthcheck.as_ref().map(healthcheck),
        exposed_ports: filled(exposed.iter().map(ToString::to_string).collect()),
        volumes: filled(mounts.anonymous.clone()),
        networking_config: create.network.as_ref().map(|_| NetworkingConfig {
            endpoints_config: Some(
                create.made_on().iter().map(|(name, a)| (name.to_string(), endpoint(a))).collect(),
            ),
        }),
        host_config: Some(host::host_config(create, mounts)),
        ..ContainerCreateBody::default()
    };
    plain::with_plain(&body, spec)
}

fn healthcheck(check: &Healthcheck) -> HealthConfig {
    let nanos = |span: Duration| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
    HealthConfig {
        test: filled(check.test.clone()),
        interval: check.interval.map(nanos),
        timeout: check.timeout.map(nanos),
        retries: check.retries.map(i64::from),
        start_period: check.start_period.map(nanos),
        start_interval: check.start_interval.map(nanos),
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

/// What the engine's API leaves out where it says nothing.
fn filled<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// Likewise for a map.
fn texts<M: FromIterator<(String, String)>>(map: &BTreeMap<String, String>) -> Option<M> {
    (!map.is_empty()).then(|| map.clone().into_iter().collect())
}

#[cfg(test)]
pub(in crate::docker) mod tests {
    use bollard::models::HostConfig;

    use super::*;
    use model::compose_labels::ContainerLabels;
    use model::digest::Digest;
    use model::id::{ReplicaId, Slot};
    use model::labels::Identity;
    use model::spec::{Mount, MountSource};

    /// A container to be made from this spec.
    pub(in crate::docker) fn create(spec: ContainerSpec) -> Create {
        let replica = ReplicaId { deployment: "abc".into(), service: "web".into(), slot: Slot(1) };
        let identity = Identity {
            installation: "main".into(),
            source: "git:shop".into(),
            engine: "ENGINE".into(),
            name: replica.container_name(),
            revision: "r1".into(),
            spec_hash: Digest::of("spec"),
            files_hash: None,
            init_hash: None,
            succeeds: false,
            masked: Vec::new(),
            from_env_file: Vec::new(),
            bound: BTreeMap::new(),
            asked: Vec::new(),
            replica,
        };
        let name = identity.name.clone();
        Create {
            name,
            identity,
            spec,
            network: None,
            on_all: false,
            volumes: BTreeMap::new(),
            joins: Vec::new(),
            mounted: BTreeMap::new(),
            compose: ContainerLabels::default(),
        }
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
        let port = Port { number: 80, protocol: model::spec::Protocol::Tcp };
        let published = |ip: &str| model::spec::PublishedPort {
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
