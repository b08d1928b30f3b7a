//! YAML to a tree that knows where everything was written.
//!
//! Two parsers must agree: saphyr's event stream gives positions, anchors and styles;
//! `serde_yaml` (libyaml, the grammar Compose itself reads) must accept the same text, and is
//! asked where the two may differ.
//! Nobody outside this module sees either of them.

mod anchor;
mod build;
pub(crate) mod flow;
mod frame;
mod merge;
mod node;
mod scalar;
mod simple;
mod survey;
mod tabs;
mod time;
mod weigh;

#[cfg(test)]
mod agreement;

pub use self::node::{Document, Entry, FileId, KeyPath, Kind, Node, Scalar, Span, Value};
pub use self::scalar::{go_float, is_text};
pub use self::weigh::weight;
pub use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use serde::Deserialize as _;
use serde::de::IgnoredAny;

use super::codes;
use crate::report::Reporter;

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 1 << 20;
/// How deep lists and maps may be nested.
const MAX_DEPTH: usize = 100;
/// How many bytes the values may take that aliases add to one file.
const MAX_EXPANDED: usize = 16 << 20;

/// Reads the only document of a file. `None` means that an error was reported and nothing
/// can be said about the content; other errors leave a tree without what they complain
/// about. An empty file is a null.
pub fn parse(file: FileId, text: &str, report: &Reporter) -> Option<Node> {
    let mut documents = parse_all(file, text, report)?;
    if let Some(second) = documents.get(1) {
        let help = "put each document into a file of its own".to_owned();
        let message = "a second document cannot be in this file";
        report.refuse_as(codes::YAML, second.root.span, message, Some(help));
    }
    let null = Node { span: Span::start_of(file), value: Value::Null };
    Some(if documents.is_empty() { null } else { documents.remove(0).root })
}

/// Reads all documents of a file, as [`parse`] does; an empty file has none.
pub fn parse_all(file: FileId, text: &str, report: &Reporter) -> Option<Vec<Document>> {
    if !survey::survey(file, text, report) {
        return None;
    }
    build::build(file, text, report)
}

/// What to do about a text of which nobody knows what was meant.
const LOOK: &str =
    "look at the indentation, the quotes and the brackets here and in the line above";

/// Reports what libyaml has against a text.
fn refuse(file: FileId, text: &str, error: &serde_yaml::Error, report: &Reporter) {
    let full = error.to_string();
    let at = span_of(file, error, report);
    if let Some((at, name)) = anchor::unknown(at, why(&full), report) {
        let message = format!("there is no anchor `{name}`");
        return report.refuse_as(codes::YAML, at, message, anchor::help(&name, text));
    }
    let message = format!("this is not valid YAML: {}", why(&full));
    // `… at line 9 column 5, while parsing a block mapping at line 4 column 3`
    let began = full.rsplit_once(", while ").and_then(|(_, context)| {
        let (what, line) = context.split_once(" at line ")?;
        Some(format!("this was read while {what} that begins at line {line}"))
    });
    let tab = report.line(at).is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'));
    let tab = tab.then(|| "lines are indented with spaces, never with tabs".to_owned());
    report.refuse_as(codes::YAML, at, message, tab.or(began).or_else(|| Some(LOOK.to_owned())));
}

/// What libyaml has against a text, if anything.
fn objection(text: &str) -> Option<serde_yaml::Error> {
    serde_yaml::Deserializer::from_str(text)
        .find_map(|document| IgnoredAny::deserialize(document).err())
}

fn span_of(file: FileId, error: &serde_yaml::Error, report: &Reporter) -> Span {
    error.location().map_or(Span::start_of(file), |at| {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        report.clip(Span { file, line: number(at.line()), column: number(at.column()), length: 1 })
    })
}

/// The message without its positions, which the diagnostic carries itself.
#[must_use]
pub fn why(full: &str) -> &str {
    full.split(" at line ").next().unwrap_or(full)
}
