//! Dependencies between services: what must hold before a dependent starts, and who
//! restarts when what it depends on was replaced or restarted.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{After, because};
use super::ownership::Owned;
use super::service::Services;
use super::slot::Settled;
use super::state::{is_done, is_good, is_running, known};
use crate::model::action::{Action, Target, Until};
use crate::model::desired::{Condition, Dependency, Service};
use crate::model::id::{ServiceName, Slot};
use crate::model::observed::Status;
use crate::model::plan::{Reason, WaitingOn};
use crate::model::share::Peer;

/// What dependents of a service wait for.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) started: After,
    pub(super) good: After,
    pub(super) moved: bool,
    /// The container of the first slot: whoever shares with the service shares with it.
    pub(super) first: Option<Target>,
    /// Waits for replicas that stay as they are, made when the first dependent asks.
    pub(super) waits: Option<After>,
}

impl<'a> Services<'a, '_> {
    /// Restarts a replica whose dependency was replaced or restarted, if it asks for it.
    pub(super) fn follow_dependencies(
        &mut self,
        service: &'a Service,
        slot: Slot,
        owned: &'a Owned<'a>,
        throttle: &After,
        settled: &mut Settled<'a>,
    ) {
        let moved = self.moved_dependencies(service, owned);
        if moved.is_empty() || is_done(service, owned) || !is_running(owned) {
            return;
        }
        let name = &owned.view.name;
        if self.context.inventory.contents.own.as_ref() == Some(&owned.view.id) {
            self.scribe.block(
                format!("restart container {name}, in which this controller runs"),
                WaitingOn::OwnContainer { command: format!("docker restart {name}") },
                service.origins.find("depends_on"),
            );
            return;
        }
        // It starts again: everything that it depends on must be as it asks, not only
        // what moved.
        let mut after = self.gates(service);
        after.extend(throttle.iter().copied());
        let mut causes = Vec::new();
        for dependency in moved {
            after.extend(self.wait_for(dependency, Condition::Healthy));
            let at = service.origins.find(&format!("depends_on.{dependency}"));
            causes.push(because(Reason::DependencyMoved { service: dependency.clone() }, at));
        }
        let container = known(owned);
        let action =
            Action::RestartContainer { container: container.clone(), grace: service.stop_grace };
        let after = self.pre_stop(service, owned, &causes, after);
        let restarted = self.scribe.step(action, causes, after);
        let follows = because(Reason::Follows { step: restarted }, None);
        let restarted = self.post_start(service, &container, &[follows], restarted);
        let good = self.await_good(service, &container, Some(restarted), After::from([restarted]));
        self.register_after(service, slot, good, Some(restarted));
        settled.started = Some(restarted);
        settled.good = Some(good);
        settled.moved = true;
    }

    /// The dependencies that this replica has to follow: those that the plan moves, and
    /// those that moved since the replica started (an earlier pass may have died between
    /// the two).
    pub(super) fn moved_dependencies(
        &self,
        service: &'a Service,
        owned: &Owned<'_>,
    ) -> Vec<&'a ServiceName> {
        let follows = service.depends_on.iter().filter(|(_, dependency)| dependency.restart);
        follows
            .map(|(name, _)| name)
            .filter(|name| {
                self.settled.get(*name).is_some_and(|done| done.moved)
                    || self.moved_since(name, owned)
            })
            .collect()
    }

    /// Whether a replica of a service started after this container did, and was not
    /// simply added: it existed before, or took the place of another.
    fn moved_since(&self, service: &ServiceName, dependent: &Owned<'_>) -> bool {
        let Some(since) = dependent.view.state.started_at else { return false };
        self.context
            .slots_of(service)
            .flat_map(|(_, containers)| containers)
            .filter(|owned| is_running(owned))
            .any(|owned| {
                owned.view.state.started_at.is_some_and(|started| started > since)
                    && (owned.view.created_at < since || owned.identity.succeeds)
            })
    }

    /// What must have succeeded before a replica of this service starts.
    pub(super) fn gates(&mut self, service: &'a Service) -> After {
        let mut gates = After::new();
        for (name, dependency) in &service.depends_on {
            let shares = || service.spec.peers().any(|peer| *peer == Peer::Service(name.clone()));
            let moved = self.settled.get(name).is_some_and(|done| done.moved);
            // Nobody moves into what has taken another's place before it is good.
            let condition = match dependency.condition {
                Condition::Started if moved && shares() => Condition::Healthy,
                condition => condition,
            };
            gates.extend(self.wait_for(name, condition));
        }
        gates
    }

    /// The steps after which a condition of a service holds.
    fn wait_for(&mut self, name: &'a ServiceName, condition: Condition) -> After {
        let Some(service) = self.context.deployment.services.get(name) else {
            return After::new();
        };
        let Some(done) = self.settled.get(name) else { return After::new() };
        if condition == Condition::Started {
            return done.started.clone();
        }
        let mut after = done.good.clone();
        if done.waits.is_none() {
            let waits = self.wait_for_those_that_stay(service, condition);
            if let Some(done) = self.settled.get_mut(name) {
                done.waits = Some(waits);
            }
        }
        after
            .extend(self.settled.get(name).and_then(|done| done.waits.clone()).unwrap_or_default());
        after
    }

    /// Waits for replicas that run already but are not good, or not done, yet.
    fn wait_for_those_that_stay(&mut self, service: &'a Service, condition: Condition) -> After {
        let mut waits = After::new();
        for slot in self.slots(service) {
            for owned in self.context.slot(&service.name, slot) {
                let touched = self.removed.contains_key(&owned.view.id)
                    || self.stopped.contains_key(&owned.view.id);
                // What is frozen is let go on, and waited for, by steps of its own.
                let good = is_good(owned) || owned.view.state.status == Status::Paused;
                let until = match condition {
                    Condition::Completed => Until::Completed,
                    _ if good => continue,
                    _ => Until::Good(service.rollout.min_healthy),
                };
                if touched || !is_running(owned) {
                    continue;
                }
                let action = Action::Await {
                    container: known(owned),
                    until,
                    deadline: service.rollout.deadline,
                };
                let cause = because(Reason::Awaited, service.origins.find(""));
                waits.insert(self.scribe.step(action, vec![cause], After::new()));
            }
        }
        waits
    }

    /// Whether some service starts only after this one has completed.
    pub(super) fn is_awaited_to_complete(&self, name: &ServiceName) -> bool {
        let completes = |dependency: &Dependency| dependency.condition == Condition::Completed;
        self.context
            .deployment
            .services
            .values()
            .any(|service| service.depends_on.get(name).is_some_and(completes))
    }
}

/// Dependencies before dependents, by name where nothing else decides. The loader
/// refuses cycles; should one get here, its services come in order of their names.
pub(super) fn in_dependency_order(services: &BTreeMap<ServiceName, Service>) -> Vec<&Service> {
    let mut dependents: BTreeMap<&ServiceName, Vec<&ServiceName>> = BTreeMap::new();
    // How many of its dependencies are still missing.
    let mut left: BTreeMap<&ServiceName, usize> = BTreeMap::new();
    for (name, service) in services {
        let known = service.depends_on.keys().filter(|other| services.contains_key(*other));
        left.insert(name, known.clone().count());
        known.for_each(|other| dependents.entry(other).or_default().push(name));
    }
    let mut ready: BTreeSet<&ServiceName> =
        left.iter().filter(|(_, missing)| **missing == 0).map(|(name, _)| *name).collect();
    let mut order = Vec::new();
    while let Some(next) = ready.pop_first().or_else(|| left.keys().next().copied()) {
        left.remove(next);
        order.push(&services[next]);
        for dependent in dependents.remove(next).into_iter().flatten() {
            if let Some(missing) = left.get_mut(dependent) {
                *missing -= 1;
                if *missing == 0 {
                    ready.insert(dependent);
                }
            }
        }
    }
    order
}
