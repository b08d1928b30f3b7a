//! Which of a slot's containers stays, and which of the others are of no use.

use std::cmp::Reverse;

use super::scope::Scope;
use crate::plan::cause::Why;
use crate::plan::differ::{Drift, compare};
use crate::plan::seen::{Owned, is_done, is_healthy, is_running, serving, unusable};
use model::desired::Service;
use model::id::Slot;
use model::labels::Identity;
use model::observed::Status;

/// The containers of a slot, sorted into the one that stays and the others.
pub(super) struct Choice<'a> {
    pub(super) keep: Option<(&'a Owned<'a>, Drift)>,
    /// Why there is nothing to keep, or why there was not when that was made which does not work
    /// yet.
    pub(super) causes: Vec<Why>,
    /// What serves as long as nothing that is kept works: what differs are its differences.
    pub(super) serves: Option<&'a Owned<'a>>,
    pub(super) surplus: Vec<&'a Owned<'a>>,
}

/// Which container of a slot stays, if one does.
pub(super) fn choose<'a>(scope: &Scope<'_, 'a>, service: &'a Service, slot: Slot) -> Choice<'a> {
    let context = scope.context;
    let mut matching = Vec::new();
    let mut other = Vec::new();
    for owned in context.slot(&service.name, slot) {
        let mut drift = compare(service, owned, scope.images, (&scope.joins, context));
        drift.recreate.extend(unusable(service, owned));
        drift.recreate.extend(scope.renewed_networks(owned));
        if drift.matches() {
            matching.push((owned, drift));
        } else {
            other.push((owned, drift));
        }
    }
    matching.sort_by_key(|(owned, _)| (!is_running(owned), !owned.has_canonical_name()));
    let mut matching = matching.into_iter();
    let keep = matching.next();
    // A copy that an update left which failed or was broken off stands for nothing yet.
    let works = keep.as_ref().is_some_and(|(kept, _)| works(service, kept));
    let runs = keep.as_ref().is_some_and(|(kept, _)| is_running(kept));
    let serves = serving(other.iter().map(|(owned, _)| *owned));
    let serves = serves.filter(|serves| !works && (is_running(serves) || !runs));
    let of_it =
        other.iter().find(|(owned, _)| serves.is_some_and(|it| it.view.id == owned.view.id));
    let causes = of_it.map(|(_, drift)| replaced(drift)).unwrap_or_default();
    let mut surplus: Vec<_> = matching.map(|(owned, _)| owned).collect();
    surplus.extend(other.into_iter().map(|(owned, _)| owned));
    Choice { keep, causes, serves, surplus }
}

/// What is changed by a replacement, with what would be changed in place otherwise.
fn replaced(drift: &Drift) -> Vec<Why> {
    drift.recreate.iter().chain(&drift.in_place).cloned().collect()
}

/// Whether a container does its work, or did: what takes its place has nothing to wait for.
fn works(service: &Service, owned: &Owned<'_>) -> bool {
    is_healthy(owned) || is_done(service, owned) || owned.view.state.status == Status::Paused
}

/// Of several containers that shall all go: those that are of no use, and those that stay
/// until the target is healthy. Where more than one lives, all but the best are of no use;
/// and where both names are borne that a new one could have, the worse of the two, or the
/// only one if another service's container bears the first of them (`taken`).
pub(super) fn make_room<'a>(
    service: &Service,
    surplus: &[&'a Owned<'a>],
    successor: Option<&Identity>,
    taken: bool,
) -> (Vec<&'a Owned<'a>>, Vec<&'a Owned<'a>>) {
    let mut useless: Vec<&'a Owned<'a>> = Vec::new();
    let mut best_first = surplus.to_vec();
    // Of two healthy ones the newer stays: the other may have been asked to stop already.
    best_first.sort_by_key(|owned| {
        let never_ran = owned.view.state.started_at.is_none();
        (!is_healthy(owned), !is_running(owned), never_ran, Reverse(owned.view.created_at))
    });
    let mut left: Vec<&'a Owned<'a>> = Vec::new();
    for owned in best_first {
        if is_running(owned) && left.first().is_some_and(|best| is_running(best)) {
            useless.push(owned);
        } else {
            left.push(owned);
        }
    }
    if let Some(identity) = successor {
        // What has hooks begins under its second name.
        let begun = |owned: &&&Owned<'_>| {
            let second = owned.view.name == identity.surge_name();
            second && !is_running(owned) && !service.hooks.post_start.is_empty()
        };
        if let Some(idle) = left.iter().find(begun).copied() {
            useless.push(idle);
            left.retain(|owned| owned.view.id != idle.view.id);
        }
        let names = [identity.name.clone(), identity.surge_name()];
        let bearers: Vec<_> =
            left.iter().filter(|o| names.contains(&o.view.name)).copied().collect();
        match bearers[..] {
            [_, .., worst] => useless.push(worst),
            [only] if taken => useless.push(only),
            _ => {}
        }
    }
    let gone = |owned: &Owned<'_>| useless.iter().any(|other| other.view.id == owned.view.id);
    let old = surplus.iter().copied().filter(|owned| !gone(owned)).collect();
    (useless, old)
}
