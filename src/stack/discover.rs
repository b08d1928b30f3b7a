//! Which deployments a tree holds: listed in `deployments.yaml`, one per folder with a
//! stack file, or the one stack file that was named.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::{BESIDE, NO_ID, SAME_ID, UNREADABLE};
use super::lower::Contexts;
use super::one::{self, Loader, Request, Stack};
use super::{Options, deployments};
use crate::model::desired::{Entry, Layout};
use crate::model::diagnostic::{Diagnostic, Loc};
use crate::model::id::DeploymentId;
use crate::text::paths;
use crate::text::yaml::{Node, Span, Value};
use crate::world::{Snapshot, TreeEntry, TreeError, TreeKind};

/// The list of deployments.
pub(crate) const LIST: &str = "deployments.yaml";
/// Names of stack files; the first that exists is taken, as Compose does.
pub(crate) const STACKS: [&str; 5] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml", LEGACY];
/// The oldest name, which nothing is merged onto.
const LEGACY: &str = "fig.yml";
/// Files that are merged onto a stack that was found, as Compose does; the first that exists.
const OVERRIDES: [&str; 4] = [
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What was found.
pub(super) struct Found {
    /// How.
    pub(super) layout: Layout,
    /// By id.
    pub(super) deployments: BTreeMap<DeploymentId, Entry>,
    /// Why there may be more.
    pub(super) incomplete: Vec<Diagnostic>,
}

impl Found {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, deployments: BTreeMap::new(), incomplete: Vec::new() }
    }

    /// Adds a deployment; an id that is taken makes both invalid.
    pub(super) fn add(&mut self, id: DeploymentId, entry: Entry, at: Loc) {
        let Some(other) = self.deployments.remove(&id) else {
            self.deployments.insert(id, entry);
            return;
        };
        let mut both = diagnostics(other);
        both.extend(diagnostics(entry));
        both.push(Diagnostic {
            at: Some(at),
            ..Diagnostic::error(format!("two deployments have the id `{id}`"))
                .with_code(SAME_ID)
                .with_help("give one of them another `name`")
        });
        one::sort(&mut both);
        self.deployments.insert(id, Entry::Invalid(both));
    }
}

fn diagnostics(entry: Entry) -> Vec<Diagnostic> {
    match entry {
        Entry::Invalid(found) => found,
        Entry::Valid(deployment, mut found) => {
            let message = format!("`{}` is declared here", deployment.id);
            let at = Some(deployment.origin.clone());
            found.push(Diagnostic { at, ..Diagnostic::error(message).with_code(SAME_ID) });
            found
        }
    }
}

/// Finds and loads everything.
pub(super) fn discover(snapshot: &Snapshot, options: &Options) -> Found {
    let tree = snapshot.tree.as_ref();
    let start = snapshot.start.trim_matches('/');
    let contexts = Contexts::new(tree);
    let loader = Loader { tree, options, contexts: &contexts };
    let entries = match tree.list(start) {
        Ok(entries) => entries,
        Err(error) => {
            if matches!(paths::kind(tree, start), Some(TreeKind::File { .. })) {
                return loader.single(start);
            }
            let mut found = Found::new(Layout::Folders);
            found.incomplete.push(unreadable(start, &error));
            return found;
        }
    };
    if has_file(&entries, LIST) {
        return deployments::load(&loader, start);
    }
    let mut found = Found::new(Layout::Folders);
    let mut stacks = Vec::new();
    if let Some(name) = stack_in(&entries) {
        stacks.push(loader.open(start, name, &entries));
    } else {
        let is_candidate = |e: &&TreeEntry| e.kind == TreeKind::Folder && !e.name.starts_with('.');
        for folder in entries.iter().filter(is_candidate) {
            let path = paths::join(start, &folder.name);
            match tree.list(&path) {
                Ok(inner) => {
                    if let Some(name) = stack_in(&inner) {
                        stacks.push(loader.open(&path, name, &inner));
                    }
                }
                Err(error) => found.incomplete.push(unreadable(&path, &error)),
            }
        }
    }
    let included: BTreeSet<String> = stacks.iter().flat_map(included).collect();
    for stack in stacks.into_iter().filter(|stack| !included.contains(stack.path())) {
        loader.add(stack, &mut found);
    }
    found
}

impl Loader<'_> {
    fn single(&self, path: &str) -> Found {
        let mut found = Found::new(Layout::SingleFile);
        self.add(Stack::read(*self, vec![path.to_owned()]), &mut found);
        found
    }

    /// Reads a folder's stack, with what Compose merges onto it by itself.
    pub(super) fn open(&self, folder: &str, name: &str, entries: &[TreeEntry]) -> Stack {
        let overrides = OVERRIDES.into_iter().find(|other| has_file(entries, other));
        let names = std::iter::once(name).chain(overrides.filter(|_| name != LEGACY));
        let files = names.map(|name| paths::join(folder, name)).collect();
        let stack = Stack::read(*self, files);
        for other in STACKS.into_iter().filter(|other| *other != name && has_file(entries, other)) {
            let message = format!("`{other}` beside this file is not used");
            stack.report.warn_as(BESIDE, Span::START, message, None);
        }
        stack
    }

    /// Loads a stack that stands for itself.
    fn add(&self, file: Stack, found: &mut Found) {
        let request = Request::default();
        let variables = one::variables(&file, &request, self.tree, self.options);
        let named = one::declared_name(&file, &variables);
        let at = Loc::new(file.path(), 1, 1);
        let from_folder = self.folder_id(file.path());
        let certain = named.is_ok();
        let Some(id) = named.ok().flatten().or(from_folder) else {
            let message = format!("the deployment in {} has no id", file.path());
            found.incomplete.push(Diagnostic {
                at: Some(at),
                ..Diagnostic::error(message)
                    .with_help("add `name:` to the stack file")
                    .with_code(NO_ID)
            });
            found.incomplete.extend(file.report.finish());
            return;
        };
        let path = file.path().to_owned();
        let entry = one::load(file, &id, &request, variables, *self);
        if !certain {
            let message = format!("the id of the deployment in {path} cannot be read");
            let problem = Diagnostic::error(message).with_code(NO_ID);
            found.incomplete.push(Diagnostic { at: Some(at.clone()), ..problem });
        }
        found.add(id, entry, at);
    }

    /// The id that a stack file's folder gives.
    fn folder_id(&self, path: &str) -> Option<DeploymentId> {
        let folder = paths::split(path).0;
        let root = self.options.project_root.as_deref().or(self.tree.host_path());
        let name = match folder {
            "" => paths::split(root?.trim_end_matches('/')).1,
            folder => paths::split(folder).1,
        };
        normalised(name)
    }
}

/// A folder's name as Compose makes a project name of it: lower case, without any other
/// characters than letters, digits, `-` and `_`, and without leading `-` and `_`.
fn normalised(name: &str) -> Option<DeploymentId> {
    let kept: String = name
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
        .collect();
    let id = kept.trim_start_matches(['-', '_']);
    (!id.is_empty()).then(|| DeploymentId::new(id))
}

fn unreadable(path: &str, error: &TreeError) -> Diagnostic {
    let path = if path.is_empty() { "the folder" } else { path };
    Diagnostic::error(format!("{path} cannot be read: {error}")).with_code(UNREADABLE)
}

fn has_file(entries: &[TreeEntry], name: &str) -> bool {
    entries.iter().any(|entry| entry.name == name && entry.kind != TreeKind::Folder)
}

/// The stack file among a folder's entries.
pub(super) fn stack_in(entries: &[TreeEntry]) -> Option<&'static str> {
    STACKS.into_iter().find(|name| has_file(entries, name))
}

/// What a stack file says that it includes.
fn includes(root: &Node) -> &[Node] {
    match root.get("include").map(|entry| &entry.value.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The files that a stack includes: they are parts, not deployments.
fn included(file: &Stack) -> Vec<String> {
    let folder = paths::split(file.path()).0;
    let mut found = Vec::new();
    for item in file.roots().flat_map(includes) {
        let path = item.get("path").map_or(item, |entry| &entry.value);
        let parts = match &path.value {
            Value::List(parts) => parts.as_slice(),
            _ => std::slice::from_ref(path),
        };
        let texts = parts.iter().filter_map(|part| part.scalar());
        found.extend(texts.filter_map(|scalar| paths::in_tree(folder, &scalar.text)));
    }
    found
}
