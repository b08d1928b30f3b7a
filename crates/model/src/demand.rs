//! The parts of the host that a stack can ask for.

use std::fmt;

use super::diagnostic::Code;

/// A bind mount outside of the deployment's own tree.
pub const BIND: Code = Code("E0601");
/// More than a plain container may do to the host's kernel and devices.
pub const PRIVILEGE: Code = Code("E0602");
/// Something that belongs to the host or to others: a namespace, a network, a volume.
pub const SHARING: Code = Code("E0603");
/// A volume or network whose driver reaches the host.
pub const DRIVER: Code = Code("E0604");
/// A build with more than its context.
pub const BUILDING: Code = Code("E0605");

/// Something of the host that a container, network, volume or build asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// A bind mount of this path, lexically normalised.
    Bind(String),
    /// `privileged`.
    Privileged,
    /// A namespace of the host or of a container outside the deployment:
    /// `network=host`, `pid=container:…`.
    Namespace(String),
    /// A device of the host, or a device request.
    Device(String),
    /// An added capability, upper case without `CAP_`.
    Capability(String),
    /// A `security_opt`; a seccomp profile by the hash of its text.
    SecurityOpt(String),
    /// Mounts made in the container that appear on the host: `rshared`.
    Propagation(String),
    /// A kernel parameter that is no namespace's.
    Sysctl(String),
    /// An annotation for the OCI runtime.
    Annotation(String),
    /// A log driver that leaves the engine's own files.
    LogDriver(String),
    /// An OCI runtime.
    Runtime(String),
    /// A cgroup parent.
    CgroupParent(String),
    /// A network outside the deployment, by its name.
    Network(String),
    /// A volume outside the deployment, by its name.
    Volume(String),
    /// Addresses of a network that are not private ones: the host's own way to them is taken.
    Subnet(String),
    /// A Compose project of the deployment's name that was started from this folder.
    Project(String),
    /// Driver options of a volume or network that reach the host (`type=none,o=bind`).
    DriverOption(String),
    /// A build with the host's network or with entitlements.
    Build(String),
    /// Anything else that this version does not know to be harmless, by its API field.
    Unknown(String),
}

impl Demand {
    /// Which kind of demand it is, as `reconciler explain` knows it.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Bind(_) => BIND,
            Self::Privileged
            | Self::Device(_)
            | Self::Capability(_)
            | Self::SecurityOpt(_)
            | Self::Propagation(_)
            | Self::Sysctl(_)
            | Self::Annotation(_)
            | Self::LogDriver(_)
            | Self::Runtime(_)
            | Self::CgroupParent(_)
            | Self::Unknown(_) => PRIVILEGE,
            Self::Namespace(_)
            | Self::Network(_)
            | Self::Volume(_)
            | Self::Subnet(_)
            | Self::Project(_) => SHARING,
            Self::DriverOption(_) => DRIVER,
            Self::Build(_) => BUILDING,
        }
    }

    /// The word for it in the operator's list, and its value if it takes one.
    #[must_use]
    pub fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Bind(v) => ("bind", Some(v)),
            Self::Privileged => ("privileged", None),
            Self::Namespace(v) => ("namespace", Some(v)),
            Self::Device(v) => ("device", Some(v)),
            Self::Capability(v) => ("capability", Some(v)),
            Self::SecurityOpt(v) => ("security-opt", Some(v)),
            Self::Propagation(v) => ("propagation", Some(v)),
            Self::Sysctl(v) => ("sysctl", Some(v)),
            Self::Annotation(v) => ("annotation", Some(v)),
            Self::LogDriver(v) => ("log-driver", Some(v)),
            Self::Runtime(v) => ("runtime", Some(v)),
            Self::CgroupParent(v) => ("cgroup-parent", Some(v)),
            Self::Network(v) => ("network", Some(v)),
            Self::Volume(v) => ("volume", Some(v)),
            Self::Subnet(v) => ("subnet", Some(v)),
            Self::Project(v) => ("project", Some(v)),
            Self::DriverOption(v) => ("driver-option", Some(v)),
            Self::Build(v) => ("build", Some(v)),
            Self::Unknown(v) => ("field", Some(v)),
        }
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (word, Some(value)) => write!(f, "{word}={value}"),
            (word, None) => f.write_str(word),
        }
    }
}
