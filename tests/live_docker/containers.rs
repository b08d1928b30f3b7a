//! Containers: what is asked for is what inspect shows, and each action does its one thing.

use std::collections::BTreeMap;
use std::time::Duration;

use adapters::docker::Docker;
use model::action::{Action, Resources};
use model::id::ContainerId;
use model::labels::is_reserved;
use model::limits::Limits;
use model::observed::{Health, Status};
use model::policy::HostPolicy;
use model::secret::Content;
use model::share::Namespace;
use model::spec::{
    Attachment, ContainerSpec, FileSpec, Healthcheck, IpamPool, Mount, MountSource, Port, Protocol,
    PublishedPort, RestartPolicy,
};
use world::OutsideError;

use super::support::*;

fn tcp(number: u16) -> Port {
    Port { number, protocol: Protocol::Tcp }
}

fn mount(source: MountSource) -> Mount {
    Mount { source, ..Mount::default() }
}

/// A spec with every field set that this engine has.
#[expect(clippy::too_many_lines, reason = "a table")]
fn everything() -> ContainerSpec {
    let mut spec = ContainerSpec::of_image(IMAGE.into());
    spec.entrypoint = Some(words(&["/bin/sh", "-c"]));
    spec.command = Some(words(&["sleep 600"]));
    spec.env = [("A", "b"), ("EMPTY", ""), ("EQ", "x=y")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    spec.labels = [("org.example.note".to_owned(), "a note".to_owned())].into();
    spec.user = Some("0:0".to_owned());
    spec.working_dir = Some("/tmp".to_owned());
    spec.hostname = Some("everything".to_owned());
    spec.healthcheck = Some(Healthcheck {
        test: words(&["CMD", "true"]),
        interval: Some(Duration::from_secs(1)),
        timeout: Some(Duration::from_secs(2)),
        retries: Some(4),
        start_period: Some(Duration::from_millis(1500)),
        start_interval: None,
    });
    spec.stop_signal = Some("SIGKILL".to_owned());
    spec.stop_timeout = Some(7);
    spec.exposed = [tcp(80), Port { number: 53, protocol: Protocol::Udp }].into();
    let published = |container, ip: Option<&str>, port: Option<&str>| PublishedPort {
        container,
        host_ip: ip.map(str::to_owned),
        host_port: port.map(str::to_owned),
    };
    spec.published = [
        published(tcp(80), Some("127.0.0.1"), Some("18080")),
        published(Port { number: 53, protocol: Protocol::Udp }, None, None),
    ]
    .into();
    spec.mounts = BTreeMap::from([
        ("/data".to_owned(), mount(MountSource::Volume("every_data".into()))),
        ("/anonymous".to_owned(), mount(MountSource::Anonymous)),
        ("/a:b".to_owned(), mount(MountSource::Volume("every_data".into()))),
        (
            "/seed".to_owned(),
            Mount {
                read_only: true,
                no_copy: true,
                ..mount(MountSource::Volume("every_data".into()))
            },
        ),
        (
            "/host".to_owned(),
            Mount { read_only: true, ..mount(MountSource::Bind("/tmp".to_owned())) },
        ),
    ]);
    spec.tmpfs = [("/scratch".to_owned(), "size=1m".to_owned())].into();
    let attachment = |ip: Option<&str>| {
        Box::new(Attachment {
            aliases: ["every".to_owned(), "thing".to_owned()].into(),
            ipv4: ip.map(str::to_owned),
            ..Attachment::default()
        })
    };
    spec.networks = BTreeMap::from([
        ("every_back".into(), attachment(Some("10.77.0.9"))),
        ("every_front".into(), attachment(None)),
    ]);
    spec.restart = RestartPolicy::OnFailure(3);
    spec.limits.memory = 32 << 20;
    spec.limits.nano_cpus = 500_000_000;
    spec.limits.cpu_shares = 512;
    spec.limits.pids = 64;
    spec.privileges.cap_add = ["NET_ADMIN".to_owned()].into();
    spec.privileges.cap_drop = ["MKNOD".to_owned(), "CHOWN".to_owned()].into();
    spec.read_only = true;
    spec.init = Some(true);
    spec.tty = true;
    spec.stdin_open = true;
    spec.extra_hosts = ["db:10.0.0.9".to_owned()].into();
    spec.dns = words(&["10.0.0.53"]);
    spec.dns_search = words(&["abc.service.consul"]);
    spec
}

/// Takes out what the engine chose because nobody said anything.
fn unfill(spec: &mut ContainerSpec) {
    spec.labels.retain(|name, _| !is_reserved(name));
    let chosen = std::mem::take(&mut spec.logging);
    assert_eq!(chosen.driver.as_deref(), Some("json-file"));
    assert_eq!(spec.runtime.take().as_deref(), Some("runc"));
    assert_ne!(std::mem::take(&mut spec.cgroup), Namespace::Default);
    assert_eq!(std::mem::take(&mut spec.ipc), Namespace::Private);
    if spec.networks.is_empty() {
        assert_eq!(std::mem::take(&mut spec.network_mode), Namespace::None);
    }
    assert_eq!(std::mem::take(&mut spec.limits.shm_size), 64 << 20);
    assert_eq!(std::mem::take(&mut spec.limits.memory_swap), 2 * spec.limits.memory);
    for mount in spec.mounts.values_mut() {
        mount.propagation = None;
    }
    for attachment in spec.networks.values_mut() {
        attachment.mac = None;
    }
}

/// What the image adds to every container's environment.
async fn image_environment(docker: &Docker) -> BTreeMap<String, String> {
    docker.observe(&Deployment("image").scope()).await.unwrap().images[&IMAGE.into()].env.clone()
}

#[tokio::test]
async fn a_container_of_every_field_is_what_inspect_shows() {
    let every = Deployment("every");
    let mut policy = HostPolicy::default();
    let grants = ["bind=/tmp", "capability=NET_ADMIN"].map(str::to_owned);
    policy.grants.insert("every".to_owned(), grants.into());
    let docker = engine_with(policy);
    act(&docker, &every.volume("data")).await.unwrap();
    act(&docker, &every.network("front")).await.unwrap();
    let Action::CreateNetwork { mut network, owner } = every.network("back") else { panic!() };
    network.pools = vec![IpamPool {
        subnet: Some("10.77.0.0/24".to_owned()),
        ip_range: Some("10.77.0.0/25".to_owned()),
        gateway: Some("10.77.0.1".to_owned()),
        ..IpamPool::default()
    }];
    network.internal = true;
    let back = network.clone();
    act(&docker, &Action::CreateNetwork { network, owner }).await.unwrap();

    let spec = everything();
    let mut expected = spec.clone();
    expected.env.extend(image_environment(&docker).await);
    let (id, target) = create(&docker, every.create("web", spec.clone())).await;
    let connect = Action::ConnectNetwork {
        container: target.clone(),
        network: "every_front".into(),
        attachment: spec.networks[&"every_front".into()].clone(),
    };
    act(&docker, &connect).await.unwrap();

    for started in [false, true] {
        if started {
            act(&docker, &Action::StartContainer { container: target.clone() }).await.unwrap();
        }
        let mut seen = view(&docker, &id).await;
        unfill(&mut seen.spec);
        assert_eq!(seen.spec, expected, "started: {started}");
        assert_eq!(seen.volumes.len(), 4);
        assert_eq!(seen.addresses.len(), if started { 2 } else { 0 });
        let ports = if started { Some(&18080) } else { None };
        assert_eq!(seen.host_ports.get(&tcp(80)), ports);
    }
    let seen = docker.observe(&every.scope()).await.unwrap();
    let network = |name: &str| seen.networks.iter().find(|n| n.spec.name.as_str() == name).unwrap();
    let mut observed = network("every_back").spec.clone();
    observed.labels.retain(|name, _| !is_reserved(name));
    assert_eq!(observed, back);
    assert_eq!(network("every_front").spec.pools.len(), 1, "the engine's choice is shown");
    assert!(seen.volumes.iter().any(|volume| volume.spec.name.as_str() == "every_data"));
    assert_eq!(seen.images[&IMAGE.into()].command, Some(words(&["sh"])));
    assert!(seen.id.is_some());
}

#[tokio::test]
async fn what_is_not_set_is_left_to_the_engine() {
    let plain = Deployment("plain");
    let docker = engine();
    let mut spec = ContainerSpec::of_image(IMAGE.into());
    let (id, _) = create(&docker, plain.create("web", spec.clone())).await;
    let mut seen = view(&docker, &id).await;
    unfill(&mut seen.spec);
    spec.command = Some(words(&["sh"]));
    spec.env = image_environment(&docker).await;
    assert_eq!(seen.spec, spec);
    assert_eq!((seen.state.status, seen.state.started_at), (Status::Created, None));
}

#[tokio::test]
async fn emptied_lists_clear_what_the_image_says() {
    let cleared = Deployment("cleared");
    let docker = engine();
    let mut spec = ContainerSpec::of_image(IMAGE.into());
    spec.entrypoint = Some(words(&["/bin/true"]));
    spec.command = Some(Vec::new());
    let (id, _) = create(&docker, cleared.create("web", spec)).await;
    let seen = view(&docker, &id).await.spec;
    assert_eq!(seen.entrypoint, Some(words(&["/bin/true"])));
    assert_eq!(seen.command.unwrap_or_default(), Vec::<String>::new());
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one life, in its order")]
async fn a_life_from_start_to_removal() {
    let life = Deployment("life");
    let docker = engine();
    let mut spec = sleeper();
    spec.command = Some(words(&["sh", "-c", "echo one; echo two >&2; echo three; sleep 600"]));
    spec.healthcheck = Some(Healthcheck {
        test: words(&["CMD", "true"]),
        interval: Some(Duration::from_millis(100)),
        ..Healthcheck::default()
    });
    let (id, target) = create(&docker, life.create("web", spec)).await;
    let container = || target.clone();
    for _ in 0..2 {
        // The second time the engine says 304, which is as good.
        act(&docker, &Action::StartContainer { container: container() }).await.unwrap();
    }
    let healthy = async {
        while view(&docker, &id).await.state.health != Some(Health::Healthy) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), healthy).await.unwrap();
    let mut lines = docker.log_tail(&id, 5).await.unwrap();
    lines.sort();
    assert_eq!(lines, ["one", "three", "two"]);
    assert_eq!(docker.log_tail(&id, 1).await.unwrap().len(), 1);

    let resources = Resources {
        limits: Limits {
            memory: 64 << 20,
            nano_cpus: 250_000_000,
            cpu_shares: 256,
            pids: 32,
            ..Limits::default()
        },
        restart: RestartPolicy::UnlessStopped,
    };
    for memory in [64 << 20, 16 << 20] {
        let limits = Limits { memory, ..resources.limits.clone() };
        let resources = Resources { limits, ..resources.clone() };
        act(&docker, &Action::UpdateContainer { container: container(), resources }).await.unwrap();
    }
    let spec = view(&docker, &id).await.spec;
    assert_eq!(
        (spec.limits.memory, spec.limits.nano_cpus, spec.limits.pids),
        (16 << 20, 250_000_000, 32)
    );
    assert_eq!((spec.limits.cpu_shares, spec.restart), (256, RestartPolicy::UnlessStopped));

    let remove = Action::RemoveContainer { container: container() };
    let error = act(&docker, &remove).await.unwrap_err();
    assert!(matches!(&error, OutsideError::Conflict(text) if text.contains("runs")), "{error}");

    let grace = Duration::from_secs(5);
    act(&docker, &Action::RestartContainer { container: container(), grace }).await.unwrap();
    for _ in 0..2 {
        act(&docker, &Action::StopContainer { container: container(), grace }).await.unwrap();
    }
    let seen = view(&docker, &id).await;
    assert_eq!(seen.state.status, Status::Exited);
    assert!(seen.state.finished_at >= seen.state.started_at && seen.addresses.is_empty());

    let other = life.name("other");
    let rename = Action::RenameContainer { container: container(), to: other.clone() };
    act(&docker, &rename).await.unwrap();
    let error = act(&docker, &remove).await.unwrap_err();
    assert!(matches!(error, OutsideError::Conflict(_)), "the name is not the plan's: {error}");
    let remove = Action::RemoveContainer { container: self::target(&id, &other) };
    act(&docker, &remove).await.unwrap();
    assert_eq!(docker.container(&id).await.unwrap(), None);
    // What is gone is stopped and removed; it cannot be started.
    act(&docker, &remove).await.unwrap();
    act(&docker, &Action::StopContainer { container: container(), grace }).await.unwrap();
    let error = act(&docker, &Action::StartContainer { container: container() }).await;
    assert!(matches!(error, Err(OutsideError::Gone(_))), "{error:?}");
}

#[tokio::test]
async fn a_successor_takes_over_the_anonymous_volumes() {
    let heir = Deployment("heir");
    let docker = engine();
    let mut spec = sleeper();
    spec.mounts = [("/cache".to_owned(), mount(MountSource::Anonymous))].into();
    spec.command = Some(words(&["sh", "-c", "cat /cache/x; echo kept > /cache/x"]));
    let (first, one) = create(&docker, heir.create("web", spec.clone())).await;
    act(&docker, &Action::StartContainer { container: one.clone() }).await.unwrap();
    ended(&docker, &first).await;
    let volumes = view(&docker, &first).await.volumes;
    let rename = Action::RenameContainer { container: one, to: heir.name("old") };
    act(&docker, &rename).await.unwrap();

    let mut next = heir.create("web", spec.clone());
    next.volumes = volumes.clone();
    let (second, two) = create(&docker, next).await;
    let remove = Action::RemoveContainer { container: target(&first, &heir.name("old")) };
    act(&docker, &remove).await.unwrap();
    act(&docker, &Action::StartContainer { container: two }).await.unwrap();
    ended(&docker, &second).await;
    let seen = view(&docker, &second).await;
    assert_eq!((seen.volumes, seen.spec.mounts), (volumes, spec.mounts));
    assert_eq!(docker.log_tail(&second, 5).await.unwrap(), ["kept"]);
}

async fn ended(docker: &Docker, id: &ContainerId) {
    let ended = async {
        while view(docker, id).await.state.status != Status::Exited {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
}

#[tokio::test]
async fn uploaded_files_are_there_at_the_start() {
    let upload = Deployment("upload");
    let docker = engine();
    let mut spec = sleeper();
    let script = "cat /run/secrets/key /etc/app.conf; stat -c '%a %u:%g' /run/secrets/key /tmp";
    spec.command = Some(words(&["sh", "-c", script]));
    let (id, container) = create(&docker, upload.create("web", spec)).await;
    let file = |target: &str, mode, text: &[u8]| FileSpec {
        target: target.to_owned(),
        uid: 70,
        gid: 71,
        mode,
        content: Content::new(text),
    };
    let files =
        vec![file("/run/secrets/key", 0o440, b"s3cret\n"), file("/etc/app.conf", 0o444, b"x=1\n")];
    let before = view(&docker, &id).await;
    act(&docker, &Action::UploadFiles { container: container.clone(), files }).await.unwrap();
    assert_eq!(view(&docker, &id).await, before);
    act(&docker, &Action::StartContainer { container }).await.unwrap();
    ended(&docker, &id).await;
    let lines = docker.log_tail(&id, 10).await.unwrap();
    assert_eq!(&lines[..3], ["(masked)", "x=1", "440 70:71"]);
}

#[tokio::test]
async fn a_bind_source_that_is_missing_is_an_error_unless_it_may_be_made() {
    let bind = Deployment("bindsource");
    let docker = engine_with(HostPolicy::permissive());
    let missing = format!("{}/missing", variable("RECONCILER_LAB"));
    let source = MountSource::Bind(missing.clone());
    let mut spec = sleeper();
    spec.mounts = [("/x".to_owned(), mount(source.clone()))].into();
    let create_action = Action::CreateContainer(Box::new(bind.create("web", spec.clone())));
    let error = act(&docker, &create_action).await.unwrap_err();
    assert!(matches!(&error, OutsideError::Failed(text) if text.contains(&missing)), "{error}");
    assert!(!std::path::Path::new(&missing).exists());

    let may = Mount { create_host_path: true, ..mount(source) };
    spec.mounts = [("/x".to_owned(), may)].into();
    let (_, container) = create(&docker, bind.create("web", spec)).await;
    act(&docker, &Action::StartContainer { container }).await.unwrap();
    assert!(std::path::Path::new(&missing).exists());
}
