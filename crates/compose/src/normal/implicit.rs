//! What a file implies: the default network, names of resources, dependencies that links
//! and shared namespaces bring, values from the environment.

use super::environment::fill;
use crate::nodes::{
    add_missing, entries, entries_mut, entry, flag, get_mut, items, items_mut, map, null, set,
    text, text_of,
};
use crate::paths::clean;
use crate::variables::Variables;
use text::report::Reporter;
use text::yaml::{Entry, Node, Span, Value, format_smolstr};

/// Adds all of it.
pub(super) fn add(root: &mut Node, name: &str, variables: &Variables, report: &Reporter) {
    default_network(root);
    if let Some(services) = get_mut(root, "services") {
        for Entry { value: service, .. } in entries_mut(services) {
            pull_policy(service);
            build(service, variables, report);
            if let Some(environment) = get_mut(service, "environment") {
                fill(environment, variables, report);
            }
            dependencies(service);
            targets(service);
        }
    }
    for key in ["networks", "volumes", "configs", "secrets"] {
        let section = get_mut(root, key).map(entries_mut).unwrap_or_default();
        for resource in section {
            resource_name(resource, name);
        }
    }
}

/// A network or volume that says nothing is one with no settings.
pub(super) fn nothing_is_empty(root: &mut Node) {
    for key in ["networks", "volumes"] {
        for resource in get_mut(root, key).map(entries_mut).unwrap_or_default() {
            if resource.value.is_null() {
                resource.value.value = Value::Map(Vec::new());
            }
        }
    }
}

/// Services without a network use `default`, which then exists.
fn default_network(root: &mut Node) {
    let mut used = None;
    if let Some(services) = get_mut(root, "services") {
        for Entry { at, value: service, .. } in entries_mut(services) {
            if service.get("provider").is_some() || service.get("network_mode").is_some() {
                continue;
            }
            let at = *at;
            let none = service.get("networks").is_none_or(|n| entries(&n.value).is_empty());
            if none {
                set(service, "networks", map(at, vec![entry("default", null(at))]));
            }
            let networks = service.get("networks").map(|networks| &networks.value);
            if networks.is_some_and(|networks| networks.get("default").is_some()) {
                used.get_or_insert(at);
            }
        }
    }
    let Some(at) = used else { return };
    add_missing(root, "networks", |_| map(at, Vec::new()));
    if let Some(networks) = get_mut(root, "networks") {
        if networks.is_null() {
            networks.value = Value::Map(Vec::new());
        }
        add_missing(networks, "default", |_| null(at));
    }
}

fn pull_policy(service: &mut Node) {
    if let Some(Node { value: Value::Scalar(policy), .. }) = get_mut(service, "pull_policy")
        && policy.text == "if_not_present"
    {
        policy.text = "missing".into();
    }
}

fn build(service: &mut Node, variables: &Variables, report: &Reporter) {
    let Some(build) = get_mut(service, "build") else { return };
    if build.get("context").is_none() {
        add_missing(build, "context", |at| text(at, ".", None));
    }
    if build.get("dockerfile").is_none() && build.get("dockerfile_inline").is_none() {
        add_missing(build, "dockerfile", |at| text(at, "Dockerfile", None));
    }
    if let Some(args) = get_mut(build, "args") {
        fill(args, variables, report);
        match &mut args.value {
            Value::Map(entries) => entries.retain(|entry| !entry.value.is_null()),
            Value::List(items) => {
                items.retain(|item| item.scalar().is_some_and(|scalar| scalar.text.contains('=')));
            }
            _ => {}
        }
    }
}

fn dependencies(service: &mut Node) {
    let mut more: Vec<(String, Span, bool)> = Vec::new();
    let texts = |key: &str| {
        let list = service.get(key).map(|found| items(&found.value)).unwrap_or_default();
        list.iter().filter_map(|item| Some((item.scalar()?.text.as_str(), item.span)))
    };
    for (link, at) in texts("links") {
        let mut parts = link.split(':');
        let name = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), Some(_), None) => name,
            _ => link,
        };
        more.push((name.to_owned(), at, true));
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        let Some(shared) = text_of(service, key).and_then(|m| m.strip_prefix("service:")) else {
            continue;
        };
        let at = service.get(key).map_or(service.span, |found| found.value.span);
        more.push((shared.to_owned(), at, true));
    }
    for (source, at) in texts("volumes_from") {
        if !source.starts_with("container:") {
            let name = source.split(':').next().unwrap_or(source);
            more.push((name.to_owned(), at, false));
        }
    }
    if more.is_empty() {
        return;
    }
    add_missing(service, "depends_on", |at| map(at, Vec::new()));
    let Some(known) = get_mut(service, "depends_on") else { return };
    for (name, at, restart) in more {
        add_missing(known, &name, |_| {
            map(
                at,
                vec![
                    entry("condition", text(at, "service_started", None)),
                    entry("restart", flag(at, restart)),
                    entry("required", flag(at, true)),
                ],
            )
        });
    }
}

fn targets(service: &mut Node) {
    let Some(mounts) = get_mut(service, "volumes") else { return };
    for mount in items_mut(mounts) {
        if let Some(Node { value: Value::Scalar(target), .. }) = get_mut(mount, "target") {
            target.text = clean(&target.text).into();
        }
    }
}

fn resource_name(resource: &mut Entry, project: &str) {
    let node = &mut resource.value;
    if node.is_null() {
        node.value = Value::Map(Vec::new());
    }
    let external = text_of(node, "external") == Some("true");
    let name =
        if external { resource.key.clone() } else { format_smolstr!("{project}_{}", resource.key) };
    add_missing(node, "name", |at| text(at, name, None));
}
