//! The hand-written world: one engine that obeys, with knobs for what goes wrong.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::Duration;

use model::action::{Action, Create};
use model::catalog::CatalogContents;
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId, EngineName, ImageId, ImageRef};
use model::ledger::{Ledger, LedgerView, Stored};
use model::observed::{ContainerState, ContainerView, EngineContents, Health, ImageView, Status};
use model::secret::Content;
use model::spec::ContainerSpec;
use model::target::Outcome;
use model::time::{Instant, Timestamp};
use world::{Act, CatalogScope, Changed, Clock as _, Observe, OutsideError, Scope, Tree, Watch};

use crate::drive::VirtualClock;
use crate::inside::Inside;
use crate::views::{image_view, view};

/// What becomes of a started container; one without any runs and has no health check.
#[derive(Clone, Copy)]
pub(crate) enum Life {
    /// Its health check never gets past this.
    Checked(Health),
    /// Its health check passes after such a time.
    Slow(Duration),
    /// Its health check fails once in such a time; three failures make it unhealthy.
    Unhealthy(Duration),
    /// Ends after such a time with such a code.
    Ends(Duration, i64),
}

/// One engine, `local`, and others that are empty at first. Whatever no knob names works, fast.
#[derive(Default)]
pub(crate) struct World {
    pub clock: VirtualClock,
    pub containers: RefCell<BTreeMap<ContainerId, ContainerView>>,
    pub images: RefCell<BTreeSet<ImageRef>>,
    /// Where containers are that are not on `local`.
    pub elsewhere: RefCell<BTreeMap<ContainerId, EngineName>>,
    /// Images that the registry has by now under names that lead to older ones here.
    pub registry: RefCell<BTreeMap<ImageRef, ImageId>>,
    /// The images that names lead to which are not called as they are.
    pub ids: RefCell<BTreeMap<ImageRef, ImageId>>,
    pub ledger: RefCell<Ledger>,
    /// The files of last stable states.
    pub kept: RefCell<BTreeMap<(DeploymentId, Digest), Content>>,
    /// What becomes of containers, by name.
    pub lives: RefCell<BTreeMap<String, Life>>,
    /// Images whose containers end with 3 at once.
    pub broken: RefCell<BTreeSet<ImageRef>>,
    /// Errors of actions whose text contains the key.
    pub failing: RefCell<BTreeMap<String, OutsideError>>,
    /// How long actions take whose text contains the key; 10 ms else.
    pub slow: RefCell<BTreeMap<String, Duration>>,
    /// Engines that do not answer.
    pub down: RefCell<BTreeMap<EngineName, Down>>,
    /// Every changing call: when it began, and its text.
    pub calls: RefCell<Vec<(Instant, String)>>,
    pub looks: Cell<usize>,
    /// Looks at engines that are under way, also those that hang.
    pub looking: Cell<usize>,
    /// How long it takes to inspect one container; no time else.
    pub inspecting: Cell<Duration>,
    /// Containers that were inspected alone, and how many at once at most.
    pub inspected: Cell<usize>,
    pub inspected_at_once: Cell<usize>,
    inspects: Cell<usize>,
    /// Names of services that the catalog was asked for last.
    pub asked: RefCell<BTreeSet<String>>,
    /// Changing calls under way, and the most there ever were.
    pub inside: Cell<usize>,
    pub most: Cell<usize>,
    /// Whether the engine's events say which deployment they are about.
    pub exact: Cell<bool>,
    changed: RefCell<Option<Changed>>,
    watcher: RefCell<Option<Waker>>,
    made: Cell<u32>,
}

/// How an engine does not answer.
#[derive(Clone, Copy)]
pub(crate) enum Down {
    Refuses,
    Hangs,
}

impl World {
    /// A container that exists, as the tests of single steps need it.
    pub(crate) fn put(&self, name: &str, status: Status) {
        let view = view(name, ContainerSpec::of_image("web:1".into()), self.clock.engine());
        let state = ContainerState { status, started_at: Some(self.clock.engine()), ..view.state };
        self.containers.borrow_mut().insert(name.into(), ContainerView { state, ..view });
    }

    /// A container is killed by hand, by name.
    pub(crate) fn kill(&self, name: &str) {
        self.end(name, 137);
    }

    pub(crate) fn is_running(&self, name: &str) -> bool {
        let now = self.clock.engine();
        let containers = self.containers.borrow();
        let mut found = containers.values().filter(|view| view.name.as_str() == name);
        found.any(|view| self.at(view, now).state.status == Status::Running)
    }

    /// Whether a container runs that was made of this image.
    pub(crate) fn runs_of(&self, name: &str, image: &ImageId) -> bool {
        let containers = self.containers.borrow();
        let mut found = containers.values().filter(|view| view.name.as_str() == name);
        found.any(|view| view.image_id == *image) && self.is_running(name)
    }

    pub(crate) fn calls_with(&self, text: &str) -> Vec<Instant> {
        let calls = self.calls.borrow();
        calls.iter().filter(|(_, call)| call.contains(text)).map(|(at, _)| *at).collect()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.calls.borrow().iter().map(|(_, text)| text.clone()).collect()
    }

    fn end(&self, name: &str, code: i64) {
        let now = self.clock.engine();
        for view in self.containers.borrow_mut().values_mut() {
            if view.name.as_str() == name {
                view.state.status = Status::Exited;
                view.state.exit_code = code;
                view.state.finished_at = Some(now);
            }
        }
        self.note_change(name);
    }

    /// The engine says that something happened to a container.
    fn note_change(&self, name: &str) {
        let deployment = name.split('-').next().unwrap_or(name);
        let of = || Changed::Deployments([deployment.into()].into());
        let changed = if self.exact.get() { of() } else { Changed::Anything };
        let before = self.changed.take();
        self.changed.replace(Some(before.map_or(changed.clone(), |before| before.and(changed))));
        if let Some(waker) = self.watcher.borrow_mut().take() {
            waker.wake();
        }
    }

    /// A container as it is now: its life is computed, not stored.
    fn at(&self, view: &ContainerView, now: Timestamp) -> ContainerView {
        let mut view = view.clone();
        if view.state.status != Status::Running {
            return view;
        }
        let ends = Life::Ends(Duration::ZERO, 3);
        let broken = self.broken.borrow().contains(&view.spec.image).then_some(&ends);
        let lives = self.lives.borrow();
        match (broken.or(lives.get(view.name.as_str())), view.state.started_at) {
            (Some(Life::Checked(health)), _) => view.state.health = Some(*health),
            (Some(Life::Slow(after)), Some(started)) => {
                let is_healthy = now.since(started) >= *after;
                view.state.health =
                    Some(if is_healthy { Health::Healthy } else { Health::Starting });
            }
            (Some(Life::Unhealthy(every)), Some(started)) => {
                let failures = now.since(started).as_nanos() / every.as_nanos();
                view.state.failures = u32::try_from(failures).unwrap_or(u32::MAX);
                let is_known = view.state.failures >= 3;
                view.state.health =
                    Some(if is_known { Health::Unhealthy } else { Health::Starting });
            }
            (Some(Life::Ends(after, code)), Some(started)) if now.since(started) >= *after => {
                view.state.status = Status::Exited;
                view.state.exit_code = *code;
                view.state.finished_at = Some(started.plus(*after));
            }
            _ => {}
        }
        view
    }

    fn check(&self, engine: &EngineName) -> Result<(), OutsideError> {
        match self.down.borrow().get(engine) {
            Some(Down::Refuses) => Err(OutsideError::Unreachable("connection refused".to_owned())),
            _ => Ok(()),
        }
    }

    async fn hang_if_asked(&self, engine: &EngineName) {
        while matches!(self.down.borrow().get(engine), Some(Down::Hangs)) {
            self.clock.sleep(Duration::from_hours(1)).await;
        }
    }

    fn change(&self, engine: &EngineName, action: &Action) -> Outcome {
        let now = self.clock.engine();
        match action {
            Action::PullImage { image, .. } => {
                self.images.borrow_mut().insert(image.clone());
                let newer = self.registry.borrow().get(image).cloned();
                self.ids.borrow_mut().extend(newer.map(|id| (image.clone(), id)));
                return Outcome::Image(self.image(image).content());
            }
            Action::CreateContainer(create) => return self.create(engine, create, now),
            Action::WriteLedger { change } => {
                self.ledger.borrow_mut().apply(engine, change);
            }
            action => self.change_container(engine, action, now),
        }
        Outcome::Done
    }

    fn is_on(&self, engine: &EngineName, container: &ContainerId) -> bool {
        let elsewhere = self.elsewhere.borrow();
        elsewhere.get(container).map_or("local", EngineName::as_str) == engine.as_str()
    }

    fn create(&self, engine: &EngineName, create: &Create, now: Timestamp) -> Outcome {
        let id = ContainerId::new(format!("{:064}", self.made.replace(self.made.get() + 1)));
        let mut view = view(create.name.as_str(), create.spec.clone(), now);
        view.id = id.clone();
        view.image_id = self.image(&create.spec.image).id;
        view.spec.labels.extend(create.identity.encode());
        if engine.as_str() != "local" {
            self.elsewhere.borrow_mut().insert(id.clone(), engine.clone());
        }
        self.containers.borrow_mut().insert(id.clone(), view);
        Outcome::Container(id)
    }

    fn image(&self, reference: &ImageRef) -> ImageView {
        let view = image_view(reference);
        let id = self.ids.borrow().get(reference).cloned();
        ImageView { id: id.unwrap_or(view.id), ..view }
    }

    fn change_container(&self, engine: &EngineName, action: &Action, now: Timestamp) {
        let Some(target) = action.target() else { return };
        let mut containers = self.containers.borrow_mut();
        let is_it =
            |view: &&mut ContainerView| view.name == target.name && self.is_on(engine, &view.id);
        let found = containers.values_mut().find(is_it);
        let Some(view) = found else { return };
        match action {
            Action::StartContainer { .. } | Action::RestartContainer { .. } => {
                view.state.status = Status::Running;
                view.state.started_at = Some(now);
                drop(containers);
                self.note_change(target.name.as_str());
            }
            Action::StopContainer { .. } => {
                view.state.status = Status::Exited;
                view.state.exit_code = 143;
                drop(containers);
                self.note_change(target.name.as_str());
            }
            Action::RenameContainer { to, .. } => view.name = to.clone(),
            Action::RemoveContainer { .. } => {
                let id = view.id.clone();
                containers.remove(&id);
            }
            _ => {}
        }
    }
}

impl Observe for World {
    async fn engine(
        &self,
        engine: &EngineName,
        scope: &Scope,
    ) -> Result<EngineContents, OutsideError> {
        self.looks.set(self.looks.get() + 1);
        let _looking = Inside::new(&self.looking);
        self.hang_if_asked(engine).await;
        self.clock.sleep(Duration::from_millis(5)).await;
        self.check(engine)?;
        let now = self.clock.engine();
        let images = self.images.borrow();
        let seen = scope.images.iter().filter(|reference| images.contains(*reference));
        let containers = self.containers.borrow();
        let here = containers.values().filter(|view| self.is_on(engine, &view.id));
        Ok(EngineContents {
            id: Some(engine.as_str().into()),
            containers: here.map(|view| self.at(view, now)).collect(),
            images: seen.map(|reference| (reference.clone(), self.image(reference))).collect(),
            ..EngineContents::default()
        })
    }

    async fn container(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        let _inspects = Inside::new(&self.inspects);
        self.inspected.set(self.inspected.get() + 1);
        self.inspected_at_once.set(self.inspected_at_once.get().max(self.inspects.get()));
        self.clock.sleep(self.inspecting.get()).await;
        self.check(engine)?;
        let now = self.clock.engine();
        Ok(self.containers.borrow().get(container).map(|view| self.at(view, now)))
    }

    async fn log_tail(
        &self,
        _: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        Ok(vec![format!("the last {lines} lines of {}", container.short())])
    }

    async fn kept(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        self.check(engine)?;
        Ok(self.kept.borrow().get(&(deployment.clone(), digest.clone())).cloned())
    }

    async fn catalog(&self, scope: &CatalogScope) -> Result<Option<CatalogContents>, OutsideError> {
        self.asked.borrow_mut().clone_from(&scope.services);
        Ok(None)
    }

    async fn ledger(&self) -> Result<Option<Stored>, OutsideError> {
        let ledger = self.ledger.borrow().clone();
        Ok(Some(Stored { ledger, ..Stored::default() }))
    }
}

impl Act for World {
    async fn act(
        &self,
        engine: &EngineName,
        action: &Action,
        _: &dyn Tree,
    ) -> Result<Outcome, OutsideError> {
        let text = action.to_string();
        self.calls.borrow_mut().push((self.clock.instant(), text.clone()));
        self.inside.set(self.inside.get() + 1);
        self.most.set(self.most.get().max(self.inside.get()));
        let span = {
            let slow = self.slow.borrow();
            slow.iter().find(|(key, _)| text.contains(*key)).map(|(_, span)| *span)
        };
        self.clock.sleep(span.unwrap_or(Duration::from_millis(10))).await;
        self.inside.set(self.inside.get() - 1);
        self.check(engine)?;
        let failing = self.failing.borrow();
        match failing.iter().find(|(key, _)| text.contains(*key)) {
            Some((_, error)) => Err(error.clone()),
            None => Ok(self.change(engine, action)),
        }
    }

    async fn keep(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        files: &Content,
        _: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        self.check(engine)?;
        self.kept.borrow_mut().insert((deployment.clone(), files.digest()), files.clone());
        Ok(())
    }

    async fn tidy(&self, _: &LedgerView) {}
}

impl Watch for World {
    async fn changed(&self) -> Changed {
        poll_fn(|context| {
            if let Some(changed) = self.changed.take() {
                return Poll::Ready(changed);
            }
            *self.watcher.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}
