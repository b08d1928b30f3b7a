//! The order of services: dependencies before dependents.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::desired::Service;
use crate::model::id::ServiceName;

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
