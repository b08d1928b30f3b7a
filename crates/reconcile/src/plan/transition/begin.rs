//! How a container comes to run: its start after everything that it waits for, or its restart
//! because what it depends on was replaced or restarted.

use super::builder::StepBuilder;
use super::hooks::{post_start, pre_stop};
use super::replica::is_changed;
use super::{Transition, entries, known, stop, used};
use crate::plan::cause::{Why, because};
use crate::plan::decide::{Replica, Start, deregistrable};
use crate::plan::fact::{Fact, Who};
use crate::plan::resources;
use crate::plan::rollout::Move;
use crate::plan::seen::is_running;
use crate::plan::when::Chance;
use model::action::Action;
use model::plan::Reason;
use model::share::Peer;

impl<'a> StepBuilder<'_, 'a> {
    /// What must hold before the container may start, but for what it takes over.
    pub(super) fn begin(&self, replica: &Replica<'a>, throttle: &[Fact]) -> Vec<Fact> {
        let mut begin = self.rollout.gates(self.decisions, self.decided.service);
        begin.extend([self.prepared(), Fact::Ready(self.who(replica))]);
        // A container that is named as host runs, and is healthy, before another one joins it.
        let named =
            self.joins(replica).iter().filter(|join| matches!(join.peer, Peer::Container(_)));
        begin.extend(named.map(|join| Fact::Healthy(join.who.clone())));
        if replica.surplus().any(is_running) || replica.meanwhile.is_some() {
            begin.extend(throttle.iter().cloned());
        }
        begin
    }

    /// Starts the container if it does not run, and waits until it is healthy.
    pub(super) fn start(
        &self,
        replica: &Replica<'a>,
        planned: &Move<'a>,
        first: bool,
    ) -> Vec<Transition> {
        let Some(start) = &replica.start else { return Vec::new() };
        let (context, service) = (self.context(), self.decided.service);
        let who = self.who(replica);
        let began = Fact::Began(who.clone());
        let mut steps = self.make_way(replica, planned);
        let mut before = self.begin(replica, &planned.throttle);
        if replica.stops_first() || replica.goes_before.is_some() || replica.starts_again() {
            let ids = deregistrable(context, &service.name, replica.id.slot);
            before.extend(stop::withdrawn(context, &ids));
        }
        if replica.stops_first() || replica.goes_before.is_some() {
            before.extend(replica.old.iter().map(|owned| Fact::Stopped(known(owned))));
        }
        let (init, before) = self.init(replica, first, &before);
        steps.extend(init);
        let container = self.target(replica);
        let causes = match start {
            Start::New => vec![Why::follows(began.clone())],
            Start::Again(causes) => causes.clone(),
            Start::Unpause(why) => vec![why.clone()],
        };
        let action = match start {
            Start::Unpause(_) => Action::UnpauseContainer { container: container.clone() },
            _ => Action::StartContainer { container: container.clone() },
        };
        let first = matches!(start, Start::New) || is_changed(replica);
        let up = Fact::Up(who.clone());
        let step = Transition::new(action, causes)
            .uses(used(&who))
            .needs(before)
            .gives((!first).then_some(began.clone()))
            .takes(resources::taken(self.engine(), &service.spec));
        let follows = Why::follows(began);
        let launched = Fact::Launched(who.clone());
        steps.push(step.gives([launched.clone()]));
        steps.extend(post_start(service, &container, &who, &follows, launched));
        if let Some(step) = steps.last_mut() {
            step.gives.extend([up.clone(), self.started()]);
        }
        steps.push(self.await_healthy(replica, planned, Some(follows.clone()), [up]));
        steps.extend(entries::register(self, replica, follows));
        steps
    }

    /// Restarts a replica whose dependency was replaced or restarted, if it asks for it.
    pub(super) fn follow(&self, replica: &Replica<'a>, planned: &Move<'a>) -> Vec<Transition> {
        let restarts = !planned.restarts.is_never();
        let Some(owned) = replica.existing().filter(|_| restarts) else { return Vec::new() };
        let (service, id) = (self.decided.service, &self.context().deployment.id);
        // It starts again: everything that it depends on must be as it asks, not only
        // what moved.
        let mut after = self.rollout.gates(self.decisions, service);
        after.extend(planned.throttle.iter().cloned());
        let mut causes = Vec::new();
        for (dependency, chance) in &planned.follows {
            after.push(Fact::ServiceReady(id.clone(), (*dependency).clone()));
            if planned.restarts == Chance::Always && *chance != Chance::Always {
                continue;
            }
            let at = service.origins.find(&format!("depends_on.{dependency}"));
            causes.push(because(Reason::DependencyMoved { service: (*dependency).clone() }, at));
        }
        for (name, id) in &replica.restarted_hosts {
            after.push(Fact::Healthy(Who::Known(id.clone())));
            let at = service.origins.find("network_mode");
            causes.push(because(Reason::HostRestarted { container: name.clone() }, at));
        }
        let who = known(owned);
        let container = self.target(replica);
        let (mut steps, hooked) = pre_stop(service, owned, &causes, &after);
        after.extend(hooked);
        let grace = service.stop_grace;
        let restart = Action::RestartContainer { container: container.clone(), grace };
        let launched = Fact::Launched(who.clone());
        let step = Transition::new(restart, causes).needs(after);
        steps.push(step.gives([launched.clone()]));
        let follows = Why::follows(launched.clone());
        steps.extend(post_start(service, &container, &who, &follows, launched));
        let up = Fact::Up(who);
        if let Some(step) = steps.last_mut() {
            step.gives.extend([up.clone(), self.started()]);
        }
        steps.push(self.await_healthy(replica, planned, Some(follows.clone()), [up]));
        steps.extend(entries::register(self, replica, follows));
        steps
    }
}
