//! Which steps of a plan must have succeeded before which.

use std::collections::{BTreeMap, BTreeSet};

use model::id::StepId;
use model::plan::Plan;

/// Which steps must have succeeded before which.
pub(super) struct Ancestry<'p> {
    after: BTreeMap<StepId, &'p BTreeSet<StepId>>,
}

impl<'p> Ancestry<'p> {
    /// Reads it. Calls `missing` for each step that waits for one that does not come before.
    pub(super) fn of(plan: &'p Plan, mut missing: impl FnMut(StepId, StepId)) -> Self {
        let mut after = BTreeMap::new();
        for step in &plan.steps {
            for before in step.after.iter().filter(|before| !after.contains_key(*before)) {
                missing(step.id, *before);
            }
            after.insert(step.id, &step.after);
        }
        Self { after }
    }

    /// Whether one step must have succeeded before another begins.
    pub(super) fn is_before(&self, one: StepId, other: StepId) -> bool {
        let (mut open, mut seen) = (vec![other], BTreeSet::new());
        while let Some(step) = open.pop() {
            // What comes before has a smaller number.
            for before in self.after.get(&step).into_iter().flat_map(|after| after.range(one..)) {
                if *before == one {
                    return true;
                }
                if seen.insert(*before) {
                    open.push(*before);
                }
            }
        }
        false
    }
}
