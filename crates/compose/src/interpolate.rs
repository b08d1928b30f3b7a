//! Interpolation of a whole tree: every value, never a key; then what has to be a number
//! or a truth value becomes one.

use std::cell::Cell;

use super::cast;
use super::codes::{LIMIT, REFERENCE, REQUIRED, UNSET};
use super::path::Path;
use super::template::{self, Refused, Why};
use super::variables::Variables;
use text::report::Reporter;
use text::yaml::{Node, Scalar, Span, Value};

/// How many bytes references of one file may become.
const MOST: usize = 16 << 20;

/// Fills in the references of one file.
pub(crate) struct Interpolation<'a> {
    variables: &'a Variables,
    report: &'a Reporter,
    left: Cell<usize>,
}

/// Fills in every reference below a node. What cannot be filled in or cast is reported
/// once, and then stays as it is or is taken out, so that nothing else complains about it.
pub(crate) fn interpolate(root: &mut Node, variables: &Variables, report: &Reporter) {
    Interpolation { variables, report, left: Cell::new(MOST) }.walk(root, &Path::Root);
}

/// The same for the value of one key at the top.
pub(crate) fn one(
    key: &str,
    mut node: Node,
    variables: &Variables,
    report: &Reporter,
) -> Option<Node> {
    let interpolation = Interpolation { variables, report, left: Cell::new(MOST) };
    interpolation.walk(&mut node, &Path::Root.key(key)).then_some(node)
}

impl Interpolation<'_> {
    /// Whether the node stays.
    fn walk(&self, node: &mut Node, path: &Path<'_>) -> bool {
        let span = node.span;
        match &mut node.value {
            Value::Null => {}
            Value::Scalar(scalar) => {
                // What was not filled in is text, which where it is cast would be wrong again.
                return if self.fill(scalar, span, path) {
                    cast::cast(scalar, span, path, self.report)
                } else {
                    !cast::is_cast(path)
                };
            }
            Value::List(items) => {
                let mut index = 0;
                items.retain_mut(|item| {
                    index += 1;
                    self.walk(item, &path.item(index - 1))
                });
            }
            Value::Map(entries) => {
                entries.retain_mut(|entry| self.walk(&mut entry.value, &path.key(&entry.key)));
            }
        }
        true
    }

    fn fill(&self, scalar: &mut Scalar, span: Span, path: &Path<'_>) -> bool {
        let report = self.report;
        if !scalar.text.contains('$') {
            return true;
        }
        let done = match template::expand(&scalar.text, self.variables) {
            Ok(done) => done,
            Err(Refused { offset, length, why, message, help }) => {
                let at = place(&scalar.text, offset, length, span, report);
                let code = match why {
                    Why::Invalid => REFERENCE,
                    Why::Required => REQUIRED,
                    Why::TooMuch => LIMIT,
                };
                report.refuse_as(code, at, format!("`{path}`: {message}"), help);
                return false;
            }
        };
        let Some(left) = self.left.get().checked_sub(done.text.len()) else {
            let message = format!("`{path}`: references become more than {} MiB", MOST >> 20);
            report.refuse_as(LIMIT, span, message, None);
            return false;
        };
        self.left.set(left);
        for (offset, name) in &done.unset {
            let at = place(&scalar.text, *offset, name.len() + 1, span, report);
            let help = format!("write `${{{name}:-}}` if it may be empty");
            let message =
                format!("`{path}`: the variable `{name}` is not set: an empty text is used");
            report.warn_as(UNSET, at, message, Some(help));
        }
        scalar.text = done.text.into();
        // What `docker ps` lists for anyone is no secret because a `.env` gives it.
        let listed = done.secrets.is_empty() && is_listed(path);
        report.conceal(done.secrets);
        scalar.sensitive |= done.sensitive && !listed;
        true
    }
}

/// Whether the engine lists what stands at a path: nobody keeps a secret there.
fn is_listed(path: &Path<'_>) -> bool {
    match *path.keys() {
        ["services", _, "deploy", key, ..] => key != "labels",
        ["services", _, key, ..] => matches!(
            key,
            "image"
                | "platform"
                | "container_name"
                | "hostname"
                | "ports"
                | "expose"
                | "scale"
                | "restart"
                | "pull_policy"
                | "cpus"
                | "mem_limit"
        ),
        _ => false,
    }
}

/// Where a part of a scalar's text was written: found again on the scalar's first line,
/// or the scalar itself if quotes, escapes or line breaks hide it.
fn place(text: &str, offset: usize, length: usize, span: Span, report: &Reporter) -> Span {
    let part = text.get(offset..(offset + length).min(text.len())).unwrap_or("");
    let start = usize::try_from(span.column.saturating_sub(1)).unwrap_or(0);
    let Some(line) = report.short_line(span) else { return span };
    let before = || text[..offset].matches(part).count();
    let line: String = line.chars().skip(start).collect();
    let found = (!part.is_empty()).then(|| line.match_indices(part).nth(before())).flatten();
    found.map_or(span, |(at, _)| {
        let column = line[..at].chars().count();
        Span {
            column: span.column + u32::try_from(column).unwrap_or(0),
            length: u32::try_from(part.chars().count()).unwrap_or(1),
            ..span
        }
    })
}
