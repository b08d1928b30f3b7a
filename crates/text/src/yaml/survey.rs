//! How deep and how large a text is, before anything is kept of it: what reads whole
//! documents takes a hundred times the memory of a text that is all brackets.

use saphyr_parser::{Event, Marker, Parser};

use super::{FileId, MAX_DEPTH, Span};
use crate::codes;
use crate::report::Reporter;

/// From how many bytes on a text is looked through.
const LARGE: usize = 64 << 10;
/// How many lists, maps and scalars a file may have.
const MAX_NODES: usize = 200_000;

/// Whether a text may be read. Other mistakes are reported by its reader.
pub(super) fn survey(file: FileId, text: &str, report: &Reporter) -> bool {
    if text.len() < LARGE {
        return true;
    }
    let Some((at, message)) = excess(text) else { return true };
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (line, column) = (number(at.line()), number(at.col() + 1));
    let at = report.clip(Span { file, line, column, length: 1 });
    report.refuse_as(codes::LIMIT, at, message, None);
    false
}

/// What a text has too much of, and where.
fn excess(text: &str) -> Option<(Marker, String)> {
    let too_deep = || format!("nested more than {MAX_DEPTH} levels deep");
    let (mut depth, mut nodes) = (0_usize, 0_usize);
    for event in Parser::new_from_str(text) {
        let (event, at) = match event {
            Ok(event) => event,
            // It looks ahead for the end of a bracket, and counts them for itself.
            Err(error) if error.info().contains("recursion limit") => {
                return Some((*error.marker(), too_deep()));
            }
            Err(_) => return None,
        };
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                depth += 1;
                nodes += 1;
            }
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            Event::Scalar(..) | Event::Alias(_) => nodes += 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some((at.start, too_deep()));
        }
        if nodes > MAX_NODES {
            return Some((at.start, format!("more than {MAX_NODES} values in one file")));
        }
    }
    None
}
