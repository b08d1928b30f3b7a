//! The lint over steps that may turn out not to be needed: the plan is good whichever of them are.

use std::collections::BTreeMap;

use super::ancestry::Ancestry;
use super::placeholders::placeholders;
use model::action::Action;
use model::id::StepId;
use model::only_if::OnlyIf;
use model::plan::{Plan, Step};

/// Whether a plan never needs both of two steps.
pub(super) fn exclude(plan: &Plan, one: StepId, other: StepId) -> bool {
    let only_if = |id| plan.step(id).and_then(|step| step.only_if.as_ref());
    match (only_if(one), only_if(other)) {
        (Some(one), Some(other)) => one.excludes(other),
        _ => false,
    }
}

/// What a step lacks that depends on an image, or on a step that does.
pub(super) enum Lack {
    /// It does not wait for the step that should bring the image, or that one brings none.
    Image { step: StepId, on: StepId },
    /// It uses what a step yields that may not be needed.
    Yield { step: StepId, yields: StepId },
}

/// What is wrong with conditions.
pub(super) fn lacks(plan: &Plan, ancestry: &Ancestry<'_>) -> Vec<Lack> {
    let mut lacks = Vec::new();
    if plan.steps.iter().all(|step| step.only_if.is_none()) {
        return lacks;
    }
    let steps: BTreeMap<StepId, &Step> = plan.steps.iter().map(|step| (step.id, step)).collect();
    for step in &plan.steps {
        for on in step.only_if.iter().flat_map(OnlyIf::steps) {
            let brings = steps.get(&on).is_some_and(|on| {
                let brings =
                    matches!(on.action, Action::PullImage { .. } | Action::BuildImage { .. });
                brings && on.only_if.is_none()
            });
            if !brings || !ancestry.is_before(on, step.id) {
                lacks.push(Lack::Image { step: step.id, on });
            }
        }
        for yields in placeholders(&step.action) {
            let given = steps.get(&yields).and_then(|step| step.only_if.as_ref());
            if given.is_some_and(|given| !is_yielded(given, step.only_if.as_ref())) {
                lacks.push(Lack::Yield { step: step.id, yields });
            }
        }
    }
    lacks
}

/// Whether what a step yields on a condition is there for one that uses it: it is needed whenever
/// that one is, or something stands for it.
fn is_yielded(given: &OnlyIf, user: Option<&OnlyIf>) -> bool {
    let implied = |user: &OnlyIf| {
        let another = given.another.is_empty()
            || !user.another.is_empty()
                && user.another.keys().all(|step| given.another.contains_key(step));
        another && given.unless.keys().all(|step| user.unless.contains_key(step))
    };
    given.keeps.is_some() || user.is_some_and(implied)
}
