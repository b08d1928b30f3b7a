//! What a stack file cannot say of a container, or says otherwise: notes for the person who takes
//! it over.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value as Json;

use super::{Running, Writer};
use text::emit::Pair;

/// One thing that is not in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The field, by its Compose path or its member of the engine's API.
    pub field: String,
    /// What it is.
    pub about: String,
}

impl Note {
    /// As a line of comment.
    pub(super) fn comment(&self) -> String {
        format!("not carried: {}: {}", self.field, self.about)
    }
}

/// Members of the engine's answer for which Compose has no word, and what they are.
const WITHOUT_A_WORD: &[(&str, &str)] = &[
    ("/HostConfig/AutoRemove", "`--rm`: what a deployment runs stays when it ends"),
    (
        "/HostConfig/PublishAllPorts",
        "`-P`: write those of the image's ports that are to be reached under `ports`",
    ),
    ("/HostConfig/CpusetMems", "memory nodes (`--cpuset-mems`)"),
    ("/HostConfig/KernelMemory", "a limit of the kernel's memory"),
    ("/HostConfig/KernelMemoryTCP", "a limit of the memory of TCP"),
    ("/HostConfig/IOMaximumIOps", "a limit of Windows"),
    ("/HostConfig/IOMaximumBandwidth", "a limit of Windows"),
    ("/HostConfig/VolumeDriver", "`--volume-driver`: a volume's driver stands at the volume"),
    ("/Config/StdinOnce", "its input ends with the first client that leaves (`-i` without `-d`)"),
    ("/Config/NetworkDisabled", "it has no network at all: `network_mode: none` is the nearest"),
];

/// What is made anew in each container, by the engine or by programs as they run.
const ENGINES: [&str; 5] = ["/tmp", "/run", "/var/run", "/var/tmp", "/sbin/docker-init"];

/// Notes what is left out.
pub(super) fn write(writer: &mut Writer<'_>) {
    let running = writer.running;
    for (pointer, about) in WITHOUT_A_WORD {
        let value = running.whole.pointer(pointer).unwrap_or(&Json::Null);
        let is_set = match value {
            Json::Null => false,
            Json::Bool(on) => *on,
            Json::Number(number) => number.as_f64() != Some(0.0),
            Json::String(text) => !text.is_empty(),
            Json::Array(items) => !items.is_empty(),
            Json::Object(members) => !members.is_empty(),
        };
        if is_set {
            let member = pointer.trim_start_matches('/').replace('/', ".");
            writer.note(&member, *about);
        }
    }
    image(writer);
    changed(writer);
}

/// An image that its reference does not lead to any more, or that has none.
fn image(writer: &mut Writer<'_>) {
    let Running { view, image, named, .. } = writer.running;
    let id = view.image_id.as_str();
    let short = |id: &str| {
        let id = id.strip_prefix("sha256:").unwrap_or(id);
        id.get(..12).unwrap_or(id).to_owned()
    };
    if image.is_none() {
        writer.note("image", "it is gone: what of it the container has on its own is not known");
    }
    match named {
        Some(named) if named.id.as_str() != id => {
            let about = format!(
                "it runs {}, and the name leads to {} by now, which a new container gets",
                short(id),
                short(named.id.as_str())
            );
            writer.note("image", about);
        }
        None if view.spec.image.as_str() == id || view.spec.image.is_id() => {
            writer.note("image", "it has no name: no other engine can pull it");
        }
        None => {
            let about = format!(
                "it runs {}, and the engine has no image of that name any more: a new container \
                 gets what a registry has by it, if one has",
                short(id)
            );
            writer.note("image", about);
        }
        _ => {}
    }
}

/// Files that are only in the container itself.
fn changed(writer: &mut Writer<'_>) {
    let Running { view, changed, whole, .. } = writer.running;
    let points = whole.get("Mounts").and_then(Json::as_array).into_iter().flatten();
    let points = points.filter_map(|point| point.get("Destination")?.as_str());
    let mounted: BTreeSet<&str> =
        points.chain(view.spec.tmpfs.keys().map(String::as_str)).chain(ENGINES).collect();
    let inside = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // A folder counts as changed if something in it is, or is mounted in it.
    let is_folder = |path: &str| {
        let is_below = |other: &str| other != path && inside(other, path);
        changed.iter().any(|other| is_below(other)) || mounted.iter().any(|other| is_below(other))
    };
    let is_missed =
        |path: &&String| !mounted.iter().any(|folder| inside(path, folder)) && !is_folder(path);
    let files: Vec<&String> = changed.iter().filter(is_missed).collect();
    let Some(first) = files.first() else { return };
    let which = if files.len() == 1 {
        format!("its file {first} differs from the image's, and a new container does not have it")
    } else {
        let number = files.len();
        format!(
            "{number} of its files ({first}, …) differ from the image's, and a new container has \
             none of them"
        )
    };
    writer.note("files", format!("{which}: `docker diff {}`", view.name));
}

/// What tells a replica from the first one of its service.
pub(super) fn replica(running: &Running, first: &[Pair], other: &[Pair]) -> Note {
    let keys: BTreeSet<&str> = first.iter().chain(other).map(|pair| pair.key.as_str()).collect();
    let value = |pairs: &[Pair], key: &str| {
        pairs.iter().find(|pair| pair.key == key).map(|pair| pair.value.clone())
    };
    let differing = keys.into_iter().filter(|key| value(first, key) != value(other, key));
    let differing: Vec<String> = differing.map(|key| format!("`{key}`")).collect();
    let about = format!(
        "container {} differs from the service's first in {}",
        running.view.name,
        differing.join(", ")
    );
    Note { field: "scale".to_owned(), about }
}
