//! Mounts of an inspect answer. `Mounts` says what is there; how it was asked for is in
//! `HostConfig`: in `Binds` as `source:target:options`, or in `Mounts`.

use std::collections::BTreeMap;

use bollard::models::{Mount as ApiMount, MountBindOptions, MountType};

use super::non_empty;
use crate::docker::names::is_generated;
use crate::docker::wire::answer::{HostConfig, MountPoint};
use model::id::VolumeName;
use model::spec::{Mount, MountSource, Propagation, Recursion, Relabel};

/// What newer engines put on a volume that they name themselves, and on how it was asked for.
const ANONYMOUS: &str = "com.docker.volume.anonymous";

/// Binds, volumes and images, by target.
pub(super) fn read(points: &[MountPoint], host: &HostConfig) -> BTreeMap<String, Mount> {
    points.iter().filter_map(|point| mount(point, host)).collect()
}

/// Every volume behind a mount, by target: also anonymous ones.
pub(super) fn volumes<'a>(
    points: impl Iterator<Item = &'a MountPoint>,
) -> BTreeMap<String, VolumeName> {
    let volumes = points.filter(|point| point.typ.as_deref() == Some("volume"));
    volumes
        .filter_map(|point| Some((point.destination.clone()?, point.name.as_deref()?.into())))
        .collect()
}

/// Memory file systems: target to options.
pub(super) fn tmpfs(host: &HostConfig) -> BTreeMap<String, String> {
    let mut all = host.tmpfs.clone().unwrap_or_default();
    for mount in host.mounts.iter().flatten() {
        if let (Some(MountType::TMPFS), Some(target)) = (mount.typ, &mount.target) {
            let options = mount.tmpfs_options.clone().unwrap_or_default();
            let size =
                options.size_bytes.filter(|size| *size > 0).map(|size| format!("size={size}"));
            let mode = options.mode.filter(|mode| *mode > 0).map(|mode| format!("mode={mode:o}"));
            let options: Vec<String> = size.into_iter().chain(mode).collect();
            all.insert(target.clone(), options.join(","));
        }
    }
    all
}

fn mount(point: &MountPoint, host: &HostConfig) -> Option<(String, Mount)> {
    let target = point.destination.clone()?;
    let asked = host.mounts.iter().flatten().find(|mount| mount.target.as_ref() == Some(&target));
    let source = match (point.typ.as_deref()?, &point.name) {
        ("bind", _) => MountSource::Bind(point.source.clone()?),
        ("volume", Some(name)) if is_generated(name) => MountSource::Anonymous,
        ("volume", Some(name)) => MountSource::Volume(name.as_str().into()),
        ("image", _) => MountSource::Image(asked?.source.as_deref()?.into()),
        _ => return None,
    };
    let mut mount = Mount { read_only: !point.rw.unwrap_or(true), source, ..Mount::default() };
    mount.propagation = point.propagation.as_deref().and_then(Propagation::parse);
    match asked {
        Some(asked) => structured(asked, &mut mount),
        None => short(&target, host, &mut mount),
    }
    Some((target, mount))
}

/// What only the long form says.
fn structured(asked: &ApiMount, mount: &mut Mount) {
    mount.consistency = non_empty(asked.consistency.clone());
    if let Some(options) = &asked.bind_options {
        mount.recursion = recursion(options);
    }
    if let Some(options) = &asked.volume_options {
        mount.no_copy = options.no_copy.unwrap_or_default();
        mount.subpath = non_empty(options.subpath.clone());
        mount.labels = options.labels.clone().unwrap_or_default().into_iter().collect();
        mount.labels.remove(ANONYMOUS);
    }
    if let Some(options) = &asked.image_options {
        mount.subpath = non_empty(options.subpath.clone());
    }
}

fn recursion(options: &MountBindOptions) -> Option<Recursion> {
    let on = |flag: Option<bool>| flag == Some(true);
    if on(options.non_recursive) {
        Some(Recursion::Disabled)
    } else if on(options.read_only_non_recursive) {
        Some(Recursion::Writable)
    } else if on(options.read_only_force_recursive) {
        Some(Recursion::ReadOnly)
    } else {
        None
    }
}

/// What the options of the short form say.
fn short(target: &str, host: &HostConfig, mount: &mut Mount) {
    let binds = host.binds.iter().flatten().map(|bind| bind.split(':'));
    let found = binds.into_iter().find_map(|mut parts| {
        (parts.nth(1) == Some(target)).then(|| parts.next().unwrap_or_default())
    });
    for option in found.unwrap_or_default().split(',') {
        match option {
            "nocopy" => mount.no_copy = true,
            "z" => mount.relabel = Some(Relabel::Shared),
            "Z" => mount.relabel = Some(Relabel::Private),
            "cached" | "delegated" | "consistent" => mount.consistency = Some(option.to_owned()),
            _ => {}
        }
    }
}
