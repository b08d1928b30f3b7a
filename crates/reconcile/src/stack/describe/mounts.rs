//! What is mounted: binds, volumes, memory file systems; and the volumes of the stack.

use std::collections::BTreeSet;

use super::Writer;
use super::around::{self, Surroundings};
use super::host::peer_name;
use super::secrets::Secrets;
use model::id::{DeploymentId, VolumeName};
use model::spec::{Mount, MountSource, Propagation};
use text::emit::{Pair, Yaml};

/// Writes all of it.
pub(super) fn write(writer: &mut Writer<'_>) {
    let running = writer.running;
    let spec = &running.view.spec;
    let mut mounts = Vec::new();
    for (target, mount) in &spec.mounts {
        if mount.source == MountSource::Anonymous {
            anonymous(writer, target);
        }
        let of_image = running.image.as_ref().is_some_and(|image| image.volumes.contains(target));
        if !(of_image && *mount == Mount::default() || is_image_alone(mount, of_image)) {
            mounts.push(self::mount(writer, target, mount));
        }
    }
    if !mounts.is_empty() {
        writer.put("volumes", Yaml::List(mounts));
    }
    let tmpfs = spec.tmpfs.iter().map(|(target, options)| {
        if options.is_empty() { target.clone() } else { format!("{target}:{options}") }
    });
    let tmpfs: Vec<String> = tmpfs.map(|text| text.replace('$', "$$")).collect();
    if !tmpfs.is_empty() {
        writer.put("tmpfs", Yaml::texts(tmpfs));
    }
    let mut from = Vec::new();
    for shared in &spec.volumes_from {
        let name = peer_name(&shared.peer);
        let mode = if shared.read_only { ":ro" } else { "" };
        from.push(match writer.service_of(&name) {
            Some(service) => format!("{service}{mode}"),
            None => format!("container:{name}{mode}"),
        });
    }
    if !from.is_empty() {
        writer.put("volumes_from", Yaml::texts(from));
    }
}

/// Whether a mount is what the engine makes of an image's own volume.
fn is_image_alone(mount: &Mount, of_image: bool) -> bool {
    let plain = Mount { propagation: None, ..mount.clone() };
    of_image && plain == Mount::default()
}

/// Data in a volume without a name stays with its container.
fn anonymous(writer: &mut Writer<'_>, target: &str) {
    let volume = writer.running.view.volumes.get(target);
    let name = volume.map(|name| name.as_str().get(..12).unwrap_or(name.as_str()).to_owned());
    let about = format!(
        "{target} is in a volume without a name{}: a new container begins with an empty one, so \
         copy what is in it",
        name.map(|name| format!(" ({name}…)")).unwrap_or_default()
    );
    writer.note("volumes", about);
}

fn mount(writer: &mut Writer<'_>, target: &str, mount: &Mount) -> Yaml {
    if let MountSource::Volume(name) = &mount.source {
        writer.used.volumes.insert(name.clone());
    }
    let source = source(writer, mount);
    short(target, mount, &source).unwrap_or_else(|| long(writer, target, mount, &source))
}

/// The source as the stack names it.
fn source(writer: &Writer<'_>, mount: &Mount) -> String {
    match &mount.source {
        MountSource::Bind(path) => path.clone(),
        MountSource::Volume(name) => writer.scene.around.volume(name, writer.scene.deployment).key,
        MountSource::Anonymous => String::new(),
        MountSource::Image(image) => image.as_str().to_owned(),
    }
}

/// `source:target:ro`, if that says all of it.
fn short(target: &str, mount: &Mount, source: &str) -> Option<Yaml> {
    let propagation = mount.propagation.filter(|way| *way != Propagation::RPrivate);
    let plain =
        Mount { read_only: mount.read_only, source: mount.source.clone(), ..<_>::default() };
    let is_plain = Mount { propagation, ..mount.clone() } == plain;
    let has_colon = source.contains(':') || target.contains(':');
    let source = match &mount.source {
        MountSource::Bind(_) if source.starts_with('/') => format!("{source}:"),
        MountSource::Volume(_) => format!("{source}:"),
        MountSource::Anonymous if !mount.read_only => String::new(),
        _ => return None,
    };
    let mode = if mount.read_only { ":ro" } else { "" };
    let text = format!("{source}{target}{mode}").replace('$', "$$");
    (is_plain && !has_colon).then(|| Yaml::text(text))
}

fn long(writer: &mut Writer<'_>, target: &str, mount: &Mount, source: &str) -> Yaml {
    let plain = |text: &str| Yaml::text(text.replace('$', "$$"));
    let kind = match &mount.source {
        MountSource::Bind(_) => "bind",
        MountSource::Volume(_) | MountSource::Anonymous => "volume",
        MountSource::Image(_) => "image",
    };
    let mut pairs = vec![("type", Yaml::text(kind))];
    if !source.is_empty() {
        pairs.push(("source", plain(source)));
    }
    pairs.push(("target", plain(target)));
    if mount.read_only && kind != "image" {
        pairs.push(("read_only", Yaml::word(true)));
    }
    pairs.extend(mount.consistency.iter().map(|word| ("consistency", plain(word))));
    let mut options: Vec<(&str, Yaml)> = Vec::new();
    let way = mount.propagation.filter(|way| *way != Propagation::RPrivate && kind == "bind");
    options.extend(way.map(|way| ("propagation", Yaml::text(way.as_str()))));
    options.extend(mount.recursion.map(|way| ("recursive", Yaml::text(way.as_str()))));
    options.extend(mount.subpath.iter().map(|path| ("subpath", plain(path))));
    if kind == "bind" {
        options.extend(mount.relabel.map(|letter| ("selinux", Yaml::text(letter.as_str()))));
    } else if mount.relabel.is_some() {
        writer.note("volumes", format!("{target}: `z` and `Z` of a volume have no word"));
    }
    if mount.no_copy {
        options.push(("nocopy", Yaml::word(true)));
    }
    if !mount.labels.is_empty() {
        options.push(("labels", writer.texts(&mount.labels)));
    }
    if !options.is_empty() {
        pairs.push((kind, Yaml::map(options)));
    }
    Yaml::map(pairs)
}

/// The volumes of the stack: what the deployment made itself is its own, all others are there
/// already.
pub(super) fn volumes(
    used: &BTreeSet<VolumeName>,
    surroundings: &Surroundings,
    (deployment, secrets): (Option<&DeploymentId>, &mut Secrets),
) -> Vec<Pair> {
    let mut all = Vec::new();
    for name in used {
        let key = surroundings.volume(name, deployment);
        let mut pairs = around::named(&key.key, name.as_str(), deployment, key.own.is_some());
        if let Some(spec) = key.own.map(|view| &view.spec) {
            if spec.driver != "local" {
                pairs.push(Pair::new("driver", Yaml::text(&spec.driver)));
            }
            pairs.extend(around::named_texts("volume", (&spec.driver_opts, &spec.labels), secrets));
        }
        all.push(Pair::new(key.key, Yaml::Map(pairs)));
    }
    all
}
