//! A plan as it is printed of some objects alone. It is nothing that could be applied: steps of
//! others, which these wait for, are not in it.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::id::{DeploymentId, ReplicaId, ServiceName, StepId};
use super::plan::{Plan, Step};
use super::selector::{Named, Selector};
use super::share::Peer;

impl Plan {
    /// What is planned for what selectors mean, and what that needs before it and is no replica's:
    /// images, networks, volumes. What is withheld of the deployments that it is about stays, and
    /// what is of no deployment. `named` is everything that can be meant.
    pub fn narrowed<'n>(
        &self,
        selectors: &[Selector],
        named: impl IntoIterator<Item = &'n Named>,
    ) -> Self {
        let whole = |id: &DeploymentId| selectors.contains(&Selector::Deployment(id.clone()));
        let meant = named.into_iter().filter(|named| Selector::any(selectors, named));
        let mut meant: BTreeSet<ReplicaId> = meant
            .map(|named| ReplicaId {
                deployment: named.deployment.clone(),
                service: named.service.clone(),
                slot: named.slot,
            })
            .collect();
        // What is made lives in others' namespaces, which are other containers then.
        while let Some(host) = self.steps.iter().find_map(|step| self.host_of(step, &meant)) {
            meant.insert(host);
        }
        let is_resource = |step: &Step| {
            let of = |selector: &Selector| match (selector, &step.action) {
                (Selector::Network(name), Action::CreateNetwork { network, .. }) => {
                    network.name == *name
                }
                (Selector::Network(name), Action::RemoveNetwork { name: own, .. }) => own == name,
                (Selector::Volume(name), Action::CreateVolume { volume, .. }) => {
                    volume.name == *name
                }
                _ => false,
            };
            selectors.iter().any(of)
        };
        let steps = self.kept(|step| {
            whole(&step.deployment)
                || step.replica.as_ref().is_some_and(|it| meant.contains(it))
                || is_resource(step)
        });
        let has_resource: BTreeSet<DeploymentId> =
            steps.iter().filter(|step| is_resource(step)).map(|s| s.deployment.clone()).collect();
        let is_about = |id: &DeploymentId| {
            whole(id)
                || has_resource.contains(id)
                || meant.iter().any(|replica| replica.deployment == *id)
        };
        Self {
            source: self.source.clone(),
            revision: self.revision.clone(),
            steps,
            blocked: filtered(&self.blocked, |it| it.deployment.as_ref().is_none_or(is_about)),
            adopted: filtered(&self.adopted, |it| is_about(&it.deployment)),
            adoptions: filtered(&self.adoptions, |it| is_about(&it.deployment)),
            left_alone: filtered(&self.left_alone, |it| is_about(&it.deployment)),
            forgotten: filtered(&self.forgotten, |it| is_about(&it.deployment)),
            host: of(&self.host, is_about),
            sizes: of(&self.sizes, is_about),
            last_took: of(&self.last_took, is_about),
            back_to: of(&self.back_to, is_about),
            deployments: of(&self.deployments, is_about),
        }
    }

    /// A replica that is replaced, in whose namespaces one of these is made that is not yet among
    /// them.
    fn host_of(&self, step: &Step, meant: &BTreeSet<ReplicaId>) -> Option<ReplicaId> {
        let replica = step.replica.as_ref().filter(|replica| meant.contains(*replica))?;
        let Action::CreateContainer(create) = &step.action else { return None };
        let hosts = create.spec.peers().filter_map(|peer| match peer {
            Peer::Service(name) => Some(name),
            Peer::Container(_) => None,
        });
        let hosts: BTreeSet<&ServiceName> = hosts.collect();
        let made = self.steps.iter().filter(|it| matches!(it.action, Action::CreateContainer(_)));
        let others = made.filter_map(|step| step.replica.as_ref());
        let host = |other: &&ReplicaId| {
            other.deployment == replica.deployment
                && hosts.contains(&other.service)
                && !meant.contains(*other)
        };
        others.into_iter().find(host).cloned()
    }

    /// The steps that are meant, with those before them that are no replica's.
    fn kept(&self, is_meant: impl Fn(&Step) -> bool) -> Vec<Step> {
        let mut needed: BTreeSet<StepId> = BTreeSet::new();
        let mut steps = Vec::new();
        for step in self.steps.iter().rev() {
            if is_meant(step) || (step.replica.is_none() && needed.contains(&step.id)) {
                needed.extend(&step.after);
                steps.push(step.clone());
            }
        }
        steps.reverse();
        steps
    }

    /// Two lines that count what would happen: of this part of a plan, and of all of it.
    #[must_use]
    pub fn counted_of(&self, words: &str, whole: &Self) -> String {
        let summary = self.summary();
        let counted = match summary.strip_prefix("Plan: ") {
            Some(counted) => counted,
            None if summary.starts_with("No changes:") => "no changes.",
            None => &summary,
        };
        format!(
            "Of {words}: {counted}\nOf everything, which is what is applied: {}\n",
            whole.summary()
        )
    }
}

fn filtered<T: Clone>(all: &[T], keep: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().filter(|it| keep(it)).cloned().collect()
}

fn of<T: Clone>(
    all: &BTreeMap<DeploymentId, T>,
    keep: impl Fn(&DeploymentId) -> bool,
) -> BTreeMap<DeploymentId, T> {
    all.iter().filter(|(id, _)| keep(id)).map(|(id, it)| (id.clone(), it.clone())).collect()
}
