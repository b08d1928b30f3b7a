//! What a plan says of the deployments that it changes beside its steps: how large their services
//! are, what of the host they take, and how long they took last.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::context::Context;
use super::decide::taken_of_host;
use model::action::Action;
use model::desired::{DesiredState, Entry};
use model::id::{DeploymentId, ServiceName};
use model::ledger::{Ledger, RolloutResult};
use model::plan::{ChangedBy, Plan, Reason, Size, Step};

/// Adds it to a plan.
pub(super) fn add<'a>(
    plan: &mut Plan,
    (desired, ledger): (&DesiredState, &Ledger),
    context: impl Fn(&DeploymentId) -> Option<Context<'a>>,
) {
    let mut sizes: BTreeMap<DeploymentId, BTreeMap<ServiceName, Size>> = BTreeMap::new();
    for replica in plan.steps.iter().filter_map(|step| step.replica.as_ref()) {
        let Some(Entry::Valid(deployment, _)) = desired.deployments.get(&replica.deployment) else {
            continue;
        };
        let known = sizes.entry(replica.deployment.clone()).or_default();
        let service = deployment.services.get(&replica.service);
        if let Some(service) = service.filter(|service| !known.contains_key(&service.name)) {
            let (replicas, parallelism) = (service.replicas, service.rollout.parallelism);
            known.insert(service.name.clone(), Size { replicas, parallelism });
        }
    }
    let changed: BTreeSet<&DeploymentId> = sizes.keys().collect();
    let taken = |id: &DeploymentId| Some((id.clone(), taken_of_host(&context(id)?)));
    let host = changed.iter().copied().filter_map(taken).filter(|(_, taken)| !taken.is_empty());
    plan.host = host.collect();
    let makes = |step: &&Step| matches!(step.action, Action::CreateContainer(_));
    let rolled_out: BTreeSet<_> = plan.steps.iter().filter(makes).map(|s| &s.deployment).collect();
    plan.last_took = rolled_out.into_iter().filter_map(|id| took(desired, ledger, id)).collect();
    plan.sizes = sizes;
    go_back(plan, desired);
}

/// Says of deployments that return to what worked so, and that what differs is because of that.
fn go_back(plan: &mut Plan, desired: &DesiredState) {
    let back = desired.instead.iter();
    plan.back_to =
        back.filter_map(|(id, instead)| Some((id.clone(), instead.revision()?.clone()))).collect();
    let back = &plan.back_to;
    let steps = plan.steps.iter_mut().filter(|step| back.contains_key(&step.deployment));
    for cause in steps.flat_map(|step| &mut step.causes) {
        if let Reason::Changed(difference) = &mut cause.reason
            && difference.by == ChangedBy::Source
        {
            difference.by = ChangedBy::Rollback;
        }
    }
}

/// How long the last rollout of a deployment took that was done.
fn took(
    desired: &DesiredState,
    ledger: &Ledger,
    id: &DeploymentId,
) -> Option<(DeploymentId, Duration)> {
    let Some(Entry::Valid(deployment, _)) = desired.deployments.get(id) else { return None };
    let history = &ledger.record(&deployment.engine, id)?.history;
    let last = history.iter().find(|rollout| rollout.result == RolloutResult::Done)?;
    Some((id.clone(), Duration::from_millis(last.took_ms)))
}
