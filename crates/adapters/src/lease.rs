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
//! Without Consul there is no lease: what keeps two passes of `--once` apart then is a lock on
//! the engine (`adapters/docker/ledger`), and for the rest that a container's name can be taken
//! once, and that the ledger on the engine is written by compare-and-set.

use std::cell::Cell;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::consul::{Consul, Pulse, SessionId};
use super::process::Process;
use model::time::Timestamp;
use world::{Keep, OutsideError};

/// Consul's least TTL for a session; it ends one after at most twice that.
const SESSION_TTL: &str = "10s";
/// How long nobody gets the lock after it was lost by force.
const LOCK_DELAY: &str = "1s";
/// The TTL of the agent's check.
const PULSE_TTL: &str = "4s";
/// How long we count the lease as ours after the last confirmed sign of life: less than
/// the TTL, so that we stop before the next holder may begin.
const PULSE_PATIENCE: Duration = Duration::from_secs(3);
const SESSION_PATIENCE: Duration = Duration::from_secs(9);
/// Time between two signs of life.
const BEAT: Duration = Duration::from_secs(1);
/// Time between two attempts to get what is about to be there: a check that the agent
/// has not yet synchronised with the servers, a lock in its lock delay.
const RETRY: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 20;

/// What is said of a holder that was killed.
const ENDED: &str = ", which has ended without giving it back; Consul frees it by itself";

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its name: where it runs, and what tells it from others there.
    pub holder: String,
    /// Since when.
    pub since: Timestamp,
    /// The process, for others on its machine.
    #[serde(default)]
    pub process: Process,
}

/// Why there is no lease.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseError {
    /// Another controller acts.
    #[error("the lease is held by {holder}{}", if *ended { ENDED } else { "" })]
    HeldElsewhere {
        /// Its name.
        holder: String,
        /// Whether it is a process of this host that does not run any more. Its session ends by
        /// itself: taken from it, the lease could have two holders where a host was cloned while
        /// it ran, which nothing here tells from a process that ended.
        ended: bool,
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

/// The lease, held. It is only kept while [`Keep::keep`] runs, which has to begin at once.
#[derive(Debug)]
pub struct Lease {
    consul: Consul,
    session: SessionId,
    pulse: Option<Pulse>,
    epoch: u64,
    /// When the last sign of life was sent that Consul's servers confirmed.
    confirmed: Cell<Instant>,
}

impl Lease {
    /// Takes the lease and fences all writes of `consul` with it.
    ///
    /// # Errors
    /// [`LeaseError::HeldElsewhere`] at once if another holds it.
    pub async fn acquire(consul: &Consul, holder: &Holder) -> Result<Self, LeaseError> {
        // Looked at first, so that waiting for it writes nothing.
        refuse_held(consul).await?;
        let confirmed = Cell::new(Instant::now());
        let (session, pulse) = session(consul).await?;
        let mut lease = Self { consul: consul.clone(), session, pulse, epoch: 0, confirmed };
        match lease.take(holder).await {
            Ok(epoch) => {
                lease.epoch = epoch;
                consul.fence(&lease.session, &consul.leader_key());
                Ok(lease)
            }
            Err(error) => {
                // Parts that cannot be released expire by themselves.
                let _ = lease.end().await;
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
        let holder = "nobody yet (its lock delay runs)".to_owned();
        Err(LeaseError::HeldElsewhere { holder, ended: false })
    }

    /// Returns when a lease that another holds may be free, which Consul tells at once, or
    /// after some seconds.
    ///
    /// # Errors
    /// What Consul answered: then it is worth a pause.
    pub async fn may_be_free(consul: &Consul) -> Result<(), OutsideError> {
        consul.lock_moved(&consul.leader_key()).await
    }

    /// How long it takes at most until the lease of a holder that was killed is free.
    #[must_use]
    pub fn ends_within() -> Duration {
        // Consul ends a session one to two times its TTL after the last sign of life.
        Duration::from_secs(21)
    }

    /// How often the lease was taken, by all holders: larger for every later one.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Gives one sign of life; `false` if the lease is not ours any more.
    ///
    /// The agent alone proves nothing: cut off from the servers, it goes on to take our
    /// pulse while another process holds the lease. The session is renewed by the servers.
    async fn beat(&self) -> Result<bool, OutsideError> {
        let key = self.consul.leader_key();
        let pulse = async {
            match &self.pulse {
                Some(pulse) => self.consul.confirm_pulse(pulse).await,
                None => Ok(()),
            }
        };
        let ((), renewed, found) = futures_util::try_join!(
            pulse,
            self.consul.renew_session(&self.session),
            self.consul.read_lock(&key),
        )?;
        let holder = found.and_then(|found| found.session);
        Ok(renewed && holder.as_ref() == Some(&self.session))
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

/// Fails if the lease is held.
async fn refuse_held(consul: &Consul) -> Result<(), LeaseError> {
    match consul.read_lock(&consul.leader_key()).await? {
        Some(lock) if lock.session.is_some() => {
            let known = serde_json::from_slice::<Holder>(&lock.value).ok();
            let ended = known.as_ref().is_some_and(|holder| holder.process.has_ended());
            let holder = known.map_or_else(|| "another process".to_owned(), |known| known.holder);
            Err(LeaseError::HeldElsewhere { holder, ended })
        }
        _ => Ok(()),
    }
}

/// A session, bound to a pulse if an agent takes one.
///
/// The plain session comes first: its id is unique, so the pulse named after it is
/// nobody else's.
async fn session(consul: &Consul) -> Result<(SessionId, Option<Pulse>), OutsideError> {
    let plain = consul.create_session(None, SESSION_TTL, LOCK_DELAY).await?;
    let Ok(pulse) = consul.start_pulse(&plain, PULSE_TTL).await else {
        return Ok((plain, None));
    };
    for _ in 0..ATTEMPTS {
        match consul.create_session(Some(&pulse), SESSION_TTL, LOCK_DELAY).await {
            Ok(bound) => {
                consul.destroy_session(&plain).await?;
                return Ok((bound, Some(pulse)));
            }
            // The agent may not have synchronised the check with the servers yet.
            Err(OutsideError::Failed(_)) => tokio::time::sleep(RETRY).await,
            Err(error) => return Err(error),
        }
    }
    consul.stop_pulse(&pulse).await?;
    Ok((plain, None))
}

impl Keep for Lease {
    type Lost = LeaseLost;

    async fn keep(&self) -> LeaseLost {
        let patience = if self.pulse.is_some() { PULSE_PATIENCE } else { SESSION_PATIENCE };
        loop {
            tokio::time::sleep(BEAT).await;
            let until = self.confirmed.get() + patience;
            let sent = Instant::now();
            match tokio::time::timeout_at(until, self.beat()).await {
                Ok(Ok(true)) => self.confirmed.set(sent),
                Ok(Ok(false)) => return LeaseLost::Taken,
                Ok(Err(_)) if Instant::now() < until => {}
                Ok(Err(_)) | Err(_) => return LeaseLost::Unconfirmed,
            }
        }
    }
}
