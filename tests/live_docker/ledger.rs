//! Records on the engine: a compare-and-set that nobody takes for a replica.

use adapters::docker::{Docker, EngineEndpoint, PolicyEvaluator};
use model::action::LedgerChange;
use model::desired::Layout;
use model::digest::Digest;
use model::ledger::{DeploymentRecord, Ledger, Record};
use model::policy::HostPolicy;
use world::{OutsideError, Scope};

use super::support::*;

/// Each test has an installation of its own.
fn installation(name: &str) -> Docker {
    let address = variable("DOCKER_HOST");
    let endpoint = EngineEndpoint::parse(&address, None, false).unwrap();
    let policy = PolicyEvaluator::of(HostPolicy::default());
    Docker::connect(&endpoint, "lab".into(), name.into(), policy).unwrap()
}

pub(crate) fn record(deployment: &str) -> LedgerChange {
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
        lifts: true,
    }
}

async fn write(docker: &Docker, change: &LedgerChange) -> Result<(), OutsideError> {
    docker.change_record(change.deployment(), |record| record.changed(change)).await
}

async fn ledger(installation_of: &str) -> Ledger {
    installation(installation_of).observe(&Scope::default()).await.unwrap().stored.ledger
}

/// The names of the containers that hold the records of an installation.
async fn holders(docker: &Docker, of: &str) -> Vec<String> {
    let seen = docker.observe(&Scope::default()).await.unwrap();
    assert_eq!(seen.containers, []);
    let names = seen.others.keys().map(ToString::to_string);
    names.filter(|name| name.starts_with(&format!("reconciler-ledger-{of}."))).collect()
}

#[tokio::test]
async fn it_is_empty_at_first_and_keeps_what_is_written() {
    let docker = installation("ledger-a");
    assert_eq!(ledger("ledger-a").await, Ledger::default());
    write(&docker, &record("abc")).await.unwrap();
    write(&docker, &record("abc-2")).await.unwrap();
    write(&docker, &record("xyz")).await.unwrap();
    write(&docker, &record("xyz")).await.unwrap();
    write(&docker, &LedgerChange::Forget { deployment: "abc".into() }).await.unwrap();
    let seen = ledger("ledger-a").await;
    let ids: Vec<_> = seen.on(&"lab".into()).map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["abc-2", "xyz"]);
    assert_eq!(ledger("ledger-b").await, Ledger::default(), "another's");

    // Older ones are gone, and so is what was forgotten.
    let expected = ["reconciler-ledger-ledger-a.abc-2.1", "reconciler-ledger-ledger-a.xyz.2"];
    assert_eq!(holders(&docker, "ledger-a").await, expected);
    write(&docker, &LedgerChange::Forget { deployment: "abc-2".into() }).await.unwrap();
    write(&docker, &LedgerChange::Forget { deployment: "xyz".into() }).await.unwrap();
    assert!(holders(&docker, "ledger-a").await.is_empty());
}

#[tokio::test]
async fn of_many_writers_none_is_lost_and_none_overwrites() {
    let count = |record: Record| -> u64 {
        record.others.get("written").and_then(serde_json::Value::as_u64).unwrap_or_default()
    };
    let once_more = |mut record: Record| {
        let written = count(record.clone()) + 1;
        record.others.insert("written".to_owned(), written.into());
        record
    };
    let mut written = 0;
    for _ in 0..4 {
        let writers: Vec<_> = (0..4)
            .map(async |_| installation("ledger-c").change_record(&"abc".into(), once_more).await)
            .collect();
        for outcome in futures_util::future::join_all(writers).await {
            match outcome {
                Ok(()) => written += 1,
                Err(error) => assert!(matches!(error, OutsideError::Conflict(_)), "{error}"),
            }
        }
    }
    let seen = ledger("ledger-c").await;
    let record = seen.record(&"lab".into(), &"abc".into()).unwrap().clone();
    assert_eq!(count(record), written);
    assert!((4..=16).contains(&written), "{written} of 16");
    installation("ledger-c").change_record(&"abc".into(), |_| Record::default()).await.unwrap();
}

#[tokio::test]
async fn a_pruned_engine_remembers_nothing() {
    let docker = installation("ledger-p");
    write(&docker, &record("abc")).await.unwrap();
    let prune = ["container", "prune", "--force", "--filter"];
    let ours = "label=reconciler.installation=ledger-p";
    let done = std::process::Command::new("docker").args(prune).arg(ours).status().unwrap();
    assert!(done.success());
    assert_eq!(ledger("ledger-p").await, Ledger::default());
    write(&docker, &record("abc")).await.unwrap();
    assert_eq!(holders(&docker, "ledger-p").await, ["reconciler-ledger-ledger-p.abc.1"]);
    write(&docker, &LedgerChange::Forget { deployment: "abc".into() }).await.unwrap();
}
