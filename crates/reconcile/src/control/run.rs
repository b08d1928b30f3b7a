//! The controller: looks again and again, for good reasons, and carries out what is missing.
//!
//! # Design
//! One [`Executor`] carries out the steps of all passes. A look never waits for it: when a look
//! is planned, deployments with steps under way are left out, all others begin at once. So
//! a wait of five minutes in one deployment delays none of the others, and a deployment is
//! planned again as soon as its own last step ended.
//!
//! A newer revision stops the steps of exactly those deployments that it changes: waits,
//! pulls and builds end at once, other calls finish, then they are planned again. An unchanged deployment goes
//! on, else a push every minute would keep a slow one from ever reaching its deadline.
//!
//! Events only say *when* to look, and at which deployments: those that share nothing with these
//! are not read again, unless something failed, or something waits for what others do. Everything
//! waits in one set of futures, each of which puts itself back when it fired, so that no interval
//! starts anew because something else happened.

mod back;
mod looking;
mod revision;

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{AbortHandle, Either, FutureExt as _, select};
use futures_util::select_biased;

use crate::plan::{Parts, Settings};
use model::action::Action;
use model::desired::DesiredState;
use model::id::DeploymentId;
use model::time::Instant;
use world::{Act, Changed, Clock, Snapshot, Source, Watch};

use super::backoff::Backoffs;
use super::circuit_breaker::CircuitBreakers;
use super::event::Event;
use super::execute::{Ended, Executor};
use super::history::{UnderWay, enter};
use super::limits::Pace;
use super::next_look::NextLook;
use super::observe::Look;
use super::presence::Presence;
use super::report::{Ending, Execution, Report};
use super::setup::Setup;
use super::status::Status;
use super::stop::Stop;
use super::triggers::{Fetch, Trigger, Triggers};

use back::Going;

/// The loop reports at least this often that it is alive.
const BEAT: Duration = Duration::from_secs(5);

/// Runs until asked to stop. Returns what the last look said, and what remains of the steps
/// that were under way.
///
/// # Guarantees
/// - Nothing that fails ends it.
/// - What was not seen, or not fetched, is left as it is.
pub async fn run<W: Act + Watch, C: Clock, S: Source>(
    setup: Setup<'_, W, C>,
    source: &S,
    pace: Pace,
    stop: &Stop,
) -> Report {
    let mut controller = Controller::new(setup, source, pace);
    let mut requested = pin!(stop.requested().fuse());
    loop {
        controller.begin_what_is_due();
        let next = select_biased! {
            () = requested => break,
            ended = controller.executor.ended().fuse() => Next::Ended(ended),
            trigger = controller.triggers.next().fuse() => Next::Trigger(trigger),
        };
        match next {
            Next::Ended(ended) => controller.ended(ended),
            Next::Trigger(trigger) => controller.trigger(trigger),
        }
    }
    controller.wind_up().await
}

enum Next {
    Ended(Ended),
    Trigger(Trigger),
}

/// A revision and what it asks for.
struct Current {
    snapshot: Snapshot,
    /// What is wanted: what the revision asks for, and something else where that failed.
    desired: DesiredState,
    /// What the revision asks for, if that is something else.
    asked: Option<Box<DesiredState>>,
    look: Look,
    /// Which deployments can be looked at alone.
    parts: Parts,
    /// Whether all of it was looked at, and none of its deployments had to wait for another, or
    /// had something to do on another engine than its own.
    alone: bool,
}

impl Current {
    fn of(
        snapshot: Snapshot,
        desired: DesiredState,
        asked: Option<Box<DesiredState>>,
        settings: &Settings,
    ) -> Self {
        let look = Look::of(&desired, settings, None);
        let parts = Parts::of(&desired);
        Self { snapshot, desired, asked, look, parts, alone: false }
    }

    /// What the revision asks for.
    fn asked(&self) -> &DesiredState {
        self.asked.as_deref().unwrap_or(&self.desired)
    }
}

/// A revision that is being read.
struct Loading {
    snapshot: Snapshot,
    /// When the look at the source began that gave it.
    began: Instant,
    reading: AbortHandle,
    /// Whether the source gave it once more: what was not known when this began may be
    /// known by now.
    came_again: bool,
}

struct Controller<'a, W, C, S> {
    setup: Setup<'a, W, C>,
    source: &'a S,
    pace: Pace,
    executor: Executor<'a, W, C>,
    triggers: Triggers<'a>,
    fetch: Fetch,
    /// The wait for the source to change.
    listening: Option<AbortHandle>,
    loading: Option<Loading>,
    presence: Presence,
    current: Option<Current>,
    /// The look that is under way.
    looking: Option<AbortHandle>,
    due: NextLook,
    /// Deployments with steps under way of which one ended that has to do with others, too.
    reaching: BTreeSet<DeploymentId>,
    look_began: Option<Instant>,
    gap: Duration,
    backoffs: Backoffs,
    breakers: CircuitBreakers,
    /// The rollouts under way.
    begun: UnderWay,
    going: Going,
    /// What ended since the last look began, and before.
    finished: Vec<Execution>,
    reporting: Vec<Execution>,
    last: Report,
    status: Status,
    waiting_for: Option<Instant>,
}

impl<'a, W: Act + Watch, C: Clock, S: Source> Controller<'a, W, C, S> {
    fn new(setup: Setup<'a, W, C>, source: &'a S, pace: Pace) -> Self {
        let Setup { world, clock, limits, progress, .. } = setup;
        let controller = Self {
            setup,
            source,
            pace,
            executor: Executor::new(world, clock, limits, progress),
            triggers: Triggers::new(),
            fetch: Fetch::new(clock.instant()),
            listening: None,
            loading: None,
            presence: Presence::new(pace.absence),
            current: None,
            looking: None,
            due: NextLook::default(),
            reaching: BTreeSet::new(),
            look_began: None,
            gap: pace.gap,
            backoffs: Backoffs::new(pace),
            breakers: CircuitBreakers::default(),
            begun: UnderWay::default(),
            going: Going::default(),
            finished: Vec::new(),
            reporting: Vec::new(),
            last: Report::default(),
            status: Status::default(),
            waiting_for: None,
        };
        controller.triggers.await_event(world);
        controller.triggers.await_return(source);
        controller
    }

    fn now(&self) -> Instant {
        self.setup.clock.instant()
    }

    fn emit(&self, event: &Event<'_>) {
        self.setup.progress.event(event);
    }

    /// Waits for the source to change, and no longer as before: only what was read of it is
    /// listened to.
    fn await_source(&mut self) {
        let listening = self.triggers.await_change(self.source);
        self.listening.replace(listening).iter().for_each(AbortHandle::abort);
    }

    fn begin_what_is_due(&mut self) {
        self.emit(&Event::Alive);
        let now = self.now();
        self.fetch_if_due(now);
        self.probe_if_due(now);
        self.look_if_due(now);
        self.set_alarm(now);
    }

    fn fetch_if_due(&mut self, now: Instant) {
        if self.fetch.begin_if_due(now) {
            let source = self.source;
            self.triggers.push(async move { Trigger::Fetched(source.fetch().await) });
        }
    }

    /// Makes sure that something wakes the loop when the next thing is due.
    fn set_alarm(&mut self, now: Instant) {
        let look = self.due.next().filter(|at| self.looking.is_none() && *at > now);
        let all = [self.fetch.next(), look, self.breakers.next()];
        let next = all.into_iter().flatten().min();
        let beat = now.plus(BEAT);
        self.triggers.set_alarm(self.setup.clock, next.map_or(beat, |next| next.min(beat)));
        let Some(next) = next else { return };
        let is_busy = self.looking.is_some() || self.loading.is_some() || self.fetch.is_running();
        let is_idle = !is_busy && self.executor.is_idle();
        if is_idle && self.waiting_for != Some(next) {
            self.waiting_for = Some(next);
            let next = self.setup.clock.now().plus(next.since(now));
            self.emit(&Event::Waiting { next });
        }
    }

    fn trigger(&mut self, trigger: Trigger) {
        let now = self.now();
        match trigger {
            Trigger::SourceChanged => {
                self.listening = None;
                self.fetch.want(now, &self.pace);
            }
            Trigger::SourceReturned => {
                self.triggers.await_return(self.source);
                self.fetch.want(now, &self.pace);
            }
            Trigger::Fetched(answer) => self.fetched(answer, now),
            Trigger::Loaded(snapshot, desired) => self.loaded(snapshot, *desired, now),
            Trigger::Changed(changed) => {
                self.triggers.await_event(self.setup.world);
                self.due.want_of(changed, now.plus(self.pace.debounce));
            }
            // What is due is found out before every wait.
            Trigger::Alarm(_) | Trigger::Entered | Trigger::Abandoned => {}
            Trigger::GivenUp(id, change, written) => self.given_up(id, *change, written, now),
            Trigger::Substituted(desired) => self.substituted(*desired, now),
            Trigger::Kept(not_kept) => self.kept(not_kept),
            Trigger::Seen(seen) => self.seen(seen, now),
            Trigger::Probed(part, answer) => {
                if self.breakers.probed(&part, answer, now) {
                    self.emit(&Event::Reachable { part: &part });
                    self.due.want(now);
                }
            }
        }
    }

    fn ended(&mut self, ended: Ended) {
        let now = self.now();
        match ended {
            Ended::Step { step, ending } => {
                let reaches = reaches(&step.action, &ending);
                match ending {
                    Ending::Done { .. } | Ending::Forgiven(_) => {
                        self.backoffs.succeeded(&step, now);
                    }
                    Ending::Failed(failure) => {
                        self.backoffs.failed(&step, &failure.error, now);
                        self.failed(&step, &failure);
                    }
                    Ending::NotNeeded | Ending::Dropped { .. } | Ending::Stopped => {}
                }
                if reaches {
                    self.reaching.insert(step.deployment.clone());
                }
                if !self.executor.is_busy(&step.deployment) && !self.gives_up(&step.deployment) {
                    let of = || Changed::Deployments([step.deployment.clone()].into());
                    let reaches = self.reaching.remove(&step.deployment);
                    self.due.want_of(if reaches { Changed::Anything } else { of() }, now);
                }
            }
            Ended::Over(execution) => {
                let entries = self.begun.ended(&execution, now);
                let entered = enter(self.setup.world, self.setup.progress, entries);
                self.triggers.push(entered.map(|()| Trigger::Entered));
                self.finished.push(execution);
            }
        }
    }

    /// Lets the running calls finish and says what remains.
    async fn wind_up(mut self) -> Report {
        self.executor.close();
        let mut ended = std::mem::take(&mut self.reporting);
        ended.append(&mut self.finished);
        loop {
            self.emit(&Event::Alive);
            let beat = pin!(self.setup.clock.sleep(BEAT));
            let Either::Left((next, _)) = select(pin!(self.executor.next()), beat).await else {
                continue;
            };
            match next {
                Some(Ended::Over(execution)) => {
                    let entries = self.begun.ended(&execution, self.now());
                    enter(self.setup.world, self.setup.progress, entries).await;
                    ended.push(execution);
                }
                Some(Ended::Step { .. }) => {}
                None => break,
            }
        }
        let report = Report { execution: Execution::joined(ended), ..self.last };
        self.setup.progress.event(&Event::PassFinished(&report));
        report
    }
}

/// Whether a step that ended so has to do with other deployments than its own: one that failed
/// may have met what only a look at everything shows, and an image is there for all.
fn reaches(action: &Action, ending: &Ending) -> bool {
    match ending {
        Ending::Done { .. } | Ending::Forgiven(_) => {
            matches!(action, Action::PullImage { .. } | Action::BuildImage { .. })
        }
        Ending::Failed(_) => true,
        Ending::NotNeeded | Ending::Dropped { .. } | Ending::Stopped => false,
    }
}
