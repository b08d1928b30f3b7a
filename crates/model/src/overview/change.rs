//! What the steps about one replica come to.

use super::Kind;
use crate::action::Action;
use crate::id::{ContainerId, EngineName};
use crate::plan::{Cause, Plan, Reason, Step};
use crate::target::ContainerRef;

/// What is done with a replica, why, and in which order.
pub(super) type OfReplica = (Kind, Vec<Cause>, Option<String>);

/// What is done with a replica, why, and in which order a new container and the old one run;
/// `None` if nothing is, or only in the catalog.
pub(super) fn of_replica(steps: &[&Step]) -> Option<OfReplica> {
    let own = || steps.iter().copied().filter(|step| !is_aside(step));
    let kind = own().filter_map(kind).max_by_key(|kind| weight(*kind))?;
    let order = own().flat_map(|step| &step.causes).find_map(|cause| match &cause.reason {
        Reason::Replaced { order } => Some(order.clone()),
        _ => None,
    });
    let creates = own().any(|step| matches!(step.action, Action::CreateContainer(_)));
    let kind = if order.is_some() { Kind::Replace } else { kind };
    // What takes the place of the old one was made before, in a pass that was broken off.
    let goes_on = "an update that failed or was broken off goes on";
    let order = order.map(|order| if creates { order } else { format!("{order}, {goes_on}") });
    let mut causes = causes(own(), kind);
    if causes.is_empty() {
        // What goes although its service stays, because another one is in its place.
        let first = own().flat_map(|step| &step.causes);
        causes.extend(
            first.filter(|cause| !matches!(cause.reason, Reason::Follows { .. })).take(1).cloned(),
        );
    }
    Some((kind, causes, order))
}

/// What the steps about one container do with it, and why.
pub(super) fn of_container(
    plan: &Plan,
    engine: &EngineName,
    id: &ContainerId,
) -> Option<(Kind, Vec<Cause>)> {
    let is_its = |step: &&Step| {
        let target = step.action.target().map(|target| &target.container);
        step.engine == *engine && target == Some(&ContainerRef::Known(id.clone()))
    };
    let own: Vec<&Step> = plan.steps.iter().filter(is_its).collect();
    let kind = own.iter().filter_map(|step| kind(step)).max_by_key(|kind| weight(*kind))?;
    let mut causes: Vec<Cause> = Vec::new();
    for cause in own.iter().flat_map(|step| &step.causes) {
        // In what a replica differs is said of the container that does.
        let tells = !matches!(cause.reason, Reason::Follows { .. } | Reason::Changed(_));
        if tells && !causes.contains(cause) {
            causes.push(cause.clone());
        }
    }
    Some((kind, causes))
}

/// Splits off the steps that remove what an update left that failed, was broken off or was taken
/// back. The replica itself does not change by them.
pub(super) fn without_copies<'s>(steps: &[&'s Step]) -> (Vec<&'s Step>, Vec<&'s Step>) {
    let is_copy = |step: &Step| step.causes.iter().any(|cause| cause.reason == Reason::Superseded);
    steps.iter().copied().partition(|step| !is_copy(step))
}

/// The causes of the first step that says more than that it belongs to a change.
fn causes<'s>(steps: impl Iterator<Item = &'s Step>, kind: Kind) -> Vec<Cause> {
    let says = |cause: &&Cause| {
        !matches!(cause.reason, Reason::Follows { .. } | Reason::Replaced { .. } | Reason::Stale)
    };
    let mut all: Vec<Cause> = Vec::new();
    for step in steps.filter(|step| {
        self::kind(step).is_some_and(|of| weight(of) >= weight(kind) || kind == Kind::Replace)
    }) {
        for cause in step.causes.iter().filter(says) {
            if !all.contains(cause) {
                all.push(cause.clone());
            }
        }
    }
    all
}

/// Of several things done with a replica, the heaviest names the change.
fn weight(kind: Kind) -> u8 {
    match kind {
        Kind::Wait => 0,
        Kind::Rename => 1,
        Kind::Update => 2,
        Kind::Unpause => 3,
        Kind::Restart => 4,
        Kind::Remove => 5,
        Kind::Create => 6,
        Kind::Replace => 7,
    }
}

/// What a step does with its replica, if that is more than a part of something else.
fn kind(step: &Step) -> Option<Kind> {
    match &step.action {
        Action::CreateContainer(_) => Some(Kind::Create),
        Action::RemoveContainer { .. } | Action::StopContainer { .. } => Some(Kind::Remove),
        Action::RenameContainer { .. } => Some(Kind::Rename),
        Action::UpdateContainer { .. }
        | Action::ConnectNetwork { .. }
        | Action::DisconnectNetwork { .. } => Some(Kind::Update),
        Action::UnpauseContainer { .. } => Some(Kind::Unpause),
        Action::RestartContainer { .. } => Some(Kind::Restart),
        Action::StartContainer { container } => {
            matches!(container.container, ContainerRef::Known(_)).then_some(Kind::Restart)
        }
        Action::Await { .. } | Action::RunHook { .. } => Some(Kind::Wait),
        _ => None,
    }
}

/// Whether a step is about another container than the replica's own: one that runs before it, or
/// until it is healthy.
fn is_aside(step: &Step) -> bool {
    step.causes.iter().any(|cause| {
        matches!(cause.reason, Reason::Prepares | Reason::LeftOver | Reason::Meanwhile)
    })
}
