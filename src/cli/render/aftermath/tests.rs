//! What is reported of failures.

use std::collections::BTreeMap;
use std::time::Duration;

use model::action::{Action, Until};
use model::plan::Step;
use model::target::{ContainerRef, Target};
use reconcile::control::{Ending, Execution, Failure, StepError, WaitError};
use world::LastWords;

use super::{Aftermath, Commands};
use crate::cli::render::fixture::{first_of, plan};

/// The fixture's plan, carried out until this step, which fails.
fn until(failing: u32, error: WaitError, last: LastWords) -> Execution {
    let failure = Failure { error: StepError::Wait(error), last };
    let ending = |step: &Step| match step.id.0 {
        id if id < failing => Ending::Done { took: Duration::from_secs(1) },
        id if id == failing => Ending::Failed(failure.clone()),
        _ => Ending::Dropped { because: model::id::StepId(failing) },
    };
    let steps = plan().steps.into_iter().map(|step| (step.clone(), ending(&step)));
    Execution { steps: steps.collect(), stopped: false }
}

fn text(execution: &Execution) -> String {
    let commands = Commands { hosts: &BTreeMap::new(), again: "reconciler --once ." };
    let texts = Aftermath::of(execution, commands).texts();
    anstream::adapter::strip_str(&texts.join("\n\n")).to_string()
}

#[test]
fn a_failure_says_why_what_is_left_what_was_not_tried_and_what_helps() {
    let last = LastWords {
        log: vec!["starting".to_owned(), "no \u{1b}[2Jroute".to_owned()],
        probe: vec!["left out: it is not what failed".to_owned()],
        out_of_memory: true,
    };
    let execution = until(first_of(2) + 2, WaitError::Ended { code: 137 }, last);
    assert_eq!(
        text(&execution),
        "\
error: abc/pricing/2 failed: it exited with code 137 (ended by SIGKILL, its memory was used up)
 --> #9 await abc-pricing-2-1a2b3c4 healthy for 5s within 2m, engine local
  | the end of its log:
  | starting
  | no \\u{1b}[2Jroute
  = the old container abc-pricing-2 still runs
  = the new container abc-pricing-2-1a2b3c4 stays, so that it can be looked at
  = not tried because of this: abc/pricing/3, abc/ui/1
  = help: `reconciler logs abc/pricing/2`

note: 1 of 2 services was not changed: abc/ui"
    );
}

#[test]
fn what_a_container_printed_fills_no_screen() {
    let zeros = "\0".repeat(4096);
    let last = LastWords { log: vec![zeros; 10], ..LastWords::default() };
    let text = text(&until(first_of(2) + 2, WaitError::Ended { code: 1 }, last));
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(super::WIDEST + 4) && text.contains("\\u{0}…\n"), "{text}");
}

#[test]
fn a_health_check_is_quoted_if_it_is_what_failed() {
    let last = LastWords { probe: vec!["no route".to_owned()], ..LastWords::default() };
    let text = text(&until(first_of(1) + 2, WaitError::Unhealthy { failures: 3 }, last));
    let expected = "its health check failed 3 times in a row";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("\n  | its health check printed:\n  | no route\n"), "{text}");
}

#[test]
fn an_old_container_that_was_stopped_is_reported_as_such() {
    let text = text(&until(first_of(1) + 4, WaitError::Gone, LastWords::default()));
    assert!(
        text.contains("= the old container abc-pricing-1 is stopped, and still there"),
        "{text}"
    );
    assert!(!text.contains("new container"), "{text}");
    assert!(text.contains("= help: `reconciler --once .`"), "{text}");
}

/// The fixture's plan with other actions for the first replica, of which the last one fails.
fn first_replica(actions: Vec<Action>, error: WaitError) -> Execution {
    let steps: Vec<_> = plan().steps.into_iter().skip(1).zip(actions).collect();
    let last = steps.len() - 1;
    let failed = Failure { error: StepError::Wait(error), last: LastWords::default() };
    let done = || Ending::Done { took: Duration::from_secs(1) };
    let ended = steps.into_iter().enumerate().map(|(at, (step, action))| {
        let ending = if at == last { Ending::Failed(failed.clone()) } else { done() };
        (Step { action, ..step }, ending)
    });
    Execution { steps: ended.collect(), stopped: false }
}

fn target(name: &str) -> Target {
    Target { container: ContainerRef::Known(name.into()), name: name.into() }
}

#[test]
fn a_service_that_was_stopped_first_and_did_not_come_back_is_down() {
    let all: Vec<Action> = plan().steps.into_iter().skip(1).map(|step| step.action).collect();
    let [create, start, wait, stop, remove] = &all[..5] else { panic!("five steps") };
    let stop_first = vec![create.clone(), stop.clone(), start.clone(), wait.clone()];
    let mut failed = first_replica(stop_first, WaitError::Ended { code: 1 });
    let dropped = Ending::Dropped { because: model::id::StepId(5) };
    let last = Step { action: remove.clone(), ..plan().steps[5].clone() };
    failed.steps.push((last, dropped));
    let text = text(&failed);
    assert!(
        text.contains("= the old container abc-pricing-1 is stopped, and still there"),
        "{text}"
    );
    assert!(text.contains("= abc/pricing/1 is down: to go back, take the change back"), "{text}");
}

#[test]
fn another_attempt_says_as_well_that_the_old_container_runs() {
    let wait = Action::Await {
        container: target("abc-pricing-1-1a2b3c4"),
        until: Until::Healthy(Duration::from_secs(5)),
        deadline: Duration::from_mins(2),
    };
    let start = Action::StartContainer { container: target("abc-pricing-1-1a2b3c4") };
    let mut failed = first_replica(vec![start, wait], WaitError::Ended { code: 1 });
    for step in plan().steps.into_iter().skip(4).take(2) {
        failed.steps.push((step, Ending::Dropped { because: model::id::StepId(3) }));
    }
    assert!(
        text(&failed).contains("= the old container abc-pricing-1 still runs"),
        "{}",
        text(&failed)
    );
}

#[test]
fn what_could_not_be_started_has_no_log_to_read() {
    let start = Action::StartContainer { container: target("abc-pricing-1") };
    let text = text(&first_replica(vec![start], WaitError::Gone));
    assert!(text.contains("= help: `reconciler explain abc/pricing/1`"), "{text}");
}

#[test]
fn what_ended_well_may_be_a_job() {
    let failed = until(first_of(2) + 2, WaitError::Ended { code: 0 }, LastWords::default());
    let hint = "\n  = if pricing is to end, it is a job: add `x-reconciler: { job: true }` to it\n";
    assert!(text(&failed).contains(hint), "{}", text(&failed));
}

#[test]
fn programs_get_the_same() {
    let last = LastWords { log: vec!["bye".to_owned()], ..LastWords::default() };
    let execution = until(first_of(2) + 2, WaitError::Ended { code: 143 }, last);
    let commands = Commands { hosts: &BTreeMap::new(), again: "" };
    let aftermath = Aftermath::of(&execution, commands);
    let (step, _) = execution.failures().next().unwrap();
    let json = aftermath.json(step);
    let expected = serde_json::json!({
        "kind": "failed",
        "error": "it exited with code 143",
        "object": "abc/pricing/2",
        "exit_code": 143,
        "signal": "SIGTERM",
        "out_of_memory": false,
        "health_output": [],
        "logs": ["bye"],
        "left": [
            "the old container abc-pricing-2 still runs",
            "the new container abc-pricing-2-1a2b3c4 stays, so that it can be looked at",
        ],
        "not_tried": ["abc/pricing/3", "abc/ui/1"],
        "hint": null,
        "next": "reconciler logs abc/pricing/2",
    });
    assert_eq!(json, expected);
    assert_eq!(aftermath.not_changed(), ["abc/ui"]);
    assert!(aftermath.json(&execution.steps[0].0).is_null());
}
