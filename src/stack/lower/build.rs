//! `build`, and where a service's image comes from.

use std::collections::BTreeMap;

use super::service::Draft;
use super::{Scope, keys, top};
use crate::compose::variables::{Lookup, pass_it};
use crate::context::{self, ContextError};
use crate::model::build::{Build, Dockerfile};
use crate::model::id::ImageRef;
use crate::text::paths;
use crate::text::yaml::{Entry, Node, Span, Value};
use crate::world::TreeError;

/// What `build` says, with places for messages.
struct Wish {
    context: String,
    context_at: Span,
    dockerfile: String,
    dockerfile_at: Span,
    args: BTreeMap<String, String>,
    target: Option<String>,
    labels: BTreeMap<String, String>,
}

/// Reads `build` and settles the image's name.
pub(super) fn read(draft: &mut Draft<'_>, service: &Node, scope: &Scope<'_>) {
    let build = service.get("build").filter(|entry| !entry.value.is_null());
    if let Some(field) = build {
        let wish = wish(draft, field, service, scope);
        draft.build = wish.and_then(|wish| settle(wish, scope));
    }
    let name = match (&draft.image, build) {
        (Some(image), _) => image.clone(),
        (None, Some(_)) => format!("{}-{}", scope.instance.id, draft.name),
        (None, None) => {
            if service.get("image").is_none() {
                let message = format!("`{}` has neither `image` nor `build`", draft.name);
                scope.report.error(draft.at, message);
            }
            return;
        }
    };
    draft.spec.image = ImageRef::new(name);
}

fn wish(draft: &mut Draft<'_>, field: &Entry, service: &Node, scope: &Scope<'_>) -> Option<Wish> {
    let report = scope.report;
    let mut wish = Wish {
        context: ".".to_owned(),
        context_at: field.at,
        dockerfile: "Dockerfile".to_owned(),
        dockerfile_at: field.at,
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
    };
    if matches!(field.value.value, Value::Map(_)) {
        for part in report.map("build", &field.value) {
            if !keys::BUILD.admits(part, report) || part.value.is_null() {
                continue;
            }
            let (key, node) = (part.key.as_str(), &part.value);
            match key {
                "context" => {
                    (wish.context, wish.context_at) = (report.string(key, node)?, node.span);
                }
                "dockerfile" => {
                    (wish.dockerfile, wish.dockerfile_at) = (report.string(key, node)?, node.span);
                }
                "args" => wish.args = args(node, scope),
                "target" => wish.target = report.string(key, node),
                _ => wish.labels = top::labels(part, report),
            }
        }
    } else {
        wish.context = report.string("build", &field.value)?;
        wish.context_at = field.value.span;
    }
    if let Some(old) = service.get("dockerfile").filter(|_| scope.legacy) {
        wish.dockerfile = report.string("dockerfile", &old.value)?;
        wish.dockerfile_at = old.value.span;
    }
    draft.sensitive.extend(wish.args.keys().map(|name| format!("build.args.{name}")));
    Some(wish)
}

/// Build arguments; one without a value takes the variable's, if it is set.
fn args(node: &Node, scope: &Scope<'_>) -> BTreeMap<String, String> {
    let mut args = BTreeMap::new();
    for pair in scope.report.pairs("args", node) {
        let value = match (pair.value, scope.instance.variables.get(&pair.name)) {
            (Some(value), _) => value,
            (None, Lookup::Found { value, .. }) => value.to_owned(),
            (None, Lookup::Unset) => continue,
            (None, Lookup::Withheld) => {
                let message =
                    format!("the variable `{}` is set where this runs, but not passed", pair.name);
                scope.report.error_help(pair.at, message, pass_it(&pair.name));
                continue;
            }
        };
        args.insert(pair.name, value);
    }
    args
}

fn settle(wish: Wish, scope: &Scope<'_>) -> Option<Build> {
    let report = scope.report;
    if wish.context.contains("://") || wish.context.starts_with("git@") {
        let message = "a context that is not a folder of the tree is not carried yet";
        report.error(wish.context_at, message);
        return None;
    }
    let Some(folder) = paths::in_tree(scope.instance.base, &wish.context) else {
        let message = format!("the context `{}` is outside the source's tree", wish.context);
        report.error(wish.context_at, message);
        return None;
    };
    let Some(dockerfile) = paths::in_tree("", &wish.dockerfile) else {
        let message = format!("the Dockerfile `{}` is outside its context", wish.dockerfile);
        report.error(wish.dockerfile_at, message);
        return None;
    };
    let dockerfile = Dockerfile::Within(dockerfile);
    match scope.instance.contexts.digest(&folder, &dockerfile) {
        Ok(files) => {
            let Wish { args, target, labels, .. } = wish;
            let mut build = Build { args, target, labels, ..Build::of(folder, dockerfile) };
            build.hash = context::build_hash(&files, &build);
            Some(build)
        }
        Err(error) => {
            let at = match &error {
                ContextError::NoDockerfile(_) => wish.dockerfile_at,
                _ => wish.context_at,
            };
            let help = match &error {
                ContextError::Folder { source: TreeError::Missing(_), .. } => {
                    let base = scope.instance.base;
                    let base = if base.is_empty() { "the tree's root" } else { base };
                    Some(format!("the context is relative to {base}"))
                }
                _ => None,
            };
            report.refuse(at, describe(&error), help);
            None
        }
    }
}

/// The error with what it came from, which its own text leaves out.
fn describe(error: &ContextError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
