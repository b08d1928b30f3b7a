//! Consul: the catalog, the ledger in KV, and what leadership needs.
//!
//! Facts this rests on, measured with Consul 1.8.7:
//! - `?stale` reads answer empty after a server restart, default reads never do: every
//!   read asks for the leader's answer.
//! - A token without rights may get 200 with nothing in it. So an empty answer is only
//!   believed beside the *canary*, a key that every first write of ours also writes, or
//!   if Consul itself states that neither canary nor old ledger exists (a question that
//!   needs the right to read them).
//! - A write that begins with `check-session` is refused as a whole for a stale leader.
//! - A write that changes nothing moves no index and wakes no watcher.

mod call;
mod catalog;
mod facts;
mod kv;
mod register;
mod session;
mod settings;
mod txn;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::http::HttpClient;
use model::action::Action;
use model::id::{EngineName, InstallationId, NodeName};
use model::target::Outcome;
use world::OutsideError;

use call::Api;
pub use facts::Right;
pub use session::{Pulse, SessionId};
pub use settings::{ConsulSettings, SetupError, Token};

/// Connections kept open, and reads made at once.
const CONCURRENCY: usize = 8;

/// One Consul, for one installation. Cloning shares connections and fence.
#[derive(Clone)]
pub struct Consul {
    shared: Arc<Shared>,
}

struct Shared {
    api: Api,
    installation: InstallationId,
    nodes: BTreeMap<EngineName, NodeName>,
    addresses: BTreeMap<NodeName, String>,
    fence: Mutex<Option<Fence>>,
}

/// What every write is checked against: a key that a session must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fence {
    session: SessionId,
    key: String,
}

impl Consul {
    /// A client. Nothing is connected before the first call.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn new(settings: &ConsulSettings) -> Result<Self, SetupError> {
        let (nodes, addresses) = settings.nodes()?;
        let http = HttpClient::new(settings.endpoint()?, CONCURRENCY)
            .map_err(|error| SetupError::Address(error.to_string()))?;
        let shared = Shared {
            api: Api::new(http, settings.token.clone()),
            installation: settings.installation.clone(),
            nodes,
            addresses,
            fence: Mutex::new(None),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// From now on every write carries the condition that `session` holds `key`; if it
    /// does not, nothing is written and the answer is [`OutsideError::Conflict`].
    pub fn fence(&self, session: &SessionId, key: &str) {
        let fence = Fence { session: session.clone(), key: key.to_owned() };
        *self.shared.fence.lock().unwrap_or_else(PoisonError::into_inner) = Some(fence);
    }

    /// Carries out one [`Action::Register`] or [`Action::Deregister`] in one transaction.
    ///
    /// # Errors
    /// [`OutsideError::Forbidden`] if node or entry belong to another installation or program,
    /// [`OutsideError::Conflict`] if the fence or what was read just before does not
    /// hold any more.
    pub async fn act(&self, action: &Action) -> Result<Outcome, OutsideError> {
        match action {
            Action::Register { node, entries } => self.register(node, entries).await?,
            Action::Deregister { node, ids } => self.deregister(node, ids).await?,
            other => {
                return Err(OutsideError::Failed(format!(
                    "BUG: not an action of the catalog: {other:?}"
                )));
            }
        }
        Ok(Outcome::Done)
    }

    fn fenced_by(&self) -> Option<Fence> {
        self.shared.fence.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A key of this installation.
    fn key(&self, name: &str) -> String {
        format!("reconciler/{}/{name}", self.shared.installation)
    }
}

impl fmt::Debug for Consul {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Consul({:?})", self.shared.api)
    }
}

#[cfg(test)]
mod tests;
