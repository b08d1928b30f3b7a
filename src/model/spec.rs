//! What a container, a network and a volume are, in the engine's own units.
//!
//! One type serves both sides of the comparison: the stack loader fills a
//! [`ContainerSpec`] from git, the engine adapter fills one from `inspect`, and the
//! planner compares them field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::id::{ImageRef, NetworkName, VolumeName};
use super::secret::Content;
use super::share::{Namespace, VolumesFrom};

/// What a container is. `None` (or empty, where absence and emptiness mean the same to
/// the engine) leaves the choice to the image or the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerSpec {
    /// The image as the stack writes it.
    pub image: ImageRef,
    /// `Config.Entrypoint`; `Some([])` clears the image's.
    pub entrypoint: Option<Vec<String>>,
    /// `Config.Cmd`; `Some([])` clears the image's.
    pub command: Option<Vec<String>>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Labels of the user; observed specs hold every label that inspect shows.
    pub labels: BTreeMap<String, String>,
    /// `Config.User`.
    pub user: Option<String>,
    /// `Config.WorkingDir`.
    pub working_dir: Option<String>,
    /// `Config.Hostname`; the engine invents one when this is `None`.
    pub hostname: Option<String>,
    /// `Config.Healthcheck`.
    pub healthcheck: Option<Healthcheck>,
    /// `Config.StopSignal`.
    pub stop_signal: Option<String>,
    /// `Config.StopTimeout`, whole seconds.
    pub stop_timeout: Option<u32>,
    /// `Config.ExposedPorts`.
    pub exposed: BTreeSet<Port>,
    /// `HostConfig.PortBindings`.
    pub published: BTreeSet<PublishedPort>,
    /// Mounts by target path: binds, named and anonymous volumes.
    pub mounts: BTreeMap<String, Mount>,
    /// `HostConfig.Tmpfs`: target path to mount options.
    pub tmpfs: BTreeMap<String, String>,
    /// Networks the container is attached to.
    pub networks: BTreeMap<NetworkName, Attachment>,
    /// `HostConfig.NetworkMode` where it is none of `networks`.
    pub network_mode: Namespace,
    /// `HostConfig.IpcMode`.
    pub ipc: Namespace,
    /// `HostConfig.PidMode`.
    pub pid: Namespace,
    /// `HostConfig.VolumesFrom`, in order.
    pub volumes_from: Vec<VolumesFrom>,
    /// `HostConfig.Links`, `container:alias`; only the engine's own bridge knows them.
    pub links: BTreeSet<String>,
    /// `HostConfig.RestartPolicy`.
    pub restart: RestartPolicy,
    /// `HostConfig.Memory`, bytes; 0 is unlimited.
    pub memory: i64,
    /// `HostConfig.NanoCpus`, billionths of a CPU; 0 is unlimited.
    pub nano_cpus: i64,
    /// `HostConfig.CpuShares`; 0 is the engine's default.
    pub cpu_shares: i64,
    /// `HostConfig.PidsLimit`; 0 is unlimited.
    pub pids_limit: i64,
    /// `HostConfig.CapAdd`, without the `CAP_` prefix, upper case.
    pub cap_add: BTreeSet<String>,
    /// `HostConfig.CapDrop`, likewise.
    pub cap_drop: BTreeSet<String>,
    /// `HostConfig.ReadonlyRootfs`.
    pub read_only: bool,
    /// `HostConfig.Init`.
    pub init: Option<bool>,
    /// `Config.Tty`.
    pub tty: bool,
    /// `Config.OpenStdin`.
    pub stdin_open: bool,
    /// `HostConfig.ExtraHosts`, `name:address`.
    pub extra_hosts: BTreeSet<String>,
    /// `HostConfig.Dns`, in order.
    pub dns: Vec<String>,
    /// `HostConfig.DnsSearch`, in order.
    pub dns_search: Vec<String>,
}

impl ContainerSpec {
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
            volumes_from: Vec::new(),
            links: BTreeSet::new(),
            restart: RestartPolicy::No,
            memory: 0,
            nano_cpus: 0,
            cpu_shares: 0,
            pids_limit: 0,
            cap_add: BTreeSet::new(),
            cap_drop: BTreeSet::new(),
            read_only: false,
            init: None,
            tty: false,
            stdin_open: false,
            extra_hosts: BTreeSet::new(),
            dns: Vec::new(),
            dns_search: Vec::new(),
        }
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
}

impl Healthcheck {
    /// Whether this says "no health check" (`disable: true`).
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.test.first().is_some_and(|word| word == "NONE")
    }
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

/// Something mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Whether writing is refused.
    pub read_only: bool,
    /// For volumes: do not copy the image's content into a new one.
    pub no_copy: bool,
    /// For binds: whether a missing source may be made by the engine (Compose's
    /// short form). Observed mounts say `false`; it is no part of the comparison.
    pub create_host_path: bool,
}

/// What a mount shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountSource {
    /// An absolute path of the engine's host.
    Bind(String),
    /// A volume by its name on the engine.
    Volume(VolumeName),
    /// A volume that the engine names itself.
    Anonymous,
}

/// How a container is attached to a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Names under which it resolves there, beside its own name and id.
    pub aliases: BTreeSet<String>,
    /// `name:alias` pairs that resolve only inside this container.
    pub links: BTreeSet<String>,
    /// A fixed IPv4 address.
    pub ipv4: Option<String>,
    /// A fixed IPv6 address.
    pub ipv6: Option<String>,
}

/// What the engine itself does when the main process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RestartPolicy {
    /// Nothing.
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

/// What a network is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkSpec {
    /// Its name on the engine.
    pub name: NetworkName,
    /// `bridge` when the stack says nothing.
    pub driver: String,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// No route to the outside.
    pub internal: bool,
    /// Whether plain containers may attach to a Swarm network.
    pub attachable: bool,
    /// IPv6 on.
    pub ipv6: bool,
    /// Address pools; empty lets the engine choose one.
    pub pools: Vec<IpamPool>,
    /// Labels of the user; observed specs hold all.
    pub labels: BTreeMap<String, String>,
}

/// One address pool of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpamPool {
    /// The subnet in CIDR form.
    pub subnet: Option<String>,
    /// The part of it that the engine allocates from.
    pub ip_range: Option<String>,
    /// The gateway's address.
    pub gateway: Option<String>,
}

/// What a volume is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VolumeSpec {
    /// Its name on the engine.
    pub name: VolumeName,
    /// `local` when the stack says nothing.
    pub driver: String,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Labels of the user; observed specs hold all.
    pub labels: BTreeMap<String, String>,
}

/// How an image is built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The context folder inside the source's tree, `/`-separated, empty for its root.
    pub context: String,
    /// The Dockerfile's path inside the context.
    pub dockerfile: String,
    /// Build arguments; their values count as sensitive.
    pub args: BTreeMap<String, String>,
    /// The stage to stop at.
    pub target: Option<String>,
    /// Labels put on the image.
    pub labels: BTreeMap<String, String>,
    /// The hash of everything above and of the context's files: equal hash, no build.
    pub hash: Digest,
}
