//! Steps that only let the catalog follow the health of replicas: no one changed anything,
//! so it is no drift.

use std::collections::BTreeSet;

use super::action::Action;
use super::difference::CATALOG_CHECK;
use super::id::DeploymentId;
use super::plan::{Cause, Plan, Reason, Step};

impl Step {
    /// Whether it only lets the catalog's checks follow what became of a replica's health.
    #[must_use]
    pub fn follows_health(&self) -> bool {
        let of_check = |cause: &Cause| match &cause.reason {
            Reason::Changed(difference) => difference.field == CATALOG_CHECK,
            _ => false,
        };
        matches!(self.action, Action::Register { .. }) && self.causes.iter().all(of_check)
    }
}

impl Plan {
    /// The deployments of which nothing is to be done but to let the catalog's checks follow
    /// what their replicas' health has become. That is no drift: nobody changed anything.
    #[must_use]
    pub fn only_health(&self) -> BTreeSet<&DeploymentId> {
        let all = self.steps.iter().map(|step| &step.deployment);
        let mut found: BTreeSet<_> = all.collect();
        for step in self.steps.iter().filter(|step| !step.follows_health()) {
            found.remove(&step.deployment);
        }
        found
    }
}
