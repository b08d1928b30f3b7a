//! What the controller waits for: one set of futures, so that an interval goes on although
//! something else happened.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{AbortHandle, LocalBoxFuture, abortable};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use model::action::LedgerChange;
use model::desired::{Deployment, DesiredState};
use model::id::{DeploymentId, EngineName};
use model::observed::ObservedState;
use model::time::Instant;
use world::{Changed, Clock, Snapshot, Source, SourceError, Watch};

use super::backoff::delay;
use super::limits::Pace;
use super::observe::Part;

/// The longest pause between two attempts to read a source that fails.
const LONGEST_FETCH_PAUSE: Duration = Duration::from_mins(1);

/// Something that was waited for.
pub(super) enum Trigger {
    SourceChanged,
    SourceReturned,
    Fetched(Result<Snapshot, SourceError>),
    Loaded(Snapshot, Box<DesiredState>),
    Changed(Changed),
    Alarm(Instant),
    Seen(Seen),
    Probed(Part, Result<(), String>),
    /// What became of a rollout was entered.
    Entered,
    /// That a revision of a deployment failed was remembered, or could not be.
    GivenUp(DeploymentId, Box<(EngineName, LedgerChange)>, bool),
    /// What is wanted instead of revisions that failed was read.
    Substituted(Box<DesiredState>),
    /// What works was kept, but these.
    Kept(Vec<Arc<Deployment>>),
    /// What was waited for is of no interest any more.
    Abandoned,
}

/// A look's answer.
pub(super) struct Seen {
    /// Deployments with steps under way when it began: what was seen of them is old.
    pub(super) busy: BTreeSet<DeploymentId>,
    pub(super) observed: ObservedState,
}

/// Everything that is waited for.
pub(super) struct Triggers<'a> {
    futures: FuturesUnordered<LocalBoxFuture<'a, Trigger>>,
    alarms: BTreeSet<Instant>,
}

impl<'a> Triggers<'a> {
    /// Nothing.
    pub(super) fn new() -> Self {
        Self { futures: FuturesUnordered::new(), alarms: BTreeSet::new() }
    }

    /// Waits for one more thing.
    pub(super) fn push(&self, future: impl Future<Output = Trigger> + 'a) {
        self.futures.push(Box::pin(future));
    }

    /// Waits for the source to change.
    pub(super) fn await_change<S: Source>(&self, source: &'a S) -> AbortHandle {
        self.push_until_given_up(async move {
            source.changed().await;
            Trigger::SourceChanged
        })
    }

    /// Waits for a source that was lost to return.
    pub(super) fn await_return<S: Source>(&self, source: &'a S) {
        self.push(async move {
            source.returned().await;
            Trigger::SourceReturned
        });
    }

    /// Waits for an engine to report something.
    pub(super) fn await_event<W: Watch>(&self, world: &'a W) {
        self.push(async move { Trigger::Changed(world.changed().await) });
    }

    /// The same until it is cancelled: then it is dropped where it stands.
    pub(super) fn push_until_given_up(
        &self,
        future: impl Future<Output = Trigger> + 'a,
    ) -> AbortHandle {
        let (future, handle) = abortable(future);
        self.push(async move { future.await.unwrap_or(Trigger::Abandoned) });
        handle
    }

    /// Makes sure that something fires at `at` or before.
    pub(super) fn set_alarm<C: Clock>(&mut self, clock: &'a C, at: Instant) {
        if self.alarms.first().is_none_or(|first| *first > at) {
            self.alarms.insert(at);
            let span = at.since(clock.instant());
            self.push(async move {
                clock.sleep(span).await;
                Trigger::Alarm(at)
            });
        }
    }

    /// The next that fires. Must not be called while nothing is waited for.
    pub(super) async fn next(&mut self) -> Trigger {
        let trigger = self.futures.select_next_some().await;
        if let Trigger::Alarm(at) = &trigger {
            self.alarms.remove(at);
        }
        trigger
    }
}

/// When the source is read next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fetch {
    at: Option<Instant>,
    running: bool,
    began: Instant,
    failures: u32,
}

impl Fetch {
    /// Now.
    pub(super) fn new(now: Instant) -> Self {
        Self { at: Some(now), running: false, began: now, failures: 0 }
    }

    /// Whether it has to begin now; it counts as begun from then on.
    pub(super) fn begin_if_due(&mut self, now: Instant) -> bool {
        let is_due = !self.running && self.at.is_some_and(|at| at <= now);
        if is_due {
            *self = Self { at: None, running: true, began: now, ..*self };
        }
        is_due
    }

    /// The source may have changed: read it again, though not all the time.
    pub(super) fn want(&mut self, now: Instant, pace: &Pace) {
        self.at = Some(now.max(self.began.plus(pace.gap)));
    }

    /// It is read again then at the latest, though nothing is reported.
    pub(super) fn want_at(&mut self, at: Option<Instant>) {
        self.at = self.at.into_iter().chain(at).min();
    }

    /// When the last one began.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// It ended well.
    pub(super) fn succeeded(&mut self) {
        self.running = false;
        self.failures = 0;
    }

    /// It failed and is tried again later, also if a change is reported meanwhile.
    pub(super) fn failed(&mut self, now: Instant, pace: &Pace) {
        self.running = false;
        self.failures = self.failures.saturating_add(1);
        let pause = delay(self.failures, "source", pace.retry_first, LONGEST_FETCH_PAUSE);
        self.at = self.at.max(Some(now.plus(pause)));
    }

    /// When it is due; `None` while it runs, or if nothing asks for it.
    pub(super) fn next(&self) -> Option<Instant> {
        self.at.filter(|_| !self.running)
    }

    /// Whether it runs.
    pub(super) fn is_running(&self) -> bool {
        self.running
    }
}
