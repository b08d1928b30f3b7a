//! What is remembered of a deployment, and whether it was forgotten: the record of one that
//! runs is gone. Nothing is decided by that; what its containers' labels say goes on being true.

use super::gone::is_wanted;
use super::leaving::Leaving;
use super::{Shared, record_of};
use crate::plan::context::Context;
use crate::plan::seen::{Owned, Proof};
use model::desired::Layout;
use model::id::{DeploymentId, EngineName, Slot};
use model::ledger::Record;
use model::plan::Forgotten;

impl Context<'_> {
    /// Whether some of its containers are ours by their labels: it was applied before,
    /// whatever the ledger says.
    pub(in crate::plan) fn has_labelled(&self) -> bool {
        self.containers().any(|owned| owned.proof == Proof::Labels)
    }
}

/// Says that a deployment is known by its labels only. A first apply that was interrupted has
/// no record yet either, or one that tells only how it ended: as long as a service has no container that ever ran under its own name,
/// it is taken for that. One-shots do not count, since pruning an engine removes what has
/// ended.
pub(super) fn forgotten(context: &Context<'_>) -> Option<Forgotten> {
    let ran = |owned: &Owned<'_>| {
        owned.proof == Proof::Labels
            && owned.identity.replica.slot != Slot::INIT
            && owned.has_canonical_name()
            && owned.view.state.started_at.is_some()
    };
    let services = context.deployment.services.values();
    let mut lasting = services.filter(|s| s.replicas > 0 && !s.job && !s.stays_ended).peekable();
    if context.is_known || lasting.peek().is_none() {
        return None;
    }
    let ran = lasting.all(|s| context.slots_of(&s.name).any(|(_, all)| all.iter().any(ran)));
    ran.then(|| Forgotten {
        deployment: context.deployment.id.clone(),
        engine: context.deployment.engine.clone(),
    })
}

/// Whether a deployment is remembered for this source on an engine where it is no longer
/// wanted.
pub(in crate::plan) fn is_forgotten(
    shared: Shared<'_>,
    engine: &EngineName,
    deployment: &DeploymentId,
) -> bool {
    let record = record_of(shared.observed, engine, deployment).ok().flatten();
    record.and_then(Record::source).is_some_and(|source| *source == shared.desired.source)
        && !is_wanted(shared, engine, deployment)
}

/// Deployments of this source of which nothing is left on an engine and which are still
/// remembered there, once that is certain.
pub(in crate::plan) fn remembered<'a>(
    shared: Shared<'a>,
    leaving: &Leaving<'_>,
) -> Vec<(&'a DeploymentId, &'a EngineName)> {
    let is_whole = shared.observed.part.is_none() && shared.desired.incomplete.is_empty();
    if !is_whole || shared.desired.layout == Layout::SingleFile {
        return Vec::new();
    }
    let records = shared.observed.ledger.ledger.iter();
    records
        .filter(|(engine, deployment, _)| {
            shared.engines.contains_key(*engine)
                && is_forgotten(shared, engine, deployment)
                && !leaving.holds_on(engine, deployment)
                && shared.desired.absence(deployment).is_none()
        })
        .map(|(engine, deployment, _)| (deployment, engine))
        .collect()
}
