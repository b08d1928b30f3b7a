//! The top-level sections beside `services`: networks, volumes, configs, secrets.

use super::place::{Place, REMEDIES, UNSEEN, as_written};
use super::plain::{plain_network, plain_volume, texts};
use super::{Scope, files, keys, values};
use crate::stack::codes::UNSEEN_TREE;
use compose::codes::UNKNOWN_KEY;
use compose::{NOWHERE, hash};
use model::desired::{Network, Volume};
use model::digest::Digest;
use model::fields::{self, Fields};
use model::id::{NetworkName, VolumeName};
use model::spec::{IpamPool, NetworkSpec, VolumeSpec};
use text::paths;
use text::report::Reporter;
use text::suggest::one_of;
use text::yaml::{Entry, Node};

/// Reads all of them into the scope.
pub(super) fn sections(root: &Node, scope: &mut Scope<'_>) {
    for entry in entries(root, "networks", scope.report) {
        let network = network(entry, scope);
        scope.networks.insert(entry.key.to_string(), network);
    }
    for entry in entries(root, "volumes", scope.report) {
        let volume = volume(entry, scope);
        scope.volumes.insert(entry.key.to_string(), volume);
    }
    for entry in entries(root, "configs", scope.report) {
        if let Some(declared) = files::declared(entry, scope) {
            scope.configs.insert(entry.key.to_string(), declared);
        }
    }
    for entry in entries(root, "secrets", scope.report) {
        if let Some(declared) = files::declared(entry, scope) {
            scope.secrets.insert(entry.key.to_string(), declared);
        }
    }
    if let Some(own) = root.get("x-reconciler") {
        for entry in scope.report.map("x-reconciler", &own.value) {
            let help = Some(one_of(&entry.key, &["services"]));
            let message = format!("`{}` is not a key of `x-reconciler` at the top", entry.key);
            scope.report.refuse_as(UNKNOWN_KEY, entry.at, message, help);
        }
    }
}

fn entries<'n>(
    root: &'n Node,
    section: &str,
    report: &Reporter,
) -> impl Iterator<Item = &'n Entry> {
    let entries = root.get(section).map(|entry| report.map(section, &entry.value));
    entries.unwrap_or_default().iter().filter(|entry| !entry.key.starts_with("x-"))
}

fn network(entry: &Entry, scope: &Scope<'_>) -> Network {
    let report = scope.report;
    let mut spec = plain_network(&entry.key, scope);
    let mut external = false;
    for field in keys::NETWORK.admitted(&entry.value, report) {
        let (key, node) = (field.key.as_str(), &field.value);
        match key {
            "name" => spec.name = NetworkName::new(report.text(key, node).unwrap_or_default()),
            "external" => external = report.boolean(key, node).unwrap_or(false),
            "ipam" => ipam(&mut spec, node, report),
            key => plain(key, &mut spec, field, report),
        }
    }
    let compose_hash = scope.hash(|| Digest::from_text(hash::network(&entry.value)));
    Network { spec, external, compose_hash, origin: report.loc(entry.at) }
}

fn volume(entry: &Entry, scope: &Scope<'_>) -> Volume {
    let report = scope.report;
    let mut spec = plain_volume(&entry.key, scope);
    let mut external = false;
    for field in keys::VOLUME.admitted(&entry.value, report) {
        let (key, node) = (field.key.as_str(), &field.value);
        match key {
            "name" => spec.name = VolumeName::new(report.text(key, node).unwrap_or_default()),
            "external" => external = report.boolean(key, node).unwrap_or(false),
            key => plain(key, &mut spec, field, report),
        }
    }
    bound_device(&mut spec, entry, scope);
    let compose_hash = scope.hash(|| Digest::from_text(hash::volume(&entry.value)));
    Volume { spec, external, compose_hash, origin: report.loc(entry.at) }
}

/// A device that is bound is a path of the project if it is relative, and can only be bound
/// where the engine's host sees it.
fn bound_device(spec: &mut VolumeSpec, entry: &Entry, scope: &Scope<'_>) {
    let binds = spec.driver_opts.get("o").is_some_and(|o| o.split(',').any(|o| o == "bind"));
    let Some(device) = spec.driver_opts.get_mut("device").filter(|_| binds) else { return };
    let root = scope.instance.root.unwrap_or(NOWHERE);
    if device.starts_with('.') {
        *device = format!("{root}/{}", paths::join(scope.instance.base, device));
    }
    if let Some(host) = Place::of(device, scope.instance).host {
        scope.mounts(&host);
        *device = host;
    } else {
        let message = format!("`{}` cannot be bound: {UNSEEN}", as_written(device));
        scope.report.error_help(UNSEEN_TREE, entry.at, message, REMEDIES);
    }
}

fn ipam(spec: &mut NetworkSpec, node: &Node, report: &Reporter) {
    for field in keys::IPAM.admitted(node, report) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "config" => {
                let items = report.list("ipam.config", value);
                spec.pools = items.iter().map(|item| pool(item, report)).collect();
            }
            key => plain(&format!("ipam.{key}"), spec, field, report),
        }
    }
}

fn plain<S: Fields>(key: &str, spec: &mut S, entry: &Entry, report: &Reporter) {
    if let Some(field) = fields::of_key(key) {
        values::read(field, spec, entry, report);
    }
}

fn pool(node: &Node, report: &Reporter) -> IpamPool {
    let mut pool = IpamPool::default();
    for field in keys::IPAM_POOL.admitted(node, report) {
        let text = || report.string(&field.key, &field.value);
        match field.key.as_str() {
            "subnet" => pool.subnet = text(),
            "ip_range" => pool.ip_range = text(),
            "aux_addresses" => pool.reserved = texts(field, report),
            _ => pool.gateway = text(),
        }
    }
    pool
}
