//! One lock on the engine, for passes without Consul: a container of ours that is never
//! started. A name can be taken once, so that of two that take it one learns who has it.
//!
//! It says until when it is meant to be held, and by which process: one that was killed holds
//! nothing on its own machine any more, and elsewhere until that time.

use bollard::query_parameters::RemoveContainerOptions;
use serde::{Deserialize, Serialize};

use crate::docker::form::{self, LOCK, LOCK_NAME};
use crate::docker::observe::facts::Marked;
use crate::docker::{Docker, LONG};
use crate::process::Process;
use model::id::ContainerId;
use model::time::Timestamp;
use world::OutsideError;

/// How often a stale lock is broken before it is reported as held by another process.
const ATTEMPTS: u32 = 3;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Its name: where it runs, and what tells it from others there.
    pub holder: String,
    /// Until when at the most.
    pub until: Timestamp,
    /// The process, for others on its machine.
    #[serde(default)]
    process: Process,
}

impl LockHolder {
    /// This process, under this name.
    #[must_use]
    pub fn new(holder: String, until: Timestamp) -> Self {
        Self { holder, until, process: Process::own() }
    }

    /// Who holds a lock; `None` if it is none, or says nothing that is known.
    #[must_use]
    pub fn of(lock: &Marked) -> Option<Self> {
        serde_json::from_str(lock.labels.get(LOCK)?).ok()
    }

    /// Whether its time is over, or its process, as far as that is of this machine.
    #[must_use]
    pub fn holds_nothing(&self, now: Timestamp) -> bool {
        self.until <= now || self.process.has_ended()
    }
}

/// A lock that is held.
#[derive(Debug)]
#[must_use = "it has to be given back"]
pub struct EngineLock(ContainerId);

/// Why a lock cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("another run changes something: {holder} holds the lock {name} on engine {engine}")]
    Held {
        /// Who.
        holder: String,
        /// The name of the container that stands for it.
        name: String,
        /// The engine's name.
        engine: String,
    },
    /// The engine did not do its part.
    #[error("the lock on the engine cannot be had")]
    Outside(#[from] OutsideError),
}

impl Docker {
    /// Takes the installation's lock.
    ///
    /// # Errors
    /// [`LockError::Held`] at once if another process holds it.
    pub async fn take_lock(
        &self,
        holder: &LockHolder,
        now: Timestamp,
    ) -> Result<EngineLock, LockError> {
        let name = format!("{LOCK_NAME}{}", self.installation);
        let mut by = "another process".to_owned();
        for _ in 0..ATTEMPTS {
            match self.make_lock(&name, holder).await {
                Ok(id) => return Ok(EngineLock(id)),
                Err(OutsideError::InUse(_) | OutsideError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
            // Gone already: it was given back this very moment.
            let Some(view) = self.container(&name.as_str().into()).await? else { continue };
            let label = view.spec.labels.get(LOCK);
            let held = label.and_then(|text| serde_json::from_str::<LockHolder>(text).ok());
            let Some(held) = held else { break };
            by.clone_from(&held.holder);
            if !held.holds_nothing(now) {
                break;
            }
            tracing::info!(engine = %self.name, holder = by, "a lock that nobody holds is broken");
            self.remove_lock(&view.id).await?;
        }
        Err(LockError::Held { holder: by, name, engine: self.name.to_string() })
    }

    /// Gives a lock back.
    pub async fn give_lock(&self, lock: EngineLock) -> Result<(), OutsideError> {
        self.remove_lock(&lock.0).await
    }

    async fn make_lock(
        &self,
        name: &str,
        holder: &LockHolder,
    ) -> Result<ContainerId, OutsideError> {
        let text = serde_json::to_string(holder).expect("BUG: a holder is plain data");
        self.make_never_run(name, &form::lock(self.installation.as_str(), &text)).await
    }

    /// By its id: what has the name by then may be another one.
    async fn remove_lock(&self, id: &ContainerId) -> Result<(), OutsideError> {
        let call = self.api.remove_container(id.as_str(), None::<RemoveContainerOptions>);
        match self.within(LONG, call).await {
            Err(OutsideError::Gone(_)) => Ok(()),
            done => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_with_its_time() {
        let holder = LockHolder::new("me".to_owned(), Timestamp::from_secs(9));
        assert!(!holder.holds_nothing(Timestamp::from_secs(8)));
        assert!(holder.holds_nothing(Timestamp::from_secs(9)));
    }
}
