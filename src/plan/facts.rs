//! A container as a list of named facts, the same for the desired and the observed side.
//! What is at its default is no fact.

mod host;
mod mounts;
mod shares;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::fields;
use crate::model::labels;
use crate::model::spec::{Attachment, ContainerSpec, Healthcheck, PublishedPort};

/// Facts by path, each as text.
pub(super) type Facts = BTreeMap<String, String>;

/// Everything that is compared of a container, except its image and its files.
pub(super) fn facts(spec: &ContainerSpec) -> Facts {
    let mut facts = Facts::new();
    process(spec, &mut facts);
    health(spec.healthcheck.as_ref(), &mut facts);
    networks(spec, &mut facts);
    host::host(spec, &mut facts);
    host::limits(&spec.limits, &mut facts);
    host::privileges(spec, &mut facts);
    host::devices(&spec.devices, &mut facts);
    mounts::mounts(spec, &mut facts);
    shares::shares(spec, &mut facts);
    facts
}

/// The paths of facts with which an engine may do as it likes, as far as the stack asks for
/// them: one that it fills in, only then can be missed; one that it dropped once, it will
/// drop again.
pub(super) fn asked(spec: &ContainerSpec) -> Vec<String> {
    let may_differ = |path: &String| fields::is_filled_in(path) || fields::is_dropped(path);
    facts(spec).into_keys().filter(may_differ).collect()
}

fn process(spec: &ContainerSpec, facts: &mut Facts) {
    let mut or_nothing = |path: &str, value: &Option<String>| {
        text(facts, path, value.as_deref().unwrap_or_default());
    };
    or_nothing("user", &spec.user);
    or_nothing("working_dir", &spec.working_dir);
    or_nothing("hostname", &spec.hostname);
    or_nothing("domainname", &spec.domainname);
    or_nothing("stop_signal", &spec.stop_signal);
    for (path, list) in [("entrypoint", &spec.entrypoint), ("command", &spec.command)] {
        if let Some(words) = list.as_ref().filter(|words| !words.is_empty()) {
            facts.insert(path.to_owned(), words_text(words));
        }
    }
    map(facts, "environment", &spec.env);
    map(facts, "annotations", &spec.annotations);
    for (name, value) in spec.labels.iter().filter(|(name, _)| !labels::is_reserved(name)) {
        facts.insert(format!("labels.{name}"), value.clone());
    }
    if let Some(seconds) = spec.stop_timeout {
        facts.insert("stop_grace_period".to_owned(), format!("{seconds}s"));
    }
    flag(facts, "tty", spec.tty);
    flag(facts, "stdin_open", spec.stdin_open);
}

fn health(check: Option<&Healthcheck>, facts: &mut Facts) {
    let Some(check) = check.filter(|check| !check.test.is_empty()) else { return };
    facts.insert("healthcheck.test".to_owned(), words_text(&check.test));
    if check.is_disabled() {
        return;
    }
    let spans = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start_period", check.start_period),
        ("start_interval", check.start_interval),
    ];
    for (name, span) in spans {
        if let Some(span) = span.filter(|span| !span.is_zero()) {
            let text = humantime::format_duration(span).to_string();
            facts.insert(format!("healthcheck.{name}"), text);
        }
    }
    if let Some(retries) = check.retries.filter(|retries| *retries > 0) {
        facts.insert("healthcheck.retries".to_owned(), retries.to_string());
    }
}

fn networks(spec: &ContainerSpec, facts: &mut Facts) {
    for (name, attachment) in &spec.networks {
        facts.insert(format!("networks.{name}"), "attached".to_owned());
        text(facts, &format!("network_config.{name}"), &attachment_text(attachment));
        if let Some(mac) = &attachment.mac {
            facts.insert(format!("mac_address.{name}"), mac.clone());
        }
    }
    let ports: BTreeSet<_> =
        spec.exposed.iter().copied().chain(spec.published.iter().map(|p| p.container)).collect();
    for port in ports {
        facts.insert(format!("expose.{port}"), "exposed".to_owned());
    }
    for published in &spec.published {
        let entry = facts.entry(format!("ports.{}", published.container)).or_default();
        if !entry.is_empty() {
            entry.push_str(", ");
        }
        entry.push_str(&published_text(published));
    }
}

fn attachment_text(attachment: &Attachment) -> String {
    let mut config = Vec::new();
    config.extend(attachment.aliases.iter().map(|alias| format!("alias {alias}")));
    config.extend(attachment.links.iter().map(|link| format!("link {link}")));
    config.extend(attachment.ipv4.iter().map(|ip| format!("ipv4 {ip}")));
    config.extend(attachment.ipv6.iter().map(|ip| format!("ipv6 {ip}")));
    config.extend(attachment.link_local.iter().map(|ip| format!("link-local {ip}")));
    config.extend(attachment.interface.iter().map(|name| format!("interface {name}")));
    let options = attachment.driver_opts.iter();
    config.extend(options.map(|(name, value)| format!("option {name}={value}")));
    if attachment.gateway_priority != 0 {
        config.push(format!("gateway priority {}", attachment.gateway_priority));
    }
    config.join(", ")
}

fn text(facts: &mut Facts, path: &str, value: &str) {
    if !value.is_empty() {
        facts.insert(path.to_owned(), value.to_owned());
    }
}

fn flag(facts: &mut Facts, path: &str, value: bool) {
    if value {
        facts.insert(path.to_owned(), "true".to_owned());
    }
}

fn number(facts: &mut Facts, path: &str, value: i64) {
    if value != 0 {
        facts.insert(path.to_owned(), value.to_string());
    }
}

fn map(facts: &mut Facts, head: &str, map: &BTreeMap<String, impl Display>) {
    facts.extend(map.iter().map(|(name, value)| (format!("{head}.{name}"), value.to_string())));
}

fn set(facts: &mut Facts, head: &str, set: &BTreeSet<String>, word: &str) {
    facts.extend(set.iter().map(|name| (format!("{head}.{name}"), word.to_owned())));
}

fn words_text(words: &[String]) -> String {
    serde_json::to_string(words).expect("BUG: strings are always valid JSON")
}

fn published_text(port: &PublishedPort) -> String {
    let ip = port.host_ip.as_deref().unwrap_or("0.0.0.0");
    format!("{ip}:{}", port.host_port.as_deref().unwrap_or("any"))
}
