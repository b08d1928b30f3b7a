//! The controller: looks again and again, for good reasons, and carries out what is missing.
//!
//! # Design
//! One [`Walk`] carries out the steps of all passes. A look never waits for it: when a look
//! is planned, deployments with steps under way are left out, all others begin at once. So
//! a wait of five minutes in one deployment delays none of the others, and a deployment is
//! planned again as soon as its own last step ended.
//!
//! A newer revision stops the steps of exactly those deployments that it changes: waits,
//! pulls and builds end at once, other calls finish, then they are planned again. An unchanged deployment goes
//! on, else a push every minute would keep a slow one from ever reaching its deadline.
//!
//! Events only say *when* to look. Everything waits in one set of futures, each of which
//! puts itself back when it fired, so that no interval starts anew because something else
//! happened.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use futures_util::select_biased;

use crate::model::desired::DesiredState;
use crate::model::id::DeploymentId;
use crate::model::plan::Plan;
use crate::model::time::Timestamp;
use crate::plan;
use crate::world::{Act, Clock, Snapshot, Source, SourceError, Watch};

use super::admit::admit;
use super::backoff::Holds;
use super::event::Event;
use super::execute::{Turn, Walk};
use super::limits::Pace;
use super::observe::{Look, changed, unseen};
use super::pass::{Setup, faults};
use super::presence::Presence;
use super::report::{Ending, Execution, Report};
use super::sick::Sick;
use super::status::Status;
use super::stop::Stop;
use super::wakes::{Fetch, Seen, Wake, Wakes};

/// The gap between looks grows with what a look takes, up to this many times the gap.
const LARGEST_GAP: u32 = 5;

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
            turn = controller.walk.turn().fuse() => Next::Turn(turn),
            wake = controller.wakes.next().fuse() => Next::Wake(wake),
        };
        match next {
            Next::Turn(turn) => controller.turn(turn),
            Next::Wake(wake) => controller.wake(wake),
        }
    }
    controller.wind_up().await
}

enum Next {
    Turn(Turn),
    Wake(Wake),
}

/// A revision and what it asks for.
struct Current {
    snapshot: Snapshot,
    desired: DesiredState,
    look: Look,
}

struct Controller<'a, W, C, S> {
    setup: Setup<'a, W, C>,
    source: &'a S,
    pace: Pace,
    walk: Walk<'a, W, C>,
    wakes: Wakes<'a>,
    fetch: Fetch,
    /// Whether the source is waited for to change.
    listening: bool,
    presence: Presence,
    current: Option<Current>,
    /// Counts the desired states, so that a look for an older one is recognised.
    epoch: u64,
    looking: bool,
    look_at: Option<Timestamp>,
    look_began: Option<Timestamp>,
    gap: Duration,
    holds: Holds,
    sick: Sick,
    /// What ended since the last look began, and before.
    finished: Vec<Execution>,
    reporting: Vec<Execution>,
    last: Report,
    status: Status,
    waiting_for: Option<Timestamp>,
}

impl<'a, W: Act + Watch, C: Clock, S: Source> Controller<'a, W, C, S> {
    fn new(setup: Setup<'a, W, C>, source: &'a S, pace: Pace) -> Self {
        let Setup { world, clock, limits, progress, .. } = setup;
        let controller = Self {
            setup,
            source,
            pace,
            walk: Walk::new(world, clock, limits, progress),
            wakes: Wakes::new(),
            fetch: Fetch::new(clock.now()),
            listening: false,
            presence: Presence::new(pace.absence),
            current: None,
            epoch: 0,
            looking: false,
            look_at: None,
            look_began: None,
            gap: pace.gap,
            holds: Holds::new(pace),
            sick: Sick::default(),
            finished: Vec::new(),
            reporting: Vec::new(),
            last: Report::default(),
            status: Status::default(),
            waiting_for: None,
        };
        controller.wakes.await_stir(world);
        controller.wakes.await_return(source);
        controller
    }

    fn now(&self) -> Timestamp {
        self.wakes.now(self.setup.clock)
    }

    fn tell(&self, event: &Event<'_>) {
        self.setup.progress.event(event);
    }

    fn begin_what_is_due(&mut self) {
        let now = self.now();
        self.fetch_if_due(now);
        self.probe_if_due(now);
        self.look_if_due(now);
        self.set_alarm(now);
    }

    fn fetch_if_due(&mut self, now: Timestamp) {
        if self.fetch.begin_if_due(now) {
            let source = self.source;
            self.wakes.push(async move { Wake::Fetched(source.fetch().await) });
        }
    }

    fn probe_if_due(&mut self, now: Timestamp) {
        let Some(current) = &self.current else { return };
        let Setup { world, clock, limits, .. } = self.setup;
        for part in self.sick.due(now) {
            let look = current.look.clone();
            self.wakes.push(async move {
                let answer = look.probe(world, clock, limits.look, &part).await;
                Wake::Probed(part, answer)
            });
        }
    }

    fn look_if_due(&mut self, now: Timestamp) {
        let Some(current) = &self.current else { return };
        if self.looking || self.look_at.is_none_or(|at| at > now) {
            return;
        }
        let earliest = self.look_began.map_or(now, |began| began.plus(self.gap));
        if earliest > now {
            self.look_at = Some(earliest);
            return;
        }
        let mut known = current.desired.deployments.keys().chain(self.last.deployments.keys());
        if !self.walk.is_idle() && known.all(|id| self.walk.is_busy(id)) {
            // Nothing could follow from it; the last step that ends brings us back here.
            return;
        }
        self.look_at = None;
        self.look_began = Some(now);
        self.looking = true;
        self.reporting.append(&mut self.finished);
        let busy = self.walk.busy();
        let Setup { world, clock, limits, .. } = self.setup;
        let (look, skip, epoch) = (current.look.clone(), self.sick.errors(), self.epoch);
        self.wakes.push(async move {
            let observed = look.take_in_order(world, clock, limits.look, &skip).await;
            Wake::Seen(Seen { epoch, busy, observed })
        });
    }

    /// Makes sure that something wakes the loop when the next thing is due.
    fn set_alarm(&mut self, now: Timestamp) {
        let look = self.look_at.filter(|at| !self.looking && *at > now);
        let all = [self.fetch.next(), look, self.sick.next()];
        let Some(next) = all.into_iter().flatten().min() else { return };
        self.wakes.set_alarm(self.setup.clock, next);
        let is_idle = !self.looking && !self.fetch.is_running() && self.walk.is_idle();
        if is_idle && self.waiting_for != Some(next) {
            self.waiting_for = Some(next);
            self.tell(&Event::Waiting { next });
        }
    }

    fn want_look(&mut self, at: Timestamp) {
        self.look_at = Some(self.look_at.map_or(at, |look_at| look_at.min(at)));
    }

    fn wake(&mut self, wake: Wake) {
        let now = self.now();
        match wake {
            Wake::SourceChanged => {
                self.listening = false;
                self.fetch.want(now, &self.pace);
            }
            Wake::SourceReturned => {
                self.wakes.await_return(self.source);
                self.fetch.want(now, &self.pace);
            }
            Wake::Fetched(answer) => self.fetched(answer, now),
            Wake::Stirred => {
                self.wakes.await_stir(self.setup.world);
                self.want_look(now.plus(self.pace.debounce));
            }
            // What is due is found out before every wait.
            Wake::Alarm(_) => {}
            Wake::Seen(seen) => self.seen(seen, now),
            Wake::Probed(part, answer) => {
                if self.sick.probed(&part, answer, now) {
                    self.tell(&Event::Reachable { part: &part });
                    self.want_look(now);
                }
            }
        }
    }

    fn fetched(&mut self, answer: Result<Snapshot, SourceError>, now: Timestamp) {
        match answer {
            Ok(snapshot) => {
                self.fetch.succeeded();
                // Only what was fetched can change; until then nobody listens.
                if !std::mem::replace(&mut self.listening, true) {
                    self.wakes.await_change(self.source);
                }
                if self.status.source(None) {
                    self.tell(&Event::Status(&self.status));
                }
                self.accept(snapshot, now);
                self.fetch.want_at(self.presence.next());
            }
            Err(error) => {
                self.fetch.failed(now, &self.pace);
                self.presence.lost();
                if self.status.source(Some(error.to_string())) {
                    self.tell(&Event::SourceFailed(&error));
                    self.tell(&Event::Status(&self.status));
                }
            }
        }
    }

    /// Takes a snapshot as the new truth. The one we have makes certain what it lacks.
    fn accept(&mut self, snapshot: Snapshot, now: Timestamp) {
        let began = self.fetch.began();
        let is_known = self.current.as_ref().is_some_and(|current| {
            current.desired.provisional.is_empty() && current.snapshot.is_same(&snapshot)
        });
        if let (true, Some(current)) = (is_known, &mut self.current) {
            current.desired.settling = self.presence.looked(&current.desired, began, now);
            if self.last.awaits_absence() {
                self.want_look(now);
            }
            return;
        }
        let mut desired = (self.setup.load)(&snapshot);
        desired.settling = self.presence.looked(&desired, began, now);
        if let Some(current) = &self.current {
            let changed = changed(&current.desired, &desired);
            self.walk.stop(&|id| changed.contains(id));
        }
        let look = Look::of(&desired, self.setup.settings);
        self.status.revision = Some(snapshot.revision.clone());
        self.current = Some(Current { snapshot, desired, look });
        self.epoch += 1;
        self.looking = false;
        self.holds.clear();
        self.want_look(now);
    }

    fn seen(&mut self, seen: Seen, now: Timestamp) {
        let Seen { epoch, busy, observed } = seen;
        let Some(current) = self.current.as_ref().filter(|_| epoch == self.epoch) else {
            return;
        };
        self.looking = false;
        let took = now.since(observed.at);
        self.gap = (took * (LARGEST_GAP - 1)).clamp(self.pace.gap, self.pace.gap * LARGEST_GAP);
        for (part, error) in &unseen(&observed) {
            if self.sick.fell(part, error, now) {
                self.setup.progress.event(&Event::Unreachable { part, error });
            }
        }
        let plan = plan::plan(&current.desired, &observed, self.setup.settings);
        let mut report = Report::of_plan(&current.desired, &observed, &plan);
        report.error = faults(&plan);
        self.want_look(now.plus(self.pace.resync));
        if report.error.is_none() {
            self.carry_out(plan, &busy, now);
        }
        self.tell_report(report, now);
    }

    /// Begins the steps of a plan that may begin.
    fn carry_out(&mut self, plan: Plan, busy: &BTreeSet<DeploymentId>, now: Timestamp) {
        let Some(current) = &self.current else { return };
        let tree = current.snapshot.tree.clone();
        self.holds.forget(now);
        let (steps, held) = admit(&plan, busy, &self.holds, now);
        for held in &held {
            self.want_look(held.until);
            if !self.status.held.contains(held) {
                self.tell(&Event::Held(held));
            }
        }
        self.status.held = held;
        if steps.is_empty() {
            return;
        }
        self.holds.begin(&steps, now);
        let plan = plan.with_only(&steps);
        self.tell(&Event::PassStarted { revision: &plan.revision });
        self.tell(&Event::Planned(&plan));
        self.walk.begin(steps, tree);
    }

    /// Tells what a look said, if it is news or closes a pass.
    fn tell_report(&mut self, report: Report, now: Timestamp) {
        let is_news = report != self.last;
        self.status.seen(&report, now);
        self.last = report;
        self.tell(&Event::Status(&self.status));
        let execution = Execution::joined(std::mem::take(&mut self.reporting));
        if is_news || execution.is_some() {
            let report = Report { execution, ..self.last.clone() };
            self.tell(&Event::PassFinished(&report));
        }
    }

    fn turn(&mut self, turn: Turn) {
        let now = self.now();
        match turn {
            Turn::Step { step, ending } => {
                match ending {
                    Ending::Done { .. } | Ending::Forgiven(_) => self.holds.succeeded(&step, now),
                    Ending::Failed(failure) => self.holds.failed(&step, &failure.error, now),
                    Ending::Dropped { .. } | Ending::Stopped => {}
                }
                if !self.walk.is_busy(&step.deployment) {
                    self.want_look(now);
                }
            }
            Turn::Over(execution) => self.finished.push(execution),
        }
    }

    /// Lets the running calls finish and says what remains.
    async fn wind_up(mut self) -> Report {
        self.walk.close();
        let mut ended = std::mem::take(&mut self.reporting);
        ended.append(&mut self.finished);
        while let Some(turn) = self.walk.next().await {
            if let Turn::Over(execution) = turn {
                ended.push(execution);
            }
        }
        let report = Report { execution: Execution::joined(ended), ..self.last };
        self.setup.progress.event(&Event::PassFinished(&report));
        report
    }
}
