//! The order of services: dependencies before dependents.

use std::collections::{BTreeMap, BTreeSet};

use model::desired::Service;
use model::id::ServiceName;

/// Dependencies before dependents, by name where nothing else decides. The loader
/// refuses cycles; should one get here, its services come in order of their names.
pub(super) fn in_dependency_order(services: &BTreeMap<ServiceName, Service>) -> Vec<&Service> {
    // Places among the names, which are sorted, stand for the services.
    let names: Vec<&ServiceName> = services.keys().collect();
    let all: Vec<&Service> = services.values().collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
    // How many of its dependencies are still missing.
    let mut missing = vec![0; all.len()];
    for (at, service) in all.iter().enumerate() {
        for other in service.depends_on.keys().filter_map(|other| names.binary_search(&other).ok())
        {
            dependents[other].push(at);
            missing[at] += 1;
        }
    }
    let mut is_left = vec![true; all.len()];
    let mut ready: BTreeSet<usize> = (0..all.len()).filter(|at| missing[*at] == 0).collect();
    let mut order = Vec::with_capacity(all.len());
    while let Some(next) = ready.pop_first().or_else(|| is_left.iter().position(|left| *left)) {
        is_left[next] = false;
        order.push(all[next]);
        for at in std::mem::take(&mut dependents[next]) {
            missing[at] -= 1;
            if missing[at] == 0 && is_left[at] {
                ready.insert(at);
            }
        }
    }
    order
}
