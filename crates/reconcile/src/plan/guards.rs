//! Which decisions about a deployment may be carried out, by its `sync` mode: guards
//! over what was decided, no second way to decide.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::decide::{self, Across, Decisions, Leaving, Shared};
use super::fact::Fact;
use super::graph::{Links, steps};
use super::rollout::rollout;
use super::seen::{self, Owned};
use super::transition::{Remembered, Transition, remembered, transitions};
use super::when::Chance;
use model::action::Action;
use model::id::DeploymentId;
use model::overview::Overview;
use model::plan::{Adopted, Blocked, Plan, Step, Sync, WaitingOn};
use model::render::{count, counted};
use model::share::Peer;
use model::sync_mode::SyncMode;

/// What a deployment brings into the plan.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) steps: Vec<Transition>,
    /// What is remembered although it is no step.
    pub(super) aside: Option<Transition>,
    pub(super) adopted: Vec<Adopted>,
    pub(super) blocked: Vec<Blocked>,
    /// Whether nothing but remembering has to be done, and nothing is withheld.
    pub(super) in_sync: bool,
}

impl Draft {
    pub(super) fn sync(&self) -> Sync {
        if self.in_sync { Sync::Synced } else { Sync::OutOfSync }
    }
}

/// Whether something is withheld, and not only reported.
pub(super) fn is_withheld(blocked: &[Blocked]) -> bool {
    blocked.iter().any(|blocked| !blocked.waiting_on.is_notice())
}

/// What may be done about a deployment.
pub(super) fn draft(decisions: &Decisions<'_>) -> Draft {
    let deployment = decisions.context.deployment;
    let all = everything(decisions);
    let repairs = deployment.sync == SyncMode::Heal && decisions.context.is_applied();
    match deployment.sync {
        SyncMode::Auto => all,
        SyncMode::Notify if all.in_sync => Draft { in_sync: true, ..Draft::default() },
        _ if repairs => all,
        _ if all.in_sync => Draft { steps: certain(all.steps), ..all },
        mode => withheld(decisions, certain(all.steps), mode),
    }
}

/// Without what depends on images that come: none does as long as nothing is done.
fn certain(mut steps: Vec<Transition>) -> Vec<Transition> {
    steps.retain(|step| step.when.is_none());
    steps
}

fn everything(decisions: &Decisions<'_>) -> Draft {
    let rollout = rollout(decisions);
    let steps = transitions(decisions, &rollout);
    let mut blocked = decisions.blocked.clone();
    blocked.extend(rollout.blocked);
    let complete = !is_withheld(&blocked);
    let in_sync = steps.iter().all(|step| step.when.is_some()) && complete;
    let Remembered { steps, aside, adopted } = remembered(decisions, steps, complete);
    Draft { steps, aside, adopted, blocked, in_sync }
}

/// A deployment that may not be changed now: its changes become one that is blocked. What
/// was applied is repaired all the same if it shall be healed.
fn withheld(decisions: &Decisions<'_>, all: Vec<Transition>, mode: SyncMode) -> Draft {
    let context = decisions.context;
    let mut draft = Draft::default();
    let was_applied = context.record.is_some() || context.has_labelled();
    if mode == SyncMode::Heal && was_applied {
        let repairs = decide::repairs(decisions);
        let rollout = rollout(&repairs);
        draft.steps = transitions(&repairs, &rollout);
        draft.blocked = repairs.blocked;
        draft.blocked.extend(rollout.blocked);
    }
    let healing: Vec<Action> = numbered(draft.steps.clone()).map(|step| step.action).collect();
    // What is wanted otherwise is withheld as a whole, which is printed once.
    if context.desired.instead.contains_key(&context.deployment.id) {
        return draft;
    }
    let steps = numbered(all).filter(|step| step.action.is_mutating());
    let steps: Vec<Step> = steps.filter(|step| !healing.contains(&step.action)).collect();
    if !steps.is_empty() {
        draft.blocked.push(Blocked {
            deployment: Some(context.deployment.id.clone()),
            subject: in_numbers(&context, steps),
            waiting_on: WaitingOn::SyncMode { mode },
            at: Some(context.deployment.origin.clone()),
        });
    }
    draft
}

/// How many objects change, and how; how many steps there are if none does.
fn in_numbers(context: &Context<'_>, steps: Vec<Step>) -> String {
    let number = count(steps.len(), "step");
    let (source, revision) = (context.desired.source.clone(), context.desired.revision.clone());
    let overview = Overview::of(&Plan { steps, ..Plan::empty(source, revision) });
    let counted = overview.deployments.iter().map(counted).find(|text| !text.is_empty());
    counted.unwrap_or(number)
}

fn numbered(all: Vec<Transition>) -> impl Iterator<Item = Step> {
    steps(Links::of(all)).into_iter()
}

/// Adds the parts of these decisions that others need: the successors of containers that
/// they may share with.
pub(super) fn share(decisions: &Decisions<'_>, across: &mut Across) {
    let (id, engine) = (&decisions.context.deployment.id, &decisions.context.deployment.engine);
    let stops = |owned: &&Owned<'_>| (owned.view.id.clone(), vec![Fact::Images(id.clone())]);
    let excess = decisions.services.iter().flat_map(|decided| &decided.excess);
    let leave = decisions.orphans.iter().chain(excess).map(|removal| &removal.owned);
    across.stopping.extend(leave.map(&stops));
    for (decided, moves) in decisions.services.iter().zip(rollout(decisions).services) {
        let again = moves.order.iter().filter(|planned| planned.restarts == Chance::Always);
        let again = again.filter_map(|planned| decided.replicas[planned.at].existing());
        across.restarting.extend(again.map(|owned| owned.view.id.clone()));
    }
    for replica in decisions.services.iter().flat_map(|decided| &decided.replicas) {
        if replica.withheld {
            continue;
        }
        across.stopping.extend(replica.useless.iter().map(&stops));
        if replica.order.is_stop_first() || replica.goes_before.is_some() {
            let ready = replica.order.early().is_none().then(|| Fact::Ready(replica.who(engine)));
            let stops = |owned: &&Owned<'_>| {
                let (id, images) = stops(owned);
                (id, images.into_iter().chain(ready.clone()).collect())
            };
            across.stopping.extend(replica.old.iter().map(stops));
        }
        let canonical = match &replica.target {
            decide::Target::New(new) => &new.identity.name,
            decide::Target::Stays { owned, .. } => {
                if matches!(replica.start, Some(decide::Start::Again(_))) {
                    across.restarting.insert(owned.view.id.clone());
                }
                &owned.identity.name
            }
        };
        let bearer = (replica.who(engine), replica.name().clone());
        across.made.insert((engine.clone(), canonical.clone()), bearer.clone());
        for owned in replica.surplus() {
            across.successors.insert(owned.view.id.clone(), bearer.clone());
        }
    }
}

/// Deployments whose containers do not stop for others: they are withheld, or wait for a
/// person.
pub(super) fn resting<'a>(
    shared: Shared<'_>,
    leaving: &Leaving<'_>,
    open: impl Iterator<Item = Context<'a>>,
) -> BTreeSet<DeploymentId> {
    let auto = open.map(|context| context.deployment).filter(|d| d.sync == SyncMode::Auto);
    let moving: BTreeSet<&DeploymentId> = auto.map(|deployment| &deployment.id).collect();
    let rest = shared.desired.deployments.keys().filter(|id| !moving.contains(id));
    rest.chain(leaving.withheld()).cloned().collect()
}

/// What each deployment brings into the plan.
pub(super) type Drafts<'a> = BTreeMap<&'a DeploymentId, Draft>;

/// Engines that were seen under several names.
pub(super) fn twice_named(shared: Shared<'_>) -> Vec<Blocked> {
    let engines = shared.observed.engines.keys();
    let same: BTreeSet<_> = engines.map(|engine| seen::same(engine, shared.observed)).collect();
    let same = same.into_iter().filter(|engines| !engines.is_empty());
    same.map(|engines| Blocked {
        deployment: None,
        subject: "change anything on an engine of several names".to_owned(),
        waiting_on: WaitingOn::OneName { engines },
        at: None,
    })
    .collect()
}

/// Whether a deployment shares with containers that it names by themselves, or did until now.
pub(super) fn shares_across(context: &Context<'_>) -> bool {
    let services = context.deployment.services.values();
    let peers = services.flat_map(|service| service.spec.peers());
    let had = context.containers().flat_map(|owned| owned.view.spec.peers());
    peers.chain(had).any(|peer| matches!(peer, Peer::Container(_)))
}
