//! Whether what is there is as a person waits for it, and what it lacks of that.

use std::time::Duration;

use model::desired::Rollout;
use model::observed::Status;
use model::plan::{Health, Sync};
use model::spec::ContainerSpec;
use model::tree::{DeploymentNode, ReplicaNode, ServiceNode, Tree};

/// What a person waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Every replica works.
    Healthy,
    /// Every deployment is as the source says.
    Synced,
}

impl Goal {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Synced => "synced",
        }
    }
}

/// What is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack<'t> {
    /// There is nothing.
    Nothing,
    /// It was not seen, or its stack cannot be read.
    Unknown(&'t DeploymentNode),
    /// It is not as the source says.
    NotSynced(&'t DeploymentNode),
    /// A replica does not work.
    Unwell(&'t DeploymentNode, &'t ServiceNode, &'t ReplicaNode),
    /// A replica without a health check runs for less than this.
    Young(&'t DeploymentNode, &'t ServiceNode, &'t ReplicaNode, Duration),
}

/// What a tree lacks of a goal, in its order; nothing if it is reached.
#[must_use]
pub fn lacking(tree: &Tree, goal: Goal) -> Vec<Lack<'_>> {
    if tree.deployments.is_empty() {
        return vec![Lack::Nothing];
    }
    let of = |node| match goal {
        Goal::Healthy => unwell(tree, node),
        Goal::Synced if node.sync == Sync::Synced => Vec::new(),
        Goal::Synced if node.unseen.is_some() => vec![Lack::Unknown(node)],
        Goal::Synced => vec![Lack::NotSynced(node)],
    };
    tree.deployments.iter().flat_map(of).collect()
}

fn unwell<'t>(tree: &'t Tree, node: &'t DeploymentNode) -> Vec<Lack<'t>> {
    let Some(services) = &node.services else { return vec![Lack::Unknown(node)] };
    let mut all = Vec::new();
    for service in services {
        let Some(replicas) = &service.replicas else { return vec![Lack::Unknown(node)] };
        for replica in replicas.iter().filter(|replica| replica.wanted != Some(false)) {
            if replica.health != Health::Healthy {
                all.push(Lack::Unwell(node, service, replica));
            } else if let Some(least) = young(tree, replica) {
                all.push(Lack::Young(node, service, replica, least));
            }
        }
    }
    all
}

/// How long a replica has to run, if it does not run for so long: without a health check only
/// that tells that it works.
fn young(tree: &Tree, replica: &ReplicaNode) -> Option<Duration> {
    let least = Rollout::min_healthy_of(&ContainerSpec::default());
    let container = replica.container.as_ref()?;
    let runs = container.status == Status::Running && container.check.is_none();
    (runs && tree.at.0.since(container.since.0) < least).then_some(least)
}
