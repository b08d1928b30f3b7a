//! Sessions, and the agent's check that ends one within seconds: the calls that
//! `adapters::lease` is made of.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::Consul;
use super::kv::kv_path;
use super::wire::KeyValue;
use crate::http::percent_encoded;
use model::catalog::owner_meta;
use world::OutsideError;

/// A session's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionId(String);

impl SessionId {
    /// Wraps an id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A service of ours on the agent's own node, with one TTL check: when it is not
/// confirmed in time, sessions bound to the check end at once.
///
/// A check of the node itself would do the same, and with its failure take every other
/// service of that node out of DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulse {
    node: String,
    id: String,
}

impl Pulse {
    fn check(&self) -> String {
        format!("service:{}", self.id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AgentSelf {
    config: AgentConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AgentConfig {
    node_name: String,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "ID")]
    id: String,
}

/// A lock's key as seen.
pub(crate) struct Lock {
    /// Its holder, if it has one.
    pub(crate) session: Option<SessionId>,
    /// Its value.
    pub(crate) value: Vec<u8>,
    /// How often it was acquired.
    pub(crate) epoch: u64,
    /// Moves whenever the key changes.
    index: u64,
}

impl Consul {
    /// Registers a pulse on the agent that answers, named after a session that nobody
    /// else has, and confirms it once.
    pub(crate) async fn start_pulse(
        &self,
        name: &SessionId,
        ttl: &str,
    ) -> Result<Pulse, OutsideError> {
        let api = &self.shared.api;
        let agent: AgentSelf = api.get("/v1/agent/self", &[]).await?.success()?.json()?;
        let pulse = Pulse {
            node: agent.config.node_name,
            id: format!("reconciler-{}-{}", self.shared.installation, name.as_str()),
        };
        let service = json!({
            "Name": "reconciler",
            "ID": pulse.id,
            "Meta": owner_meta(&self.shared.installation),
            "Check": {
                "CheckID": pulse.check(),
                "Name": "reconciler is alive",
                "TTL": ttl,
                "Status": "passing",
                // After a crash nobody else removes it. One minute is Consul's least.
                "DeregisterCriticalServiceAfter": "1m",
            },
        });
        api.put("/v1/agent/service/register", service.to_string()).await?.success()?;
        match self.confirm_pulse(&pulse).await {
            Ok(()) => Ok(pulse),
            Err(error) => {
                // Behind a load balancer the next call may reach another agent.
                self.stop_pulse(&pulse).await?;
                Err(error)
            }
        }
    }

    /// Says that we are alive. The note never changes, so nothing is written to the
    /// catalog.
    pub(crate) async fn confirm_pulse(&self, pulse: &Pulse) -> Result<(), OutsideError> {
        let path = format!("/v1/agent/check/pass/{}", percent_encoded(&pulse.check()));
        self.shared.api.put(&path, "").await?.success()?;
        Ok(())
    }

    /// Removes a pulse from its agent.
    pub(crate) async fn stop_pulse(&self, pulse: &Pulse) -> Result<(), OutsideError> {
        let path = format!("/v1/agent/service/deregister/{}", percent_encoded(&pulse.id));
        // 404: gone already, or never known to the agent that answered.
        self.shared.api.put(&path, "").await?;
        Ok(())
    }

    /// Makes a session that releases its locks when it ends.
    pub(crate) async fn create_session(
        &self,
        pulse: Option<&Pulse>,
        ttl: &str,
        lock_delay: &str,
    ) -> Result<SessionId, OutsideError> {
        let mut session = json!({
            "Name": format!("reconciler {}", self.shared.installation),
            "TTL": ttl,
            "LockDelay": lock_delay,
            "Behavior": "release",
        });
        if let Some(pulse) = pulse {
            session["Node"] = pulse.node.as_str().into();
            session["NodeChecks"] = json!(["serfHealth"]);
            session["ServiceChecks"] = json!([{ "ID": pulse.check() }]);
        }
        let answer = self.shared.api.put("/v1/session/create", session.to_string()).await?;
        Ok(SessionId(answer.success()?.json::<Created>()?.id))
    }

    /// Prolongs a session; `false` if it has ended.
    pub(crate) async fn renew_session(&self, session: &SessionId) -> Result<bool, OutsideError> {
        let path = format!("/v1/session/renew/{}", percent_encoded(session.as_str()));
        let answer = self.shared.api.put(&path, "").await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        answer.success()?;
        Ok(true)
    }

    /// Ends a session.
    pub(crate) async fn destroy_session(&self, session: &SessionId) -> Result<(), OutsideError> {
        let path = format!("/v1/session/destroy/{}", percent_encoded(session.as_str()));
        self.shared.api.put(&path, "").await?.success()?;
        Ok(())
    }

    /// Takes a lock if it is free; `false` if it is not, or was lost by force less than
    /// its lock delay ago.
    pub(crate) async fn take_lock(
        &self,
        key: &str,
        session: &SessionId,
        value: Vec<u8>,
    ) -> Result<bool, OutsideError> {
        let path = format!("{}?acquire={}", kv_path(key), percent_encoded(session.as_str()));
        self.shared.api.put(&path, value).await?.success()?.json()
    }

    /// Gives a lock back, so that the next holder need not wait for the lock delay.
    pub(crate) async fn give_lock(
        &self,
        key: &str,
        session: &SessionId,
    ) -> Result<bool, OutsideError> {
        let path = format!("{}?release={}", kv_path(key), percent_encoded(session.as_str()));
        self.shared.api.put(&path, "").await?.success()?.json()
    }

    /// A lock's key; `None` if it was never taken.
    pub(crate) async fn read_lock(&self, key: &str) -> Result<Option<Lock>, OutsideError> {
        let Some(found) = self.read_key(key).await? else {
            return Ok(None);
        };
        let value = found.decode()?;
        let KeyValue { session, lock_index, modify_index: index, .. } = found;
        Ok(Some(Lock { session: session.map(SessionId), value, epoch: lock_index, index }))
    }

    /// Returns when a lock that is held may have changed hands, or after some seconds; at
    /// once if nobody holds it.
    pub(crate) async fn lock_moved(&self, key: &str) -> Result<(), OutsideError> {
        match self.read_lock(key).await? {
            Some(Lock { session: Some(_), index, .. }) => self.key_changed(key, index).await,
            _ => Ok(()),
        }
    }

    /// The key that the leader of this installation holds.
    pub(crate) fn leader_key(&self) -> String {
        self.key("leader")
    }
}
