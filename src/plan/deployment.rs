//! One deployment: whether it may be touched, its steps, and its state.

use std::collections::BTreeMap;

use super::context::{CatalogUse, Context};
use super::draft::{After, Draft, Scribe, because};
use super::ownership::{self, EngineInventory};
use super::service::Services;
use super::settings::Settings;
use super::{gate, resources, status};
use crate::model::action::{Action, LedgerChange};
use crate::model::catalog::CatalogView;
use crate::model::desired::{Deployment, DesiredState, SyncMode};
use crate::model::id::EngineName;
use crate::model::ledger::{DeploymentRecord, Ledger, LedgerView};
use crate::model::observed::{EngineView, ObservedState};
use crate::model::plan::{DeploymentState, Health, Reason, Sync, WaitingOn};

/// What all deployments of a plan share.
#[derive(Clone, Copy)]
pub(super) struct Shared<'a> {
    pub(super) desired: &'a DesiredState,
    pub(super) observed: &'a ObservedState,
    pub(super) engines: &'a BTreeMap<EngineName, EngineInventory<'a>>,
    pub(super) settings: &'a Settings,
}

const UNKNOWN: DeploymentState = DeploymentState { sync: Sync::Unknown, health: Health::Unknown };

/// Plans one valid deployment and returns its state.
pub(super) fn plan(
    shared: Shared<'_>,
    deployment: &Deployment,
    draft: &mut Draft,
) -> DeploymentState {
    let mut scribe = draft.scribe(&deployment.id, &deployment.engine);
    let subject = format!("apply {}", deployment.id);
    let context = match context(shared, deployment) {
        Ok(context) => context,
        Err(waiting_on) => {
            scribe.block(subject, waiting_on, Some(&deployment.origin));
            return UNKNOWN;
        }
    };
    let health = status::health(&context);
    if deployment.sync == SyncMode::Paused {
        return DeploymentState { sync: Sync::Unknown, health: Health::Suspended };
    }
    let blocked = DeploymentState { sync: Sync::OutOfSync, health };
    if let Some(waiting_on) = held(shared, &context) {
        scribe.block(subject, waiting_on, Some(&deployment.origin));
        return blocked;
    }
    if !gate::open(&context, &mut scribe) {
        return blocked;
    }
    if deployment.sync != SyncMode::Auto {
        return withheld(context, blocked, draft);
    }
    let in_sync = steps(context, scribe);
    DeploymentState { sync: if in_sync { Sync::Synced } else { Sync::OutOfSync }, health }
}

/// Everything that must have been seen before a deployment may be planned at all.
fn context<'a>(shared: Shared<'a>, deployment: &'a Deployment) -> Result<Context<'a>, WaitingOn> {
    let name = &deployment.engine;
    let engine = shared.settings.engines.get(name).ok_or(WaitingOn::ConfiguredEngine)?;
    let inventory = shared.engines.get(name).ok_or_else(|| WaitingOn::Engine {
        error: match shared.observed.engines.get(name) {
            Some(EngineView::Unseen { error }) => error.clone(),
            Some(EngineView::Seen(_)) => "the engine does not tell its id".to_owned(),
            None => "the engine was not asked".to_owned(),
        },
    })?;
    let ledger = ledger(shared.observed)?;
    let catalog = match &shared.observed.catalog {
        CatalogView::NotConfigured => None,
        CatalogView::Seen(seen) => {
            Some(CatalogUse { node: seen.nodes.get(name), foreign: &seen.foreign })
        }
        CatalogView::Unseen { error } => return Err(WaitingOn::Catalog { error: error.clone() }),
    };
    Ok(Context {
        desired: shared.desired,
        deployment,
        inventory,
        engine,
        settings: shared.settings,
        record: ledger.deployments.get(&deployment.id),
        catalog,
    })
}

/// The ledger, if it was read.
pub(super) fn ledger(observed: &ObservedState) -> Result<&Ledger, WaitingOn> {
    match &observed.ledger {
        LedgerView::Seen { ledger, .. } => Ok(ledger),
        LedgerView::Unseen { error } => Err(WaitingOn::Ledger { error: error.clone() }),
    }
}

/// Another source that holds the deployment's id, by its containers or in the ledger.
fn held(shared: Shared<'_>, context: &Context<'_>) -> Option<WaitingOn> {
    let source = &shared.desired.source;
    let recorded =
        context.record.map(|record| &record.source).filter(|other| *other != source).cloned();
    ownership::holder(&context.deployment.id, shared.desired, shared.engines)
        .or(recorded)
        .map(|source| WaitingOn::OtherSource { source })
}

/// The deployment's steps. Returns whether there are none but remembering.
fn steps(context: Context<'_>, mut scribe: Scribe<'_>) -> bool {
    let (images, brought) = resources::images(&context, &mut scribe);
    let ready = resources::networks_and_volumes(&context, &mut scribe, &brought);
    let mut services = Services::new(context, scribe, images, ready);
    services.plan();
    let mut scribe = services.scribe;
    resources::unused_networks(&context, &mut scribe);
    let in_sync = scribe.is_empty() && !scribe.is_blocked();
    if !scribe.is_blocked() {
        remember(&context, &mut scribe);
    }
    in_sync
}

/// Writes what was applied into the ledger, if that is news.
fn remember(context: &Context<'_>, scribe: &mut Scribe<'_>) {
    let deployment = context.deployment;
    let record = DeploymentRecord {
        source: context.desired.source.clone(),
        engine: deployment.engine.clone(),
        revision: context.desired.revision.clone(),
        hash: deployment.hash.clone(),
        layout: context.desired.layout,
        scale: deployment.services.values().map(|s| (s.name.clone(), s.replicas)).collect(),
    };
    // A new commit that leaves the deployment as it is, is no news.
    let known = context.record.is_some_and(|known| {
        DeploymentRecord { revision: known.revision.clone(), ..record.clone() } == *known
    });
    if known {
        return;
    }
    let change = LedgerChange::Record { deployment: deployment.id.clone(), record };
    let cause = because(Reason::Applied, Some(&deployment.origin));
    let after: After = scribe.ends();
    scribe.step(Action::WriteLedger { change }, vec![cause], after);
}

/// A deployment that may not be changed now: its steps become one blocked change each.
fn withheld(context: Context<'_>, state: DeploymentState, draft: &mut Draft) -> DeploymentState {
    let deployment = context.deployment;
    let repairs = deployment.sync == SyncMode::Heal && context.is_applied();
    let mut aside = Draft::default();
    let in_sync = steps(context, aside.scribe(&deployment.id, &deployment.engine));
    if in_sync && deployment.sync == SyncMode::Notify {
        return DeploymentState { sync: Sync::Synced, ..state };
    }
    if repairs || in_sync {
        let real = draft.scribe(&deployment.id, &deployment.engine);
        let in_sync = steps(context, real);
        let sync = if in_sync { Sync::Synced } else { Sync::OutOfSync };
        return DeploymentState { sync, ..state };
    }
    let mut scribe = draft.scribe(&deployment.id, &deployment.engine);
    for step in aside.steps.iter().filter(|step| step.action.is_mutating()) {
        let at = step.causes.iter().find_map(|cause| cause.at.as_ref());
        let waiting_on = WaitingOn::SyncMode { mode: deployment.sync };
        scribe.block(step.action.to_string(), waiting_on, at);
    }
    state
}
