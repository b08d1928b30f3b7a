//! `volumes` and `tmpfs` of a service. A bind from the tree is bound where the engine's
//! host sees the tree; where it does not, a read-only file is delivered instead.

use super::files::{self, Delivered};
use super::service::Draft;
use super::{Scope, keys};
use crate::compose::variables::{Lookup, pass_it};
use crate::model::policy::normalise;
use crate::model::spec::{Mount, MountSource};
use crate::text::paths;
use crate::text::read::quote;
use crate::text::report::Reporter;
use crate::text::suggest::did_you_mean;
use crate::text::yaml::{Entry, Node, Value};
use crate::world::TreeKind;

/// Why a path of the tree cannot be used by an engine.
pub(super) const UNSEEN: &str = "the engine's host does not see this tree";
/// What can be done about it.
pub(super) const REMEDIES: &str = "the operator can name the tree on the engine's host with the \
     engine's `project_directory`; a file bound with `:ro`, or a config, is uploaded instead";

/// A mount before its source is resolved.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    source: Source,
    target: String,
    read_only: bool,
    no_copy: bool,
    create_host_path: bool,
    /// Options of a tmpfs.
    tmpfs: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Source {
    #[default]
    Anonymous,
    Volume(String),
    Bind(String),
    Tmpfs,
}

/// Reads `volumes`.
pub(super) fn read(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    let report = scope.report;
    for item in report.list("volumes", node) {
        let wish = match &item.value {
            Value::Map(_) => long(item, report),
            _ => report.string("volumes", item).and_then(|text| {
                short(&text)
                    .map_err(|why| {
                        report.error(item.span, format!("{} is not a mount: {why}", quote(item)));
                    })
                    .ok()
            }),
        };
        if let Some(wish) = wish {
            place(draft, wish, item, scope);
        }
    }
}

/// Reads `tmpfs`: `path` or `path:options`.
pub(super) fn tmpfs(draft: &mut Draft<'_>, field: &Entry, report: &Reporter) {
    for (text, node) in report.strings("tmpfs", &field.value) {
        let (target, options) = text.split_once(':').unwrap_or((&text, ""));
        if let Some(target) = target_path(target, node, report) {
            claim(draft, &target, node, report);
            report.note(&mut draft.origins, format!("tmpfs.{target}"), node.span);
            draft.spec.tmpfs.insert(target, options.to_owned());
        }
    }
}

/// `[source:]target[:options]`.
fn short(text: &str) -> Result<Wish, String> {
    let parts: Vec<&str> = text.split(':').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err("there is nothing between two colons".to_owned());
    }
    if parts.len() > 1 && parts[0].len() == 1 && parts[0].starts_with(char::is_alphabetic) {
        return Err("Compose reads one letter before a colon as a Windows drive".to_owned());
    }
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, options] => (Some(*source), *target, *options),
        _ => return Err("it has more than three parts".to_owned()),
    };
    let mut wish = Wish { target: target.to_owned(), ..Wish::default() };
    match source {
        None => {}
        Some(path) if path.starts_with(['.', '/', '~']) => {
            wish.source = Source::Bind(path.to_owned());
            wish.create_host_path = true;
        }
        Some(name) => wish.source = Source::Volume(name.to_owned()),
    }
    for option in options.split(',').filter(|option| !option.is_empty()) {
        match option {
            "ro" => wish.read_only = true,
            "rw" | "cached" | "delegated" | "consistent" | "rprivate" => {}
            "nocopy" => wish.no_copy = true,
            "z" | "Z" | "shared" | "rshared" | "slave" | "rslave" | "private" | "bind"
            | "rbind" => {
                return Err(format!("the option `{option}` is valid Compose, but not carried yet"));
            }
            _ => return Err(format!("`{option}` is not an option of a mount")),
        }
    }
    Ok(wish)
}

fn long(node: &Node, report: &Reporter) -> Option<Wish> {
    let mut wish = Wish::default();
    let (mut kind, mut source) = (None, None);
    for field in report.map("volumes", node) {
        if !keys::MOUNT.admits(field, report) || field.value.is_null() {
            continue;
        }
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "type" => kind = report.string(key, value),
            "source" => source = report.string(key, value),
            "target" => wish.target = report.string(key, value)?,
            "read_only" => wish.read_only = report.boolean(key, value)?,
            "bind" => wish.create_host_path = bind_options(value, report),
            "volume" => wish.no_copy = volume_options(value, report),
            _ => wish.tmpfs = tmpfs_options(value, report),
        }
    }
    let need = |what: &str| report.error(node.span, format!("a mount needs its `{what}`"));
    wish.source = match (kind.as_deref(), source) {
        (Some("bind"), Some(source)) => Source::Bind(source),
        (Some("bind"), None) => {
            need("source");
            return None;
        }
        (Some("volume"), Some(source)) => Source::Volume(source),
        (Some("volume"), None) => Source::Anonymous,
        (Some("tmpfs"), _) => Source::Tmpfs,
        (Some(other @ ("npipe" | "cluster" | "image")), _) => {
            let message =
                format!("a mount of type `{other}` is valid Compose, but not carried yet");
            report.error(node.span, message);
            return None;
        }
        (Some(other), _) => {
            let help = did_you_mean(other, ["bind", "volume", "tmpfs"]);
            report.refuse(node.span, format!("`{other}` is not a type of a mount"), help);
            return None;
        }
        (None, _) => {
            need("type");
            return None;
        }
    };
    if wish.target.is_empty() {
        need("target");
        return None;
    }
    Some(wish)
}

/// `bind`: whether a missing source may be made, which is so unless it says otherwise.
fn bind_options(node: &Node, report: &Reporter) -> bool {
    let mut create = true;
    for field in report.map("bind", node) {
        match field.key.as_str() {
            "create_host_path" => {
                create = report.boolean("create_host_path", &field.value).unwrap_or(true);
            }
            key @ ("propagation" | "recursive" | "selinux") => {
                report.error(field.at, format!("`{key}` is valid Compose, but not carried yet"));
            }
            key => unknown(field, "bind", key, &["create_host_path", "propagation"], report),
        }
    }
    create
}

/// `volume`: whether the image's content is not copied.
fn volume_options(node: &Node, report: &Reporter) -> bool {
    let mut no_copy = false;
    for field in report.map("volume", node) {
        match field.key.as_str() {
            "nocopy" => no_copy = report.boolean("nocopy", &field.value).unwrap_or(false),
            key @ ("subpath" | "labels") => {
                report.error(field.at, format!("`{key}` is valid Compose, but not carried yet"));
            }
            key => unknown(field, "volume", key, &["nocopy", "subpath", "labels"], report),
        }
    }
    no_copy
}

fn tmpfs_options(node: &Node, report: &Reporter) -> Vec<String> {
    let mut options = Vec::new();
    for field in report.map("tmpfs", node) {
        match field.key.as_str() {
            "size" => options.extend(
                report.bytes("tmpfs.size", &field.value).map(|size| format!("size={size}")),
            ),
            "mode" => options.extend(
                files::mode("tmpfs.mode", &field.value, report)
                    .map(|mode| format!("mode={mode:o}")),
            ),
            key => unknown(field, "tmpfs", key, &["size", "mode"], report),
        }
    }
    options
}

fn unknown(field: &Entry, of: &str, key: &str, known: &[&str], report: &Reporter) {
    let help = did_you_mean(key, known.iter().copied());
    report.refuse(field.at, format!("`{key}` is not a key of `{of}`"), help);
}

/// An absolute path, cleaned as Compose cleans it.
pub(super) fn target_path(target: &str, node: &Node, report: &Reporter) -> Option<String> {
    if target.starts_with('/') {
        return Some(normalise(target));
    }
    report.error(node.span, format!("the target `{target}` must be an absolute path"));
    None
}

/// Reports a target that is taken already.
pub(super) fn claim(draft: &Draft<'_>, target: &str, node: &Node, report: &Reporter) {
    let taken = draft.spec.mounts.contains_key(target)
        || draft.spec.tmpfs.contains_key(target)
        || draft.files.iter().any(|file| file.target == target);
    if taken {
        report.error(node.span, format!("something is mounted on `{target}` already"));
    }
}

fn place(draft: &mut Draft<'_>, wish: Wish, item: &Node, scope: &Scope<'_>) {
    let report = scope.report;
    let Some(target) = target_path(&wish.target, item, report) else { return };
    claim(draft, &target, item, report);
    report.note(&mut draft.origins, format!("volumes.{target}"), item.span);
    let source = match wish.source {
        Source::Tmpfs => {
            report.note(&mut draft.origins, format!("tmpfs.{target}"), item.span);
            let mut options = wish.tmpfs;
            if wish.read_only {
                options.push("ro".to_owned());
            }
            draft.spec.tmpfs.insert(target, options.join(","));
            return;
        }
        Source::Anonymous => MountSource::Anonymous,
        Source::Volume(key) => match volume(draft, &key, item, scope) {
            Some(source) => source,
            None => return,
        },
        Source::Bind(path) => match bind(draft, &path, &target, wish.read_only, item, scope) {
            Some(source) => source,
            None => return,
        },
    };
    let mount = Mount {
        source,
        read_only: wish.read_only,
        no_copy: wish.no_copy,
        create_host_path: wish.create_host_path,
        ..Mount::default()
    };
    draft.spec.mounts.insert(target, mount);
}

fn volume(draft: &mut Draft<'_>, key: &str, item: &Node, scope: &Scope<'_>) -> Option<MountSource> {
    let name = match scope.volumes.get(key) {
        Some(volume) => volume.spec.name.clone(),
        // Files of the first dialect cannot declare volumes: each name is one.
        None if scope.legacy => super::top::plain_volume(key, scope).name,
        None => {
            scope.unknown(item.span, "volume", key, scope.volumes.keys().map(String::as_str));
            return None;
        }
    };
    draft.volumes.entry(key.to_owned()).or_insert(item.span);
    Some(MountSource::Volume(name))
}

/// A path below the home directory, which only the operator can know.
fn home(below: &str, item: &Node, scope: &Scope<'_>) -> Option<String> {
    if let Lookup::Found { value, .. } = scope.instance.variables.get("HOME")
        && value.starts_with('/')
        && (below.is_empty() || below.starts_with('/'))
    {
        return Some(normalise(&format!("{value}{below}")));
    }
    let help = format!("write an absolute path, or {}", pass_it("HOME"));
    scope.report.error_help(item.span, "the home directory is not known here", help);
    None
}

/// A bind's source; `None` if it was delivered as a file, or reported.
fn bind(
    draft: &mut Draft<'_>,
    path: &str,
    target: &str,
    read_only: bool,
    item: &Node,
    scope: &Scope<'_>,
) -> Option<MountSource> {
    let (report, instance) = (scope.report, scope.instance);
    if path.starts_with('/') {
        return Some(MountSource::Bind(normalise(path)));
    }
    if let Some(below) = path.strip_prefix('~') {
        return home(below, item, scope).map(MountSource::Bind);
    }
    if let Some(root) = instance.root {
        return Some(MountSource::Bind(paths::on_host(root, instance.base, path)));
    }
    let Some(file) = paths::in_tree(instance.base, path) else {
        let message = format!("`{path}` is outside the source's tree");
        report.error_help(item.span, message, "write an absolute path of the engine's host");
        return None;
    };
    let kind = paths::kind(instance.tree, &file);
    let why = match kind {
        Some(TreeKind::File { executable }) if read_only => {
            let mode = if executable { 0o555 } else { 0o444 };
            let content = files::content(&file, item.span, scope)?;
            draft.files.push(Delivered::upload(target, 0, 0, mode, content));
            report.note(&mut draft.origins, "files", item.span);
            return None;
        }
        Some(TreeKind::File { .. }) => "it is bound writable",
        Some(TreeKind::Folder) => "it is a folder",
        Some(TreeKind::Link | TreeKind::Other) => "it is not a regular file",
        None => "it is not in the tree",
    };
    let message = format!("`{path}` cannot be bound: {why}, and {UNSEEN}");
    report.error_help(item.span, message, REMEDIES);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_grammar_is_composes() {
        let wish =
            |text| short(text).map(|w| (w.source, w.target, w.read_only, w.create_host_path));
        let target = || "/data".to_owned();
        assert_eq!(wish("/data"), Ok((Source::Anonymous, target(), false, false)));
        assert_eq!(wish("db:/data"), Ok((Source::Volume("db".into()), target(), false, false)));
        assert_eq!(wish("./x:/data:ro"), Ok((Source::Bind("./x".into()), target(), true, true)));
        assert_eq!(wish("data::/data").unwrap_err(), "there is nothing between two colons");
        assert!(wish("c:/data").is_err());
        assert!(wish("a:b:c:d").is_err());
        assert!(wish("./x:/data:what").is_err());
        assert!(wish("./x:/data:z").is_err());
    }
}
