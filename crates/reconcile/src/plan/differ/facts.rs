//! A container as a list of named facts, the same for the desired and the observed side.
//! What is at its default is no fact.

mod host;
mod mounts;
mod shares;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::effective::Side;
use super::fields;
use model::id::NetworkName;
use model::spec::{Attachment, ContainerSpec, Healthcheck, Port, PublishedPort};

/// Facts by path, each as text.
pub(super) type Facts = BTreeMap<String, String>;

/// What is written down of a container, or of two that are compared.
trait Page<'s> {
    /// One section: what it tells of, and how that is written. Of two containers for which
    /// that is the same nothing is written: comparing it is much cheaper.
    fn section<T: PartialEq>(&mut self, of: impl Fn(Side<'s>) -> T, write: impl Fn(T, &mut Facts));
}

/// All facts of one container.
struct Whole<'s> {
    side: Side<'s>,
    facts: Facts,
}

impl<'s> Page<'s> for Whole<'s> {
    fn section<T: PartialEq>(&mut self, of: impl Fn(Side<'s>) -> T, write: impl Fn(T, &mut Facts)) {
        write(of(self.side), &mut self.facts);
    }
}

/// The facts of two containers, without sections in which they agree.
struct Contrast<'s> {
    sides: [Side<'s>; 2],
    facts: [Facts; 2],
}

impl<'s> Page<'s> for Contrast<'s> {
    fn section<T: PartialEq>(&mut self, of: impl Fn(Side<'s>) -> T, write: impl Fn(T, &mut Facts)) {
        let [one, other] = self.sides;
        let (one, other) = (of(one), of(other));
        if one != other {
            write(one, &mut self.facts[0]);
            write(other, &mut self.facts[1]);
        }
    }
}

/// Everything that is compared of a container, except its image and its files.
fn sections<'s>(page: &mut impl Page<'s>) {
    process(page);
    page.section(Side::healthcheck, health);
    page.section(|side| &side.spec.networks, attachments);
    page.section(|side| (side.exposed(), &side.spec.published), ports);
    host::host(page);
    page.section(Side::limits, |limits, facts| host::limits(&limits, facts));
    page.section(host::privileges_of, host::privileges);
    page.section(|side| &side.spec.devices, host::devices);
    page.section(Side::mounts, |mounts, facts| mounts::mounts(&mounts, facts));
    page.section(|side| &side.spec.tmpfs, mounts::tmpfs);
    shares::shares(page);
}

/// All facts of a container.
fn facts(spec: &ContainerSpec) -> Facts {
    let mut page = Whole { side: Side { spec, image: None, filled_in: None }, facts: Facts::new() };
    sections(&mut page);
    page.facts
}

/// The facts of two containers in which they may differ: where one has a fact that the other
/// lacks or has otherwise, it is there, and so are all of its section.
pub(super) fn differing_facts(one: Side<'_>, other: Side<'_>) -> [Facts; 2] {
    let mut page = Contrast { sides: [one, other], facts: [Facts::new(), Facts::new()] };
    sections(&mut page);
    page.facts
}

/// The paths of facts with which an engine or the operator may do as they like, as far as the
/// stack asks for them: one that they fill in, only then can be missed; one that the engine
/// dropped once, it will drop again.
pub(in crate::plan) fn asked(spec: &ContainerSpec) -> Vec<String> {
    let may_differ = |path: &String| {
        fields::is_filled_in(path) || fields::is_dropped(path) || fields::is_resolver(path)
    };
    facts(spec).into_keys().filter(may_differ).collect()
}

fn process<'s>(page: &mut impl Page<'s>) {
    for (path, of) in [
        ("user", Side::user as fn(Side<'s>) -> &'s str),
        ("working_dir", Side::working_dir),
        ("hostname", |side| side.spec.hostname.as_deref().unwrap_or_default()),
        ("domainname", |side| side.spec.domainname.as_deref().unwrap_or_default()),
        ("stop_signal", Side::stop_signal),
    ] {
        page.section(of, |value, facts| text(facts, path, value));
    }
    for (path, of) in [
        ("entrypoint", Side::entrypoint as fn(Side<'s>) -> Option<&'s [String]>),
        ("command", Side::command),
    ] {
        page.section(of, |words, facts| {
            if let Some(words) = words.filter(|words| !words.is_empty()) {
                facts.insert(path.to_owned(), words_text(words));
            }
        });
    }
    page.section(Side::env, |env, facts| map(facts, "environment", env.iter()));
    page.section(|side| &side.spec.annotations, |all, facts| map(facts, "annotations", all));
    page.section(Side::labels, |labels, facts| map(facts, "labels", labels.iter()));
    page.section(
        |side| side.spec.stop_timeout,
        |timeout, facts| {
            if let Some(seconds) = timeout {
                facts.insert("stop_grace_period".to_owned(), format!("{seconds}s"));
            }
        },
    );
    page.section(|side| side.spec.tty, |on, facts| flag(facts, "tty", on));
    page.section(|side| side.spec.stdin_open, |on, facts| flag(facts, "stdin_open", on));
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

fn map(facts: &mut Facts, head: &str, map: impl IntoIterator<Item = (impl Display, impl Display)>) {
    let named = |(name, value)| (format!("{head}.{name}"), format!("{value}"));
    facts.extend(map.into_iter().map(named));
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

#[cfg(test)]
mod tests;
