//! A simulated world: engines, a catalog, a ledger and a clock that obey a seed.
//!
//! It implements the same ports as the real adapters, so the production loop runs in it
//! unchanged; it never imports what it tests (`plan`, `control`). The same seed gives
//! the same trace, line by line. Faults come from [`Faults`] (calls), [`ExternalChange`] (people)
//! and [`CrashPoint`] (the controller itself); every effect is checked against the
//! promises of [`Invariant`].
//!
//! [`Sim`] is the world seen from outside, [`SimWorld`] one controller's access to it.

mod catalog;
mod checks;
mod drive;
mod effect;
mod engine;
mod event;
mod external_change;
mod fault;
mod promise;
mod rng;
mod sleep;
mod source;
mod state;
#[cfg(test)]
mod tests;
mod timeline;
mod trace;
mod words;
mod world;

pub use drive::Driven;
pub use engine::Behaviour;
pub use event::ExternalChange;
pub use fault::{CrashPoint, Faults};
pub use promise::{Invariant, Promise, Violation};
pub use rng::Rng;
pub use source::{MemTree, SimSource};
pub use world::SimWorld;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use state::State;

use model::catalog::CatalogEntry;
use model::digest::Digest;
use model::hook::Moment;
use model::id::{
    ContainerId, ContainerName, DeploymentId, EngineName, ImageId, ImageRef, ServiceName,
    VolumeName,
};
use model::ledger::Ledger;
use model::observed::{ContainerView, EngineContents, ImageView};
use model::spec::FileSpec;
use model::time::Timestamp;
use world::Scope;

/// A simulated world. Clones are the same world.
#[derive(Clone, Debug)]
pub struct Sim {
    state: Rc<RefCell<State>>,
}

impl Sim {
    /// A world with these engines, empty, on which every image can be pulled and built;
    /// with a Consul catalog or without. Nothing goes wrong in it until a fault is injected.
    #[must_use]
    pub fn new(seed: u64, engines: &[EngineName], with_catalog: bool) -> Self {
        Self { state: Rc::new(RefCell::new(State::new(seed, engines, with_catalog))) }
    }

    /// A new controller's access to it.
    #[must_use]
    pub fn world(&self) -> SimWorld {
        SimWorld::new(Rc::clone(&self.state))
    }

    /// Virtual now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.state.borrow().timeline.now
    }

    /// Everything that was asked and that happened, with the time since the beginning.
    #[must_use]
    pub fn trace(&self) -> Vec<String> {
        self.trace_from(0)
    }

    /// The trace from a line on.
    #[must_use]
    pub fn trace_from(&self, line: usize) -> Vec<String> {
        self.state.borrow().trace.from(line).to_vec()
    }

    /// A hash over the trace.
    #[must_use]
    pub fn trace_digest(&self) -> Digest {
        self.state.borrow().trace.digest()
    }

    /// Adds a line to the trace.
    pub fn note(&self, line: &str) {
        self.state.borrow_mut().note(line);
    }

    /// Every promise that was broken so far.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.state.borrow().violations.clone()
    }

    /// How many changing calls have reached an outside system.
    #[must_use]
    pub fn mutations(&self) -> u64 {
        self.state.borrow().mutations
    }

    /// How often the catalog was written.
    #[must_use]
    pub fn catalog_writes(&self) -> u64 {
        self.state.borrow().catalog.as_ref().map_or(0, |catalog| catalog.index)
    }

    /// Lets the controller crash once.
    pub fn crash_at(&self, point: CrashPoint) {
        self.state.borrow_mut().crash = Some(point);
    }

    /// Lets calls go wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state.borrow_mut().faults = faults;
    }

    /// Ends all faults: calls arrive, everything can be reached, nobody meddles any more,
    /// no crash is due, and strangers give back the names they took.
    pub fn heal(&self) {
        let mut state = self.state.borrow_mut();
        state.crash = None;
        state.heal();
    }

    /// Says what the desired state promises from now on, for the checks. What has no
    /// promise is not checked against one.
    pub fn promise(&self, promises: BTreeMap<(DeploymentId, ServiceName), Promise>) {
        self.state.borrow_mut().promises = promises;
    }

    /// Says what another desired state of a deployment promises that is wanted by turns with the one
    /// before: what holds of one only is no promise.
    pub fn also_promise(
        &self,
        deployment: &DeploymentId,
        promises: BTreeMap<(DeploymentId, ServiceName), Promise>,
    ) {
        let known = &mut self.state.borrow_mut().promises;
        known.retain(|service, _| service.0 != *deployment || promises.contains_key(service));
        for (service, promise) in promises {
            match known.get_mut(&service) {
                Some(known) => known.weaken(&promise),
                None => drop(known.insert(service, promise)),
            }
        }
    }

    /// Says which files a files hash stands for, for the check of uploads.
    pub fn promise_files(&self, hash: &Digest, files: &[FileSpec]) {
        let digests = files.iter().map(|file| (file.target.clone(), file.content.digest()));
        self.state.borrow_mut().expect_files(hash.clone(), digests.collect());
    }

    /// Lets the replicas of a service behave like this instead of as their image's name
    /// says, on every engine; containers that exist stay as they are.
    pub fn set_behaviour(&self, deployment: &DeploymentId, service: &ServiceName, to: &Behaviour) {
        for engine in self.state.borrow_mut().engines.values_mut() {
            engine.behaviours.insert((deployment.clone(), service.clone()), to.clone());
        }
    }

    /// Says what the registry gives for a reference, on every engine.
    pub fn set_image(&self, image: &ImageRef, view: &ImageView) {
        for engine in self.state.borrow_mut().engines.values_mut() {
            engine.registry.insert(image.clone(), view.clone());
        }
    }

    /// From now on an image of these files is what the registry gives for a reference, and what a
    /// build under that name makes, on every engine.
    pub fn publish(&self, image: &ImageRef, files: &str) {
        for engine in self.state.borrow_mut().engines.values_mut() {
            engine.publish(image, files);
        }
    }

    /// Says that these catalog service names have instances of others.
    pub fn set_foreign_services(&self, names: BTreeSet<String>) {
        if let Some(catalog) = &mut self.state.borrow_mut().catalog {
            catalog.foreign = names;
        }
    }

    /// Says that the controller itself runs in this container.
    pub fn set_own(&self, engine: &EngineName, container: &ContainerId) {
        if let Some(engine) = self.state.borrow_mut().engines.get_mut(engine) {
            engine.own = Some(container.clone());
        }
    }

    /// Lets everything that was made through [`world::Act`] on an engine be as if
    /// Compose had made it, and the ledger be lost.
    pub fn made_by_compose(&self, engine: &EngineName) {
        self.state.borrow_mut().made_by_compose(engine);
    }

    /// Lets the ledger be lost: nothing is remembered.
    pub fn lose_ledger(&self) {
        let mut state = self.state.borrow_mut();
        let engines: Vec<EngineName> = state.engines.keys().cloned().collect();
        for engine in &engines {
            state.lose_ledger(engine);
        }
    }

    /// What an engine really holds, without a call.
    #[must_use]
    pub fn contents(&self, engine: &EngineName) -> EngineContents {
        let state = self.state.borrow();
        state.engines.get(engine).map(|e| e.contents(&Scope::default())).unwrap_or_default()
    }

    /// The containers of an engine that were made through [`world::Act`], or adopted;
    /// one that was adopted is a stranger again when what is remembered of it is lost.
    #[must_use]
    pub fn ours(&self, engine: &EngineName) -> Vec<ContainerView> {
        let state = self.state.borrow();
        let Some(engine) = state.engines.get(engine) else { return Vec::new() };
        let adopted = |id| state.is_adopted(&engine.name, id);
        let all = engine.containers.values().filter(|c| c.by_us || adopted(&c.id));
        all.map(engine::view).collect()
    }

    /// How often a container was started, by us or by hand.
    #[must_use]
    pub fn starts(&self, engine: &EngineName, container: &ContainerId) -> u32 {
        let state = self.state.borrow();
        let found = state.engines.get(engine).and_then(|e| e.containers.get(container));
        found.map_or(0, |container| container.run)
    }

    /// Running members of the namespaces of containers that have ended.
    #[must_use]
    pub fn cut_off(&self, engine: &EngineName) -> Vec<ContainerName> {
        let state = self.state.borrow();
        state.engines.get(engine).map(engine::Engine::cut_off).unwrap_or_default()
    }

    /// How often commands ran in a container on some occasion, by us or by hand.
    #[must_use]
    pub fn hooks(&self, engine: &EngineName, container: &ContainerId, moment: Moment) -> usize {
        let state = self.state.borrow();
        let found = state.engines.get(engine).and_then(|e| e.containers.get(container));
        found.map_or(0, |c| c.hooks.iter().filter(|(at, _)| *at == moment).count())
    }

    /// The volumes of an engine, each with the number of its birth: the same number is
    /// the same data.
    #[must_use]
    pub fn volumes(&self, engine: &EngineName) -> BTreeMap<VolumeName, u64> {
        let state = self.state.borrow();
        let volumes = state.engines.get(engine).map(|engine| engine.volumes.iter());
        volumes.into_iter().flatten().map(|(name, v)| (name.clone(), v.birth)).collect()
    }

    /// Everything in the catalog, on every node.
    #[must_use]
    pub fn registered(&self) -> Vec<CatalogEntry> {
        let state = self.state.borrow();
        state.catalog.as_ref().map(catalog::Catalog::entries).unwrap_or_default()
    }

    /// What the ledger says, wherever it is.
    #[must_use]
    pub fn stored_ledger(&self) -> Ledger {
        self.state.borrow().ledger()
    }

    /// The image that a reference leads to on an engine; an empty id if there is none.
    #[must_use]
    pub fn image_id(&self, engine: &EngineName, image: &ImageRef) -> ImageId {
        let state = self.state.borrow();
        let found = state.engines.get(engine).and_then(|engine| engine.image(image));
        found.map_or_else(|| ImageId::new(""), |image| image.id.clone())
    }

    /// A person lets a revision of a deployment be tried again that failed.
    pub fn resume(&self, deployment: &DeploymentId) {
        self.state.borrow_mut().resume(deployment);
    }

    /// Whether records are left over that newer ones have replaced.
    #[must_use]
    pub fn has_leftovers(&self) -> bool {
        self.state.borrow().has_leftovers()
    }

    /// The births of the volumes that a hand has removed.
    #[must_use]
    pub fn pruned(&self, engine: &EngineName) -> BTreeSet<u64> {
        let state = self.state.borrow();
        let here = state.pruned.iter().filter(|(of, _)| of == engine);
        here.map(|(_, birth)| *birth).collect()
    }

    /// Switches Consul on or off; what it holds is there again when it is switched on again.
    pub fn switch_consul(&self, on: bool) {
        let state = &mut *self.state.borrow_mut();
        if on && state.catalog.is_none() {
            state.catalog = Some(state.parked.take().unwrap_or_default());
        } else if !on && state.catalog.is_some() {
            state.parked = state.catalog.take();
        }
    }

    /// A stream of randomness of its own for a test's subject.
    #[must_use]
    pub fn rng(&self, subject: &str) -> Rng {
        self.state.borrow_mut().sub_rng(subject)
    }
}
