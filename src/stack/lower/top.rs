//! The top-level sections beside `services`: networks, volumes, configs, secrets.

use std::collections::BTreeMap;

use super::{Scope, files, keys, mounts};
use crate::model::desired::{Network, Volume};
use crate::model::id::{NetworkName, VolumeName};
use crate::model::labels::is_reserved;
use crate::model::spec::{IpamPool, NetworkSpec, VolumeSpec};
use crate::text::paths;
use crate::text::report::Reporter;
use crate::text::suggest::did_you_mean;
use crate::text::yaml::{Entry, Node, Value};

/// Reads all of them into the scope.
pub(super) fn sections(root: &Node, scope: &mut Scope<'_>) {
    let report = scope.report;
    let entries = |section: &str| {
        root.get(section)
            .map(|entry| report.map(section, &entry.value))
            .unwrap_or_default()
            .iter()
            .filter(|entry| !entry.key.starts_with("x-"))
    };
    for entry in entries("networks") {
        let network = network(entry, scope);
        scope.networks.insert(entry.key.clone(), network);
    }
    for entry in entries("volumes") {
        let volume = volume(entry, scope);
        scope.volumes.insert(entry.key.clone(), volume);
    }
    for section in ["configs", "secrets"] {
        for entry in entries(section) {
            let Some(declared) = files::declared(entry, scope) else {
                scope.broken.insert(format!("{section}.{}", entry.key));
                continue;
            };
            let all = if section == "configs" { &mut scope.configs } else { &mut scope.secrets };
            all.insert(entry.key.clone(), declared);
        }
    }
    if let Some(own) = root.get("x-reconciler") {
        for entry in report.map("x-reconciler", &own.value) {
            let help = did_you_mean(&entry.key, ["services"]);
            let message = format!("`{}` is not a key of `x-reconciler` at the top", entry.key);
            report.refuse(entry.at, message, help);
        }
    }
}

/// A network that the stack says nothing about.
pub(super) fn plain_network(key: &str, scope: &Scope<'_>) -> NetworkSpec {
    NetworkSpec::bridge(NetworkName::new(format!("{}_{key}", scope.instance.id)))
}

/// A volume that the stack says nothing about.
pub(super) fn plain_volume(key: &str, scope: &Scope<'_>) -> VolumeSpec {
    VolumeSpec {
        name: VolumeName::new(format!("{}_{key}", scope.instance.id)),
        driver: "local".to_owned(),
        driver_opts: BTreeMap::new(),
        labels: BTreeMap::new(),
    }
}

fn network(entry: &Entry, scope: &Scope<'_>) -> Network {
    let report = scope.report;
    let mut spec = plain_network(&entry.key, scope);
    let mut outside = Outside::default();
    for field in report.map(&format!("networks.{}", entry.key), &entry.value) {
        let (key, node) = (field.key.as_str(), &field.value);
        if !keys::NETWORK.admits(field, report) || node.is_null() {
            continue;
        }
        match key {
            "name" => outside.name = report.string(key, node),
            "external" => outside.read(field, report),
            "driver" => spec.driver = report.string(key, node).unwrap_or_default(),
            "driver_opts" => spec.driver_opts = options(field, report),
            "internal" => spec.internal = report.boolean(key, node).unwrap_or(false),
            "attachable" => spec.attachable = report.boolean(key, node).unwrap_or(false),
            "enable_ipv6" => spec.ipv6 = report.boolean(key, node).unwrap_or(false),
            "ipam" => spec.pools = pools(node, report),
            _ => spec.labels = labels(field, report),
        }
    }
    outside.check(entry, report);
    if let Some(name) = outside.name(&entry.key) {
        spec.name = NetworkName::new(name);
    }
    let origin = report.loc(entry.at);
    Network { spec, external: outside.external, compose_hash: None, origin }
}

fn volume(entry: &Entry, scope: &Scope<'_>) -> Volume {
    let report = scope.report;
    let mut spec = plain_volume(&entry.key, scope);
    let mut outside = Outside::default();
    for field in report.map(&format!("volumes.{}", entry.key), &entry.value) {
        let (key, node) = (field.key.as_str(), &field.value);
        if !keys::VOLUME.admits(field, report) || node.is_null() {
            continue;
        }
        match key {
            "name" => outside.name = report.string(key, node),
            "external" => outside.read(field, report),
            "driver" => spec.driver = report.string(key, node).unwrap_or_default(),
            "driver_opts" => spec.driver_opts = options(field, report),
            _ => spec.labels = labels(field, report),
        }
    }
    outside.check(entry, report);
    if let Some(name) = outside.name(&entry.key) {
        spec.name = VolumeName::new(name);
    }
    bound_device(&mut spec, entry, scope);
    let origin = report.loc(entry.at);
    Volume { spec, external: outside.external, compose_hash: None, origin }
}

/// As in Compose, a relative device of a bound volume is a path of the project.
fn bound_device(spec: &mut VolumeSpec, entry: &Entry, scope: &Scope<'_>) {
    let binds = spec.driver_opts.get("o").is_some_and(|o| o.split(',').any(|o| o == "bind"));
    let relative = |device: &&mut String| binds && device.starts_with('.');
    let Some(device) = spec.driver_opts.get_mut("device").filter(relative) else { return };
    if let Some(root) = scope.instance.root {
        *device = paths::on_host(root, scope.instance.base, device);
    } else {
        let message = format!("`{device}` cannot be bound: {}", mounts::UNSEEN);
        scope.report.error_help(entry.at, message, mounts::REMEDIES);
    }
}

/// Whether somebody else makes a thing, and under which name.
#[derive(Default)]
struct Outside {
    external: bool,
    name: Option<String>,
    old_name: Option<String>,
}

impl Outside {
    /// `external: true`, or the older `external: {name: …}`.
    fn read(&mut self, field: &Entry, report: &Reporter) {
        if !matches!(field.value.value, Value::Map(_)) {
            self.external = report.boolean("external", &field.value).unwrap_or(false);
            return;
        }
        self.external = true;
        for entry in report.map("external", &field.value) {
            if entry.key == "name" {
                self.old_name = report.string("external.name", &entry.value);
            } else {
                report.error(entry.at, format!("`{}` is not a key of `external`", entry.key));
            }
        }
    }

    fn check(&self, entry: &Entry, report: &Reporter) {
        if self.name.is_some() && self.old_name.is_some() && self.name != self.old_name {
            report.error(entry.at, format!("`{}` has two names: use only `name`", entry.key));
        }
        let Value::Map(fields) = &entry.value.value else { return };
        if !self.external {
            return;
        }
        for field in fields.iter().filter(|f| !matches!(f.key.as_str(), "name" | "external")) {
            if !field.key.starts_with("x-") {
                let message = format!("`{}` cannot be set: `{}` is external", field.key, entry.key);
                report.error(field.at, message);
            }
        }
    }

    /// The name on the engine, if it is not the usual one.
    fn name(&self, key: &str) -> Option<String> {
        let given = self.name.clone().or_else(|| self.old_name.clone());
        given.or_else(|| self.external.then(|| key.to_owned()))
    }
}

fn options(field: &Entry, report: &Reporter) -> BTreeMap<String, String> {
    report
        .map(&field.key, &field.value)
        .iter()
        .filter_map(|option| Some((option.key.clone(), report.text(&option.key, &option.value)?)))
        .collect()
}

/// Labels of the user; those that say whose a thing is are ours alone.
pub(super) fn labels(field: &Entry, report: &Reporter) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for pair in report.pairs(&field.key, &field.value) {
        if is_reserved(&pair.name) {
            let message = format!("the label `{}` is reserved", pair.name);
            report.error_help(
                pair.at,
                message,
                "`reconciler.*` and `com.docker.compose.*` say whose a container is",
            );
        } else {
            labels.insert(pair.name, pair.value.unwrap_or_default());
        }
    }
    labels
}

fn pools(node: &Node, report: &Reporter) -> Vec<IpamPool> {
    let mut pools = Vec::new();
    for field in report.map("ipam", node) {
        match field.key.as_str() {
            "config" => {
                let items = report.list("ipam.config", &field.value);
                pools.extend(items.iter().map(|item| pool(item, report)));
            }
            "driver" if field.value.scalar().is_none_or(|s| s.text == "default") => {}
            key @ ("driver" | "options") => {
                report.error(field.at, format!("`{key}` is valid Compose, but not carried yet"));
            }
            key if key.starts_with("x-") => {}
            key => report.refuse(
                field.at,
                format!("`{key}` is not a key of `ipam`"),
                did_you_mean(key, ["config", "driver", "options"]),
            ),
        }
    }
    pools
}

fn pool(node: &Node, report: &Reporter) -> IpamPool {
    let mut pool = IpamPool::default();
    for field in report.map("ipam.config", node) {
        let value = || report.string(&field.key, &field.value);
        match field.key.as_str() {
            "subnet" => pool.subnet = value(),
            "ip_range" => pool.ip_range = value(),
            "gateway" => pool.gateway = value(),
            "aux_addresses" => {
                report.error(field.at, "`aux_addresses` is valid Compose, but not carried yet");
            }
            key if key.starts_with("x-") => {}
            key => report.refuse(
                field.at,
                format!("`{key}` is not a key of `ipam.config`"),
                did_you_mean(key, ["subnet", "ip_range", "gateway", "aux_addresses"]),
            ),
        }
    }
    pool
}
