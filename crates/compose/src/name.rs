//! The name of a project: given from outside, said by the last file that says one, or that
//! of its folder.

use super::codes::NAME;
use super::{NOWHERE, Request, Sources, interpolate};
use text::paths;
use text::report::Reporter;
use text::yaml::{Node, Scalar, Span, Value};

/// The name; `None` if there is no usable one, which was reported.
pub(crate) fn of(request: &Request<'_>, sources: &Sources, report: &Reporter) -> Option<String> {
    const HELP: &str =
        "use lower-case letters, digits, `-` and `_`, beginning with a letter or digit";
    if let Some(name) = request.name {
        if normalised(name) == name && !name.is_empty() {
            return Some(name.to_owned());
        }
        let message = format!("`{name}` cannot be the name of a project");
        report.refuse_as(NAME, Span::START, message, Some(HELP.to_owned()));
        return None;
    }
    let declared = sources.roots().rev().find_map(declared);
    let (name, at) = match declared {
        Some((scalar, at)) => (declared_name(scalar, at, request, report)?, at),
        None => (folder(request).unwrap_or_default(), Span::START),
    };
    if name.is_empty() {
        let message = "`name`: the project has no name, and its folder gives none";
        report.refuse_as(NAME, at, message, Some(HELP.to_owned()));
        return None;
    }
    Some(name)
}

fn declared(root: &Node) -> Option<(&Scalar, Span)> {
    let node = &root.get("name")?.value;
    let scalar = node.scalar().filter(|scalar| !scalar.text.is_empty())?;
    Some((scalar, node.span))
}

fn declared_name(
    scalar: &Scalar,
    at: Span,
    request: &Request<'_>,
    report: &Reporter,
) -> Option<String> {
    let node = Node { span: at, value: Value::Scalar(scalar.clone()) };
    let name = if request.options.skip_interpolation {
        node
    } else {
        interpolate::one("name", node, request.variables, report)?
    };
    Some(normalised(&name.scalar()?.text))
}

/// The name that the project directory gives.
fn folder(request: &Request<'_>) -> Option<String> {
    let name = match request.directory {
        "" if request.root == NOWHERE => return None,
        "" => paths::split(request.root.trim_end_matches('/')).1,
        folder => paths::split(folder).1,
    };
    Some(normalised(name))
}

/// A text as Compose makes a project's name of it: in lower case, without other
/// characters than letters, digits, `-` and `_`, and without leading `-` and `_`.
#[must_use]
pub fn normalised(text: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(*c);
    let kept: String = text.to_lowercase().chars().filter(is_kept).collect();
    kept.trim_start_matches(['-', '_']).to_owned()
}
