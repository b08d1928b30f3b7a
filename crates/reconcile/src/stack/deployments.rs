//! `deployments.yaml`: several deployments of the stacks in a tree.

use std::collections::BTreeMap;

use super::codes::{self, BAD_ID, INCOMPLETE_ENTRY, NO_STACK, OUTSIDE, UNKNOWN_KEY};
use super::found::{Found, LIST};
use super::one::{self, Loader, Request};
use super::project::{self, Asked};
use compose::codes::FILE;
use model::desired::{Entry, Layout};
use model::diagnostic::{Diagnostic, Severity};
use model::id::{DeploymentId, EngineName};
use model::rollback::OnFailure;
use model::sync_mode::SyncMode;
use text::encoding::{self, NotText};
use text::read::quote;
use text::report::Reporter;
use text::suggest::did_you_mean;
use text::yaml::{self, Entry as Field, FileId, MAX_FILE, Node, Span};
use text::{paths, stored};
use world::{Tree, TreeKind};

/// The keys of an entry.
pub const KEYS: [&str; 10] = [
    "stack",
    "files",
    "engine",
    "profiles",
    "variables",
    "scale",
    "sync",
    "on_failure",
    "env_files",
    "project_directory",
];
/// The words of `sync`.
pub const SYNC_MODES: [&str; 4] = ["auto", "heal", "notify", "paused"];
/// The words of `on_failure`.
pub const ON_FAILURE: [&str; 2] = ["rollback", "pause"];

/// Loads what `deployments.yaml` in the folder `start` lists.
pub(super) fn load(loader: &Loader<'_>, start: &str) -> Found {
    let mut found = Found::new(Layout::Listed);
    let path = paths::join(start, LIST);
    let (root, report) = list(loader.tree, &path);
    let Some(root) = root else {
        found.incomplete = report.finish();
        return found;
    };
    let mut listed = None;
    for field in report.map("the file", &root) {
        if field.key == "deployments" {
            listed = Some(field);
        } else if !field.key.starts_with("x-") {
            let help = did_you_mean(&field.key, ["deployments"]);
            let message = format!("`{}` is not a key of {LIST}", field.key);
            report.refuse_as(UNKNOWN_KEY, field.at, message, help);
        }
    }
    let entries = listed.map(|field| report.map("deployments", &field.value)).unwrap_or_default();
    if listed.is_none() {
        let message = format!("there are no `deployments` in {LIST}");
        let help = "begin with `deployments:`".to_owned();
        report.refuse_as(INCOMPLETE_ENTRY, root.span, message, Some(help));
    }
    let mut read = Vec::new();
    let is_wanted = |entry: &&Field| loader.only.is_none_or(|only| *entry.key == *only.as_str());
    for entry in entries.iter().filter(is_wanted) {
        if DeploymentId::is_valid(&entry.key) {
            read.push((entry, self::entry(loader, start, (&path, &root), entry, &report)));
        } else {
            let message = format!("`{}` cannot be the id of a deployment", entry.key);
            report.refuse_as(BAD_ID, entry.at, message, Some(one::ID_HELP.to_owned()));
        }
    }
    for (entry, state) in read {
        found.add(DeploymentId::new(entry.key.as_str()), state, report.loc(entry.at));
    }
    report.name_paths(&root, &[]);
    found.incomplete = report.finish();
    found.incomplete.retain(Diagnostic::is_error);
    found
}

/// The tree of `deployments.yaml`, or why there is none.
fn list(tree: &dyn Tree, path: &str) -> (Option<Node>, Reporter) {
    match stored::read(tree, path, MAX_FILE).map(encoding::yaml) {
        Ok(Ok(text)) => {
            let report = Reporter::new(path, &text);
            (yaml::parse(FileId::FIRST, &text, &report), report)
        }
        Ok(Err(NotText { line, column, what, lossy })) => {
            let report = Reporter::new(path, &lossy);
            report.error(FILE, Span { line, column, ..Span::START }, what);
            (None, report)
        }
        Err(error) => {
            let report = Reporter::hidden(path);
            let help = stored::remedy(tree, path, &error, path);
            let code = stored::code(&error, FILE);
            report.refuse_as(code, Span::START, error.to_string(), help);
            (None, report)
        }
    }
}

/// What an entry says.
#[derive(Default)]
struct Declared {
    stack: Option<(String, Span)>,
    files: Vec<String>,
    engine: Option<EngineName>,
    profiles: Option<Vec<String>>,
    variables: BTreeMap<String, String>,
    scale: BTreeMap<String, (u32, Span)>,
    sync: SyncMode,
    on_failure: OnFailure,
    env_files: Option<Vec<String>>,
    directory: Option<String>,
}

impl Declared {
    fn read(entry: &Field, start: &str, report: &Reporter) -> Self {
        let mut declared = Self::default();
        for field in report.map(&format!("deployments.{}", entry.key), &entry.value) {
            let (key, node) = (field.key.as_str(), &field.value);
            match key {
                _ if node.is_null() && KEYS.contains(&key) => {}
                "stack" => declared.stack = report.string(key, node).map(|path| (path, node.span)),
                "files" => declared.files = inside_all(start, key, node, report),
                "profiles" => {
                    let names = report.strings(key, node).into_iter().map(|(name, _)| name);
                    declared.profiles = Some(names.collect());
                }
                "engine" => declared.engine = report.string(key, node).map(EngineName::new),
                "sync" => declared.sync = sync(node, report).unwrap_or_default(),
                "on_failure" => {
                    declared.on_failure = on_failure(node, report).unwrap_or_default();
                }
                "variables" => declared.variables = variables(node, report),
                "scale" => declared.scale = scale(node, report),
                "env_files" => declared.env_files = Some(inside_all(start, key, node, report)),
                "project_directory" => declared.directory = inside(start, key, node, report),
                _ => report.refuse_as(
                    UNKNOWN_KEY,
                    field.at,
                    format!("`{key}` is not a key of a deployment"),
                    did_you_mean(key, KEYS),
                ),
            }
        }
        declared
    }
}

/// One entry. What is wrong with it makes only this deployment invalid.
fn entry(
    loader: &Loader<'_>,
    start: &str,
    (list, root): (&str, &Node),
    entry: &Field,
    outer: &Reporter,
) -> Entry {
    let report = outer.same_files();
    let id = DeploymentId::new(entry.key.as_str());
    let declared = Declared::read(entry, start, &report);
    let place = declared
        .stack
        .as_ref()
        .and_then(|(path, at)| place(loader.tree, start, (path, *at), &declared.files, &report));
    if entry.value.get("stack").is_none() {
        report.refuse_as(
            INCOMPLETE_ENTRY,
            entry.at,
            format!("the deployment `{id}` names no stack"),
            Some(format!("add `stack: FOLDER/compose.yaml`, relative to {list}")),
        );
    }
    report.name_paths(root, &[]);
    let Some((files, folder)) = place else { return Entry::Invalid(report.finish()) };
    let origin = outer.loc(entry.at);
    let asked = Asked {
        files: &files,
        directory: declared.directory.as_deref(),
        folder: &folder,
        here: &folder,
        env_files: declared.env_files.as_deref(),
        origin: Some(&origin),
        ..Asked::default()
    };
    let (file, project) =
        loader.read(asked, one::outer_variables(declared.variables, loader.options));
    if let (true, true, Some((path, at))) =
        (project.files.is_empty(), project.certain, &declared.stack)
    {
        no_stack(path, *at, &report);
        return Entry::Invalid(report.finish());
    }
    let unknown = |(name, (count, at)): (String, (u32, Span))| {
        let path = format!("deployments.{id}.scale.{name}");
        let message = format!("`{path}`: there is no service `{name}` in {}", file.path());
        let unknown = outer.diagnostic(Severity::Error, at, message, None);
        (name, (count, unknown.with_code(codes::SCALE)))
    };
    let scale = declared.scale.into_iter().map(unknown).collect();
    for diagnostic in report.finish() {
        file.report.add(diagnostic);
    }
    let request = Request {
        engine: declared.engine,
        sync: declared.sync,
        on_failure: declared.on_failure,
        profiles: project.profiles(declared.profiles.as_deref()),
        origin: Some(origin),
        scale,
        env_files: declared.env_files.unwrap_or_default(),
        base: project.directory,
        variables: project.variables,
    };
    one::load(file, &id, request, *loader)
}

/// The stack file that an entry names, directly or by its folder, with the files that are
/// merged onto it; no file stands for what Compose finds in the folder.
fn place(
    tree: &dyn Tree,
    start: &str,
    (path, at): (&str, Span),
    more: &[String],
    report: &Reporter,
) -> Option<(Vec<String>, String)> {
    let Some(full) = paths::in_tree(start, path) else {
        let message = format!("the stack `{path}` is outside the source's tree");
        report.refuse_as(OUTSIDE, at, message, None);
        return None;
    };
    if let Some(error) = stored::elsewhere(tree, &full) {
        let help = stored::remedy(tree, &full, &error, "");
        report.refuse_as(stored::code(&error, NO_STACK), at, error.to_string(), help);
        return None;
    }
    match paths::kind(tree, &full) {
        Some(TreeKind::File { .. }) => {
            let folder = paths::split(&full).0.to_owned();
            Some(([&[full], more].concat(), folder))
        }
        Some(TreeKind::Folder) if more.is_empty() => Some((Vec::new(), full)),
        Some(TreeKind::Folder) => {
            let name = project::stack_in(&tree.list(&full).unwrap_or_default());
            if name.is_none() {
                no_stack(path, at, report);
            }
            let stack = paths::join(&full, name?);
            Some(([&[stack], more].concat(), full))
        }
        Some(TreeKind::Link | TreeKind::Other) => {
            let message = format!("the stack `{path}` is not a regular file of the tree");
            report.refuse_as(NO_STACK, at, message, None);
            None
        }
        None => {
            let help = "name a stack file, or a folder with a compose.yaml, from the folder of \
                        deployments.yaml on";
            report.error_help(NO_STACK, at, format!("there is no stack `{path}`"), help);
            None
        }
    }
}

fn no_stack(path: &str, at: Span, report: &Reporter) {
    report.refuse_as(NO_STACK, at, format!("the folder `{path}` has no stack file"), None);
}

fn sync(node: &Node, report: &Reporter) -> Option<SyncMode> {
    let text = report.string("sync", node)?;
    match text.as_str() {
        "auto" => Some(SyncMode::Auto),
        "heal" => Some(SyncMode::Heal),
        "notify" => Some(SyncMode::Notify),
        "paused" => Some(SyncMode::Paused),
        _ => {
            let help = did_you_mean(&text, SYNC_MODES)
                .unwrap_or_else(|| "use `auto`, `heal`, `notify` or `paused`".to_owned());
            let message = format!("{} is not a sync mode", quote(node));
            report.refuse_as(codes::SYNC, node.span, message, Some(help));
            None
        }
    }
}

fn on_failure(node: &Node, report: &Reporter) -> Option<OnFailure> {
    let text = report.string("on_failure", node)?;
    match text.as_str() {
        "rollback" => Some(OnFailure::Rollback),
        "pause" => Some(OnFailure::Pause),
        _ => {
            let help = did_you_mean(&text, ON_FAILURE)
                .unwrap_or_else(|| "use `rollback` or `pause`".to_owned());
            let message = format!("{} is nothing to do after a failure", quote(node));
            report.refuse_as(codes::SYNC, node.span, message, Some(help));
            None
        }
    }
}

fn variables(node: &Node, report: &Reporter) -> BTreeMap<String, String> {
    report
        .map("variables", node)
        .iter()
        .filter_map(|field| {
            let value = if field.value.is_null() {
                String::new()
            } else {
                report.text(&format!("variables.{}", field.key), &field.value)?
            };
            Some((field.key.to_string(), value))
        })
        .collect()
}

fn scale(node: &Node, report: &Reporter) -> BTreeMap<String, (u32, Span)> {
    report
        .map("scale", node)
        .iter()
        .filter_map(|field| {
            let count = report.number(&format!("scale.{}", field.key), &field.value)?;
            Some((field.key.to_string(), (count, field.at)))
        })
        .collect()
}

/// Paths relative to `deployments.yaml`, inside the tree.
fn inside_all(start: &str, key: &str, node: &Node, report: &Reporter) -> Vec<String> {
    let items = report.strings(key, node);
    items.into_iter().filter_map(|(_, node)| inside(start, key, node, report)).collect()
}

/// A path relative to `deployments.yaml`, inside the tree.
fn inside(start: &str, key: &str, node: &Node, report: &Reporter) -> Option<String> {
    let path = report.string(key, node)?;
    let inside = paths::in_tree(start, &path);
    if inside.is_none() {
        let message = format!("`{key}` is outside the source's tree");
        report.refuse_as(OUTSIDE, node.span, message, None);
    }
    inside
}
