//! From a canonical tree to the normal form: defaults, paths, implicit parts, profiles,
//! consistency, environment.

use super::variables::Variables;
use super::{Project, Request};
use crate::text::report::Reporter;
use crate::text::yaml::Node;

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
    let _ = (root, directory, variables, request, report);
}

/// The normal form of everything that was read and merged; `None` after an error that
/// hides the rest.
pub(crate) fn finish(root: Node, request: &Request<'_>, report: &Reporter) -> Option<Project> {
    let _ = (request, report);
    Some(Project { name: String::new(), root, disabled: Vec::new() })
}
