//! Images that are pulled anew: what another one replaces is in the plan before, and the same one
//! replaces nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use model::desired::DesiredState;
use model::digest::Digest;
use model::id::StepId;
use model::image_content::ImageContent;
use model::only_if::OnlyIf;
use model::plan::{Plan, Step};
use reconcile::control::{
    Ending, Event, Exit, Limits, Progress, Report, Setup, Stop, apply, execute, prepare,
};
use world::{NoTree, OutsideError, Snapshot};

use crate::drive::drive;
use crate::git::Recorder;
use crate::make::{deployment, desired, pull, settings, snapshot, start, step};
use crate::stage::fresh;
use crate::world::World;

/// Every plan of a pass.
#[derive(Default)]
struct Plans(RefCell<Vec<Plan>>);

impl Progress for Plans {
    fn event(&self, event: &Event<'_>) {
        if let Event::Planned(plan) = event {
            self.0.borrow_mut().push((*plan).clone());
        }
    }
}

fn all(snapshot: &Snapshot) -> DesiredState {
    let both = [fresh(deployment("abc", "web=1,db=1")), deployment("xyz", "web=1")];
    desired(snapshot.revision.as_str(), both)
}

fn pass(world: &World, revision: &str, plans: &Plans) -> Report {
    let (settings, stop) = (settings(&["local"]), Stop::new());
    let (limits, load, clock) = (Limits::default(), &all, &world.clock);
    let setup = Setup { world, clock, load, settings: &settings, limits, progress: plans };
    let both = async {
        let prepared = prepare(setup, snapshot(revision)).await;
        apply(setup, &prepared, &stop).await
    };
    drive(clock, both)
}

fn of_replica(report: &Report, name: &str) -> Vec<Ending> {
    let steps = &report.execution.as_ref().expect("it was applied").steps;
    let is_of = |step: &Step| {
        step.replica.as_ref().is_some_and(|replica| replica.container_name().as_str() == name)
    };
    steps.iter().filter(|(step, _)| is_of(step)).map(|(_, ending)| ending.clone()).collect()
}

#[test]
fn another_image_replaces_all_that_use_it_in_the_plan_that_pulls_it() {
    let (world, plans) = (World::default(), Plans::default());
    world.registry.borrow_mut().insert("web:1".into(), "sha256:older".into());
    assert_eq!(pass(&world, "r1", &plans).exit(), Exit::Done);
    plans.0.borrow_mut().clear();
    world.registry.borrow_mut().insert("web:1".into(), "sha256:newer".into());
    let report = pass(&world, "r2", &plans);
    assert_eq!(report.exit(), Exit::Done, "{report:#?}");
    assert_eq!(plans.0.borrow().len(), 1, "one plan");
    for name in ["abc-web-1", "xyz-web-1"] {
        assert!(world.runs_of(name, &"sha256:newer".into()), "{:?}", world.texts());
        let endings = of_replica(&report, name);
        assert!(endings.iter().all(|ending| matches!(ending, Ending::Done { .. })), "{endings:?}");
    }
    let endings = of_replica(&report, "abc-db-1");
    assert!(!endings.is_empty() && endings.iter().all(|ending| *ending == Ending::NotNeeded));
    assert_eq!(report.execution.expect("it was applied").remaining().count(), 0);
    let calls = world.texts();
    assert_eq!(pass(&world, "r2", &plans).exit(), Exit::Done);
    assert_eq!(world.texts(), calls, "the second pass does nothing");
}

#[test]
fn the_same_image_replaces_nothing() {
    let (world, plans) = (World::default(), Plans::default());
    assert_eq!(pass(&world, "r1", &plans).exit(), Exit::Done);
    let before = world.texts().len();
    let report = pass(&world, "r2", &plans);
    assert_eq!(report.exit(), Exit::Done, "{report:#?}");
    let calls = world.texts().split_off(before);
    assert!(
        calls.iter().all(|call| call.starts_with("pull") || call.starts_with("record")),
        "{calls:?}"
    );
    assert_eq!(plans.0.borrow().len(), 2, "one plan for each pass");
    assert!(of_replica(&report, "abc-web-1").iter().all(|ending| *ending == Ending::NotNeeded));
}

#[test]
fn a_pull_that_fails_leaves_everything_as_it_was() {
    let (world, plans) = (World::default(), Plans::default());
    assert_eq!(pass(&world, "r1", &plans).exit(), Exit::Done);
    world.failing.borrow_mut().insert("web:1".into(), OutsideError::Failed("no route".into()));
    let report = pass(&world, "r2", &plans);
    assert_eq!(report.exit(), Exit::Failed, "{report:#?}");
    let endings = of_replica(&report, "abc-web-1");
    assert!(endings.iter().all(|ending| matches!(ending, Ending::Dropped { .. })), "{endings:?}");
    assert!(world.is_running("abc-web-1") && world.is_running("xyz-web-1"));
}

fn only_if(another: u32) -> OnlyIf {
    let had = ImageContent { id: "had".into(), content: Some(Digest::of("files")) };
    let another = BTreeMap::from([(StepId(another), had)]);
    OnlyIf { another, ..OnlyIf::default() }
}

#[test]
fn what_comes_after_a_step_that_is_not_needed_goes_on() {
    for (image, needed) in [("had", false), ("other", true)] {
        let (world, recorder) = (World::default(), Recorder::default());
        let steps = vec![
            step(1, &[], pull(image)),
            Step { only_if: Some(only_if(1)), ..step(2, &[1], start("a")) },
            step(3, &[2], start("b")),
        ];
        let (stop, limits) = (Stop::new(), Limits::default());
        let all = execute(&world, &world.clock, steps, Arc::new(NoTree), &limits, &stop, &recorder);
        let execution = drive(&world.clock, all);
        let second = &execution.steps[1].1;
        assert_eq!(*second == Ending::NotNeeded, !needed, "{second:?}");
        assert!(matches!(execution.steps[2].1, Ending::Done { .. }), "{execution:#?}");
        let lines = recorder.0.borrow();
        assert_eq!(lines.contains(&"not needed #2".to_owned()), !needed, "{lines:?}");
    }
}
