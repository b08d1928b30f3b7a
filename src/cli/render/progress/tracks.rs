//! What goes on with each object of a plan: events and the time go in, phases come out. Nothing
//! here prints, and nothing reads a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use adapters::docker::Arrived;
use model::id::{DeploymentId, EngineName, StepId};
use model::overview::{Object as OverviewObject, Overview};
use model::plan::{Plan, Step};
use model::printable::one_line;
use model::render::count;
use model::target::ContainerRef;
use model::time::Instant;

use super::super::objects::Object;
use super::words::{self, Change};

/// Where an object is: its deployment and its engine.
type Key = (DeploymentId, EngineName, Object);

/// All objects that a pass is about, in the plan's order.
#[derive(Default)]
pub(super) struct Tracks {
    all: Vec<Track>,
    keys: BTreeMap<Key, usize>,
    labels: BTreeSet<String>,
    images: BTreeMap<(EngineName, String), Vec<usize>>,
    /// Which part of which object a step of the newest plan is.
    steps: BTreeMap<StepId, (usize, usize)>,
    /// When the first step began.
    began: Option<Instant>,
}

/// One object.
pub(super) struct Track {
    /// Its name.
    pub(super) label: String,
    pub(super) deployment: DeploymentId,
    pub(super) object: Object,
    /// What is done with it.
    pub(super) change: Change,
    parts: Vec<Part>,
    /// The parts that are under way, the newest last.
    running: Vec<usize>,
    /// How many parts have not ended.
    left: usize,
    ends: Ends,
    span: Option<(Instant, Instant)>,
    /// What its engine reports of it.
    pub(super) image: Option<Image>,
}

/// How many parts of an object ended in which way.
#[derive(Default)]
struct Ends {
    done: usize,
    dropped: usize,
    stopped: usize,
    not_needed: usize,
    /// The part that failed.
    failed: Option<usize>,
}

/// A step.
struct Part {
    phase: String,
    fact: Option<&'static str>,
    takes_long: bool,
    may_be_given_up: bool,
    after: Vec<(usize, usize)>,
    life: Life,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Waits,
    Runs,
    Ended,
}

/// How far an image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Image {
    /// Steps of its build that have ended and that are known, and the one that began last.
    Steps(usize, usize, String),
    /// Its layers.
    Layers(Arrived),
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It succeeded, or its failure has no consequence.
    Done,
    /// It failed.
    Failed,
    /// One that it needs did not succeed.
    Dropped,
    /// It was given up, or not begun, on request.
    Stopped,
    /// An image turned out to be the one that was there.
    NotNeeded,
}

/// How an object is; the first are of most interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Something is done with it.
    Moving,
    /// A step of it failed.
    Failed,
    /// Nothing was done with it yet, or nothing is at the moment.
    Waiting,
    /// It was begun and not brought to its end, on request or because of another one.
    Unfinished,
    /// Nothing was done with it, nor will be.
    NotChanged,
    /// Nothing of it was needed.
    NotNeeded,
    /// All that was needed is done.
    Done,
}

impl Tracks {
    /// Takes up a plan. One that replaces another of which nothing was begun is all there is; a
    /// later one adds to what was done.
    pub(super) fn plan(&mut self, plan: &Plan) {
        if self.began.is_none() {
            *self = Self::default();
        }
        self.steps.clear();
        let kinds = kinds(plan);
        for step in plan.steps.iter().chain(&plan.adoptions) {
            let key = key(step, &kinds);
            let track = match self.keys.get(&key) {
                Some(track) => *track,
                None => self.add(key, &kinds, step),
            };
            let is_of_old = step.action.target().is_some_and(|target| {
                self.all[track].change.replaces()
                    && matches!(&target.container, ContainerRef::Known(_))
            });
            let after = step.after.iter().filter_map(|id| self.steps.get(id).copied()).collect();
            let track_of = &mut self.all[track];
            self.steps.insert(step.id, (track, track_of.parts.len()));
            track_of.left += 1;
            track_of.parts.push(Part {
                phase: words::phase(&step.action, is_of_old),
                fact: words::fact(&step.action, is_of_old),
                takes_long: words::takes_long(&step.action),
                may_be_given_up: step.action.may_be_given_up(),
                after,
                life: Life::Waits,
            });
        }
    }

    fn add(&mut self, key: Key, kinds: &BTreeMap<Key, Change>, step: &Step) -> usize {
        let change = kinds.get(&key).copied().unwrap_or_else(|| Change::of_action(&step.action));
        let (deployment, engine, object) = &key;
        let mut label = object.name(deployment);
        if !self.labels.insert(label.clone()) {
            label = one_line(&format!("{label} on {engine}")).into_owned();
        }
        if let Object::Image(image) = object {
            let place = (engine.clone(), image.clone());
            self.images.entry(place).or_default().push(self.all.len());
        }
        self.all.push(Track {
            label,
            deployment: deployment.clone(),
            object: object.clone(),
            change,
            parts: Vec::new(),
            running: Vec::new(),
            left: 0,
            ends: Ends::default(),
            span: None,
            image: None,
        });
        self.keys.insert(key, self.all.len() - 1);
        self.all.len() - 1
    }

    /// A step begins. Its object comes back, with what goes on and whether that takes long.
    pub(super) fn start(&mut self, step: StepId, now: Instant) -> Option<(&Track, bool)> {
        self.began.get_or_insert(now);
        let (track, part) = *self.steps.get(&step)?;
        let track = &mut self.all[track];
        track.parts[part].life = Life::Runs;
        track.running.push(part);
        track.span = Some((track.span.map_or(now, |(began, _)| began), now));
        Some((track, track.parts[part].takes_long))
    }

    /// A step ended. Its object comes back if nothing is left to do with it.
    pub(super) fn end(&mut self, step: StepId, end: End, now: Instant) -> Option<&Track> {
        self.began.get_or_insert(now);
        let (track, part) = *self.steps.get(&step)?;
        let track = &mut self.all[track];
        track.running.retain(|running| *running != part);
        if std::mem::replace(&mut track.parts[part].life, Life::Ended) == Life::Ended {
            return None;
        }
        track.left -= 1;
        if let Some((_, last)) = &mut track.span {
            *last = now;
        }
        match end {
            End::Done => track.ends.done += 1,
            End::Failed => track.ends.failed = Some(part),
            End::Dropped => track.ends.dropped += 1,
            End::Stopped => track.ends.stopped += 1,
            End::NotNeeded => track.ends.not_needed += 1,
        }
        (track.left == 0).then_some(track)
    }

    /// The object of a step.
    pub(super) fn track(&self, step: StepId) -> Option<&Track> {
        self.steps.get(&step).map(|(track, _)| &self.all[*track])
    }

    /// An engine reports how far an image is.
    pub(super) fn image(&mut self, engine: &EngineName, image: &str, progress: &Image) {
        let tracks = self.images.get(&(engine.clone(), image.to_owned()));
        for track in tracks.into_iter().flatten() {
            self.all[*track].image = Some(progress.clone());
        }
    }

    /// The objects that are of interest. What is remembered only is if nothing else is done.
    pub(super) fn visible(&self) -> impl Iterator<Item = (&Track, State)> {
        let all = self.all.iter().all(|track| track.object == Object::Record);
        let visible = move |(track, state): &(&Track, State)| {
            all || track.object != Object::Record || *state == State::Failed
        };
        self.all.iter().map(|track| (track, track.state())).filter(visible)
    }

    /// How long it has taken until now; `None` if nothing was begun.
    pub(super) fn since(&self, now: Instant) -> Option<Duration> {
        self.began.map(|began| now.since(began))
    }

    /// Whether nothing is done besides remembering.
    pub(super) fn only_remembers(&self) -> bool {
        self.all.iter().all(|track| track.object == Object::Record)
    }

    /// What an object waits for of which nothing is done.
    pub(super) fn awaited(&self, track: &Track) -> String {
        let waits = |(of, part): &(usize, usize)| self.all[*of].parts[*part].life != Life::Ended;
        let next = track.parts.iter().find(|part| part.life == Life::Waits);
        let mut names: Vec<&str> = Vec::new();
        for (of, _) in next.into_iter().flat_map(|part| &part.after).filter(|after| waits(after)) {
            let label = self.all[*of].label.as_str();
            if !names.contains(&label) {
                names.push(label);
            }
        }
        match names[..] {
            [] => "waits for its place".to_owned(),
            [one] => format!("waits for {one}"),
            [first, ..] => format!("waits for {first} and {}", count(names.len() - 1, "other")),
        }
    }

    /// What a request to stop means for what is under way: what goes on to its end, what is given
    /// up, and what waits and will not begin or go on.
    pub(super) fn underway(&self) -> (Vec<String>, Vec<String>, Vec<&Track>) {
        let (mut kept, mut given_up, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for track in &self.all {
            for part in track.running.iter().map(|part| &track.parts[*part]) {
                let list = if part.may_be_given_up { &mut given_up } else { &mut kept };
                list.push(format!("{}, {}", track.label, part.phase));
            }
            if track.state() == State::Waiting && track.object != Object::Record {
                waiting.push(track);
            }
        }
        (kept, given_up, waiting)
    }
}

impl Track {
    /// How it is.
    pub(super) fn state(&self) -> State {
        let Ends { done, failed, not_needed, .. } = &self.ends;
        match () {
            () if !self.running.is_empty() => State::Moving,
            () if failed.is_some() => State::Failed,
            () if self.left > 0 => State::Waiting,
            () if *not_needed == self.parts.len() => State::NotNeeded,
            () if done + not_needed == self.parts.len() => State::Done,
            () if self.span.is_none() => State::NotChanged,
            () => State::Unfinished,
        }
    }

    /// What is done with it now.
    pub(super) fn phase(&self) -> Option<&str> {
        self.running.last().map(|part| self.parts[*part].phase.as_str())
    }

    /// What was done with it when it failed.
    pub(super) fn failed_phase(&self) -> Option<&str> {
        self.ends.failed.map(|part| self.parts[part].phase.as_str())
    }

    /// What was reached last.
    pub(super) fn fact(&self) -> Option<&'static str> {
        let mut ended = self.parts.iter().rev().filter(|part| part.life == Life::Ended);
        ended.find_map(|part| part.fact)
    }

    /// Whether it ended because of a request.
    pub(super) fn was_stopped(&self) -> bool {
        self.ends.stopped > 0
    }

    /// When its first step began, and its last one began or ended.
    pub(super) fn span(&self) -> Option<(Instant, Instant)> {
        self.span
    }
}

/// What a step is about: a container that the plan names by itself, else the object that it moves.
fn key(step: &Step, kinds: &BTreeMap<Key, Change>) -> Key {
    let of = |object| (step.deployment.clone(), step.engine.clone(), object);
    let target = step.action.target().map(|target| of(Object::Container(target.name.clone())));
    target.filter(|key| kinds.contains_key(key)).unwrap_or_else(|| of(Object::of(step)))
}

/// What the plan says is done with objects.
fn kinds(plan: &Plan) -> BTreeMap<Key, Change> {
    let mut kinds = BTreeMap::new();
    if plan.is_empty() {
        return kinds;
    }
    for changes in Overview::of(plan).deployments {
        for change in changes.objects {
            let objects: Vec<Object> = match change.object {
                OverviewObject::Service { service, slots, .. } => {
                    slots.into_iter().map(|slot| Object::Replica(service.clone(), slot)).collect()
                }
                OverviewObject::Container { name } => vec![Object::Container(name)],
                OverviewObject::Network { name } => vec![Object::Network(name)],
                OverviewObject::Volume { name } => vec![Object::Volume(name)],
            };
            let place = (&changes.deployment, &changes.engine);
            for object in objects {
                let key = (place.0.clone(), place.1.clone(), object);
                kinds.insert(key, Change::of_kind(change.kind));
            }
        }
    }
    kinds
}
