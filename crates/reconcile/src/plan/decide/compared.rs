//! In what the containers of a deployment differ, for answers: also of one that is withheld as a
//! whole, of which a plan has no step.

use std::collections::BTreeMap;

use super::deployment::decide;
use super::opened::context;
use super::{Across, Shared};
use crate::plan::differ::{Drift, compare};
use model::contained::contained;
use model::desired::Deployment;
use model::id::{ContainerId, ServiceName, Slot};

/// What a deployment is to have, and in what that which it has differs.
#[derive(Debug, Default)]
pub(in crate::plan) struct Compared {
    /// The slots of each service.
    pub(in crate::plan) slots: BTreeMap<ServiceName, Vec<Slot>>,
    /// By container, of services that are to have replicas.
    pub(in crate::plan) drifts: BTreeMap<ContainerId, Drift>,
}

/// Compares a deployment with what is there; `None` if not everything was seen that this takes.
pub(in crate::plan) fn compared<'a>(
    shared: Shared<'a>,
    deployment: &'a Deployment,
) -> Option<Compared> {
    let context = context(shared, deployment).ok()?;
    let across = Across::default();
    // A fault in one deployment hides its own differences only.
    contained(|| {
        let decisions = decide(context, &across);
        let mut all = Compared::default();
        for decided in &decisions.services {
            let service = decided.service;
            let stays = |slot: Slot| decided.replicas.iter().any(|replica| replica.id.slot == slot);
            all.slots.insert(service.name.clone(), context.slots(service, stays));
            let replicas = context.slots_of(&service.name).filter(|(slot, _)| *slot != Slot::INIT);
            for owned in replicas.filter(|_| service.replicas > 0).flat_map(|(_, all)| all) {
                let drift = compare(service, owned, &decisions.images, (&decided.joins, &context));
                all.drifts.insert(owned.view.id.clone(), drift);
            }
        }
        all
    })
    .ok()
}
