//! In what a network is not what the stack says. What the stack leaves to the engine does not
//! count.

use crate::model::plan::{ChangedBy, Difference};
use crate::model::secret::Masker;
use crate::model::spec::{IpamPool, NetworkSpec};

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
}

fn differs_in_ipv4(have: &NetworkSpec, want: &NetworkSpec) -> bool {
    want.ipv4.zip(have.ipv4).is_some_and(|(want, have)| want != have)
}

fn differs_in_pools(have: &NetworkSpec, want: &NetworkSpec) -> bool {
    want.pools.iter().any(|pool| {
        !have.pools.iter().any(|seen| {
            (pool.subnet.is_none() || pool.subnet == seen.subnet)
                && (pool.gateway.is_none() || pool.gateway == seen.gateway)
                && (pool.ip_range.is_none() || pool.ip_range == seen.ip_range)
        })
    })
}

/// In which fields it is not. Options of a driver may be secrets: their values are masked.
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
    let options = want.driver_opts.iter().map(|(name, value)| {
        let hidden = |value: &String| masker.mask(value);
        (format!("driver_opts.{name}"), have.driver_opts.get(name).map(hidden), Some(hidden(value)))
    });
    let fields = fields.into_iter().map(|(field, have, want)| (field.to_owned(), have, want));
    let all = fields.chain(options).filter(|(_, have, want)| have != want);
    all.map(|(field, have, want)| Difference { field, have, want, by: ChangedBy::Unknown })
        .collect()
}

/// The subnets in words.
fn pools(pools: &[IpamPool]) -> Option<String> {
    let words = |pool: &IpamPool| {
        let parts =
            [("subnet", &pool.subnet), ("range", &pool.ip_range), ("gateway", &pool.gateway)];
        let said = parts.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        said.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    (!pools.is_empty()).then(|| pools.iter().map(words).collect::<Vec<_>>().join("; "))
}
