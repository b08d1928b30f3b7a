//! The short form of ports: `[address:][host:]container[/protocol]`, with ranges.

use std::net::IpAddr;

use super::Canonical;
use crate::codes::PORT;
use crate::nodes::{entry, plain, text};
use crate::path::Path;
use crate::schema::refuse;
use text::read::quote;
use text::yaml::{Kind, Node, Scalar, Value};

/// One port.
#[derive(Debug, PartialEq, Eq)]
struct Port {
    address: String,
    published: String,
    target: u16,
    protocol: String,
}

/// Every item of `ports` in its long form.
pub(super) fn ports(canonical: &Canonical<'_>, node: &mut Node, path: Path<'_>) {
    let Value::List(items) = &mut node.value else { return };
    if items.iter().all(|item| item.scalar().is_none()) {
        return;
    }
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let Some(scalar) = item.scalar() else {
            found.push(item.clone());
            continue;
        };
        match short(scalar) {
            Ok(ports) => found.extend(ports.into_iter().map(|port| long(port, item, scalar))),
            Err(_) if canonical.unfilled => return,
            Err(why) => {
                let what = format!("{} is no port: {why}", quote(item));
                let help = "write `container`, `host:container` or `address:host:container`, \
                            and `/udp` behind it if it is not TCP";
                let (report, path) = (canonical.report, path.item(index));
                refuse(report, PORT, path, item.span, &what, Some(help.to_owned()));
            }
        }
    }
    *items = found;
}

fn long(port: Port, item: &Node, like: &Scalar) -> Node {
    let written = |key: &str, part: String| entry(key, text(item.span, part, Some(like)));
    let target = plain(item.span, Kind::Int, port.target.to_string());
    let mut entries = vec![entry("mode", text(item.span, "ingress", None))];
    if !port.address.is_empty() {
        entries.push(written("host_ip", port.address));
    }
    entries.push(entry("target", target));
    if !port.published.is_empty() {
        entries.push(written("published", port.published));
    }
    entries.push(written("protocol", port.protocol));
    Node { span: item.span, value: Value::Map(entries) }
}

/// The ports of one item, ordered as Compose orders them: by the text of target and
/// protocol.
fn short(scalar: &Scalar) -> Result<Vec<Port>, &'static str> {
    if matches!(scalar.kind, Kind::Bool | Kind::Float) {
        return Err("it is not a whole number");
    }
    let (address, host, container) = split(&scalar.text);
    let (protocol, container) = protocol(container);
    let protocol = protocol.to_ascii_lowercase();
    let address = plain_address(&address)?;
    if container.is_empty() {
        return Err("the container's port is missing");
    }
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err("the protocol must be tcp, udp or sctp");
    }
    let (first, last) = range(container).ok_or("the container's port is no port or range")?;
    let host = if host.is_empty() {
        None
    } else {
        Some(range(host).ok_or("the host's port is no port or range")?)
    };
    if let Some((from, to)) = host
        && first != last
        && to - from != last - first
    {
        return Err("the two ranges have different lengths");
    }
    let published = |offset: u16| match host {
        None => String::new(),
        Some((from, to)) if first == last && from != to => format!("{from}-{to}"),
        Some((from, _)) => (u32::from(from) + u32::from(offset)).to_string(),
    };
    let mut ports: Vec<_> = (first..=last)
        .map(|target| Port {
            address: address.clone(),
            published: published(target - first),
            target,
            protocol: protocol.clone(),
        })
        .collect();
    ports.sort_by_cached_key(|port| format!("{}/{}", port.target, port.protocol));
    Ok(ports)
}

/// Address, host port and container port.
fn split(text: &str) -> (String, &str, &str) {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        [container] => (String::new(), "", container),
        [host, container] => (String::new(), host, container),
        [ref address @ .., host, container] => (address.join(":"), host, container),
        [] => (String::new(), "", ""),
    }
}

/// The protocol, and what stands before it.
fn protocol(text: &str) -> (&str, &str) {
    let mut parts = text.split('/');
    let port = parts.next().unwrap_or("");
    match parts.next() {
        _ if port.is_empty() => ("", ""),
        None | Some("") => ("tcp", port),
        Some(protocol) => (protocol, port),
    }
}

/// The address without the brackets of IPv6.
fn plain_address(text: &str) -> Result<String, &'static str> {
    let wrong = "the address is none";
    let plain = match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or(wrong)?,
        None if text.contains(':') => return Err("an address of IPv6 needs brackets"),
        None => text,
    };
    if plain.is_empty() || plain.parse::<IpAddr>().is_ok() {
        return Ok(plain.to_owned());
    }
    Err(wrong)
}

fn range(text: &str) -> Option<(u16, u16)> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let mut parts = text.split('-');
    let first = number(parts.next()?)?;
    let last = parts.next().map_or(Some(first), number)?;
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        let scalar = Scalar { text: text.to_owned(), kind: Kind::Text, sensitive: false };
        match short(&scalar) {
            Ok(ports) => {
                let show =
                    |p: &Port| format!("{}|{}|{}/{}", p.address, p.published, p.target, p.protocol);
                ports.iter().map(show).collect::<Vec<_>>().join(" ")
            }
            Err(why) => why.to_owned(),
        }
    }

    #[test]
    fn short_ports_are_composes() {
        for (text, want) in [
            ("80", "||80/tcp"),
            ("8080:80/UDP", "|8080|80/udp"),
            ("127.0.0.1:8080:80", "127.0.0.1|8080|80/tcp"),
            ("127.0.0.1::80", "127.0.0.1||80/tcp"),
            ("[::1]:1:2", "::1|1|2/tcp"),
            ("::1:1:2", "an address of IPv6 needs brackets"),
            ("9-10:19-20", "|9|19/tcp |10|20/tcp"),
            ("8-10", "||10/tcp ||8/tcp ||9/tcp"),
            ("9000-9010:80", "|9000-9010|80/tcp"),
            ("80/", "||80/tcp"),
            ("1-2:3-5", "the two ranges have different lengths"),
            ("80:", "the container's port is missing"),
            ("x:80", "the host's port is no port or range"),
            ("80/http", "the protocol must be tcp, udp or sctp"),
            ("1.2.3:1:2", "the address is none"),
            ("70000", "the container's port is no port or range"),
        ] {
            assert_eq!(rendered(text), want, "{text}");
        }
    }
}
