//! In what a network is not what the stack says. What the stack leaves to the engine does not
//! count, unless the network was made when the stack did not.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::labels::{asked, is_reserved};
use model::plan::{ChangedBy, Difference};
use model::secret::{Masker, is_sensitive_name};
use model::spec::{IpamPool, NetworkSpec, VolumeSpec};
use model::subnet::Subnet;

/// Labels by name.
type Labels = BTreeMap<String, String>;

/// A field with what the network has and what the stack wants, as far as it says so.
type Field<'f> = (&'f str, Option<String>, Option<String>);

/// Whether a network is not what the stack says.
pub(super) fn differs(have: &NetworkSpec, want: &NetworkSpec) -> bool {
    have.driver != want.driver
        || have.internal != want.internal
        || have.ipv6 != want.ipv6
        || differs_in_ipv4(have, want)
        || want.driver_opts.iter().any(|(name, value)| have.driver_opts.get(name) != Some(value))
        || differs_in_pools(have, want)
        || !dropped(have, want).is_empty()
        || differs_in_labels(&have.labels, &want.labels)
}

/// Whether the stack's own labels of a network or volume are others than it has: the engine
/// changes none of what exists.
fn differs_in_labels(have: &Labels, want: &Labels) -> bool {
    own(have).ne(own(want))
}

/// Without ours and Compose's.
fn own(labels: &Labels) -> impl Iterator<Item = (&String, &String)> {
    labels.iter().filter(|(name, _)| !is_reserved(name))
}

/// What the stack set as the network was made, and leaves to the engine now. Nothing is known
/// of one that was made before that was written down.
fn dropped(have: &NetworkSpec, want: &NetworkSpec) -> Vec<String> {
    let mut before = asked(&have.labels);
    if !before.is_empty() {
        let now = want.asked();
        before.retain(|path| !now.contains(path) && !is_usual(path, have, want));
    }
    before
}

/// Whether what the stack set is what the engine chooses by itself.
fn is_usual(path: &str, have: &NetworkSpec, want: &NetworkSpec) -> bool {
    if path == "enable_ipv4" {
        return have.ipv4 != Some(false);
    }
    let place = path.strip_prefix("ipam.").and_then(|path| path.strip_suffix(".gateway"));
    let pool = place.and_then(|place| want.pools.get(place.parse::<usize>().ok()?));
    let Some(subnet) = pool.and_then(|pool| pool.subnet.as_deref()) else { return false };
    let seen = have.pools.iter().find(|seen| seen.subnet.as_deref() == Some(subnet));
    let gateway = seen.and_then(|seen| seen.gateway.as_deref()).and_then(|text| text.parse().ok());
    let first = Subnet::parse(subnet).map(|subnet| subnet.first + 1);
    gateway.is_some_and(|gateway: IpAddr| first == Some(bits(gateway)))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn differs_in_ipv4(have: &NetworkSpec, want: &NetworkSpec) -> bool {
    want.ipv4.zip(have.ipv4).is_some_and(|(want, have)| want != have)
        || dropped(have, want).iter().any(|path| path == "enable_ipv4")
}

fn differs_in_pools(have: &NetworkSpec, want: &NetworkSpec) -> bool {
    let dropped = || dropped(have, want).iter().any(|path| path.starts_with("ipam."));
    dropped()
        || want.pools.iter().any(|pool| {
            !have.pools.iter().any(|seen| {
                (pool.subnet.is_none() || pool.subnet == seen.subnet)
                    && (pool.gateway.is_none() || pool.gateway == seen.gateway)
                    && (pool.ip_range.is_none() || pool.ip_range == seen.ip_range)
            })
        })
}

/// In which fields it is not. Options of a driver and labels may be
/// secrets: their values are masked.
pub(super) fn differences(
    have: &NetworkSpec,
    want: &NetworkSpec,
    masker: &Masker,
) -> Vec<Difference> {
    let flag = |on: Option<bool>| on.map(|on| on.to_string());
    let mut fields: Vec<Field<'_>> = vec![
        ("driver", Some(have.driver.clone()), Some(want.driver.clone())),
        ("internal", flag(Some(have.internal)), flag(Some(want.internal))),
        ("enable_ipv6", flag(Some(have.ipv6)), flag(Some(want.ipv6))),
    ];
    if differs_in_ipv4(have, want) {
        fields.push(("enable_ipv4", flag(have.ipv4), flag(want.ipv4)));
    }
    if differs_in_pools(have, want) {
        fields.push(("ipam", pools(&have.pools), pools(&want.pools)));
    }
    let dropped = dropped(have, want);
    let dropped = dropped.iter().filter_map(|path| path.strip_prefix("driver_opts."));
    let names = want.driver_opts.keys().map(String::as_str).chain(dropped);
    let options = names.map(|name| {
        let hidden =
            |spec: &NetworkSpec| spec.driver_opts.get(name).map(|value| masker.mask(value));
        (format!("driver_opts.{name}"), hidden(have), hidden(want))
    });
    let names: BTreeSet<_> =
        own(&have.labels).chain(own(&want.labels)).map(|(name, _)| name).collect();
    let labels = names.into_iter().map(|name| {
        let label = |spec: &NetworkSpec| {
            let value = spec.labels.get(name);
            if is_sensitive_name(name) {
                value.map(|value| masker.mask(value))
            } else {
                value.cloned()
            }
        };
        (format!("labels.{name}"), label(have), label(want))
    });
    let fields = fields.into_iter().map(|(field, have, want)| (field.to_owned(), have, want));
    let all = fields.chain(options).chain(labels).filter(|(_, have, want)| have != want);
    all.map(|(field, have, want)| Difference { field, have, want, by: ChangedBy::Unknown })
        .collect()
}

/// In which fields a volume is not what the stack says. Their values may be secrets.
pub(super) fn of_volume(have: &VolumeSpec, want: &VolumeSpec) -> Vec<&'static str> {
    let fields = [
        ("driver", have.driver != want.driver),
        ("driver_opts", have.driver_opts != want.driver_opts),
        ("labels", differs_in_labels(&have.labels, &want.labels)),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect()
}

/// The subnets in words.
fn pools(pools: &[IpamPool]) -> Option<String> {
    let words = |pool: &IpamPool| {
        let parts =
            [("subnet", &pool.subnet), ("range", &pool.ip_range), ("gateway", &pool.gateway)];
        let explicit = parts.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        explicit.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    (!pools.is_empty()).then(|| pools.iter().map(words).collect::<Vec<_>>().join("; "))
}
