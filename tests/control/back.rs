//! A rollout that fails: the deployment returns to what worked, and the revision is not tried again.

use model::action::LedgerChange;
use model::id::ImageId;
use model::ledger::{Pin, RolloutResult, Then};
use model::plan::{Health, Sync, WaitingOn};
use model::time::Timestamp;
use reconcile::control::Exit;

use crate::make::snapshot;
use crate::stage::Stage;

fn push(stage: &Stage, revision: &str) {
    stage.git.push(snapshot(revision));
}

fn runs(stage: &Stage, image: &str) -> bool {
    stage.world.runs_of("abc-web-1", &ImageId::new(image))
}

/// A stage where `r1` works, and containers of `r2` and `r3` of abc end with 3.
fn stage() -> Stage {
    let stage = Stage::new();
    for image in ["web:2", "web:3"] {
        stage.world.broken.borrow_mut().insert(image.into());
    }
    stage
}

#[test]
fn a_pass_whose_rollout_fails_returns_to_what_worked() {
    let stage = stage();
    assert_eq!(stage.pass().exit(), Exit::Done);
    push(&stage, "r2");
    let report = stage.pass();
    assert_eq!(report.exit(), Exit::Failed, "{report:#?}");
    assert!(runs(&stage, "web:1"), "{:#?}", stage.world.texts());
    let abc = &report.deployments[&"abc".into()];
    assert_eq!((&abc.sync, &abc.health), (&Sync::OutOfSync, &Health::Healthy));
    let record = stage.world.ledger.borrow().record(&"local".into(), &"abc".into()).cloned();
    let record = record.unwrap();
    let quarantine = record.quarantine.unwrap();
    assert_eq!((quarantine.revision.as_str(), quarantine.then), ("r2", Then::Rollback));
    assert!(quarantine.why.contains("it exited with code 3"), "{}", quarantine.why);
    assert_eq!(record.stable[0].revision.as_str(), "r1");
    let failed = |result: &RolloutResult| matches!(result, RolloutResult::Failed { .. });
    assert!(record.history.iter().any(|it| it.revision.as_str() == "r2" && failed(&it.result)));

    // It is not tried again, and nothing else is done.
    let calls = stage.world.texts().len();
    let report = stage.pass();
    assert_eq!(report.exit(), Exit::Failed, "a pipeline hears that it is not applied");
    assert!(report.blocked.iter().any(|it| {
        matches!(&it.waiting_on, WaitingOn::AnotherRevision { back_at: Some(at), .. } if at.as_str() == "r1")
    }));
    assert_eq!(stage.world.texts().len(), calls, "{:#?}", &stage.world.texts()[calls..]);

    // Another one is.
    push(&stage, "r4");
    assert_eq!(stage.pass().exit(), Exit::Done);
    assert!(runs(&stage, "web:4"));
    let ledger = stage.world.ledger.borrow();
    let record = ledger.record(&"local".into(), &"abc".into()).unwrap();
    assert!(record.quarantine.is_none());
    assert_eq!(record.stable[0].revision.as_str(), "r4");
}

#[test]
fn another_revision_that_fails_returns_to_the_same() {
    let stage = stage();
    assert_eq!(stage.pass().exit(), Exit::Done);
    for revision in ["r2", "r3", "r2"] {
        push(&stage, revision);
        assert_eq!(stage.pass().exit(), Exit::Failed, "{revision}");
        assert!(runs(&stage, "web:1"), "{revision}");
        let ledger = stage.world.ledger.borrow();
        let record = ledger.record(&"local".into(), &"abc".into()).unwrap();
        assert_eq!(record.stable[0].revision.as_str(), "r1");
        assert_eq!(record.quarantine.as_ref().unwrap().revision.as_str(), revision);
    }
}

#[test]
fn a_revert_in_git_lifts_the_quarantine() {
    let stage = stage();
    assert_eq!(stage.pass().exit(), Exit::Done);
    push(&stage, "r2");
    assert_eq!(stage.pass().exit(), Exit::Failed);
    push(&stage, "r1");
    assert_eq!(stage.pass().exit(), Exit::Done);
    let ledger = stage.world.ledger.borrow();
    assert!(ledger.record(&"local".into(), &"abc".into()).unwrap().quarantine.is_none());
}

#[test]
fn the_first_rollout_has_nothing_to_return_to() {
    let stage = stage();
    push(&stage, "r2");
    let report = stage.pass();
    assert_eq!(report.exit(), Exit::Failed);
    let ledger = stage.world.ledger.borrow();
    assert!(ledger.record(&"local".into(), &"abc".into()).unwrap().quarantine.is_none());
}

#[test]
fn a_state_that_is_gone_leaves_the_deployment_as_it_stands() {
    let stage = stage();
    assert_eq!(stage.pass().exit(), Exit::Done);
    stage.world.kept.borrow_mut().clear();
    push(&stage, "r2");
    let report = stage.pass();
    assert_eq!(report.exit(), Exit::Failed);
    assert!(runs(&stage, "web:1"), "what ran before still runs");
    assert!(
        report.blocked.iter().any(|it| {
            matches!(&it.waiting_on, WaitingOn::AnotherRevision { lost: Some(_), .. })
        }),
        "{:#?}",
        report.blocked
    );
}

#[test]
fn a_controller_returns_and_goes_on_with_the_next_revision() {
    let stage = stage();
    let report = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        push(stage, "r2");
        stage.sleep(60.0).await;
        assert!(runs(stage, "web:1"), "{:#?}", stage.world.texts());
        let tries = stage.world.calls_with("web:2").len();
        stage.sleep(3600.0).await;
        assert_eq!(stage.world.calls_with("web:2").len(), tries, "it is not tried again");
        push(stage, "r4");
        stage.sleep(30.0).await;
        assert!(runs(stage, "web:4"));
    });
    assert_eq!(report.exit(), Exit::Done, "{report:#?}");
}

#[test]
fn what_a_person_paused_is_not_removed_with_its_stack() {
    let stage = stage();
    assert_eq!(stage.pass().exit(), Exit::Done);
    let pin = Pin { at: Timestamp(0), by: "ann@host".to_owned(), to: None };
    let change = LedgerChange::Pin { deployment: "abc".into(), pin: Box::new(pin) };
    stage.world.ledger.borrow_mut().apply(&"local".into(), &change);
    push(&stage, "only-xyz");
    let report = stage.pass();
    assert!(stage.world.is_running("abc-web-1"), "{report:#?}");
    assert_eq!(report.exit(), Exit::Blocked);
    assert!(report.blocked.iter().any(|it| matches!(it.waiting_on, WaitingOn::Resume { .. })));
    stage
        .world
        .ledger
        .borrow_mut()
        .apply(&"local".into(), &LedgerChange::Resume { deployment: "abc".into() });
    assert_eq!(stage.pass().exit(), Exit::Done);
    assert!(!stage.world.is_running("abc-web-1"));
}

#[test]
fn a_state_that_was_pruned_is_kept_again() {
    let stage = stage();
    assert_eq!(stage.pass().exit(), Exit::Done);
    push(&stage, "r4");
    assert_eq!(stage.pass().exit(), Exit::Done);
    stage.world.kept.borrow_mut().clear();
    push(&stage, "r1");
    assert_eq!(stage.pass().exit(), Exit::Done);
    push(&stage, "r2");
    let report = stage.pass();
    assert!(runs(&stage, "web:1"));
    assert!(report.back.is_some_and(|back| back.has_returned(&"abc".into()).is_some()));
}
