//! Configs and secrets: what they hold, and how they come into a container.
//!
//! A `file:` without owner or mode is bound where the engine's host sees the tree, as
//! Compose does it; everything else is uploaded. Both count by content: the same file
//! bound or uploaded gives the same hash.

use super::content::{content, mode};
use super::draft::{Delivered, Draft, MODE};
use super::place::{Place, as_written};
use super::{Scope, keys, mounts};
use crate::stack::codes::OUTSIDE_TREE;
use compose::codes::{REQUIRED, WITHHELD};
use compose::nodes::RESOLVED;
use compose::variables::{Lookup, pass_it};
use model::digest::Digest;
use model::secret::Content;
use model::spec::{Mount, MountSource};
use text::report::Reporter;
use text::yaml::{Entry, Node, Span};

/// A config or secret of the top level.
#[derive(Clone, Debug)]
pub(super) enum Declared {
    /// A file, and where its path was written.
    File(String, Span),
    /// The bytes themselves.
    Content(Content),
}

/// The hash over all files of a service; `None` without any.
pub(super) fn hash(files: &[Delivered]) -> Option<Digest> {
    let mut lines: Vec<String> = files
        .iter()
        .map(|file| {
            let (uid, gid, mode, digest) = &file.identity;
            format!("{} {uid}:{gid} {mode:o} {digest}", file.target)
        })
        .collect();
    lines.sort();
    (!lines.is_empty()).then(|| Digest::of_parts(lines.iter().map(String::as_bytes)))
}

/// What differs between configs and secrets.
pub(super) struct FileKind {
    is_config: bool,
    folder: &'static str,
}

/// Configs.
pub(super) const CONFIG: FileKind = FileKind { is_config: true, folder: "/" };
/// Secrets.
pub(super) const SECRET: FileKind = FileKind { is_config: false, folder: "/run/secrets/" };

/// Reads a config or secret of the top level.
pub(super) fn declared(entry: &Entry, scope: &Scope<'_>) -> Option<Declared> {
    let report = scope.report;
    let (mut found, mut variable) = (None, None);
    let resolved = entry.value.get(RESOLVED).and_then(|field| field.value.scalar());
    for field in keys::FILE.admitted(&entry.value, report) {
        let Some(text) = report.text(&field.key, &field.value) else { continue };
        match field.key.as_str() {
            "file" => found = Some(Declared::File(text, field.value.span)),
            "content" => found = Some(Declared::Content(Content::new(text.into_bytes()))),
            "environment" => variable = Some((text, field.value.span)),
            _ => {}
        }
    }
    match (resolved, variable) {
        (Some(value), _) => Some(Declared::Content(Content::new(value.text.as_bytes()))),
        (None, Some((name, at))) => self::variable(&name, at, scope),
        (None, None) => found,
    }
}

fn variable(name: &str, at: Span, scope: &Scope<'_>) -> Option<Declared> {
    match scope.instance.variables.get(name) {
        Lookup::Found { value, .. } => {
            return Some(Declared::Content(Content::new(value.as_bytes())));
        }
        Lookup::Withheld => {
            let message = format!("the variable `{name}` is set where this runs, but not passed");
            scope.report.error_help(WITHHELD, at, message, pass_it(name));
        }
        Lookup::Unset => {
            let message = format!("the variable `{name}` is not set");
            scope.report.error_help(REQUIRED, at, message, pass_it(name));
        }
    }
    None
}

/// One use of a config or secret by a service.
#[derive(Default)]
struct Use {
    source: Option<String>,
    target: Option<String>,
    uid: Option<u32>,
    gid: Option<u32>,
    mode: Option<u32>,
}

/// Reads a service's `configs` or `secrets`.
pub(super) fn read(draft: &mut Draft<'_>, field: &Entry, kind: &FileKind, scope: &Scope<'_>) {
    let report = scope.report;
    for item in report.list(&field.key, &field.value) {
        let wanted = wanted(item, report);
        let Some(name) = &wanted.source else { continue };
        let declared = if kind.is_config { &scope.configs } else { &scope.secrets };
        // What is declared wrongly has been reported there.
        let Some(source) = declared.get(name) else { continue };
        let target = match &wanted.target {
            Some(target) if target.starts_with('/') => target.clone(),
            Some(target) => format!("{}{target}", kind.folder),
            None => format!("{}{name}", kind.folder),
        };
        let Some(target) = mounts::target_path(&target, item, report) else { continue };
        mounts::refuse_second(draft, &target, item, report);
        report.note(&mut draft.origins, "files", item.span);
        if !kind.is_config {
            draft.sensitive.insert(format!("files.{target}"));
        }
        deliver(draft, &target, &wanted, source, scope);
    }
}

fn wanted(node: &Node, report: &Reporter) -> Use {
    let mut wanted = Use::default();
    for field in report.map("file", node) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "source" => wanted.source = report.text(key, value),
            "target" => wanted.target = report.text(key, value),
            "uid" => wanted.uid = report.number(key, value),
            "gid" => wanted.gid = report.number(key, value),
            "mode" => wanted.mode = mode(key, value, report),
            _ => {}
        }
    }
    wanted
}

fn deliver(
    draft: &mut Draft<'_>,
    target: &str,
    wanted: &Use,
    source: &Declared,
    scope: &Scope<'_>,
) {
    let (report, instance) = (scope.report, scope.instance);
    let upload = |content| {
        let (uid, gid) = (wanted.uid.unwrap_or(0), wanted.gid.unwrap_or(0));
        Delivered::upload(target, uid, gid, wanted.mode.unwrap_or(MODE), content)
    };
    let (path, at) = match source {
        Declared::Content(content) => {
            draft.files.push(upload(content.clone()));
            return;
        }
        Declared::File(path, at) => (path, *at),
    };
    let plain = wanted.uid.is_none() && wanted.gid.is_none() && wanted.mode.is_none();
    let place = Place::of(path, instance);
    let host = place.host.clone().filter(|_| plain);
    match (&place.tree, host) {
        (Some(file), host) => {
            let Some(content) = content(file, at, scope) else { return };
            let Some(host) = host else {
                draft.files.push(upload(content));
                return;
            };
            draft.files.push(Delivered::bound(target, &content));
            bind(draft, target, host);
        }
        // Outside the tree its content cannot be read; the host policy decides.
        (None, Some(host)) => bind(draft, target, host),
        (None, None) => {
            let message = format!("the file `{}` is outside the source's tree", as_written(path));
            report.error_help(OUTSIDE_TREE, at, message, "move it beside the stack file");
        }
    }
}

fn bind(draft: &mut Draft<'_>, target: &str, host: String) {
    let mount = Mount { source: MountSource::Bind(host), read_only: true, ..Mount::default() };
    draft.spec.mounts.insert(target.to_owned(), mount);
}
