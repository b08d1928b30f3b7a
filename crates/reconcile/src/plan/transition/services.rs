//! The steps of the services of a deployment, each in its turn.

use super::builder::StepBuilder;
use super::replica::Steps;
use super::{Rank, Section, Transition, known, ranked, stop, target};
use crate::plan::cause::because;
use crate::plan::decide::{Decisions, Removal};
use crate::plan::fact::Fact;
use crate::plan::rollout::Rollout;
use crate::plan::seen::{Owned, good_until};
use model::action::{Action, Until};
use model::plan::Reason;

/// The steps of all services.
pub(super) fn services(decisions: &Decisions<'_>, rollout: &Rollout<'_>) -> Vec<Transition> {
    let mut all = Vec::new();
    for (place, (decided, moves)) in (0..).zip(decisions.services.iter().zip(&rollout.services)) {
        let builder = StepBuilder { decisions, rollout, decided, moves };
        let rank = |section, part| Rank::within(section, [place, part, 0]);
        let mut before = builder.clear_init();
        before.extend(builder.mends());
        all.extend(ranked(rank(Section::Services, 0), before));
        let first = builder.first_that_starts();
        for (turn, step) in (1..).zip(&moves.order) {
            let replica = &decided.replicas[step.at];
            if replica.withheld {
                continue;
            }
            let Steps { steps, later } = builder.replica(replica, step, first == Some(step.at));
            all.extend(ranked(rank(Section::Services, turn), steps));
            // Hosts go after their members: in the reverse order.
            let last = Rank::within(Section::Later, [u32::MAX - place, u32::MAX - turn, 0]);
            all.extend(ranked(last, later));
        }
        all.extend(ranked(rank(Section::Services, u32::MAX), builder.scale_down()));
        all.extend(ranked(rank(Section::Asked, 0), builder.waits()));
    }
    all
}

impl<'a> StepBuilder<'_, 'a> {
    /// Which replica starts first of those that never ran, by its place in the decision.
    fn first_that_starts(&self) -> Option<usize> {
        let mut order = self.moves.order.iter().map(|turn| turn.at);
        order.find(|at| {
            let replica = &self.decided.replicas[*at];
            let ran = replica.existing().is_some_and(|o| o.view.state.started_at.is_some());
            !replica.withheld && replica.start.is_some() && !ran
        })
    }

    fn wait(&self, owned: &Owned<'_>, until: Until) -> Transition {
        let service = self.decided.service;
        let who = known(owned);
        let container = target(&who, &owned.view.name);
        let deadline = service.rollout.deadline;
        let why = because(Reason::Awaited, service.origins.find(""));
        Transition::new(Action::Await { container, until, deadline }, vec![why])
    }

    /// Waits for what stays and is not good, before others are taken away.
    fn mends(&self) -> Vec<Transition> {
        let (id, service) = (&self.context().deployment.id, self.decided.service);
        let mended = || Fact::Mended(id.clone(), service.name.clone());
        let wait = |owned: &&Owned<'_>| self.wait(owned, good_until(service));
        self.moves.mends.iter().map(|owned| wait(owned).gives([mended()])).collect()
    }

    /// Waits that dependents ask for.
    fn waits(&self) -> Vec<Transition> {
        let (id, service) = (&self.context().deployment.id, self.decided.service);
        let settled = || Fact::Settled(id.clone(), service.name.clone());
        let waits = self.moves.waits.iter();
        waits.map(|(owned, until)| self.wait(owned, *until).gives([settled()])).collect()
    }

    /// Removes the highest slots first, once what stays and was down is good again.
    fn scale_down(&self) -> Vec<Transition> {
        let removals = self.decided.excess.iter();
        let starts = self.decided.replicas.iter().filter(|r| r.start.is_some() && !r.withheld);
        let good: Vec<Fact> = starts.map(|replica| Fact::Good(self.who(replica))).collect();
        let steps = |removal: &Removal<'a>| {
            let stays = self.moves.mended.iter().chain(&good).filter(|_| !removal.goes_before);
            let permit: Vec<_> = stays.cloned().chain([stop::prepared(self.decisions)]).collect();
            let mut steps = stop::removal(self.context(), removal, &permit);
            for step in &mut steps {
                step.replica = Some(removal.owned.identity.replica.clone());
            }
            steps
        };
        removals.flat_map(steps).collect()
    }
}
