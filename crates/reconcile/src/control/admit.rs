//! Which steps of a plan begin now: not those of deployments that have steps under way, not
//! those that are put off, nor what needs them, nor what only prepares them; and which
//! adoptions are remembered.

use std::collections::{BTreeMap, BTreeSet};

use model::action::{Action, Outside};
use model::hook::Moment;
use model::id::DeploymentId;
use model::id::StepId;
use model::plan::{Plan, Reason, Step};
use model::time::Instant;

use super::backoff::{Backoffs, PutOff};

/// The steps that begin now, in the plan's order, adoptions last, and what is put off.
///
/// # Guarantees
/// - A step is admitted only with all of its predecessors.
/// - Nothing is prepared for a step that is left out: no container is stopped to make room
///   for one that does not start yet, none is made only to be made again.
pub(super) fn admit(
    plan: &Plan,
    busy: &BTreeSet<DeploymentId>,
    backoffs: &Backoffs,
    now: Instant,
) -> (Vec<Step>, Vec<PutOff>) {
    let mut held = BTreeMap::new();
    let mut out: BTreeSet<StepId> = BTreeSet::new();
    let all = || plan.steps.iter().chain(&plan.adoptions);
    for step in all() {
        if busy.contains(&step.deployment) || step.after.iter().any(|id| out.contains(id)) {
            out.insert(step.id);
        } else if let Some(backoff) = backoffs.held(step, now) {
            out.insert(step.id);
            held.entry(backoff.subject.clone()).or_insert(backoff);
        }
    }
    leave_out_preparations(plan, &mut out);
    let admitted = all().filter(|step| !out.contains(&step.id)).cloned().collect();
    (admitted, held.into_values().collect())
}

/// Leaves out what only prepares steps that are left out.
fn leave_out_preparations(plan: &Plan, out: &mut BTreeSet<StepId>) {
    if out.is_empty() {
        return;
    }
    // For each step with successors: whether one of them is admitted.
    let mut needed: BTreeMap<StepId, bool> = BTreeMap::new();
    for step in plan.steps.iter().rev() {
        if is_preparation(step) && needed.get(&step.id) == Some(&false) {
            out.insert(step.id);
        }
        // Remembering comes after everything, and is nobody's purpose.
        if step.action.outside() == Outside::Ledger {
            continue;
        }
        for id in &step.after {
            *needed.entry(*id).or_default() |= !out.contains(&step.id);
        }
    }
}

/// Whether it only serves later steps.
fn is_preparation(step: &Step) -> bool {
    match &step.action {
        _ if step.causes.iter().any(|cause| cause.reason == Reason::Prepares) => true,
        Action::RunHook { moment, .. } => *moment == Moment::PreStop,
        Action::PullImage { .. }
        | Action::BuildImage { .. }
        | Action::CreateNetwork { .. }
        | Action::CreateVolume { .. }
        | Action::CreateContainer(_)
        | Action::UploadFiles { .. }
        | Action::ConnectNetwork { .. }
        | Action::DisconnectNetwork { .. }
        | Action::StopContainer { .. }
        | Action::RemoveContainer { .. }
        | Action::Deregister { .. } => true,
        Action::RemoveNetwork { .. }
        | Action::StartContainer { .. }
        | Action::UpdateContainer { .. }
        | Action::UnpauseContainer { .. }
        | Action::RestartContainer { .. }
        | Action::RenameContainer { .. }
        | Action::Await { .. }
        | Action::Register { .. }
        | Action::WriteLedger { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::limits::Pace;
    use crate::control::report::StepError;
    use model::action::LedgerChange;
    use model::target::{ContainerRef, Target};
    use world::OutsideError;

    fn step(id: u32, after: &[u32], action: Action) -> Step {
        Step {
            id: StepId(id),
            deployment: "abc".into(),
            engine: "local".into(),
            action,
            causes: Vec::new(),
            replica: None,
            after: after.iter().copied().map(StepId).collect(),
            only_if: None,
        }
    }

    fn target(name: &str) -> Target {
        Target { container: ContainerRef::Known(name.into()), name: name.into() }
    }

    fn start(name: &str) -> Action {
        Action::StartContainer { container: target(name) }
    }

    fn plan() -> Plan {
        let stop = Action::StopContainer {
            container: target("old"),
            grace: std::time::Duration::from_secs(1),
        };
        let forget = LedgerChange::Forget { deployment: "abc".into() };
        let steps = vec![
            step(1, &[], start("a")),
            step(2, &[], Action::PullImage { image: "b:1".into(), platform: None }),
            step(3, &[2], stop),
            step(4, &[1, 3], start("b")),
            step(5, &[], start("c")),
            step(6, &[4, 5], Action::WriteLedger { change: forget }),
        ];
        Plan { steps, ..Plan::empty("git".into(), "r1".into()) }
    }

    fn admitted(backoffs: &Backoffs, busy: &[&str]) -> Vec<u32> {
        let busy = busy.iter().map(|id| DeploymentId::new(*id)).collect();
        let (steps, _) = admit(&plan(), &busy, backoffs, Instant::default());
        steps.iter().map(|step| step.id.0).collect()
    }

    #[test]
    fn everything_begins_when_nothing_is_put_off() {
        let backoffs = Backoffs::new(Pace::default());
        assert_eq!(admitted(&backoffs, &["xyz"]), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_busy_deployment_is_left_out() {
        assert_eq!(admitted(&Backoffs::new(Pace::default()), &["abc"]), [0; 0]);
    }

    #[test]
    fn nothing_is_prepared_for_what_is_put_off_and_the_rest_goes_on() {
        let mut backoffs = Backoffs::new(Pace::default());
        let error = StepError::Outside(OutsideError::Failed("no".to_owned()));
        backoffs.failed(&step(1, &[], start("a")), &error, Instant::default());
        assert_eq!(admitted(&backoffs, &[]), [5]);
    }
}
