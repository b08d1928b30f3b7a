//! `ports` and `expose`: the short grammar `[ip:][host:]container[/protocol]` with
//! ranges, and the long form.

use std::net::IpAddr;

use super::keys;
use super::service::Draft;
use crate::model::spec::{Port, Protocol, PublishedPort};
use crate::text::read::quote;
use crate::text::report::Reporter;
use crate::text::suggest::did_you_mean;
use crate::text::yaml::{Node, Value};

/// How many ports a service may name, ranges written out.
const MOST: usize = 70_000;

/// An inclusive range of ports.
type Range = (u16, u16);

/// Reads `ports`.
pub(super) fn published(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    let mut left = MOST;
    for item in report.list("ports", node) {
        let ports = match &item.value {
            Value::Map(_) => long(item, report),
            _ => report.text("ports", item).and_then(|text| {
                short(&text)
                    .map_err(|why| {
                        let message = format!("{} is not a port: {why}", quote(item));
                        report.error_help(item.span, message, "write `host:container`");
                    })
                    .ok()
            }),
        };
        let ports = ports.unwrap_or_default();
        if !fits(&mut left, ports.len(), item, report) {
            return;
        }
        for port in ports {
            draft.first_port.get_or_insert(port.container.number);
            report.note(&mut draft.origins, format!("ports.{}", port.container), item.span);
            report.note(&mut draft.origins, format!("expose.{}", port.container), item.span);
            draft.spec.exposed.insert(port.container);
            draft.spec.published.insert(port);
        }
    }
}

/// Reads `expose`. The first published port stays the first.
pub(super) fn exposed(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    let mut left = MOST;
    for item in report.list("expose", node) {
        let Some(text) = report.text("expose", item) else { continue };
        let parsed = with_protocol(&text).and_then(|(text, p)| Ok((range(text)?, p)));
        match parsed {
            Ok(((first, last), protocol)) => {
                if !fits(&mut left, usize::from(last - first) + 1, item, report) {
                    return;
                }
                for number in first..=last {
                    let port = Port { number, protocol };
                    report.note(&mut draft.origins, format!("expose.{port}"), item.span);
                    draft.spec.exposed.insert(port);
                }
            }
            Err(why) => {
                report.error(item.span, format!("{} is not a port: {why}", quote(item)));
            }
        }
    }
}

/// Whether there is room for so many ports; if not, that is reported.
fn fits(left: &mut usize, count: usize, item: &Node, report: &Reporter) -> bool {
    let Some(rest) = left.checked_sub(count) else {
        report.error(item.span, format!("a service has at most {MOST} ports"));
        return false;
    };
    *left = rest;
    true
}

/// The short form. Ranges of equal length go pairwise; one container port may have a
/// range of the host to choose from.
fn short(text: &str) -> Result<Vec<PublishedPort>, &'static str> {
    let (text, protocol) = with_protocol(text)?;
    let (head, container) = text.rsplit_once(':').map_or(("", text), |(h, c)| (h, c));
    let container = range(container)?;
    let (ip, host) = match head.rsplit_once(':') {
        _ if head.starts_with('[') && head.ends_with(']') => (head, ""),
        Some((ip, host)) => (ip, host),
        None if head.parse::<IpAddr>().is_ok() => (head, ""),
        None => ("", head),
    };
    let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    if !ip.is_empty() && ip.parse::<IpAddr>().is_err() {
        return Err("the host's address is not an IP address");
    }
    let host = if host.is_empty() { None } else { Some(range(host)?) };
    publish(ip, host, container, protocol)
}

fn publish(
    ip: &str,
    host: Option<Range>,
    (first, last): Range,
    protocol: Protocol,
) -> Result<Vec<PublishedPort>, &'static str> {
    let host_ip = (!ip.is_empty()).then(|| ip.to_owned());
    let port = |number, host_port| PublishedPort {
        container: Port { number, protocol },
        host_ip: host_ip.clone(),
        host_port,
    };
    match host {
        None => Ok((first..=last).map(|number| port(number, None)).collect()),
        Some((from, to)) if to - from == last - first => Ok((first..=last)
            .zip(from..=to)
            .map(|(number, host)| port(number, Some(host.to_string())))
            .collect()),
        Some((from, to)) if first == last => Ok(vec![port(first, Some(format!("{from}-{to}")))]),
        Some(_) => Err("the two ranges have different lengths"),
    }
}

fn long(node: &Node, report: &Reporter) -> Option<Vec<PublishedPort>> {
    let (mut target, mut host, mut ip, mut protocol) = (None, None, String::new(), Protocol::Tcp);
    for field in report.map("ports", node) {
        if !keys::PORT.admits(field, report) || field.value.is_null() {
            continue;
        }
        let (key, value) = (field.key.as_str(), &field.value);
        let text = report.text(key, value)?;
        let refused = |why: &str| {
            report.error(value.span, format!("`{key}` cannot be {}: {why}", quote(value)));
        };
        match key {
            "target" => match range(&text) {
                Ok((first, last)) if first == last => target = Some(first),
                _ => refused("it is one port"),
            },
            "published" if text.is_empty() => {}
            "published" => match range(&text) {
                Ok(ports) => host = Some(ports),
                Err(why) => refused(why),
            },
            "protocol" => match protocol_of(&text) {
                Ok(known) => protocol = known,
                Err(why) => refused(why),
            },
            "host_ip" if text.parse::<IpAddr>().is_err() => refused("it is not an IP address"),
            "host_ip" => ip = text,
            _ if matches!(text.as_str(), "host" | "ingress") => {}
            _ => report.refuse(
                value.span,
                format!("{} is not a mode of a port", quote(value)),
                did_you_mean(&text, ["host", "ingress"]),
            ),
        }
    }
    let Some(target) = target else {
        report.error(node.span, "a port needs its `target`, the port of the container");
        return None;
    };
    publish(&ip, host, (target, target), protocol).ok()
}

fn with_protocol(text: &str) -> Result<(&str, Protocol), &'static str> {
    match text.split_once('/') {
        Some((rest, name)) => Ok((rest, protocol_of(name)?)),
        None => Ok((text, Protocol::Tcp)),
    }
}

fn protocol_of(name: &str) -> Result<Protocol, &'static str> {
    match name.to_ascii_lowercase().as_str() {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "sctp" => Ok(Protocol::Sctp),
        _ => Err("the protocol is one of `tcp`, `udp` and `sctp`"),
    }
}

/// `80` or `8000-8010`.
fn range(text: &str) -> Result<Range, &'static str> {
    let port = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits
            .then(|| text.parse::<u16>().ok())
            .flatten()
            .filter(|port| *port > 0)
            .ok_or("a port is a number from 1 to 65535")
    };
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    if first > last { Err("the range ends before it begins") } else { Ok((first, last)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let shown = short(text).map(|ports| {
            let one = |p: &PublishedPort| {
                let ip = p.host_ip.as_deref().unwrap_or("*");
                format!("{ip} {} {}", p.host_port.as_deref().unwrap_or("any"), p.container)
            };
            ports.iter().map(one).collect::<Vec<_>>().join(", ")
        });
        shown.unwrap_or_else(|why| format!("error: {why}"))
    }

    #[test]
    fn the_short_grammar_is_composes() {
        for (text, want) in [
            ("80", "* any 80/tcp"),
            ("8080:80", "* 8080 80/tcp"),
            ("53:53/udp", "* 53 53/udp"),
            ("127.0.0.1:8080:80", "127.0.0.1 8080 80/tcp"),
            ("127.0.0.1::80", "127.0.0.1 any 80/tcp"),
            ("127.0.0.1:80", "127.0.0.1 any 80/tcp"),
            ("[::1]:8080:80", "::1 8080 80/tcp"),
            ("[::1]:80", "::1 any 80/tcp"),
            ("3000-3001", "* any 3000/tcp, * any 3001/tcp"),
            ("9090-9091:80-81", "* 9090 80/tcp, * 9091 81/tcp"),
            ("9000-9010:80", "* 9000-9010 80/tcp"),
            ("9000-9010:80-81", "error: the two ranges have different lengths"),
            ("", "error: a port is a number from 1 to 65535"),
            ("8080:", "error: a port is a number from 1 to 65535"),
            ("0:80", "error: a port is a number from 1 to 65535"),
            ("70000", "error: a port is a number from 1 to 65535"),
            ("+80", "error: a port is a number from 1 to 65535"),
            ("81-80", "error: the range ends before it begins"),
            ("host:80:80", "error: the host's address is not an IP address"),
            ("80/http", "error: the protocol is one of `tcp`, `udp` and `sctp`"),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }
}
