//! A container as a list of named facts, the same for the desired and the observed side.
//! What is at its default is no fact.

mod host;
mod mounts;
mod plain;
mod shares;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

pub(in crate::plan) use self::plain::write as write_plain;
use super::effective::Side;
use model::fields;
use model::id::NetworkName;
use model::spec::{Attachment, ContainerSpec, Healthcheck, Port, PublishedPort};

/// Facts by path, each as text.
pub(in crate::plan) type Facts = BTreeMap<String, String>;

/// Facts that are collected group by group, of one container or of two that are compared.
trait FieldSet<'s> {
    /// One group: its value, and how that is written. Of two containers in which it is the same
    /// nothing is written: comparing is much cheaper.
    fn group<T: PartialEq>(&mut self, of: impl Fn(Side<'s>) -> T, write: impl Fn(T, &mut Facts));
}

/// All facts of one container.
struct All<'s> {
    side: Side<'s>,
    facts: Facts,
}

impl<'s> FieldSet<'s> for All<'s> {
    fn group<T: PartialEq>(&mut self, of: impl Fn(Side<'s>) -> T, write: impl Fn(T, &mut Facts)) {
        write(of(self.side), &mut self.facts);
    }
}

/// The facts of two containers, without groups in which they agree.
struct Diff<'s> {
    sides: [Side<'s>; 2],
    facts: [Facts; 2],
}

impl<'s> FieldSet<'s> for Diff<'s> {
    fn group<T: PartialEq>(&mut self, of: impl Fn(Side<'s>) -> T, write: impl Fn(T, &mut Facts)) {
        let [one, other] = self.sides;
        let (one, other) = (of(one), of(other));
        if one != other {
            write(one, &mut self.facts[0]);
            write(other, &mut self.facts[1]);
        }
    }
}

/// Everything that is compared of a container, except its image and its files.
fn collect<'s>(set: &mut impl FieldSet<'s>) {
    for field in fields::plain() {
        set.group(|side| side.value(field), |value, facts| plain::write(field, value, facts));
    }
    process(set);
    set.group(Side::healthcheck, health);
    set.group(|side| &side.spec.networks, attachments);
    set.group(|side| (side.exposed(), &side.spec.published), ports);
    host::host(set);
    set.group(Side::mounts, |mounts, facts| mounts::mounts(&mounts, facts));
    set.group(|side| &side.spec.tmpfs, mounts::tmpfs);
    shares::shares(set);
}

/// All facts of a container.
pub(super) fn facts(side: Side<'_>) -> Facts {
    let mut set = All { side, facts: Facts::new() };
    collect(&mut set);
    set.facts
}

/// The facts of two containers in which they may differ: where one has a fact that the other
/// lacks or has otherwise, it is there, and so are all of its group.
pub(super) fn differing_facts(one: Side<'_>, other: Side<'_>) -> [Facts; 2] {
    let mut set = Diff { sides: [one, other], facts: [Facts::new(), Facts::new()] };
    collect(&mut set);
    set.facts
}

/// The paths of facts with which an engine or the operator may do as they like, as far as the
/// stack asks for them: one that they fill in, only then can be missed; one that the engine
/// dropped once, it will drop again.
pub(in crate::plan) fn asked(spec: &ContainerSpec) -> Vec<String> {
    let may_differ = |path: &String| {
        fields::is_chosen_by_engine(path)
            || fields::is_chosen_by_operator(path)
            || fields::is_dropped(path)
    };
    let side = Side { spec, image: None, filled_in: None };
    facts(side).into_keys().filter(may_differ).collect()
}

fn process<'s>(set: &mut impl FieldSet<'s>) {
    for (path, of) in [
        ("entrypoint", Side::entrypoint as fn(Side<'s>) -> Option<&'s [String]>),
        ("command", Side::command),
    ] {
        set.group(of, |words, facts| {
            if let Some(words) = words.filter(|words| !words.is_empty()) {
                facts.insert(path.to_owned(), words_text(words));
            }
        });
    }
    set.group(Side::env, |env, facts| map(facts, "environment", env.iter()));
    set.group(Side::labels, |labels, facts| map(facts, "labels", labels.iter()));
}

fn health(check: Option<Cow<'_, Healthcheck>>, facts: &mut Facts) {
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

fn attachments(networks: &BTreeMap<NetworkName, Box<Attachment>>, facts: &mut Facts) {
    for (name, attachment) in networks {
        facts.insert(format!("networks.{name}"), "attached".to_owned());
        text(facts, &format!("network_config.{name}"), &attachment_text(attachment));
        if let Some(mac) = &attachment.mac {
            facts.insert(format!("mac_address.{name}"), mac.clone());
        }
    }
}

fn ports(
    (exposed, published): (Cow<'_, BTreeSet<Port>>, &BTreeSet<PublishedPort>),
    facts: &mut Facts,
) {
    let published_ports = published.iter().map(|published| &published.container);
    for port in exposed.iter().chain(published_ports) {
        facts.insert(format!("expose.{port}"), "exposed".to_owned());
    }
    for published in published {
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

fn map(facts: &mut Facts, head: &str, map: impl IntoIterator<Item = (impl Display, impl Display)>) {
    let named = |(name, value)| (format!("{head}.{name}"), format!("{value}"));
    facts.extend(map.into_iter().map(named));
}

fn words_text(words: &[String]) -> String {
    serde_json::to_string(words).expect("BUG: strings are always valid JSON")
}

fn published_text(port: &PublishedPort) -> String {
    let ip = port.host_ip.as_deref().unwrap_or("0.0.0.0");
    format!("{ip}:{}", port.host_port.as_deref().unwrap_or("any"))
}

#[cfg(test)]
mod tests;
