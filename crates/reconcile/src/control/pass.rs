//! One pass: fetch, load, look, plan, carry out, look again. [`prepare`] only reads, and
//! the compiler knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::plan;
use model::action::Action;
use model::desired::{DesiredState, Entry};
use model::id::{DeploymentId, ServiceName};
use model::ledger::Ledger;
use model::observed::ObservedState;
use model::plan::{Plan, Step};
use world::{Act, Clock, Observe, Snapshot, Source};

use super::back::{keep, substitute, verdicts, write};
use super::event::Event;
use super::execute::execute;
use super::exit::is_on_its_way;
use super::history::{Attempt, enter, entries};
use super::observe::{observe, tidy, unseen};
use super::report::{Ending, Execution, GoneBack, PassError, Report};
use super::setup::Setup;
use super::stop::Stop;

/// How often in a row the catalog follows the health of replicas at the end of a pass: one that
/// is well and ill by turns has no end.
const MOST_FOLLOWED: u32 = 10;

/// A plan with everything that it was made from.
pub struct Prepared {
    /// The revision and its files.
    pub snapshot: Snapshot,
    /// What it asks for.
    pub desired: DesiredState,
    /// What is there.
    pub observed: ObservedState,
    /// What would be done.
    pub plan: Plan,
}

impl Prepared {
    /// The report of a pass that stops here.
    pub fn report(&self) -> Report {
        let mut report = Report::of_plan(&self.desired, &self.observed, &self.plan);
        report.error = faults(&self.plan);
        report
    }
}

/// The first half of a pass: what would be done, and why. Changes nothing.
pub async fn prepare<W: Observe, C: Clock>(setup: Setup<'_, W, C>, snapshot: Snapshot) -> Prepared {
    setup.progress.event(&Event::PassStarted { revision: &snapshot.revision });
    let desired = setup.load.load(&snapshot).await;
    let prepared = planned(setup, snapshot, desired).await;
    setup.progress.event(&Event::Planned(&prepared.plan));
    prepared
}

/// Looks and plans. What a revision asks for that failed is not wanted.
async fn planned<W: Observe, C: Clock>(
    setup: Setup<'_, W, C>,
    snapshot: Snapshot,
    mut desired: DesiredState,
) -> Prepared {
    let Setup { world, clock, settings, limits, progress, .. } = setup;
    let mut observed = observe(world, clock, &desired, settings, limits.look).await;
    if substitute(setup, &snapshot, &mut desired, &observed.ledger.ledger).await {
        observed = observe(world, clock, &desired, settings, limits.look).await;
    }
    for (part, error) in &unseen(&observed) {
        progress.event(&Event::Unreachable { part, error });
    }
    let plan = plan::plan(&desired, &observed, settings);
    Prepared { snapshot, desired, observed, plan }
}

/// The second half: carries the plan out, and looks what became of it.
///
/// # Guarantees
/// - A faulty plan is not carried out at all.
/// - An empty plan costs no further look if everything works.
/// - After a request to stop the running calls finish; the report says what remains, and how
///   it is now: what was begun is looked at, too.
pub async fn apply<W: Act, C: Clock>(
    setup: Setup<'_, W, C>,
    prepared: &Prepared,
    stop: &Stop,
) -> Report {
    let mut report = prepared.report();
    if report.error.is_none() {
        tidy(setup.world, setup.clock, &prepared.observed.ledger, setup.limits.look).await;
        let mut last = Box::pin(carry_out(setup, prepared, stop)).await;
        let execution = std::mem::take(&mut last.execution);
        let given_up = give_up(setup, prepared, (&mut last.ledger, &execution)).await;
        let mut back = None;
        let again = if given_up.is_empty() || stop.is_requested() {
            None
        } else {
            Some(Box::pin(go_back(setup, prepared, &given_up)).await)
        };
        if let Some(again) = again.as_ref().filter(|again| faults(&again.plan).is_none()) {
            last = Box::pin(carry_out(setup, again, stop)).await;
            let mut deployments = again.desired.instead.clone();
            deployments.retain(|id, _| given_up.contains(id));
            let touched = touched(&prepared.desired, &execution, &given_up);
            let then = std::mem::take(&mut last.execution);
            back = Some(GoneBack { deployments, execution: then, touched });
        }
        remember(setup, again.as_ref().unwrap_or(prepared), &last).await;
        report = Report { execution: Some(execution), back, ..last.report };
    }
    setup.progress.event(&Event::PassFinished(&report));
    report
}

/// The jobs that ran of revisions that were given up, and whose data they may have changed.
fn touched(
    desired: &DesiredState,
    execution: &Execution,
    given_up: &BTreeSet<DeploymentId>,
) -> BTreeMap<DeploymentId, BTreeMap<ServiceName, BTreeSet<ServiceName>>> {
    let of = |id: &DeploymentId| {
        let Some(Entry::Valid(deployment, _)) = desired.deployments.get(id) else { return None };
        let started = execution.steps.iter().filter(|(step, ending)| {
            step.deployment == *id
                && matches!(step.action, Action::StartContainer { .. })
                && matches!(ending, Ending::Done { .. })
        });
        let ran = started.filter_map(|(step, _)| Some(step.replica.as_ref()?.service.clone()));
        Some((id.clone(), plan::touched(deployment, &ran.collect())))
    };
    given_up.iter().filter_map(of).filter(|(_, jobs)| !jobs.is_empty()).collect()
}

/// Remembers the revisions that failed, so that they are not tried again, and returns whose they
/// are.
async fn give_up<W: Act, C: Clock>(
    setup: Setup<'_, W, C>,
    prepared: &Prepared,
    (ledger, execution): (&mut Ledger, &Execution),
) -> BTreeSet<DeploymentId> {
    let verdicts = verdicts((&prepared.desired, ledger), execution.failures(), setup.clock.now());
    let mut given_up = BTreeSet::new();
    for (id, (engine, change)) in verdicts {
        if write(setup.world, &engine, &change).await.is_ok() {
            ledger.apply(&engine, &change);
            given_up.insert(id);
        }
    }
    given_up
}

/// Plans what is wanted of deployments whose revision was given up.
async fn go_back<W: Observe, C: Clock>(
    setup: Setup<'_, W, C>,
    prepared: &Prepared,
    given_up: &BTreeSet<DeploymentId>,
) -> Prepared {
    let again = planned(setup, prepared.snapshot.clone(), prepared.desired.clone()).await;
    for (deployment, instead) in &again.desired.instead {
        if given_up.contains(deployment) {
            setup.progress.event(&Event::GivenUp { deployment, instead });
        }
    }
    setup.progress.event(&Event::Planned(&again.plan));
    again
}

/// Remembers what works as it was rolled out.
async fn remember<W: Act, C: Clock>(setup: Setup<'_, W, C>, prepared: &Prepared, last: &Last) {
    let Prepared { snapshot, desired, observed, .. } = prepared;
    let observed = last.observed.as_ref().unwrap_or(observed);
    let works = plan::worth_keeping(desired, (observed, &last.ledger), &last.report.deployments);
    drop(keep(setup, snapshot, desired.layout, works).await);
}

/// How it is after a plan was carried out.
struct Last {
    report: Report,
    /// What was seen last, if anything was carried out.
    observed: Option<ObservedState>,
    /// What is remembered by then.
    ledger: Ledger,
    execution: Execution,
}

async fn carry_out<W: Act, C: Clock>(
    setup: Setup<'_, W, C>,
    prepared: &Prepared,
    stop: &Stop,
) -> Last {
    let Prepared { snapshot, desired, plan, observed } = prepared;
    let carry_out = |steps| {
        let Setup { world, clock, limits, progress, .. } = setup;
        let tree = Arc::clone(&snapshot.tree);
        async move { execute(world, clock, steps, tree, &limits, stop, progress).await }
    };
    let rollouts = Attempt::now(snapshot, desired, (plan.steps.iter(), &plan.blocked), setup.clock);
    let mut execution = Execution::default();
    let mut seen = Seen { report: prepared.report(), plan: None, observed: None };
    let steps: Vec<_> = plan.steps.iter().chain(&plan.adoptions).cloned().collect();
    if !steps.is_empty() {
        execution = carry_out(steps).await;
        let began = execution.steps.iter().any(|(_, ending)| *ending != Ending::Stopped);
        if !plan.is_empty() && began {
            seen = look_again(setup, desired).await;
        }
    }
    let seen = settle(setup, desired, seen, (&carry_out, &mut execution), stop).await;
    let entries = entries(&rollouts, &execution, setup.clock.instant());
    let known = seen.observed.as_ref().unwrap_or(observed);
    let mut ledger = known.ledger.ledger.clone();
    for (engine, change) in &entries {
        ledger.apply(engine, change);
    }
    enter(setup.world, setup.progress, entries).await;
    Last { report: seen.report, observed: seen.observed, ledger, execution }
}

/// What a look says.
struct Seen {
    report: Report,
    /// What would be done; `None` if that was done.
    plan: Option<Plan>,
    observed: Option<ObservedState>,
}

async fn look_again<W: Observe, C: Clock>(setup: Setup<'_, W, C>, desired: &DesiredState) -> Seen {
    let Setup { world, clock, settings, limits, .. } = setup;
    let observed = observe(world, clock, desired, settings, limits.look).await;
    let plan = plan::plan(desired, &observed, settings);
    let report = Report::of_plan(desired, &observed, &plan);
    Seen { report, plan: Some(plan), observed: Some(observed) }
}

/// Looks until every deployment that is what git says is known to work or not to. A plan
/// waits for what it starts; this is for what an earlier, interrupted pass started, and for
/// the catalog, whose checks follow what became of the replicas meanwhile.
async fn settle<W: Observe, C: Clock, F: Future<Output = Execution>>(
    setup: Setup<'_, W, C>,
    desired: &DesiredState,
    mut seen: Seen,
    (carry_out, execution): (&dyn Fn(Vec<Step>) -> F, &mut Execution),
    stop: &Stop,
) -> Seen {
    let began = setup.clock.instant();
    let mut pause = Duration::from_millis(100);
    let mut follows = MOST_FOLLOWED;
    loop {
        let follows_now = follows > 0 && !stop.is_requested();
        let health = seen.plan.take().filter(|plan| follows_now && faults(plan).is_none());
        let steps = health.as_ref().map(health_steps).unwrap_or_default();
        if let Some(plan) = health.filter(|_| !steps.is_empty()) {
            setup.progress.event(&Event::Planned(&plan.with_only(&steps)));
            let followed = carry_out(steps).await;
            let failed = followed.failures().next().is_some();
            follows = if failed { 0 } else { follows - 1 };
            execution.join(followed);
        } else {
            let Some(patience) = patience(desired, &seen.report) else { break };
            let left = patience.saturating_sub(setup.clock.instant().since(began));
            let sleep = pin!(setup.clock.sleep(pause.min(left)));
            select(pin!(stop.requested()), sleep).await;
            if left.is_zero() || stop.is_requested() {
                break;
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        seen = look_again(setup, desired).await;
    }
    seen
}

/// The steps that let the catalog follow, of deployments that need nothing else.
fn health_steps(plan: &Plan) -> Vec<Step> {
    let only = plan.only_health();
    plan.steps.iter().filter(|step| only.contains(&step.deployment)).cloned().collect()
}

/// The longest deadline of the deployments on their way to health; `None` if none is.
fn patience(desired: &DesiredState, report: &Report) -> Option<Duration> {
    let on_their_way = report.deployments.iter().filter(|(_, state)| is_on_its_way(state));
    on_their_way
        .filter_map(|(id, _)| match desired.deployments.get(id) {
            Some(Entry::Valid(deployment, _)) => {
                deployment.services.values().map(|service| service.rollout.deadline).max()
            }
            _ => None,
        })
        .max()
}

/// A whole pass, once: what `--once` does. A request to stop before anything is carried
/// out ends it at once.
pub async fn once<W: Act, C: Clock, S: Source>(
    setup: Setup<'_, W, C>,
    source: &S,
    stop: &Stop,
) -> Report {
    let read = pin!(async {
        let snapshot = source.fetch().await?;
        Ok(prepare(setup, snapshot).await)
    });
    match select(pin!(stop.requested()), read).await {
        Either::Left(((), _)) => {
            let execution = Execution { steps: Vec::new(), stopped: true };
            Report { execution: Some(execution), ..Report::default() }
        }
        Either::Right((Ok(prepared), _)) => apply(setup, &prepared, stop).await,
        Either::Right((Err(error), _)) => {
            setup.progress.event(&Event::SourceFailed(&error));
            Report::unread(error)
        }
    }
}

/// What is wrong with a plan as such, if anything is.
pub(super) fn faults(plan: &Plan) -> Option<PassError> {
    let faults: Vec<String> =
        plan::check(plan).iter().map(std::string::ToString::to_string).collect();
    (!faults.is_empty()).then_some(PassError::Faulty(faults))
}
