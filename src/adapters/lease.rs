//! Leadership: of several controllers of an installation only the holder of the lease
//! acts, and every write to Consul is fenced by it.
//!
//! The lease is a Consul lock. Its session is bound to a TTL check of our own on the
//! agent, so that the next controller takes over about five seconds after a crash;
//! where no agent answers (a token without its rights, a load balancer), it is a plain
//! TTL session, which ends after twenty. A lease that is given back is free at once.
//!
//! Docker cannot be fenced. So the holder counts the lease as lost *before* Consul does,
//! and a new holder looks at every engine before it changes anything.
//!
//! Without Consul there is no lease: what keeps two writers apart then is that a
//! container's name can be taken once, and that the ledger on the engine is written by
//! compare-and-set.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::consul::{Consul, Pulse, SessionId};
use crate::model::time::Timestamp;
use crate::world::OutsideError;

/// Consul's least TTL for a session; it ends one after at most twice that.
const SESSION_TTL: &str = "10s";
/// How long nobody gets the lock after it was lost by force.
const LOCK_DELAY: &str = "1s";
/// The TTL of the agent's check.
const PULSE_TTL: &str = "4s";
/// How long we count the lease as ours after the last confirmed sign of life: less than
/// the TTL, so that we stop before somebody else may begin.
const PULSE_PATIENCE: Duration = Duration::from_secs(3);
const SESSION_PATIENCE: Duration = Duration::from_secs(9);
/// Time between two signs of life.
const BEAT: Duration = Duration::from_secs(1);
/// Session and lock are looked at with every third sign of life.
const LOOK_EVERY: u32 = 3;
/// Time between two attempts to get what is about to be there: a check that the agent
/// has not yet told the servers about, a lock in its lock delay.
const RETRY: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 20;

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its name: where it runs, and what tells it from others there.
    pub holder: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why there is no lease.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Another controller acts.
    #[error("the lease is held by {holder}")]
    HeldElsewhere {
        /// Its name.
        holder: String,
    },
    /// Consul did not do its part.
    #[error("the lease cannot be had from Consul")]
    Outside(#[from] OutsideError),
}

/// How a lease was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseLost {
    /// Its session ended, or the lock was taken from us.
    #[error("the lease was taken from us")]
    Taken,
    /// Consul has not confirmed it for so long that another may have it soon.
    #[error("Consul has not confirmed the lease in time")]
    Unconfirmed,
}

/// The lease, held. It is only kept while [`Lease::keep`] runs.
#[derive(Debug)]
pub struct Lease {
    consul: Consul,
    session: SessionId,
    pulse: Option<Pulse>,
    epoch: u64,
}

impl Lease {
    /// Takes the lease and fences all writes of `consul` with it.
    ///
    /// # Errors
    /// [`LeaseError::HeldElsewhere`] at once if another holds it.
    pub async fn acquire(consul: &Consul, holder: &Holder) -> Result<Self, LeaseError> {
        // Looked at first, so that waiting for it writes nothing.
        refuse_held(consul).await?;
        let (session, pulse) = session(consul, &holder.holder).await?;
        let mut lease = Self { consul: consul.clone(), session, pulse, epoch: 0 };
        match lease.take(holder).await {
            Ok(epoch) => {
                lease.epoch = epoch;
                consul.fence(&lease.session, &consul.leader_key());
                Ok(lease)
            }
            Err(error) => {
                lease.end().await?;
                Err(error)
            }
        }
    }

    async fn take(&self, holder: &Holder) -> Result<u64, LeaseError> {
        let key = self.consul.leader_key();
        let value = serde_json::to_vec(holder).expect("BUG: a holder is plain data");
        for attempt in 1..=ATTEMPTS {
            if self.consul.take_lock(&key, &self.session, value.clone()).await? {
                let lock = self.consul.read_lock(&key).await?;
                return Ok(lock.map_or(0, |lock| lock.epoch));
            }
            refuse_held(&self.consul).await?;
            // Nobody holds it, so it is in its lock delay.
            if attempt < ATTEMPTS {
                tokio::time::sleep(RETRY).await;
            }
        }
        Err(LeaseError::HeldElsewhere { holder: "nobody yet (its lock delay runs)".to_owned() })
    }

    /// How often the lease was taken, by anybody: larger for every later holder.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Keeps the lease; returns when it is lost, after which nothing may be changed.
    /// It has to run beside the work, not between its parts.
    pub async fn keep(&self) -> LeaseLost {
        let patience = if self.pulse.is_some() { PULSE_PATIENCE } else { SESSION_PATIENCE };
        let mut confirmed = Instant::now();
        let mut beats = 0;
        loop {
            tokio::time::sleep(BEAT).await;
            beats += 1;
            // A sign of life counts from before it was sent.
            let sent = Instant::now();
            let beat = self.beat(beats % LOOK_EVERY == 0);
            match tokio::time::timeout_at(confirmed + patience, beat).await {
                Ok(Ok(true)) => confirmed = sent,
                Ok(Ok(false)) => return LeaseLost::Taken,
                Ok(Err(_)) if Instant::now() < confirmed + patience => {}
                Ok(Err(_)) | Err(_) => return LeaseLost::Unconfirmed,
            }
        }
    }

    /// Gives one sign of life; `false` if the lease is not ours any more.
    async fn beat(&self, look: bool) -> Result<bool, OutsideError> {
        if let Some(pulse) = &self.pulse {
            self.consul.confirm_pulse(pulse).await?;
        }
        if self.pulse.is_none() || look {
            if !self.consul.renew_session(&self.session).await? {
                return Ok(false);
            }
            let held = self.consul.read_lock(&self.consul.leader_key()).await?;
            return Ok(held.and_then(|lock| lock.session).as_ref() == Some(&self.session));
        }
        Ok(true)
    }

    /// Gives the lease back: the next holder gets it at once. Writes stay fenced with
    /// it, so they are refused from now on.
    ///
    /// # Errors
    /// What Consul answered; the lease then ends by itself.
    pub async fn release(self) -> Result<(), OutsideError> {
        self.consul.give_lock(&self.consul.leader_key(), &self.session).await?;
        self.end().await
    }

    async fn end(&self) -> Result<(), OutsideError> {
        self.consul.destroy_session(&self.session).await?;
        match &self.pulse {
            Some(pulse) => self.consul.stop_pulse(pulse).await,
            None => Ok(()),
        }
    }
}

/// Fails if somebody holds the lease.
async fn refuse_held(consul: &Consul) -> Result<(), LeaseError> {
    match consul.read_lock(&consul.leader_key()).await? {
        Some(lock) if lock.session.is_some() => {
            let holder = serde_json::from_slice::<Holder>(&lock.value)
                .map_or_else(|_| "somebody else".to_owned(), |holder| holder.holder);
            Err(LeaseError::HeldElsewhere { holder })
        }
        _ => Ok(()),
    }
}

/// A session, bound to a pulse if an agent takes one.
async fn session(
    consul: &Consul,
    holder: &str,
) -> Result<(SessionId, Option<Pulse>), OutsideError> {
    if let Ok(pulse) = consul.start_pulse(holder, PULSE_TTL).await {
        for _ in 0..ATTEMPTS {
            // The servers may not know the check yet.
            match consul.create_session(Some(&pulse), SESSION_TTL, LOCK_DELAY).await {
                Ok(session) => return Ok((session, Some(pulse))),
                Err(OutsideError::Failed(_)) => tokio::time::sleep(RETRY).await,
                Err(error) => return Err(error),
            }
        }
        consul.stop_pulse(&pulse).await?;
    }
    Ok((consul.create_session(None, SESSION_TTL, LOCK_DELAY).await?, None))
}
