//! Whether a look at a part of the deployments plans for them what a look at everything does.

use std::collections::BTreeSet;

use model::catalog::{CatalogEntry, CatalogView};
use model::id::DeploymentId;
use model::observed::{ContainerView, EngineView, ObservedState};
use model::plan::{Blocked, Plan, Step};
use reconcile::plan::Parts;

use crate::world::World;

/// What a look at a part of it sees.
fn cut(observed: &mut ObservedState, part: &BTreeSet<DeploymentId>) {
    observed.part = Some(part.clone());
    for engine in observed.engines.values_mut() {
        let EngineView::Seen(contents) = engine else { continue };
        let is_of = |view: &ContainerView| {
            let project = view.spec.labels.get("com.docker.compose.project");
            project.is_some_and(|id| part.contains(&id.as_str().into()))
        };
        let (of_it, others) = std::mem::take(&mut contents.containers).into_iter().partition(is_of);
        contents.containers = of_it;
        let others: Vec<ContainerView> = others;
        contents.others.extend(others.into_iter().map(|view| (view.name, view.id)));
    }
    if let CatalogView::Seen(catalog) = &mut observed.catalog {
        for node in catalog.nodes.values_mut() {
            let of = |entry: &CatalogEntry| Some(entry.meta.get("deployment")?.as_str().into());
            node.entries.retain(|_, entry| of(entry).is_some_and(|id| part.contains(&id)));
        }
    }
}

/// Panics if it does not. Returns how many parts there were to compare.
pub(crate) fn agree(name: &str, world: &World) -> usize {
    let desired = world.desired();
    let (whole, parts) = (world.plan(), Parts::of(&desired));
    let around = |id: &DeploymentId| parts.around(&BTreeSet::from([id.clone()]));
    let all: BTreeSet<_> = desired.deployments.keys().filter_map(around).collect();
    let mut compared = 0;
    if whole.crosses() {
        return 0;
    }
    for part in all.iter().filter(|part| part.len() < desired.deployments.len()) {
        if whole.blocked.iter().any(|blocked| waits(blocked, part)) {
            continue;
        }
        let alone = world.plan_seeing(|observed| cut(observed, part));
        let is_of = |id: &DeploymentId| part.contains(id);
        assert!(alone.deployments.keys().all(is_of), "{name}: more than {part:?}");
        assert_eq!(
            printed(&alone, part),
            printed(&whole, part),
            "{name}: {part:?} alone and with all"
        );
        for (id, state) in &alone.deployments {
            assert_eq!(whole.deployments.get(id), Some(state), "{name}: {id}");
        }
        compared += 1;
    }
    compared
}

/// Whether a part must not be looked at alone, as the controller has it.
fn waits(blocked: &Blocked, part: &BTreeSet<DeploymentId>) -> bool {
    let of_it = blocked.deployment.as_ref().is_none_or(|id| part.contains(id));
    !blocked.waiting_on.is_notice() && (of_it || blocked.waiting_on.is_met_by_others())
}

/// The steps for a part and why, without their numbers, and what is reported beside them.
fn printed(plan: &Plan, part: &BTreeSet<DeploymentId>) -> Vec<String> {
    let of_it = |step: &&Step| part.contains(&step.deployment);
    let of_it: Vec<_> = plan.steps.iter().chain(&plan.adoptions).filter(of_it).collect();
    let step = |step: &&Step| {
        let number = |id| of_it.iter().position(|step| step.id == id);
        let mut after: Vec<_> = step.after.iter().map(|id| number(*id)).collect();
        after.sort();
        let text = format!("{} after {after:?}: {:?}", step.action, step.causes);
        unnumbered(&unnumbered(&text, "#"), "StepId(")
    };
    let blocked =
        plan.blocked.iter().filter(|b| b.deployment.as_ref().is_some_and(|id| part.contains(id)));
    of_it.iter().map(step).chain(blocked.map(|blocked| format!("{blocked:?}"))).collect()
}

/// A text without the numbers that follow a mark.
fn unnumbered(text: &str, mark: &str) -> String {
    let mut parts = text.split(mark);
    let first = parts.next().unwrap_or_default().to_owned();
    let is_digit = |c: char| c.is_ascii_digit();
    parts.fold(first, |all, part| all + mark + part.trim_start_matches(is_digit))
}
