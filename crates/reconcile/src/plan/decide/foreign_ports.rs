//! A port of the host that a new container needs and a foreign one holds, by the engine's rules:
//! one address of the host, or all of a family, for one protocol and number.

use std::net::IpAddr;

use super::exclusive::range;
use model::id::ContainerName;
use model::observed::{EngineContents, HostPort};
use model::spec::{ContainerSpec, PublishedPort};

/// What the container would publish and a foreign one holds, and which. Of a range of ports the
/// engine takes one that is free.
pub(super) fn holder<'s, 'c>(
    spec: &'s ContainerSpec,
    contents: &'c EngineContents,
) -> Option<(&'s PublishedPort, &'c ContainerName)> {
    if contents.foreign_ports.is_empty() {
        return None;
    }
    spec.published.iter().find_map(|published| {
        let (from, to) = range(published.host_port.as_deref())?;
        let protocol = published.container.protocol;
        let meets = |held: &HostPort, number: u16| {
            (held.protocol, held.number) == (protocol, number)
                && overlaps(published.host_ip.as_deref(), held.address)
        };
        let has = |number: u16| {
            let mut all = contents.foreign_ports.iter();
            let found = all.find(|(_, ports)| ports.iter().any(|held| meets(held, number)));
            found.map(|(name, _)| name)
        };
        let holders: Option<Vec<_>> = (from..=to).map(has).collect();
        Some((published, *holders?.first()?))
    })
}

/// Whether a socket that listens on `wanted` cannot be opened beside one on `held`. Without an
/// address the engine opens one for each family; the two families do not meet.
fn overlaps(wanted: Option<&str>, held: IpAddr) -> bool {
    let wanted = wanted.map(|text| text.trim_matches(['[', ']'])).filter(|text| !text.is_empty());
    let Some(wanted) = wanted.and_then(|text| text.parse::<IpAddr>().ok()) else { return true };
    wanted.is_ipv4() == held.is_ipv4()
        && (wanted.is_unspecified() || held.is_unspecified() || wanted == held)
}

/// In words.
pub(super) fn rendered(published: &PublishedPort) -> String {
    let number = published.host_port.as_deref().unwrap_or_default();
    let ports = if number.contains('-') { "each port of" } else { "port" };
    format!("{ports} {number}/{}", published.container.protocol.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_meet_as_sockets_do() {
        for (wanted, held, expected) in [
            (None, "127.0.0.1", true),
            (None, "::", true),
            (Some("0.0.0.0"), "127.0.0.1", true),
            (Some("0.0.0.0"), "0.0.0.0", true),
            (Some("0.0.0.0"), "::", false),
            (Some("::"), "0.0.0.0", false),
            (Some("[::1]"), "::", true),
            (Some("127.0.0.1"), "0.0.0.0", true),
            (Some("127.0.0.1"), "127.0.0.1", true),
            (Some("127.0.0.1"), "127.0.0.2", false),
            (Some("127.0.0.1"), "::1", false),
        ] {
            assert_eq!(overlaps(wanted, held.parse().expect("an address")), expected, "{wanted:?}");
        }
    }
}
