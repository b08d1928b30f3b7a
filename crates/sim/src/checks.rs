//! Promises that hold at every single effect, whatever went wrong before. A broken one
//! is recorded as a [`Violation`]; the names follow the invariants of the design.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Container, Engine, ServiceKey};
use super::promise::{Invariant, Promise, Violation};
use super::state::State;
use model::action::{Action, Create, Outside};
use model::desired::Condition;
use model::digest::Digest;
use model::id::{ContainerId, EngineName, Slot};
use model::observed::Status;
use model::spec::MountSource;
use model::target::ContainerRef;
use world::Scope;

impl State {
    /// The controller looked at an engine.
    pub(super) fn saw(&mut self, name: &EngineName, scope: &Scope) {
        let before = self.looks.remove(name);
        let is_first = before.is_none();
        let mut look = before.unwrap_or_default();
        if let Some(engine) = self.engines.get(name) {
            if is_first {
                let ending = self.ours(engine).filter(|c| c.is_healthy() && !c.is_staying());
                look.ending = ending.map(|c| c.id.clone()).collect();
            }
            let is_seen = |(of, _): &ServiceKey| !scope.only || scope.deployments.contains(of);
            let seen = |c: &&Container| c.service().is_some_and(|key| is_seen(&key));
            let keys = engine.containers.values().filter(seen).filter_map(Container::service);
            let mut healthy: BTreeMap<ServiceKey, BTreeSet<Slot>> =
                keys.map(|key| (key, BTreeSet::new())).collect();
            for container in
                self.ours(engine).filter(seen).filter(|c| c.is_healthy() && c.is_staying())
            {
                if let (Some(key), Some(slot)) = (container.service(), container.slot()) {
                    healthy.entry(key).or_default().insert(slot);
                }
            }
            look.healthy.retain(|key, _| !is_seen(key));
            look.healthy.extend(healthy);
        }
        self.looks.insert(name.clone(), look);
    }

    /// Our containers of an engine: those that we made, and those that we ever adopted, also
    /// when what is remembered of them is lost.
    pub(super) fn ours<'a>(&'a self, engine: &'a Engine) -> impl Iterator<Item = &'a Container> {
        let containers = engine.containers.values();
        containers.filter(move |c| c.by_us || self.knows_container(&engine.name, &c.id))
    }

    /// The slots of a service that a healthy container fills, one container left out.
    fn healthy(
        &self,
        engine: &Engine,
        key: &ServiceKey,
        without: Option<&ContainerId>,
    ) -> BTreeSet<Slot> {
        self.ours(engine)
            .filter(|c| c.is_healthy() && c.is_staying() && Some(&c.id) != without)
            .filter(|c| c.is_of(key))
            .filter_map(Container::slot)
            .collect()
    }

    /// A service changed, but not by the controller.
    pub(super) fn disturb(&mut self, engine: &EngineName, service: Option<ServiceKey>) {
        if let Some(look) = self.looks.get_mut(engine) {
            look.disturbed.extend(service);
        }
    }

    /// All services of an engine changed, but not by the controller.
    pub(super) fn disturb_all(&mut self, engine: &EngineName) {
        let Some(found) = self.engines.get(engine) else { return };
        let all: Vec<_> = found.containers.values().map(Container::service).collect();
        for service in all {
            self.disturb(engine, service);
        }
    }

    pub(super) fn violate(&mut self, invariant: Invariant, what: String) {
        self.note(&format!("VIOLATION {invariant:?}: {what}"));
        self.violations.push(Violation { at: self.timeline.now, invariant, what });
    }

    /// Looks at an action as it is sent: what it acts on must have been seen.
    pub(super) fn check_sight(&mut self, name: &EngineName, action: &Action, words: &str) {
        let unseen = !self.looks.contains_key(name);
        let doubtful = match action.outside() {
            Outside::Catalog => unseen || !self.catalog_seen,
            Outside::Ledger if self.catalog.is_some() => !self.ledger_seen,
            Outside::Engine | Outside::Ledger => unseen,
        };
        if doubtful {
            self.violate(Invariant::NothingOnDoubt, format!("{words} on {name}"));
        }
    }

    /// Looks at an action just before it takes effect.
    pub(super) fn check(&mut self, name: &EngineName, action: &Action, words: &str) {
        let mut broken = Vec::new();
        if let Some(engine) = self.engines.get(name) {
            self.check_ownership(engine, action, &mut broken);
            match action {
                Action::CreateContainer(create) => {
                    self.check_create(engine, create, &mut broken);
                }
                Action::StartContainer { container }
                | Action::RestartContainer { container, .. }
                    if let ContainerRef::Known(id) = &container.container
                        && let Some(found) = engine.containers.get(id) =>
                {
                    self.check_start(engine, found, &mut broken);
                }
                _ => {}
            }
            if let Action::StopContainer { container, .. } | Action::RemoveContainer { container } =
                action
                && let ContainerRef::Known(id) = &container.container
                && engine.has_namespace_members(id)
            {
                broken.push(Invariant::ParentLast);
            }
            if let Action::StopContainer { container, .. }
            | Action::RestartContainer { container, .. } = action
                && let ContainerRef::Known(id) = &container.container
                && let Some(found) = engine.containers.get(id)
            {
                self.check_stop(engine, found, &mut broken);
            }
        }
        for invariant in broken {
            self.violate(invariant, format!("{words} on {name}"));
        }
    }

    fn promise(&self, engine: &Engine, key: &ServiceKey) -> Option<&Promise> {
        self.promises.get(key).filter(|promise| promise.engine == engine.name)
    }

    fn check_ownership(&self, engine: &Engine, action: &Action, broken: &mut Vec<Invariant>) {
        let strange_container = action.target().is_some_and(|target| {
            let ContainerRef::Known(id) = &target.container else { return true };
            let adopted = self.knows_container(&engine.name, id);
            let strange = engine.containers.get(id).is_some_and(|c| !c.by_us && !adopted);
            strange || engine.own.as_ref() == Some(id)
        });
        let strange_network = match action {
            Action::RemoveNetwork { id, .. } => {
                let adopted = self.knows_network(&engine.name, id);
                engine.network(id).is_some_and(|n| !n.by_us && !adopted)
            }
            _ => false,
        };
        if strange_container || strange_network {
            broken.push(Invariant::OwnOnly);
        }
    }

    fn check_start(&self, engine: &Engine, found: &Container, broken: &mut Vec<Invariant>) {
        let (Some(identity), Some(key)) = (&found.identity, found.service()) else { return };
        if let Some(hash) = &identity.files_hash {
            let complete = match self.files.get(hash) {
                Some(files) => files == &found.uploads,
                None => !found.uploads.is_empty(),
            };
            if !complete {
                broken.push(Invariant::FilesFirst);
            }
        }
        let Some(promise) = self.promise(engine, &key) else { return };
        let others = || {
            let all = self.ours(engine).filter(|c| c.id != found.id);
            all.filter(|c| c.is_of(&key))
        };
        let look = self.looks.get(&engine.name);
        let disturbed = look.is_some_and(|look| look.disturbed.contains(&key));
        // What a healthy successor has taken over from is on its way out.
        let replaced = |c: &Container| {
            let mut same = others().filter(|other| other.slot() == c.slot());
            same.any(|other| other.created_at > c.created_at && other.is_healthy())
        };
        let running = others().filter(|c| c.is_staying() && !replaced(c)).count();
        let of_slot = others().filter(|c| c.is_alive() && c.slot() == found.slot()).count();
        if !disturbed && (running >= promise.max_running as usize || of_slot > 1) {
            broken.push(Invariant::MaxSurge);
        }
        for (service, condition) in &promise.after {
            let other = (key.0.clone(), service.clone());
            let disturbed =
                self.looks.get(&engine.name).is_some_and(|look| look.disturbed.contains(&other));
            let wanted = self.promise(engine, &other).is_some_and(|promise| promise.replicas > 0);
            let holds =
                engine.containers.values().filter(|c| c.is_of(&other)).any(|c| match condition {
                    Condition::Started => c.status == Status::Running || c.started_at.is_some(),
                    Condition::Healthy => c.is_healthy(),
                    Condition::Completed => c.status == Status::Exited && c.exit_code == 0,
                });
            if wanted && !disturbed && !holds {
                broken.push(Invariant::Order);
            }
        }
    }

    /// By our doing, the healthy replicas may go down to the promised floor, and where they
    /// are below it already, no further.
    fn check_stop(&self, engine: &Engine, found: &Container, broken: &mut Vec<Invariant>) {
        let Some(key) = found.service() else { return };
        let (Some(promise), Some(look)) =
            (self.promise(engine, &key), self.looks.get(&engine.name))
        else {
            return;
        };
        // Replicas that shall go are no part of the promise; what was adopted beyond their
        // count may stand for one that is missing below.
        let adopted: BTreeSet<Slot> = self
            .ours(engine)
            .filter(|c| !c.by_us && c.is_of(&key))
            .filter_map(Container::slot)
            .collect();
        let stays = |slot: &&Slot| slot.0 <= promise.replicas || adopted.contains(slot);
        if look.disturbed.contains(&key)
            || !found.is_healthy()
            || !found.slot().iter().all(|slot| stays(&slot))
        {
            return;
        }
        let before = look.healthy.get(&key).map_or(0, |slots| slots.iter().filter(stays).count());
        let mut left = self.healthy(engine, &key, Some(&found.id));
        let ending = look.ending.iter().filter_map(|id| engine.containers.get(id));
        let ending = ending.filter(|c| c.id != found.id && c.is_healthy() && c.is_of(&key));
        left.extend(ending.filter_map(Container::slot));
        let floor = promise.min_healthy as usize;
        if left.iter().filter(stays).count() < floor.min(before) {
            broken.push(Invariant::MinHealthy);
        }
    }

    /// A replica's new container takes over what its predecessor wrote.
    fn check_create(&self, engine: &Engine, create: &Create, broken: &mut Vec<Invariant>) {
        let replica = &create.identity.replica;
        let key = (replica.deployment.clone(), replica.service.clone());
        let of_slot =
            self.ours(engine).filter(|c| c.is_of(&key)).filter(|c| c.slot() == Some(replica.slot));
        let mut started = of_slot.filter(|c| c.started_at.is_some());
        let loses = started.any(|before| {
            before.volumes.iter().any(|(target, volume)| {
                let mount = create.spec.mounts.get(target);
                let anonymous = mount.is_none_or(|m| m.source == MountSource::Anonymous);
                let image = engine.image(&create.spec.image);
                let mounted =
                    mount.is_some() || image.is_some_and(|image| image.volumes.contains(target));
                anonymous && mounted && create.volumes.get(target) != Some(volume)
            })
        });
        if loses {
            broken.push(Invariant::NoDataLoss);
        }
    }

    /// A call that went wrong changes what the next ones meet.
    pub(super) fn disturb_target(&mut self, name: &EngineName, action: &Action) {
        let Some(ContainerRef::Known(id)) = action.target().map(|target| &target.container) else {
            return;
        };
        let found = self.engines.get(name).and_then(|engine| engine.containers.get(id));
        let service = found.and_then(Container::service);
        self.disturb(name, service);
    }

    /// Remembers which files a hash stands for.
    pub(super) fn expect_files(&mut self, hash: Digest, files: BTreeMap<String, Digest>) {
        self.files.insert(hash, files);
    }
}
