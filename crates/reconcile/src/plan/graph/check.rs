//! The lint over every plan, in release builds too: a plan with a fault is not executed.
//! It trusts nothing that the planner did and looks only at the plan itself.

use std::collections::BTreeMap;

use super::ancestry::Ancestry;
use super::conditional::{self, Lack, exclude};
use super::placeholders::placeholders;
use super::withheld::withheld;
use model::action::Action;
use model::id::StepId;
use model::id::{ContainerId, ContainerName, EngineName};
use model::plan::{Plan, Reason, Step};
use model::target::ContainerRef;

/// Something that must not be in a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A step comes before one that it waits for, or waits for one that does not exist.
    #[error("step {step} waits for {waits_for}, which does not come before it")]
    Order {
        /// The step.
        step: StepId,
        /// What it waits for.
        waits_for: StepId,
    },
    /// A step without a cause.
    #[error("step {0} has no cause")]
    NoCause(StepId),
    /// A placeholder whose step need not have succeeded by then.
    #[error("step {step} uses what {yields} yields, but does not wait for it")]
    Placeholder {
        /// The step.
        step: StepId,
        /// The step that yields the value.
        yields: StepId,
    },
    /// A step for a deployment that is withheld as a whole.
    #[error("step {0} is for a deployment that is withheld")]
    Withheld(StepId),
    /// Two steps give the same name to two containers, and none frees it between.
    #[error("step {step} gives a name that {other} gave already")]
    NameTwice {
        /// The step.
        step: StepId,
        /// The earlier one.
        other: StepId,
    },
    /// A container is removed twice, or used after its removal.
    #[error("step {step} acts on a container that {removed} removes")]
    AfterRemoval {
        /// The step.
        step: StepId,
        /// The step that removes the container.
        removed: StepId,
    },
    /// A container shares with one that is removed.
    #[error("step {step} makes a container that shares with one that {removed} removes")]
    JoinsRemoved {
        /// The step.
        step: StepId,
        /// The step that removes the other one.
        removed: StepId,
    },
    /// Whether a step is needed is known only after a step that it does not wait for, or it needs
    /// what that step does not bring.
    #[error("step {step} depends on what {on} brings, but does not wait for it")]
    Condition {
        /// The step.
        step: StepId,
        /// The step that should bring an image.
        on: StepId,
    },
    /// A step uses what another one yields that may turn out not to be needed.
    #[error("step {step} uses what {yields} yields, which may not be needed")]
    Conditional {
        /// The step.
        step: StepId,
        /// The step that yields the value.
        yields: StepId,
    },
    /// A replacement is removed although nothing was made sure of.
    #[error("step {0} removes a container that it did not first stop or find stopped")]
    RemovesRunning(StepId),
}

impl Fault {
    /// The step that is wrong.
    #[must_use]
    pub fn step(&self) -> StepId {
        match self {
            Self::Order { step, .. }
            | Self::NoCause(step)
            | Self::Placeholder { step, .. }
            | Self::Condition { step, .. }
            | Self::Conditional { step, .. }
            | Self::Withheld(step)
            | Self::NameTwice { step, .. }
            | Self::AfterRemoval { step, .. }
            | Self::JoinsRemoved { step, .. }
            | Self::RemovesRunning(step) => *step,
        }
    }
}

/// Every fault of a plan; an empty list is a good plan.
#[must_use]
pub fn check(plan: &Plan) -> Vec<Fault> {
    let mut faults = Vec::new();
    let ancestry = Ancestry::of(plan, |step, waits_for| {
        faults.push(Fault::Order { step, waits_for });
    });
    for step in &plan.steps {
        if step.causes.is_empty() {
            faults.push(Fault::NoCause(step.id));
        }
        let placeholders = placeholders(&step.action).into_iter().chain(follows(step));
        for yields in placeholders.filter(|yields| !ancestry.is_before(*yields, step.id)) {
            faults.push(Fault::Placeholder { step: step.id, yields });
        }
    }
    faults.extend(withheld(plan).map(Fault::Withheld));
    names(plan, &ancestry, &mut faults);
    removals(plan, &ancestry, &mut faults);
    joins(plan, &mut faults);
    faults.extend(conditional::lacks(plan, &ancestry).into_iter().map(|lack| match lack {
        Lack::Image { step, on } => Fault::Condition { step, on },
        Lack::Yield { step, yields } => Fault::Conditional { step, yields },
    }));
    faults
}

/// Nothing is made that shares with a container which the same plan removes.
fn joins(plan: &Plan, faults: &mut Vec<Fault>) {
    let removed: BTreeMap<&ContainerRef, StepId> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::RemoveContainer { container } => Some((&container.container, step.id)),
            _ => None,
        })
        .collect();
    for step in &plan.steps {
        let Action::CreateContainer(create) = &step.action else { continue };
        let gone = create.joins.iter().find_map(|join| removed.get(&join.container.container));
        if let Some(removed) = gone.filter(|removed| !exclude(plan, step.id, **removed)) {
            faults.push(Fault::JoinsRemoved { step: step.id, removed: *removed });
        }
    }
}

/// A step that continues a change comes after the change's first step.
fn follows(step: &Step) -> Vec<StepId> {
    step.causes
        .iter()
        .filter_map(|cause| match cause.reason {
            Reason::Follows { step } => Some(step),
            _ => None,
        })
        .collect()
}

fn names(plan: &Plan, ancestry: &Ancestry<'_>, faults: &mut Vec<Fault>) {
    let mut given: BTreeMap<(&EngineName, &ContainerName), StepId> = BTreeMap::new();
    for step in &plan.steps {
        let name = match &step.action {
            Action::CreateContainer(create) => &create.name,
            Action::RenameContainer { to, .. } => to,
            _ => continue,
        };
        if let Some(other) = given.insert((&step.engine, name), step.id) {
            let frees = |between: &&Step| between.engine == step.engine && frees(between, name);
            let mut between = plan.steps.iter().filter(frees);
            let never_both = exclude(plan, step.id, other);
            if !never_both && !between.any(|between| ancestry.is_before(between.id, step.id)) {
                faults.push(Fault::NameTwice { step: step.id, other });
            }
        }
    }
}

fn frees(step: &Step, name: &ContainerName) -> bool {
    match &step.action {
        Action::RemoveContainer { container } | Action::RenameContainer { container, .. } => {
            container.name == *name
        }
        _ => false,
    }
}

fn removals(plan: &Plan, ancestry: &Ancestry<'_>, faults: &mut Vec<Fault>) {
    let mut removed: BTreeMap<&ContainerId, StepId> = BTreeMap::new();
    let (mut started, mut stopped) = (BTreeMap::new(), BTreeMap::<_, Vec<StepId>>::new());
    for step in &plan.steps {
        let Some(ContainerRef::Known(id)) = step.action.target().map(|t| &t.container) else {
            continue;
        };
        match step.action {
            Action::StartContainer { .. } | Action::RestartContainer { .. } => {
                started.insert(id, step.id);
            }
            Action::StopContainer { .. } => stopped.entry(id).or_default().push(step.id),
            _ => {}
        }
        if let Some(earlier) = removed.get(id).filter(|earlier| !exclude(plan, step.id, **earlier))
        {
            faults.push(Fault::AfterRemoval { step: step.id, removed: *earlier });
        }
        if matches!(step.action, Action::RemoveContainer { .. }) {
            removed.insert(id, step.id);
        }
    }
    let ran = |id: &&ContainerId, step| {
        started.get(*id).is_some_and(|start| !exclude(plan, *start, step))
    };
    for (id, step) in removed.into_iter().filter(|(id, step)| ran(id, *step)) {
        let mut stops = stopped.get(id).into_iter().flatten();
        if !stops.any(|stop| ancestry.is_before(*stop, step)) {
            faults.push(Fault::RemovesRunning(step));
        }
    }
}
