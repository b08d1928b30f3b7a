//! Whom the guard asks: the operator's policy, and where each deployment has its own tree
//! on the engine's host, which changes with every revision.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::id::DeploymentId;
use crate::model::policy::{Demand, HostPolicy, OwnTree};

/// Judges demands. One for all engines.
#[derive(Debug)]
pub struct Warden {
    policy: HostPolicy,
    trees: RwLock<BTreeMap<DeploymentId, OwnTree>>,
}

impl Warden {
    /// A warden of this policy, who knows of no trees yet.
    #[must_use]
    pub fn of(policy: HostPolicy) -> Arc<Self> {
        Arc::new(Self { policy, trees: RwLock::default() })
    }

    /// Replaces what is known of trees: binds inside a deployment's own need no grant.
    pub fn renew(&self, trees: BTreeMap<DeploymentId, OwnTree>) {
        *self.trees.write().unwrap_or_else(PoisonError::into_inner) = trees;
    }

    /// Whether everything is allowed to everybody.
    pub(super) fn is_permissive(&self) -> bool {
        self.policy.permissive
    }

    /// Whether this deployment may have this.
    pub(super) fn permits(&self, deployment: &DeploymentId, demand: &Demand) -> bool {
        let trees = self.trees.read().unwrap_or_else(PoisonError::into_inner);
        self.policy.permits(deployment, trees.get(deployment), demand)
    }

    /// What a demand of this deployment comes to, the links in its tree followed.
    pub(super) fn follow(&self, deployment: &DeploymentId, demand: &Demand) -> Demand {
        let trees = self.trees.read().unwrap_or_else(PoisonError::into_inner);
        let demand = demand.clone();
        trees.get(deployment).map_or(demand.clone(), |tree| tree.follow(demand))
    }
}
