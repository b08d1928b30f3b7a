//! What the ledger remembers of rollouts: how each ended, also of those that failed.

use model::desired::DesiredState;
use model::ledger::{PastRollout, RolloutResult};
use reconcile::control::{Exit, Limits, Report, Setup, Silent, Stop, apply, prepare};
use world::{OutsideError, Snapshot};

use crate::drive::drive;
use crate::make::{deployment, desired, settings, snapshot};
use crate::world::World;

fn wanted(snapshot: &Snapshot) -> DesiredState {
    let revision = snapshot.revision.as_str();
    let services = if revision == "r1" { "web=1,db=1" } else { "web=2,db=1" };
    desired(revision, [deployment("abc", services)])
}

fn pass(world: &World, revision: &str) -> Report {
    let (settings, stop) = (settings(&["local"]), Stop::new());
    let (limits, load, clock) = (Limits::default(), &wanted, &world.clock);
    let setup = Setup { world, clock, load, settings: &settings, limits, progress: &Silent };
    let both = async {
        let prepared = prepare(setup, snapshot(revision)).await;
        apply(setup, &prepared, &stop).await
    };
    drive(clock, both)
}

fn history(world: &World) -> Vec<PastRollout> {
    let ledger = world.ledger.borrow();
    ledger.record(&"local".into(), &"abc".into()).map(|r| r.history.clone()).unwrap_or_default()
}

#[test]
fn each_rollout_is_entered_once_and_a_quiet_pass_enters_nothing() {
    let world = World::default();
    assert_eq!(pass(&world, "r1").exit(), Exit::Done);
    let first = history(&world);
    let [rollout] = &first[..] else { panic!("{first:#?}") };
    assert_eq!(rollout.result, RolloutResult::Done);
    assert_eq!((rollout.revision.as_str(), rollout.attempts), ("r1", 1));
    assert!(rollout.took_ms > 0, "waiting for health takes time: {rollout:#?}");
    let changes = ["create db", "create web"].map(str::to_owned);
    assert!(changes.iter().all(|change| rollout.changes.contains(change)), "{rollout:#?}");
    assert_eq!(pass(&world, "r1").exit(), Exit::Done);
    assert_eq!(history(&world), first, "nothing was done");
}

#[test]
fn attempts_at_a_revision_that_fails_are_one_rollout_with_what_went_wrong() {
    let world = World::default();
    assert_eq!(pass(&world, "r1").exit(), Exit::Done);
    world.failing.borrow_mut().insert("web:2".into(), OutsideError::Failed("no route".into()));
    for attempts in 1..=2 {
        assert_eq!(pass(&world, "r2").exit(), Exit::Failed);
        let all = history(&world);
        let revisions: Vec<_> = all.iter().map(|one| one.revision.as_str()).collect();
        assert_eq!(revisions, ["r2", "r1"]);
        assert_eq!(all[0].attempts, attempts);
        let RolloutResult::Failed { step, error } = &all[0].result else { panic!("{all:#?}") };
        assert_eq!((&**step, &**error), ("pull image web:2", "no route"));
    }
    world.failing.borrow_mut().clear();
    assert_eq!(pass(&world, "r2").exit(), Exit::Done);
    let all = history(&world);
    assert_eq!((all.len(), all[0].attempts, &all[0].result), (2, 3, &RolloutResult::Done));
}
