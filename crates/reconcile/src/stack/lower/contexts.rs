//! `additional_contexts` of a build, each as an image: a folder of the tree, what another
//! service is built to, or any other image. Builds are complete once those that they name are.

use std::collections::BTreeMap;

use super::draft::{Draft, Pending, Unbuilt};
use super::place::{Place, as_written};
use super::{Scope, built};
use crate::stack::codes::{BUILD_CALL, CONTEXT, OUTSIDE_TREE};
use compose::codes::{CYCLE, DISABLED};
use context::{ContextError, build_hash};
use model::build::{Build, NamedContext};
use model::diagnostic::Code;
use model::id::ImageRef;
use text::yaml::{Node, Span};
use text::{paths, stored};
use world::TreeError;

/// Whether a context is fetched from elsewhere.
pub(super) fn is_elsewhere(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/")
}

/// Whether its image is built here.
pub(super) fn is_built(context: &NamedContext) -> bool {
    matches!(context, NamedContext::Built { .. })
}

/// Reads `additional_contexts`.
pub(super) fn read(
    node: &Node,
    scope: &Scope<'_>,
) -> (BTreeMap<String, NamedContext>, Vec<Pending>) {
    let report = scope.report;
    let (mut found, mut pending) = (BTreeMap::new(), Vec::new());
    for entry in report.map("additional_contexts", node) {
        let Some(text) = report.text(&entry.key, &entry.value) else { continue };
        let (name, at) = (entry.key.to_string(), entry.value.span);
        if let Some(service) = text.strip_prefix("service:") {
            pending.push(Pending { name, is_base: false, service: service.to_owned(), at });
        } else if let Some(image) = text.strip_prefix("docker-image://") {
            found.insert(name, NamedContext::Image(ImageRef::new(image)));
        } else if is_elsewhere(&text) {
            let message = format!("the context `{name}` would be fetched from elsewhere");
            let help = "an engine's own call has no word for it: name a folder of the tree, \
                `docker-image://` or `service:`";
            report.error_help(BUILD_CALL, at, message, help);
        } else {
            found.extend(folder(&text, at, scope).map(|context| (name, context)));
        }
    }
    (found, pending)
}

fn folder(path: &str, at: Span, scope: &Scope<'_>) -> Option<NamedContext> {
    let Some(folder) = Place::of(path, scope.instance).tree else {
        let message = format!("the context `{}` is outside the source's tree", as_written(path));
        scope.report.error_help(OUTSIDE_TREE, at, message, CONTEXT_HELP);
        return None;
    };
    let mut build = Build::of_folder(&folder);
    match scope.instance.contexts.digest(&folder, &build.dockerfile) {
        Ok(files) => {
            build.hash = build_hash(&files, &build);
            Some(NamedContext::of_folder(build))
        }
        Err(error) => {
            refuse(&error, at, scope);
            None
        }
    }
}

/// Completes every build, each after those that it names.
pub(super) fn complete(drafts: &mut [Draft<'_>], scope: &Scope<'_>) {
    built::find_bases(drafts, scope);
    let mut images: BTreeMap<String, (ImageRef, Build)> = BTreeMap::new();
    loop {
        let mut moved = false;
        for draft in drafts.iter_mut() {
            let ready = |unbuilt: &mut Unbuilt| {
                unbuilt.pending.iter().all(|pending| images.contains_key(&pending.service))
            };
            let Some(unbuilt) = draft.unbuilt.take_if(ready) else { continue };
            let Unbuilt { mut build, files, pending, .. } = unbuilt;
            for Pending { name, is_base, service, .. } in pending {
                if let Some((image, needed)) = images.get(&service) {
                    let (image, build_of) = (image.clone(), Box::new(needed.clone()));
                    let named = if is_base { &mut build.bases } else { &mut build.contexts };
                    named.insert(name, NamedContext::Built { image, build: build_of });
                }
            }
            build.hash = build_hash(&files, &build);
            images.insert(draft.name.to_owned(), (draft.spec.image.clone(), build.clone()));
            draft.build = Some(build);
            moved = true;
        }
        if !moved {
            break;
        }
    }
    built::use_builds(drafts);
    for draft in drafts.iter() {
        let stuck = draft.unbuilt.as_ref().and_then(|unbuilt| missing(unbuilt, drafts, &images));
        if let Some((code, message, at)) = stuck {
            scope.report.error(code, at, message);
        }
    }
}

/// Why a build cannot be completed; `None` if that has been reported where it began.
fn missing(
    unbuilt: &Unbuilt,
    drafts: &[Draft<'_>],
    images: &BTreeMap<String, (ImageRef, Build)>,
) -> Option<(Code, String, Span)> {
    let wanted = unbuilt.pending.iter().find(|pending| !images.contains_key(&pending.service))?;
    let service = &wanted.service;
    match drafts.iter().find(|draft| draft.name == service) {
        None => {
            let message = format!("the service `{service}` is not enabled by a profile");
            Some((DISABLED, message, wanted.at))
        }
        Some(other) => {
            let message = format!("the build of `{service}` needs this one in turn");
            other.unbuilt.is_some().then_some((CYCLE, message, wanted.at))
        }
    }
}

/// What to do about a context that is elsewhere.
pub(super) const CONTEXT_HELP: &str =
    "move it into the tree, or give a folder further up as the source";

/// Reports a context that cannot be used.
pub(super) fn refuse(error: &ContextError, at: Span, scope: &Scope<'_>) {
    let namer = scope.report.name(at.file);
    let help = match error {
        ContextError::Folder { source: TreeError::Missing(path), .. } => {
            let near = paths::beside(scope.instance.tree, path, &namer);
            let base = scope.instance.base;
            let base = if base.is_empty() { "the tree's root" } else { base };
            near.or_else(|| Some(format!("the context is relative to {base}")))
        }
        ContextError::Folder { source, .. } | ContextError::File(source) => {
            stored::remedy(scope.instance.tree, "", source, &namer)
        }
        ContextError::NoDockerfile(path) => paths::beside(scope.instance.tree, path, &namer),
        _ => None,
    };
    // The error with what it came from, which its own text leaves out.
    let source = std::error::Error::source(error);
    let text = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    let code = match error {
        ContextError::Folder { source, .. } | ContextError::File(source) => {
            stored::code(source, CONTEXT)
        }
        _ => CONTEXT,
    };
    scope.report.refuse_as(code, at, text, help);
}
