//! Relative paths of a stack file, made relative to another folder or absolute.

use super::NOWHERE;
use super::codes::{HOME, MOUNT};
use super::nodes::{entries_mut, get_mut, items_mut, resources_mut, text_of};
use super::path::Path;
use super::schema::refuse;
use super::variables::{Lookup, Variables, pass_it};
use text::paths;
use text::report::Reporter;
use text::yaml::{Entry, Node, Value};

/// Resolves every relative path below `root`. `directory` is absolute, or relative for a
/// file that is extended or included and whose paths are resolved again by the outer one.
pub(crate) fn resolve(root: &mut Node, directory: &str, variables: &Variables, report: &Reporter) {
    Resolver { directory, variables, report }.file(root);
}

struct Resolver<'r> {
    directory: &'r str,
    variables: &'r Variables,
    report: &'r Reporter,
}

impl Resolver<'_> {
    fn file(&self, root: &mut Node) {
        resources_mut(root, |section, value, path| match section {
            "services" => self.service(value, path),
            "volumes" => self.volume(value, path),
            "configs" | "secrets" => self.either(get_mut(value, "file"), path.key("file")),
            _ => {}
        });
    }

    fn service(&self, service: &mut Node, path: Path<'_>) {
        for Entry { key, value, .. } in entries_mut(service) {
            let path = path.key(key);
            match key.as_str() {
                "build" => self.build(value, path),
                "extends" => {
                    if let Some(file) = get_mut(value, "file") {
                        self.context(file, path.key("file"));
                    }
                }
                "env_file" => {
                    for (index, file) in items_mut(value).iter_mut().enumerate() {
                        self.own(get_mut(file, "path"), path.item(index).key("path"));
                    }
                }
                "label_file" => {
                    for (index, file) in items_mut(value).iter_mut().enumerate() {
                        self.own(Some(file), path.item(index));
                    }
                }
                "volumes" => {
                    for (index, mount) in items_mut(value).iter_mut().enumerate() {
                        self.mount(mount, path.item(index));
                    }
                }
                "develop" => {
                    let watch = get_mut(value, "watch").map(items_mut).unwrap_or_default();
                    for (index, trigger) in watch.iter_mut().enumerate() {
                        let path = path.key("watch");
                        self.own(get_mut(trigger, "path"), path.item(index).key("path"));
                    }
                }
                _ => {}
            }
        }
    }

    fn build(&self, build: &mut Node, path: Path<'_>) {
        for Entry { key, value, .. } in entries_mut(build) {
            let path = path.key(key);
            match key.as_str() {
                "context" => self.context(value, path),
                "additional_contexts" => {
                    for Entry { key, value, .. } in entries_mut(value) {
                        self.context(value, path.key(key));
                    }
                }
                "ssh" => {
                    for Entry { key, value, .. } in entries_mut(value) {
                        self.either(Some(value), path.key(key));
                    }
                }
                _ => {}
            }
        }
    }

    fn context(&self, node: &mut Node, path: Path<'_>) {
        let is_elsewhere = node.scalar().is_none_or(|scalar| is_elsewhere(&scalar.text));
        if !is_elsewhere {
            self.own(Some(node), path);
        }
    }

    /// A bind mount's source.
    fn mount(&self, mount: &mut Node, path: Path<'_>) {
        if text_of(mount, "type") != Some("bind") {
            return;
        }
        if mount.get("source").is_none() {
            let what = "a bind mount needs a `source`";
            return refuse(self.report, MOUNT, path, mount.span, what, None);
        }
        self.either(get_mut(mount, "source"), path.key("source"));
    }

    /// The device of a volume that is a bind mount in disguise.
    fn volume(&self, volume: &mut Node, path: Path<'_>) {
        if text_of(volume, "driver") != Some("local") {
            return;
        }
        let Some(options) = get_mut(volume, "driver_opts") else { return };
        if text_of(options, "o") == Some("bind") {
            self.either(get_mut(options, "device"), path.key("driver_opts").key("device"));
        }
    }

    /// A path of the host, which may begin with a drive.
    fn either(&self, node: Option<&mut Node>, path: Path<'_>) {
        if let Some(node) = node {
            self.each(node, path, |path| path.starts_with('/') || has_drive(path));
        }
    }

    /// A path of this system.
    fn own(&self, node: Option<&mut Node>, path: Path<'_>) {
        if let Some(node) = node {
            self.each(node, path, |path| path.starts_with('/') || path.is_empty());
        }
    }

    fn each(&self, node: &mut Node, path: Path<'_>, stays: fn(&str) -> bool) {
        let Node { span, value: Value::Scalar(scalar) } = node else { return };
        if scalar.text.starts_with('~') {
            match self.variables.get("HOME") {
                Lookup::Found { value, .. } => scalar.text = join(value, &scalar.text[1..]).into(),
                Lookup::Withheld => {
                    let what = "`~` is the home of the user who runs this, which is not passed";
                    return refuse(self.report, HOME, path, *span, what, Some(pass_it("HOME")));
                }
                Lookup::Unset => {
                    let message = format!("`{path}`: there is no `HOME`, so that `~` is a folder");
                    let help = Some("write the whole path".to_owned());
                    self.report.warn_as(HOME, *span, message, help);
                }
            }
        }
        if !stays(&scalar.text) {
            scalar.text = join(self.directory, &scalar.text).into();
        }
    }
}

/// Whether a build context is not a folder.
fn is_elsewhere(context: &str) -> bool {
    let starts = ["service:", "github.com/", "git@"];
    context.contains("://") || starts.iter().any(|start| context.starts_with(start))
}

/// Whether a path begins with a drive of Windows, which Compose leaves as it is.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [_, b':', b'/' | b'\\', ..])
}

/// Two parts of a path as one, cleaned. What climbs out of [`NOWHERE`] keeps its `..`.
pub(crate) fn join(folder: &str, path: &str) -> String {
    match folder.strip_prefix(NOWHERE) {
        Some(inside) => {
            let inside = inside.trim_start_matches('/');
            match clean(&paths::join(inside, path.trim_start_matches('/'))).as_str() {
                "." => NOWHERE.to_owned(),
                cleaned => format!("{NOWHERE}/{cleaned}"),
            }
        }
        None if folder.is_empty() => clean(path),
        None if path.is_empty() => clean(folder),
        None => clean(&format!("{folder}/{path}")),
    }
}

/// A path without `.`, `..` and repeated slashes, as far as it can be known without
/// looking; `.` for nothing.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            name => parts.push(name),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// An absolute path of the normal form as a path of the tree; `None` if it is outside.
pub(crate) fn in_tree(root: &str, path: &str) -> Option<String> {
    let rest = path.strip_prefix(root.trim_end_matches('/'))?;
    match rest.strip_prefix('/') {
        Some(inside) => text::paths::in_tree("", inside.trim_start_matches('/')),
        None => rest.is_empty().then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_go_joins_them() {
        for (folder, path, want) in [
            ("/a/b", "./c", "/a/b/c"),
            ("/a/b", "../../../c", "/c"),
            ("/a", "", "/a"),
            (".", "./x", "x"),
            ("sub", "../../x", "../x"),
            ("", "x/", "x"),
            ("//source", "./x", "//source/x"),
            ("//source", "", "//source"),
            ("//source", "../x", "//source/../x"),
            ("//source/shop", "..", "//source"),
            ("//source/shop", "../../x", "//source/../x"),
        ] {
            assert_eq!(join(folder, path), want, "{folder} {path}");
        }
    }

    #[test]
    fn the_tree_is_found_in_absolute_paths() {
        assert_eq!(in_tree("//source", "//source/a"), Some("a".to_owned()));
        assert_eq!(in_tree("//source", "//source/../a"), None);
        assert_eq!(in_tree("/srv/x", "/srv/x"), Some(String::new()));
        assert_eq!(in_tree("/srv/x", "/srv/xy/a"), None);
        assert_eq!(in_tree("/", "/srv/a"), Some("srv/a".to_owned()));
    }
}
