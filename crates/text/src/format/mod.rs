//! `reconciler fmt`: a YAML text in the usual layout, with the same meaning. Comments,
//! anchors, tags, quotes, and the order of keys stay.
//!
//! What comes out is read again, by both YAML libraries, and must be what went in: a text
//! is never given back with another meaning.

mod scan;
mod sort;
mod token;

use std::fmt::Write as _;

use saphyr_parser::{Event, Parser, ScanError};
use serde::Deserialize as _;

use super::yaml::{self, flow};

/// Why a text is not formatted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is not valid YAML.
    #[error("this is not valid YAML: {why}")]
    Invalid {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the parser says.
        why: String,
    },
    /// It is valid, but the formatter does not know such YAML.
    #[error("{what} is YAML that the formatter does not know; the file stays as it is")]
    Unknown {
        /// Line, from 1.
        line: usize,
        /// What it is.
        what: &'static str,
    },
    /// In another order, an alias would come before its anchor.
    #[error("in the conventional order an alias would come before its anchor")]
    Unsortable,
    /// The result would mean something else.
    #[error("BUG: the formatted text would mean something else; the file stays as it is")]
    Changed,
}

/// YAML that the formatter does not know.
struct Unknown {
    line: usize,
    what: &'static str,
}

/// A line of the result.
struct Line {
    text: String,
    /// Whether an empty line comes before it.
    blank: bool,
    /// Whether it is a comment.
    comment: bool,
    /// The key that the line begins with, and how many lists and maps it is in.
    key: Option<(String, usize)>,
}

impl Line {
    /// A further line of a value.
    fn copied(text: String) -> Self {
        Self { text, blank: false, comment: false, key: None }
    }
}

/// The text in the usual layout; with `sort` also its keys in the conventional order.
pub fn format(text: &str, sort: bool) -> Result<String, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let before = meaning(&text).map_err(|error| FormatError::Invalid {
        line: error.marker().line(),
        column: error.marker().col() + 1,
        why: error.info().to_owned(),
    })?;
    let kept = values(&text).map_err(|error| FormatError::Invalid {
        line: error.location().map_or(1, |at| at.line()),
        column: error.location().map_or(1, |at| at.column()),
        why: yaml::why(&error.to_string()).to_owned(),
    })?;
    let (lines, open_end) = scan::lay_out(&text)
        .map_err(|Unknown { line, what }| FormatError::Unknown { line, what })?;
    let result = join(&lines, open_end);
    let same = |text: &str| values(text).is_ok_and(|values| values == kept);
    if meaning(&result).ok() != Some(before) || !same(&result) {
        return Err(FormatError::Changed);
    }
    if !sort {
        return Ok(result);
    }
    let sorted = join(&sort::sorted(lines), open_end);
    if meaning(&sorted).is_err() {
        return Err(FormatError::Unsortable);
    }
    // Maps are equal in any order.
    if same(&sorted) { Ok(sorted) } else { Err(FormatError::Changed) }
}

fn join(lines: &[Line], open_end: bool) -> String {
    let mut text = String::new();
    for line in lines {
        if line.blank && !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", line.text);
    }
    if open_end {
        text.pop();
    }
    text
}

/// Everything that a text says: its values with their anchors, tags and quotes.
fn meaning(text: &str) -> Result<Vec<Event<'static>>, ScanError> {
    let read = |text: &str| -> Result<Vec<Event<'static>>, ScanError> {
        Parser::new_from_str(text).map(|event| event.map(|(event, _)| owned(event))).collect()
    };
    read(text).or_else(|error| match flow::adjust(text, error.clone()) {
        Some(adjusted) => read(&adjusted.text),
        None => Err(error),
    })
}

fn owned(event: Event<'_>) -> Event<'static> {
    use std::borrow::Cow;
    match event {
        Event::Scalar(text, style, anchor, tag) => Event::Scalar(
            Cow::Owned(text.into_owned()),
            style,
            anchor,
            tag.map(|tag| Cow::Owned(tag.into_owned())),
        ),
        Event::SequenceStart(anchor, tag) => {
            Event::SequenceStart(anchor, tag.map(|tag| Cow::Owned(tag.into_owned())))
        }
        Event::MappingStart(anchor, tag) => {
            Event::MappingStart(anchor, tag.map(|tag| Cow::Owned(tag.into_owned())))
        }
        Event::Nothing => Event::Nothing,
        Event::StreamStart => Event::StreamStart,
        Event::StreamEnd => Event::StreamEnd,
        Event::DocumentStart(explicit) => Event::DocumentStart(explicit),
        Event::DocumentEnd => Event::DocumentEnd,
        Event::Alias(id) => Event::Alias(id),
        Event::SequenceEnd => Event::SequenceEnd,
        Event::MappingEnd => Event::MappingEnd,
    }
}

/// What the other library makes of a text.
fn values(text: &str) -> Result<Vec<serde_yaml::Value>, serde_yaml::Error> {
    serde_yaml::Deserializer::from_str(text).map(serde_yaml::Value::deserialize).collect()
}

#[cfg(test)]
mod tests;
