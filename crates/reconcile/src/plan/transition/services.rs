//! The steps of the services of a deployment, in the order of the rollout.

use super::builder::StepBuilder;
use super::replica::Steps;
use super::{Rank, Section, Transition, known, ranked, stop, target};
use crate::plan::cause::because;
use crate::plan::decide::{Decisions, Removal, Replica};
use crate::plan::fact::Fact;
use crate::plan::rollout::{Rollout, Wait};
use model::action::Action;
use model::plan::Reason;

/// The steps of all services.
pub(super) fn services(decisions: &Decisions<'_>, rollout: &Rollout<'_>) -> Vec<Transition> {
    let mut all = Vec::new();
    for (place, (decided, moves)) in (0..).zip(decisions.services.iter().zip(&rollout.services)) {
        let builder = StepBuilder { decisions, rollout, decided, moves, other: false };
        let rank = |section, part| Rank::within(section, [place, part, 0]);
        let mut before = builder.clear_init();
        before.extend(builder.await_recovery());
        all.extend(ranked(rank(Section::Services, 0), before));
        let first = builder.first_that_starts();
        for (number, planned) in (1..).zip(&moves.order) {
            let replica = &decided.replicas[planned.at];
            if replica.withheld {
                continue;
            }
            let Steps { own: steps, deferred, .. } =
                builder.either(replica, planned, first == Some(planned.at));
            all.extend(ranked(rank(Section::Services, number), steps));
            // Hosts go after their members: in the reverse order.
            let last = Rank::within(Section::Deferred, [u32::MAX - place, u32::MAX - number, 0]);
            all.extend(ranked(last, deferred));
        }
        all.extend(ranked(rank(Section::Services, u32::MAX), builder.scale_down()));
        all.extend(ranked(rank(Section::Asked, 0), builder.waits()));
    }
    all
}

impl<'a> StepBuilder<'_, 'a> {
    /// Which replica starts first of those that never ran, by its place in the decision.
    fn first_that_starts(&self) -> Option<usize> {
        let mut order = self.moves.order.iter().map(|planned| planned.at);
        let starts = |replica: &Replica<'_>| {
            let ran = replica.existing().is_some_and(|o| o.view.state.started_at.is_some());
            !replica.withheld && replica.start.is_some() && !ran
        };
        let of = |at: &usize| &self.decided.replicas[*at];
        let first = order.clone().find(|at| starts(of(at)));
        first.or_else(|| order.find(|at| starts(of(at).in_other())))
    }

    fn wait(&self, Wait { owned, until, when }: &Wait<'_>) -> Transition {
        let until = *until;
        let service = self.decided.service;
        let who = known(owned);
        let container = target(&who, &owned.view.name);
        let deadline = service.rollout.deadline;
        let why = because(Reason::Awaited, service.origins.find(""));
        Transition::new(Action::Await { container, until, deadline }, vec![why]).when(when.clone())
    }

    /// Waits for what stays and is not healthy, before others are taken away.
    fn await_recovery(&self) -> Vec<Transition> {
        let (id, service) = (&self.context().deployment.id, self.decided.service);
        let recovered = || Fact::Recovered(id.clone(), service.name.clone());
        let waits = self.moves.recovering.iter();
        waits.map(|wait| self.wait(wait).gives([recovered()])).collect()
    }

    /// Waits that dependents ask for.
    fn waits(&self) -> Vec<Transition> {
        let (id, service) = (&self.context().deployment.id, self.decided.service);
        let ready = || Fact::ServiceReady(id.clone(), service.name.clone());
        let waits = self.moves.waits.iter();
        waits.map(|wait| self.wait(wait).gives([ready()])).collect()
    }

    /// Removes the highest slots first, once what stays and was down is healthy again.
    fn scale_down(&self) -> Vec<Transition> {
        let removals = self.decided.excess.iter();
        let all = self.decided.replicas.iter();
        let all = all.flat_map(|replica| {
            let other = replica.instead.as_ref().map(|instead| &instead.replica);
            std::iter::once(replica).chain(other)
        });
        let starts = all.filter(|replica| replica.start.is_some() && !replica.withheld);
        let healthy: Vec<Fact> = starts.map(|replica| Fact::Healthy(self.who(replica))).collect();
        let steps = |removal: &Removal<'a>| {
            let stays =
                self.moves.recovered.iter().chain(&healthy).filter(|_| !removal.goes_before);
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
