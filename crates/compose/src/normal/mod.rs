//! From a canonical tree to the normal form: defaults, paths, typed values, implicit parts,
//! profiles, consistency, environment.

mod defaults;
mod environment;
mod implicit;
mod shape;
mod used;
pub(crate) mod value;

use super::consistency;
use super::nodes::remove;
use super::paths;
use super::variables::Variables;
use super::{Project, Request};
use text::report::Reporter;
use text::yaml::{Entry, Node, Value};

/// What is done to the files of one project directory before they are included into
/// another: defaults, checks, paths, values from the environment. `directory` is relative
/// to the including project's directory.
pub(crate) fn complete(
    root: &mut Node,
    directory: &str,
    variables: &Variables,
    request: &Request<'_>,
    report: &Reporter,
) {
    defaults::set(root);
    consistency::parts(root, report);
    if !request.options.skip_paths {
        paths::resolve(root, directory, variables, report);
    }
    environment::inherit(root, variables, report);
}

/// The normal form of everything that was read and merged, under the name that the request
/// gives. After an error it is what can still be said.
pub(crate) fn finish(mut root: Node, request: &Request<'_>, report: &Reporter) -> Project {
    let name = request.name.unwrap_or_default().to_owned();
    let directory = paths::join(request.root, request.directory);
    complete(&mut root, &directory, request.variables, request, report);
    if !request.options.skip_interpolation {
        implicit::nothing_is_empty(&mut root);
        shape::shape(&mut root, report);
    }
    if !request.options.skip_normalization {
        implicit::add(&mut root, &name, request.variables, report);
    }
    let mut project = Project { name, root, disabled: Vec::new() };
    if request.options.skip_interpolation {
        // What is not filled in has no types yet, and nothing can be said of the whole; a name
        // that nothing was made of stays as it was written.
        if !request.options.skip_normalization {
            named(&mut project);
        }
        return project;
    }
    if let Some(services) = super::nodes::get_mut(&mut project.root, "services") {
        project.disabled = disable(services, request.profiles);
    }
    if !request.options.skip_consistency {
        consistency::whole(&mut project, request.options.legacy, report);
    }
    environment::resolve(&mut project.root, request, report);
    if !request.options.all_resources {
        used::keep(&mut project.root);
    }
    named(&mut project);
    project
}

/// The name comes first, as it is now.
fn named(project: &mut Project) {
    remove(&mut project.root, "name");
    let named = super::nodes::text(project.root.span, project.name.clone(), None);
    if let Value::Map(entries) = &mut project.root.value {
        entries.insert(0, super::nodes::entry("name", named));
    }
}

/// Takes out the services that no active profile enables.
fn disable(services: &mut Node, profiles: &[String]) -> Vec<Entry> {
    let Value::Map(entries) = &mut services.value else { return Vec::new() };
    let enabled = |entry: &Entry| {
        let own = entry.value.get("profiles").map(|found| super::nodes::items(&found.value));
        let own = own.unwrap_or_default();
        let active =
            |item: &Node| item.scalar().is_some_and(|own| profiles.iter().any(|p| *p == own.text));
        own.is_empty() || profiles.iter().any(|p| p == "*") || own.iter().any(active)
    };
    let (on, off) = std::mem::take(entries).into_iter().partition(enabled);
    *entries = on;
    off
}
