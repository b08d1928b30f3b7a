//! `build`, and where a service's image comes from.

use std::collections::BTreeMap;

use super::place::{Place, shown};
use super::service::Draft;
use super::{Scope, keys, top};
use crate::context::{self, ContextError};
use crate::model::build::{Build, Dockerfile};
use crate::model::id::ImageRef;
use crate::text::paths;
use crate::text::yaml::{Entry, Node, Span};
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

/// Reads `build`.
pub(super) fn read(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    draft.build = wish(draft, field, scope).and_then(|wish| settle(wish, scope));
}

/// The image's name: as the stack says, or Compose's for what is built.
pub(super) fn image(draft: &Draft<'_>, service: &Node, scope: &Scope<'_>) -> ImageRef {
    let built = || service.get("build").map(|_| format!("{}-{}", scope.instance.id, draft.name));
    ImageRef::new(draft.image.clone().or_else(built).unwrap_or_default())
}

fn wish(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) -> Option<Wish> {
    let report = scope.report;
    let mut wish = Wish {
        context: String::new(),
        context_at: field.at,
        dockerfile: "Dockerfile".to_owned(),
        dockerfile_at: field.at,
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
    };
    for part in keys::BUILD.admitted(&field.value, report) {
        let (key, node) = (part.key.as_str(), &part.value);
        match key {
            "context" => {
                (wish.context, wish.context_at) = (report.text(key, node)?, node.span);
            }
            "dockerfile" => {
                (wish.dockerfile, wish.dockerfile_at) = (report.text(key, node)?, node.span);
            }
            "args" => {
                let pairs = report.pairs("args", node).into_iter();
                wish.args = pairs.filter_map(|pair| Some((pair.name, pair.value?))).collect();
            }
            "target" => wish.target = report.string(key, node),
            _ => wish.labels = top::labels(part, report),
        }
    }
    draft.sensitive.extend(wish.args.keys().map(|name| format!("build.args.{name}")));
    Some(wish)
}

fn settle(wish: Wish, scope: &Scope<'_>) -> Option<Build> {
    let report = scope.report;
    if wish.context.contains("://") || wish.context.starts_with("git@") {
        let message = "a context that is not a folder of the tree is not carried yet";
        report.error(wish.context_at, message);
        return None;
    }
    let Some(folder) = Place::of(&wish.context, scope.instance).tree else {
        let message =
            format!("the context `{}` is outside the source's tree", shown(&wish.context));
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
