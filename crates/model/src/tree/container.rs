//! The container behind a replica, as it was seen.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use super::{Ownership, Time};
use crate::catalog::CheckStatus;
use crate::id::{CatalogId, ContainerId, ImageId, ImageRef, NetworkName, Revision};
use crate::observed::{Health, Probe, Status};

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerNode {
    /// Its full id.
    pub id: ContainerId,
    /// What makes it ours.
    pub owned_by: Ownership,
    /// The engine's word for its state.
    pub status: Status,
    /// Since when it is in that state: when it started, ended, or was made.
    pub since: Time,
    /// When it was made.
    pub created: Time,
    /// The exit code of its last end; `None` if it runs, or never ran.
    pub exit_code: Option<i64>,
    /// How often the engine's restart policy restarted it.
    pub restarts: u32,
    /// What its health check says; `None` without one.
    pub check: Option<CheckNode>,
    /// The image that it was made with, as the stack wrote it.
    pub image: ImageRef,
    /// Which image that was.
    pub image_id: ImageId,
    /// The revision that it was made from; `None` of one that was adopted.
    pub revision: Option<Revision>,
    /// Its ports, and those of the host that lead to them.
    pub ports: Vec<PortNode>,
    /// Its address on each network; `None` where it has none now.
    pub addresses: BTreeMap<NetworkName, Option<IpAddr>>,
    /// Its entries in Consul; `None` if Consul did not answer, empty without a Consul, too.
    pub entries: Option<Vec<EntryNode>>,
}

impl ContainerNode {
    /// Its state in the words of `docker ps`; `ago` writes how long ago a time was.
    #[must_use]
    pub fn words(&self, ago: impl Fn(Time) -> String) -> String {
        let since = ago(self.since);
        let code = self.exit_code.unwrap_or_default();
        let state = match self.status {
            Status::Created => format!("created {since} ago, never started"),
            Status::Running => format!("up {since}"),
            Status::Paused => format!("up {since} (paused)"),
            Status::Restarting => format!("restarting ({code}) {since} ago"),
            Status::Removing => "is being removed".to_owned(),
            Status::Exited => format!("exited ({code}) {since} ago"),
            Status::Dead => "dead".to_owned(),
        };
        match self.check.as_ref().filter(|_| self.status == Status::Running) {
            Some(check) => format!("{state} ({})", check.words()),
            None => state,
        }
    }
}

/// What a health check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckNode {
    /// The engine's word.
    pub status: Health,
    /// How often in a row it failed until now.
    pub failing_streak: u32,
    /// How its last run went; `None` if it passes, or nothing is known of one.
    pub last: Option<Probe>,
}

impl CheckNode {
    /// In the words of `docker ps`.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self.status {
            Health::Starting => "health: starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        }
    }
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PortNode {
    /// Its number and protocol, as in `80/tcp`.
    pub port: String,
    /// The address of the host that leads to it; `None` is every one.
    pub host_ip: Option<String>,
    /// The port of the host that leads to it; `None` if none does, or none was chosen yet.
    pub host_port: Option<String>,
}

impl std::fmt::Display for PortNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.host_ip, &self.host_port) {
            (Some(ip), Some(port)) if ip.contains(':') => write!(f, "[{ip}]:{port}->")?,
            (Some(ip), Some(port)) => write!(f, "{ip}:{port}->")?,
            (None, Some(port)) => write!(f, "{port}->")?,
            (_, None) => {}
        }
        f.write_str(&self.port)
    }
}

/// A service instance in Consul.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryNode {
    /// Its id.
    pub id: CatalogId,
    /// The service's name.
    pub service: String,
    /// Where it is reached.
    pub address: String,
    /// Its port; 0 if it has none.
    pub port: u16,
    /// What its check says.
    pub check: CheckStatus,
}
