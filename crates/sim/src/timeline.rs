//! Virtual time: nothing passes until every task waits, then it jumps to what is due next.

use std::collections::BTreeMap;
use std::task::Waker;
use std::time::Duration;

use super::event::Event;
use model::time::{Instant, Timestamp};

/// When a simulated world begins: an arbitrary instant, the same in every run.
pub(super) const BEGIN: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Now, and everything that is due later.
#[derive(Debug)]
pub(super) struct Timeline {
    /// What passes, and what the engines' calendars say: nobody sets those.
    pub(super) now: Timestamp,
    /// By how many nanoseconds the controller's calendar was set, forward or back.
    set: i64,
    order: u64,
    timers: BTreeMap<(Timestamp, u64), Waker>,
    events: BTreeMap<(Timestamp, u64), Event>,
}

impl Timeline {
    pub(super) fn new() -> Self {
        Self { now: BEGIN, set: 0, order: 0, timers: BTreeMap::new(), events: BTreeMap::new() }
    }

    /// What the controller's calendar says.
    pub(super) fn wall(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_add_signed(self.set))
    }

    /// The controller's clock that only grows.
    pub(super) fn instant(&self) -> Instant {
        Instant(self.now.since(BEGIN).as_nanos().try_into().unwrap_or(u64::MAX))
    }

    /// An operator, or NTP, sets the controller's calendar.
    pub(super) fn set_clock(&mut self, seconds: i64) {
        self.set = self.set.saturating_add(seconds.saturating_mul(1_000_000_000));
    }

    pub(super) fn ticket(&mut self, after: Duration) -> (Timestamp, u64) {
        self.order += 1;
        (self.now.plus(after), self.order)
    }

    /// Lets something happen after a while.
    pub(super) fn after(&mut self, span: Duration, event: Event) {
        let ticket = self.ticket(span);
        self.events.insert(ticket, event);
    }

    /// Forgets what hands would still do.
    pub(super) fn calm(&mut self) {
        self.events.retain(|_, event| matches!(event, Event::Engine(..)));
    }

    /// When the next thing is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let timer = self.timers.keys().next().map(|key| key.0);
        let event = self.events.keys().next().map(|key| key.0);
        [timer, event].into_iter().flatten().min()
    }

    /// The next event that is due by now.
    pub(super) fn take_due(&mut self) -> Option<Event> {
        let due = self.events.first_entry().filter(|entry| entry.key().0 <= self.now)?;
        Some(due.remove())
    }

    /// Wakes the tasks that wait for an instant.
    pub(super) fn wake_at(&mut self, ticket: (Timestamp, u64), waker: Waker) {
        self.timers.insert(ticket, waker);
    }

    /// Nobody waits for that instant any more.
    pub(super) fn forget(&mut self, ticket: (Timestamp, u64)) {
        self.timers.remove(&ticket);
    }

    /// The tasks that wait for an instant that has come.
    pub(super) fn take_timers(&mut self) -> Vec<Waker> {
        let remaining = self.timers.split_off(&(self.now, u64::MAX));
        std::mem::replace(&mut self.timers, remaining).into_values().collect()
    }
}
