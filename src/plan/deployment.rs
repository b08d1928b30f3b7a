//! One deployment: whether it may be touched, its steps, and its state.

use std::collections::BTreeMap;

use super::context::{CatalogUse, Context, Images};
use super::draft::{After, Draft, Scribe, because};
use super::ownership::{self, EngineInventory};
use super::prune::{self, Leaving};
use super::service::Services;
use super::settings::Settings;
use super::text::count;
use super::{adoption, gate, resources, status};
use crate::model::action::{Action, LedgerChange, StepId};
use crate::model::catalog::CatalogView;
use crate::model::desired::{Deployment, DesiredState, SyncMode};
use crate::model::id::EngineName;
use crate::model::ledger::{DeploymentRecord, Ledger, LedgerView};
use crate::model::observed::{EngineView, ObservedState};
use crate::model::plan::{Adopted, DeploymentState, Health, Reason, Step, Sync, WaitingOn};

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
    leaving: &Leaving<'_>,
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
    let held = held(shared, &context).or_else(|| adoption::other_stack(&context));
    if let Some(waiting_on) = held {
        scribe.block(subject, waiting_on, Some(&deployment.origin));
        return blocked;
    }
    if let Some(waiting_on) = leaving.holds(&context) {
        let names = leaving.names();
        let subject = format!("{subject}, which may take the place of what leaves: {names}");
        scribe.block(subject, waiting_on.clone(), Some(&deployment.origin));
        return blocked;
    }
    let open = gate::open(&context, &mut scribe);
    draft.left_alone.extend(adoption::left_alone(&context));
    if !open {
        return blocked;
    }
    if deployment.sync != SyncMode::Auto {
        return withheld(context, blocked, draft);
    }
    if let Some((subject, waiting_on)) = emptied(&context) {
        let mut scribe = draft.scribe(&deployment.id, &deployment.engine);
        scribe.block(subject, waiting_on, Some(&deployment.origin));
        return blocked;
    }
    let in_sync = steps(context, draft);
    DeploymentState { sync: if in_sync { Sync::Synced } else { Sync::OutOfSync }, health }
}

/// Everything that must have been seen before a deployment may be planned at all.
fn context<'a>(shared: Shared<'a>, deployment: &'a Deployment) -> Result<Context<'a>, WaitingOn> {
    let name = &deployment.engine;
    let engine = shared.settings.engines.get(name).ok_or(WaitingOn::ConfiguredEngine)?;
    let engines = ownership::same(name, shared.observed);
    if !engines.is_empty() {
        return Err(WaitingOn::OneName { engines });
    }
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
        now: shared.observed.at,
        record: ledger.deployments.get(&deployment.id),
        adopted: ledger.adopted.get(name).and_then(|all| all.get(&deployment.id)),
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

/// What the removal of all that a stack had waits for, if it has no service any more.
fn emptied(context: &Context<'_>) -> Option<(String, WaitingOn)> {
    let containers: Vec<_> = context.containers().collect();
    if containers.is_empty() || !context.deployment.services.is_empty() {
        return None;
    }
    let waiting_on = prune::approval(context.settings, &containers)?;
    let all = count(containers.len(), "container");
    Some((format!("remove all of {}: {all}", context.deployment.id), waiting_on))
}

/// The deployment's steps, after adopting what Compose made for it. Returns whether there
/// are none but remembering.
fn steps(context: Context<'_>, draft: &mut Draft) -> bool {
    let Deployment { id, engine, origin, .. } = context.deployment;
    let Some(adoption) = adoption::adoption(&context) else {
        return own_steps(context, draft.scribe(id, engine));
    };
    let adopted = |thing| Adopted { deployment: id.clone(), engine: engine.clone(), thing };
    draft.adopted.extend(adoption.things.into_iter().map(adopted));
    let change = |record| LedgerChange::Adopt {
        deployment: id.clone(),
        engine: engine.clone(),
        adopted: adoption.adopted,
        record,
    };
    let causes = vec![because(Reason::MadeByCompose, Some(origin))];
    let mut aside = Draft::default();
    let in_sync = own_steps(context, aside.scribe(id, engine));
    if aside.steps.iter().all(|step| matches!(step.action, Action::WriteLedger { .. })) {
        // Nothing that runs changes: remembered, but no step.
        let record = (!aside.steps.is_empty()).then(|| record(&context));
        let action = Action::WriteLedger { change: change(record) };
        let (id, deployment, engine) = (StepId(0), id.clone(), engine.clone());
        draft.adoptions.push(Step { id, deployment, engine, action, causes, after: After::new() });
        draft.blocked.append(&mut aside.blocked);
        return in_sync;
    }
    let action = Action::WriteLedger { change: change(None) };
    let first = draft.scribe(id, engine).step(action, causes, After::new());
    own_steps(context, draft.scribe(id, engine));
    draft.put_first(first);
    false
}

/// The steps of a deployment of which everything is ours.
fn own_steps(context: Context<'_>, mut scribe: Scribe<'_>) -> bool {
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
    let record = record(context);
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

/// What is remembered of a deployment that was applied.
fn record(context: &Context<'_>) -> DeploymentRecord {
    let deployment = context.deployment;
    DeploymentRecord {
        source: context.desired.source.clone(),
        engine: deployment.engine.clone(),
        revision: context.desired.revision.clone(),
        hash: deployment.hash.clone(),
        layout: context.desired.layout,
        scale: deployment.services.values().map(|s| (s.name.clone(), s.replicas)).collect(),
        pulled: context.pulled(),
    }
}

/// A deployment that may not be changed now: its steps become one blocked change each. What
/// was applied is mended all the same if it shall be healed.
fn withheld(context: Context<'_>, state: DeploymentState, draft: &mut Draft) -> DeploymentState {
    let deployment = context.deployment;
    let repairs = deployment.sync == SyncMode::Heal && context.is_applied();
    let mut aside = Draft::default();
    let in_sync = steps(context, &mut aside);
    if in_sync && deployment.sync == SyncMode::Notify {
        return DeploymentState { sync: Sync::Synced, ..state };
    }
    if repairs || in_sync {
        let in_sync = steps(context, draft);
        let sync = if in_sync { Sync::Synced } else { Sync::OutOfSync };
        return DeploymentState { sync, ..state };
    }
    let first = draft.steps.len();
    if deployment.sync == SyncMode::Heal && context.record.is_some() {
        let scribe = draft.scribe(&deployment.id, &deployment.engine);
        Services::new(context, scribe, Images::new(), After::new()).start_again();
    }
    let mended: Vec<Action> = draft.steps[first..].iter().map(|s| s.action.clone()).collect();
    let mut scribe = draft.scribe(&deployment.id, &deployment.engine);
    let mutating = aside.steps.iter().filter(|step| step.action.is_mutating());
    for step in mutating.filter(|step| !mended.contains(&step.action)) {
        let at = step.causes.iter().find_map(|cause| cause.at.as_ref());
        let waiting_on = WaitingOn::SyncMode { mode: deployment.sync };
        scribe.block(step.action.to_string(), waiting_on, at);
    }
    state
}
