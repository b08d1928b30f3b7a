//! One pass: fetch, load, look, plan, carry out, look again. [`prepare`] only reads, and
//! the compiler knows it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::plan::{self, Settings};
use model::desired::{DesiredState, Entry};
use model::observed::ObservedState;
use model::plan::{Plan, Step};
use world::{Act, Clock, Observe, Snapshot, Source};

use super::event::{Event, Progress};
use super::execute::execute;
use super::exit::is_on_its_way;
use super::history::{Attempt, enter, entries};
use super::limits::Limits;
use super::load::Load;
use super::observe::{observe, tidy, unseen};
use super::report::{Ending, Execution, PassError, Report};
use super::stop::Stop;

/// How often in a row the catalog follows the health of replicas at the end of a pass: one that
/// is well and ill by turns has no end.
const MOST_FOLLOWED: u32 = 10;

/// What a pass works with.
pub struct Setup<'a, W, C> {
    /// The outside world.
    pub world: &'a W,
    /// Its time.
    pub clock: &'a C,
    /// Reads desired state out of a snapshot.
    pub load: &'a dyn Load,
    /// What the operator decided.
    pub settings: &'a Settings,
    /// How much at once.
    pub limits: Limits,
    /// Who wants to know.
    pub progress: &'a dyn Progress,
}

impl<W, C> Clone for Setup<'_, W, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W, C> Copy for Setup<'_, W, C> {}

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
    let Setup { world, clock, load, settings, limits, progress } = setup;
    progress.event(&Event::PassStarted { revision: &snapshot.revision });
    let desired = load.load(&snapshot).await;
    let observed = observe(world, clock, &desired, settings, limits.look).await;
    for (part, error) in &unseen(&observed) {
        progress.event(&Event::Unreachable { part, error });
    }
    let plan = plan::plan(&desired, &observed, settings);
    progress.event(&Event::Planned(&plan));
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
    let Prepared { snapshot, desired, plan, .. } = prepared;
    if report.error.is_none() {
        let carry_out = |steps| {
            let Setup { world, clock, limits, progress, .. } = setup;
            let tree = Arc::clone(&snapshot.tree);
            async move { execute(world, clock, steps, tree, &limits, stop, progress).await }
        };
        tidy(setup.world, setup.clock, &prepared.observed.ledger, setup.limits.look).await;
        let rollouts =
            Attempt::now(snapshot, desired, (plan.steps.iter(), &plan.blocked), setup.clock);
        let mut execution = Execution::default();
        let mut next = None;
        let steps: Vec<_> = plan.steps.iter().chain(&plan.adoptions).cloned().collect();
        if !steps.is_empty() {
            execution = carry_out(steps).await;
            let began = execution.steps.iter().any(|(_, ending)| *ending != Ending::Stopped);
            if !plan.is_empty() && began {
                let (seen, left) = look_again(setup, desired).await;
                (report, next) = (seen, Some(left));
            }
        }
        let last = (report, next);
        report = settle(setup, desired, last, (&carry_out, &mut execution), stop).await;
        let entries = entries(&rollouts, &execution, setup.clock.instant());
        enter(setup.world, setup.progress, entries).await;
        report.execution = Some(execution);
    }
    setup.progress.event(&Event::PassFinished(&report));
    report
}

async fn look_again<W: Observe, C: Clock>(
    setup: Setup<'_, W, C>,
    desired: &DesiredState,
) -> (Report, Plan) {
    let Setup { world, clock, settings, limits, .. } = setup;
    let observed = observe(world, clock, desired, settings, limits.look).await;
    let plan = plan::plan(desired, &observed, settings);
    (Report::of_plan(desired, &observed, &plan), plan)
}

/// Looks until every deployment that is what git says is known to work or not to. A plan
/// waits for what it starts; this is for what an earlier, interrupted pass started, and for
/// the catalog, whose checks follow what became of the replicas meanwhile.
async fn settle<W: Observe, C: Clock, F: Future<Output = Execution>>(
    setup: Setup<'_, W, C>,
    desired: &DesiredState,
    (mut report, mut plan): (Report, Option<Plan>),
    (carry_out, execution): (&dyn Fn(Vec<Step>) -> F, &mut Execution),
    stop: &Stop,
) -> Report {
    let began = setup.clock.instant();
    let mut pause = Duration::from_millis(100);
    let mut follows = MOST_FOLLOWED;
    loop {
        let follows_now = follows > 0 && !stop.is_requested();
        let health = plan.take().filter(|plan| follows_now && faults(plan).is_none());
        let steps = health.as_ref().map(health_steps).unwrap_or_default();
        if let Some(plan) = health.filter(|_| !steps.is_empty()) {
            setup.progress.event(&Event::Planned(&plan.with_only(&steps)));
            let followed = carry_out(steps).await;
            let failed = followed.failures().next().is_some();
            follows = if failed { 0 } else { follows - 1 };
            execution.join(followed);
        } else {
            let Some(patience) = patience(desired, &report) else { break };
            let left = patience.saturating_sub(setup.clock.instant().since(began));
            let sleep = pin!(setup.clock.sleep(pause.min(left)));
            select(pin!(stop.requested()), sleep).await;
            if left.is_zero() || stop.is_requested() {
                break;
            }
            pause = (pause * 2).min(Duration::from_secs(2));
        }
        let (seen, next) = look_again(setup, desired).await;
        (report, plan) = (seen, Some(next));
    }
    report
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
