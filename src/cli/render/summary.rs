//! A plan in one line: how much would be created, replaced and removed.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::action::Action;
use crate::model::id::ContainerName;
use crate::model::plan::Plan;

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Summary {
    /// Containers that are made where none was.
    create: usize,
    /// Containers that take the place of others.
    replace: usize,
    /// Existing containers that are started again.
    start: usize,
    /// Containers that are restarted as they are.
    restart: usize,
    /// Containers that are changed as they run.
    update: usize,
    /// Containers that go and are not replaced.
    remove: usize,
    /// Images to pull or to build.
    images: usize,
    /// Networks and volumes to create or remove.
    resources: usize,
    /// Replicas to register in the catalog, or to deregister.
    registrations: usize,
    /// Changes that are withheld.
    blocked: usize,
    /// Containers that became ours as they are.
    adopted: usize,
}

impl Summary {
    /// Counts a plan's steps.
    pub(in crate::cli) fn of(plan: &Plan) -> Self {
        let removed = names(plan, |action| match action {
            Action::RemoveContainer { container } => Some(&container.name),
            _ => None,
        });
        let created = names(plan, |action| match action {
            Action::CreateContainer(create) => Some(&create.identity.name),
            _ => None,
        });
        let updated = names(plan, |action| match action {
            Action::UpdateContainer { container, .. }
            | Action::ConnectNetwork { container, .. }
            | Action::DisconnectNetwork { container, .. } => Some(&container.name),
            _ => None,
        });
        let started = names(plan, |action| match action {
            Action::StartContainer { container } => Some(&container.name),
            _ => None,
        });
        let new = |name: &&ContainerName| {
            plan.steps.iter().any(|step| match &step.action {
                Action::CreateContainer(create) => create.name == **name,
                _ => false,
            })
        };
        let count = |wanted: fn(&Action) -> bool| {
            plan.steps.iter().filter(|step| wanted(&step.action)).count()
        };
        let replace = created.intersection(&removed).count();
        Self {
            create: created.len() - replace,
            replace,
            start: started.iter().filter(|name| !new(name)).count(),
            restart: count(|action| matches!(action, Action::RestartContainer { .. })),
            update: updated.iter().filter(|name| !new(name)).count(),
            remove: removed.len() - replace,
            images: count(|action| {
                matches!(action, Action::PullImage { .. } | Action::BuildImage { .. })
            }),
            resources: count(|action| {
                matches!(
                    action,
                    Action::CreateNetwork { .. }
                        | Action::RemoveNetwork { .. }
                        | Action::CreateVolume { .. }
                )
            }),
            registrations: count(|action| {
                matches!(action, Action::Register { .. } | Action::Deregister { .. })
            }),
            blocked: plan.blocked.len(),
            adopted: plan.adopted.len(),
        }
    }

    /// The line under a plan.
    pub(in crate::cli) fn line(self) -> String {
        let parts = [
            (self.create, "to create"),
            (self.replace, "to replace"),
            (self.start, "to start"),
            (self.restart, "to restart"),
            (self.update, "to update"),
            (self.remove, "to remove"),
            (self.images, "images to fetch"),
            (self.resources, "networks and volumes to change"),
            (self.registrations, "replicas to register or deregister"),
            (self.blocked, "withheld"),
            (self.adopted, "adopted"),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        match parts.is_empty() {
            true => "Plan: nothing to do".to_owned(),
            false => format!("Plan: {}", parts.join(", ")),
        }
    }
}

fn names(
    plan: &Plan,
    name: impl Fn(&Action) -> Option<&ContainerName>,
) -> BTreeSet<&ContainerName> {
    plan.steps.iter().filter_map(|step| name(&step.action)).collect()
}
