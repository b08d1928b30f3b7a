//! Carrying out plans.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use model::action::Until;
use model::id::StepId;
use model::observed::{Health, Status};
use model::plan::Step;
use model::time::Instant;
use reconcile::control::{Ending, Execution, Limits, Pending, StepError, Stop, WaitError, execute};
use world::{Clock as _, NoTree, OutsideError};

use crate::drive::drive;
use crate::git::Recorder;
use crate::make::{forget, of, pull, remove, start, step, stop, wait};
use crate::world::{Down, Life, World};

fn run(world: &World, steps: Vec<Step>, recorder: &Recorder) -> Execution {
    let (stop, limits) = (Stop::new(), Limits::default());
    let all = execute(world, &world.clock, steps, Arc::new(NoTree), &limits, &stop, recorder);
    drive(&world.clock, all)
}

fn error(execution: &Execution, id: u32) -> &StepError {
    let found = execution.failures().find(|(step, _)| step.id == StepId(id));
    &found.expect("the step failed").1.error
}

#[test]
fn steps_begin_in_order_of_the_graph_lowest_number_first() {
    let (world, recorder) = (World::default(), Recorder::default());
    let steps = vec![
        step(1, &[], start("a")),
        step(2, &[1], start("b")),
        step(3, &[], start("c")),
        step(4, &[2, 3], start("d")),
    ];
    let execution = run(&world, steps, &recorder);
    assert_eq!(execution.failures().count(), 0);
    let begun: Vec<_> =
        recorder.0.borrow().iter().filter(|line| line.starts_with("start")).cloned().collect();
    assert_eq!(begun, ["start #1", "start #3", "start #2", "start #4"]);
}

#[test]
fn a_failed_step_drops_what_needs_it_and_nothing_else() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.failing.borrow_mut().insert("bad".into(), OutsideError::Failed("no space".into()));
    let steps = vec![
        step(1, &[], start("bad")),
        step(2, &[1], start("b")),
        step(3, &[2], start("c")),
        step(4, &[], start("d")),
        step(5, &[3, 4], start("e")),
        step(6, &[4], start("f")),
    ];
    let execution = run(&world, steps, &recorder);
    let endings: Vec<_> = execution.steps.iter().map(|(_, ending)| ending).collect();
    let because = StepId(1);
    assert!(matches!(endings[0], Ending::Failed(_)));
    for dropped in [1, 2, 4] {
        assert_eq!(*endings[dropped], Ending::Dropped { because });
    }
    assert!(matches!(endings[3], Ending::Done { .. }));
    assert!(matches!(endings[5], Ending::Done { .. }));
    assert_eq!(execution.remaining().count(), 3);
}

#[test]
fn an_engine_gets_no_more_calls_at_once_than_allowed() {
    let (world, recorder) = (World::default(), Recorder::default());
    let steps = (1..=40).map(|id| step(id, &[], start(&id.to_string()))).collect();
    run(&world, steps, &recorder);
    assert_eq!(world.most.get(), Limits::default().per_engine);
}

#[test]
fn slow_pulls_and_stops_leave_room_for_starts() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.slow.borrow_mut().insert("pull".into(), Duration::from_mins(1));
    world.slow.borrow_mut().insert("stop".into(), Duration::from_mins(1));
    let mut steps: Vec<_> = (1..=40).map(|id| step(id, &[], pull(&format!("i:{id}")))).collect();
    steps.extend((41..=60).map(|id| step(id, &[], stop(&id.to_string()))));
    steps.push(step(61, &[], start("web")));
    run(&world, steps, &recorder);
    assert_eq!(world.calls_with("start"), [world.calls.borrow()[0].0]);
    let began = world.calls_with("pull")[0];
    let at_once = world.calls_with("pull").iter().filter(|at| **at == began).count();
    assert_eq!(at_once, Limits::default().images);
}

#[test]
fn the_ledger_is_written_one_change_at_a_time() {
    let (world, recorder) = (World::default(), Recorder::default());
    let steps = (1..=5).map(|id| step(id, &[], forget("abc"))).collect();
    run(&world, steps, &recorder);
    assert_eq!((world.most.get(), world.calls.borrow().len()), (1, 5));
}

#[test]
fn waits_take_no_room() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.put("web", Status::Created);
    let mut steps: Vec<_> =
        (1..=20).map(|id| step(id, &[], wait("web", Until::Running, 60))).collect();
    steps.push(step(21, &[], start("web")));
    let execution = run(&world, steps, &recorder);
    assert_eq!(execution.failures().count(), 0);
}

#[test]
fn hundreds_of_waits_ask_their_engine_in_turn_and_leave_another_alone() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.inspecting.set(Duration::from_millis(3));
    world.put("slow", Status::Running);
    world.lives.borrow_mut().insert("slow".into(), Life::Checked(Health::Starting));
    let healthy = || Until::Healthy(Duration::from_millis(500));
    let steps = (1..=300).map(|id| step(id, &[], wait("slow", healthy(), 60))).collect();
    run(&world, steps, &recorder);
    assert_eq!(recorder.count("failed"), 300);
    assert_eq!(world.inspected_at_once.get(), Limits::default().polls);
    let asked = world.inspected.get();
    assert!((3000..=7500).contains(&asked), "a minute, a hundred a second: {asked}");
    // On another engine nobody waits in line.
    world.put("web", Status::Running);
    let mut steps: Vec<_> =
        (1..=300).map(|id| step(id, &[], wait("slow", healthy(), 60))).collect();
    let elsewhere = step(301, &[], wait("web", healthy(), 60));
    steps.push(Step { engine: "web1".into(), ..elsewhere });
    let execution = run(&world, steps, &recorder);
    let Ending::Done { took } = execution.steps[300].1 else {
        panic!("{:?}", execution.steps[300])
    };
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn thousands_of_steps_and_a_deep_chain_are_carried_out() {
    let (world, recorder) = (World::default(), Recorder::default());
    let chain = |id: u32| if id.is_multiple_of(2) { vec![id - 1] } else { vec![] };
    let mut steps: Vec<_> =
        (1..=4000).map(|id| step(id, &chain(id), start(&id.to_string()))).collect();
    steps.extend((4001..=6000).map(|id| step(id, &[id - 1], remove(&id.to_string()))));
    let execution = run(&world, steps, &recorder);
    assert_eq!(execution.steps.len(), 6000);
    assert_eq!(recorder.count("done"), 6000);
}

#[test]
fn a_step_that_needs_one_which_does_not_come_before_it_is_dropped() {
    let (world, recorder) = (World::default(), Recorder::default());
    let execution =
        run(&world, vec![step(1, &[2], start("a")), step(2, &[], start("b"))], &recorder);
    assert_eq!(execution.steps[0].1, Ending::Dropped { because: StepId(2) });
    assert!(matches!(execution.steps[1].1, Ending::Done { .. }));
}

#[test]
fn after_a_request_to_stop_calls_finish_waits_end_and_nothing_begins() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.put("web", Status::Created);
    world.slow.borrow_mut().insert("start a".into(), Duration::from_secs(10));
    let steps = vec![
        step(1, &[], start("a")),
        step(2, &[1], start("b")),
        of("xyz", step(3, &[], wait("web", Until::Running, 600))),
    ];
    let (stop, limits) = (Stop::new(), Limits::default());
    let all = execute(&world, &world.clock, steps, Arc::new(NoTree), &limits, &stop, &recorder);
    let signal = async {
        world.clock.sleep(Duration::from_secs(2)).await;
        stop.request();
    };
    let (execution, ()) = drive(&world.clock, join(all, signal));
    assert!(execution.stopped);
    assert!(matches!(execution.steps[0].1, Ending::Done { .. }));
    assert_eq!(execution.steps[1].1, Ending::Stopped);
    assert_eq!(execution.steps[2].1, Ending::Stopped);
    assert_eq!(world.clock.instant().since(Instant::default()), Duration::from_secs(10));
}

#[test]
fn a_request_before_the_first_step_leaves_everything_undone() {
    let (world, recorder) = (World::default(), Recorder::default());
    let (stop, limits) = (Stop::new(), Limits::default());
    stop.request();
    let steps = vec![step(1, &[], start("a"))];
    let all = execute(&world, &world.clock, steps, Arc::new(NoTree), &limits, &stop, &recorder);
    let execution = drive(&world.clock, all);
    assert_eq!(execution.steps[0].1, Ending::Stopped);
    assert!(world.calls.borrow().is_empty());
}

#[test]
fn a_container_that_ends_fails_its_wait_at_once_with_its_log() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.put("web", Status::Running);
    world.lives.borrow_mut().insert("web".into(), Life::Ends(Duration::from_millis(300), 2));
    let healthy = Until::Healthy(Duration::from_millis(500));
    let execution = run(&world, vec![step(1, &[], wait("web", healthy, 300))], &recorder);
    assert_eq!(*error(&execution, 1), StepError::Wait(WaitError::Ended { code: 2 }));
    let (_, failure) = execution.failures().next().expect("one failed");
    assert_eq!(failure.last.log, ["the last 10 lines of web"]);
    assert!(world.clock.instant().since(Instant::default()) < Duration::from_secs(1));
}

#[test]
fn an_unhealthy_container_of_which_nothing_new_is_found_gets_its_time() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.put("web", Status::Running);
    world.lives.borrow_mut().insert("web".into(), Life::Checked(Health::Unhealthy));
    let healthy = Until::Healthy(Duration::from_millis(500));
    let execution = run(&world, vec![step(1, &[], wait("web", healthy, 30))], &recorder);
    let after = Duration::from_secs(30);
    let late = WaitError::Deadline { last: Pending::Unhealthy, after };
    assert_eq!(*error(&execution, 1), StepError::Wait(late));
    assert_eq!(world.clock.instant().since(Instant::default()), after);
}

#[test]
fn a_container_that_is_found_unhealthy_ends_its_wait_at_once_with_its_log() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.put("web", Status::Running);
    world.lives.borrow_mut().insert("web".into(), Life::Unhealthy(Duration::from_secs(1)));
    let healthy = Until::Healthy(Duration::from_millis(500));
    let execution = run(&world, vec![step(1, &[], wait("web", healthy, 300))], &recorder);
    assert_eq!(*error(&execution, 1), StepError::Wait(WaitError::Unhealthy { failures: 3 }));
    let (_, failure) = execution.failures().next().expect("one failed");
    assert_eq!(failure.last.log, ["the last 10 lines of web"]);
    assert!(world.clock.passed() < Duration::from_secs(4), "{:?}", world.clock.passed());
}

#[test]
fn a_dependency_that_is_unhealthy_from_the_start_is_given_up_when_it_is_found_so_again() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.put("db", Status::Running);
    world.lives.borrow_mut().insert("db".into(), Life::Unhealthy(Duration::from_secs(10)));
    drive(&world.clock, world.clock.sleep(Duration::from_mins(10)));
    let healthy = Until::Healthy(Duration::from_millis(500));
    let execution = run(&world, vec![step(1, &[], wait("db", healthy, 300))], &recorder);
    assert_eq!(*error(&execution, 1), StepError::Wait(WaitError::Unhealthy { failures: 63 }));
    assert_eq!(world.clock.passed().as_secs(), 630);
}

#[test]
fn an_engine_that_goes_away_during_a_wait_may_come_back() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.put("web", Status::Running);
    world.down.borrow_mut().insert("local".into(), Down::Refuses);
    let (stop, limits) = (Stop::new(), Limits::default());
    let healthy = Until::Healthy(Duration::from_millis(500));
    let steps = vec![step(1, &[], wait("web", healthy, 30))];
    let all = execute(&world, &world.clock, steps, Arc::new(NoTree), &limits, &stop, &recorder);
    let repair = async {
        world.clock.sleep(Duration::from_secs(5)).await;
        world.down.borrow_mut().clear();
    };
    let (execution, ()) = drive(&world.clock, join(all, repair));
    assert_eq!(execution.failures().count(), 0);
}

#[test]
fn an_engine_that_stays_away_is_what_the_wait_failed_of() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.down.borrow_mut().insert("local".into(), Down::Refuses);
    let execution = run(&world, vec![step(1, &[], wait("web", Until::Running, 3))], &recorder);
    assert!(matches!(error(&execution, 1).outside(), Some(OutsideError::Unreachable(_))));
}

#[test]
fn an_engine_that_does_not_answer_is_named_and_ends_a_wait_long_before_its_deadline() {
    let (world, recorder) = (World::default(), Recorder::default());
    world.down.borrow_mut().insert("local".into(), Down::Refuses);
    let (stop, limits) = (Stop::new(), Limits::default());
    let limits = Limits { silence: Some(Duration::from_secs(30)), ..limits };
    let steps = (1..=3).map(|id| step(id, &[], wait("web", Until::Running, 300))).collect();
    let all = execute(&world, &world.clock, steps, Arc::new(NoTree), &limits, &stop, &recorder);
    let execution = drive(&world.clock, all);
    assert!(matches!(error(&execution, 3).outside(), Some(OutsideError::Unreachable(_))));
    assert_eq!(world.clock.passed().as_secs(), 30);
    let reports: Vec<_> =
        recorder.0.borrow().iter().filter(|line| line.starts_with("silent")).cloned().collect();
    assert_eq!(reports, ["silent local 5s", "silent local 20s"], "once for all waits");
}

#[test]
fn a_one_shot_is_waited_for_until_it_ends_well() {
    let (world, recorder) = (World::default(), Recorder::default());
    for (name, code) in [("migrate", 0), ("broken", 1)] {
        world.put(name, Status::Running);
        world.lives.borrow_mut().insert(name.into(), Life::Ends(Duration::from_secs(4), code));
    }
    let steps = vec![
        step(1, &[], wait("migrate", Until::Completed, 60)),
        step(2, &[], wait("broken", Until::Completed, 60)),
    ];
    let execution = run(&world, steps, &recorder);
    assert!(matches!(execution.steps[0].1, Ending::Done { .. }));
    assert_eq!(*error(&execution, 2), StepError::Wait(WaitError::Ended { code: 1 }));
}
