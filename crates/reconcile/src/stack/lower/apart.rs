//! Keys of a service, or of two services, that exclude each other: an engine says so when the
//! first of the containers are there already.

use std::collections::BTreeSet;

use super::nodes::{items, map, says_true, text};
use crate::stack::codes::{HOLDS, NO_EFFECT};
use compose::codes::EXCLUSIVE;
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Node};

/// Networks that each engine has from the start, and has once.
const OF_ENGINE: [&str; 3] = ["bridge", "host", "none"];

/// Checks the services and networks of a stack in normal form.
pub(super) fn check(root: &Node, report: &Reporter) {
    let networks = map(root, "networks");
    for Entry { value, .. } in networks {
        if let Some((driver, at)) = text(value, "driver")
            && matches!(driver, "host" | "null" | "none")
        {
            let help = "write `network_mode: host` or `network_mode: none` of the service";
            let what = format!("an engine has one network of the driver {}", quote(at));
            report.error_help(HOLDS, at.span, what, help);
        }
    }
    let services = map(root, "services");
    for Entry { value: service, .. } in services {
        host(service, report);
        ipc(service, services, report);
        mounts(service, report);
        interfaces(service, report);
        for Entry { key, at, .. } in map(service, "networks") {
            let network = networks.iter().find(|network| network.key == *key);
            let name = network.and_then(|network| text(&network.value, "name"));
            if let Some((name, _)) = name.filter(|(name, _)| OF_ENGINE.contains(name)) {
                let what = format!("on the engine's own network `{name}` no service has a name");
                let help = format!("write `network_mode: {name}` instead");
                report.error_help(EXCLUSIVE, *at, what, help);
            }
        }
    }
}

fn mode<'n>(service: &'n Node, key: &str) -> &'n str {
    text(service, key).map_or("", |(word, _)| word)
}

/// What a container that shares with the host cannot have of its own.
fn host(service: &Node, report: &Reporter) {
    let hosts = |mode: &str, keys: &[&str]| {
        for field in keys.iter().filter_map(|key| service.get(key)) {
            let asks = !items(service, &field.key).is_empty() || field.value.scalar().is_some();
            if self::mode(service, mode) == "host" && asks {
                let message = format!("`{}` and `{mode}: host` exclude each other", field.key);
                report.error_help(EXCLUSIVE, field.at, message, "keep one of them");
            }
        }
    };
    hosts("network_mode", &["links", "external_links"]);
    hosts("uts", &["hostname", "domainname"]);
    // Another runtime may be a machine of its own.
    if !matches!(mode(service, "runtime"), "" | "runc") {
        return;
    }
    for Entry { key, at, .. } in map(service, "sysctls") {
        let key = key.replace('/', ".");
        let shared = match Namespace::of(&key) {
            Some(Namespace::Network) => "network_mode",
            Some(Namespace::Ipc) => "ipc",
            Some(Namespace::Uts) => "uts",
            None if key == "kernel.hostname" => {
                report.error_help(EXCLUSIVE, *at, "the engine sets it", "write `hostname`");
                continue;
            }
            None => {
                let what = format!(
                    "`{key}` is the same for all containers of a host, and runc refuses it"
                );
                let help = "set it on the host, unless its engine has another runtime";
                report.warn_as(HOLDS, *at, what, Some(help.to_owned()));
                continue;
            }
        };
        if mode(service, shared) == "host" {
            let message = format!("`sysctls.{key}` and `{shared}: host` exclude each other");
            report.error_help(EXCLUSIVE, *at, message, "set it on the host");
        }
    }
}

/// What a kernel parameter belongs to, of what a container can have for itself.
enum Namespace {
    Network,
    Ipc,
    Uts,
}

impl Namespace {
    fn of(key: &str) -> Option<Self> {
        const IPC: [&str; 8] =
            ["msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"];
        let kernel = key.strip_prefix("kernel.");
        if key.starts_with("net.") {
            return Some(Self::Network);
        }
        if key.starts_with("fs.mqueue.") || kernel.is_some_and(|name| IPC.contains(&name)) {
            return Some(Self::Ipc);
        }
        (kernel == Some("domainname")).then_some(Self::Uts)
    }
}

/// Whether the service whose IPC objects are shared shares them.
fn ipc(service: &Node, services: &[Entry], report: &Reporter) {
    let Some((word, at)) = text(service, "ipc") else { return };
    let Some(name) = word.strip_prefix("service:") else { return };
    let Some(other) = services.iter().find(|entry| entry.key == name) else { return };
    let help = format!("write `ipc: shareable` of `{name}`");
    match mode(&other.value, "ipc") {
        "private" | "none" => {
            let message = format!("`{name}` keeps its IPC objects to itself");
            report.error_help(EXCLUSIVE, at.span, message, help);
        }
        "" => {
            let message = format!("`{name}` shares its IPC objects only if its engine says so");
            report.warn_as(NO_EFFECT, at.span, message, Some(help));
        }
        _ => {}
    }
}

/// What one mount says twice: a source and no source, read-only and writable.
fn mounts(service: &Node, report: &Reporter) {
    for mount in items(service, "volumes") {
        let source = mount.get("source").filter(|_| !mode(mount, "source").is_empty());
        if let Some(field) = source.filter(|_| mode(mount, "type") == "tmpfs") {
            let message = "`source` and `type: tmpfs` exclude each other";
            let help = "remove it: what is in memory begins empty";
            report.error_help(EXCLUSIVE, field.at, message, help);
        }
        let recursive = mount.get("bind").and_then(|bind| bind.value.get("recursive"));
        let read_only = recursive
            .filter(|field| field.value.scalar().is_some_and(|scalar| scalar.text == "readonly"));
        if let Some(field) = read_only.filter(|_| !says_true(mount, "read_only")) {
            let message = "`recursive: readonly` is only for what is `read_only`";
            report.error_help(EXCLUSIVE, field.at, message, "write `read_only: true` as well");
        }
    }
}

/// A network interface has its name once in a container.
fn interfaces(service: &Node, report: &Reporter) {
    let mut names = BTreeSet::new();
    for Entry { value, .. } in map(service, "networks") {
        if let Some((name, at)) = text(value, "interface_name")
            && !name.is_empty()
            && !names.insert(name)
        {
            let message = format!("{} is the name of two interfaces", quote(at));
            report.error_help(EXCLUSIVE, at.span, message, "give each its own name");
        }
    }
}
