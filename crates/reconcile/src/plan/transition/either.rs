//! The steps of a replica with what they depend on: those that are there anyway, those that are
//! there unless an image that comes is another one, and those that are there if one is.

use super::Transition;
use super::builder::StepBuilder;
use super::replica::Steps;
use crate::plan::decide::{EntryChange, Replica};
use crate::plan::fact::Fact;
use crate::plan::rollout::{Move, awaits};
use crate::plan::when::{Chance, Others, When};
use model::action::Action;

impl<'a> StepBuilder<'_, 'a> {
    /// All steps of a replica.
    pub(super) fn either(&self, replica: &Replica<'a>, planned: &Move<'a>, first: bool) -> Steps {
        let mut all = self.stays(replica, planned, first);
        if let Some(instead) = &replica.instead {
            let other = StepBuilder { other: true, ..*self };
            let steps = other.replica(&instead.replica, &planned.instead(), first);
            // The entries of the one that stays are put right whatever comes.
            let entries = matches!(replica.entry, Some(EntryChange::Fix(_)));
            let before = entries.then(|| Fact::Registered(self.who(replica)));
            let another = |step: Transition| {
                let when = When { another: instead.others.clone(), ..When::default() };
                keeping(step, replica, &instead.replica, when).needs(before.clone())
            };
            let Steps { own, deferred, delay, .. } = steps;
            all.own.extend(own.into_iter().chain(delay).map(another));
            all.deferred.extend(deferred.into_iter().map(another));
        }
        for step in all.own.iter_mut().chain(&mut all.deferred) {
            step.replica = Some(replica.id.clone());
        }
        all
    }

    /// Those of a replica unless it is replaced for an image.
    fn stays(&self, replica: &Replica<'a>, planned: &Move<'a>, first: bool) -> Steps {
        let others = replica.others();
        let Steps { own: steps, deferred, follow, entries, delay } =
            self.replica(replica, planned, first);
        let own = |step| needed(step, &Chance::Always, &others);
        let follows = |step| needed(step, &planned.restarts, &others);
        let mut all: Vec<_> = steps.into_iter().filter_map(own).collect();
        let restarts = !follow.is_empty() && !awaits(replica);
        all.extend(follow.into_iter().filter_map(follows));
        let again = matches!(replica.entry, Some(EntryChange::Again));
        all.extend(entries.and_then(|step| if again { own(step) } else { Some(step) }));
        let moves = restarts || replica.start.is_some() || awaits(replica);
        let delay = delay.filter(|_| moves);
        all.extend(delay.and_then(|step| if restarts { follows(step) } else { own(step) }));
        let deferred = deferred.into_iter().filter_map(own).collect();
        Steps { own: all, deferred, ..Steps::default() }
    }
}

/// A step with the chance that it is needed; `None` if it never is.
fn needed(step: Transition, chance: &Chance, unless: &Others) -> Option<Transition> {
    chance.unless(unless).map(|when| step.when(when))
}

/// A step of a replacement: where it makes the container, the one that stays stands for it if it
/// is not needed.
fn keeping(step: Transition, stays: &Replica<'_>, instead: &Replica<'_>, when: When) -> Transition {
    let makes =
        matches!(&step.action, Action::CreateContainer(create) if create.name == *instead.name());
    let keeps = stays.existing().filter(|_| makes).map(|owned| owned.view.id.clone());
    step.when(When { keeps, ..when })
}
