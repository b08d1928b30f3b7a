//! What can go wrong with a call, and when the controller crashes.

use std::time::Duration;

use super::rng::Rng;

/// How often calls go wrong, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The request never arrives: nothing is done.
    pub request_lost: u32,
    /// It is done, but the answer never arrives.
    pub answer_lost: u32,
    /// It is refused with an internal error: nothing is done.
    pub failed: u32,
    /// It takes seconds.
    pub slow: u32,
    /// An event of the engine is never reported.
    pub event_lost: u32,
}

/// Where the controller crashes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    /// Right after so many more changing calls took effect, before an answer is seen.
    Effect(u64),
    /// Before it is polled so many more times.
    Poll(u64),
}

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Fine,
    RequestLost,
    AnswerLost,
    Failed,
}

/// One call's fate and the time on its ways.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    pub(super) fate: Fate,
    pub(super) there: Duration,
    pub(super) back: Duration,
}

/// How long a client waits for an answer that never comes.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

impl Faults {
    /// Decides about one call.
    pub(super) fn draw(&self, rng: &mut Rng) -> Draw {
        let fate = if rng.chance(self.request_lost) {
            Fate::RequestLost
        } else if rng.chance(self.answer_lost) {
            Fate::AnswerLost
        } else if rng.chance(self.failed) {
            Fate::Failed
        } else {
            Fate::Fine
        };
        let slow = if rng.chance(self.slow) { 1000 } else { 1 };
        let mut way = || rng.span(Duration::from_micros(200), Duration::from_millis(4)) * slow;
        Draw { fate, there: way(), back: way() }
    }
}
