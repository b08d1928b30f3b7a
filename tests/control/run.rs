//! The controller: when it looks, what it cancels, and that nothing delays anything else.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join;
use reconciler::control::{Ending, Limits, Pace, Report, Setup, Stop, run};
use reconciler::model::desired::DesiredState;
use reconciler::model::observed::Health;
use reconciler::model::time::Timestamp;
use reconciler::world::{Clock as _, OutsideError, Snapshot, SourceError};

use crate::drive::drive;
use crate::git::{Git, Told};
use crate::make::{deployment, desired, settings, snapshot};
use crate::world::{Down, Life, World};

/// What each revision asks for.
fn load(snapshot: &Snapshot) -> DesiredState {
    let revision = snapshot.revision.as_str();
    let tag = revision.trim_start_matches('r');
    let deployments = match revision {
        "only-xyz" => vec![deployment("xyz", "web=1")],
        _ => vec![deployment("abc", &format!("web={tag}")), deployment("xyz", "web=1")],
    };
    let mut desired = desired(revision, deployments);
    if UNKNOWN.get() {
        desired.provisional.insert("local".into(), "it does not tell".to_owned());
    }
    desired
}

thread_local! {
    /// Whether it is unknown what is wanted on the engine.
    static UNKNOWN: Cell<bool> = const { Cell::new(false) };
}

struct Stage {
    world: World,
    git: Git,
    told: Told,
    stop: Stop,
}

impl Stage {
    fn new() -> Self {
        Self {
            world: World::default(),
            git: Git::at(snapshot("r1")),
            told: Told::default(),
            stop: Stop::new(),
        }
    }

    /// Runs the controller beside a script, and stops it after the script's end.
    fn play(&self, script: impl AsyncFnOnce(&Self)) -> Report {
        let settings = settings(&["local", "web1"]);
        let setup = Setup {
            world: &self.world,
            clock: &self.world.clock,
            load: &load,
            settings: &settings,
            limits: Limits::default(),
            progress: &self.told,
        };
        let controller = run(setup, &self.git, Pace::default(), &self.stop);
        let script = async {
            script(self).await;
            self.stop.request();
        };
        drive(&self.world.clock, join(controller, script)).0
    }

    async fn sleep(&self, seconds: f64) {
        self.world.clock.sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// Sleeps until a container runs, and yields how long that took.
    async fn until_running(&self, name: &str) -> Duration {
        let began = self.world.clock.now();
        while !self.world.is_running(name) {
            self.world.clock.sleep(Duration::from_millis(5)).await;
            let waited = self.world.clock.now().since(began);
            assert!(waited < Duration::from_mins(30), "{name} never ran: {:?}", self.told.0);
        }
        self.world.clock.now().since(began)
    }

    fn life(&self, name: &str, life: Life) {
        self.world.lives.borrow_mut().insert(name.into(), life);
    }
}

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
fn what_is_not_known_to_be_wanted_leaves_the_engine_unseen_until_it_is() {
    let stage = Stage::new();
    UNKNOWN.set(true);
    let _ = stage.play(async |stage| {
        stage.sleep(600.0).await;
        assert_eq!(stage.world.texts(), Vec::<String>::new());
        UNKNOWN.set(false);
        // The same revision once more: it is read again.
        stage.git.push(snapshot("r1"));
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_mins(1), "{took:?}");
    });
}

#[test]
fn a_clock_that_is_set_back_puts_nothing_off() {
    let stage = Stage::new();
    let _ = stage.play(async |stage| {
        stage.until_running("abc-web-1").await;
        stage.sleep(7200.0).await;
        stage.world.clock.set_back(Duration::from_hours(1));
        let looks = stage.world.looks.get();
        stage.world.kill("abc-web-1");
        let took = stage.until_running("abc-web-1").await;
        assert!(took < Duration::from_secs(1), "{took:?}");
        stage.sleep(600.0).await;
        let looks = stage.world.looks.get() - looks;
        assert!(looks >= 20, "two engines, once a minute: {looks}");
    });
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
        assert_eq!(stage.told.count("stopped"), 2, "{:?}", stage.told.0);
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
        assert!(stage.world.calls_with("remove abc-web-1").len() == 1, "{:?}", stage.told.0);
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
        assert_eq!(stage.told.count("stopped"), 0, "{:?}", stage.told.0);
        assert!(stage.told.count("failed") >= 1);
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
        assert_eq!(stage.told.count("unreachable"), 1);
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
        assert_eq!((stage.told.count("unreachable"), stage.told.count("reachable")), (1, 1));
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
        assert_eq!(stage.told.count("source"), 1);
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
    assert!(stage.world.clock.now().since(Timestamp::default()) > Duration::from_secs(20));
    let execution = report.execution.expect("steps were under way");
    assert!(execution.stopped);
    let created = |ending: &Ending| matches!(ending, Ending::Done { .. });
    assert_eq!(execution.steps.iter().filter(|(_, ending)| created(ending)).count(), 4);
    assert!(execution.remaining().any(|step| step.action.to_string() == "start abc-web-1"));
    assert_eq!(stage.world.calls_with("start").len(), 0);
}
