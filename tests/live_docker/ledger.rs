//! The ledger on the engine: a compare-and-set that nobody takes for a replica.

use reconciler::adapters::docker::{Docker, EngineEndpoint, Warden};
use reconciler::model::action::LedgerChange;
use reconciler::model::desired::Layout;
use reconciler::model::digest::Digest;
use reconciler::model::id::ContainerName;
use reconciler::model::ledger::{DeploymentRecord, Ledger};
use reconciler::model::policy::HostPolicy;
use reconciler::world::{OutsideError, Scope};

use super::support::*;

/// Each test has an installation of its own.
fn installation(name: &str) -> Docker {
    let address = variable("DOCKER_HOST");
    let endpoint = EngineEndpoint::parse(&address, None, false).unwrap();
    let policy = Warden::of(HostPolicy::default());
    Docker::connect(&endpoint, "lab".into(), name.into(), policy).unwrap()
}

fn record(deployment: &str) -> LedgerChange {
    LedgerChange::Record {
        deployment: deployment.into(),
        record: DeploymentRecord {
            source: "dir:/live".into(),
            engine: "lab".into(),
            revision: "r1".into(),
            hash: Digest::of(deployment),
            layout: Layout::Folders,
            scale: [("web".into(), 3)].into(),
            pulled: std::collections::BTreeMap::new(),
        },
    }
}

#[tokio::test]
async fn it_is_empty_at_first_and_keeps_what_is_written() {
    let docker = installation("ledger-a");
    assert_eq!(docker.read_ledger().await.unwrap(), (Ledger::default(), 0));
    docker.write_ledger(&record("abc")).await.unwrap();
    docker.write_ledger(&record("xyz")).await.unwrap();
    docker.write_ledger(&LedgerChange::Forget { deployment: "abc".into() }).await.unwrap();
    let mut expected = Ledger::default();
    expected.apply(&record("xyz"));
    assert_eq!(installation("ledger-a").read_ledger().await.unwrap(), (expected, 3));
    assert_eq!(installation("ledger-b").read_ledger().await.unwrap().1, 0, "another's");

    let seen = docker.observe(&Scope::default()).await.unwrap();
    assert_eq!(seen.containers, []);
    let names = seen.others.keys().filter(|name| name.as_str().contains("ledger-a"));
    let names: Vec<&str> = names.map(ContainerName::as_str).collect();
    assert_eq!(names, ["reconciler-ledger-ledger-a-3"], "older ones are gone");
}

#[tokio::test]
async fn of_many_writers_none_is_lost_and_none_overwrites() {
    let mut written = 0;
    let mut tried = 0;
    for round in 0..4 {
        let writers: Vec<_> = (0..4)
            .map(|number| async move {
                let name = format!("d{round}{number}");
                installation("ledger-c").write_ledger(&record(&name)).await.map(|()| name)
            })
            .collect();
        for outcome in futures_util::future::join_all(writers).await {
            tried += 1;
            match outcome {
                Ok(name) => {
                    written += 1;
                    let (ledger, _) = installation("ledger-c").read_ledger().await.unwrap();
                    assert!(ledger.deployments.contains_key(&name.as_str().into()), "{name}");
                }
                Err(error) => assert!(matches!(error, OutsideError::Conflict(_)), "{error}"),
            }
        }
    }
    let (ledger, generation) = installation("ledger-c").read_ledger().await.unwrap();
    assert_eq!((ledger.deployments.len(), generation), (written, written as u64));
    assert!((4..=tried).contains(&written), "{written} of {tried}");
}
