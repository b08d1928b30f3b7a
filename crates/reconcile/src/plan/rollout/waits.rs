//! Replicas that stay as they are and are waited for, because a dependent that starts or
//! follows in this pass asks that they are healthy, or done.

use std::collections::BTreeMap;

use super::{Moves, Rollout, Wait};
use crate::plan::decide::{Decided, Decisions, Replica};
use crate::plan::seen::{healthy_until, is_healthy, is_running};
use crate::plan::when::Chance;
use model::action::Until;
use model::desired::Condition;
use model::id::ServiceName;
use model::observed::Status;

/// Adds what dependents ask for; the first that asks says for what.
pub(super) fn ask<'a>(decisions: &Decisions<'a>, rollout: &mut Rollout<'a>) {
    if rollout.repairs_only {
        return;
    }
    let mut asked: BTreeMap<&ServiceName, (Condition, Chance)> = BTreeMap::new();
    let mut add = |name, condition, chance: &Chance| {
        let (_, all) = asked.entry(name).or_insert((condition, Chance::Never));
        all.or(chance.clone());
    };
    for (decided, moves) in decisions.services.iter().zip(&rollout.services) {
        let starts = starts(decided, moves);
        if starts.is_never() {
            continue;
        }
        for (name, condition) in rollout.conditions(decided.service) {
            if condition != Condition::Started {
                add(name, condition, &starts);
            }
        }
        for (name, chance) in moves.order.iter().flat_map(|planned| &planned.follows) {
            add(name, Condition::Healthy, chance);
        }
    }
    let waits: Vec<_> = decisions
        .services
        .iter()
        .map(|decided| match asked.get(&decided.service.name) {
            Some(asked) => waits(decisions, decided, asked),
            None => Vec::new(),
        })
        .collect();
    for (moves, waits) in rollout.services.iter_mut().zip(waits) {
        moves.waits = waits;
    }
}

/// Whether replicas of a service start or restart.
fn starts(decided: &Decided<'_>, moves: &Moves<'_>) -> Chance {
    let mut starts = Chance::Never;
    for replica in decided.replicas.iter().filter(|replica| !replica.withheld) {
        starts.or(Chance::certain(replica.start.is_some()));
        starts.or(Chance::of(&replica.others()));
    }
    for planned in &moves.order {
        starts.or(planned.restarts.clone());
    }
    starts
}

/// Whether it is waited for that a replica is healthy although it is not started.
pub(in crate::plan) fn awaits(replica: &Replica<'_>) -> bool {
    let renames = replica.rename.is_some() && !replica.old.is_empty();
    let begun = renames && replica.existing().is_some_and(is_running);
    let proves = replica.proves || begun || replica.registers_again();
    !replica.withheld && (proves || replica.surplus().any(is_running))
}

/// Waits for replicas that run already but are not healthy, or not done, yet.
fn waits<'a>(
    decisions: &Decisions<'a>,
    decided: &Decided<'a>,
    (condition, chance): &(Condition, Chance),
) -> Vec<Wait<'a>> {
    let service = decided.service;
    let mut waits = Vec::new();
    for replica in &decided.replicas {
        let Some(when) = chance.unless(&replica.others()) else { continue };
        for owned in decisions.context.slot(&service.name, replica.id.slot) {
            let goes = replica.surplus().any(|other| other.view.id == owned.view.id);
            // What is frozen is let go on, and waited for, by steps of its own.
            let healthy = is_healthy(owned) || owned.view.state.status == Status::Paused;
            let until = match condition {
                Condition::Completed => Until::Completed,
                _ if healthy => continue,
                _ => healthy_until(service),
            };
            if !goes && is_running(owned) {
                let when = when.clone();
                waits.push(Wait { owned, until, when });
            }
        }
    }
    waits
}
