//! `include`: another project, loaded whole with its own directory and variables, whose
//! resources become ours.

use std::collections::BTreeMap;

use super::codes::{INCLUDE, INCLUDE_CONFLICT, INCLUDE_CYCLE, LIMIT};
use super::files::Named;
use super::load::{Loader, Scope, Source};
use super::variables::Variables;
use super::{environment, normal};
use text::paths;
use text::yaml::{Entry, Node, Span, Value};
use world::TreeKind;

/// How deep projects may include one another.
const DEEPEST: usize = 20;
/// What is taken over.
const RESOURCES: [&str; 6] = ["services", "volumes", "networks", "secrets", "configs", "models"];

/// One item of `include`.
struct Include {
    /// Its files as they are written; never empty.
    paths: Vec<(String, Span)>,
    directory: Option<(String, Span)>,
    env_files: Vec<(String, Span)>,
}

/// Carries out `include` of a file, and takes it out; `None` if some of it is missing.
pub(crate) fn include(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    file: &str,
    tree: &mut Node,
) -> Option<()> {
    let Value::Map(entries) = &mut tree.value else { return Some(()) };
    let Some(found) = entries.iter().position(|entry| entry.key == "include") else {
        return Some(());
    };
    let entry = entries.remove(found);
    let items = match entry.value.value {
        Value::Null => return Some(()),
        Value::List(items) => items,
        _ => {
            let message = format!("`include`: this must be a list, not {}", entry.value.describe());
            loader.report.refuse_as(INCLUDE, entry.value.span, message, None);
            return None;
        }
    };
    let mut whole = Some(());
    for (index, item) in items.iter().enumerate() {
        let path = format!("include.{index}");
        let include = read(loader, &path, item);
        match include.and_then(|include| load(loader, scope, file, &path, &include)) {
            Some(model) => import(loader, &path, item.span, model, tree),
            None => whole = None,
        }
    }
    whole
}

/// Reads an item.
fn read(loader: &Loader<'_>, path: &str, item: &Node) -> Option<Include> {
    let refuse = |key: &str, at: Span| {
        let message = format!("`{path}{key}`: this must be a path or a list of paths");
        let help = "write `- path: FILE`, with `project_directory` and `env_file` if needed";
        loader.report.refuse_as(INCLUDE, at, message, Some(help.to_owned()));
    };
    let texts = |node: &Node, key: &str| -> Option<Vec<(String, Span)>> {
        let items = match &node.value {
            Value::Null => return Some(Vec::new()),
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let text = |item: &Node| item.scalar().map(|scalar| (scalar.text.to_string(), item.span));
        let texts = items.iter().map(text).collect();
        if Option::is_none(&texts) {
            refuse(key, node.span);
        }
        texts
    };
    let (mut paths, mut directory, mut env_files) = (Vec::new(), None, Vec::new());
    match &item.value {
        Value::Scalar(_) => paths = texts(item, "")?,
        Value::Map(entries) => {
            for Entry { key, at, value } in entries {
                match key.as_str() {
                    "path" => paths = texts(value, ".path")?,
                    "env_file" => env_files = texts(value, ".env_file")?,
                    "project_directory" => {
                        directory = texts(value, ".project_directory")?.into_iter().next();
                    }
                    _ => {
                        let keys = ["path", "project_directory", "env_file"];
                        let message = format!("`{path}.{key}`: there is no such key");
                        let help = text::suggest::did_you_mean(key, keys);
                        loader.report.refuse_as(INCLUDE, *at, message, help);
                    }
                }
            }
        }
        Value::Null | Value::List(_) => {}
    }
    if paths.is_empty() {
        refuse("", item.span);
        return None;
    }
    Some(Include { paths, directory, env_files })
}

/// Loads an included project. Its paths are relative to our project directory.
fn load(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    file: &str,
    path: &str,
    include: &Include,
) -> Option<Node> {
    let named = |at: Span| Named { path, at };
    let report = loader.report;
    let files = located(loader, scope, path, &include.paths)?;
    let (main, at) = files.first()?.clone();
    let mut included = scope.included.to_vec();
    included.push(file.to_owned());
    if included.contains(&main) {
        included.push(main);
        let rendered: Vec<_> = included.iter().map(|file| loader.files.rendered(file)).collect();
        let whole = rendered.join(" → ");
        let message = format!("`{path}`: this file includes itself: {whole}");
        report.refuse_as(INCLUDE_CYCLE, at, message, None);
        return None;
    }
    if included.len() > DEEPEST {
        let message = format!("`{path}`: more than {DEEPEST} files include one another");
        report.refuse_as(LIMIT, at, message, None);
        return None;
    }
    let directory = match &include.directory {
        None => paths::split(&main).0.to_owned(),
        Some((text, at)) => loader.files.locate(scope.directory, text, named(*at))?,
    };
    // Compose takes the folder above one that does not exist.
    let exists = paths::kind(loader.request.tree, &directory) == Some(TreeKind::Folder);
    let folder = if exists { directory.as_str() } else { paths::split(&directory).0 };
    let base = paths::relative(scope.directory, folder);
    let variables = variables(loader, scope, &directory, path, include)?;
    let mut sources = Vec::new();
    for (file, at) in files {
        let documents = loader.files.documents(&file, named(at))?;
        sources.push(Source { file, documents });
    }
    let inner = Scope::new(&directory, &variables, &included);
    let mut model = loader.model(&inner, sources)?;
    normal::complete(&mut model, &base, &variables, loader.request, report);
    Some(model)
}

/// The paths inside the tree that an include names.
fn located(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    path: &str,
    names: &[(String, Span)],
) -> Option<Vec<(String, Span)>> {
    let each = names.iter().map(|(text, at)| {
        let place = Named { path, at: *at };
        Some((loader.files.locate(scope.directory, text, place)?, *at))
    });
    each.collect()
}

/// What references of an included project see: what ours see, then its own env files.
fn variables(
    loader: &Loader<'_>,
    scope: &Scope<'_>,
    directory: &str,
    path: &str,
    include: &Include,
) -> Option<Variables> {
    let mut files = located(loader, scope, path, &include.env_files)?;
    let default = paths::join(directory, ".env");
    if files.is_empty() && paths::kind(loader.request.tree, &default).is_some() {
        files.push((default, include.paths[0].1));
    }
    let mut known = BTreeMap::new();
    for (file, at) in &files {
        let text = loader.files.text(file, Named { path, at: *at })?;
        environment::one(file, &text, scope.variables, &mut known, loader.report);
    }
    let mut variables = scope.variables.clone();
    for (name, value) in known {
        variables.dotenv.entry(name).or_insert(value);
    }
    Some(variables)
}

/// Takes over the resources of an included project. One of the same name must be equal.
fn import(loader: &Loader<'_>, path: &str, at: Span, model: Node, tree: &mut Node) {
    let Value::Map(sections) = model.value else { return };
    let Value::Map(ours) = &mut tree.value else { return };
    for section in sections {
        if !RESOURCES.contains(&section.key.as_str()) {
            continue;
        }
        let Value::Map(resources) = section.value.value else { continue };
        let place = ours.iter().position(|entry| entry.key == section.key);
        let place = place.unwrap_or_else(|| {
            let empty = Node { span: section.value.span, value: Value::Map(Vec::new()) };
            ours.push(Entry { key: section.key.clone(), at: section.at, value: empty });
            ours.len() - 1
        });
        let target = &mut ours[place].value;
        if target.is_null() {
            target.value = Value::Map(Vec::new());
        }
        let Value::Map(known) = &mut target.value else { continue };
        for resource in resources {
            match known.iter().find(|entry| entry.key == resource.key) {
                None => known.push(resource),
                Some(other) if other.value.means_the_same(&resource.value) => {}
                Some(other) => {
                    let message = format!(
                        "`{}.{}`: this differs from what `{path}` brings",
                        section.key, resource.key
                    );
                    let there = loader.report.loc(resource.at);
                    let from = loader.report.loc(at);
                    let help = format!("it is at {there}, included at {from}: rename one of them");
                    loader.report.refuse_as(INCLUDE_CONFLICT, other.at, message, Some(help));
                }
            }
        }
    }
}
