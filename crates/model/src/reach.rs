//! What the values of plain fields demand of the host.

use super::demand::Demand;
use super::field::Value;
use super::secret::is_sensitive_name;
use super::share::Namespace;

/// Kernel parameters that belong to a container's own namespaces.
const SYSCTLS: &[&str] = &["fs.mqueue.", "kernel.msg", "kernel.sem", "kernel.shm", "net."];

/// Options of a bridge that stay inside it.
const BRIDGE_OPTIONS: &[&str] = &[
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.enable_ip_masquerade",
    "com.docker.network.driver.mtu",
];

/// What stands in a demand for a part that is a secret: any value is granted with it.
const ANY: &str = "(any)";

fn names(value: Value<'_>) -> impl Iterator<Item = &String> {
    let (texts, set) = match value {
        Value::Texts(texts) => (Some(texts.keys()), None),
        Value::Set(set) => (None, Some(set.iter())),
        _ => (None, None),
    };
    texts.into_iter().flatten().chain(set.into_iter().flatten())
}

fn text(value: Value<'_>, demand: fn(String) -> Demand) -> Vec<Demand> {
    match value {
        Value::Text(text) if !text.is_empty() => vec![demand(text.to_owned())],
        _ => Vec::new(),
    }
}

/// Runtimes act on them.
pub(crate) fn annotations(value: Value<'_>) -> Vec<Demand> {
    names(value).cloned().map(Demand::Annotation).collect()
}

/// Parameters that are the host's, or may be.
pub(crate) fn sysctls(value: Value<'_>) -> Vec<Demand> {
    let hosts = |name: &&String| !SYSCTLS.iter().any(|prefix| name.starts_with(prefix));
    names(value).filter(hosts).cloned().map(Demand::Sysctl).collect()
}

/// Options for the driver that keeps the containers' files, also how large these may become: the
/// operator's own limit would no longer count.
pub(crate) fn storage_options(value: Value<'_>) -> Vec<Demand> {
    names(value).map(|name| Demand::Unknown(format!("HostConfig.StorageOpt.{name}"))).collect()
}

/// A runtime other than the engine's own.
pub(crate) fn runtime(value: Value<'_>) -> Vec<Demand> {
    text(value, Demand::Runtime)
}

/// Control groups beyond the operator's limits.
pub(crate) fn cgroup_parent(value: Value<'_>) -> Vec<Demand> {
    text(value, Demand::CgroupParent)
}

/// Another isolation than the engine's own.
pub(crate) fn isolation(value: Value<'_>) -> Vec<Demand> {
    match value {
        Value::Text("" | "default") => Vec::new(),
        _ => field("Isolation"),
    }
}

/// The host's own namespace.
pub(crate) fn namespace(kind: &str, value: Value<'_>) -> Vec<Demand> {
    match value {
        Value::Namespace(Namespace::Host) => vec![Demand::Namespace(format!("{kind}=host"))],
        _ => Vec::new(),
    }
}

/// Nothing stands between the container and the host.
pub(crate) fn privileged(value: Value<'_>) -> Vec<Demand> {
    if value.is_unset() { Vec::new() } else { vec![Demand::Privileged] }
}

/// More than the engine's own list.
pub(crate) fn capabilities(value: Value<'_>) -> Vec<Demand> {
    names(value).cloned().map(Demand::Capability).collect()
}

/// Rules of the kernel's list of devices.
pub(crate) fn device_rules(value: Value<'_>) -> Vec<Demand> {
    names(value).map(|rule| Demand::Device(format!("cgroup-rule:{rule}"))).collect()
}

/// The kernel takes the host's processes sooner.
pub(crate) fn oom_score(value: Value<'_>) -> Vec<Demand> {
    match value {
        Value::Number(score) if score < 0 => field("OomScoreAdj"),
        _ => Vec::new(),
    }
}

/// Whatever is set, as a demand for this field.
pub(crate) fn set(value: Value<'_>, member: &str) -> Vec<Demand> {
    if value.is_unset() { Vec::new() } else { field(member) }
}

fn field(member: &str) -> Vec<Demand> {
    vec![Demand::Unknown(format!("HostConfig.{member}"))]
}

/// A driver that attaches to the host's own networks.
pub(crate) fn network_driver(value: Value<'_>) -> Vec<Demand> {
    match value {
        Value::Text("bridge" | "overlay") => Vec::new(),
        _ => text(value, |driver| option("driver", &driver)),
    }
}

/// Options of a network that reach beyond it.
pub(crate) fn network_options(value: Value<'_>) -> Vec<Demand> {
    let Value::Texts(options) = value else { return Vec::new() };
    let beyond = options.iter().filter(|(name, _)| !BRIDGE_OPTIONS.contains(&name.as_str()));
    beyond.map(|(name, value)| option(name, value)).collect()
}

/// An IPAM driver gives the addresses.
pub(crate) fn ipam_driver(value: Value<'_>) -> Vec<Demand> {
    text(value, |_| Demand::Unknown("Network.IPAM.Driver".to_owned()))
}

/// Options of the IPAM driver.
pub(crate) fn ipam_options(value: Value<'_>) -> Vec<Demand> {
    if value.is_unset() {
        return Vec::new();
    }
    vec![Demand::Unknown("Network.IPAM.Options".to_owned())]
}

/// An option of a driver. What is secret in it (`o: username=ann,password=…`) is not shown, and
/// a grant of the rest grants any.
pub(crate) fn option(name: &str, value: &str) -> Demand {
    if is_sensitive_name(name) {
        return Demand::DriverOption(format!("{name}={ANY}"));
    }
    let parts = value.split(',').map(|part| match part.split_once('=') {
        Some((name, _)) if is_sensitive_name(name) && !is_file(part) => format!("{name}={ANY}"),
        _ => part.to_owned(),
    });
    Demand::DriverOption(format!("{name}={}", parts.collect::<Vec<_>>().join(",")))
}

/// Whether it names a file of the host (`credentials=/root/share`), which is no secret.
fn is_file(part: &str) -> bool {
    part.strip_prefix("credentials=").is_some_and(|path| path.starts_with('/'))
}
