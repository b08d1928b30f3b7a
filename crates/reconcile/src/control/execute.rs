//! Carrying out plans: every step as soon as its predecessors succeeded and its engine has
//! room, one attempt each. No decisions are made here.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::{AbortHandle, Abortable, Either, LocalBoxFuture, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use model::action::Action;
use model::id::{DeploymentId, EngineName};
use model::plan::Step;
use model::target::{ContainerRef, Outcome};
use world::{Act, Clock, LastWords, OutsideError, Tree};

use super::event::{Event, Progress};
use super::job::{Effects, Job, StepIndex};
use super::lane::Lanes;
use super::limits::Limits;
use super::polls::Polls;
use super::report::{Ending, Execution, Failure, StepError};
use super::stop::Stop;
use super::wait::{Waits, wait};

/// Carries out steps, each after its predecessors. Build contexts are read from `tree`.
///
/// # Guarantees
/// - Of the steps that could begin, the one with the lowest number does.
/// - A step whose images did not come ([`model::only_if`]) is not carried out, and holds up nothing.
/// - A failed step drops those that need it, and nothing else; one that may fail
///   ([`Action::may_fail`]) drops nothing.
/// - After a request to stop no step begins, running calls finish, and waits are given up;
///   so are pulls and builds, which take minutes and leave nothing behind half done.
pub async fn execute<W: Act, C: Clock>(
    world: &W,
    clock: &C,
    steps: Vec<Step>,
    tree: Arc<dyn Tree>,
    limits: &Limits,
    stop: &Stop,
    progress: &dyn Progress,
) -> Execution {
    let mut executor = Executor::new(world, clock, *limits, progress);
    if stop.is_requested() {
        executor.close();
    }
    executor.begin(steps, tree);
    let mut requested = std::pin::pin!(stop.requested());
    let mut asked = false;
    loop {
        let ended = if asked {
            executor.next().await
        } else {
            match select(requested.as_mut(), std::pin::pin!(executor.next())).await {
                Either::Left(((), _)) => None,
                Either::Right((ended, _)) => ended,
            }
        };
        match ended {
            Some(Ended::Over(execution)) => return execution,
            Some(Ended::Step { .. }) => {}
            None if asked => return Execution::default(),
            None => {
                asked = true;
                executor.close();
            }
        }
    }
}

/// Several plans on their way over the same engines. Its next steps wait in
/// one queue per lane, so that a plan of thousands of steps costs little and a small one
/// begun later is not kept waiting behind it.
pub(super) struct Executor<'a, W, C> {
    world: &'a W,
    clock: &'a C,
    limits: Limits,
    progress: &'a dyn Progress,
    jobs: BTreeMap<JobId, Job>,
    next_job: JobId,
    lanes: Lanes<(u32, JobId, StepIndex)>,
    polls: Rc<Polls>,
    running: FuturesUnordered<LocalBoxFuture<'a, Finished>>,
    /// What may be given up.
    handles: BTreeMap<(JobId, StepIndex), AbortHandle>,
    ended: VecDeque<Ended>,
    closed: bool,
}

type JobId = u32;

/// Something came to an end.
#[derive(Debug)]
pub(super) enum Ended {
    /// A step.
    Step {
        /// Which.
        step: Rc<Step>,
        /// How.
        ending: Ending,
    },
    /// All steps of one [`Executor::begin`].
    Over(Execution),
}

struct Finished {
    job: JobId,
    place: StepIndex,
    ending: Ending,
    outcome: Option<Outcome>,
}

impl<'a, W: Act, C: Clock> Executor<'a, W, C> {
    /// Nothing to do yet.
    pub(super) fn new(
        world: &'a W,
        clock: &'a C,
        limits: Limits,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            world,
            clock,
            limits,
            progress,
            jobs: BTreeMap::new(),
            next_job: 0,
            lanes: Lanes::new(limits),
            polls: Rc::new(Polls::new(limits.polls)),
            running: FuturesUnordered::new(),
            handles: BTreeMap::new(),
            ended: VecDeque::new(),
            closed: false,
        }
    }

    /// Adds steps; they begin with the next call of [`Executor::next`].
    pub(super) fn begin(&mut self, steps: Vec<Step>, tree: Arc<dyn Tree>) {
        let id = self.next_job;
        self.next_job += 1;
        let (mut job, mut effects) = Job::new(steps, tree);
        if self.closed {
            let stopped = job.stop(&|_| true);
            effects.ended.extend(stopped.ended);
            effects.ready.clear();
        }
        self.jobs.insert(id, job);
        self.apply(id, effects);
    }

    /// No further step of these deployments begins; what may be given up is, at once; other
    /// calls finish.
    pub(super) fn stop(&mut self, which: &dyn Fn(&DeploymentId) -> bool) {
        let ids: Vec<JobId> = self.jobs.keys().copied().collect();
        for id in ids {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            for place in job.running(which) {
                if let Some(handle) = self.handles.get(&(id, place)) {
                    job.cut_short();
                    handle.abort();
                }
            }
            let effects = job.stop(which);
            self.apply(id, effects);
        }
    }

    /// Stops everything, also what is begun from now on.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.stop(&|_| true);
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Whether the deployment has steps that have not ended.
    pub(super) fn is_busy(&self, deployment: &DeploymentId) -> bool {
        self.jobs.values().any(|job| job.is_busy(deployment))
    }

    /// The deployments with steps that have not ended.
    pub(super) fn busy(&self) -> BTreeSet<DeploymentId> {
        self.jobs.values().flat_map(Job::busy).cloned().collect()
    }

    /// Goes on until something comes to an end; `None` when there is nothing to do.
    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Ended> {
        loop {
            self.launch();
            if let Some(ended) = self.ended.pop_front() {
                return Some(ended);
            }
            let Finished { job: id, place, ending, outcome } = self.running.next().await?;
            self.handles.remove(&(id, place));
            self.finish(id, place, ending, outcome, true);
        }
    }

    /// As [`Executor::next`], but waits while there is nothing to do.
    pub(super) async fn ended(&mut self) -> Ended {
        match self.next().await {
            Some(ended) => ended,
            None => pending().await,
        }
    }

    /// Begins every step that is ready and finds room.
    fn launch(&mut self) {
        while let Some((_, id, place)) = self.lanes.next() {
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            let Some(action) = job.start(place) else { continue };
            let step = Rc::clone(job.step(place));
            self.progress.event(&Event::StepStarted(&step));
            match action {
                Ok(action) => {
                    let tree = Arc::clone(&job.tree);
                    self.run(id, place, step, action, tree);
                }
                Err(error) => {
                    let error = StepError::Unresolved(error);
                    let ending = Ending::Failed(Failure { error, last: LastWords::default() });
                    self.finish(id, place, ending, None, false);
                }
            }
        }
    }

    fn run(
        &mut self,
        id: JobId,
        place: StepIndex,
        step: Rc<Step>,
        action: Action,
        tree: Arc<dyn Tree>,
    ) {
        let may_be_given_up = action.may_be_given_up();
        self.lanes.enter(&step);
        let (world, clock, progress, limits) = (self.world, self.clock, self.progress, self.limits);
        let polls = Rc::clone(&self.polls);
        let call = async move {
            let began = clock.instant();
            let silent = |engine: &EngineName, since, error: &OutsideError| {
                progress.event(&Event::Silent { engine, since, error });
            };
            let (polls, silent) = (&*polls, &silent);
            let waits = Waits { world, clock, polls, silence: limits.silence, silent };
            let (ending, outcome) = match carry_out(&waits, &step, &action, &*tree).await {
                Ok(outcome) => (Ending::Done { took: clock.instant().since(began) }, Some(outcome)),
                Err(error) => {
                    let last = last_words(world, &step, &action, limits.log_lines).await;
                    (Ending::Failed(Failure { error, last }), None)
                }
            };
            Finished { job: id, place, ending, outcome }
        };
        if may_be_given_up {
            let (handle, registration) = AbortHandle::new_pair();
            self.handles.insert((id, place), handle);
            let call = Abortable::new(call, registration);
            self.running.push(Box::pin(async move {
                let stopped = Finished { job: id, place, ending: Ending::Stopped, outcome: None };
                call.await.unwrap_or(stopped)
            }));
        } else {
            self.running.push(Box::pin(call));
        }
    }

    fn finish(
        &mut self,
        id: JobId,
        place: StepIndex,
        ending: Ending,
        outcome: Option<Outcome>,
        ran: bool,
    ) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        if ran {
            self.lanes.leave(job.step(place));
        }
        let mut effects = job.end(place, ending, outcome);
        effects.ended.insert(0, place);
        self.apply(id, effects);
    }

    /// Tells what ended, queues what is ready, and closes a job that is over.
    fn apply(&mut self, id: JobId, effects: Effects) {
        let Some(job) = self.jobs.get(&id) else { return };
        for place in effects.ended {
            let step = job.step(place);
            if let Some(ending) = job.ending(place) {
                self.progress.event(&ended(step, ending));
                self.ended.push_back(Ended::Step { step: Rc::clone(step), ending: ending.clone() });
            }
        }
        for place in effects.ready {
            let step = job.step(place);
            self.lanes.queue(step, (step.id.0, id, place));
        }
        if job.is_over()
            && let Some(job) = self.jobs.remove(&id)
        {
            self.ended.push_back(Ended::Over(job.into_execution()));
        }
    }
}

fn ended<'e>(step: &'e Step, ending: &'e Ending) -> Event<'e> {
    match ending {
        Ending::Done { took } => Event::StepFinished { step, took: *took },
        Ending::Failed(failure) => Event::StepFailed { step, failure },
        Ending::Forgiven(failure) => Event::StepForgiven { step, failure },
        Ending::NotNeeded => Event::StepNotNeeded(step),
        Ending::Dropped { because } => Event::StepDropped { step, because: *because },
        Ending::Stopped => Event::StepStopped(step),
    }
}

async fn carry_out<W: Act, C: Clock>(
    waits: &Waits<'_, W, C>,
    step: &Step,
    action: &Action,
    tree: &dyn Tree,
) -> Result<Outcome, StepError> {
    if matches!(action, Action::Register { entries, .. } if entries.is_empty()) {
        // What it was about has ended meanwhile.
        return Ok(Outcome::Done);
    }
    let Action::Await { container, until, deadline } = action else {
        return waits.world.act(&step.engine, action, tree).await.map_err(StepError::Outside);
    };
    match &container.container {
        ContainerRef::Known(id) => {
            let seen = wait(waits, &step.engine, id, *until, *deadline).await;
            seen.map_err(StepError::Wait)
        }
        ContainerRef::Made(step) => Err(StepError::Unresolved(model::target::Unresolved(*step))),
    }
}

/// What a container left that did not start or did not become healthy.
/// It is a help, so that failing to get it is not worth a word.
async fn last_words<W: Act>(world: &W, step: &Step, action: &Action, lines: usize) -> LastWords {
    let (Action::Await { container, .. } | Action::StartContainer { container }) = action else {
        return LastWords::default();
    };
    match &container.container {
        ContainerRef::Known(id) => {
            world.last_words(&step.engine, id, lines).await.unwrap_or_default()
        }
        ContainerRef::Made(_) => LastWords::default(),
    }
}
