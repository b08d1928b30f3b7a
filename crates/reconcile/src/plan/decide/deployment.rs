//! One deployment: whether it may be touched, and what is decided about it if so.

use super::absence::{absence, kept, kept_networks};
use super::gate::closed;
use super::joins::joins;
use super::leaving::{self, Leaving};
use super::memory::forgotten;
use super::opened::context;
use super::removal::orphans;
use super::scope::{Earlier, Scope};
use super::service;
use super::{Across, Decisions, Shared, adopt, entries, heal, images, networks, status};
use crate::plan::context::Context;
use crate::plan::order::in_dependency_order;
use crate::plan::seen::{self, is_done};
use model::desired::Deployment;
use model::plan::{Blocked, DeploymentState, Forgotten, Health, LeftAlone, Sync, WaitingOn};
use model::render::count;
use model::sync_mode::SyncMode;

/// Whether a deployment may be touched.
pub(in crate::plan) struct Standing<'a> {
    /// What is known of it, if it may.
    pub(in crate::plan) open: Option<Context<'a>>,
    /// What is known of it, whether it may or not, unless its id is not ours to use.
    pub(in crate::plan) known: Option<Context<'a>>,
    /// Its state, if nothing is decided about it.
    pub(in crate::plan) state: DeploymentState,
    pub(in crate::plan) blocked: Vec<Blocked>,
    pub(in crate::plan) left_alone: Vec<LeftAlone>,
    /// Whether nothing is remembered of it although it runs.
    pub(in crate::plan) forgotten: Option<Forgotten>,
}

impl Standing<'_> {
    fn closed(sync: Sync, health: Health, blocked: Vec<Blocked>) -> Self {
        let state = DeploymentState { sync, health };
        Self { open: None, known: None, state, blocked, left_alone: Vec::new(), forgotten: None }
    }
}

/// Whether a valid deployment may be touched, and if not, why.
pub(in crate::plan) fn standing<'a>(
    shared: Shared<'a>,
    leaving: &Leaving<'a>,
    deployment: &'a Deployment,
) -> Standing<'a> {
    let blocked = |subject: String, waiting_on| {
        let (id, at) = (deployment.id.clone(), deployment.origin.clone());
        vec![Blocked { deployment: Some(id), subject, waiting_on, at: Some(at) }]
    };
    let subject = format!("apply {}", deployment.id);
    let context = match context(shared, deployment) {
        Ok(context) => context,
        Err(waiting_on) => {
            let blocked = blocked(subject, waiting_on);
            return Standing::closed(Sync::Unknown, Health::Unknown, blocked);
        }
    };
    let forgotten = forgotten(&context);
    let health = status::health(&context);
    if deployment.sync == SyncMode::Paused {
        let paused = Standing::closed(Sync::Unknown, Health::Suspended, Vec::new());
        return Standing { forgotten, known: Some(context), ..paused };
    }
    let out_of_sync = |blocked| Standing {
        forgotten: forgotten.clone(),
        known: Some(context),
        ..Standing::closed(Sync::OutOfSync, health, blocked)
    };
    if let Some(waiting_on) = held(shared, &context).or_else(|| adopt::other_stack(&context)) {
        return Standing { known: None, ..out_of_sync(blocked(subject, waiting_on)) };
    }
    if let Some(waiting_on) = leaving.holds(&context) {
        let names = leaving.names();
        let subject = format!("{subject}, which may take the place of what leaves: {names}");
        return out_of_sync(blocked(subject, waiting_on.clone()));
    }
    let left_alone = adopt::left_alone(&context);
    let closed = closed(&context);
    if !closed.is_empty() {
        return Standing { left_alone, ..out_of_sync(closed) };
    }
    if deployment.sync == SyncMode::Auto
        && let Some((subject, waiting_on)) = emptied(&context)
    {
        return Standing { left_alone, ..out_of_sync(blocked(subject, waiting_on)) };
    }
    Standing { open: Some(context), left_alone, ..out_of_sync(Vec::new()) }
}

/// Another source that holds the deployment's id, by its containers or in the ledger.
fn held(shared: Shared<'_>, context: &Context<'_>) -> Option<WaitingOn> {
    let source = &shared.desired.source;
    let id = &context.deployment.id;
    let all = shared.observed.ledger.ledger.records.values().filter_map(|all| all.get(id));
    let mut sources = all.filter_map(|record| record.applied.as_ref().map(|a| &a.source));
    let recorded = sources.find(|other| *other != source).cloned();
    seen::holder(&context.deployment.id, shared.desired, shared.engines)
        .or(recorded)
        .map(|theirs| WaitingOn::OtherSource { source: theirs, own: source.clone() })
}

/// What the removal of all that a stack had waits for, if it has no service any more.
fn emptied(context: &Context<'_>) -> Option<(String, WaitingOn)> {
    let containers: Vec<_> = context.containers().collect();
    if containers.is_empty() || !context.deployment.services.is_empty() {
        return None;
    }
    let asked = || leaving::approval(context.settings, &containers);
    let waiting_on = absence(context).or_else(asked)?;
    let all = count(containers.len(), "container");
    Some((format!("remove all of {}: {all}", context.deployment.id), waiting_on))
}

/// Decides about everything of an open deployment.
pub(in crate::plan) fn decide<'a>(context: Context<'a>, across: &Across) -> Decisions<'a> {
    #[cfg(test)]
    assert_ne!(context.deployment.id.as_str(), "panics", "what a test asks for");
    let mut blocked = networks::withheld(&context, across);
    let images::Wanted { images, brings, renewals } = images::images(&context, across);
    let orphans = orphans(&context, &mut blocked);
    let mut earlier = Earlier::new();
    let order = in_dependency_order(&context.deployment.services);
    for service in &order {
        let joins = joins(&context, service, &earlier, (across, false));
        let scope = Scope {
            context: &context,
            images: &images,
            renewals: &renewals,
            other: false,
            earlier: &earlier,
            orphans: &orphans,
            across,
            joins,
        };
        let decided = service::decide(&scope, service, &mut blocked);
        earlier.insert(&service.name, decided);
    }
    let services: Vec<_> = order.iter().filter_map(|s| earlier.remove(&s.name)).collect();
    blocked.extend(service::notices(&context));
    let registered = services
        .iter()
        .filter(|decided| entries::registers(&context, decided.service).is_some())
        .flat_map(|d| d.replicas.iter().map(move |replica| (d.service, replica)))
        // What has ended, and may, is nowhere to be reached.
        .filter(|(service, replica)| !replica.existing().is_some_and(|o| is_done(service, o)))
        .map(|(service, replica)| (service.name.clone(), replica.id.slot))
        .chain(kept(&context));
    let mut unused_networks = networks::unused(&context);
    unused_networks.retain(|view| !networks::is_renewed(&context, across, view));
    if let Some(waiting_on) = absence(&context) {
        let unused = std::mem::take(&mut unused_networks);
        blocked.extend(kept_networks(&context, &unused, &waiting_on));
    }
    let gone = services.iter().flat_map(|decided| &decided.excess).chain(&orphans);
    let withdrawn = gone.flat_map(|removal| removal.entries.iter().cloned()).collect();
    Decisions {
        adoption: adopt::adoption(&context),
        stale: entries::stale(&context, registered, &withdrawn),
        networks: networks::networks(&context, across),
        volumes: networks::volumes(&context),
        unused_networks,
        images,
        brings,
        renewals,
        orphans,
        services,
        blocked,
        orphaned_members: heal::orphaned_members(&context, across),
        repairs_only: false,
        context,
    }
}

/// The external networks of a deployment that another one of the source makes in this pass.
pub(in crate::plan) fn awaited_networks<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = &'a model::desired::Network> {
    let context = *context;
    context.deployment.networks.values().filter(move |network| {
        context.networks_named(&network.spec.name).next().is_none()
            && networks::is_awaited(&context, network)
    })
}
