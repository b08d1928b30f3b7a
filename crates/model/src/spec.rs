//! What a container, a network and a volume are, in the engine's own units.
//!
//! One type serves both sides of the comparison: the stack loader fills a
//! [`ContainerSpec`] from git, the engine adapter fills one from `inspect`, and the
//! planner compares them field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::{ImageRef, NetworkName};
use super::limits::Limits;
pub use super::mount::{Mount, MountSource, Propagation, Recursion, Relabel};
pub use super::network::{Attachment, IpamPool, NetworkSpec, VolumeSpec};
pub use super::platform::Platform;
use super::privilege::{Devices, Privileges};
use super::secret::Content;
use super::share::{Namespace, Peer, VolumesFrom};
use crate::serde_default::is_default;

/// What a container is. `None` (or empty, where absence and emptiness mean the same to
/// the engine) leaves the choice to the image or the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerSpec {
    /// The image as the stack writes it.
    pub image: ImageRef,
    /// `Config.Entrypoint`; `Some([])` clears the image's.
    #[serde(skip_serializing_if = "is_default")]
    pub entrypoint: Option<Vec<String>>,
    /// `Config.Cmd`; `Some([])` clears the image's.
    #[serde(skip_serializing_if = "is_default")]
    pub command: Option<Vec<String>>,
    /// Environment variables.
    #[serde(skip_serializing_if = "is_default")]
    pub env: BTreeMap<String, String>,
    /// Labels of the user; observed specs hold every label that inspect shows.
    #[serde(skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
    /// `Config.User`.
    #[serde(skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// `Config.WorkingDir`.
    #[serde(skip_serializing_if = "is_default")]
    pub working_dir: Option<String>,
    /// `Config.Hostname`; the engine invents one when this is `None`.
    #[serde(skip_serializing_if = "is_default")]
    pub hostname: Option<String>,
    /// `Config.Domainname`.
    #[serde(skip_serializing_if = "is_default")]
    pub domainname: Option<String>,
    /// `HostConfig.Annotations`, which the OCI runtime sees.
    #[serde(skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
    /// The platform of the image, `os/architecture[/variant]`; observed specs have none,
    /// the image knows it.
    #[serde(skip_serializing_if = "is_default")]
    pub platform: Option<Platform>,
    /// `Config.Healthcheck`.
    #[serde(skip_serializing_if = "is_default")]
    pub healthcheck: Option<Healthcheck>,
    /// `Config.StopSignal`.
    #[serde(skip_serializing_if = "is_default")]
    pub stop_signal: Option<String>,
    /// `Config.StopTimeout`, whole seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub stop_timeout: Option<u32>,
    /// `Config.ExposedPorts`.
    #[serde(skip_serializing_if = "is_default")]
    pub exposed: BTreeSet<Port>,
    /// `HostConfig.PortBindings`.
    #[serde(skip_serializing_if = "is_default")]
    pub published: BTreeSet<PublishedPort>,
    /// Mounts by target path: binds, named and anonymous volumes.
    #[serde(skip_serializing_if = "is_default")]
    pub mounts: BTreeMap<String, Mount>,
    /// `HostConfig.Tmpfs`: target path to mount options.
    #[serde(skip_serializing_if = "is_default")]
    pub tmpfs: BTreeMap<String, String>,
    /// Networks the container is attached to. Boxed, since a map has room for eleven where
    /// most containers have one.
    #[serde(skip_serializing_if = "is_default")]
    pub networks: BTreeMap<NetworkName, Box<Attachment>>,
    /// `HostConfig.NetworkMode` where it is none of `networks`.
    #[serde(skip_serializing_if = "is_default")]
    pub network_mode: Namespace,
    /// `HostConfig.IpcMode`.
    #[serde(skip_serializing_if = "is_default")]
    pub ipc: Namespace,
    /// `HostConfig.PidMode`.
    #[serde(skip_serializing_if = "is_default")]
    pub pid: Namespace,
    /// `HostConfig.UTSMode`: the host's, or its own.
    #[serde(skip_serializing_if = "is_default")]
    pub uts: Namespace,
    /// `HostConfig.UsernsMode`: the host's, or what the engine is configured for.
    #[serde(skip_serializing_if = "is_default")]
    pub userns: Namespace,
    /// `HostConfig.CgroupnsMode`: the host's or its own.
    #[serde(skip_serializing_if = "is_default")]
    pub cgroup: Namespace,
    /// `HostConfig.VolumesFrom`, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub volumes_from: Vec<VolumesFrom>,
    /// `HostConfig.Links`, `container:alias`; only the engine's own bridge knows them.
    #[serde(skip_serializing_if = "is_default")]
    pub links: BTreeSet<String>,
    /// `HostConfig.RestartPolicy`.
    #[serde(skip_serializing_if = "is_default")]
    pub restart: RestartPolicy,
    /// How much of the host it may use.
    #[serde(skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// What it may do to the host.
    #[serde(skip_serializing_if = "is_default")]
    pub privileges: Privileges,
    /// `HostConfig.Devices` and what else gives it hardware.
    #[serde(skip_serializing_if = "is_default")]
    pub devices: Devices,
    /// `HostConfig.LogConfig`.
    #[serde(skip_serializing_if = "is_default")]
    pub logging: Logging,
    /// `HostConfig.ReadonlyRootfs`.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// `HostConfig.Init`.
    #[serde(skip_serializing_if = "is_default")]
    pub init: Option<bool>,
    /// `Config.Tty`.
    #[serde(skip_serializing_if = "is_default")]
    pub tty: bool,
    /// `Config.OpenStdin`.
    #[serde(skip_serializing_if = "is_default")]
    pub stdin_open: bool,
    /// `HostConfig.ExtraHosts`, `name:address`.
    #[serde(skip_serializing_if = "is_default")]
    pub extra_hosts: BTreeSet<String>,
    /// `HostConfig.Dns`, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub dns: Vec<String>,
    /// `HostConfig.DnsSearch`, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub dns_search: Vec<String>,
    /// `HostConfig.DnsOptions`, in order.
    #[serde(skip_serializing_if = "is_default")]
    pub dns_options: Vec<String>,
    /// `HostConfig.Sysctls`.
    #[serde(skip_serializing_if = "is_default")]
    pub sysctls: BTreeMap<String, String>,
    /// `HostConfig.StorageOpt`, which the engine's storage driver reads.
    #[serde(skip_serializing_if = "is_default")]
    pub storage_options: BTreeMap<String, String>,
    /// `HostConfig.Runtime`: the OCI runtime, by the engine's name for it.
    #[serde(skip_serializing_if = "is_default")]
    pub runtime: Option<String>,
    /// `HostConfig.Isolation`, which only Windows has.
    #[serde(skip_serializing_if = "is_default")]
    pub isolation: Option<String>,
}

impl ContainerSpec {
    /// Every other container that it refers to, once.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        let namespaces = [&self.network_mode, &self.ipc, &self.pid].into_iter();
        let volumes = self.volumes_from.iter().map(|from| &from.peer);
        let all: BTreeSet<&Peer> = namespaces.filter_map(Namespace::peer).chain(volumes).collect();
        all.into_iter()
    }

    /// A container of this image with nothing else said.
    #[must_use]
    pub fn of_image(image: ImageRef) -> Self {
        Self {
            image,
            entrypoint: None,
            command: None,
            env: BTreeMap::new(),
            labels: BTreeMap::new(),
            user: None,
            working_dir: None,
            hostname: None,
            domainname: None,
            annotations: BTreeMap::new(),
            platform: None,
            healthcheck: None,
            stop_signal: None,
            stop_timeout: None,
            exposed: BTreeSet::new(),
            published: BTreeSet::new(),
            mounts: BTreeMap::new(),
            tmpfs: BTreeMap::new(),
            networks: BTreeMap::new(),
            network_mode: Namespace::Default,
            ipc: Namespace::Default,
            pid: Namespace::Default,
            uts: Namespace::Default,
            userns: Namespace::Default,
            cgroup: Namespace::Default,
            volumes_from: Vec::new(),
            links: BTreeSet::new(),
            restart: RestartPolicy::No,
            limits: Limits::default(),
            privileges: Privileges::default(),
            devices: Devices::default(),
            logging: Logging::default(),
            read_only: false,
            init: None,
            tty: false,
            stdin_open: false,
            extra_hosts: BTreeSet::new(),
            dns: Vec::new(),
            dns_search: Vec::new(),
            dns_options: Vec::new(),
            sysctls: BTreeMap::new(),
            storage_options: BTreeMap::new(),
            runtime: None,
            isolation: None,
        }
    }

    /// The networks in the order in which it is attached to them: those of the highest
    /// priority first, then by name.
    #[must_use]
    pub fn networks_in_order(&self) -> Vec<(&NetworkName, &Attachment)> {
        let mut all: Vec<_> = self.networks.iter().map(|(name, how)| (name, &**how)).collect();
        all.sort_by_key(|(_, attachment)| std::cmp::Reverse(attachment.priority));
        all
    }
}

impl ContainerSpec {
    /// The images whose files it mounts, and where.
    pub fn mounted_images(&self) -> impl Iterator<Item = (&str, &ImageRef)> {
        self.mounts.iter().filter_map(|(target, mount)| match &mount.source {
            MountSource::Image(image) => Some((target.as_str(), image)),
            _ => None,
        })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_what_is_said_only() {
        let mut spec = ContainerSpec::of_image("web".into());
        spec.limits.cpuset = "0-1".to_owned();
        spec.command = Some(Vec::new());
        let said =
            serde_json::json!({ "image": "web", "limits": { "cpuset": "0-1" }, "command": [] });
        assert_eq!(serde_json::to_value(&spec).unwrap(), said);
    }
}
