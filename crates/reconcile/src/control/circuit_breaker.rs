//! Parts of the world that do not answer. A look does not ask them again, so that one
//! hanging engine does not delay all others: they are probed beside it, less and less
//! often, until they answer.

use std::collections::BTreeMap;
use std::time::Duration;

use model::time::Instant;

use super::backoff::delay;
use super::observe::Part;

/// The pause before the first probe; it doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
/// A part that comes back is noticed within this time.
const LONGEST: Duration = Duration::from_secs(30);

/// The parts that do not answer.
#[derive(Clone, Debug, Default)]
pub(super) struct CircuitBreakers(BTreeMap<Part, OpenCircuit>);

#[derive(Clone, Debug)]
struct OpenCircuit {
    error: String,
    attempt: u32,
    until: Instant,
    probing: bool,
}

impl CircuitBreakers {
    /// The parts that a look shall not ask, and why.
    pub(super) fn errors(&self) -> BTreeMap<Part, String> {
        self.0.iter().map(|(part, illness)| (part.clone(), illness.error.clone())).collect()
    }

    /// A part did not answer. Returns whether that is news.
    pub(super) fn fell(&mut self, part: &Part, error: &str, now: Instant) -> bool {
        let is_news = !self.0.contains_key(part);
        if is_news {
            let until = now.plus(pause(part, 1));
            let illness =
                OpenCircuit { error: error.to_owned(), attempt: 1, until, probing: false };
            self.0.insert(part.clone(), illness);
        }
        is_news
    }

    /// The parts to be probed now; they count as being probed from then on.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Part> {
        let due = self.0.iter_mut().filter(|(_, illness)| !illness.probing && illness.until <= now);
        due.map(|(part, illness)| {
            illness.probing = true;
            part.clone()
        })
        .collect()
    }

    /// A probe's answer. Returns whether the part is well again.
    pub(super) fn probed(&mut self, part: &Part, answer: Result<(), String>, now: Instant) -> bool {
        match (answer, self.0.get_mut(part)) {
            (Err(error), Some(illness)) => {
                illness.error = error;
                illness.attempt = illness.attempt.saturating_add(1);
                illness.until = now.plus(pause(part, illness.attempt));
                illness.probing = false;
                false
            }
            (Ok(()), Some(_)) => {
                self.0.remove(part);
                true
            }
            (_, None) => false,
        }
    }

    /// When the next probe is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.values().filter(|illness| !illness.probing).map(|illness| illness.until).min()
    }
}

fn pause(part: &Part, attempt: u32) -> Duration {
    delay(attempt, &part.to_string(), FIRST, LONGEST)
}
