//! The anchor that an alias names and that is not there: what libyaml says of it leaves its
//! name out.

use super::Span;
use crate::report::Reporter;
use crate::suggest::did_you_mean;

/// The alias that libyaml complains about, and the name that it has.
pub(super) fn unknown(at: Span, why: &str, report: &Reporter) -> Option<(Span, String)> {
    if !why.contains("unknown anchor") {
        return None;
    }
    let line = report.line(at)?;
    let from = usize::try_from(at.column).ok()?;
    let before = line.chars().nth(from.checked_sub(1)?)?;
    let name: String = line.chars().skip(from).take_while(|c| is_name(*c)).collect();
    let length = u32::try_from(name.chars().count() + 1).ok()?;
    (before == '*' && !name.is_empty()).then_some((Span { length, ..at }, name))
}

/// What was probably meant: an anchor of the text.
pub(super) fn help(name: &str, text: &str) -> Option<String> {
    let anchors = text.split('&').skip(1).map(|rest| {
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        &rest[..end]
    });
    did_you_mean(name, anchors.filter(|anchor| !anchor.is_empty()))
}

fn is_name(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, ',' | '[' | ']' | '{' | '}')
}
