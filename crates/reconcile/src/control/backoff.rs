//! When a step may be tried again: steps that failed, and containers that need repair
//! again and again, are put off for longer and longer.
//!
//! This decides *when* to act, never *what* to do: `admit` leaves a step that is put off out
//! of this pass. Nothing is drawn at random and nothing
//! is stored outside: after a restart of the controller everything is tried at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use model::action::{Action, Outside};
use model::id::DeploymentId;
use model::plan::Step;
use model::time::{Instant, Timestamp};
use world::{Clock, OutsideError};

use super::limits::Pace;
use super::report::StepError;
use super::wait::WaitError;

/// What a step is about: steps with the same subject are put off together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// Whose it is.
    pub deployment: DeploymentId,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
}

/// The kinds of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A container, by its name.
    Container,
    /// An image, by its reference.
    Image,
    /// A network, by its name.
    Network,
    /// A volume, by its name.
    Volume,
    /// Entries of the catalog, by their node.
    Catalog,
    /// The ledger.
    Ledger,
}

impl Subject {
    /// What this step is about.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        let (kind, name) = match &step.action {
            Action::PullImage { image, .. } | Action::BuildImage { tag: image, .. } => {
                (Kind::Image, image.to_string())
            }
            Action::CreateNetwork { network, .. } => (Kind::Network, network.name.to_string()),
            Action::RemoveNetwork { name, .. } => (Kind::Network, name.to_string()),
            Action::CreateVolume { volume, .. } => (Kind::Volume, volume.name.to_string()),
            Action::CreateContainer(create) => (Kind::Container, create.name.to_string()),
            Action::Register { node, .. } | Action::Deregister { node, .. } => {
                (Kind::Catalog, node.to_string())
            }
            action => match action.target() {
                Some(target) => (Kind::Container, target.name.to_string()),
                None => (Kind::Ledger, "ledger".to_owned()),
            },
        };
        Self { deployment: step.deployment.clone(), kind, name }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Container => write!(f, "container {}", self.name),
            Kind::Image => write!(f, "image {}", self.name),
            Kind::Network => write!(f, "network {}", self.name),
            Kind::Volume => write!(f, "volume {}", self.name),
            Kind::Catalog => write!(f, "catalog entries on {}", self.name),
            Kind::Ledger => f.write_str("ledger"),
        }
    }
}

/// A step that is put off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// What it is about.
    pub subject: Subject,
    /// How often it was tried.
    pub attempt: u32,
    /// Until when, by the calendar as of the last look.
    pub until: Timestamp,
}

/// A step that is put off, by the clock that is measured with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PutOff {
    pub(super) subject: Subject,
    pub(super) attempt: u32,
    pub(super) until: Instant,
}

impl PutOff {
    /// The same for people, who have a calendar.
    pub(super) fn on_calendar(self, clock: &impl Clock) -> Held {
        let until = clock.now().plus(self.until.since(clock.instant()));
        Held { subject: self.subject, attempt: self.attempt, until }
    }
}

impl Held {
    /// Whether both are about the same attempt.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.subject, self.attempt) == (&other.subject, other.attempt)
    }
}

#[derive(Clone, Copy, Debug)]
struct Memory {
    attempt: u32,
    /// Whether it was acted on since the last failure: then that is already counted.
    acted: bool,
    /// Since when nothing had to be done.
    quiet: Instant,
    until: Instant,
}

/// What is remembered of subjects that were acted on.
#[derive(Clone, Debug)]
pub(super) struct Backoffs {
    pace: Pace,
    memories: BTreeMap<Subject, Memory>,
}

impl Backoffs {
    /// Nothing happened yet.
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, memories: BTreeMap::new() }
    }

    /// A new revision changed these deployments: what was tried in vain may work now. What
    /// it did not change is as it was, and so is the pause.
    pub(super) fn clear(&mut self, changed: &BTreeSet<DeploymentId>) {
        self.memories.retain(|subject, _| !changed.contains(&subject.deployment));
    }

    /// Forgets what has been quiet for long enough.
    pub(super) fn forget(&mut self, now: Instant) {
        let span = self.pace.forget;
        self.memories.retain(|_, memory| now.since(memory.quiet.max(memory.until)) < span);
    }

    /// These steps begin. Acting on the same container, network or volume again and again
    /// counts; catalog entries and the ledger change as often as the world does.
    pub(super) fn begin(&mut self, steps: &[Step], now: Instant) {
        let counts =
            |step: &&Step| step.action.is_mutating() && step.action.outside() == Outside::Engine;
        let subjects: BTreeSet<_> = steps.iter().filter(counts).map(Subject::of).collect();
        for subject in subjects {
            let pace = self.pace;
            let memory = self.remember(&subject, now);
            let quiet = now.since(memory.quiet.max(memory.until));
            memory.attempt = forgiven(memory.attempt, quiet, &pace) + 1;
            memory.acted = true;
            self.put_off(&subject, now);
        }
    }

    /// A step succeeded.
    pub(super) fn succeeded(&mut self, step: &Step, now: Instant) {
        let subject = Subject::of(step);
        if matches!(subject.kind, Kind::Image | Kind::Catalog | Kind::Ledger) {
            self.memories.remove(&subject);
        } else if let Some(memory) = self.memories.get_mut(&subject) {
            memory.quiet = now;
        }
    }

    /// A step failed. It is tried again at once only if a container ended or another writer was
    /// there first, and only if that does not happen again and again.
    pub(super) fn failed(&mut self, step: &Step, error: &StepError, now: Instant) {
        let subject = Subject::of(step);
        let slow = self.pace.free + 1;
        let memory = self.remember(&subject, now);
        let is_counted = std::mem::take(&mut memory.acted);
        if !is_counted {
            memory.attempt = memory.attempt.saturating_add(1);
        }
        if !(is_counted && is_of_the_moment(error)) {
            memory.attempt = memory.attempt.max(slow);
        }
        memory.quiet = now;
        self.put_off(&subject, now);
    }

    /// Whether a step is put off at this time.
    pub(super) fn held(&self, step: &Step, now: Instant) -> Option<PutOff> {
        let subject = Subject::of(step);
        let memory = self.memories.get(&subject).filter(|memory| memory.until > now)?;
        let Memory { attempt, until, .. } = *memory;
        Some(PutOff { subject, attempt, until })
    }

    fn remember(&mut self, subject: &Subject, now: Instant) -> &mut Memory {
        let new = Memory { attempt: 0, acted: false, quiet: now, until: now };
        self.memories.entry(subject.clone()).or_insert(new)
    }

    fn put_off(&mut self, subject: &Subject, now: Instant) {
        let pace = self.pace;
        if let Some(memory) = self.memories.get_mut(subject) {
            let over = memory.attempt.saturating_sub(pace.free);
            memory.until =
                now.plus(delay(over, &subject.to_string(), pace.retry_first, pace.retry_max));
        }
    }
}

/// Whether the world may be different already: a look says more than waiting.
fn is_of_the_moment(error: &StepError) -> bool {
    matches!(
        error,
        StepError::Wait(WaitError::Ended { .. } | WaitError::Gone)
            | StepError::Outside(OutsideError::Gone(_) | OutsideError::Conflict(_))
    )
}

/// What is left of so many attempts after such a quiet time.
fn forgiven(attempt: u32, quiet: Duration, pace: &Pace) -> u32 {
    if quiet >= pace.forget {
        return 0;
    }
    let spans = quiet.as_nanos() / pace.forgive.as_nanos().max(1);
    attempt.saturating_sub(u32::try_from(spans).unwrap_or(u32::MAX))
}

/// How long to wait before the next attempt: nothing after none, then `first`, doubled
/// with each up to `most`; up to a fifth less, so that many that failed together do not
/// come back together.
pub(super) fn delay(attempt: u32, subject: &str, first: Duration, most: Duration) -> Duration {
    let Some(doublings) = attempt.checked_sub(1) else {
        return Duration::ZERO;
    };
    let full = first.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(most);
    let jitter = (fnv(subject, attempt) % 1000) as u32;
    full.saturating_sub(full / 5 * jitter / 1000)
}

/// FNV-1a: the same subject and attempt give the same number everywhere.
fn fnv(subject: &str, attempt: u32) -> u64 {
    let bytes = subject.bytes().chain(attempt.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(1);
    const MOST: Duration = Duration::from_mins(5);

    #[test]
    fn delays_double_up_to_the_longest_and_never_exceed_it() {
        let delays: Vec<_> = (0..40).map(|n| delay(n, "abc-web-1", FIRST, MOST)).collect();
        assert_eq!(delays[0], Duration::ZERO);
        for (doublings, delay) in (0..).zip(&delays[1..]) {
            let full = FIRST.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX));
            let full = full.min(MOST);
            assert!(*delay <= full && *delay >= full * 4 / 5, "{doublings}: {delay:?}");
        }
    }

    #[test]
    fn those_that_failed_together_do_not_come_back_together() {
        let delays: BTreeSet<_> =
            (0..20).map(|n| delay(8, &format!("abc-web-{n}"), FIRST, MOST)).collect();
        assert!(delays.len() > 15);
    }

    #[test]
    fn quiet_time_forgives_step_by_step_and_then_everything() {
        let pace = Pace::default();
        assert_eq!(forgiven(4, pace.forgive * 3 / 2, &pace), 3);
        assert_eq!(forgiven(4, pace.forgive * 9, &pace), 0);
        assert_eq!(forgiven(1000, pace.forget, &pace), 0);
    }
}
