//! `volumes` and `tmpfs` of a service. A bind from the tree is bound where the engine's
//! host sees the tree; where it does not, a read-only file is delivered instead.

use super::draft::{Delivered, Draft};
use super::place::{Place, REMEDIES, UNSEEN, as_written};
use super::{Scope, content, keys};
use crate::stack::codes::{MOUNT_KIND, OUTSIDE_TREE, TREE_FILE, UNSEEN_TREE};
use compose::codes::{HOME, MOUNT, MOUNTED_TWICE, WORD};
use compose::variables::pass_it;
use model::host_path::normalise;
use model::spec::{Mount, MountSource, Propagation, Recursion, Relabel};
use text::read::quote;
use text::report::Reporter;
use text::suggest::one_of;
use text::yaml::{Entry, Node};
use text::{paths, stored};
use world::TreeKind;

/// A mount before its source is resolved.
#[derive(Default)]
struct RequestedMount {
    kind: String,
    source: Option<String>,
    target: String,
    /// All but its source.
    mount: Mount,
    /// Options of a tmpfs.
    tmpfs: Vec<String>,
}

/// Reads `volumes`.
pub(super) fn read(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    for item in scope.report.list("volumes", node) {
        let requested = requested(item, scope.report);
        place(draft, requested, item, scope);
    }
}

/// Reads `tmpfs`: `path` or `path:options`.
pub(super) fn tmpfs(draft: &mut Draft<'_>, field: &Entry, report: &Reporter) {
    for (text, node) in report.strings("tmpfs", &field.value) {
        let (target, options) = text.split_once(':').unwrap_or((&text, ""));
        if let Some(target) = target_path(target, node, report) {
            refuse_second(draft, &target, node, report);
            report.note(&mut draft.origins, format!("tmpfs.{target}"), node.span);
            draft.spec.tmpfs.insert(target, options.to_owned());
        }
    }
}

fn requested(node: &Node, report: &Reporter) -> RequestedMount {
    let mut requested = RequestedMount::default();
    for field in keys::MOUNT.admitted(node, report) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "type" => requested.kind = report.string(key, value).unwrap_or_default(),
            "source" => requested.source = report.text(key, value),
            "target" => requested.target = report.text(key, value).unwrap_or_default(),
            "read_only" => requested.mount.read_only = report.boolean(key, value).unwrap_or(false),
            "consistency" => requested.mount.consistency = report.text(key, value),
            "bind" => {
                for part in keys::MOUNT_BIND.admitted(value, report) {
                    bind_option(&mut requested.mount, part, report);
                }
            }
            "volume" | "image" => {
                for part in keys::MOUNT_VOLUME.admitted(value, report) {
                    volume_option(&mut requested.mount, part, report);
                }
            }
            _ => requested.tmpfs = tmpfs_options(value, report),
        }
    }
    requested
}

fn bind_option(mount: &mut Mount, field: &Entry, report: &Reporter) {
    let (key, node) = (field.key.as_str(), &field.value);
    let word = node.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
    let mut words = ["private", "rprivate", "shared", "rshared", "slave", "rslave"].as_slice();
    let known = match key {
        "create_host_path" => {
            mount.create_host_path = report.boolean(key, node).unwrap_or(false);
            return;
        }
        "propagation" => {
            mount.propagation = Propagation::parse(word);
            mount.propagation.is_some()
        }
        "selinux" => {
            words = &["z", "Z"];
            mount.relabel = [Relabel::Shared, Relabel::Private]
                .into_iter()
                .find(|relabel| relabel.as_str() == word);
            mount.relabel.is_some()
        }
        _ => {
            words = &["enabled", "disabled", "writable", "readonly"];
            mount.recursion = [Recursion::Disabled, Recursion::Writable, Recursion::ReadOnly]
                .into_iter()
                .find(|recursion| recursion.as_str() == word);
            // What engines do anyway.
            mount.recursion.is_some() || word == "enabled"
        }
    };
    if !known {
        let help = one_of(word, words);
        report.error_help(WORD, node.span, format!("{} is no value of `{key}`", quote(node)), help);
    }
}

fn volume_option(mount: &mut Mount, field: &Entry, report: &Reporter) {
    let (key, node) = (field.key.as_str(), &field.value);
    match key {
        "nocopy" => mount.no_copy = report.boolean(key, node).unwrap_or(false),
        "labels" => mount.labels = super::plain::labels(field, report),
        _ => mount.subpath = report.text(key, node),
    }
}

fn tmpfs_options(node: &Node, report: &Reporter) -> Vec<String> {
    let mut options = Vec::new();
    for field in report.map("tmpfs", node) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "size" => options.extend(report.bytes(key, value).map(|size| format!("size={size}"))),
            "mode" => {
                let mode = content::mode(key, value, report);
                options.extend(mode.map(|mode| format!("mode={mode:o}")));
            }
            _ => {}
        }
    }
    options
}

/// An absolute path, cleaned as Compose cleans it.
pub(super) fn target_path(target: &str, node: &Node, report: &Reporter) -> Option<String> {
    if !target.starts_with('/') {
        report.error(MOUNT, node.span, format!("the target `{target}` must be an absolute path"));
        return None;
    }
    let target = normalise(target);
    if target == "/" {
        let help = "a container's root is its image; write a folder below it";
        report.error_help(MOUNT, node.span, "nothing can be mounted on the root `/`", help);
        return None;
    }
    Some(target)
}

/// Reports a target that is taken already.
pub(super) fn refuse_second(draft: &Draft<'_>, target: &str, node: &Node, report: &Reporter) {
    let taken = draft.spec.mounts.contains_key(target)
        || draft.spec.tmpfs.contains_key(target)
        || draft.files.iter().any(|file| file.target == target);
    if taken {
        report.error(
            MOUNTED_TWICE,
            node.span,
            format!("something is mounted on `{target}` already"),
        );
    }
}

fn place(draft: &mut Draft<'_>, requested: RequestedMount, item: &Node, scope: &Scope<'_>) {
    let report = scope.report;
    let Some(target) = target_path(&requested.target, item, report) else { return };
    refuse_second(draft, &target, item, report);
    report.note(&mut draft.origins, format!("volumes.{target}"), item.span);
    let source = match (requested.kind.as_str(), requested.source) {
        ("tmpfs", _) => {
            report.note(&mut draft.origins, format!("tmpfs.{target}"), item.span);
            let mut options = requested.tmpfs;
            if requested.mount.read_only {
                options.push("ro".to_owned());
            }
            draft.spec.tmpfs.insert(target, options.join(","));
            return;
        }
        ("volume", None) => MountSource::Anonymous,
        ("volume", Some(key)) => {
            let name = match scope.volumes.get(&key) {
                Some(volume) => volume.spec.name.clone(),
                None if scope.legacy => super::plain::plain_volume(&key, scope).name,
                None => return,
            };
            draft.volumes.entry(key).or_insert(item.span);
            MountSource::Volume(name)
        }
        ("bind", Some(path)) => match bind(draft, &path, &target, &requested.mount, item, scope) {
            Some(source) => source,
            None => return,
        },
        ("image", Some(image)) => {
            let at = item.get("source").map_or(item, |source| &source.value);
            super::image::check(&image, at, scope.report);
            MountSource::Image(scope.image(image, draft.sensitive.contains("volumes")))
        }
        (kind, _) => {
            let why = match kind {
                "npipe" => "only engines on Windows have named pipes",
                "cluster" => "only a Swarm has volumes of a cluster",
                _ => "it names no source",
            };
            report.error(
                MOUNT_KIND,
                item.span,
                format!("a mount of type `{kind}` is not possible: {why}"),
            );
            return;
        }
    };
    draft.spec.mounts.insert(target, Mount { source, ..requested.mount });
}

/// A bind's source; `None` if it was delivered as a file, or reported.
fn bind(
    draft: &mut Draft<'_>,
    path: &str,
    target: &str,
    mount: &Mount,
    item: &Node,
    scope: &Scope<'_>,
) -> Option<MountSource> {
    let (report, instance) = (scope.report, scope.instance);
    if path.starts_with('~') {
        let help = format!("write an absolute path, or {}", pass_it("HOME"));
        report.error_help(HOME, item.span, "the home directory is not known here", help);
        return None;
    }
    let place = Place::of(path, instance);
    if let Some(host) = place.host {
        if let Some(file) = &place.tree
            && is_elsewhere(file, item, scope)
        {
            return None;
        }
        let seen = place.tree.filter(|_| instance.same_files);
        if !mount.create_host_path && is_absent(seen.as_deref(), item, scope) {
            return None;
        }
        let mark = seen.and_then(|file| instance.tree.mark(&file));
        draft.bound.extend(mark.map(|mark| (target.to_owned(), mark)));
        scope.mounts(&host);
        return Some(MountSource::Bind(host));
    }
    let Some(file) = place.tree else {
        let message = format!("`{}` is outside the source's tree", as_written(path));
        report.error_help(
            OUTSIDE_TREE,
            item.span,
            message,
            "write an absolute path of the engine's host",
        );
        return None;
    };
    if is_elsewhere(&file, item, scope) {
        return None;
    }
    let why = match paths::kind(instance.tree, &file) {
        Some(TreeKind::File { executable }) if mount.read_only => {
            let mode = if executable { 0o555 } else { 0o444 };
            let content = content::content(&file, item.span, scope)?;
            draft.files.push(Delivered::upload(target, 0, 0, mode, content));
            report.note(&mut draft.origins, "files", item.span);
            return None;
        }
        Some(TreeKind::File { .. }) => "it is bound writable",
        Some(TreeKind::Folder) => "it is a folder",
        Some(TreeKind::Link | TreeKind::Other) => "it is not a regular file",
        None => "it is not in the tree",
    };
    let message = format!("`{file}` cannot be bound: {why}, and {UNSEEN}");
    report.error_help(UNSEEN_TREE, item.span, message, REMEDIES);
    None
}

/// Whether a bind's path of the tree is not there, which is reported: the engine is not to make it.
fn is_absent(file: Option<&str>, item: &Node, scope: &Scope<'_>) -> bool {
    let Some(file) = file.filter(|file| paths::kind(scope.instance.tree, file).is_none()) else {
        return false;
    };
    let message = format!("there is no `{file}`, and `create_host_path` is not set");
    let help = "make it, or write `bind: { create_host_path: true }`";
    scope.report.error_help(TREE_FILE, item.span, message, help);
    true
}

/// Whether the content of a path of the tree is kept elsewhere, which is reported.
fn is_elsewhere(file: &str, item: &Node, scope: &Scope<'_>) -> bool {
    let tree = scope.instance.tree;
    let Some(error) = stored::elsewhere(tree, file) else { return false };
    let help = stored::remedy(tree, file, &error, &scope.report.name(item.span.file));
    let code = stored::code(&error, TREE_FILE);
    scope.report.refuse_as(code, item.span, error.to_string(), help);
    true
}
