//! The hand from outside: people and programs that change the engine behind the
//! controller's back.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Sim;
use super::engine::KILLED;
use super::event::{Event, ExternalChange, Scheduled};
use super::rng::Rng;
use super::state::State;
use model::compose_labels;
use model::id::{ContainerId, ContainerName, EngineName, ImageRef, NetworkName};
use model::labels::PREFIX;
use model::observed::Status;
use model::spec::{ContainerSpec, NetworkSpec};

impl Sim {
    /// Schedules an external change. Which container it hits, the seed says.
    pub fn schedule(&self, after: Duration, engine: &EngineName, hand: ExternalChange) {
        let mut state = self.state.borrow_mut();
        let rng = state.sub_rng("hand");
        let event = Event::ExternalChange(Scheduled { engine: engine.clone(), hand, rng });
        state.timeline.after(after, event);
    }
}

impl State {
    /// Everything of ours on an engine is from now on as if Compose had made it, and
    /// nothing is remembered.
    pub(super) fn made_by_compose(&mut self, name: &EngineName) {
        let Some(engine) = self.engines.get_mut(name) else { return };
        let strip = |labels: &mut BTreeMap<String, String>| {
            labels.retain(|label, _| !label.starts_with(PREFIX));
        };
        for container in engine.containers.values_mut().filter(|container| container.by_us) {
            strip(&mut container.spec.labels);
            container.by_us = false;
        }
        for network in engine.networks.values_mut().filter(|network| network.by_us) {
            strip(&mut network.spec.labels);
            network.by_us = false;
        }
        engine.volumes.values_mut().for_each(|volume| strip(&mut volume.spec.labels));
        self.lose_ledger(name);
        self.known.remove(name);
        self.note(&format!("hand: what is on {name} is Compose's"));
    }

    /// Applies an external change.
    pub(super) fn apply_external_change(&mut self, scheduled: Scheduled) {
        let Scheduled { engine, hand, mut rng } = scheduled;
        match &hand {
            ExternalChange::CatalogDown(span) => {
                let until = self.timeline.now.plus(*span);
                if let Some(catalog) = &mut self.catalog {
                    catalog.down_until = until;
                    self.note(&format!("hand: the catalog cannot be reached for {span:?}"));
                }
            }
            ExternalChange::LedgerDown(span) => {
                self.central.down_until = self.timeline.now.plus(*span);
                self.note(&format!("hand: the ledger cannot be reached for {span:?}"));
            }
            ExternalChange::SetClock(seconds) => {
                self.timeline.set_clock(*seconds);
                self.note(&format!("hand: the clock is set by {seconds} s"));
            }
            ExternalChange::CutOff(span) => {
                let until = self.timeline.now.plus(*span);
                if let Some(engine) = self.engines.get_mut(&engine) {
                    engine.down_until = engine.down_until.max(until);
                }
                self.note(&format!("hand: {engine} cannot be reached for {span:?}"));
            }
            ExternalChange::RestartDaemon(span) => {
                if let Some(engine) = self.engines.get_mut(&engine) {
                    engine.go_down(*span, &mut self.timeline);
                }
                self.disturb_all(&engine);
                self.note(&format!("hand: the daemon of {engine} restarts, {span:?}"));
            }
            ExternalChange::RestartWithOtherFacts(span) => {
                if let Some(engine) = self.engines.get_mut(&engine) {
                    engine.toggle_memory_limits();
                    engine.go_down(*span, &mut self.timeline);
                }
                self.disturb_all(&engine);
                self.note(&format!("hand: the daemon of {engine} restarts as another, {span:?}"));
            }
            ExternalChange::LoseLedger => {
                self.lose_ledger(&engine);
                self.note(&format!("hand: what is remembered of {engine} is lost"));
            }
            ExternalChange::Prune { volumes } => self.prune(&engine, *volumes),
            ExternalChange::TakeName(name) => self.make_stranger(&engine, name, BTreeMap::new()),
            ExternalChange::TakeNetwork(name) => self.make_strange_network(&engine, name),
            _ => self.hit(&engine, &hand, &mut rng),
        }
    }

    /// A hand on one container of ours.
    fn hit(&mut self, name: &EngineName, hand: &ExternalChange, rng: &mut Rng) {
        let Some(engine) = self.engines.get(name) else { return };
        let ours: Vec<ContainerId> = self
            .ours(engine)
            .filter(|c| c.status == Status::Running || *hand == ExternalChange::Remove)
            .map(|c| c.id.clone())
            .collect();
        let Some(engine) = self.engines.get_mut(name) else { return };
        let Some(id) = rng.pick(&ours).cloned() else { return };
        let Ok(container) = engine.get(&id) else { return };
        let (victim, service) = (container.name.clone(), container.service());
        let (labels, of) = (container.spec.labels.clone(), container.project());
        let timeline = &mut self.timeline;
        match hand {
            ExternalChange::Die => engine.kill(&id, (KILLED, false), timeline),
            ExternalChange::Kill => engine.kill(&id, (KILLED, true), timeline),
            ExternalChange::Stop => engine.kill(&id, (0, true), timeline),
            ExternalChange::Remove => {
                engine.kill(&id, (KILLED, true), timeline);
                let _ = engine.stop(&id, Duration::ZERO, timeline);
                let _ = engine.remove(&id);
            }
            ExternalChange::Update => container.spec.limits.memory = 64 << 20,
            ExternalChange::Pause => container.status = Status::Paused,
            ExternalChange::CopyLabels => {
                let copy = ContainerName::new(format!("copy-of-{victim}"));
                return self.make_stranger(name, &copy, labels);
            }
            _ => return,
        }
        self.disturb(name, service);
        self.note(&format!("hand: {hand:?} {victim} on {name}"));
        self.changed(name, of);
    }

    /// `docker system prune -af`.
    fn prune(&mut self, name: &EngineName, volumes: bool) {
        self.disturb_all(name);
        let Some(engine) = self.engines.get_mut(name) else { return };
        let gone = engine.prune(volumes);
        self.pruned.extend(gone.into_iter().map(|birth| (name.clone(), birth)));
        self.on_engines.lose(name);
        self.note(&format!("hand: prune on {name}, volumes {volumes}"));
        self.changed(name, None);
    }

    fn make_stranger(
        &mut self,
        name: &EngineName,
        container: &ContainerName,
        labels: BTreeMap<String, String>,
    ) {
        let now = self.timeline.now;
        let Some(engine) = self.engines.get_mut(name) else { return };
        let image = ImageRef::new("stranger");
        let mut spec = ContainerSpec::of_image(image.clone());
        spec.labels = labels;
        if engine.pull(&image).is_ok()
            && let Ok(id) = engine.make(now, container, spec, &BTreeMap::new())
        {
            let _ = engine.start(&id, &mut self.timeline);
            self.note(&format!("hand: runs {container} on {name}"));
        }
    }

    fn make_strange_network(&mut self, name: &EngineName, network: &NetworkName) {
        let Some(engine) = self.engines.get_mut(name) else { return };
        if engine.make_network(NetworkSpec::bridge(network.clone())).is_ok() {
            self.note(&format!("hand: makes network {network} on {name}"));
        }
    }

    /// Everything can be reached again, and strangers let go of the names they took.
    pub(super) fn heal(&mut self) {
        self.faults = super::Faults::default();
        self.timeline.calm();
        let now = self.timeline.now;
        self.central.down_until = now;
        if let Some(catalog) = &mut self.catalog {
            catalog.down_until = now;
        }
        for engine in self.engines.values_mut() {
            engine.down_until = now;
            if engine.restarting {
                engine.come_back(&mut self.timeline);
            }
            engine.containers.retain(|_, c| c.by_us || c.identity.is_some());
            engine.networks.retain(|name, network| {
                let composes = network.spec.labels.contains_key(compose_labels::PROJECT);
                network.by_us || composes || BUILT_IN.contains(&name.as_str())
            });
        }
        let names: Vec<EngineName> = self.engines.keys().cloned().collect();
        for name in &names {
            self.disturb_all(name);
        }
        self.note("hand: the faults are over");
    }
}

/// Networks that every engine has.
const BUILT_IN: [&str; 3] = ["bridge", "host", "none"];
