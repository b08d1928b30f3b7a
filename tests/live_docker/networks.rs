//! Networks of one name: an engine before API 1.44 makes two if it is asked twice at once.

use std::collections::BTreeMap;
use std::process::Command;

use model::action::Action;
use model::policy::HostPolicy;
use world::OutsideError;

use super::support::*;

fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output().unwrap();
    assert!(output.status.success(), "docker {words:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn networks(name: &str) -> Vec<String> {
    let filter = format!("name=^{name}$");
    let ids = docker(&["network", "ls", "-q", "--no-trunc", "--filter", &filter]);
    ids.lines().map(str::to_owned).collect()
}

/// A second network of this name, as a client that asks at the same moment makes it.
fn make_twin(name: &str, labels: &str) {
    let socket = variable("DOCKER_HOST").trim_start_matches("unix://").to_owned();
    let body = format!(r#"{{"Name": "{name}", "Driver": "bridge", "Labels": {labels}}}"#);
    let length = body.len();
    let request = format!(
        "POST /v1.41/networks/create HTTP/1.0\r\nHost: e\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.contains("201 Created"), "{answer}");
}

/// Where the engine's own check comes too early, as for two that ask at once.
#[tokio::test]
async fn a_network_that_somebody_else_made_at_the_same_moment_is_the_only_one_that_stays() {
    let pair = Deployment("netpair");
    let proxy = Proxy::asking("netpair", r#""CheckDuplicate":true"#, r#""CheckDuplicate":null"#);
    let docker = connect(&proxy.address, HostPolicy::default());

    make_twin("netpair_a", r#"{"com.docker.compose.project": "netpair"}"#);
    let composes = networks("netpair_a");
    act(&docker, &pair.network("a")).await.unwrap();
    assert_eq!(networks("netpair_a"), composes, "Compose's is adopted");

    make_twin("netpair_b", "{}");
    let foreign = networks("netpair_b");
    let end = act(&docker, &pair.network("b")).await;
    assert!(matches!(end, Err(OutsideError::Conflict(_))), "{end:?}");
    assert_eq!(networks("netpair_b"), foreign);

    act(&docker, &pair.network("c")).await.unwrap();
    let first = networks("netpair_c");
    act(&docker, &pair.network("c")).await.unwrap();
    assert_eq!(networks("netpair_c"), first, "the older one of two of ours stays");
}

/// With nothing granted, so that the guard looks at the ids, too.
#[tokio::test]
async fn a_container_is_attached_to_the_network_that_was_seen_and_not_to_its_twin() {
    let twins = Deployment("nettwins");
    let docker = engine_with(HostPolicy::default());
    act(&docker, &twins.network("a")).await.unwrap();
    act(&docker, &twins.network("b")).await.unwrap();
    let mut spec = sleeper();
    spec.networks = BTreeMap::from([("nettwins_a".into(), Box::default())]);
    for name in ["nettwins_a", "nettwins_b"] {
        make_twin(name, "{}");
        assert_eq!(networks(name).len(), 2);
    }
    let seen = docker.observe(&twins.scope()).await.unwrap().networks;
    let first = |name: &str| seen.iter().find(|n| n.spec.name.as_str() == name).unwrap().id.clone();

    let (id, container) = create(&docker, twins.create("web", spec)).await;
    let connect = Action::ConnectNetwork {
        container: container.clone(),
        network: "nettwins_b".into(),
        attachment: Box::default(),
    };
    act(&docker, &connect).await.unwrap();
    act(&docker, &Action::StartContainer { container: container.clone() }).await.unwrap();
    let view = view(&docker, &id).await;
    let names = ["nettwins_a", "nettwins_b"];
    assert_eq!(view.network_ids, names.map(|name| (name.into(), first(name))).into());
    assert_eq!(view.addresses.len(), 2);

    let (container, network) = (container.clone(), "nettwins_b".into());
    act(&docker, &Action::DisconnectNetwork { container, network }).await.unwrap();
    assert_eq!(self::view(&docker, &id).await.network_ids.len(), 1);
}
