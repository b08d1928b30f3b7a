//! Parts of a project in normal form: some of its services with what they depend on, and
//! only what these use of the rest.

use std::collections::{BTreeMap, BTreeSet};

use text::suggest::did_you_mean;
use text::yaml::{Entry, Node, Value};

use super::super::setup::Refusal;

/// The keys of a section, in the order of the file.
pub(in crate::cli) fn names<'a>(root: &'a Node, section: &str) -> Vec<&'a str> {
    entries(root, section).iter().map(|entry| entry.key.as_str()).collect()
}

fn entries<'a>(node: &'a Node, key: &str) -> &'a [Entry] {
    match node.get(key).map(|entry| &entry.value.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}

fn entries_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Vec<Entry>> {
    let Value::Map(all) = &mut node.value else { return None };
    let entry = all.iter_mut().find(|entry| entry.key == key)?;
    match &mut entry.value.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}

/// The services, each after those it depends on, else by name.
pub(in crate::cli) fn service_order(root: &Node, only: &[String]) -> Result<Vec<String>, Refusal> {
    let services: BTreeMap<&str, &Node> =
        entries(root, "services").iter().map(|entry| (entry.key.as_str(), &entry.value)).collect();
    let absent = only.iter().find(|name| !services.contains_key(name.as_str()));
    if let Some(name) = absent {
        let help = did_you_mean(name, services.keys().copied());
        let refusal = Refusal::invalid(format!("there is no service `{name}`"));
        return Err(match help {
            Some(help) => refusal.with_help(help),
            None => refusal,
        });
    }
    let mut order = Vec::new();
    let mut seen = BTreeSet::new();
    let start = services.keys().filter(|name| only.is_empty() || only.iter().any(|o| o == *name));
    for name in start {
        visit(name, &services, &mut seen, &mut order);
    }
    Ok(order)
}

/// Goes down with a stack of its own: a chain of dependencies may be long.
fn visit<'a>(
    start: &'a str,
    services: &BTreeMap<&'a str, &'a Node>,
    seen: &mut BTreeSet<&'a str>,
    order: &mut Vec<String>,
) {
    let mut open = vec![(start, false)];
    while let Some((name, done)) = open.pop() {
        if done {
            order.push(name.to_owned());
            continue;
        }
        let Some((name, service)) = services.get_key_value(name) else { continue };
        if !seen.insert(name) {
            continue;
        }
        open.push((name, true));
        let mut wanted: Vec<&str> =
            entries(service, "depends_on").iter().map(|entry| entry.key.as_str()).collect();
        wanted.sort_unstable();
        open.extend(wanted.into_iter().rev().map(|name| (name, false)));
    }
}

/// Keeps these services, and what they depend on only as far as it is kept.
pub(in crate::cli) fn select(root: &mut Node, keep: &[String]) {
    let keep: BTreeSet<&str> = keep.iter().map(String::as_str).collect();
    let Some(services) = entries_mut(root, "services") else { return };
    services.retain(|service| keep.contains(service.key.as_str()));
    for service in services {
        let Some(wanted) = entries_mut(&mut service.value, "depends_on") else { continue };
        wanted.retain(|entry| keep.contains(entry.key.as_str()));
        let is_empty = wanted.is_empty();
        if let (true, Value::Map(keys)) = (is_empty, &mut service.value.value) {
            keys.retain(|entry| entry.key != "depends_on");
        }
    }
}

/// Takes out networks, volumes, configs, secrets and models that no service uses.
pub(in crate::cli) fn without_unused(root: &mut Node) {
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for service in entries(root, "services") {
        let service = &service.value;
        for section in ["networks", "models"] {
            let names = entries(service, section).iter().map(|entry| entry.key.to_string());
            used.entry(section).or_default().extend(names);
        }
        for section in ["configs", "secrets"] {
            used.entry(section).or_default().extend(sources(service, section));
        }
        if let Some(build) = service.get("build") {
            used.entry("secrets").or_default().extend(sources(&build.value, "secrets"));
        }
        let volumes =
            list(service, "volumes").iter().filter(|mount| text(mount, "type") == Some("volume"));
        let names = volumes.filter_map(|mount| text(mount, "source")).map(str::to_owned);
        used.entry("volumes").or_default().extend(names);
    }
    for (section, used) in used {
        if let Some(entries) = entries_mut(root, section) {
            entries.retain(|entry| used.contains(entry.key.as_str()));
        }
    }
    if let Value::Map(sections) = &mut root.value {
        sections.retain(|section| match (section.key.as_str(), &section.value.value) {
            ("networks" | "volumes" | "configs" | "secrets" | "models", Value::Map(entries)) => {
                !entries.is_empty()
            }
            _ => true,
        });
    }
}

fn list<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    match node.get(key).map(|entry| &entry.value.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key)?.value.scalar().map(|scalar| scalar.text.as_str())
}

fn sources(node: &Node, section: &str) -> Vec<String> {
    list(node, section).iter().filter_map(|one| text(one, "source")).map(str::to_owned).collect()
}
