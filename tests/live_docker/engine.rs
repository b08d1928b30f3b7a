//! The way to the engine: versions, connections, TLS, the guard, events, conflicts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use adapters::docker::{Docker, EngineEndpoint, PolicyEvaluator};
use model::action::Action;
use model::id::ContainerName;
use model::ledger::Record;
use model::policy::HostPolicy;
use model::spec::{Mount, MountSource};
use world::{Changed, OutsideError, Scope};

use super::support::*;

#[tokio::test]
async fn the_version_is_in_every_path_and_connections_are_kept() {
    let pool = Deployment("pool");
    let docker = engine();
    for number in 0..50 {
        let mut one = pool.create("web", sleeper());
        one.name = format!("pool-web-{number}").as_str().into();
        create(&docker, one).await;
    }
    let proxy = Proxy::start("pool");
    let docker = connect(&proxy.address, HostPolicy::default());
    let seen = docker.observe(&pool.scope()).await.unwrap();
    assert_eq!(seen.containers.iter().filter(|c| c.name.as_str().starts_with("pool-")).count(), 50);
    let requests = proxy.requests();
    assert!(requests.len() >= 55, "{requests:?}");
    for request in &requests {
        assert!(request.starts_with("GET /v1.41/") || request == "GET /_ping", "{request}");
    }
    assert_eq!(requests.iter().filter(|request| *request == "GET /_ping").count(), 1);
    docker.observe(&pool.scope()).await.unwrap();
    let infos = |requests: &[String]| requests.iter().filter(|r| r.ends_with("/info")).count();
    assert_eq!(infos(&proxy.requests()), 1, "the engine's id is asked for once");
    let connections = proxy.connections.load(Ordering::SeqCst);
    // Four at once; the pool may begin one that it then does not need.
    assert!(connections <= 8, "{connections} connections");
    assert_eq!(proxy.mutating(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_policy_denies_is_never_sent() {
    let denied = Deployment("denied");
    let proxy = Proxy::start("denied");
    let docker = connect(&proxy.address, HostPolicy::default());
    let mut spec = sleeper();
    let source = MountSource::Bind("/etc".to_owned());
    let bind = Mount { source, read_only: true, create_host_path: true, ..Mount::default() };
    spec.mounts = [("/x".to_owned(), bind)].into();
    let action = Action::CreateContainer(Box::new(denied.create("web", spec)));
    let error = act(&docker, &action).await.unwrap_err();
    let OutsideError::Forbidden(text) = &error else { panic!("{error:?}") };
    assert!(text.contains("--allow 'denied:bind=/etc'"), "{text}");
    assert_eq!(proxy.mutating(), Vec::<String>::new());

    let (_, container) = create(&docker, denied.create("web", sleeper())).await;
    act(&docker, &Deployment("neighbour").network("back")).await.unwrap();
    let before = proxy.mutating();
    for network in ["neighbour_back", "bridge", "host"] {
        let connect = Action::ConnectNetwork {
            container: container.clone(),
            network: network.into(),
            attachment: Box::default(),
        };
        let error = act(&docker, &connect).await.unwrap_err();
        assert!(matches!(error, OutsideError::Forbidden(_)), "{network}: {error}");
    }
    assert_eq!(proxy.mutating(), before);
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict() {
    let taken = Deployment("taken");
    let docker = engine();
    act(&docker, &taken.network("net")).await.unwrap();
    let again = act(&docker, &taken.network("net")).await;
    assert!(matches!(again, Err(OutsideError::Conflict(_))), "{again:?}");

    create(&docker, taken.create("web", sleeper())).await;
    let again = Action::CreateContainer(Box::new(taken.create("web", sleeper())));
    let again = act(&docker, &again).await;
    assert!(matches!(again, Err(OutsideError::Conflict(_))), "{again:?}");

    // One that is not ours is reported by its name, and does not go by looking again.
    let foreign = ["create", "--name", "taken-api-1", "--label", "com.docker.compose.project=p"];
    let made = Command::new("docker").args(foreign).arg(IMAGE).output().unwrap();
    assert!(made.status.success());
    let again = Action::CreateContainer(Box::new(taken.create("api", sleeper())));
    let again = act(&docker, &again).await;
    let Err(OutsideError::InUse(text)) = again else { panic!("{again:?}") };
    assert!(text.contains("container taken-api-1 of the project p has that name"), "{text}");

    let made = Command::new("docker").args(["volume", "create", "taken_data"]).output().unwrap();
    assert!(made.status.success());
    let again = act(&docker, &taken.volume("data")).await;
    assert!(matches!(again, Err(OutsideError::Conflict(_))), "{again:?}");
}

#[tokio::test]
async fn a_network_is_removed_only_if_it_is_ours_and_unused() {
    let net = Deployment("net");
    let docker = engine();
    act(&docker, &net.network("a")).await.unwrap();
    let foreign = Command::new("docker").args(["network", "create", "net_b"]).output().unwrap();
    assert!(foreign.status.success());
    let seen = docker.observe(&net.scope()).await.unwrap();
    let remove = |name: &str| {
        let network = seen.networks.iter().find(|n| n.spec.name.as_str() == name).unwrap();
        Action::RemoveNetwork { name: name.into(), id: network.id.clone() }
    };
    let error = act(&docker, &remove("net_b")).await.unwrap_err();
    assert!(matches!(error, OutsideError::Conflict(_)), "{error}");

    let mut spec = sleeper();
    spec.networks = BTreeMap::from([("net_a".into(), Box::default())]);
    let (_, container) = create(&docker, net.create("web", spec)).await;
    act(&docker, &Action::StartContainer { container: container.clone() }).await.unwrap();
    let error = act(&docker, &remove("net_a")).await.unwrap_err();
    assert!(matches!(error, OutsideError::Conflict(_)), "{error}");
    let disconnect = Action::DisconnectNetwork { container, network: "net_a".into() };
    act(&docker, &disconnect).await.unwrap();
    act(&docker, &remove("net_a")).await.unwrap();
}

#[tokio::test]
async fn containers_of_others_are_only_names() {
    let mine = Deployment("mine");
    let docker = engine();
    let run = |arguments: &[&str]| {
        let output = Command::new("docker").arg("create").args(arguments).arg(IMAGE).output();
        assert!(output.unwrap().status.success(), "{arguments:?}");
    };
    run(&["--name", "mine-web-1"]);
    run(&["--name", "other-installation", "--label", "reconciler.installation=other"]);
    run(&["--name", "by-compose", "--label", "com.docker.compose.project=mine"]);
    create(&docker, mine.create("db", sleeper())).await;
    let seen = docker.observe(&mine.scope()).await.unwrap();
    let has = |name: &str| seen.containers.iter().any(|c| c.name.as_str() == name);
    assert!(has("by-compose") && has("mine-db-1"));
    for name in ["mine-web-1", "other-installation"] {
        assert!(!has(name) && seen.others.contains_key(&name.into()), "{name}");
    }
    assert_eq!(seen.own, None);
}

#[tokio::test]
async fn a_look_at_a_part_asks_for_that_alone() {
    let (part, rest) = (Deployment("part"), Deployment("rest"));
    let proxy = Proxy::start("part");
    // Its records are nothing to the other tests.
    let docker = connect_as("part", &proxy.address, HostPolicy::default());
    let make = async |deployment: &Deployment| {
        let mut web = deployment.create("web", sleeper());
        web.identity.installation = "part".into();
        create(&docker, web).await.0
    };
    make(&Deployment("part-b")).await;
    let (web, other) = (make(&part).await, make(&rest).await);
    let run = Command::new("docker").args(["create", "--name", "front", IMAGE]).output();
    assert!(run.unwrap().status.success());
    for deployment in [&part, &rest] {
        let change = super::ledger::record(deployment.0);
        let changed = |record: Record| record.changed(&change);
        docker.change_record(&deployment.id(), changed).await.unwrap();
    }
    let names = ["front".into(), "nobody".into()].into();
    let scope = Scope { only: true, names, ..part.scope() };
    let asked = proxy.requests().len();
    let seen = docker.observe(&scope).await.unwrap();
    let ids: Vec<_> = seen.containers.iter().map(|view| &view.id).collect();
    assert_eq!(ids, [&web]);
    // The names that it wants, those that begin with its id, and nothing of others.
    let others: Vec<_> = seen.others.keys().map(ContainerName::as_str).collect();
    assert_eq!(others, ["front", "part-b-web-1", "reconciler-ledger-part.part.1"]);
    let records: Vec<_> = seen.stored.ledger.iter().map(|(_, id, _)| id.clone()).collect();
    assert_eq!(records, [part.id()]);
    let requests = proxy.requests().split_off(asked);
    assert!(!requests.iter().any(|line| line.contains(other.as_str())), "{requests:?}");
    assert!(!requests.iter().any(|line| line.contains("json?all=true ")), "{requests:?}");
}

#[tokio::test]
async fn an_event_says_which_deployment_it_is_about() {
    let docker = engine();
    let deployments = [Deployment("events1"), Deployment("events2")];
    for (deployment, other) in deployments.iter().zip(deployments.iter().rev()) {
        let (_, container) = create(&docker, deployment.create("web", sleeper())).await;
        let name = container.name.as_str();
        // Other tests change this engine, too: then it may be about anything.
        let mut received = Vec::new();
        let is_it = |changed: &Changed| matches!(changed, Changed::Deployments(ids) if ids.contains(&deployment.id()));
        while !received.iter().any(is_it) {
            assert!(received.len() < 1000, "{received:?}");
            for arguments in [["start", name], ["kill", name]] {
                assert!(Command::new("docker").args(arguments).output().unwrap().status.success());
                let changed = tokio::time::timeout(Duration::from_secs(30), docker.changed()).await;
                received.push(changed.unwrap());
            }
        }
        // Nothing happened to the other one meanwhile.
        let about = |changed: &&Changed| matches!(changed, Changed::Deployments(ids) if ids.contains(&other.id()));
        assert_eq!(received.iter().filter(about).count(), 0, "{received:?}");
    }
}

#[tokio::test]
async fn an_event_and_a_lost_stream_count_as_changes() {
    let changed = Deployment("changed");
    let proxy = Proxy::start("changed");
    let docker = connect(&proxy.address, HostPolicy::default());
    let waits = Duration::from_secs(30);
    // The first one says that the stream is open.
    tokio::time::timeout(waits, docker.changed()).await.unwrap();
    let (_, container) = create(&docker, changed.create("web", sleeper())).await;
    act(&docker, &Action::StartContainer { container: container.clone() }).await.unwrap();
    tokio::time::timeout(waits, docker.changed()).await.unwrap();
    // What happens while nobody listens is not missed.
    let grace = Duration::from_secs(1);
    act(&docker, &Action::StopContainer { container, grace }).await.unwrap();
    tokio::time::timeout(waits, docker.changed()).await.unwrap();
    let streams = || proxy.requests().iter().filter(|line| line.contains("/events?")).count();
    assert_eq!(streams(), 1);
    proxy.cut();
    let opened_again = async {
        while streams() < 2 {
            docker.changed().await;
        }
    };
    tokio::time::timeout(waits, opened_again).await.unwrap();
}

pub(crate) fn tls(folder: &str, file: &str) -> PathBuf {
    PathBuf::from(variable("RECONCILER_LAB_TLS")).join(folder).join(file)
}

pub(crate) fn secured(ca: PathBuf, cert: PathBuf, key: PathBuf) -> Docker {
    let address = variable("RECONCILER_LAB_TLS_HOST");
    let parsed = EngineEndpoint::parse(&address, Some(&tls("", "")), false).unwrap();
    let EngineEndpoint::Tls { host, port, .. } = parsed else { panic!() };
    let endpoint = EngineEndpoint::Tls { host, port, ca, cert, key };
    let policy = PolicyEvaluator::of(HostPolicy::default());
    Docker::connect(&endpoint, "tls".into(), "test".into(), policy).unwrap()
}

#[tokio::test]
async fn tls_works_with_the_right_certificates_only() {
    let trusted = secured(tls("", "ca.pem"), tls("", "cert.pem"), tls("", "key.pem"));
    trusted.observe(&Scope::default()).await.unwrap();

    let ca = secured(tls("wrong", "ca.pem"), tls("", "cert.pem"), tls("", "key.pem"));
    let error = ca.ping().await.unwrap_err();
    assert!(
        matches!(&error, OutsideError::Forbidden(text) if text.contains("its certificate")),
        "{error:?}"
    );
    let cert = secured(tls("", "ca.pem"), tls("wrong", "cert.pem"), tls("wrong", "key.pem"));
    let error = cert.ping().await.unwrap_err();
    assert!(
        matches!(&error, OutsideError::Forbidden(text) if text.contains("client certificate")),
        "{error:?}"
    );
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_no_engine() {
    let address = variable("RECONCILER_LAB_TLS_HOST");
    let endpoint = EngineEndpoint::parse(&address, None, true).unwrap();
    let policy = PolicyEvaluator::of(HostPolicy::default());
    let docker = Docker::connect(&endpoint, "tls".into(), "test".into(), policy).unwrap();
    assert!(docker.observe(&Scope::default()).await.is_err());
}
