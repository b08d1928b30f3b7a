//! Where the pieces of a YAML text end: quoted, plain and flow ones. Positions are a line's
//! index and a byte in it. The text is known to be valid, so that what cannot be found is
//! something that the formatter does not know.

/// A place: the line's index, and the byte in it.
pub(super) type Place = (usize, usize);

/// What comes after some bytes of a line.
pub(super) enum Gap {
    /// Nothing.
    End,
    /// A comment.
    Comment,
    /// Something else, from this byte on.
    Text(usize),
}

/// What comes on a line from a byte on, after blanks.
pub(super) fn gap(line: &str, from: usize) -> Gap {
    let rest = line[from..].trim_start_matches(is_blank);
    match rest.as_bytes().first() {
        None => Gap::End,
        Some(b'#') if from == 0 || rest.len() < line.len() - from => Gap::Comment,
        Some(_) => Gap::Text(line.len() - rest.len()),
    }
}

pub(super) fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Whether a byte of a line is an indicator: itself, then a blank or nothing.
pub(super) fn is_indicator(line: &str, at: usize, indicator: u8) -> bool {
    let bytes = line.as_bytes();
    bytes.get(at) == Some(&indicator) && ends_word(bytes.get(at + 1))
}

fn ends_word(byte: Option<&u8>) -> bool {
    matches!(byte, None | Some(b' ' | b'\t'))
}

/// Whether a line marks the beginning or the end of a document.
pub(super) fn is_marker(line: &str) -> bool {
    (line.starts_with("---") || line.starts_with("...")) && ends_word(line.as_bytes().get(3))
}

/// The end of an anchor or a tag that begins here.
pub(super) fn property(line: &str, at: usize) -> Option<usize> {
    if !line[at..].starts_with(['&', '!']) {
        return None;
    }
    Some(line[at..].find(is_blank).map_or(line.len(), |length| at + length))
}

/// How a plain scalar ends on its line: where its text ends, and where the `:` is if it
/// is a key.
pub(super) fn plain(line: &str, from: usize) -> (usize, Option<usize>) {
    let bytes = line.as_bytes();
    let stops = |at: &usize| match bytes[*at] {
        b':' => ends_word(bytes.get(at + 1)),
        b'#' => *at > from && matches!(bytes[at - 1], b' ' | b'\t'),
        _ => false,
    };
    let end = (from..bytes.len()).find(stops);
    let colon = end.filter(|at| bytes[*at] == b':');
    let end = end.unwrap_or(bytes.len());
    (from + line[from..end].trim_end_matches(is_blank).len(), colon)
}

/// The end of a quoted scalar that begins here.
pub(super) fn quoted(lines: &[&str], at: Place) -> Option<Place> {
    let (mut line, mut column) = at;
    let quote = *lines[line].as_bytes().get(column)?;
    column += 1;
    loop {
        let bytes = lines.get(line)?.as_bytes();
        match bytes.get(column) {
            None => (line, column) = (line + 1, 0),
            Some(b'\\') if quote == b'"' => column += 2,
            Some(b'\'') if quote == b'\'' && bytes.get(column + 1) == Some(&b'\'') => column += 2,
            Some(byte) if *byte == quote => return Some((line, column + 1)),
            Some(_) => column += 1,
        }
    }
}

/// The end of a flow collection that begins here.
pub(super) fn flow(lines: &[&str], at: Place) -> Option<Place> {
    let (mut line, mut column) = at;
    let mut depth = 0_usize;
    loop {
        let text = lines.get(line)?;
        column = match gap(text, column.min(text.len())) {
            Gap::End | Gap::Comment => {
                (line, column) = (line + 1, 0);
                continue;
            }
            Gap::Text(next) => next,
        };
        match text.as_bytes()[column] {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((line, column + 1));
                }
            }
            b',' | b':' | b'?' => {}
            b'"' | b'\'' => {
                (line, column) = quoted(lines, (line, column))?;
                continue;
            }
            _ => {
                column = flow_word(text, column);
                continue;
            }
        }
        column += 1;
    }
}

/// The end of a plain scalar, an alias, an anchor or a tag inside a flow collection.
fn flow_word(line: &str, from: usize) -> usize {
    let bytes = line.as_bytes();
    let is_flow = |byte: &u8| matches!(byte, b',' | b'[' | b']' | b'{' | b'}');
    let stops = |at: &usize| match bytes[*at] {
        b':' => ends_word(bytes.get(at + 1)) || bytes.get(at + 1).is_some_and(is_flow),
        b'#' => matches!(bytes[at - 1], b' ' | b'\t'),
        byte => is_flow(&byte),
    };
    (from + 1..bytes.len()).find(stops).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flow_collections_end_where_their_bracket_is() {
        for text in [
            "[a, 'b]', \"c\\\"]\", it's]",
            "{a: [b], \"c\":d, e:f, g:}",
            "[a \"b]",
            "[x#y, # ]\n  z]",
            "[ &a b, *a , !t c]",
        ] {
            let lines: Vec<&str> = text.split('\n').collect();
            let last = lines.len() - 1;
            assert_eq!(flow(&lines, (0, 0)), Some((last, lines[last].len())), "{text}");
        }
    }

    #[test]
    fn a_key_is_what_a_colon_follows() {
        assert_eq!(plain("a b : c", 0), (3, Some(4)));
        assert_eq!(plain("a:b #c: d", 0), (3, None));
        assert_eq!(plain("http://x:80", 0), (11, None));
    }
}
