//! The short form of ports: `[address:][host:]container[/protocol]`, with ranges.

use std::net::IpAddr;

use super::Canonical;
use crate::codes::PORT;
use crate::nodes::{entry, map, plain, text};
use crate::path::Path;
use crate::schema::refuse;
use text::read::quote;
use text::yaml::{Kind, Node, Scalar, SmolStr, ToSmolStr, Value, format_smolstr};

/// The ports of one item.
struct Ports {
    address: String,
    /// The host's port or range.
    host: Option<(u16, u16)>,
    /// The container's, from the first to the last.
    container: (u16, u16),
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
            Ok(ports) => {
                let targets = ports.targets();
                found.extend(targets.into_iter().map(|target| ports.long(target, item, scalar)));
            }
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

impl Ports {
    /// The container's ports, ordered as Compose orders them: by their text.
    fn targets(&self) -> Vec<u16> {
        let (first, last) = self.container;
        let mut targets: Vec<u16> = (first..=last).collect();
        targets.sort_by_cached_key(ToSmolStr::to_smolstr);
        targets
    }

    /// What one of them is published as.
    fn published(&self, target: u16) -> Option<SmolStr> {
        let (first, last) = self.container;
        self.host.map(|(from, to)| {
            if first == last && from != to {
                format_smolstr!("{from}-{to}")
            } else {
                (u32::from(from) + u32::from(target - first)).to_smolstr()
            }
        })
    }

    /// One of them in its long form.
    fn long(&self, target: u16, item: &Node, like: &Scalar) -> Node {
        let span = item.span;
        let written = |key: &str, part: SmolStr| entry(key, text(span, part, Some(like)));
        let address = Some(&self.address).filter(|address| !address.is_empty());
        let address = address.map(|address| written("host_ip", address.into()));
        let published = self.published(target).map(|published| written("published", published));
        // A range may be all ports: nothing more than they need.
        let more = usize::from(address.is_some()) + usize::from(published.is_some());
        let mut entries = Vec::with_capacity(3 + more);
        entries.push(entry("mode", text(span, "ingress", None)));
        entries.extend(address);
        entries.push(entry("target", plain(span, Kind::Int, target.to_smolstr())));
        entries.extend(published);
        entries.push(written("protocol", self.protocol.as_str().into()));
        map(span, entries)
    }
}

/// Reads an item.
fn short(scalar: &Scalar) -> Result<Ports, &'static str> {
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
    Ok(Ports { address, host, container: (first, last), protocol })
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
        let scalar = Scalar { text: text.into(), kind: Kind::Text, sensitive: false };
        match short(&scalar) {
            Ok(ports) => {
                let Ports { address, protocol, .. } = &ports;
                let show = |target| {
                    let published = ports.published(target).unwrap_or_default();
                    format!("{address}|{published}|{target}/{protocol}")
                };
                ports.targets().into_iter().map(show).collect::<Vec<_>>().join(" ")
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
