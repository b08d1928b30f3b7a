//! Since when a watched folder shows what it does. A folder changes file by file, and a reader who
//! looks in between sees stacks that are being moved and files that are half written: of what it
//! lacks only that is certain which two looks some time apart agree on. A state machine with the
//! time as input.

use std::collections::BTreeMap;
use std::time::Duration;

use model::desired::{DesiredState, Entry};
use model::digest::Digest;
use model::id::DeploymentId;
use model::settling::Settling;
use model::time::Instant;

/// What the looks at a source have shown so far.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// How long an absence has to last; zero for sources that change as a whole.
    lasts: Duration,
    /// Each deployment that was shown, until its absence is certain.
    sightings: BTreeMap<DeploymentId, Sighting>,
    /// All that were never shown; `None` before the first look.
    others: Option<Sighting>,
}

/// The same thing, look after look.
#[derive(Clone, Debug)]
struct Sighting {
    what: What,
    /// When the first look that showed it ended.
    since: Instant,
    /// Whether one showed it again that began late enough.
    certain: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// As valid as it can be, with this hash.
    Valid(Digest),
    Invalid,
    Absent,
    /// Not shown, by a source whose list of deployments is not complete.
    Unknown,
}

/// When a look began and ended, and how long an absence has to last.
#[derive(Clone, Copy, Debug)]
struct When {
    began: Instant,
    ended: Instant,
    lasts: Duration,
}

impl Presence {
    /// Nothing was shown yet.
    pub(super) fn new(lasts: Duration) -> Self {
        Self { lasts, ..Self::default() }
    }

    /// A look at the source that began then gave this now. Yields the absences that are not certain yet.
    pub(super) fn looked(
        &mut self,
        desired: &DesiredState,
        began: Instant,
        now: Instant,
    ) -> Settling {
        let when = When { began, ended: now, lasts: self.lasts };
        let nothing = if desired.incomplete.is_empty() { What::Absent } else { What::Unknown };
        let old = self.others.take();
        self.others = Some(Sighting::again(old.as_ref(), nothing.clone(), when));
        for (id, sighting) in &mut self.sightings {
            if !desired.deployments.contains_key(id) {
                *sighting = Sighting::again(Some(sighting), nothing.clone(), when);
            }
        }
        for (id, entry) in &desired.deployments {
            let what = match entry {
                Entry::Valid(deployment, _) => What::Valid(deployment.hash.clone()),
                Entry::Invalid(_) => What::Invalid,
            };
            let sighting = Sighting::again(self.sightings.get(id), what, when);
            self.sightings.insert(id.clone(), sighting);
        }
        // From here on it is one of those that are not there.
        self.sightings.retain(|_, sighting| sighting.what != What::Absent || !sighting.certain);
        self.settling()
    }

    /// The source could not be read: what it shows when it is back may be on its way, too.
    pub(super) fn lost(&mut self) {
        self.sightings.clear();
        self.others = None;
    }

    /// When the source has to be looked at again for what is not certain.
    pub(super) fn next(&self) -> Option<Instant> {
        let all = self.sightings.values().chain(&self.others);
        all.filter(|sighting| !sighting.certain)
            .map(|sighting| sighting.since.plus(self.lasts))
            .min()
    }

    fn settling(&self) -> Settling {
        let uncertain = self.sightings.iter().filter(|(_, sighting)| !sighting.certain);
        Settling {
            lasts: self.lasts,
            deployments: uncertain.map(|(id, _)| id.clone()).collect(),
            others: self.others.as_ref().is_some_and(|sighting| !sighting.certain),
        }
    }
}

impl Sighting {
    /// What a look showed, after what the one before it did.
    fn again(before: Option<&Self>, what: What, when: When) -> Self {
        match before.filter(|before| before.what == what) {
            Some(before) => {
                let certain = before.certain || when.began >= before.since.plus(when.lasts);
                Self { certain, ..before.clone() }
            }
            None => Self { what, since: when.ended, certain: when.lasts.is_zero() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::desired::Layout;

    const LASTS: Duration = Duration::from_secs(5);

    fn at(second: u64) -> Instant {
        Instant(second * 1_000_000_000)
    }

    fn look(presence: &mut Presence, second: u64, text: &str) -> (bool, bool, bool) {
        // `a!` is an invalid one, `?` a list that is not complete.
        let mut desired = DesiredState {
            source: "dir".into(),
            revision: "r".into(),
            layout: Layout::Folders,
            deployments: BTreeMap::new(),
            incomplete: Vec::new(),
            settling: Settling::default(),
            provisional: BTreeMap::new(),
            instead: BTreeMap::new(),
        };
        for word in text.split_whitespace() {
            if word == "?" {
                let message = model::diagnostic::Diagnostic::error("half a list");
                desired.incomplete.push(message);
            } else {
                desired.deployments.insert(word.into(), Entry::Invalid(Vec::new()));
            }
        }
        let now = at(second);
        let settling = presence.looked(&desired, now, now);
        let unsure = |id: &str| {
            settling.of(&id.into(), desired.deployments.contains_key(&id.into())).is_some()
        };
        (unsure("a"), unsure("b"), unsure("never"))
    }

    #[test]
    fn what_is_absent_is_so_after_two_looks_that_are_far_enough_apart() {
        let mut presence = Presence::new(LASTS);
        assert_eq!(look(&mut presence, 0, "a b"), (true, true, true));
        assert_eq!(presence.next(), Some(at(5)));
        assert_eq!(look(&mut presence, 4, "a b"), (true, true, true));
        assert_eq!(look(&mut presence, 6, "a b"), (false, false, false));
        assert_eq!(presence.next(), None);
        assert_eq!(look(&mut presence, 10, "a"), (false, true, false));
        assert_eq!(presence.next(), Some(at(15)));
        assert_eq!(look(&mut presence, 14, "a"), (false, true, false));
        assert_eq!(look(&mut presence, 15, "a"), (false, false, false));
    }

    #[test]
    fn what_comes_back_begins_anew() {
        let mut presence = Presence::new(LASTS);
        look(&mut presence, 0, "a b");
        look(&mut presence, 5, "a b");
        assert_eq!(look(&mut presence, 10, "a"), (false, true, false));
        assert_eq!(look(&mut presence, 13, "a b"), (false, true, false));
        assert_eq!(look(&mut presence, 14, "a"), (false, true, false));
        assert_eq!(look(&mut presence, 18, "a"), (false, true, false));
        assert_eq!(look(&mut presence, 19, "a"), (false, false, false));
    }

    #[test]
    fn a_source_that_was_lost_and_a_list_that_is_not_complete_tell_nothing() {
        let mut presence = Presence::new(LASTS);
        look(&mut presence, 0, "a");
        assert_eq!(look(&mut presence, 9, "a ?"), (false, true, true));
        assert_eq!(look(&mut presence, 20, "a"), (false, true, true));
        assert_eq!(look(&mut presence, 25, "a"), (false, false, false));
        presence.lost();
        assert_eq!(presence.next(), None);
        assert_eq!(look(&mut presence, 60, "a"), (true, true, true));
        assert_eq!(look(&mut presence, 65, "a"), (false, false, false));
    }

    #[test]
    fn what_comes_as_a_whole_is_certain_at_once() {
        let mut presence = Presence::new(Duration::ZERO);
        assert_eq!(look(&mut presence, 0, "a"), (false, false, false));
        assert_eq!(look(&mut presence, 0, ""), (false, false, false));
        assert_eq!(presence.next(), None);
    }
}
