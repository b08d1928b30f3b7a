//! The whole simulated world as one value.

pub(crate) mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use self::store::{Known, Store};
use crate::catalog::Catalog;
use crate::engine::{Engine, ServiceKey};
use crate::event::Event;
use crate::fault::{CrashPoint, Draw, Faults};
use crate::promise::{Look, Promise, Violation};
use crate::rng::Rng;
use crate::timeline::{BEGIN, Timeline};
use crate::trace::Trace;
use model::digest::Digest;
use model::id::{DeploymentId, EngineName};
use model::time::Timestamp;
use world::OutsideError;

/// The world.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) timeline: Timeline,
    pub(crate) engines: BTreeMap<EngineName, Engine>,
    pub(crate) catalog: Option<Catalog>,
    /// The catalog of a Consul that is switched off.
    pub(crate) parked: Option<Catalog>,
    /// The records of the ledger in Consul, and those on the engines.
    pub(crate) central: Store,
    pub(crate) on_engines: Store,
    pub(crate) known: BTreeMap<EngineName, Known>,
    /// The births of volumes that a hand has removed.
    pub(crate) pruned: BTreeSet<(EngineName, u64)>,
    pub(crate) trace: Trace,
    pub(crate) faults: Faults,
    pub(crate) promises: BTreeMap<ServiceKey, Promise>,
    /// What the files hash of an identity stands for: digests by path.
    pub(crate) files: BTreeMap<Digest, BTreeMap<String, Digest>>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) looks: BTreeMap<EngineName, Look>,
    pub(crate) catalog_seen: bool,
    pub(crate) ledger_seen: bool,
    /// How many changing calls were sent.
    pub(crate) mutations: u64,
    /// The events that engines reported, each with the deployment that it is about; `None` if it
    /// may be about any.
    pub(crate) changes: Vec<Option<DeploymentId>>,
    pub(crate) watchers: Vec<Waker>,
    pub(crate) crash: Option<CrashPoint>,
    crashed: bool,
    rng: Rng,
    /// How often each call was made: repeated ones have fates of their own.
    calls: BTreeMap<String, u32>,
}

impl State {
    pub(crate) fn new(seed: u64, engines: &[EngineName], with_catalog: bool) -> Self {
        let rng = Rng::new(seed);
        let engine = |name: &EngineName| {
            let rng = rng.child(&format!("engine {name}"));
            (name.clone(), Engine::new(name.clone(), rng))
        };
        Self {
            timeline: Timeline::new(),
            engines: engines.iter().map(engine).collect(),
            catalog: with_catalog.then(Catalog::default),
            parked: None,
            central: Store::default(),
            on_engines: Store::default(),
            known: BTreeMap::new(),
            pruned: BTreeSet::new(),
            trace: Trace::default(),
            faults: Faults::default(),
            promises: BTreeMap::new(),
            files: BTreeMap::new(),
            violations: Vec::new(),
            looks: BTreeMap::new(),
            catalog_seen: false,
            ledger_seen: false,
            mutations: 0,
            changes: Vec::new(),
            watchers: Vec::new(),
            crash: None,
            crashed: false,
            rng,
            calls: BTreeMap::new(),
        }
    }

    /// Adds a line to the trace.
    pub(crate) fn note(&mut self, line: &str) {
        self.trace.note(BEGIN, self.timeline.now, line);
    }

    /// A stream of its own for the next subject of this kind.
    pub(crate) fn sub_rng(&mut self, kind: &str) -> Rng {
        let nth = self.calls.entry(kind.to_owned()).or_default();
        *nth += 1;
        self.rng.child(&format!("{kind} {nth}"))
    }

    /// The fate of a call.
    pub(crate) fn draw(&mut self, call: &str) -> Draw {
        let mut rng = self.sub_rng(call);
        self.faults.draw(&mut rng)
    }

    /// The engine, if a call reaches it now.
    pub(crate) fn reach(&mut self, name: &EngineName) -> Result<&mut Engine, OutsideError> {
        let now = self.timeline.now;
        let unreachable = || OutsideError::Unreachable(format!("engine {name} does not answer"));
        self.engines.get_mut(name).filter(|engine| engine.down_until <= now).ok_or_else(unreachable)
    }

    /// How often the daemon of an engine was killed.
    pub(crate) fn outages(&self, name: &EngineName) -> u32 {
        self.engines.get(name).map_or(0, |engine| engine.outages)
    }

    /// The catalog, if there is one and a call reaches it now.
    pub(crate) fn reach_catalog(&mut self) -> Result<Option<&mut Catalog>, OutsideError> {
        let now = self.timeline.now;
        match &mut self.catalog {
            Some(catalog) if catalog.down_until > now => {
                Err(OutsideError::Unreachable("No cluster leader".to_owned()))
            }
            catalog => Ok(catalog.as_mut()),
        }
    }

    /// Lets everything happen that is due until an instant; who has to be woken for it.
    pub(crate) fn advance(&mut self, to: Timestamp) -> Vec<Waker> {
        self.timeline.now = self.timeline.now.max(to);
        while let Some(event) = self.timeline.take_due() {
            match event {
                Event::ExternalChange(scheduled) => self.apply_external_change(scheduled),
                Event::Engine(name, due) => {
                    let Some(engine) = self.engines.get_mut(&name) else { continue };
                    let Some(happened) = engine.happen(due, &mut self.timeline) else {
                        continue;
                    };
                    let mut of = None;
                    if let Ok(container) = engine.get(&happened.container) {
                        of = container.project();
                        let (victim, service) = (container.name.clone(), container.service());
                        self.disturb(&name, service.filter(|_| !happened.asked));
                        self.note(&format!("{name}: {victim} {}", happened.text));
                    }
                    self.changed(&name, of);
                }
            }
        }
        let mut wakers = self.timeline.take_timers();
        wakers.append(&mut self.watchers);
        wakers
    }

    /// An engine reports an event about a deployment, or about any, unless that gets lost.
    pub(crate) fn changed(&mut self, engine: &EngineName, of: Option<DeploymentId>) {
        let lost = self.faults.event_lost;
        if !self.sub_rng(&format!("event {engine}")).chance(lost) {
            self.changes.push(of);
        }
    }

    /// Counts a changing call that took effect; the controller may crash at it.
    pub(crate) fn took_effect(&mut self) {
        if let Some(CrashPoint::Effect(left)) = &mut self.crash {
            *left = left.saturating_sub(1);
            self.crashed = *left == 0;
        }
    }

    /// Counts a poll; whether the controller crashes before it.
    pub(crate) fn polled(&mut self) -> bool {
        if let Some(CrashPoint::Poll(left)) = &mut self.crash {
            *left = left.saturating_sub(1);
            self.crashed |= *left == 0;
        }
        self.crashed
    }

    /// Whether the controller is dead: its calls have no effect any more.
    pub(crate) fn has_crashed(&self) -> bool {
        self.crashed
    }

    /// A new controller has seen nothing yet.
    pub(crate) fn forget_looks(&mut self) {
        self.looks.clear();
        self.catalog_seen = false;
        self.ledger_seen = false;
    }

    /// The dead controller is gone; the next one may act.
    pub(crate) fn bury(&mut self) {
        self.crashed = false;
        self.crash = None;
        self.note("the controller crashes");
    }
}
