//! A plan on its way: which steps are ready, run, ended, and why. A state machine without
//! I/O, so that order, drops and stops can be tested without a world.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use model::action::Action;
use model::id::DeploymentId;
use model::id::StepId;
use model::plan::Step;
use model::target::{Outcome, Unresolved};
use world::Tree;

use super::report::{Ending, Execution};

/// A step's place in its job.
pub(super) type StepIndex = usize;

/// A plan's steps and how far each is.
pub(super) struct Job {
    steps: Vec<Rc<Step>>,
    states: Vec<State>,
    successors: Vec<Vec<StepIndex>>,
    outcomes: BTreeMap<StepId, Outcome>,
    /// Steps that have not ended, by deployment; absent at zero.
    open: BTreeMap<DeploymentId, usize>,
    stopped: bool,
    /// Build contexts are read from here.
    pub(super) tree: Arc<dyn Tree>,
}

enum State {
    /// So many predecessors have not ended.
    Waits(usize),
    Ready,
    Runs,
    Ended(Ending),
}

/// What follows from a change of a job.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// These steps can be carried out now.
    pub(super) ready: Vec<StepIndex>,
    /// These steps ended without having been carried out.
    pub(super) ended: Vec<StepIndex>,
}

impl Job {
    /// Begins. Each step must come after its predecessors: one that names a step which
    /// does not is dropped, so that no plan whatsoever makes a job wait forever.
    pub(super) fn new(steps: Vec<Step>, tree: Arc<dyn Tree>) -> (Self, Effects) {
        let mut job = Self {
            successors: vec![Vec::new(); steps.len()],
            states: Vec::with_capacity(steps.len()),
            outcomes: BTreeMap::new(),
            open: BTreeMap::new(),
            stopped: false,
            tree,
            steps: steps.into_iter().map(Rc::new).collect(),
        };
        let mut places: BTreeMap<StepId, StepIndex> = BTreeMap::new();
        let mut orphans = Vec::new();
        let mut effects = Effects::default();
        for (place, step) in job.steps.iter().enumerate() {
            *job.open.entry(step.deployment.clone()).or_default() += 1;
            for id in &step.after {
                match places.get(id) {
                    Some(&before) => job.successors[before].push(place),
                    None => orphans.push((place, *id)),
                }
            }
            if step.after.is_empty() {
                job.states.push(State::Ready);
                effects.ready.push(place);
            } else {
                job.states.push(State::Waits(step.after.len()));
            }
            places.insert(step.id, place);
        }
        for (place, because) in orphans {
            job.drop_from(place, because, &mut effects);
        }
        let ready = std::mem::take(&mut effects.ready);
        job.make_ready(ready, &mut effects);
        (job, effects)
    }

    /// The step at a place.
    pub(super) fn step(&self, place: StepIndex) -> &Rc<Step> {
        &self.steps[place]
    }

    /// How a step ended; `None` while it has not.
    pub(super) fn ending(&self, place: StepIndex) -> Option<&Ending> {
        match &self.states[place] {
            State::Ended(ending) => Some(ending),
            _ => None,
        }
    }

    /// Marks a ready step as running, and yields what it does; `None` if it is not ready
    /// any more.
    pub(super) fn start(&mut self, place: StepIndex) -> Option<Result<Action, Unresolved>> {
        if !matches!(self.states[place], State::Ready) {
            return None;
        }
        self.states[place] = State::Runs;
        Some(self.steps[place].action.resolve(&self.outcomes))
    }

    /// A running step ended.
    pub(super) fn end(
        &mut self,
        place: StepIndex,
        ending: Ending,
        outcome: Option<Outcome>,
    ) -> Effects {
        let mut effects = Effects::default();
        let id = self.steps[place].id;
        if let Some(outcome) = outcome {
            self.outcomes.insert(id, outcome);
        }
        let forgiven = self.steps[place].action.may_fail();
        let ending = match ending {
            Ending::Failed(failure) if forgiven => Ending::Forgiven(failure),
            ending => ending,
        };
        let done = matches!(ending, Ending::Done { .. } | Ending::Forgiven(_));
        self.close(place, ending);
        if done {
            let ready = self.released(place);
            self.make_ready(ready, &mut effects);
        } else {
            for next in self.successors[place].clone() {
                self.drop_from(next, id, &mut effects);
            }
        }
        effects
    }

    /// Those of a step's successors that wait for nothing else.
    fn released(&mut self, place: StepIndex) -> Vec<StepIndex> {
        let mut ready = Vec::new();
        for next in &self.successors[place] {
            if let State::Waits(left) = &mut self.states[*next] {
                *left -= 1;
                if *left == 0 {
                    ready.push(*next);
                }
            }
        }
        ready
    }

    /// Marks steps as ready. One that is not needed ends at once, and lets go on what comes after
    /// it.
    fn make_ready(&mut self, steps: Vec<StepIndex>, effects: &mut Effects) {
        let mut todo = VecDeque::from(steps);
        while let Some(place) = todo.pop_front() {
            if !self.is_idle(place) {
                continue;
            }
            let step = &self.steps[place];
            match step.only_if.as_ref().filter(|only_if| !only_if.holds(&self.outcomes)) {
                None => {
                    self.states[place] = State::Ready;
                    effects.ready.push(place);
                }
                Some(only_if) => {
                    let kept = only_if.keeps.clone().map(|id| (step.id, Outcome::Container(id)));
                    self.outcomes.extend(kept);
                    self.close(place, Ending::NotNeeded);
                    effects.ended.push(place);
                    todo.extend(self.released(place));
                }
            }
        }
    }

    /// No further step of these deployments begins; what runs goes on.
    pub(super) fn stop(&mut self, which: &dyn Fn(&DeploymentId) -> bool) -> Effects {
        let mut effects = Effects::default();
        let chosen: Vec<StepIndex> = (0..self.steps.len())
            .filter(|place| self.is_idle(*place) && which(&self.steps[*place].deployment))
            .collect();
        for place in &chosen {
            self.close(*place, Ending::Stopped);
            effects.ended.push(*place);
            self.stopped = true;
        }
        // Steps of other deployments that need them.
        for place in chosen {
            let because = self.steps[place].id;
            for next in self.successors[place].clone() {
                self.drop_from(next, because, &mut effects);
            }
        }
        effects
    }

    /// The running steps of these deployments.
    pub(super) fn running(&self, which: &dyn Fn(&DeploymentId) -> bool) -> Vec<StepIndex> {
        let runs = |place: &StepIndex| matches!(self.states[*place], State::Runs);
        (0..self.steps.len())
            .filter(runs)
            .filter(|place| which(&self.steps[*place].deployment))
            .collect()
    }

    /// Notes that a running step was given up on request.
    pub(super) fn cut_short(&mut self) {
        self.stopped = true;
    }

    /// Whether the deployment has steps that have not ended.
    pub(super) fn is_busy(&self, deployment: &DeploymentId) -> bool {
        self.open.contains_key(deployment)
    }

    /// The deployments with steps that have not ended.
    pub(super) fn busy(&self) -> impl Iterator<Item = &DeploymentId> {
        self.open.keys()
    }

    /// Whether every step has ended.
    pub(super) fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// What became of it, once it is over.
    pub(super) fn into_execution(self) -> Execution {
        let steps = self.steps.into_iter().zip(self.states).filter_map(|(step, state)| {
            let State::Ended(ending) = state else { return None };
            Some((Rc::unwrap_or_clone(step), ending))
        });
        Execution { steps: steps.collect(), stopped: self.stopped }
    }

    fn is_idle(&self, place: StepIndex) -> bool {
        matches!(self.states[place], State::Waits(_) | State::Ready)
    }

    /// Drops a step and, in turn, all that need it.
    fn drop_from(&mut self, place: StepIndex, because: StepId, effects: &mut Effects) {
        let mut todo = vec![place];
        while let Some(place) = todo.pop() {
            if self.is_idle(place) {
                self.close(place, Ending::Dropped { because });
                effects.ended.push(place);
                todo.extend(self.successors[place].iter().rev());
            }
        }
    }

    fn close(&mut self, place: StepIndex, ending: Ending) {
        self.states[place] = State::Ended(ending);
        let deployment = &self.steps[place].deployment;
        if let Some(left) = self.open.get_mut(deployment) {
            *left -= 1;
            if *left == 0 {
                self.open.remove(deployment);
            }
        }
    }
}
