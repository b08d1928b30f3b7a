//! In what a network or a volume is not what the stack says. What the stack leaves to the engine
//! does not count, unless it was made when the stack did not.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::plan::differ::{Facts, write_plain};
use model::field::{Chosen, Field, Form, Row, Value};
use model::fields::{self, Fields};
use model::labels::{asked, is_reserved};
use model::normal_form::NormalForm;
use model::plan::{ChangedBy, Difference};
use model::secret::{Masker, is_sensitive_name};
use model::spec::{IpamPool, NetworkSpec, VolumeSpec};
use model::subnet::Subnet;

/// Where two specs differ.
struct Changed {
    /// The key of the field.
    key: &'static str,
    /// The path below it.
    path: String,
    /// What there is, and what the stack wants, as far as it says so.
    values: [Option<String>; 2],
    /// Whether these may be secrets.
    secret: bool,
}

/// Whether a network is not what the stack says.
pub(super) fn differs(have: &NetworkSpec, want: &NetworkSpec) -> bool {
    !of_network(have, want).is_empty()
}

/// In which fields it is not.
pub(super) fn differences(
    have: &NetworkSpec,
    want: &NetworkSpec,
    masker: &Masker,
) -> Vec<Difference> {
    let difference = |Changed { path, values, secret, .. }| {
        let mask = |value: String| rendered(&value, secret, masker);
        let [have, want] = values.map(|value| value.map(mask));
        Difference { field: path, have, want, by: ChangedBy::Unknown }
    };
    of_network(have, want).into_iter().map(difference).collect()
}

/// A network that is there, and what the stack says, as far as it says so.
pub(in crate::plan) fn network_forms(
    have: &NetworkSpec,
    want: &NetworkSpec,
    masker: &Masker,
) -> [NormalForm; 2] {
    let changed = of_network(have, want);
    let same = !changed.iter().any(|changed| changed.key == "ipam") && !want.pools.is_empty();
    let pools = same.then(|| pools(&have.pools)).flatten();
    forms((have, want), want.name.as_str(), (changed, pools), masker)
}

/// A network on its own.
pub(in crate::plan) fn network_form(spec: &NetworkSpec, masker: &Masker) -> NormalForm {
    form(spec, spec.name.as_str(), pools(&spec.pools), masker)
}

/// A volume that is there, and what the stack says.
pub(in crate::plan) fn volume_forms(
    have: &VolumeSpec,
    want: &VolumeSpec,
    masker: &Masker,
) -> [NormalForm; 2] {
    forms((have, want), want.name.as_str(), (plain(have, want, &[]), None), masker)
}

/// A volume on its own.
pub(in crate::plan) fn volume_form(spec: &VolumeSpec, masker: &Masker) -> NormalForm {
    form(spec, spec.name.as_str(), None, masker)
}

/// Two sides that differ in exactly these fields.
fn forms<S: Fields>(
    (have, want): (&S, &S),
    name: &str,
    (changed, pools): (Vec<Changed>, Option<String>),
    masker: &Masker,
) -> [NormalForm; 2] {
    let [had, wanted] = [have, want].map(|spec| texts(spec, masker));
    let mut both: Facts =
        wanted.into_iter().filter(|(path, text)| had.get(path) == Some(text)).collect();
    both.insert("name".to_owned(), name.to_owned());
    both.extend(pools.map(|pools| ("ipam".to_owned(), pools)));
    let mut sides = [both.clone(), both];
    for Changed { path, values, secret, .. } in changed {
        for (side, value) in sides.iter_mut().zip(values) {
            side.remove(&path);
            let mask = |value: String| rendered(&value, secret, masker);
            side.extend(value.map(|value| (path.clone(), mask(value))));
        }
    }
    sides.map(NormalForm::new)
}

fn form<S: Fields>(spec: &S, name: &str, pools: Option<String>, masker: &Masker) -> NormalForm {
    let mut texts = texts(spec, masker);
    texts.insert("name".to_owned(), name.to_owned());
    texts.extend(pools.map(|pools| ("ipam".to_owned(), pools)));
    NormalForm::new(texts)
}

/// The plain fields of one side, without what is off.
fn texts<S: Fields>(spec: &S, masker: &Masker) -> Facts {
    let of_row = |field: &Field<S>| {
        let mask = |(path, text): (String, String)| {
            let text = rendered(&text, is_secret(field, &path), masker);
            (path, text)
        };
        facts(field, (field.compared)(spec)).into_iter().map(mask).collect::<Vec<_>>()
    };
    fields::plain::<S>().flat_map(of_row).filter(|(_, text)| text != "false").collect()
}

/// A value as it prints: a secret as a mask, anything else without the user info of its URLs.
fn rendered(value: &str, secret: bool, masker: &Masker) -> String {
    if secret { masker.mask(value) } else { masker.mask_text(value) }
}

/// Whether the value of a path may be a secret.
fn is_secret(row: &Row, path: &str) -> bool {
    match row.form {
        Form::Labels => is_sensitive_name(path),
        form => matches!(form, Form::Texts),
    }
}

/// In which fields a volume is not what the stack says.
pub(super) fn of_volume(have: &VolumeSpec, want: &VolumeSpec) -> Vec<&'static str> {
    let mut keys: Vec<_> = plain(have, want, &[]).into_iter().map(|changed| changed.key).collect();
    keys.dedup();
    keys
}

fn of_network(have: &NetworkSpec, want: &NetworkSpec) -> Vec<Changed> {
    let dropped = dropped(have, want);
    let mut all = Vec::new();
    if differs_in_pools(have, want, &dropped) {
        let values = [pools(&have.pools), pools(&want.pools)];
        all.push(Changed { key: "ipam", path: "ipam".to_owned(), values, secret: false });
    }
    all.extend(plain(have, want, &dropped));
    all
}

/// The plain fields that differ. Of those that an engine chooses, what the stack sets counts, and
/// what it dropped.
fn plain<S: Fields>(have: &S, want: &S, dropped: &[String]) -> Vec<Changed> {
    let mut all = Vec::new();
    for field in fields::plain::<S>() {
        let (had, wanted) = ((field.compared)(have), (field.compared)(want));
        // Not every engine tells of every switch.
        if had == wanted || had == Value::Switch(None) {
            continue;
        }
        let (had, wanted, set) = (facts(field, had), facts(field, wanted), field.paths(want));
        let free = matches!(field.chosen, Chosen::ByEngine);
        let counts = |path: &&String| !free || set.contains(path) || dropped.contains(path);
        let paths: BTreeSet<_> = had.keys().chain(wanted.keys()).filter(counts).collect();
        for path in paths.into_iter().filter(|path| had.get(*path) != wanted.get(*path)) {
            let values = [&had, &wanted].map(|facts| facts.get(path).cloned());
            let secret = is_secret(field, path);
            all.push(Changed { key: field.key, path: path.clone(), values, secret });
        }
    }
    all
}

/// The value of a field as texts by path, also of what is off. Labels are the user's alone: not
/// ours, and not Compose's.
fn facts(row: &Row, value: Value<'_>) -> Facts {
    let mut facts = Facts::new();
    match value {
        Value::Flag(on) | Value::Switch(Some(on)) => {
            facts.insert(row.key.to_owned(), on.to_string());
        }
        Value::Texts(labels) if matches!(row.form, Form::Labels) => {
            let own = labels.iter().filter(|(name, _)| !is_reserved(name));
            facts.extend(own.map(|(name, text)| (format!("{}.{name}", row.key), text.clone())));
        }
        value => write_plain(row, value, &mut facts),
    }
    facts
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
    let pool = place(path).filter(|(_, part)| *part == "gateway");
    let pool = pool.and_then(|(place, _)| want.pools.get(place));
    let Some(subnet) = pool.and_then(|pool| pool.subnet.as_deref()) else { return false };
    let seen = have.pools.iter().find(|seen| seen.subnet.as_deref() == Some(subnet));
    let gateway = seen.and_then(|seen| seen.gateway.as_deref()).and_then(|text| text.parse().ok());
    let first = Subnet::parse(subnet).map(|subnet| subnet.first + 1);
    gateway.is_some_and(|gateway: IpAddr| first == Some(bits(gateway)))
}

/// Of a path of a part of a pool, the pool's place and the part.
fn place(path: &str) -> Option<(usize, &str)> {
    let (place, part) = path.strip_prefix("ipam.")?.split_once('.')?;
    Some((place.parse().ok()?, part))
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn differs_in_pools(have: &NetworkSpec, want: &NetworkSpec, dropped: &[String]) -> bool {
    dropped.iter().any(|path| place(path).is_some())
        || want.pools.iter().any(|pool| {
            !have.pools.iter().any(|seen| {
                (pool.subnet.is_none() || pool.subnet == seen.subnet)
                    && (pool.gateway.is_none() || pool.gateway == seen.gateway)
                    && (pool.ip_range.is_none() || pool.ip_range == seen.ip_range)
            })
        })
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
