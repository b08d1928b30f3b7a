//! What an old and a new container of a replica would both have, and only one of them can.

use std::net::IpAddr;

use crate::plan::resources::listens_on;
use model::id::NetworkName;
use model::observed::ContainerView;
use model::spec::{Attachment, ContainerSpec, Mount, MountSource, PublishedPort};

/// A port that a new container publishes and an old one has.
pub(super) fn port<'n>(new: &'n ContainerSpec, old: &ContainerView) -> Option<&'n PublishedPort> {
    new.published.iter().find(|wanted| {
        let Some((from, to)) = range(wanted.host_port.as_deref()) else { return false };
        old.spec.published.iter().any(|had| {
            had.container.protocol == wanted.container.protocol
                && meet(wanted.host_ip.as_deref(), had.host_ip.as_deref())
                && has(old, had).is_some_and(|(first, last)| from <= last && first <= to)
        })
    })
}

/// The ports of the host that a container may have for one that it publishes: while it runs
/// only the one that it has.
fn has(view: &ContainerView, published: &PublishedPort) -> Option<(u16, u16)> {
    let asked = range(published.host_port.as_deref());
    if asked.is_some_and(|(from, to)| from == to) {
        return asked;
    }
    let same = |other: &&PublishedPort| other.container == published.container;
    let alone = view.spec.published.iter().filter(same).count() == 1;
    let chosen = view.host_ports.get(&published.container).filter(|_| alone);
    chosen.map(|number| (*number, *number)).or(asked)
}

/// The first and the last port of a range; nothing if the engine chooses any that is free.
pub(super) fn range(text: Option<&str>) -> Option<(u16, u16)> {
    let text = text?;
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.parse(), to.parse()) {
        (Ok(0), Ok(0)) => None,
        (Ok(from), Ok(to)) => Some((from, to)),
        // What cannot be read may be any.
        _ => Some((0, u16::MAX)),
    }
}

/// Whether two addresses of the host are one, or one of them is all.
fn meet(one: Option<&str>, other: Option<&str>) -> bool {
    let [one, other] = [one, other].map(|text| text.and_then(listens_on));
    one.is_none() || other.is_none() || one == other
}

/// A network on which an old container has the address that is fixed for the new one.
pub(super) fn address<'n>(new: &'n ContainerSpec, old: &ContainerView) -> Option<&'n NetworkName> {
    let fixed = |how: &Attachment| {
        let texts = how.ipv4.iter().chain(&how.ipv6);
        texts.map(|text| number(text).ok_or_else(|| text.clone())).collect::<Vec<_>>()
    };
    let has = |network: &NetworkName| {
        let own = old.spec.networks.get(network).map(|how| fixed(how)).unwrap_or_default();
        let given = old.addresses.get(network).copied().map(Ok);
        own.into_iter().chain(given).collect::<Vec<_>>()
    };
    let mut networks = new.networks.iter();
    let found = networks.find(|(network, how)| {
        let had = has(network);
        fixed(how).iter().any(|address| had.contains(address))
    });
    found.map(|(network, _)| network)
}

fn number(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// The target of a volume or a path of the host that a new container writes to and an old one
/// has as well.
pub(super) fn data<'n>(new: &'n ContainerSpec, old: &ContainerView) -> Option<&'n String> {
    let mut written = new.mounts.iter().filter(|(_, mount)| !mount.read_only);
    let found = written.find(|(_, mount)| old.spec.mounts.values().any(|had| shows(mount, had)));
    found.map(|(target, _)| target)
}

/// Whether two mounts show the same files, or one shows some of the other's.
fn shows(one: &Mount, other: &Mount) -> bool {
    if let (Some(one), Some(other)) = (one.bound(), other.bound()) {
        return is_below(&one, &other) || is_below(&other, &one);
    }
    matches!(
        (&one.source, &other.source),
        (MountSource::Volume(one), MountSource::Volume(other)) if one == other
    )
}

fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_meets_what_is_in_it() {
        let bind =
            |path: &str| Mount { source: MountSource::Bind(path.to_owned()), ..Mount::default() };
        for (one, other, meet) in [
            ("/srv/a", "/srv/a", true),
            ("/srv/a", "/srv/a/", true),
            ("/srv/a/b", "/srv/a", true),
            ("/srv/a", "/", true),
            ("/srv/ab", "/srv/a", false),
        ] {
            assert_eq!(shows(&bind(one), &bind(other)), meet, "{one} {other}");
            assert_eq!(shows(&bind(other), &bind(one)), meet, "{other} {one}");
        }
    }

    #[test]
    fn zero_is_a_port_of_the_engines_choice_and_what_is_no_number_may_be_any() {
        assert_eq!(range(None), None);
        assert_eq!(range(Some("0")), None);
        assert_eq!(range(Some("80")), Some((80, 80)));
        assert_eq!(range(Some("80-89")), Some((80, 89)));
        assert_eq!(range(Some("http")), Some((0, u16::MAX)));
    }

    #[test]
    fn every_address_meets_each_and_one_meets_itself() {
        for (one, other, expected) in [
            (None, Some("127.0.0.1"), true),
            (Some("0.0.0.0"), Some("127.0.0.1"), true),
            (Some("::"), Some("::1"), true),
            (Some("[::1]"), Some("::1"), true),
            (Some("127.0.0.1"), Some("127.0.0.1"), true),
            (Some("127.0.0.1"), Some("127.0.0.2"), false),
        ] {
            assert_eq!(meet(one, other), expected, "{one:?} {other:?}");
        }
    }
}
