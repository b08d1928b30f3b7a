//! The steps of the catalog: what a replica registers, and what is out of date.

use super::builder::StepBuilder;
use super::{Transition, stop};
use crate::plan::cause::{Why, because};
use crate::plan::decide::{
    Decisions, ENTRIES_PER_TXN, EntryChange, Replica, Route, node, registrants,
};
use crate::plan::fact::Fact;
use model::action::{Action, Endpoint};
use model::catalog::CheckStatus;
use model::id::StepId;
use model::plan::Reason;

/// Registers a replica after the wait that proves it healthy.
pub(super) fn register<'a>(
    builder: &StepBuilder<'_, 'a>,
    replica: &Replica<'a>,
    why: Why,
) -> Option<Transition> {
    let (context, service) = (builder.context(), builder.decided.service);
    let after = StepId(0);
    let endpoint = match builder.decided.way.as_ref()? {
        Route::Network(network, port) => {
            Endpoint::OnNetwork { after, network: network.clone(), port: *port }
        }
        Route::Published(address, port) => {
            Endpoint::Published { after, address: address.clone(), port: *port }
        }
    };
    let slot = replica.id.slot;
    let entries = registrants(context, service, slot, CheckStatus::Passing, endpoint);
    if entries.is_empty() {
        return None;
    }
    let who = replica.who(&context.deployment.engine);
    let step = Transition::new(Action::Register { node: node(context), entries }, vec![why]);
    Some(step.uses([Fact::Healthy(who.clone())]).gives([Fact::Registered(who)]))
}

/// Changes the entries of a replica that stays as it runs.
pub(super) fn change<'a>(
    builder: &StepBuilder<'_, 'a>,
    replica: &Replica<'a>,
) -> Option<Transition> {
    let fix = match replica.entry.as_ref()? {
        EntryChange::Fix(fix) => fix,
        EntryChange::Again => {
            let why = Why::follows(Fact::Began(replica.who(builder.engine())));
            return register(builder, replica, why);
        }
    };
    let who = replica.who(&builder.context().deployment.engine);
    let action = Action::Register { node: node(builder.context()), entries: fix.entries.clone() };
    Some(Transition::new(action, fix.causes.clone()).gives([Fact::Registered(who)]))
}

/// Removes entries that no replica stands behind.
pub(super) fn stale(decisions: &Decisions<'_>) -> Vec<Transition> {
    let context = &decisions.context;
    let chunks = decisions.stale.chunks(ENTRIES_PER_TXN);
    let steps = chunks.filter_map(|ids| {
        let why = because(Reason::Stale, Some(&context.deployment.origin));
        stop::withdraw(context, &ids.iter().cloned().collect(), why, &[])
    });
    steps.collect()
}
