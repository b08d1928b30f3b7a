//! How large the services are that a plan changes: what is said of their replicas rests on it.

use std::collections::BTreeMap;

use model::desired::{DesiredState, Entry};
use model::id::{DeploymentId, ServiceName};
use model::plan::{Size, Step};

/// Sizes by service.
type Sizes = BTreeMap<ServiceName, Size>;

/// The sizes of the services that steps change.
pub(super) fn sizes(desired: &DesiredState, steps: &[Step]) -> BTreeMap<DeploymentId, Sizes> {
    let mut all: BTreeMap<DeploymentId, Sizes> = BTreeMap::new();
    for replica in steps.iter().filter_map(|step| step.replica.as_ref()) {
        let Some(Entry::Valid(deployment, _)) = desired.deployments.get(&replica.deployment) else {
            continue;
        };
        let known = all.entry(replica.deployment.clone()).or_default();
        let service = deployment.services.get(&replica.service);
        if let Some(service) = service.filter(|service| !known.contains_key(&service.name)) {
            let (replicas, parallelism) = (service.replicas, service.rollout.parallelism);
            known.insert(service.name.clone(), Size { replicas, parallelism });
        }
    }
    all
}
