//! What cannot be put in order, and what follows: first that nothing depends on what images come,
//! then that an old container stops earlier, and at last that a deployment is withheld.

use std::collections::BTreeSet;

use super::Pass;
use crate::plan::decide::Yield;
use crate::plan::graph::{Links, check, exchanges};
use crate::plan::guards;
use crate::plan::seen::{EngineInventory, Owned, is_inside};
use crate::plan::transition::Transition;
use model::action::Action;
use model::create::Join;
use model::id::{ContainerId, DeploymentId};
use model::plan::Plan;
use model::target::ContainerRef;

impl Pass<'_> {
    /// Withholds deployments whose needs nothing meets. Returns whether there are any.
    pub(in crate::plan) fn refuses(&mut self, links: &Links) -> bool {
        let engines = self.shared.engines;
        let unmet = links.unmet(|engine, name| engines.get(engine)?.bearer(name).cloned());
        let found = !unmet.is_empty();
        let conditional = unmet.iter().filter(|unmet| unmet.is_conditional);
        let mut simpler = links.unbrought();
        simpler.extend(conditional.map(|unmet| unmet.deployment.clone()));
        simpler.extend(self.hosts(links));
        if self.simplifies(simpler) {
            return true;
        }
        for unmet in unmet {
            let refused = self.refused.entry(unmet.deployment).or_default();
            if !refused.contains(&unmet.blocked) {
                refused.push(unmet.blocked);
            }
        }
        found
    }

    /// The deployments that would stop a container for an image although another one's container
    /// is in it, running or not, or is made to be: that one's decisions do not depend on this image.
    fn hosts(&self, links: &Links) -> BTreeSet<DeploymentId> {
        if !self.open().any(|context| guards::shares_across(&context)) {
            return BTreeSet::new();
        }
        let conditional = links.steps.iter().filter(|step| step.when.is_some());
        let mut stops: Vec<_> =
            conditional.filter_map(|step| Some((&step.place, stopped(&step.action)?))).collect();
        stops.retain(|(place, host)| {
            let lives = |engine: &EngineInventory<'_>| {
                let Some(host) = engine.view(host) else { return false };
                let inside = |owned: &Owned<'_>| {
                    owned.identity.replica.deployment != place.deployment
                        && is_inside(&owned.view.spec, &host.id, &host.name)
                };
                engine.containers().any(inside)
            };
            let elsewhere = |step: &&Transition| step.place.deployment != place.deployment;
            let mut others = links.steps.iter().filter(elsewhere);
            self.shared.engines.get(&place.engine).is_some_and(lives)
                || others.any(|step| joins(&step.action, host))
        });
        stops.into_iter().map(|(place, _)| place.deployment.clone()).collect()
    }

    /// Lets an old container stop earlier for each circle of steps. Returns whether there
    /// are any.
    pub(in crate::plan) fn yields(&mut self, links: &Links) -> bool {
        let exchanges = exchanges(links);
        let found = !exchanges.is_empty();
        if found {
            let on_it: BTreeSet<_> = exchanges.iter().flat_map(|e| &e.deployments).collect();
            let mut simpler = links.conditional();
            simpler.retain(|id| on_it.contains(id));
            if self.simplifies(simpler) {
                return true;
            }
        }
        for exchange in exchanges {
            let given = |replica| self.across.yields.get(replica);
            let is_early = |yields: &Yield| yields.early.is_some();
            let may = exchange.yields.iter().filter(|h| !given(&h.replica).is_some_and(is_early));
            match may.min_by_key(|holder| given(&holder.replica).is_some()) {
                Some(holder) => {
                    let early = given(&holder.replica).map(|_| holder.ready.clone());
                    let yields = Yield { why: holder.why.clone(), early };
                    self.across.yields.insert(holder.replica.clone(), yields);
                }
                None => {
                    for id in &exchange.deployments {
                        let steps = &exchange.steps;
                        self.fault(id, format!("these steps wait for each other: {steps}"));
                    }
                }
            }
        }
        found
    }

    /// Withholds deployments whose steps have faults. Returns whether there are any.
    pub(in crate::plan) fn is_faulty(&mut self, plan: &Plan) -> bool {
        let mut found = false;
        let faults = check(plan);
        if !faults.is_empty() {
            let conditional = plan.steps.iter().filter(|step| step.only_if.is_some());
            if self.simplifies(conditional.map(|step| step.deployment.clone()).collect()) {
                return true;
            }
        }
        for fault in faults {
            if let Some(step) = plan.step(fault.step()) {
                self.fault(&step.deployment, fault.to_string());
                found = true;
            }
        }
        found
    }

    /// Lets nothing of these deployments depend on what images come: where that cannot be put in
    /// order, the pass after it compares. Returns whether that is news.
    fn simplifies(&mut self, deployments: BTreeSet<DeploymentId>) -> bool {
        let known = &mut self.across.unconditional;
        let before = known.len();
        known.extend(deployments);
        known.len() > before
    }
}

/// The container that a step stops, if it is one that exists.
fn stopped(action: &Action) -> Option<&ContainerId> {
    match (action, &action.target()?.container) {
        (
            Action::StopContainer { .. }
            | Action::RestartContainer { .. }
            | Action::RemoveContainer { .. },
            ContainerRef::Known(id),
        ) => Some(id),
        _ => None,
    }
}

/// Whether a step makes a container that lives in this one.
fn joins(action: &Action, host: &ContainerId) -> bool {
    let Action::CreateContainer(create) = action else { return false };
    let known = |join: &Join| join.container.container == ContainerRef::Known(host.clone());
    create.joins.iter().any(known)
}
