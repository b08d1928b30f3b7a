//! One service in its deployment, as its steps see it.

use super::stop;
use crate::plan::context::Context;
use crate::plan::decide::{Decided, Decisions, GoesBefore, Replica, Target};
use crate::plan::differ::{Images, Joined};
use crate::plan::fact::Fact;
use crate::plan::rollout::{Moves, Rollout};
use model::id::ReplicaId;

/// One service and its deployment.
pub(super) struct StepBuilder<'s, 'a> {
    pub(super) decisions: &'s Decisions<'a>,
    pub(super) rollout: &'s Rollout<'a>,
    pub(super) decided: &'s Decided<'a>,
    pub(super) moves: &'s Moves<'a>,
    /// Whether it is about what happens if images that come are others.
    pub(super) other: bool,
}

impl<'s, 'a> StepBuilder<'s, 'a> {
    pub(super) fn context(&self) -> &'s Context<'a> {
        &self.decisions.context
    }

    /// The containers that a replica shares with: what is made joins those that are there then.
    pub(super) fn joins(&self, replica: &Replica<'_>) -> &'s [Joined] {
        let is_made = matches!(replica.target, Target::New(_));
        let other = &self.decided.other_joins;
        if is_made && !other.is_empty() { other } else { &self.decided.joins }
    }

    /// What is known of the images.
    pub(super) fn images(&self) -> &'s Images<'a> {
        if self.other { &self.decisions.renewals.images } else { &self.decisions.images }
    }

    /// What must hold before a running container of a replica may be stopped, apart from
    /// what lives in it: what its successor waits for, or less if it has to go early.
    pub(super) fn permit(&self, replica: &Replica<'a>, throttle: &[Fact]) -> Vec<Fact> {
        let deployment = &self.context().deployment.id;
        if let Some(early) = replica.order.early() {
            return early.iter().cloned().chain([Fact::Images(deployment.clone())]).collect();
        }
        let mut permit = match &replica.goes_before {
            Some(GoesBefore::Replica(host)) => self.permit_of(host),
            Some(GoesBefore::Removed) => vec![stop::prepared(self.decisions)],
            Some(GoesBefore::Elsewhere(facts)) => {
                facts.iter().cloned().chain([stop::prepared(self.decisions)]).collect()
            }
            Some(GoesBefore::Excess(service)) => {
                let moves = self.decisions.services.iter().zip(&self.rollout.services);
                let mut of_host = moves.filter(|(decided, _)| decided.service.name == *service);
                let recovered = of_host.next().map(|(_, moves)| moves.recovered.clone());
                let mut permit = recovered.unwrap_or_default();
                permit.push(stop::prepared(self.decisions));
                permit
            }
            Some(GoesBefore::Leaving) | None => return self.begin(replica, throttle),
        };
        // As its host, it does not stop before there is one that can take its place.
        let is_made = matches!(replica.target, Target::New(_));
        if is_made && permit.iter().any(|fact| matches!(fact, Fact::Ready(_))) {
            permit.push(Fact::Ready(self.who(replica)));
        }
        permit
    }

    /// The same for the host of a member.
    fn permit_of(&self, host: &ReplicaId) -> Vec<Fact> {
        let services = self.decisions.services.iter().zip(&self.rollout.services);
        for (decided, moves) in services {
            let found = moves.order.iter().find(|planned| decided.replicas[planned.at].id == *host);
            if let Some(planned) = found {
                let builder = StepBuilder { decided, moves, ..*self };
                // It goes before the container that stops, which one does at most.
                let replica = decided.replicas[planned.at].in_other();
                return builder.permit(replica, &planned.throttle);
            }
        }
        Vec::new()
    }
}
