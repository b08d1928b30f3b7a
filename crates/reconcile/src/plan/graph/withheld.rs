//! Of a deployment that is withheld, nothing is done; of one that is only healed, nothing that
//! makes a container another one.

use std::collections::BTreeSet;

use model::action::Action;
use model::id::StepId;
use model::plan::{Plan, Step, WaitingOn};
use model::sync_mode::SyncMode;

/// Steps for deployments that are withheld.
pub(super) fn withheld(plan: &Plan) -> impl Iterator<Item = StepId> {
    let whole = |waiting_on: &WaitingOn| {
        matches!(
            waiting_on,
            WaitingOn::ValidStack
                | WaitingOn::Engine { .. }
                | WaitingOn::ConfiguredEngine
                | WaitingOn::OneName { .. }
                | WaitingOn::DnsName { .. }
                | WaitingOn::Catalog { .. }
                | WaitingOn::Ledger { .. }
                | WaitingOn::OtherSource { .. }
                | WaitingOn::SameStack { .. }
                | WaitingOn::ReplicaName { .. }
                | WaitingOn::ForeignResource
                | WaitingOn::MissingPeer { .. }
                | WaitingOn::Image
                | WaitingOn::Fault { .. }
                | WaitingOn::External
                | WaitingOn::Ability { .. }
                | WaitingOn::Grant { .. }
                | WaitingOn::Approval { .. }
                | WaitingOn::CompleteSource
                | WaitingOn::SyncMode { mode: SyncMode::Notify | SyncMode::Paused }
        )
    };
    let of = |which: &dyn Fn(&WaitingOn) -> bool| -> BTreeSet<_> {
        let blocked = plan.blocked.iter().filter(|blocked| which(&blocked.waiting_on));
        blocked.filter_map(|blocked| blocked.deployment.as_ref()).collect()
    };
    let closed = of(&whole);
    let healed = of(&|waiting_on| *waiting_on == WaitingOn::SyncMode { mode: SyncMode::Heal });
    let is_closed = |step: &&Step| {
        closed.contains(&step.deployment)
            || healed.contains(&step.deployment) && !heals(&step.action)
    };
    let steps: Vec<_> = plan.steps.iter().filter(is_closed).map(|step| step.id).collect();
    steps.into_iter()
}

/// Whether an action leaves every container what it is, and runs nothing of git's in it.
fn heals(action: &Action) -> bool {
    matches!(
        action,
        Action::StartContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::RestartContainer { .. }
            | Action::Register { .. }
            | Action::Deregister { .. }
            | Action::Await { .. }
    )
}
