//! The parts of a container's spec that have members of their own: health check, log, ports,
//! restart policy, files.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::secret::Content;
use crate::serde_default::is_default;

/// A container's health check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", "…"]` or `["NONE"]`; empty inherits the image's.
    pub test: Vec<String>,
    /// Time between two checks; `None` is the engine's 30 s.
    pub interval: Option<Duration>,
    /// Longest time one check may take; `None` is the engine's 30 s.
    pub timeout: Option<Duration>,
    /// Failures in a row until unhealthy; `None` is the engine's 3.
    pub retries: Option<u32>,
    /// Time during which failures do not count; `None` is 0.
    pub start_period: Option<Duration>,
    /// Time between two checks during that time; `None` is the engine's 5 s.
    pub start_interval: Option<Duration>,
}

impl Healthcheck {
    /// Whether this says "no health check" (`disable: true`).
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.test.first().is_some_and(|word| word == "NONE")
    }
}

/// Where the engine puts what a container writes to its outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logging {
    /// `LogConfig.Type`; `None` is the engine's default, options included.
    #[serde(skip_serializing_if = "is_default")]
    pub driver: Option<String>,
    /// `LogConfig.Config`.
    #[serde(skip_serializing_if = "is_default")]
    pub options: BTreeMap<String, String>,
}

/// A transport protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// The name in the engine's API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// A port inside a container. Written `80/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Port {
    /// The number.
    pub number: u16,
    /// The protocol.
    pub protocol: Protocol,
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol.as_str())
    }
}

/// A port of the host that leads to one of the container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublishedPort {
    /// The container's port.
    pub container: Port,
    /// The host's address; `None` means all.
    pub host_ip: Option<String>,
    /// The host's port or range (`8080`, `9000-9010`); `None` lets the engine choose.
    pub host_port: Option<String>,
}

impl PublishedPort {
    /// The path under which its place is noted; without that, the one of the container's port
    /// is found.
    #[must_use]
    pub fn path(&self) -> String {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("ports.{}.{}:{}", self.container, part(&self.host_ip), part(&self.host_port))
    }
}

/// What the engine itself does when the main process ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RestartPolicy {
    /// Nothing.
    #[default]
    No,
    /// Restart, also after the engine's own restart.
    Always,
    /// Restart unless it was stopped by hand.
    UnlessStopped,
    /// Restart after a failure, at most so often (0 is without limit).
    OnFailure(u32),
}

/// A file that is put into a container between its creation and its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSpec {
    /// Absolute path in the container.
    pub target: String,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits, for example `0o444`.
    pub mode: u32,
    /// The bytes.
    pub content: Content,
}
