//! A watched folder: what it lacks for a moment is not removed, what it lacks for longer is,
//! without a message; and one that was lost is read as soon as it returns.

use std::time::Duration;

use model::desired::DesiredState;
use reconcile::control::{Limits, Pace, Setup, Stop, run};
use world::{Clock as _, Snapshot, SourceError};

use crate::drive::drive;
use crate::git::{Git, Recorder};
use crate::make::{deployment, desired, settings, snapshot};
use crate::world::World;

/// A revision says what it asks for: `abc:web=1,db=1 xyz:web=1`.
fn load(snapshot: &Snapshot) -> DesiredState {
    let revision = snapshot.revision.as_str();
    let stacks = revision.split_whitespace().filter_map(|stack| stack.split_once(':'));
    desired(revision, stacks.map(|(id, services)| deployment(id, services)))
}

const ALL: &str = "abc:web=1,db=1 xyz:web=1";

struct Stage {
    world: World,
    folder: Git,
    recorder: Recorder,
    stop: Stop,
}

impl Stage {
    /// Runs the controller on a folder with all stacks, and the script once they run and have
    /// been seen for long enough.
    fn play(script: impl AsyncFnOnce(&Self)) {
        Self::of_pace(Pace { absence: Duration::from_secs(5), ..Pace::default() }, script);
    }

    fn of_pace(pace: Pace, script: impl AsyncFnOnce(&Self)) {
        let stage = Self {
            world: World::default(),
            folder: Git::at(snapshot(ALL)),
            recorder: Recorder::default(),
            stop: Stop::new(),
        };
        let settings = settings(&["local"]);
        let setup = Setup {
            world: &stage.world,
            clock: &stage.world.clock,
            load: &load,
            settings: &settings,
            limits: Limits::default(),
            progress: &stage.recorder,
        };
        let controller = run(setup, &stage.folder, pace, &stage.stop);
        let script = async {
            stage.sleep(30.0).await;
            assert!(stage.runs("abc-web-1") && stage.runs("abc-db-1") && stage.runs("xyz-web-1"));
            script(&stage).await;
            stage.stop.request();
        };
        let _ = drive(&stage.world.clock, futures_util::future::join(controller, script)).0;
    }

    async fn sleep(&self, seconds: f64) {
        self.world.clock.sleep(Duration::from_secs_f64(seconds)).await;
    }

    fn shows(&self, what: &str) {
        self.folder.push(snapshot(what));
    }

    fn runs(&self, name: &str) -> bool {
        self.world.is_running(name)
    }

    /// How often something was stopped or removed.
    fn removals(&self) -> usize {
        ["stop ", "remove "].iter().map(|word| self.world.calls_with(word).len()).sum()
    }
}

#[test]
fn a_stack_that_is_moved_away_and_back_stays() {
    for seconds in [0.15, 0.6, 2.0, 4.9] {
        Stage::play(async |stage| {
            let calls = stage.world.texts().len();
            stage.shows("abc:web=1,db=1");
            stage.sleep(seconds).await;
            stage.shows(ALL);
            stage.sleep(120.0).await;
            assert_eq!(stage.world.texts().len(), calls, "{:?}", stage.world.texts());
        });
    }
}

#[test]
fn a_stack_that_is_gone_is_removed_after_five_seconds_without_a_reason_to_look() {
    Stage::play(async |stage| {
        stage.shows("abc:web=1,db=1");
        stage.sleep(4.9).await;
        assert!(stage.runs("xyz-web-1") && stage.removals() == 0);
        stage.sleep(1.5).await;
        assert!(!stage.runs("xyz-web-1"), "{:?}", stage.world.texts());
        assert!(stage.runs("abc-web-1"));
    });
}

#[test]
fn a_file_that_is_cut_at_the_end_of_a_line_removes_nothing_and_applies_the_rest() {
    Stage::play(async |stage| {
        stage.shows("abc:web=2 xyz:web=1");
        stage.sleep(3.0).await;
        assert_eq!(stage.world.calls_with("create container abc-web-1").len(), 2);
        assert!(stage.runs("abc-db-1"));
        assert_eq!(stage.world.calls_with("stop abc-db-1").len(), 0);
        stage.shows("abc:web=2,db=1 xyz:web=1");
        stage.sleep(120.0).await;
        assert_eq!(stage.world.calls_with("stop abc-db-1").len(), 0);
    });
}

#[test]
fn while_a_file_grows_nothing_of_it_is_removed() {
    Stage::play(async |stage| {
        for tag in 2..8 {
            stage.shows(&format!("abc:web={tag} xyz:web=1"));
            stage.sleep(4.0).await;
        }
        assert!(stage.runs("abc-db-1"));
        assert_eq!(stage.world.calls_with("stop abc-db-1").len(), 0);
        stage.sleep(3.0).await;
        assert!(!stage.runs("abc-db-1"), "{:?}", stage.world.texts());
    });
}

#[test]
fn a_controller_that_begins_while_a_folder_is_copied_removes_nothing() {
    Stage::play(async |stage| {
        stage.stop.request();
        stage.sleep(1.0).await;
        let (recorder, stop, settings) = (Recorder::default(), Stop::new(), settings(&["local"]));
        let setup = Setup {
            world: &stage.world,
            clock: &stage.world.clock,
            load: &load,
            settings: &settings,
            limits: Limits::default(),
            progress: &recorder,
        };
        let calls = stage.world.texts().len();
        stage.shows("abc:web=1");
        let pace = Pace { absence: Duration::from_secs(5), ..Pace::default() };
        let script = async {
            stage.sleep(2.0).await;
            stage.shows(ALL);
            stage.sleep(60.0).await;
            stop.request();
        };
        let controller = run(setup, &stage.folder, pace, &stop);
        let _ = futures_util::future::join(controller, script).await.0;
        assert_eq!(stage.world.texts().len(), calls, "{:?}", stage.world.texts());
    });
}

#[test]
fn a_commit_is_whole() {
    Stage::of_pace(Pace::default(), async |stage| {
        stage.shows("abc:web=1");
        stage.sleep(3.0).await;
        assert!(!stage.runs("xyz-web-1") && !stage.runs("abc-db-1"));
    });
}

#[test]
fn a_folder_that_comes_back_in_parts_removes_nothing() {
    Stage::play(async |stage| {
        let gone = Err(SourceError::Missing("no such folder".into()));
        stage.folder.push(snapshot("abc:web=1,db=1"));
        stage.sleep(1.0).await;
        stage.folder.answers(gone);
        stage.sleep(60.0).await;
        assert_eq!(stage.removals(), 0);
        assert_eq!(stage.recorder.last("current", "stale"), Some("stale".to_owned()));
        let fetches = stage.folder.fetches.get();
        stage.folder.returns(snapshot("abc:web=1,db=1"));
        stage.sleep(0.3).await;
        assert_eq!(stage.folder.fetches.get(), fetches + 1, "it is read at once");
        assert_eq!(stage.recorder.last("current", "stale"), Some("current".to_owned()));
        stage.sleep(1.0).await;
        stage.shows(ALL);
        stage.sleep(60.0).await;
        assert_eq!(stage.removals(), 0, "{:?}", stage.world.texts());
    });
}
