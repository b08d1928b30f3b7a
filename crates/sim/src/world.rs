//! The simulated world as the loop sees it: every call takes time, can get lost on the
//! way there or back, and is written into the trace.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::effect::on_engine;
use super::engine::view;
use super::fault::{Draw, Fate, PATIENCE};
use super::promise::Invariant;
use super::sleep::Sleep;
use super::state::State;
use super::state::store::Key;
use super::words::words;
use model::action::Action;
use model::catalog::CatalogContents;
use model::digest::Digest;
use model::id::{ContainerId, DeploymentId, EngineName};
use model::ledger::{LedgerView, Stored};
use model::observed::{ContainerView, EngineContents};
use model::secret::Content;
use model::target::Outcome;
use model::time::{Instant, Timestamp};

pub(crate) use world::{
    Act, CatalogScope, Changed, Clock, Observe, OutsideError, Scope, Tree, Watch,
};

/// One controller's access to a simulated world.
#[derive(Debug)]
pub struct SimWorld {
    state: Rc<RefCell<State>>,
    /// The generations of the records as this controller knows them.
    generations: RefCell<BTreeMap<Key, u64>>,
    /// How many of the events it has received.
    changes: Cell<usize>,
}

impl SimWorld {
    pub(super) fn new(state: Rc<RefCell<State>>) -> Self {
        state.borrow_mut().forget_looks();
        let changes = Cell::new(state.borrow().changes.len());
        Self { state, generations: RefCell::default(), changes }
    }

    /// Lets time pass; a dead controller never returns from it.
    async fn pass(&self, span: Duration) {
        Sleep::new(Rc::clone(&self.state), span).await;
        if self.state.borrow().has_crashed() {
            pending::<()>().await;
        }
    }

    /// Takes the generations that were read, of one engine or of all.
    fn knows(&self, engine: Option<&EngineName>, generations: BTreeMap<Key, u64>) {
        let mut known = self.generations.borrow_mut();
        known.retain(|(of, _), _| engine.is_some_and(|engine| of != engine));
        known.extend(generations);
    }

    /// One call: the way there, the effect, the way back. The effect learns whether its
    /// answer will be delivered.
    async fn call<T>(
        &self,
        what: &str,
        effect: impl FnOnce(&mut State, bool) -> Result<T, OutsideError>,
    ) -> Result<T, OutsideError> {
        let draw = self.state.borrow_mut().draw(what);
        self.deliver(what, draw, effect).await
    }

    async fn deliver<T>(
        &self,
        what: &str,
        draw: Draw,
        effect: impl FnOnce(&mut State, bool) -> Result<T, OutsideError>,
    ) -> Result<T, OutsideError> {
        self.pass(draw.there).await;
        match draw.fate {
            Fate::RequestLost => {
                self.state.borrow_mut().note(&format!("{what}: the request is lost"));
                self.pass(PATIENCE).await;
                return Err(OutsideError::Unreachable("no connection".to_owned()));
            }
            Fate::Failed => {
                self.state.borrow_mut().note(&format!("{what}: internal error"));
                self.pass(draw.back).await;
                return Err(OutsideError::Failed("internal error".to_owned()));
            }
            Fate::Fine | Fate::AnswerLost => {}
        }
        let delivered = draw.fate == Fate::Fine;
        let result = {
            let state = &mut *self.state.borrow_mut();
            let result = effect(state, delivered);
            match &result {
                Ok(_) if delivered => state.note(what),
                Ok(_) => state.note(&format!("{what}: the answer is lost")),
                Err(error) => state.note(&format!("{what}: {error}")),
            }
            result
        };
        if delivered {
            self.pass(draw.back).await;
            return result;
        }
        self.pass(PATIENCE).await;
        Err(OutsideError::Timeout("no answer".to_owned()))
    }
}

impl Observe for SimWorld {
    async fn engine(
        &self,
        engine: &EngineName,
        scope: &Scope,
    ) -> Result<EngineContents, OutsideError> {
        let ids: Vec<_> = scope.deployments.iter().map(DeploymentId::as_str).collect();
        let at = if scope.only { format!(" at {}", ids.join(", ")) } else { String::new() };
        self.call(&format!("{engine}: look{at}"), |state, delivered| {
            let mut contents = state.reach(engine)?.contents(scope);
            let (stored, generations) = state.on_engines.stored(Some(engine));
            contents.stored = stored;
            if delivered {
                state.saw(engine, scope);
                if state.catalog.is_none() {
                    self.knows(Some(engine), generations);
                }
            }
            Ok(contents)
        })
        .await
    }

    async fn container(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        let what = format!("{engine}: inspect {}", container.short());
        self.call(&what, |state, _| Ok(state.reach(engine)?.containers.get(container).map(view)))
            .await
    }

    async fn log_tail(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        let what = format!("{engine}: logs of {}", container.short());
        self.call(&what, |state, _| {
            let found = state.reach(engine)?.get(container)?;
            let log = [format!("run {} of {}", found.run, found.spec.image)];
            Ok(log.into_iter().take(lines).collect())
        })
        .await
    }

    async fn kept(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        let what = format!("{engine}: files of {deployment}");
        let found = self.call(&what, |state, _| Ok(state.reach(engine)?.kept(deployment, digest)));
        found.await
    }

    async fn catalog(&self, scope: &CatalogScope) -> Result<Option<CatalogContents>, OutsideError> {
        if self.state.borrow().catalog.is_none() {
            return Ok(None);
        }
        let answer = self
            .call("catalog: look", |state, _| {
                Ok(state.reach_catalog()?.map(|catalog| catalog.contents(scope)))
            })
            .await;
        self.state.borrow_mut().catalog_seen |= answer.is_ok();
        answer
    }

    async fn ledger(&self) -> Result<Option<Stored>, OutsideError> {
        if self.state.borrow().catalog.is_none() {
            return Ok(None);
        }
        let answer = self
            .call("ledger: read", |state, delivered| {
                let Some(store) = state.reach_central()? else { return Ok(None) };
                let (stored, generations) = store.stored(None);
                if delivered {
                    self.knows(None, generations);
                }
                Ok(Some(stored))
            })
            .await;
        self.state.borrow_mut().ledger_seen |= answer.is_ok();
        answer
    }
}

impl Act for SimWorld {
    async fn act(
        &self,
        engine: &EngineName,
        action: &Action,
        _tree: &dyn Tree,
    ) -> Result<Outcome, OutsideError> {
        let text = words(action);
        self.state.borrow_mut().check_sight(engine, action, &text);
        self.pass(preparation(action)).await;
        let what = format!("{engine}: {text}");
        let draw = self.state.borrow_mut().draw(&what);
        if draw.fate != Fate::Fine {
            // What follows rests on a call that went wrong.
            self.state.borrow_mut().disturb_target(engine, action);
        }
        let (outcome, wait) = self
            .deliver(&what, draw, |state, delivered| {
                if is_for_engine(action) {
                    state.reach(engine)?;
                }
                state.check(engine, action, &text);
                state.mutations += 1;
                let result = self.effect(state, engine, action, delivered);
                state.took_effect();
                result
            })
            .await
            .inspect_err(|_| self.state.borrow_mut().disturb_target(engine, action))?;
        let before = self.state.borrow().outages(engine);
        self.pass(wait).await;
        // Nobody answers a call that the daemon was killed in.
        if self.state.borrow().outages(engine) != before {
            self.state.borrow_mut().disturb_target(engine, action);
            return Err(OutsideError::Unreachable("the connection was closed".to_owned()));
        }
        Ok(outcome)
    }

    async fn keep(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        files: &Content,
        beside: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError> {
        let what = format!("{engine}: keep files of {deployment}");
        let kept = self.call(&what, |state, _| {
            state.reach(engine)?.keep(deployment, files, beside);
            state.mutations += 1;
            Ok(())
        });
        kept.await
    }

    async fn tidy(&self, ledger: &LedgerView) {
        let tidied = self.call("ledger: tidy", |state, _| {
            state.mutations += 1;
            state.tidy(ledger)
        });
        // What did not succeed is tried after the next look.
        let _ = tidied.await;
    }
}

impl SimWorld {
    /// What an action does to its outside system, and how long it lets its caller wait.
    fn effect(
        &self,
        state: &mut State,
        engine: &EngineName,
        action: &Action,
        delivered: bool,
    ) -> Result<(Outcome, Duration), OutsideError> {
        match action {
            Action::Register { node, entries } => {
                if let Some(catalog) = state.reach_catalog()? {
                    catalog.register(engine, node, entries)?;
                }
            }
            Action::Deregister { node, ids } => {
                if let Some(catalog) = state.reach_catalog()? {
                    catalog.deregister(node, ids);
                }
            }
            Action::WriteLedger { change } => {
                let seen = &mut *self.generations.borrow_mut();
                state.write_ledger(seen, engine, change, delivered)?;
            }
            Action::Await { .. } => {
                let what = "a wait was sent to the engine".to_owned();
                state.violate(Invariant::NothingOnDoubt, what);
            }
            _ => {
                let State { engines, timeline, .. } = state;
                if let Some(found) = engines.get_mut(engine) {
                    return on_engine(found, timeline, action);
                }
            }
        }
        Ok((Outcome::Done, Duration::ZERO))
    }
}

fn is_for_engine(action: &Action) -> bool {
    action.outside() == model::action::Outside::Engine
}

/// How long something takes before it has any effect.
fn preparation(action: &Action) -> Duration {
    match action {
        Action::PullImage { .. } => Duration::from_secs(2),
        Action::BuildImage { .. } => Duration::from_secs(8),
        Action::CreateContainer(_) => Duration::from_millis(30),
        Action::StartContainer { .. } => Duration::from_millis(150),
        _ => Duration::ZERO,
    }
}

impl Clock for SimWorld {
    fn now(&self) -> Timestamp {
        self.state.borrow().timeline.wall()
    }

    fn instant(&self) -> Instant {
        self.state.borrow().timeline.instant()
    }

    async fn sleep(&self, span: Duration) {
        self.pass(span).await;
    }
}

impl Watch for SimWorld {
    async fn changed(&self) -> Changed {
        poll_fn(|cx| {
            let state = &mut *self.state.borrow_mut();
            let delivered = self.changes.replace(state.changes.len());
            let changes = state.changes[delivered..].iter().map(|of| match of {
                Some(deployment) => Changed::Deployments([deployment.clone()].into()),
                None => Changed::Anything,
            });
            if let Some(changed) = changes.reduce(Changed::and) {
                return Poll::Ready(changed);
            }
            state.watchers.push(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}
