//! A plan in the making. A step can only name predecessors that are already in the
//! draft, so that the list of steps is a topological order by construction.

use std::collections::BTreeSet;

use crate::model::action::{Action, StepId};
use crate::model::diagnostic::Loc;
use crate::model::id::{DeploymentId, EngineName};
use crate::model::plan::{Adopted, Blocked, Cause, LeftAlone, Reason, Step, WaitingOn};

/// Steps that must have succeeded before.
pub(super) type After = BTreeSet<StepId>;

/// Steps and what is withheld, for one plan.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) steps: Vec<Step>,
    pub(super) blocked: Vec<Blocked>,
    pub(super) adopted: Vec<Adopted>,
    pub(super) adoptions: Vec<Step>,
    pub(super) left_alone: Vec<LeftAlone>,
}

/// Adds to a draft on behalf of one deployment on one engine.
pub(super) struct Scribe<'d> {
    draft: &'d mut Draft,
    deployment: DeploymentId,
    engine: EngineName,
    first: usize,
    first_blocked: usize,
}

impl Draft {
    /// A scribe for one deployment.
    pub(super) fn scribe(&mut self, deployment: &DeploymentId, engine: &EngineName) -> Scribe<'_> {
        let (first, first_blocked) = (self.steps.len(), self.blocked.len());
        let (deployment, engine) = (deployment.clone(), engine.clone());
        Scribe { draft: self, deployment, engine, first, first_blocked }
    }

    /// Makes everything from a step on wait for it, by way of what waits for nothing.
    pub(super) fn put_first(&mut self, first: StepId) {
        for step in self.steps.iter_mut().skip(first.0 as usize) {
            if step.after.is_empty() {
                step.after.insert(first);
            }
        }
    }

    /// Numbers the adoptions after the steps.
    pub(super) fn number_adoptions(&mut self) {
        for (number, step) in (self.steps.len() + 1..).zip(&mut self.adoptions) {
            step.id = StepId(u32::try_from(number).expect("BUG: too many steps"));
        }
    }

    /// Whether something of a deployment is withheld.
    pub(super) fn is_blocked(&self, deployment: &DeploymentId) -> bool {
        let mut of_it = self.blocked.iter().filter(|b| b.deployment.as_ref() == Some(deployment));
        of_it.any(|blocked| !blocked.waiting_on.is_notice())
    }

    /// The steps of a deployment that no other step of it waits for.
    pub(super) fn ends_of(&self, deployment: &DeploymentId) -> After {
        let mine = || self.steps.iter().filter(|step| step.deployment == *deployment);
        let waited_for: After = mine().flat_map(|step| step.after.iter().copied()).collect();
        mine().map(|step| step.id).filter(|id| !waited_for.contains(id)).collect()
    }
}

impl Scribe<'_> {
    /// The same predecessors without those that another of them waits for anyway.
    fn reduced(&self, after: After) -> After {
        let (Some(first), true) = (after.first().copied(), after.len() > 1) else { return after };
        let mut reached = After::new();
        let mut open: Vec<StepId> = after.iter().copied().collect();
        while let Some(id) = open.pop() {
            let Some(step) = self.draft.steps.get(id.0 as usize - 1) else { continue };
            for before in step.after.range(first..) {
                if reached.insert(*before) {
                    open.push(*before);
                }
            }
        }
        after.difference(&reached).copied().collect()
    }

    /// Adds a step and returns its number.
    pub(super) fn step(&mut self, action: Action, causes: Vec<Cause>, after: After) -> StepId {
        let after = self.reduced(after);
        let id = StepId(u32::try_from(self.draft.steps.len() + 1).expect("BUG: too many steps"));
        self.draft.steps.push(Step {
            id,
            deployment: self.deployment.clone(),
            engine: self.engine.clone(),
            action,
            causes,
            after,
        });
        id
    }

    /// Adds a step whose only reason is that an earlier one begins a change.
    pub(super) fn follow(&mut self, action: Action, first: StepId, after: After) -> StepId {
        self.step(action, vec![because(Reason::Follows { step: first }, None)], after)
    }

    /// Withholds something.
    pub(super) fn block(
        &mut self,
        subject: impl Into<String>,
        waiting_on: WaitingOn,
        at: Option<&Loc>,
    ) {
        self.draft.blocked.push(Blocked {
            deployment: Some(self.deployment.clone()),
            subject: subject.into(),
            waiting_on,
            at: at.cloned(),
        });
    }

    /// The steps of this deployment that no other step of it waits for.
    pub(super) fn ends(&self) -> After {
        let mine = &self.draft.steps[self.first..];
        let waited_for: After = mine.iter().flat_map(|step| step.after.iter().copied()).collect();
        mine.iter().map(|step| step.id).filter(|id| !waited_for.contains(id)).collect()
    }

    /// Whether something of this deployment is withheld.
    pub(super) fn is_blocked(&self) -> bool {
        let mine = &self.draft.blocked[self.first_blocked..];
        mine.iter().any(|blocked| !blocked.waiting_on.is_notice())
    }

    /// Whether this deployment has no step yet.
    pub(super) fn is_empty(&self) -> bool {
        self.draft.steps.len() == self.first
    }
}

/// A cause.
pub(super) fn because(reason: Reason, at: Option<&Loc>) -> Cause {
    Cause { reason, at: at.cloned() }
}
