//! `ports` and `expose`.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::keys;
use compose::codes::{PORT, WORD};
use model::spec::{Port, Protocol, PublishedPort};
use text::read::quote;
use text::report::Reporter;
use text::yaml::Node;

/// How many ports a service may expose, ranges written out.
const MOST: usize = 70_000;

/// Reads `ports`.
pub(super) fn published(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    let mut seen = BTreeSet::new();
    for item in report.list("ports", node) {
        let Some(port) = port(item, report) else { continue };
        draft.first_port.get_or_insert(port.container.number);
        // The first is found by the container's port.
        let path = if seen.insert(port.container) {
            format!("ports.{}", port.container)
        } else {
            port.path()
        };
        report.note(&mut draft.origins, path, item.span);
        report.note(&mut draft.origins, format!("expose.{}", port.container), item.span);
        draft.spec.exposed.insert(port.container);
        draft.spec.published.insert(port);
    }
}

fn port(node: &Node, report: &Reporter) -> Option<PublishedPort> {
    let (mut target, mut host_port, mut host_ip, mut protocol) = (None, None, None, Protocol::Tcp);
    for field in keys::PORT.admitted(node, report) {
        let (key, value) = (field.key.as_str(), &field.value);
        let text = report.text(key, value)?;
        match key {
            "target" => target = number(&text),
            "published" => host_port = Some(text).filter(|text| !text.is_empty()),
            "host_ip" => host_ip = Some(text).filter(|text| !text.is_empty()),
            "protocol" => protocol = protocol_of(&text, value, report)?,
            _ => {}
        }
    }
    let Some(number) = target else {
        report.error(PORT, node.span, "a port's `target` is a number from 1 to 65535");
        return None;
    };
    Some(PublishedPort { container: Port { number, protocol }, host_ip, host_port })
}

/// Reads `expose`. The first published port stays the first.
pub(super) fn exposed(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    let mut left = MOST;
    for item in report.list("expose", node) {
        let Some(text) = report.text("expose", item) else { continue };
        let (range, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
        let Some(protocol) = protocol_of(protocol, item, report) else { continue };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            report.error(
                PORT,
                item.span,
                format!("{} is not a port or a range of ports", quote(item)),
            );
            continue;
        };
        let count = usize::from(last.saturating_sub(first)) + 1;
        let Some(rest) = left.checked_sub(count) else {
            report.error(PORT, item.span, format!("a service exposes at most {MOST} ports"));
            return;
        };
        left = rest;
        for number in first..=last {
            let port = Port { number, protocol };
            report.note(&mut draft.origins, format!("expose.{port}"), item.span);
            draft.spec.exposed.insert(port);
        }
    }
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

fn protocol_of(name: &str, node: &Node, report: &Reporter) -> Option<Protocol> {
    match name.to_ascii_lowercase().as_str() {
        "tcp" | "" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => Some(Protocol::Sctp),
        _ => {
            let message = format!("`{name}` is not a protocol of a port");
            report.error_help(WORD, node.span, message, "it is one of `tcp`, `udp` and `sctp`");
            None
        }
    }
}
