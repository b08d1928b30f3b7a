//! Files without `services:`: those of Fig and of the first Compose, whose services are at
//! the top. They are read by the rules that docker-compose 1 had for them, and then become
//! what they are today.

use super::codes::{EXTENDS, LEGACY};
use super::files::Named;
use super::merge;
use super::path::Path;
use text::report::Reporter;
use text::suggest::did_you_mean;
use text::yaml::{Entry, Kind, Node, Scalar, Span, Value, format_smolstr};

/// What a service could have.
const KEYS: [&str; 49] = [
    "build",
    "cap_add",
    "cap_drop",
    "cgroup_parent",
    "command",
    "container_name",
    "cpu_quota",
    "cpu_shares",
    "cpuset",
    "devices",
    "dns",
    "dns_search",
    "dockerfile",
    "domainname",
    "entrypoint",
    "env_file",
    "environment",
    "expose",
    "extends",
    "external_links",
    "extra_hosts",
    "hostname",
    "image",
    "ipc",
    "labels",
    "links",
    "log_driver",
    "log_opt",
    "mac_address",
    "mem_limit",
    "mem_swappiness",
    "memswap_limit",
    "net",
    "pid",
    "ports",
    "privileged",
    "read_only",
    "restart",
    "security_opt",
    "shm_size",
    "stdin_open",
    "stop_signal",
    "tty",
    "ulimits",
    "user",
    "volume_driver",
    "volumes",
    "volumes_from",
    "working_dir",
];
/// What makes a file one of today.
const TODAY: [&str; 8] =
    ["services", "version", "name", "include", "networks", "volumes", "configs", "secrets"];

/// Whether the services of a file are at its top.
pub(crate) fn is_legacy(root: &Node) -> bool {
    let Value::Map(entries) = &root.value else { return false };
    let is_service = |entry: &Entry| {
        let has =
            |key| entry.value.get(key).is_some_and(|e| !matches!(e.value.value, Value::Map(_)));
        has("image") || has("build") || entry.value.get("extends").is_some()
    };
    let of_today = |entry: &Entry| TODAY.contains(&entry.key.as_str()) && !is_service(entry);
    !entries.iter().any(of_today) && entries.iter().any(is_service)
}

/// The file with its services where they belong. Keys that it cannot have are reported.
pub(crate) fn wrap(root: Node, report: &Reporter) -> Node {
    let span = root.span;
    let Value::Map(entries) = root.value else { return root };
    let services: Vec<Entry> =
        entries.into_iter().filter(|entry| !entry.key.starts_with("x-")).collect();
    for service in &services {
        let Value::Map(keys) = &service.value.value else {
            let what = service.value.describe();
            let message = format!("`{}`: a service must be a map, not {what}", service.key);
            report.refuse_as(LEGACY, service.value.span, message, None);
            continue;
        };
        for Entry { key, at, .. } in keys {
            if !KEYS.contains(&key.as_str()) {
                let message =
                    format!("`{}.{key}`: a file without `services:` has no such key", service.key);
                let help = did_you_mean(key, KEYS)
                    .unwrap_or_else(|| "put all services below `services:`".to_owned());
                report.refuse_as(LEGACY, *at, message, Some(help));
            }
        }
    }
    map(span, vec![entry("services", map(span, services))])
}

/// What is extended must not bring what belongs to its own surroundings.
pub(crate) fn check_base(base: &mut Node, named: Named<'_>, report: &Reporter) {
    let Value::Map(keys) = &mut base.value else { return };
    keys.retain(|Entry { key, value, .. }| {
        let container = || value.scalar().is_some_and(|net| net.text.starts_with("container:"));
        let foreign = match key.as_str() {
            "links" | "volumes_from" => true,
            "net" => container(),
            _ => false,
        };
        if foreign {
            let message = named.message(&format!("a service with `{key}` cannot be extended"));
            report.refuse_as(EXTENDS, named.at, message, None);
        }
        !foreign
    });
}

/// Merges a file onto another.
pub(crate) fn merge(model: &mut Node, mut tree: Node, report: &Reporter) {
    if model.get("services").is_none() {
        return merge::merge(model, tree, &Path::Root, report);
    }
    for service in services(&mut tree) {
        if let Some(base) = services(model).iter_mut().find(|base| base.key == service.key) {
            make_room(&mut base.value, &service.value);
        }
    }
    merge::merge(model, tree, &Path::Root, report);
    for service in services(model) {
        arrange(&mut service.value);
    }
}

fn services(root: &mut Node) -> &mut [Entry] {
    let Value::Map(sections) = &mut root.value else { return &mut [] };
    let section = sections.iter_mut().find(|entry| entry.key == "services");
    match section.map(|entry| &mut entry.value.value) {
        Some(Value::Map(services)) => services,
        _ => &mut [],
    }
}

/// An image replaces a build, and the other way round.
pub(crate) fn make_room(base: &mut Node, over: &Node) {
    let Value::Map(entries) = &mut base.value else { return };
    if over.get("image").is_some() {
        entries.retain(|entry| entry.key != "build");
    } else if over.get("build").is_some() {
        entries.retain(|entry| entry.key != "image");
    }
}

/// Puts the lists of a merged service into the order in which docker-compose 1 left them.
pub(crate) fn arrange(service: &mut Node) {
    let Value::Map(entries) = &mut service.value else { return };
    for Entry { key, value, .. } in entries {
        let Value::List(items) = &mut value.value else { continue };
        match key.as_str() {
            "volumes" | "devices" => items.sort_by_cached_key(|item| target(item, 1)),
            "ports" => items.sort_by_cached_key(|item| {
                let target = target(item, usize::MAX);
                let number = target.split(['/', '-']).next().and_then(|n| n.parse::<u32>().ok());
                (number, target)
            }),
            "cap_add" | "cap_drop" | "expose" | "external_links" | "volumes_from" | "links"
            | "security_opt" => {
                items.sort_by_cached_key(text);
                items.dedup_by_key(|item| text(item));
            }
            _ => {}
        }
    }
}

/// Makes services of today of those of a merged file.
pub(crate) fn upgrade(model: &mut Node, report: &Reporter) {
    let Value::Map(sections) = &mut model.value else { return };
    for section in sections.iter_mut().filter(|entry| entry.key == "services") {
        let Value::Map(services) = &mut section.value.value else { continue };
        let names: Vec<String> = services.iter().map(|service| service.key.to_string()).collect();
        for service in services {
            let at = service.at;
            if let Value::Map(keys) = &mut service.value.value {
                check(&service.key, at, keys, report);
                let old = std::mem::take(keys);
                *keys = upgraded(old, at, &names);
            }
        }
    }
}

/// A service had an image or a build.
fn check(name: &str, at: Span, keys: &[Entry], report: &Reporter) {
    let has = |key: &str| keys.iter().any(|entry| entry.key == key);
    if has("image") && (has("build") || has("dockerfile")) {
        let message = format!("`services.{name}`: this has both an image and a build");
        let help = "a file without `services:` can have only one of them".to_owned();
        report.refuse_as(LEGACY, at, message, Some(help));
    }
}

fn upgraded(old: Vec<Entry>, at: Span, services: &[String]) -> Vec<Entry> {
    let (mut keys, mut logging, mut dockerfile, mut network) = (Vec::new(), Vec::new(), None, None);
    for mut key in old {
        match key.key.as_str() {
            "net" => network = Some(Entry { value: network_mode(key.value, services), ..key }),
            "log_driver" => logging.push(Entry { key: "driver".into(), ..key }),
            "log_opt" => logging.push(Entry { key: "options".into(), ..key }),
            "dockerfile" => dockerfile = Some(key),
            "build" if key.value.scalar().is_some() => {
                let context = Entry { key: "context".into(), ..key };
                keys.push(entry("build", map(context.value.span, vec![context])));
            }
            "volumes_from" => {
                if let Value::List(items) = &mut key.value.value {
                    for item in items {
                        from_container(item, services);
                    }
                }
                keys.push(key);
            }
            _ => keys.push(key),
        }
    }
    if let Some(dockerfile) = dockerfile {
        let span = dockerfile.value.span;
        match keys.iter_mut().find(|entry| entry.key == "build").map(|entry| &mut entry.value.value)
        {
            Some(Value::Map(build)) => build.push(dockerfile),
            _ => keys.push(entry("build", map(span, vec![dockerfile]))),
        }
    }
    if let Some(first) = logging.first() {
        keys.push(entry("logging", map(first.at, logging)));
    }
    let network = network.map(|net| Entry { key: "network_mode".into(), ..net });
    keys.push(network.unwrap_or_else(|| entry("network_mode", scalar(at, "bridge"))));
    keys
}

/// `container:NAME` of a service is its container.
fn network_mode(mut net: Node, services: &[String]) -> Node {
    if let Value::Scalar(scalar) = &mut net.value
        && let Some(name) = scalar.text.strip_prefix("container:")
        && services.iter().any(|service| service == name)
    {
        scalar.text = format_smolstr!("service:{name}");
    }
    net
}

/// A name that is no service is a container; the mode is always said.
fn from_container(item: &mut Node, services: &[String]) {
    if let Value::Scalar(scalar) = &mut item.value {
        let (name, mode) = scalar.text.split_once(':').unwrap_or((&scalar.text, "rw"));
        let container = !services.iter().any(|service| service == name);
        let kind = if container { "container:" } else { "" };
        scalar.text = format_smolstr!("{kind}{name}:{mode}");
    }
}

/// The part of a mount, device or port that is inside the container: the one after the
/// first `:`, or after the last.
fn target(item: &Node, after: usize) -> String {
    if let Some(entry) = item.get("target") {
        return text(&entry.value);
    }
    let text = text(item);
    let parts: Vec<&str> = text.split(':').collect();
    parts[after.min(parts.len() - 1)].to_owned()
}

fn text(node: &Node) -> String {
    node.scalar().map(|scalar| scalar.text.to_string()).unwrap_or_default()
}

fn map(span: Span, entries: Vec<Entry>) -> Node {
    Node { span, value: Value::Map(entries) }
}

fn entry(key: &str, value: Node) -> Entry {
    Entry { key: key.into(), at: value.span, value }
}

fn scalar(span: Span, text: &str) -> Node {
    let scalar = Scalar { text: text.into(), kind: Kind::Text, sensitive: false };
    Node { span, value: Value::Scalar(scalar) }
}
