//! When the next look begins, and at what: at everything, or only at the deployments of which
//! something was heard.

use std::collections::BTreeSet;

use model::id::DeploymentId;
use model::time::Instant;
use world::Changed;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct NextLook {
    whole: Option<Instant>,
    part: Option<Instant>,
    of: BTreeSet<DeploymentId>,
}

impl NextLook {
    /// Everything is looked at, at this time at the latest.
    pub(super) fn want(&mut self, at: Instant) {
        bring_forward(&mut self.whole, at);
    }

    /// What changed is looked at, at this time at the latest.
    pub(super) fn want_of(&mut self, changed: Changed, at: Instant) {
        match changed {
            Changed::Anything => self.want(at),
            Changed::Deployments(some) => {
                bring_forward(&mut self.part, at);
                self.of.extend(some);
            }
        }
    }

    /// When the next look is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.whole.into_iter().chain(self.part).min()
    }

    /// Nothing is due before.
    pub(super) fn put_off(&mut self, until: Instant) {
        for at in [&mut self.whole, &mut self.part] {
            *at = at.map(|at| at.max(until));
        }
    }

    /// What is due now: `Changed::Deployments` these deployments, or everything, which is then no longer
    /// due, nor is any part of it.
    pub(super) fn take(&mut self, now: Instant) -> Option<Changed> {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.whole) {
            *self = Self::default();
            Some(Changed::Anything)
        } else if is_due(self.part) {
            self.part = None;
            Some(Changed::Deployments(std::mem::take(&mut self.of)))
        } else {
            None
        }
    }
}

fn bring_forward(known: &mut Option<Instant>, at: Instant) {
    *known = Some(known.map_or(at, |known| known.min(at)));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::default().plus(Duration::from_secs(seconds))
    }

    fn of(id: &str) -> Changed {
        Changed::Deployments([id.into()].into())
    }

    #[test]
    fn changes_that_come_together_are_looked_at_together() {
        let mut due = NextLook::default();
        due.want(at(60));
        due.want_of(of("a"), at(2));
        due.want_of(of("b"), at(3));
        assert_eq!((due.next(), due.take(at(1))), (Some(at(2)), None));
        assert_eq!(due.take(at(2)), Some(of("a").and(of("b"))));
        assert_eq!((due.next(), due.take(at(3))), (Some(at(60)), None));
    }

    #[test]
    fn a_look_at_everything_is_one_at_each_part() {
        let mut due = NextLook::default();
        due.want_of(of("a"), at(2));
        due.want_of(Changed::Anything, at(2));
        due.put_off(at(4));
        assert_eq!(due.take(at(3)), None);
        assert_eq!(due.take(at(4)), Some(Changed::Anything));
        assert_eq!(due.next(), None);
    }
}
