//! The ledger: compare-and-set, and the fence around every write.

use reconciler::adapters::consul::{Consul, SessionId};
use reconciler::model::action::LedgerChange;
use reconciler::model::catalog::CheckStatus;
use reconciler::model::desired::Layout;
use reconciler::model::ledger::{DeploymentRecord, Ledger};
use reconciler::world::OutsideError;

use crate::support::{Server, both_forms, seen};

pub(crate) fn record(deployment: &str, revision: &str) -> LedgerChange {
    LedgerChange::Record {
        deployment: deployment.into(),
        record: DeploymentRecord {
            source: "git:shop".into(),
            engine: "local".into(),
            revision: revision.into(),
            hash: reconciler::model::digest::Digest::of(revision),
            layout: Layout::Listed,
            scale: [("pricing".into(), 3)].into(),
            pulled: std::collections::BTreeMap::new(),
        },
    }
}

/// What the host does for each change.
async fn write(consul: &Consul, change: &LedgerChange) -> Result<(), OutsideError> {
    let (mut ledger, generation) = consul.read_ledger().await?;
    ledger.apply(change);
    consul.write_ledger(&ledger, generation).await
}

#[tokio::test]
async fn changes_add_up_and_generations_rise() {
    let consul = Server::of_the_lab().client("ledger", None);
    assert_eq!(consul.read_ledger().await.unwrap(), (Ledger::default(), 0));
    write(&consul, &record("abc", "r1")).await.unwrap();
    let (_, first) = consul.read_ledger().await.unwrap();
    write(&consul, &record("xyz", "r1")).await.unwrap();
    write(&consul, &record("abc", "r2")).await.unwrap();
    let gone = LedgerChange::Forget { deployment: "xyz".into() };
    write(&consul, &gone).await.unwrap();
    let (ledger, last) = consul.read_ledger().await.unwrap();
    assert!(0 < first && first < last);
    assert_eq!(ledger.deployments.len(), 1);
    assert_eq!(ledger.deployments[&"abc".into()].revision, "r2".into());
}

#[tokio::test]
async fn of_two_writers_at_once_one_has_to_look_again() {
    let consul = Server::of_the_lab().client("race", None);
    write(&consul, &record("abc", "r0")).await.unwrap();
    let changes: Vec<LedgerChange> =
        (0..16).map(|number| record(&format!("d{number}"), "r1")).collect();
    let writes = changes.iter().map(|change| write(&consul, change));
    let done = futures_util::future::join_all(writes).await;
    let lost = done.iter().filter(|d| matches!(d, Err(OutsideError::Conflict(_)))).count();
    let written = done.iter().filter(|d| d.is_ok()).count();
    assert_eq!(lost + written, 16, "{done:?}");
    assert!(lost > 0, "16 writers at once never met");
    // What was reported as written is there, and nothing else.
    let (ledger, _) = consul.read_ledger().await.unwrap();
    assert_eq!(ledger.deployments.len(), 1 + written);
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
    let refused = consul.act(&both_forms("fence", "fence", 1, CheckStatus::Passing)).await;
    assert!(matches!(refused, Err(OutsideError::Conflict(_))), "{refused:?}");
    assert_eq!(server.get("/v1/kv/reconciler/fence?recurse").await, before);
    assert_eq!(seen(&consul).await, None);
}

#[tokio::test]
async fn what_is_no_ledger_is_not_taken_for_an_empty_one() {
    let server = Server::of_the_lab();
    let consul = server.client("broken", None);
    server.raw("PUT", "/v1/kv/reconciler/broken/ledger", "{\"deployments\": 7}").await;
    assert!(matches!(consul.read_ledger().await, Err(OutsideError::Failed(_))));
}
