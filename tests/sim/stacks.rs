//! The stacks of a scenario, small enough to mutate, and their desired state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::build::{Build, Dockerfile};
use model::compose_labels::ProjectFiles;
use model::desired::{
    Condition, Dependency, Deployment, DesiredState, Entry, ImageSource, Layout, Network, Origins,
    PullPolicy, Registration, Rollout, RolloutOrder, Service, Volume,
};
use model::diagnostic::Loc;
use model::digest::Digest;
use model::hook::{Hook, Hooks, InitContainer};
use model::id::{ContainerName, DeploymentId, EngineName, NetworkName, ServiceName, VolumeName};
use model::rollback::OnFailure;
use model::secret::Content;
use model::settling::Settling;
use model::share::{Namespace, Peer, VolumesFrom};
use model::spec::{
    Attachment, ContainerSpec, FileSpec, Healthcheck, Mount, MountSource, NetworkSpec, Port,
    Protocol, PublishedPort, RestartPolicy, VolumeSpec,
};
use model::sync_mode::SyncMode;
use sim::Promise;

use super::meet;

/// All deployments of one revision.
pub(crate) type Stacks = BTreeMap<DeploymentId, Stack>;

/// One deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) engine: EngineName,
    pub(crate) services: BTreeMap<ServiceName, Part>,
    /// The network that deployments share, if it has to do with it.
    pub(crate) shared: Option<Shared>,
}

/// The network that deployments share: one makes it, for the others it is external.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shared {
    pub(crate) makes: bool,
    pub(crate) internal: bool,
}

/// What only one container can have at a time, and what a service shares with those of other
/// deployments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meets {
    /// The one port of the host that it publishes.
    pub(crate) port: Option<u16>,
    /// Its `container_name`.
    pub(crate) name: Option<&'static str>,
    /// Whether it is on the network that deployments share.
    pub(crate) shared: bool,
    /// Its fixed address there.
    pub(crate) address: Option<u8>,
    /// Whose network it lives in, and what the container of that one is called.
    pub(crate) peer: Option<(DeploymentId, ServiceName, ContainerName)>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Part {
    pub(crate) image: String,
    pub(crate) built: bool,
    /// Its image is pulled for each revision; the number makes another one of the same.
    pub(crate) fresh: Option<u32>,
    pub(crate) replicas: u32,
    pub(crate) env: u64,
    pub(crate) memory: i64,
    pub(crate) file: Option<u64>,
    pub(crate) host_ports: Option<u16>,
    pub(crate) volume: bool,
    pub(crate) back_network: bool,
    pub(crate) checked: bool,
    pub(crate) restart: RestartPolicy,
    pub(crate) order: Option<RolloutOrder>,
    pub(crate) parallelism: u32,
    pub(crate) registered: bool,
    pub(crate) depends_on: BTreeMap<ServiceName, (Condition, bool)>,
    /// In whose network it lives, and whether among its processes too.
    pub(crate) inside: Option<(ServiceName, bool)>,
    /// Whose volumes it takes over.
    pub(crate) volumes_from: Option<ServiceName>,
    pub(crate) hooks: bool,
    /// Which version of a container runs before it.
    pub(crate) init: Option<u64>,
    pub(crate) meets: Meets,
}

impl Part {
    /// Whether it runs once to its end.
    pub(crate) fn is_job(&self) -> bool {
        self.image.starts_with("job")
    }

    /// The image as the stack writes it; what is built has a name of its own.
    pub(crate) fn reference(&self, id: &DeploymentId, name: &ServiceName) -> String {
        if self.built { format!("{id}/{name}/{}", self.image) } else { self.image.clone() }
    }

    /// What a replica's container is called.
    pub(crate) fn container(&self, id: &DeploymentId, name: &ServiceName, slot: u32) -> String {
        let own = || format!("{id}-{name}-{slot}");
        self.meets.name.map_or_else(own, str::to_owned)
    }

    /// Whether it lives in the network of another container.
    pub(crate) fn joins_another_deployment(&self) -> bool {
        self.inside.is_some() || self.meets.peer.is_some()
    }

    fn is_stop_first(&self) -> bool {
        self.order == Some(RolloutOrder::StopFirst)
            || self.host_ports.is_some()
            || self.volume
            || self.volumes_from.is_some()
            || self.joins_another_deployment()
            || self.meets.port.is_some()
            || self.meets.address.is_some()
            || self.is_job()
            || self.image.starts_with("data")
    }
}

/// Where nothing was written: scenarios have no text.
pub(crate) fn nowhere() -> Loc {
    Loc::new("scenario", 1, 1)
}

/// The desired state that a stacks means.
pub(crate) fn desired(stacks: &Stacks) -> DesiredState {
    let deployments: BTreeMap<DeploymentId, Entry> = stacks
        .iter()
        .map(|(id, stack)| (id.clone(), Entry::Valid(Arc::new(deployment(id, stack)), Vec::new())))
        .collect();
    DesiredState {
        source: "scenario".into(),
        revision: Digest::of(format!("{stacks:?}")).short().into(),
        layout: Layout::Folders,
        deployments,
        incomplete: Vec::new(),
        settling: Settling::default(),
        provisional: BTreeMap::new(),
        instead: BTreeMap::new(),
    }
}

pub(crate) fn deployment(id: &DeploymentId, stack: &Stack) -> Deployment {
    let mut networks = BTreeMap::from([("default".to_owned(), network(id, "default"))]);
    if stack.services.values().any(|part| part.back_network) {
        networks.insert("back".to_owned(), network(id, "back"));
    }
    if let Some(shared) = &stack.shared {
        networks.insert("shared".to_owned(), meet::shared_network(*shared));
    }
    let volumes = stack.services.iter().filter(|(_, part)| part.volume);
    Deployment {
        id: id.clone(),
        engine: stack.engine.clone(),
        sync: SyncMode::Auto,
        on_failure: OnFailure::default(),
        origin: nowhere(),
        stack_file: "compose.yaml".to_owned(),
        project_dir: None,
        links: BTreeMap::new(),
        ways: BTreeMap::new(),
        writable: std::sync::Arc::default(),
        secrets: Vec::new(),
        files: ProjectFiles::default(),
        services: stack
            .services
            .iter()
            .map(|(name, part)| (name.clone(), service(id, name, part)))
            .collect(),
        networks,
        volumes: volumes.map(|(name, _)| (name.to_string(), volume(id, name))).collect(),
        hash: Digest::of(format!("{stack:?}")),
    }
}

fn network_name(id: &DeploymentId, key: &str) -> NetworkName {
    NetworkName::new(format!("{id}_{key}"))
}

fn network(id: &DeploymentId, key: &str) -> Network {
    let spec = NetworkSpec::bridge(network_name(id, key));
    Network { spec, external: false, compose_hash: None, origin: nowhere() }
}

/// The named volume of a service.
pub(crate) fn volume_name(id: &DeploymentId, service: &ServiceName) -> VolumeName {
    VolumeName::new(format!("{id}_{service}"))
}

fn volume(id: &DeploymentId, service: &ServiceName) -> Volume {
    let spec = VolumeSpec::local(volume_name(id, service));
    Volume { spec, external: false, compose_hash: None, origin: nowhere() }
}

fn service(id: &DeploymentId, name: &ServiceName, part: &Part) -> Service {
    let spec = spec(id, name, part);
    let image = if part.built {
        let dockerfile = Dockerfile::Within("Dockerfile".to_owned());
        ImageSource::Build(Box::new(Build {
            hash: Digest::of(&part.image),
            ..Build::of(name.to_string(), dockerfile)
        }))
    } else {
        ImageSource::Pull(part.fresh.map_or(PullPolicy::Missing, |_| PullPolicy::Always))
    };
    let files: Vec<FileSpec> = part.file.iter().map(|version| file(*version)).collect();
    let files_hash = part.file.map(|version| Digest::of(format!("files {version}")));
    let json = serde_json::to_string(&(&spec, &image, &files_hash)).expect("BUG: it is plain data");
    let hash = Digest::of(json);
    let mut origins = Origins::default();
    origins.note("", nowhere());
    Service {
        name: name.clone(),
        replicas: part.replicas,
        container_name: part.meets.name.map(ContainerName::new),
        spec,
        image,
        files,
        files_hash,
        depends_on: part
            .depends_on
            .iter()
            .map(|(on, (condition, restart))| {
                let (condition, restart) = (*condition, *restart);
                (on.clone(), Dependency { condition, restart, required: true })
            })
            .collect(),
        job: part.is_job(),
        bound: BTreeMap::new(),
        stays_ended: false,
        on_rollback: false,
        rests: false,
        stop_grace: Duration::from_secs(10),
        hooks: hooks(part),
        rollout: Rollout {
            order: part.order,
            parallelism: part.parallelism,
            min_healthy: Duration::from_millis(500),
            deadline: Duration::from_secs(20),
            delay: Duration::ZERO,
            on_failure: None,
        },
        registration: part
            .registered
            .then(|| Registration { port: Some(80), tags: vec!["sim".to_owned()] }),
        hash,
        compose_hash: None,
        origins,
        sensitive: BTreeSet::new(),
        from_env_file: BTreeSet::new(),
    }
}

fn hooks(part: &Part) -> Hooks {
    let hook = |word: &str| Hook { command: vec![word.to_owned()], ..Hook::default() };
    let init = |version: &u64| InitContainer {
        hook: hook(&version.to_string()),
        image: Some("job:1".into()),
        per_replica: version.is_multiple_of(2),
    };
    Hooks {
        pre_start: part.init.iter().map(init).collect(),
        post_start: part.hooks.then(|| hook("hello")).into_iter().collect(),
        pre_stop: part.hooks.then(|| hook("bye")).into_iter().collect(),
    }
}

/// The one file of a service, in some version.
pub(crate) fn file(version: u64) -> FileSpec {
    FileSpec {
        target: "/run/secrets/token".to_owned(),
        uid: 0,
        gid: 0,
        mode: 0o444,
        content: Content::new(format!("secret {version}").into_bytes()),
    }
}

fn spec(id: &DeploymentId, name: &ServiceName, part: &Part) -> ContainerSpec {
    let mut spec = ContainerSpec::of_image(part.reference(id, name).as_str().into());
    spec.env.insert("VERSION".to_owned(), part.env.to_string());
    spec.limits.memory = part.memory;
    spec.restart = part.restart;
    spec.stop_timeout = Some(10);
    let aliases = BTreeSet::from([name.to_string()]);
    let attachment = Box::new(Attachment { aliases, ..Attachment::default() });
    spec.networks.insert(network_name(id, "default"), attachment.clone());
    if part.back_network {
        spec.networks.insert(network_name(id, "back"), attachment);
    }
    if let Some(from) = part.host_ports {
        spec.published.insert(PublishedPort {
            container: Port { number: 80, protocol: Protocol::Tcp },
            host_ip: None,
            host_port: Some(format!("{from}-{}", from + 9)),
        });
    }
    if let Some(port) = part.meets.port {
        spec.published.insert(PublishedPort {
            container: Port { number: 80, protocol: Protocol::Tcp },
            host_ip: None,
            host_port: Some(port.to_string()),
        });
    }
    if part.meets.shared {
        let aliases = BTreeSet::from([name.to_string()]);
        let ipv4 = part.meets.address.map(meet::shared_address);
        let attachment = Attachment { aliases, ipv4, ..Attachment::default() };
        spec.networks.insert(NetworkName::new(meet::SHARED), Box::new(attachment));
    }
    if let Some((_, _, peer)) = &part.meets.peer {
        spec.networks.clear();
        spec.network_mode = Namespace::Of(Peer::Container(peer.clone()));
    }
    if let Some((service, among)) = &part.inside {
        spec.networks.clear();
        spec.network_mode = Namespace::Of(Peer::Service(service.clone()));
        if *among {
            spec.pid = spec.network_mode.clone();
        }
    }
    if let Some(service) = &part.volumes_from {
        let peer = Peer::Service(service.clone());
        spec.volumes_from.push(VolumesFrom { peer, read_only: false });
    }
    if part.volume {
        let source = MountSource::Volume(volume_name(id, name));
        let mount = Mount { source, ..Mount::default() };
        spec.mounts.insert("/srv".to_owned(), mount);
    }
    if part.checked {
        spec.healthcheck = Some(Healthcheck {
            test: vec!["CMD".to_owned(), "/check".to_owned()],
            interval: Some(Duration::from_secs(1)),
            ..Healthcheck::default()
        });
    }
    spec
}

/// What a stacks promises about its services, while the world may still hold what the
/// earlier ones asked for.
pub(crate) fn promises(
    history: &[Stacks],
    stacks: &Stacks,
) -> BTreeMap<(DeploymentId, ServiceName), Promise> {
    let mut promises = BTreeMap::new();
    for (id, stack) in stacks {
        for (name, part) in &stack.services {
            let all = || {
                let earlier =
                    history.iter().filter_map(|stacks| stacks.get(id)?.services.get(name));
                earlier.chain([part])
            };
            let follows = part.depends_on.values().any(|(_, restart)| *restart);
            // Also what an earlier revision wrote to may be shared for a while.
            let stop_first = all().any(Part::is_stop_first) || follows;
            // All that is on a network stops when that is replaced.
            let member = all().any(|part| part.joins_another_deployment() || part.meets.shared);
            let max_down = match (part.is_job() || member, stop_first) {
                (true, _) => part.replicas,
                (false, true) => part.parallelism,
                (false, false) => 0,
            };
            let fewest = all().map(|part| part.replicas).min().unwrap_or_default();
            let most = all().map(|part| part.replicas + part.parallelism).max();
            let promise = Promise {
                engine: stack.engine.clone(),
                replicas: part.replicas,
                max_running: most.unwrap_or_default(),
                min_healthy: fewest.saturating_sub(max_down),
                after: part
                    .depends_on
                    .iter()
                    .map(|(on, (condition, _))| (on.clone(), *condition))
                    .collect(),
            };
            promises.insert((id.clone(), name.clone()), promise);
        }
    }
    promises
}
