//! Facts about mounts.

use std::collections::BTreeMap;

use super::{Facts, map, text};
use model::spec::{Mount, MountSource, Propagation, Recursion, Relabel};

pub(super) fn mounts(mounts: &BTreeMap<String, Mount>, facts: &mut Facts) {
    for (target, mount) in mounts {
        facts.insert(format!("volumes.{target}"), mount_text(mount));
        options(&format!("mount_options.{target}"), mount, facts);
    }
}

pub(super) fn tmpfs(tmpfs: &BTreeMap<String, String>, facts: &mut Facts) {
    for (target, options) in tmpfs {
        facts.insert(format!("tmpfs.{target}"), format!("tmpfs {options}").trim().to_owned());
    }
}

/// What beside the source makes a mount differ. Whether a volume was filled from the image
/// only mattered when it was made.
fn options(path: &str, mount: &Mount, facts: &mut Facts) {
    // A bind says nothing by saying what is so anyway.
    let way = mount.propagation.filter(|way| *way != Propagation::RPrivate);
    let parts = [
        ("propagation", way.map(Propagation::as_str)),
        ("recursive", mount.recursion.map(Recursion::as_str)),
        ("selinux", mount.relabel.map(Relabel::as_str)),
        ("subpath", mount.subpath.as_deref()),
        ("consistency", mount.consistency.as_deref()),
    ];
    for (name, value) in parts {
        text(facts, &format!("{path}.{name}"), value.unwrap_or_default());
    }
    map(facts, &format!("{path}.labels"), &mount.labels);
}

fn mount_text(mount: &Mount) -> String {
    let source = match &mount.source {
        MountSource::Bind(path) => path.clone(),
        MountSource::Volume(name) => format!("volume {name}"),
        MountSource::Anonymous => "anonymous volume".to_owned(),
        MountSource::Image(image) => format!("image {}", image.as_str()),
    };
    // Nobody writes to an image, whether it is said or not.
    let read_only = mount.read_only && !matches!(mount.source, MountSource::Image(_));
    if read_only { format!("{source}, read-only") } else { source }
}
