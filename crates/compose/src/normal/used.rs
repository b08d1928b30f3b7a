//! Resources that no enabled service uses are not a part of the project.

use std::collections::BTreeSet;

use crate::nodes::{entries, get_mut, items, text_of};
use text::yaml::{Node, Value};

/// Drops them.
pub(super) fn keep(root: &mut Node) {
    let mut used = Used::default();
    if let Some(services) = root.get("services") {
        for service in entries(&services.value) {
            used.by(&service.value);
        }
    }
    for (key, names) in used.sections() {
        if let Some(Node { value: Value::Map(entries), .. }) = get_mut(root, key) {
            entries.retain(|entry| names.contains(entry.key.as_str()));
        }
    }
}

#[derive(Default)]
struct Used {
    networks: BTreeSet<String>,
    volumes: BTreeSet<String>,
    secrets: BTreeSet<String>,
    configs: BTreeSet<String>,
    models: BTreeSet<String>,
}

impl Used {
    fn by(&mut self, service: &Node) {
        let keys = |node: &Node, key: &str| {
            let map = node.get(key).map(|found| entries(&found.value)).unwrap_or_default();
            map.iter().map(|entry| entry.key.to_string()).collect::<Vec<_>>()
        };
        let sources = |node: &Node, key: &str| {
            let list = node.get(key).map(|found| items(&found.value)).unwrap_or_default();
            let source = |item: &Node| text_of(item, "source").map(str::to_owned);
            list.iter().filter_map(source).collect::<Vec<_>>()
        };
        self.networks.extend(keys(service, "networks"));
        self.models.extend(keys(service, "models"));
        self.secrets.extend(sources(service, "secrets"));
        self.configs.extend(sources(service, "configs"));
        if let Some(build) = service.get("build") {
            self.secrets.extend(sources(&build.value, "secrets"));
        }
        let mounts = service.get("volumes").map(|found| items(&found.value)).unwrap_or_default();
        for mount in mounts {
            if text_of(mount, "type") == Some("volume") {
                self.volumes.extend(text_of(mount, "source").map(str::to_owned));
            }
        }
    }

    fn sections(self) -> [(&'static str, BTreeSet<String>); 5] {
        [
            ("networks", self.networks),
            ("volumes", self.volumes),
            ("secrets", self.secrets),
            ("configs", self.configs),
            ("models", self.models),
        ]
    }
}
