//! Tabs between a key's colon and its value: white space to libyaml and Go, refused by saphyr
//! where nothing else stands between them. They become spaces before saphyr sees them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::{Parser, ScanError};

use super::flow::{self, Adjusted};

/// How many bytes may be scanned in search of such tabs.
const BUDGET: usize = 16 << 20;

/// What has to be otherwise in a text against which saphyr has `error`, and libyaml nothing;
/// `None` if that does not help.
pub(super) fn adjust(text: &str, error: ScanError) -> Option<Adjusted<'_>> {
    let Some((spaced, error)) = spaced(text, &error) else { return flow::adjust(text, error) };
    let Some(error) = error else {
        return Some(Adjusted { text: Cow::Owned(spaced), shifts: BTreeMap::new() });
    };
    let Adjusted { text, shifts } = flow::adjust(&spaced, error)?;
    Some(Adjusted { text: Cow::Owned(text.into_owned()), shifts })
}

/// A text against which saphyr has `error` and libyaml nothing, with such tabs as spaces, so
/// that every place stays where it is, and what saphyr has against it still; `None` if there
/// are no such tabs.
fn spaced(text: &str, error: &ScanError) -> Option<(String, Option<ScanError>)> {
    let mut chars: Vec<char> = text.chars().collect();
    let mut left = BUDGET;
    let mut next = error.clone();
    loop {
        if !next.info().contains("must be followed by a valid YAML whitespace") {
            return None;
        }
        let value = next.marker().index();
        let run = chars.get_mut(..value)?.iter_mut().rev();
        let mut changed = false;
        for c in run.take_while(|c| matches!(c, ' ' | '\t')) {
            changed |= *c == '\t';
            *c = ' ';
        }
        left = left.checked_sub(text.len()).filter(|_| changed)?;
        let spaced: String = chars.iter().collect();
        match Parser::new_from_str(&spaced).find_map(Result::err) {
            Some(again) if again.info() == next.info() => next = again,
            other => return Some((spaced, other)),
        }
    }
}
