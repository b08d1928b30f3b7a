//! Interpolation of a whole tree: every value, never a key, nothing under `x-*` that is
//! not ours.

use super::template;
use super::variables::Variables;
use crate::text::report::Reporter;
use crate::text::yaml::{Node, Scalar, Span, Value};

/// Fills in every reference below a node. What cannot be filled in is reported once and
/// taken out, so that nothing else complains about it: `false` asks for that.
pub(crate) fn interpolate(node: &mut Node, variables: &Variables, report: &Reporter) -> bool {
    let span = node.span;
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => return fill(scalar, span, variables, report),
        Value::List(items) => items.retain_mut(|item| interpolate(item, variables, report)),
        Value::Map(entries) => {
            for entry in entries {
                let ours = !entry.key.starts_with("x-") || entry.key == "x-reconciler";
                if ours && !interpolate(&mut entry.value, variables, report) {
                    entry.value.value = Value::Null;
                }
            }
        }
    }
    true
}

fn fill(scalar: &mut Scalar, span: Span, variables: &Variables, report: &Reporter) -> bool {
    if !scalar.text.contains('$') {
        return true;
    }
    match template::expand(&scalar.text, variables) {
        Ok(done) => {
            for (offset, name) in &done.unset {
                let at = place(&scalar.text, *offset, name.len() + 1, span, report);
                let help = format!("write `${{{name}:-}}` if it may be empty");
                let message = format!("the variable `{name}` is not set: an empty text is used");
                report.warn(at, message, Some(help));
            }
            report.conceal(done.secrets);
            scalar.text = done.text;
            scalar.sensitive |= done.sensitive;
            true
        }
        Err(refused) => {
            let at = place(&scalar.text, refused.offset, refused.length, span, report);
            report.refuse(at, refused.message, refused.help);
            false
        }
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
