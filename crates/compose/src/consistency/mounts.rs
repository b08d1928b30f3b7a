//! Mounts of a service: two on one target hide each other, and named volumes must exist.

use std::collections::BTreeMap;

use super::Whole;
use crate::codes::{MOUNTED_TWICE, NO_VOLUME};
use crate::nodes::{items, text_of};
use crate::path::Path;
use text::suggest::did_you_mean;
use text::yaml::Node;

impl Whole<'_> {
    pub(super) fn mounts(&self, service: &Node, path: Path<'_>) {
        let list = |key: &str| {
            service.get(key).map(|found| items(&found.value)).unwrap_or_default().iter().enumerate()
        };
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (index, tmpfs) in list("tmpfs") {
            let text = tmpfs.scalar().map_or("", |scalar| scalar.text.as_str());
            let target = text.split(':').next().unwrap_or(text);
            let path = path.key("tmpfs");
            self.once(&mut seen, target, tmpfs, path.item(index));
        }
        for (index, mount) in list("volumes") {
            let path = path.key("volumes");
            let path = path.item(index);
            self.volume(mount, path);
            self.once(&mut seen, text_of(mount, "target").unwrap_or(""), mount, path);
        }
    }

    fn once<'n>(
        &self,
        seen: &mut BTreeMap<&'n str, String>,
        target: &'n str,
        node: &Node,
        path: Path<'_>,
    ) {
        if let Some(first) = seen.get(target) {
            let what = format!("`{target}` is mounted already by `{first}`");
            let help = "give each mount its own target";
            return self.refuse(MOUNTED_TWICE, path, node.span, &what, help);
        }
        seen.insert(target, path.to_string());
    }

    fn volume(&self, mount: &Node, path: Path<'_>) {
        let name = text_of(mount, "source").unwrap_or("");
        let named = text_of(mount, "type") == Some("volume") && !name.is_empty();
        if named && !self.legacy && !self.volumes.contains(name) {
            let near = did_you_mean(name, self.volumes.iter().map(String::as_str));
            let help = near.unwrap_or_else(|| {
                format!("add `{name}:` under `volumes:`, or write `./{name}` for a folder")
            });
            let what = format!("there is no volume `{name}`");
            self.refuse(NO_VOLUME, path, mount.span, &what, &help);
        }
    }
}
