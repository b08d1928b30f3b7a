//! The ledger: compare-and-set, and the fence around every write.

use adapters::consul::{Consul, SessionId};
use model::action::LedgerChange;
use model::catalog::CheckStatus;
use model::desired::Layout;
use model::ledger::{DeploymentRecord, Record, Stored};
use world::OutsideError;

use crate::support::{Server, both_forms, seen};

pub(crate) fn record(deployment: &str, revision: &str) -> LedgerChange {
    LedgerChange::Record {
        deployment: deployment.into(),
        record: DeploymentRecord {
            source: "git:shop".into(),
            engine: "local".into(),
            revision: revision.into(),
            hash: model::digest::Digest::of(revision),
            layout: Layout::Listed,
            scale: [("pricing".into(), 3)].into(),
            pulled: std::collections::BTreeMap::new(),
        },
        lifts: true,
    }
}

async fn write(consul: &Consul, change: &LedgerChange) -> Result<(), OutsideError> {
    let changed = |record: Record| record.changed(change);
    consul.change_record(&"local".into(), change.deployment(), changed).await
}

#[tokio::test]
async fn each_deployment_has_a_key_of_its_own() {
    let server = Server::of_the_lab();
    let consul = server.client("ledger", None);
    assert_eq!(consul.read_ledger().await.unwrap(), Stored::default());
    write(&consul, &record("abc", "r1")).await.unwrap();
    write(&consul, &record("xyz", "r1")).await.unwrap();
    write(&consul, &record("abc", "r2")).await.unwrap();
    let gone = LedgerChange::Forget { deployment: "xyz".into() };
    write(&consul, &gone).await.unwrap();
    write(&consul, &gone).await.unwrap();
    let stored = consul.read_ledger().await.unwrap();
    assert_eq!(stored.ledger.iter().count(), 1);
    let applied = stored.ledger.applied(&"local".into(), &"abc".into()).unwrap();
    assert_eq!(applied.revision, "r2".into());
    let keys = server.get("/v1/kv/reconciler/ledger/ledger?keys").await;
    assert_eq!(keys, serde_json::json!(["reconciler/ledger/ledger/local/abc"]));
}

#[tokio::test]
async fn of_two_writers_at_once_one_has_to_look_again() {
    let consul = Server::of_the_lab().client("race", None);
    write(&consul, &record("abc", "r0")).await.unwrap();
    let count = |record: &Record| {
        record.others.get("written").and_then(serde_json::Value::as_u64).unwrap_or_default()
    };
    let once_more = |mut record: Record| {
        let written = count(&record) + 1;
        record.others.insert("written".to_owned(), written.into());
        record
    };
    let (engine, id) = ("local".into(), "abc".into());
    let writes = (0..16).map(|_| consul.change_record(&engine, &id, once_more));
    let done = futures_util::future::join_all(writes).await;
    let lost = done.iter().filter(|d| matches!(d, Err(OutsideError::Conflict(_)))).count();
    let written = done.iter().filter(|d| d.is_ok()).count();
    assert_eq!(lost + written, 16, "{done:?}");
    assert!(lost > 0, "16 writers at once never met");
    // What was reported as written is there, and nothing else.
    let stored = consul.read_ledger().await.unwrap();
    let record = stored.ledger.record(&engine, &id).unwrap();
    assert_eq!(count(record), written as u64);
    assert!(record.applied.is_some(), "what was there before is there");
}

#[tokio::test]
async fn a_lost_session_writes_nothing() {
    let server = Server::of_the_lab();
    let consul = server.client("fence", None);
    write(&consul, &record("abc", "r1")).await.unwrap();
    let before = server.get("/v1/kv/reconciler/fence?recurse").await;

    consul
        .fence(&SessionId::new("11111111-2222-3333-4444-555555555555"), "reconciler/fence/leader");
    let refused = write(&consul, &record("abc", "r2")).await;
    assert!(matches!(refused, Err(OutsideError::Conflict(_))), "{refused:?}");
    let refused = write(&consul, &LedgerChange::Forget { deployment: "abc".into() }).await;
    assert!(matches!(refused, Err(OutsideError::Conflict(_))), "{refused:?}");
    let refused = consul.act(&both_forms("fence", "fence", 1, CheckStatus::Passing)).await;
    assert!(matches!(refused, Err(OutsideError::Conflict(_))), "{refused:?}");
    assert_eq!(server.get("/v1/kv/reconciler/fence?recurse").await, before);
    assert_eq!(seen(&consul).await, None);
}

#[tokio::test]
async fn what_is_no_ledger_is_not_taken_for_an_empty_one() {
    let server = Server::of_the_lab();
    let consul = server.client("broken", None);
    server.raw("PUT", "/v1/kv/reconciler/broken/ledger/local/abc", "7").await;
    let stored = consul.read_ledger().await.unwrap();
    assert_eq!((stored.ledger.iter().count(), stored.unreadable.len()), (0, 1));
    let refused = write(&consul, &record("abc", "r1")).await;
    assert!(matches!(refused, Err(OutsideError::Failed(_))), "{refused:?}");
    server.raw("PUT", "/v1/kv/reconciler/broken/ledger", "{\"deployments\": 7}").await;
    assert!(matches!(consul.read_ledger().await, Err(OutsideError::Failed(_))));
}

/// Consul takes 512 KiB for one value.
#[tokio::test]
async fn together_the_records_may_be_larger_than_one_value() {
    let consul = Server::of_the_lab().client("large", None);
    let large = |mut record: Record| {
        record.others.insert("later".to_owned(), "x".repeat(300 << 10).into());
        record
    };
    for id in ["abc", "def", "xyz"] {
        consul.change_record(&"local".into(), &id.into(), large).await.unwrap();
    }
    assert_eq!(consul.read_ledger().await.unwrap().ledger.iter().count(), 3);
}
