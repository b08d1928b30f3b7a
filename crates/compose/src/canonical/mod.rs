//! Short forms to long ones, as far as files are merged on them. What has the wrong type
//! was reported by the checks and stays as it is.

mod mount;
mod port;

use super::codes::{EXTERNAL, PAIR, VALUE};
use super::nodes::{
    add_missing, entries_mut, entry, flag, get_mut, items_mut, last_wins, map, null, remove,
    resources_mut, set, take, text, text_of,
};
use super::path::Path;
use super::schema::refuse;
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Node, Span, Value};

/// Brings a stack file that was checked into canonical form. Doing it twice changes nothing.
pub(crate) fn canonical(root: &mut Node, report: &Reporter) {
    Canonical { report, unfilled: false }.file(root);
}

/// The same for a tree whose references were not filled in: what cannot be read stays.
pub(crate) fn canonical_unfilled(root: &mut Node, report: &Reporter) {
    Canonical { report, unfilled: true }.file(root);
}

struct Canonical<'r> {
    report: &'r Reporter,
    unfilled: bool,
}

impl Canonical<'_> {
    fn file(&self, root: &mut Node) {
        resources_mut(root, |section, value, path| match section {
            "services" => self.service(value, path),
            "networks" | "volumes" | "secrets" | "configs" => self.external(value, path),
            _ => {}
        });
    }

    fn service(&self, service: &mut Node, path: Path<'_>) {
        for Entry { key, value, .. } in entries_mut(service) {
            let path = path.key(key);
            match key.as_str() {
                "build" => self.build(value, path),
                "depends_on" => depends_on(value),
                "env_file" => env_files(value),
                "label_file" => text_to_list(value),
                "dns" => {
                    text_to_list(value);
                    without_empty(value);
                }
                "gpus" => gpus(value),
                "networks" | "models" => list_to_map(value, null),
                "volumes" => self.each(value, path, mount::mount),
                "devices" => self.each(value, path, Self::device),
                "secrets" | "configs" => file_mounts(value),
                "ports" => port::ports(self, value, path),
                "develop" => develop(value),
                _ => {}
            }
        }
    }

    /// Carries a step out on every item, without those that it cannot read.
    fn each(
        &self,
        list: &mut Node,
        path: Path<'_>,
        step: fn(&Self, &mut Node, Path<'_>) -> Option<()>,
    ) {
        if let Value::List(items) = &mut list.value {
            let mut index = 0;
            items.retain_mut(|item| {
                index += 1;
                step(self, item, path.item(index - 1)).is_some()
            });
        }
    }

    fn build(&self, build: &mut Node, path: Path<'_>) {
        if let Some(scalar) = build.scalar() {
            let context = text(build.span, scalar.text.clone(), Some(scalar));
            build.value = Value::Map(vec![entry("context", context)]);
        }
        for Entry { key, value, .. } in entries_mut(build) {
            match key.as_str() {
                "secrets" => file_mounts(value),
                "provenance" | "sbom" => {
                    if let Value::Scalar(scalar) = &mut value.value {
                        scalar.kind = text::yaml::Kind::Text;
                    }
                }
                "additional_contexts" => self.contexts(value, path.key(key)),
                "ssh" => self.ssh(value, path.key(key)),
                _ => {}
            }
        }
    }

    fn contexts(&self, contexts: &mut Node, path: Path<'_>) {
        let Value::List(items) = &contexts.value else { return };
        let pair = |(index, item): (usize, &Node)| {
            let scalar = item.scalar()?;
            let Some((name, value)) = scalar.text.split_once('=') else {
                if !self.unfilled {
                    let what = format!("must be `name=value`, not {}", quote(item));
                    refuse(self.report, PAIR, path.item(index), item.span, &what, None);
                }
                return None;
            };
            Some(entry(name, text(item.span, value, Some(scalar))))
        };
        let found: Vec<_> = items.iter().enumerate().map(pair).collect();
        if !self.unfilled || found.iter().all(Option::is_some) {
            contexts.value = Value::Map(last_wins(found.into_iter().flatten()));
        }
    }

    fn ssh(&self, ssh: &mut Node, path: Path<'_>) {
        let Value::List(items) = &ssh.value else { return };
        let mut found = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Some(scalar) = item.scalar() else { continue };
            match scalar.text.split_once('=') {
                Some((id, key)) => found.push(entry(id, text(item.span, key, Some(scalar)))),
                None if scalar.text == "default" => {
                    found.push(entry("default", null(item.span)));
                }
                None => {
                    let what = format!("must be `default` or `id=path`, not {}", quote(item));
                    refuse(self.report, PAIR, path.item(index), item.span, &what, None);
                }
            }
        }
        ssh.value = Value::Map(last_wins(found));
    }

    fn device(&self, device: &mut Node, path: Path<'_>) -> Option<()> {
        let Some(scalar) = device.scalar() else { return Some(()) };
        let parts: Vec<&str> = scalar.text.split(':').collect();
        let (source, target, permissions) = match parts[..] {
            [source] => (source, source, "rwm"),
            [source, target] => (source, target, "rwm"),
            [source, target, permissions] => (source, target, permissions),
            _ if self.unfilled => ("", "", "rwm"),
            _ => {
                let what = format!("{} has too many colons", quote(device));
                let help = "write it as a map of `source`, `target` and `permissions`";
                let help = Some(help.to_owned());
                refuse(self.report, VALUE, path, device.span, &what, help);
                return None;
            }
        };
        let target = if target.is_empty() { source } else { target };
        let part = |key: &str, part: &str| entry(key, text(device.span, part, Some(scalar)));
        let entries =
            vec![part("source", source), part("target", target), part("permissions", permissions)];
        device.value = Value::Map(entries);
        Some(())
    }

    /// `external` as a map becomes `true`, and its name the resource's.
    fn external(&self, resource: &mut Node, path: Path<'_>) {
        let Some(external) = get_mut(resource, "external") else { return };
        if !matches!(external.value, Value::Map(_)) {
            return;
        }
        let span = external.span;
        let inner = remove(external, "name");
        *external = flag(span, true);
        let Some(inner) = inner else { return };
        let key = path.key("external");
        let key = key.key("name");
        let name = text_of(resource, "name");
        let inner_name = inner.value.scalar().map(|scalar| scalar.text.as_str());
        if name.is_some() && name != inner_name {
            let what = "differs from `name` beside `external`";
            let help = Some("keep only `name`".to_owned());
            return refuse(self.report, EXTERNAL, key, inner.at, what, help);
        }
        let message = format!("`{key}`: is deprecated");
        let help = Some("write `name` beside `external: true`".to_owned());
        self.report.warn_as(EXTERNAL, inner.at, message, help);
        set(resource, "name", inner.value);
    }
}

/// A list of names as a map with a value for each.
fn list_to_map(node: &mut Node, value: fn(Span) -> Node) {
    let Value::List(items) = &node.value else { return };
    let pairs = items.iter().filter_map(|item| {
        let name = &item.scalar()?.text;
        Some(entry(name.as_str(), value(item.span)))
    });
    node.value = Value::Map(last_wins(pairs));
}

fn depends_on(node: &mut Node) {
    list_to_map(node, |span| map(span, Vec::new()));
    for dependency in entries_mut(node) {
        let node = &mut dependency.value;
        add_missing(node, "condition", |span| text(span, "service_started", None));
        add_missing(node, "required", |span| flag(span, true));
    }
}

fn env_files(node: &mut Node) {
    text_to_list(node);
    for file in items_mut(node) {
        if let Some(scalar) = file.scalar() {
            let path = text(file.span, scalar.text.clone(), Some(scalar));
            file.value = Value::Map(vec![entry("path", path)]);
        }
        add_missing(file, "required", |span| flag(span, true));
    }
}

/// A text becomes a list of one.
fn text_to_list(node: &mut Node) {
    if node.scalar().is_some() {
        let item = Node { span: node.span, value: take(node) };
        node.value = Value::List(vec![item]);
    }
}

fn without_empty(node: &mut Node) {
    if let Value::List(items) = &mut node.value {
        items.retain(|item| item.scalar().is_some_and(|scalar| !scalar.text.is_empty()));
    }
}

fn gpus(node: &mut Node) {
    if node.scalar().is_some() {
        let all = entry("count", text(node.span, "all", None));
        node.value = Value::List(vec![map(node.span, vec![all])]);
    }
}

fn file_mounts(node: &mut Node) {
    for item in items_mut(node) {
        if let Some(scalar) = item.scalar() {
            let source = text(item.span, scalar.text.clone(), Some(scalar));
            item.value = Value::Map(vec![entry("source", source)]);
        }
    }
}

fn develop(node: &mut Node) {
    let Some(watch) = get_mut(node, "watch") else { return };
    for trigger in items_mut(watch) {
        for key in ["ignore", "include"] {
            get_mut(trigger, key).into_iter().for_each(text_to_list);
        }
    }
}
