//! Finding things in the tree by the words of people, and adding what a look does not read.

use std::collections::BTreeMap;

use super::{ContainerNode, DeploymentNode, ReplicaNode, ServiceNode, Tree};
use crate::id::{ContainerId, DeploymentId, EngineName, ReplicaId, ServiceName, Slot};
use crate::observed::{Health, Probe};
use crate::selector::{Named, NothingNamed, Selector};

impl Tree {
    /// Everything that a word may mean, besides the ids of deployments; a service without
    /// replicas is there with the one that it would have first.
    #[must_use]
    pub fn named(&self) -> Vec<Named> {
        let of = |node: &DeploymentNode| -> Vec<Named> {
            let services = node.services.iter().flatten();
            services.flat_map(|service| service.named(&node.id)).collect()
        };
        self.deployments.iter().flat_map(of).collect()
    }

    /// What words mean.
    ///
    /// # Errors
    /// If one of them means nothing that is there.
    pub fn resolve(&self, words: &[String]) -> Result<Vec<Selector>, NothingNamed> {
        let known = self.named();
        let resolved = words.iter().map(|word| {
            let id = DeploymentId::from(word.as_str());
            if self.deployments.iter().any(|node| node.id == id) {
                Ok(Selector::Deployment(id))
            } else {
                Selector::resolve(word, &known.iter())
            }
        });
        resolved.collect()
    }

    /// The tree with only what is meant; without selectors it is everything.
    #[must_use]
    pub fn only(mut self, selectors: &[Selector]) -> Self {
        self.deployments.retain_mut(|node| node.keeps(selectors));
        self
    }

    /// The tree with only what the source that was read has, or had; without one it is everything.
    #[must_use]
    pub fn of_source(mut self) -> Self {
        if let Some(source) = &self.source {
            self.deployments
                .retain(|node| node.wanted == Some(true) || node.source.as_ref() == Some(source));
        }
        self
    }

    /// The containers whose health checks do not pass.
    #[must_use]
    pub fn unwell(&self) -> Vec<(EngineName, ContainerId)> {
        let of = |node: &DeploymentNode| -> Vec<_> {
            let Some(engine) = &node.engine else { return Vec::new() };
            let replicas = node.services.iter().flatten().flat_map(|s| s.replicas.iter().flatten());
            let fails = |view: &&ContainerNode| {
                view.check.as_ref().is_some_and(|check| check.status != Health::Healthy)
            };
            let containers = replicas.filter_map(|replica| replica.container.as_ref());
            containers.filter(fails).map(|view| (engine.clone(), view.id.clone())).collect()
        };
        self.deployments.iter().flat_map(of).collect()
    }

    /// The tree with the last runs of health checks.
    #[must_use]
    pub fn with_probes(mut self, mut probes: BTreeMap<ContainerId, Probe>) -> Self {
        let services = self.deployments.iter_mut().flat_map(|node| node.services.iter_mut());
        let replicas = services.flatten().flat_map(|s| s.replicas.iter_mut().flatten());
        for container in replicas.filter_map(|replica| replica.container.as_mut()) {
            if let Some(check) = &mut container.check {
                check.last = probes.remove(&container.id);
            }
        }
        self
    }
}

impl DeploymentNode {
    /// Reduces it to what is meant. Returns whether anything of it is.
    fn keeps(&mut self, selectors: &[Selector]) -> bool {
        let whole = Selector::Deployment(self.id.clone());
        if selectors.is_empty() || selectors.contains(&whole) {
            return true;
        }
        let id = self.id.clone();
        let Some(services) = &mut self.services else { return false };
        services.retain_mut(|service| {
            let named = service.named(&id);
            if let Some(replicas) = &mut service.replicas {
                replicas
                    .retain(|replica| Selector::any(selectors, &replica.named(&id, &service.name)));
            }
            named.iter().any(|named| Selector::any(selectors, named))
        });
        !services.is_empty()
    }
}

impl ServiceNode {
    fn named(&self, deployment: &DeploymentId) -> Vec<Named> {
        let replicas = self.replicas.iter().flatten();
        let named: Vec<_> = replicas.map(|r| r.named(deployment, &self.name)).collect();
        if !named.is_empty() {
            return named;
        }
        let first =
            ReplicaId { deployment: deployment.clone(), service: self.name.clone(), slot: Slot(1) };
        let container = first.container_name();
        let ReplicaId { deployment, service, slot } = first;
        vec![Named { deployment, service, slot, container }]
    }
}

impl ReplicaNode {
    /// The words that mean it.
    #[must_use]
    pub fn named(&self, deployment: &DeploymentId, service: &ServiceName) -> Named {
        Named {
            deployment: deployment.clone(),
            service: service.clone(),
            slot: self.slot,
            container: self.name.clone(),
        }
    }
}
