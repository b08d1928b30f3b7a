//! What the values of plain fields demand of the host.

use super::demand::Demand;
use super::field::Value;
use super::share::Namespace;

/// Kernel parameters that belong to a container's own namespaces.
const SYSCTLS: &[&str] = &["fs.mqueue.", "kernel.msg", "kernel.sem", "kernel.shm", "net."];

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
