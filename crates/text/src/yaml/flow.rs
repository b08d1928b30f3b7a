//! Flow collections whose lines are not indented. `command: [` with its `]` below the
//! key is common in stack files and accepted by libyaml and Go, but against the letter
//! of YAML 1.2, which saphyr keeps. Such lines are indented before saphyr sees them;
//! inside a flow collection indentation means nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Parser, ScanError};

/// How many bytes may be scanned in search of such lines.
const BUDGET: usize = 16 << 20;

/// A text that saphyr reads.
pub(crate) struct Adjusted<'t> {
    /// The text.
    pub(crate) text: Cow<'t, str>,
    /// By how many columns lines were moved to the right.
    pub(crate) shifts: BTreeMap<usize, usize>,
}

impl<'t> Adjusted<'t> {
    /// The text as it is.
    pub(crate) fn untouched(text: &'t str) -> Self {
        Self { text: Cow::Borrowed(text), shifts: BTreeMap::new() }
    }
}

/// Indents what has to be indented in a text against which saphyr has `error`, and libyaml
/// nothing; `None` if that does not help.
pub(crate) fn adjust(text: &str, mut error: ScanError) -> Option<Adjusted<'_>> {
    let lines: Vec<&str> = text.split('\n').collect();
    let indent = |line: &str| line.bytes().take_while(|byte| *byte == b' ').count();
    let width = 1 + lines.iter().map(|line| indent(line)).max().unwrap_or(0);
    let mut moved = BTreeSet::new();
    let mut left = BUDGET;
    loop {
        // Something else than indentation: nothing that can be helped here.
        if !is_about_indentation(&error) {
            return None;
        }
        // In a quoted scalar the error is at its start, the cause on a later line.
        let first = error.marker().line() + usize::from(error.info().contains("quoted scalar"));
        let next = (first..=lines.len())
            .find(|line| !moved.contains(line) && !lines[line - 1].trim().is_empty());
        let next = next?;
        // Mostly all lines up to the closing bracket need it. If that goes wrong, one does.
        let closes = |line: &str| line.trim_start().starts_with([']', '}']);
        let last = (next..=lines.len()).find(|line| closes(lines[line - 1])).unwrap_or(next);
        let mut run = moved.clone();
        run.extend(next..=last);
        left = left.checked_sub(2 * text.len())?;
        let mut result = attempt(&lines, &run, width);
        if result.1.as_ref().is_some_and(|error| error.marker().line() <= last) {
            run = moved;
            run.insert(next);
            result = attempt(&lines, &run, width);
        }
        moved = run;
        match result {
            (_, Some(again)) => error = again,
            (text, None) => {
                let shifts = moved.into_iter().map(|line| (line, width)).collect();
                return Some(Adjusted { text: Cow::Owned(text), shifts });
            }
        }
    }
}

/// Whether moving lines may help.
fn is_about_indentation(error: &ScanError) -> bool {
    error.info().starts_with("invalid indentation")
}

/// The text with some lines moved, and what saphyr has against its indentation. Any
/// other error counts as well: the text was valid before.
fn attempt(lines: &[&str], moved: &BTreeSet<usize>, width: usize) -> (String, Option<ScanError>) {
    let text = join(lines, moved, width);
    let error = Parser::new_from_str(&text).find_map(Result::err);
    (text, error)
}

fn join(lines: &[&str], moved: &BTreeSet<usize>, width: usize) -> String {
    let pad = " ".repeat(width);
    let line = |(index, line): (usize, &&str)| {
        let pad = if moved.contains(&(index + 1)) { pad.as_str() } else { "" };
        format!("{pad}{line}")
    };
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}
