//! What a plan says of the deployments that it changes beside its steps: how large their services
//! are, and what of the host they take.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::decide::taken_of_host;
use model::desired::{DesiredState, Entry};
use model::id::{DeploymentId, ServiceName};
use model::plan::{Plan, Size};

/// Adds it to a plan.
pub(super) fn add<'a>(
    plan: &mut Plan,
    desired: &DesiredState,
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
    let host = changed.into_iter().filter_map(taken).filter(|(_, taken)| !taken.is_empty());
    plan.host = host.collect();
    plan.sizes = sizes;
}
