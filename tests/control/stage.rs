//! A stage for the controller: the hand-written world, a source, and how long reading takes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, join};
use model::desired::{Deployment, DesiredState, Entry, ImageSource, Layout, PullPolicy};
use model::id::DeploymentId;
use model::secret::Content;
use reconcile::control::{Limits, Load, Pace, Report, Setup, Stop, once, run};
use world::{Clock as _, Snapshot};

use crate::drive::drive;
use crate::git::{Git, Recorder};
use crate::make::{deployment, desired, settings, snapshot};
use crate::world::{Life, World};

/// What each revision asks for.
fn desired_at(snapshot: &Snapshot) -> DesiredState {
    let revision = snapshot.revision.as_str();
    // `r2+` is another revision that asks for the same as `r2`.
    let tag = revision.trim_start_matches('r').trim_end_matches('+');
    let deployments = match revision {
        "fresh" => vec![fresh(deployment("abc", "web=1")), deployment("xyz", "web=1")],
        "moved" => vec![moved(deployment("abc", "web=1")), deployment("xyz", "web=1")],
        "only-xyz" => vec![deployment("xyz", "web=1")],
        _ => vec![deployment("abc", &format!("web={tag}")), deployment("xyz", "web=1")],
    };
    desired(revision, deployments)
}

/// The same with images that are pulled for each revision.
pub(crate) fn fresh((id, entry): (DeploymentId, Entry)) -> (DeploymentId, Entry) {
    let Entry::Valid(deployment, warnings) = entry else { return (id, entry) };
    let mut deployment = (*deployment).clone();
    for service in deployment.services.values_mut() {
        service.image = ImageSource::Pull(PullPolicy::Always);
    }
    (id, Entry::Valid(deployment.into(), warnings))
}

/// The same on another engine.
fn moved((id, entry): (DeploymentId, Entry)) -> (DeploymentId, Entry) {
    let Entry::Valid(deployment, warnings) = entry else { return (id, entry) };
    let deployment = Deployment { engine: "web1".into(), ..(*deployment).clone() };
    (id, Entry::Valid(deployment.into(), warnings))
}

/// A controller's world, its source, and what it tells.
pub(crate) struct Stage {
    pub world: World,
    pub git: Git,
    pub recorder: Recorder,
    pub stop: Stop,
    /// How long it takes to read revisions; no time else.
    pub reading: RefCell<BTreeMap<String, Duration>>,
    /// The revisions that were begun to be read, and those that were read.
    pub read: RefCell<Vec<String>>,
    /// Whether it is unknown what is wanted on the engine `local`.
    pub unknown: Cell<bool>,
}

impl Load for Stage {
    fn load<'a>(&'a self, snapshot: &Snapshot) -> LocalBoxFuture<'a, DesiredState> {
        let revision = snapshot.revision.to_string();
        let span = self.reading.borrow().get(&revision).copied();
        let (snapshot, unknown) = (snapshot.clone(), self.unknown.get());
        Box::pin(async move {
            self.read.borrow_mut().push(format!("begin {revision}"));
            self.world.clock.sleep(span.unwrap_or_default()).await;
            self.read.borrow_mut().push(format!("end {revision}"));
            let mut desired = desired_at(&snapshot);
            if unknown {
                desired.provisional.insert("local".into(), "it does not tell".to_owned());
            }
            desired
        })
    }

    /// The revision stands for its files.
    fn keep(&self, snapshot: &Snapshot, _: Layout, _: &Deployment) -> Result<Content, String> {
        Ok(Content::new(snapshot.revision.as_str().as_bytes()))
    }

    fn restore(
        &self,
        kept: &Content,
        snapshot: &Snapshot,
        now: &Deployment,
    ) -> Result<Deployment, String> {
        let revision = String::from_utf8(kept.expose().to_vec()).expect("a revision");
        let snapshot = Snapshot { revision: revision.as_str().into(), ..snapshot.clone() };
        match desired_at(&snapshot).deployments.remove(&now.id) {
            Some(Entry::Valid(deployment, _)) => Ok((*deployment).clone()),
            _ => Err("it is not in it".to_owned()),
        }
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            world: World::default(),
            git: Git::at(snapshot("r1")),
            recorder: Recorder::default(),
            stop: Stop::new(),
            reading: RefCell::default(),
            read: RefCell::default(),
            unknown: Cell::default(),
        }
    }

    /// One pass at the newest revision.
    pub(crate) fn pass(&self) -> Report {
        let settings = settings(&["local", "web1"]);
        let setup = Setup {
            world: &self.world,
            clock: &self.world.clock,
            load: self,
            settings: &settings,
            limits: Limits::default(),
            progress: &self.recorder,
        };
        drive(&self.world.clock, once(setup, &self.git, &Stop::new()))
    }

    /// Runs the controller beside a script, and stops it after the script's end.
    pub(crate) fn play(&self, script: impl AsyncFnOnce(&Self)) -> Report {
        let settings = settings(&["local", "web1"]);
        let setup = Setup {
            world: &self.world,
            clock: &self.world.clock,
            load: self,
            settings: &settings,
            limits: Limits::default(),
            progress: &self.recorder,
        };
        let controller = run(setup, &self.git, Pace::default(), &self.stop);
        let script = async {
            script(self).await;
            self.stop.request();
        };
        drive(&self.world.clock, join(controller, script)).0
    }

    pub(crate) async fn sleep(&self, seconds: f64) {
        self.world.clock.sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// Sleeps until a container runs, and yields how long that took.
    pub(crate) async fn until_running(&self, name: &str) -> Duration {
        let began = self.world.clock.instant();
        while !self.world.is_running(name) {
            self.world.clock.sleep(Duration::from_millis(5)).await;
            let waited = self.world.clock.instant().since(began);
            assert!(waited < Duration::from_mins(30), "{name} never ran: {:?}", self.recorder.0);
        }
        self.world.clock.instant().since(began)
    }

    pub(crate) fn life(&self, name: &str, life: Life) {
        self.world.lives.borrow_mut().insert(name.into(), life);
    }
}
