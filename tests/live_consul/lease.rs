//! Leadership on a real Consul.

use adapters::lease::{Holder, Lease, LeaseError, LeaseLost};
use adapters::process::Process;
use model::catalog::CheckStatus;
use model::time::Timestamp;
use serde_json::Value;
use world::{Keep as _, OutsideError};

use crate::support::{Server, both_forms, seen};

fn holder(name: &str) -> Holder {
    Holder { holder: name.to_owned(), since: Timestamp::from_secs(1), process: Process::default() }
}

#[tokio::test]
async fn a_released_lease_is_free_at_once_and_its_old_holder_is_fenced() {
    let server = Server::of_the_lab();
    let (first, second) = (server.client("handover", None), server.client("handover", None));
    let lease = Lease::acquire(&first, &holder("one")).await.unwrap();
    let epoch = lease.epoch();
    first.act(&both_forms("handover", "handover", 1, CheckStatus::Passing)).await.unwrap();

    let held = Lease::acquire(&second, &holder("two")).await.unwrap_err();
    assert_eq!(held, LeaseError::HeldElsewhere { holder: "one".to_owned(), ended: false });

    lease.release().await.unwrap();
    let lease = Lease::acquire(&second, &holder("two")).await.unwrap();
    assert!(lease.epoch() > epoch);
    let late = both_forms("handover", "handover", 2, CheckStatus::Passing);
    assert!(matches!(first.act(&late).await, Err(OutsideError::Conflict(_))));
    assert_eq!(seen(&second).await.unwrap().entries.len(), 2);
    second.act(&late).await.unwrap();
    lease.release().await.unwrap();

    // Nothing of a lease is left but the key.
    let agent = server.get("/v1/agent/services").await;
    assert!(!agent.to_string().contains("reconciler-handover"), "{agent}");
    let sessions = server.get("/v1/session/list").await;
    assert!(!sessions.to_string().contains("reconciler handover"), "{sessions}");
}

#[tokio::test]
async fn a_kept_lease_outlives_its_time_to_live_and_writes_nothing() {
    let server = Server::of_the_lab();
    let consul = server.client("keeper", None);
    let lease = Lease::acquire(&consul, &holder("keeper")).await.unwrap();
    let indexes = async || {
        let checks = server.get("/v1/health/checks/reconciler").await;
        let ours = checks.as_array().unwrap().iter();
        let ours: Vec<Value> = ours
            .filter(|check| check["ServiceID"].as_str().unwrap().contains("-keeper-"))
            .cloned()
            .collect();
        (ours, server.get("/v1/kv/reconciler/keeper/leader").await)
    };
    // The agent tells the servers of the check first, and then that it passes.
    let passes = async {
        loop {
            let before = indexes().await;
            if before.0.first().is_some_and(|check| check["Status"] == "passing") {
                return before;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let before = tokio::time::timeout(std::time::Duration::from_secs(30), passes).await;
    let before = before.expect("bound to a check of the agent that passes");
    assert_eq!(before.0.len(), 1, "one check of the agent: {before:?}");
    let span = std::time::Duration::from_secs(6);
    assert!(tokio::time::timeout(span, lease.keep()).await.is_err(), "lost although it was kept");
    assert_eq!(indexes().await, before);
    lease.release().await.unwrap();
}

#[tokio::test]
async fn a_lease_that_is_not_kept_passes_to_the_next() {
    let server = Server::of_the_lab();
    let (dead, next) = (server.client("crash", None), server.client("crash", None));
    let lease = Lease::acquire(&dead, &holder("dead")).await.unwrap();
    // Nobody keeps it: its holder is as good as killed.
    let taken = async {
        loop {
            match Lease::acquire(&next, &holder("next")).await {
                Err(LeaseError::HeldElsewhere { .. }) => {}
                other => return other.unwrap(),
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    // A plain TTL session would need 20 s; the bound is generous for a busy machine.
    let taken = tokio::time::timeout(std::time::Duration::from_secs(15), taken).await.unwrap();
    assert_eq!(lease.keep().await, LeaseLost::Unconfirmed);
    let late = both_forms("crash", "crash", 1, CheckStatus::Passing);
    assert!(matches!(dead.act(&late).await, Err(OutsideError::Conflict(_))));
    taken.release().await.unwrap();
}

#[tokio::test]
async fn a_lock_taken_by_force_is_noticed() {
    let server = Server::of_the_lab();
    let consul = server.client("robbed", None);
    let lease = Lease::acquire(&consul, &holder("robbed")).await.unwrap();
    server.raw("DELETE", "/v1/kv/reconciler/robbed/leader", "").await;
    assert_eq!(lease.keep().await, LeaseLost::Taken);
}
