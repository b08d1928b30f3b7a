//! What a stack may demand of the host, and what the operator granted.
//!
//! Whoever can push to git is the author of stacks, not of the host. The planner asks
//! [`HostPolicy::permits`] about every demand of a deployment; the engine adapter asks
//! it again about the final body of every request that changes something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::diagnostic::Code;
use super::id::DeploymentId;
pub use super::own_tree::OwnTree;

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

/// What the operator allows. The default denies everything.
#[derive(Clone, Debug, Default)]
pub struct HostPolicy {
    /// Everything is allowed: a local folder on a terminal, or `--trust-stacks`.
    pub permissive: bool,
    /// Grants by deployment, each written like a [`Demand`]: `bind=/srv/data` (that path
    /// and what is below), `capability=NET_ADMIN`, `privileged`. The key `*` is for all.
    pub grants: BTreeMap<String, BTreeSet<String>>,
}

impl HostPolicy {
    /// A policy that allows everything.
    #[must_use]
    pub fn permissive() -> Self {
        Self { permissive: true, ..Self::default() }
    }

    /// Whether this deployment may have this, links [followed](OwnTree::follow). Binds
    /// inside its own `tree` on the engine's host need no grant, unless a container can
    /// change where they lead.
    #[must_use]
    pub fn permits(
        &self,
        deployment: &DeploymentId,
        tree: Option<&OwnTree>,
        demand: &Demand,
    ) -> bool {
        self.permissive
            || match demand {
                Demand::Bind(path) => self.ground(deployment, tree, path).is_some(),
                demand => self.grants(deployment, demand),
            }
    }

    /// The path that a bind is permitted for: the deployment's own folder, a granted one
    /// above it, or just the path itself. What may lead anywhere, because a container can put
    /// a link there, is permitted by its own name only.
    #[must_use]
    pub fn ground(
        &self,
        deployment: &DeploymentId,
        tree: Option<&OwnTree>,
        path: &str,
    ) -> Option<String> {
        let path = normalise(path);
        let granted = self.granted(deployment).filter_map(|grant| grant.strip_prefix("bind="));
        let mut granted = granted.map(normalise).filter(|folder| is_within(&path, folder));
        if let Some(tree) = tree {
            if tree.is_changeable(&path) {
                return granted.find(|folder| *folder == path);
            }
            if tree.holds(&path) {
                return tree.folder.clone();
            }
        }
        granted.max_by_key(String::len)
    }

    /// Whether the operator granted exactly this: also a permissive policy does not say
    /// that another folder holds the same stack.
    #[must_use]
    pub fn grants(&self, deployment: &DeploymentId, demand: &Demand) -> bool {
        self.granted(deployment).any(|grant| covers(grant, demand))
    }

    fn granted(&self, deployment: &DeploymentId) -> impl Iterator<Item = &str> {
        let keys = [deployment.as_str(), "*"].map(|key| self.grants.get(key));
        keys.into_iter().flatten().flatten().map(String::as_str)
    }
}

/// Whether a grant covers a demand: equal, or for binds a folder above it.
fn covers(grant: &str, demand: &Demand) -> bool {
    match (grant.split_once('='), demand) {
        (Some(("bind", folder)), Demand::Bind(path)) => is_within(path, folder),
        _ => grant == demand.to_string(),
    }
}

/// Whether `path` is `folder` or lies below it. Both must be absolute; `..` is resolved
/// first, so that `/srv/../etc` lies in `/etc`.
#[must_use]
pub fn is_within(path: &str, folder: &str) -> bool {
    let (path, folder) = (normalise(path), normalise(folder));
    path == folder
        || folder == "/"
        || path.strip_prefix(&folder).is_some_and(|r| r.starts_with('/'))
}

/// Resolves `.`, `..` and repeated slashes of an absolute path, lexically.
#[must_use]
pub fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_allowed_by_default() {
        let policy = HostPolicy::default();
        assert!(!policy.permits(&"abc".into(), None, &Demand::Privileged));
        assert!(!policy.permits(&"abc".into(), None, &Demand::Bind("/".to_owned())));
    }

    #[test]
    fn a_bind_grant_covers_the_folder_and_nothing_that_climbs_out() {
        let mut policy = HostPolicy::default();
        policy.grants.insert("abc".to_owned(), ["bind=/srv/data".to_owned()].into());
        let may =
            |id: &str, path: &str| policy.permits(&id.into(), None, &Demand::Bind(path.to_owned()));
        assert!(may("abc", "/srv/data/x"));
        assert!(!may("abc", "/srv/database"));
        assert!(!may("abc", "/srv/data/../../etc"));
        assert!(!may("xyz", "/srv/data"));
    }
}
