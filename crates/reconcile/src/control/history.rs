//! What is entered into the history of deployments once their steps ended.

use std::collections::{BTreeMap, BTreeSet};

use model::action::{Action, LedgerChange, Outside};
use model::desired::{DesiredState, Entry};
use model::digest::Digest;
use model::id::{DeploymentId, EngineName, Revision, SourceId};
use model::ledger::{PastRollout, RolloutResult};
use model::overview::{Change, Kind, Overview};
use model::plan::{Blocked, Plan, Reason, Step};
use model::printable::shortened_within;
use model::rollback::Why;
use model::secret::url_logins;
use model::time::{Instant, Timestamp};
use model::tree::Commit;
use world::{Act, Clock, Snapshot};

use super::event::{Event, Progress};
use super::report::{Ending, Execution};

/// So much of an error is remembered, in characters.
pub(super) const LONGEST: usize = 300;
/// So many objects of a rollout are named.
const NAMED: usize = 12;

/// Rollouts that were begun together.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    source: SourceId,
    revision: Revision,
    commit: Option<Commit>,
    at: Timestamp,
    since: Instant,
    /// Those of which something is withheld.
    withheld: BTreeSet<DeploymentId>,
    /// The deployments, where they are, and what they were to be.
    deployments: BTreeMap<DeploymentId, (EngineName, Digest)>,
    /// Those that return, and why.
    back: BTreeMap<DeploymentId, Back>,
}

impl Attempt {
    /// Those of this revision that begin now with these steps.
    pub(super) fn now<'s>(
        snapshot: &Snapshot,
        desired: &DesiredState,
        (steps, blocked): (impl Iterator<Item = &'s Step>, &[Blocked]),
        clock: &impl Clock,
    ) -> Self {
        let known = |step: &Step| match desired.deployments.get(&step.deployment) {
            Some(Entry::Valid(deployment, _)) => {
                let what = (deployment.engine.clone(), deployment.hash.clone());
                Some((deployment.id.clone(), what))
            }
            _ => None,
        };
        Self {
            source: snapshot.source.clone(),
            revision: snapshot.revision.clone(),
            commit: snapshot.tree.commit(),
            at: clock.now(),
            since: clock.instant(),
            withheld: blocked
                .iter()
                .filter(|blocked| !blocked.waiting_on.is_notice())
                .filter_map(|blocked| blocked.deployment.clone())
                .collect(),
            deployments: steps.filter_map(known).collect(),
            back: desired
                .instead
                .iter()
                .filter_map(|(id, instead)| {
                    let to = instead.revision()?.clone();
                    let (from, by) = match &instead.why {
                        Why::Failed(quarantine) => (&quarantine.revision, None),
                        Why::Asked(pin) => (&desired.revision, Some(pin.by.clone())),
                    };
                    Some((id.clone(), Back { to, from: from.clone(), by }))
                })
                .collect(),
        }
    }
}

/// The return of a deployment to what worked.
#[derive(Clone, Debug)]
struct Back {
    to: Revision,
    from: Revision,
    by: Option<String>,
}

/// The rollouts that a controller has under way.
#[derive(Default)]
pub(super) struct UnderWay(Vec<Attempt>);

impl UnderWay {
    /// Some more. What leaves has no history: nothing would ever be entered for it.
    pub(super) fn begin(&mut self, begun: Attempt) {
        if !begun.deployments.is_empty() {
            self.0.push(begun);
        }
    }

    /// What is entered when these steps ended.
    pub(super) fn ended(
        &mut self,
        execution: &Execution,
        now: Instant,
    ) -> Vec<(EngineName, LedgerChange)> {
        let is_of = |begun: &Attempt| {
            let known = &begun.deployments;
            execution.steps.iter().any(|(step, _)| known.contains_key(&step.deployment))
        };
        // A deployment has steps of one execution at a time.
        let Some(at) = self.0.iter().position(is_of) else { return Vec::new() };
        entries(&self.0.swap_remove(at), execution, now)
    }
}

/// Enters what became of a rollout. What cannot be written is not remembered, which is reported: it costs
/// memory, and the next rollout is entered all the same.
pub(super) async fn enter<W: Act>(
    world: &W,
    progress: &dyn Progress,
    entries: Vec<(EngineName, LedgerChange)>,
) {
    for (engine, change) in entries {
        let deployment = change.deployment().clone();
        let action = Action::WriteLedger { change };
        if let Err(error) = world.act(&engine, &action, &world::NoTree).await {
            progress.event(&Event::NotRemembered { deployment: &deployment, error: &error });
        }
    }
}

/// What became of the deployments of an execution, each for the ledger of its engine. Of what only
/// followed its health in the catalog, or was only waited for, nothing.
pub(super) fn entries(
    begun: &Attempt,
    execution: &Execution,
    now: Instant,
) -> Vec<(EngineName, LedgerChange)> {
    let entry = |(id, (engine, hash)): (&DeploymentId, &(EngineName, Digest))| {
        let rollout = rollout((id, engine, hash), begun, execution, now)?;
        let (deployment, rollout) = (id.clone(), Box::new(rollout));
        Some((engine.clone(), LedgerChange::Enter { deployment, rollout }))
    };
    begun.deployments.iter().filter_map(entry).collect()
}

fn rollout(
    (id, engine, hash): (&DeploymentId, &EngineName, &Digest),
    begun: &Attempt,
    execution: &Execution,
    now: Instant,
) -> Option<PastRollout> {
    let of_it = |(step, _): &&(Step, Ending)| step.deployment == *id && step.engine == *engine;
    let all: Vec<_> = execution.steps.iter().filter(of_it).collect();
    all.iter().find(|(step, ending)| is_of_rollout(step, ending))?;
    let took = now.since(begun.since).as_millis();
    let back = begun.back.get(id);
    let commit = begun.commit.as_ref().filter(|_| back.is_none());
    Some(PastRollout {
        source: begun.source.clone(),
        revision: back.map_or(&begun.revision, |back| &back.to).clone(),
        hash: hash.clone(),
        author: commit.map(|commit| commit.author.clone()),
        subject: commit.map(|commit| without_logins(&commit.subject)),
        began: begun.at,
        took_ms: u64::try_from(took).unwrap_or(u64::MAX),
        attempts: 1,
        result: result(&all, begun.withheld.contains(id) && back.is_none()),
        back_from: back.map(|back| back.from.clone()),
        by: back.and_then(|back| back.by.clone()),
        changes: changes(&all, begun),
    })
}

/// A text without the logins in its URLs.
pub(super) fn without_logins(text: &str) -> String {
    url_logins(text).fold(text.to_owned(), |text, login| text.replace(login, ""))
}

/// Whether a step shows that something was rolled out, or was to be: images that came change
/// nothing yet.
fn is_of_rollout(step: &Step, ending: &Ending) -> bool {
    let brings = matches!(step.action, Action::PullImage { .. } | Action::BuildImage { .. });
    let changes = step.action.is_mutating() && step.action.outside() == Outside::Engine && !brings;
    match ending {
        Ending::Done { .. } | Ending::Forgiven(_) => changes,
        Ending::Failed(_) => changes || brings,
        Ending::NotNeeded | Ending::Dropped { .. } | Ending::Stopped => false,
    }
}

fn result(all: &[&(Step, Ending)], is_withheld: bool) -> RolloutResult {
    let failed = all.iter().find_map(|(step, ending)| match ending {
        Ending::Failed(failure) => Some((step, failure)),
        _ => None,
    });
    if let Some((step, failure)) = failed {
        let error = shortened_within(&failure.error.to_string(), LONGEST).into_owned();
        return RolloutResult::Failed { step: step.action.to_string(), error };
    }
    // What waits for a failed step of another deployment was broken off, too.
    let is_over = |ending: &Ending| !matches!(ending, Ending::Stopped | Ending::Dropped { .. });
    if !all.iter().all(|(_, ending)| is_over(ending)) {
        RolloutResult::Interrupted
    } else if is_withheld {
        RolloutResult::Withheld
    } else {
        RolloutResult::Done
    }
}

/// The objects that the steps changed, or were to change, as the plan calls them.
fn changes(all: &[&(Step, Ending)], begun: &Attempt) -> Vec<String> {
    let needed = all.iter().filter(|(_, ending)| *ending != Ending::NotNeeded);
    let steps = needed.map(|(step, _)| Step { only_if: None, ..step.clone() }).collect();
    let plan = Plan { steps, ..Plan::empty(begun.source.clone(), begun.revision.clone()) };
    let overview = Overview::of(&plan);
    let objects = overview.deployments.iter().flat_map(|changes| &changes.objects);
    let mut named: Vec<String> = Vec::new();
    for text in objects.map(text) {
        if !named.contains(&text) {
            named.push(text);
        }
    }
    if let Some(more) = named.len().checked_sub(NAMED + 1) {
        named.truncate(NAMED);
        named.push(format!("{} more", more + 1));
    }
    named
}

fn text(change: &Change) -> String {
    let scaled = change.causes.iter().find_map(|cause| match cause.reason {
        Reason::ScaledDown { from, to } | Reason::ScaledUp { from, to } => Some((from, to)),
        _ => None,
    });
    if let Some((from, to)) = scaled.filter(|_| matches!(change.kind, Kind::Create | Kind::Remove))
    {
        return format!("scale {} {from} -> {to}", change.object);
    }
    format!("{} {}", change.kind.words().1, change.object)
}
