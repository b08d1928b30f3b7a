//! The controller: when it looks, what it cancels, and that nothing delays anything else.

use std::time::Duration;

use model::observed::Health;
use model::time::Instant;
use reconcile::control::Ending;
use world::{Clock as _, OutsideError, SourceError};

use crate::make::snapshot;
use crate::stage::Stage;
use crate::world::{Down, Life};

#[test]
fn a_killed_container_runs_again_within_a_second() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        for _ in 0..4 {
            stage.world.kill("abc-web-1");
            let took = stage.until_running("abc-web-1").await;
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
    });
}

#[test]
fn an_image_that_was_brought_for_one_is_seen_by_all_that_use_it() {
    let stage = Stage::new();
    stage.world.exact.set(true);
    let pushed = |id: &str| {
        stage.world.registry.borrow_mut().insert("web:1".into(), id.into());
    };
    pushed("sha256:older");
    let _ = stage.play(async |stage| {
        stage.until_running("xyz-web-1").await;
        stage.sleep(30.0).await;
        pushed("sha256:newer");
        stage.git.push(snapshot("fresh"));
        stage.sleep(10.0).await;
        for name in ["abc-web-1", "xyz-web-1"] {
            assert!(
                stage.world.runs_of(name, &"sha256:newer".into()),
                "{name}: {:?}",
                stage.world.texts()
            );
        }
    });
}

/// The last step and the end of all steps are two messages, and a look begins between them.
#[test]
fn the_end_of_a_pass_is_reported_before_the_next_reason_to_look() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        stage.world.kill("abc-web-1");
        stage.sleep(20.0).await;
        let after = stage.recorder.after_last("done ");
        assert!(after.contains(&"finished".to_owned()), "{after:?}");
    });
}

#[test]
fn what_moved_to_another_engine_leaves_the_old_one_when_that_lets_it() {
    let stage = Stage::new();
    stage.world.exact.set(true);
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        let failed = OutsideError::Failed("device or resource busy".to_owned());
        stage.world.failing.borrow_mut().insert("remove abc-web-1".into(), failed);
        stage.git.push(snapshot("moved"));
        stage.sleep(3.0).await;
        assert_eq!(stage.world.containers.borrow().len(), 3, "{:?}", stage.world.texts());
        stage.world.failing.borrow_mut().clear();
        // After the pause that its failures made, not at the next look at everything.
        stage.sleep(10.0).await;
        assert_eq!(stage.world.containers.borrow().len(), 2, "{:?}", stage.world.texts());
    });
}

#[test]
fn what_is_not_known_to_be_wanted_leaves_the_engine_unseen_until_it_is() {
    let stage = Stage::new();
    stage.unknown.set(true);
    let _ = stage.play(async |stage| {
        stage.sleep(600.0).await;
        assert_eq!(stage.world.texts(), Vec::<String>::new());
        stage.unknown.set(false);
        // The same revision once more: it is read again.
        stage.git.push(snapshot("r1"));
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_mins(1), "{took:?}");
    });
}

#[test]
fn a_clock_that_is_set_puts_nothing_off_and_hurries_nothing() {
    for seconds in [-3600, 3600] {
        let stage = Stage::new();
        let _ = stage.play(async |stage| {
            stage.until_running("abc-web-1").await;
            stage.sleep(7200.0).await;
            stage.world.clock.set(seconds);
            let looks = stage.world.looks.get();
            stage.world.kill("abc-web-1");
            let took = stage.until_running("abc-web-1").await;
            assert!(took < Duration::from_secs(1), "{took:?}");
            stage.sleep(600.0).await;
            let looks = stage.world.looks.get() - looks;
            assert!((20..=32).contains(&looks), "two engines, once a minute: {looks}");
        });
    }
}

#[test]
fn a_clock_that_is_set_during_a_wait_neither_ends_nor_prolongs_it() {
    for seconds in [-3600, 3600] {
        let stage = Stage::new();
        stage.life("abc-web-1", Life::Slow(Duration::from_mins(2)));
        stage.life("xyz-web-1", Life::Checked(Health::Starting));
        let _ = stage.play(async |stage| {
            stage.until_running("abc-web-1").await;
            stage.sleep(30.0).await;
            stage.world.clock.set(seconds);
            stage.sleep(100.0).await;
            assert_eq!(stage.recorder.count("failed"), 0, "{:?}", stage.recorder.0);
            stage.sleep(240.0).await;
            assert_eq!(stage.recorder.count("failed"), 1, "{:?}", stage.recorder.0);
        });
    }
}

#[test]
fn a_clock_that_is_set_neither_ends_nor_prolongs_a_pause_after_failures() {
    for seconds in [-3600, 3600] {
        let stage = Stage::new();
        let refused = OutsideError::Failed("no such image".to_owned());
        stage.world.failing.borrow_mut().insert("pull image web:".into(), refused);
        let _ = stage.play(async |stage| {
            stage.sleep(1800.0).await;
            let tries = || stage.world.calls_with("pull image web:1").len();
            let before = tries();
            stage.world.clock.set(seconds);
            stage.sleep(120.0).await;
            assert!(tries() <= before + 2, "two deployments, each five minutes: {}", tries());
            stage.sleep(600.0).await;
            assert!(tries() >= before + 2, "{} after {before}", tries());
        });
    }
}

#[test]
fn a_converged_world_is_looked_at_but_not_changed() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.sleep(60.0).await;
        let (calls, looks) = (stage.world.texts(), stage.world.looks.get());
        stage.sleep(3600.0).await;
        assert_eq!(stage.world.texts(), calls);
        let looks = stage.world.looks.get() - looks;
        assert!((118..=122).contains(&looks), "two engines, once a minute: {looks}");
    });
}

#[test]
fn a_newer_revision_ends_a_wait_at_once() {
    let stage = Stage::new();
    stage.life("abc-web-1", Life::Checked(Health::Starting));
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(10.0).await;
        stage.git.push(snapshot("r2"));
        stage.sleep(1.5).await;
        assert_eq!(stage.world.calls_with("pull image web:2").len(), 1);
        assert_eq!(stage.recorder.count("stopped"), 2, "{:?}", stage.recorder.0);
    });
}

#[test]
fn a_newer_revision_does_not_wait_for_the_image_of_the_older_one() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.world.slow.borrow_mut().insert("web:2".into(), Duration::from_hours(1));
        stage.git.push(snapshot("r2"));
        stage.sleep(10.0).await;
        stage.git.push(snapshot("r3"));
        stage.sleep(3.0).await;
        assert_eq!(stage.world.calls_with("pull image web:2").len(), 1);
        assert_eq!(stage.world.calls_with("pull image web:3").len(), 1);
        assert!(stage.world.calls_with("remove abc-web-1").len() == 1, "{:?}", stage.recorder.0);
    });
}

#[test]
fn a_newer_revision_leaves_the_waits_of_unchanged_deployments_alone() {
    let stage = Stage::new();
    stage.life("xyz-web-1", Life::Checked(Health::Starting));
    let _ = stage.play(async |stage| {
        stage.until_running("xyz-web-1").await;
        // A push a minute: the wait still reaches its deadline of five.
        for revision in 2..8 {
            stage.sleep(60.0).await;
            stage.git.push(snapshot(&format!("r{revision}")));
        }
        assert_eq!(stage.recorder.count("stopped"), 0, "{:?}", stage.recorder.0);
        assert!(stage.recorder.count("failed") >= 1);
        assert!(stage.world.calls_with("pull image web:7").len() <= 1);
    });
}

#[test]
fn a_deployment_that_waits_does_not_delay_another() {
    let stage = Stage::new();
    stage.life("abc-web-1", Life::Checked(Health::Starting));
    let _ = stage.play(async |stage| {
        stage.until_running("xyz-web-1").await;
        stage.sleep(20.0).await;
        stage.world.kill("xyz-web-1");
        let took = stage.until_running("xyz-web-1").await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    });
}

#[test]
fn a_slow_call_for_one_deployment_does_not_delay_another() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        stage.world.slow.borrow_mut().insert("pull".into(), Duration::from_mins(10));
        stage.git.push(snapshot("r2"));
        stage.sleep(30.0).await;
        stage.world.kill("xyz-web-1");
        let took = stage.until_running("xyz-web-1").await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    });
}

#[test]
fn a_hanging_engine_delays_the_others_once_at_most() {
    let stage = Stage::new();
    stage.world.down.borrow_mut().insert("web1".into(), Down::Hangs);
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        for _ in 0..3 {
            stage.sleep(60.0).await;
            stage.world.kill("abc-web-1");
            let took = stage.until_running("abc-web-1").await;
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
        assert_eq!(stage.recorder.count("unreachable"), 1);
    });
}

#[test]
fn an_engine_that_comes_back_is_seen_within_half_a_minute() {
    let stage = Stage::new();
    stage.world.down.borrow_mut().insert("local".into(), Down::Refuses);
    let _ = stage.play(async |stage| {
        stage.sleep(600.0).await;
        assert!(stage.world.calls.borrow().is_empty());
        stage.world.down.borrow_mut().clear();
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_secs(31), "{took:?}");
        assert_eq!(
            (stage.recorder.count("unreachable"), stage.recorder.count("reachable")),
            (1, 1)
        );
    });
}

#[test]
fn a_crash_loop_is_slowed_down_and_ends_when_it_is_healed() {
    let stage = Stage::new();
    stage.life("abc-web-1", Life::Ends(Duration::from_secs(2), 1));
    let _ = stage.play(async |stage| {
        for _ in 0..3600 {
            stage.sleep(1.0).await;
            // The containers of this world die silently; this makes the engine speak.
            stage.world.kill("nobody");
        }
        let starts = stage.world.calls_with("start abc-web-1");
        assert!((10..=30).contains(&starts.len()), "{}", starts.len());
        let last = starts[starts.len() - 1].since(starts[starts.len() - 2]);
        assert!(last >= Duration::from_mins(4) && last < Duration::from_mins(6), "{last:?}");
        stage.world.lives.borrow_mut().clear();
        stage.until_running("abc-web-1").await;
        stage.sleep(1200.0).await;
        stage.world.kill("abc-web-1");
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_secs(1), "{took:?}");
    });
}

#[test]
fn what_fails_is_tried_again_less_and_less_often_and_at_once_for_a_new_revision() {
    let stage = Stage::new();
    let refused = OutsideError::Failed("no such image".to_owned());
    stage.world.failing.borrow_mut().insert("pull image web:".into(), refused);
    let _ = stage.play(async |stage| {
        stage.sleep(3600.0).await;
        let tries = stage.world.calls_with("pull image web:1").len();
        assert!((2 * 12..=2 * 25).contains(&tries), "two deployments: {tries}");
        stage.world.failing.borrow_mut().clear();
        stage.git.push(snapshot("r2"));
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_secs(3), "{took:?}");
    });
}

#[test]
fn a_source_that_fails_is_read_again_and_what_runs_is_kept_up() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        stage.git.push(snapshot("r1"));
        *stage.git.answer.borrow_mut() = Err(SourceError::Unreachable("no route".into()));
        stage.sleep(600.0).await;
        let fetches = stage.git.fetches.get();
        assert!((10..=30).contains(&fetches), "{fetches}");
        assert_eq!(stage.recorder.count("source"), 1);
        stage.world.kill("abc-web-1");
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        *stage.git.answer.borrow_mut() = Ok(snapshot("r2"));
        stage.sleep(62.0).await;
        assert_eq!(stage.world.calls_with("pull image web:2").len(), 1);
    });
}

#[test]
fn a_stack_that_left_the_source_is_removed() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(30.0).await;
        stage.git.push(snapshot("only-xyz"));
        stage.sleep(5.0).await;
        assert!(stage.world.is_running("xyz-web-1"));
        assert_eq!(stage.world.calls_with("remove abc-web-1").len(), 1);
    });
}

#[test]
fn stopping_lets_the_call_finish_and_says_what_remains() {
    let stage = Stage::new();
    stage.world.slow.borrow_mut().insert("create".into(), Duration::from_secs(20));
    let report = stage.play(async |stage| stage.sleep(5.0).await);
    assert!(stage.world.clock.instant().since(Instant::default()) > Duration::from_secs(20));
    let execution = report.execution.expect("steps were under way");
    assert!(execution.stopped);
    let created = |ending: &Ending| matches!(ending, Ending::Done { .. });
    assert_eq!(execution.steps.iter().filter(|(_, ending)| created(ending)).count(), 4);
    assert!(execution.remaining().any(|step| step.action.to_string() == "start abc-web-1"));
    assert_eq!(stage.world.calls_with("start").len(), 0);
}
