//! Which deployments a tree holds: listed in `deployments.yaml`, one per folder with a
//! stack file, or the one stack file that was named.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::{BESIDE, NO_ID, UNREADABLE};
use super::found::{Found, LIST};
use super::lower::Contexts;
use super::one::{self, Loader, Request, Stack};
use super::project::{self, Asked, DOTENV, Project, has_file};
use super::{Options, deployments};
use compose::variables::Variables;
use model::desired::{Entry, Layout};
use model::diagnostic::{Diagnostic, Loc};
use model::id::DeploymentId;
use text::paths;
use text::report::Reporter;
use text::yaml::{Node, Span, Value};
use world::{Snapshot, TreeEntry, TreeError, TreeKind};

/// Finds and loads everything.
pub(super) fn discover(snapshot: &Snapshot, options: &Options) -> Found {
    let tree = snapshot.tree.as_ref();
    let start = snapshot.start.trim_matches('/');
    let contexts = Contexts::new(tree);
    let loader = Loader { tree, options, contexts: &contexts, only: None };
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
    if let Some(stack) = loader.open(start, &entries, &mut found) {
        stacks.push(stack);
    } else {
        let is_candidate = |e: &&TreeEntry| e.kind == TreeKind::Folder && !e.name.starts_with('.');
        for folder in entries.iter().filter(is_candidate) {
            let path = paths::join(start, &folder.name);
            match tree.list(&path) {
                Ok(inner) => stacks.extend(loader.open(&path, &inner, &mut found)),
                Err(error) => found.incomplete.push(unreadable(&path, &error)),
            }
        }
    }
    let included: BTreeSet<String> = stacks.iter().flat_map(|(stack, _)| included(stack)).collect();
    for (stack, project) in stacks {
        if !included.contains(stack.path()) {
            loader.add(stack, project, &mut found);
        }
    }
    found
}

/// One deployment of a tree, and where it was found.
pub(super) struct Which<'a> {
    /// How.
    pub(super) layout: Layout,
    /// Its id.
    pub(super) id: &'a DeploymentId,
    /// Its stack file.
    pub(super) stack: &'a str,
}

/// Loads one deployment alone.
pub(super) fn one(
    snapshot: &Snapshot,
    options: &Options,
    which: &Which<'_>,
    contexts: &Contexts<'_>,
) -> Option<Entry> {
    let tree = snapshot.tree.as_ref();
    let start = snapshot.start.trim_matches('/');
    let loader = Loader { tree, options, contexts, only: Some(which.id) };
    let mut found = match which.layout {
        Layout::Listed => deployments::load(&loader, start),
        Layout::SingleFile => loader.single(start),
        Layout::Folders => {
            let mut found = Found::new(Layout::Folders);
            let folder = paths::split(which.stack).0;
            let (stack, project) = loader.open(folder, &tree.list(folder).ok()?, &mut found)?;
            loader.add(stack, project, &mut found);
            found
        }
    };
    found.deployments.remove(which.id)
}

impl Loader<'_> {
    fn single(&self, path: &str) -> Found {
        let mut found = Found::new(Layout::SingleFile);
        let files = [path.to_owned()];
        let folder = paths::split(path).0;
        let asked = Asked { files: &files, folder, here: folder, ..Asked::default() };
        let (stack, project) =
            self.read(asked, one::outer_variables(BTreeMap::new(), self.options));
        self.add(stack, project, &mut found);
        found
    }

    /// Reads the stack of a folder, if it has one or `COMPOSE_FILE` names one.
    fn open(
        &self,
        folder: &str,
        entries: &[TreeEntry],
        found: &mut Found,
    ) -> Option<(Stack, Project)> {
        let variables = one::outer_variables(BTreeMap::new(), self.options);
        let is_dotenv = |e: &TreeEntry| e.name == DOTENV && matches!(e.kind, TreeKind::File { .. });
        let has_stack = project::stack_in(entries).is_some();
        if !has_stack
            && !entries.iter().any(is_dotenv)
            && !variables.passed.contains_key("COMPOSE_FILE")
        {
            return None;
        }
        let asked = Asked { folder, here: folder, ..Asked::default() };
        let (stack, project) = self.read(asked, variables);
        if !project.files.is_empty() || has_stack {
            return Some((stack, project));
        }
        // What cannot be read may have named a stack.
        found.incomplete.extend(stack.report.finish().into_iter().filter(Diagnostic::is_error));
        None
    }

    /// Finds a project and reads its files.
    pub(super) fn read(&self, asked: Asked<'_>, variables: Variables) -> (Stack, Project) {
        let report = Reporter::hidden("");
        let project = project::find(self.tree, asked, variables, &report);
        let stack = Stack::read(*self, project.files.clone());
        for (unused, _) in &project.unused {
            let message = format!("`{}` beside this file is not used", paths::split(unused).1);
            stack.report.warn_as(BESIDE, Span::START, message, None);
        }
        for message in report.finish() {
            stack.report.add(message);
        }
        (stack, project)
    }

    /// Loads a stack that stands for itself.
    fn add(&self, file: Stack, project: Project, found: &mut Found) {
        let named = match project.id(self.tree, &file.report) {
            Ok(Some(id)) => Ok(Some(id)),
            Ok(None) => one::declared_name(&file, &project.variables),
            Err(()) => Err(()),
        };
        let path = if project.files.is_empty() { &project.directory } else { file.path() };
        let path = path.to_owned();
        let at = Loc::new(path.as_str(), 1, 1);
        let certain = project.certain && named.is_ok();
        let known = || named.ok().flatten().or(self.folder_id(&project.directory));
        let Some(id) = self.only.cloned().or_else(known) else {
            let message = format!("the deployment in {path} has no id");
            found.incomplete.push(Diagnostic {
                at: Some(at),
                ..Diagnostic::error(message)
                    .with_help("add `name:` to the stack file")
                    .with_code(NO_ID)
            });
            found.incomplete.extend(file.report.finish());
            return;
        };
        let request = Request {
            profiles: project.profiles(None),
            base: project.directory,
            variables: project.variables,
            ..Request::default()
        };
        let entry = one::load(file, &id, request, *self);
        if !certain {
            // What is wrong with the file is the reason, and reported once.
            let (Entry::Valid(_, messages) | Entry::Invalid(messages)) = &entry;
            let reason = messages.iter().find(|message| message.is_error()).cloned();
            found.incomplete.push(reason.unwrap_or_else(|| {
                let message = format!("the id of the deployment in {path} cannot be read");
                let problem = Diagnostic::error(message).with_code(NO_ID);
                Diagnostic { at: Some(at.clone()), ..problem }
            }));
        }
        found.add(id, entry, at);
    }

    /// The id that a project directory gives.
    fn folder_id(&self, folder: &str) -> Option<DeploymentId> {
        let root = self.options.project_root.as_deref().or(self.tree.host_path());
        let name = match folder {
            "" => paths::split(root?.trim_end_matches('/')).1,
            folder => paths::split(folder).1,
        };
        let id = compose::normalised(name);
        (!id.is_empty()).then(|| DeploymentId::new(id))
    }
}

fn unreadable(path: &str, error: &TreeError) -> Diagnostic {
    let path = if path.is_empty() { "the folder" } else { path };
    Diagnostic::error(format!("{path} cannot be read: {error}")).with_code(UNREADABLE)
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
