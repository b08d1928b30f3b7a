//! Going back after a rollout that failed: remembering what works, remembering what failed, and
//! putting the last stable state in the place of what the source asks for. What follows is `plan`'s.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::{self, FailedRollout, Otherwise, Works};
use model::action::{Action, LedgerChange};
use model::desired::{Deployment, DesiredState, Entry, Layout};
use model::hook::Moment;
use model::id::{DeploymentId, EngineName};
use model::ledger::{Ledger, Stable};
use model::plan::Step;
use model::printable::shortened_within;
use model::rollback::{Instead, InsteadOf, Why};
use model::time::Timestamp;
use world::{Act, Clock, Observe, OutsideError, Snapshot};

use super::event::Event;
use super::history::{LONGEST, without_logins};
use super::report::{Failure, StepError};
use super::setup::Setup;
use super::wait::WaitError;

/// What is remembered of the rollouts that failed, by engine, so that their revisions are not tried
/// again: the first failure of each deployment that says something about what was rolled out.
pub(super) fn verdicts<'e>(
    (desired, ledger): (&DesiredState, &Ledger),
    failures: impl Iterator<Item = (&'e Step, &'e Failure)>,
    at: Timestamp,
) -> BTreeMap<DeploymentId, (EngineName, LedgerChange)> {
    let mut all = BTreeMap::new();
    for (step, failure) in failures.filter(|(step, failure)| says_something(step, failure)) {
        let Some(Entry::Valid(deployment, _)) = desired.deployments.get(&step.deployment) else {
            continue;
        };
        let error = shortened_within(&failure.error.to_string(), LONGEST).into_owned();
        let failed = FailedRollout {
            deployment: &deployment.id,
            service: step.replica.as_ref().map(|replica| &replica.service),
            why: format!("{}: {error}", step.action),
        };
        let verdict = plan::verdict(desired, ledger, &failed, at);
        let verdict = verdict.filter(|_| deployment.engine == step.engine);
        if let Some(change) = verdict {
            let known = all.entry(deployment.id.clone());
            known.or_insert((deployment.engine.clone(), change));
        }
    }
    all
}

/// Whether a failure is one of what is rolled out, and not of the way there: an image that does not
/// come has changed nothing, and an engine that does not answer, or does not stop what ran before,
/// says nothing about it.
fn says_something(step: &Step, failure: &Failure) -> bool {
    let is_new = match &step.action {
        Action::CreateNetwork { .. }
        | Action::CreateVolume { .. }
        | Action::CreateContainer(_)
        | Action::UploadFiles { .. }
        | Action::StartContainer { .. }
        | Action::Await { .. } => true,
        Action::RunHook { moment, .. } => *moment == Moment::PostStart,
        _ => false,
    };
    let says =
        |error: &OutsideError| matches!(error, OutsideError::Failed(_) | OutsideError::InUse(_));
    is_new
        && match &failure.error {
            StepError::Outside(error) | StepError::Wait(WaitError::Outside(error)) => says(error),
            StepError::Wait(WaitError::Gone) | StepError::Unresolved(_) => false,
            StepError::Wait(_) => true,
        }
}

/// Puts what is wanted otherwise in the place of what the source says. Returns whether anything is
/// another now: then it has to be looked at again.
pub(super) async fn substitute<W: Observe, C: Clock>(
    setup: Setup<'_, W, C>,
    snapshot: &Snapshot,
    desired: &mut DesiredState,
    ledger: &Ledger,
) -> bool {
    let all = plan::otherwise(desired, ledger);
    let is_another = !all.is_empty();
    for (id, otherwise) in all {
        let Some(Entry::Valid(now, messages)) = desired.deployments.get(&id) else { continue };
        let (deployment, of) = instead(setup, snapshot, now, &otherwise).await;
        let entry = Entry::Valid(Arc::new(deployment), messages.clone());
        desired.deployments.insert(id.clone(), entry);
        desired.instead.insert(id, Instead { why: otherwise.why, of });
    }
    is_another
}

/// What is wanted of one deployment.
async fn instead<W: Observe, C: Clock>(
    setup: Setup<'_, W, C>,
    snapshot: &Snapshot,
    now: &Deployment,
    otherwise: &Otherwise,
) -> (Deployment, InsteadOf) {
    let Some(stable) = &otherwise.to else {
        return match otherwise.why {
            Why::Asked(_) => (now.clone().left_alone(), InsteadOf::Nothing),
            Why::Failed(_) => (now.clone().standing(), InsteadOf::Standing),
        };
    };
    let kept = match setup.world.kept(&now.engine, &now.id, &stable.state).await {
        Ok(Some(kept)) => setup.load.restore(&kept, snapshot, now),
        Ok(None) => Err("it is not on the engine any more".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    match kept {
        Ok(deployment) => {
            // Its builds are not read again, and make it no other one.
            let deployment = Deployment { hash: stable.hash.clone(), ..deployment };
            (deployment.again(&stable.images), InsteadOf::Stable(stable.revision.clone()))
        }
        Err(why) => (now.clone().standing(), InsteadOf::Lost(why)),
    }
}

/// Remembers what works as it was rolled out. What cannot be kept is not remembered: a rollout that
/// fails then leaves the deployment as it stands. Returns those.
pub(super) async fn keep<W: Act, C: Clock>(
    setup: Setup<'_, W, C>,
    snapshot: &Snapshot,
    layout: Layout,
    all: Vec<Works>,
) -> Vec<Arc<Deployment>> {
    let mut not_kept = Vec::new();
    for works in all {
        let deployment = Arc::clone(&works.deployment);
        if let Err(why) = keep_one(setup, snapshot, layout, works).await {
            let event = Event::NotKept { deployment: &deployment.id, why: &why };
            setup.progress.event(&event);
            not_kept.push(deployment);
        }
    }
    not_kept
}

async fn keep_one<W: Act, C: Clock>(
    setup: Setup<'_, W, C>,
    snapshot: &Snapshot,
    layout: Layout,
    works: Works,
) -> Result<(), String> {
    let Works { deployment, images, before } = works;
    let (id, engine) = (&deployment.id, &deployment.engine);
    let files = setup.load.keep(snapshot, layout, &deployment)?;
    let state = files.digest();
    // Those that were kept before may have been pruned.
    let kept = setup.world.keep(engine, id, &files, &before).await;
    kept.map_err(|error| error.to_string())?;
    let commit = snapshot.tree.commit();
    let stable = Stable {
        source: snapshot.source.clone(),
        revision: snapshot.revision.clone(),
        hash: deployment.hash.clone(),
        author: commit.as_ref().map(|commit| commit.author.clone()),
        subject: commit.as_ref().map(|commit| without_logins(&commit.subject)),
        at: setup.clock.now(),
        state,
        images,
    };
    let change = LedgerChange::Stable { deployment: id.clone(), stable: Box::new(stable) };
    write(setup.world, engine, &change).await.map_err(|error| error.to_string())
}

/// Writes into the ledger.
pub(super) async fn write<W: Act>(
    world: &W,
    engine: &EngineName,
    change: &LedgerChange,
) -> Result<(), OutsideError> {
    let action = Action::WriteLedger { change: change.clone() };
    world.act(engine, &action, &world::NoTree).await.map(drop)
}
