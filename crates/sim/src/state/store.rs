//! Where the records of the ledger are: in Consul, or on the engines.

use std::collections::{BTreeMap, BTreeSet};

use super::State;
use model::action::LedgerChange;
use model::id::{ContainerId, DeploymentId, EngineName, NetworkId};
use model::ledger::{Ledger, LedgerView, Record, Stored};
use model::time::Timestamp;
use world::OutsideError;

/// Whose record it is.
pub(crate) type Key = (EngineName, DeploymentId);

/// A place for records: Consul, or all engines, each with its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) down_until: Timestamp,
    pub(crate) ledger: Ledger,
    /// Which write each record is from; none is ever given twice.
    generations: BTreeMap<Key, u64>,
    writes: u64,
    /// Records of which an older one is still there.
    leftovers: BTreeSet<Key>,
}

/// What was ever adopted on an engine: who knows it from a look may act on it, although the
/// ledger was lost meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    containers: BTreeSet<ContainerId>,
    networks: BTreeSet<NetworkId>,
}

impl Store {
    /// What an engine, or with `None` Consul, holds, and the generation of each record.
    pub(crate) fn stored(&self, engine: Option<&EngineName>) -> (Stored, BTreeMap<Key, u64>) {
        let here = |of: &EngineName| engine.is_none_or(|engine| of == engine);
        let mut stored = Stored::default();
        for (of, id, record) in self.ledger.iter().filter(|(of, _, _)| here(of)) {
            let generation = self.generations.get(&(of.clone(), id.clone()));
            let name = format!("ledger-{of}-{id}-{}", generation.copied().unwrap_or_default());
            let origin = engine.map(|_| ContainerId::new(name));
            stored.ledger.put(of, id, Record { origin, ..record.clone() });
        }
        stored.leftovers = engine.is_some() && self.leftovers.iter().any(|(of, _)| here(of));
        let generations = self.generations.iter().filter(|((of, _), _)| here(of));
        (stored, generations.map(|(key, generation)| (key.clone(), *generation)).collect())
    }

    /// Writes a record, if `seen` is the generation that is stored. Returns the new one.
    fn write(&mut self, seen: u64, key: &Key, record: Record) -> Result<u64, OutsideError> {
        let stored = self.generations.get(key).copied().unwrap_or_default();
        if seen != stored {
            let text = format!("the record of {} is at {stored}, not at {seen}", key.1);
            return Err(OutsideError::Conflict(text));
        }
        self.writes += 1;
        if record.is_empty() {
            self.generations.remove(key);
        } else {
            self.generations.insert(key.clone(), self.writes);
        }
        self.ledger.put(&key.0, &key.1, record);
        Ok(self.generations.get(key).copied().unwrap_or_default())
    }

    /// Lifts every quarantine of a deployment.
    fn lift(&mut self, deployment: &DeploymentId) {
        let all = self.ledger.records.values_mut().filter_map(|all| all.get_mut(deployment));
        all.for_each(|record| record.quarantine = None);
    }

    /// Nothing of these engines is there any more.
    pub(crate) fn lose(&mut self, engine: &EngineName) {
        self.ledger.records.remove(engine);
        self.generations.retain(|(of, _), _| of != engine);
        self.leftovers.retain(|(of, _)| of != engine);
    }
}

impl State {
    /// A person lets a revision be tried again that failed.
    pub(crate) fn resume(&mut self, deployment: &DeploymentId) {
        self.central.lift(deployment);
        self.on_engines.lift(deployment);
    }

    /// Where records are written now.
    fn store(&mut self) -> &mut Store {
        if self.catalog.is_some() { &mut self.central } else { &mut self.on_engines }
    }

    /// Consul's store, if there is Consul and a call reaches it now.
    pub(crate) fn reach_central(&self) -> Result<Option<&Store>, OutsideError> {
        if self.catalog.is_some() && self.central.down_until > self.timeline.now {
            return Err(OutsideError::Unreachable("the ledger does not answer".to_owned()));
        }
        Ok(self.catalog.is_some().then_some(&self.central))
    }

    /// Changes a record that was seen at a generation.
    pub(crate) fn write_ledger(
        &mut self,
        seen: &mut BTreeMap<Key, u64>,
        engine: &EngineName,
        change: &LedgerChange,
        delivered: bool,
    ) -> Result<(), OutsideError> {
        if self.reach_central()?.is_none() {
            self.reach(engine)?;
        }
        let on_engine = self.catalog.is_none();
        let key = (engine.clone(), change.deployment().clone());
        let store = self.store();
        let record = store.ledger.record(engine, &key.1).cloned().unwrap_or_default();
        let existed = !record.is_empty();
        let known = seen.get(&key).copied().unwrap_or_default();
        let generation = store.write(known, &key, record.changed(change))?;
        // Who does not hear that it was written does not remove the one before.
        if on_engine && existed && generation > 0 && !delivered {
            store.leftovers.insert(key.clone());
        }
        if delivered {
            seen.insert(key, generation);
        }
        if let LedgerChange::Adopt { adopted, .. } = change {
            let known = self.known.entry(engine.clone()).or_default();
            known.containers.extend(adopted.containers.keys().cloned());
            known.networks.extend(adopted.networks.iter().cloned());
        }
        Ok(())
    }

    /// Moves what is not where it is written now, and removes what is needed no more.
    pub(crate) fn tidy(&mut self, view: &LedgerView) -> Result<(), OutsideError> {
        let has_central = self.reach_central()?.is_some();
        let engines: Vec<EngineName> = self.engines.keys().cloned().collect();
        for (engine, id) in &view.misplaced {
            let Some(record) = view.ledger.record(engine, id) else { continue };
            let store = self.store();
            let key = (engine.clone(), id.clone());
            let stored = store.generations.get(&key).copied().unwrap_or_default();
            store.write(stored, &key, Record { origin: None, ..record.clone() })?;
        }
        for engine in engines {
            if self.reach(&engine).is_err() {
                continue;
            }
            if has_central {
                self.on_engines.lose(&engine);
            } else {
                self.on_engines.leftovers.retain(|(of, _)| *of != engine);
            }
        }
        Ok(())
    }

    /// What the ledger says, wherever it is.
    pub(crate) fn ledger(&self) -> Ledger {
        if self.catalog.is_none() {
            return self.on_engines.ledger.clone();
        }
        let mut ledger = self.central.ledger.clone();
        for engine in self.engines.keys() {
            for (engine, id, record) in self.on_engines.stored(Some(engine)).0.ledger.iter() {
                let known = ledger.record(engine, id);
                if known.is_none_or(|known| known.continues != record.origin) {
                    ledger.put(engine, id, record.clone());
                }
            }
        }
        ledger
    }

    /// Whether something is on an engine that was replaced long ago.
    pub(crate) fn has_leftovers(&self) -> bool {
        !self.on_engines.leftovers.is_empty()
            || (self.catalog.is_some() && self.on_engines.ledger != Ledger::default())
    }

    /// Whether the ledger says that a container of an engine was adopted.
    pub(crate) fn is_adopted(&self, engine: &EngineName, id: &ContainerId) -> bool {
        let central = self.catalog.is_some().then_some(&self.central);
        let mut stores = [&self.on_engines].into_iter().chain(central);
        stores.any(|store| {
            let mut records = store.ledger.on(engine).filter_map(|(_, r)| r.adopted.as_ref());
            records.any(|adopted| adopted.containers.contains_key(id))
        })
    }

    /// Whether this container was ever adopted.
    pub(crate) fn knows_container(&self, engine: &EngineName, id: &ContainerId) -> bool {
        self.known.get(engine).is_some_and(|known| known.containers.contains(id))
    }

    /// Whether this network was ever adopted.
    pub(crate) fn knows_network(&self, engine: &EngineName, id: &NetworkId) -> bool {
        self.known.get(engine).is_some_and(|known| known.networks.contains(id))
    }

    /// The ledger has no record of an engine's resources.
    pub(crate) fn lose_ledger(&mut self, engine: &EngineName) {
        self.central.lose(engine);
        self.on_engines.lose(engine);
    }
}
