//! The line of a message that was made when the file was no longer at hand.

use super::report::Reporter;
use super::yaml::{FileId, Span};
use model::diagnostic::Diagnostic;
use world::Tree;

/// The largest file that is read for that, in bytes.
const MOST: u64 = 1 << 20;

/// The same message with its line and the word in it, if its file can be read.
pub fn underlined(tree: &dyn Tree, diagnostic: Diagnostic) -> Diagnostic {
    let Some(at) = &diagnostic.at else { return diagnostic };
    let text = tree.read(&at.file, MOST).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = text else { return diagnostic };
    let report = Reporter::new(&at.file, text.trim_start_matches('\u{feff}'));
    let span = Span { file: FileId::FIRST, line: at.line, column: at.column, length: 1 };
    let length = report.line(span).map_or(1, |line| word(&line, at.column));
    let rendered = report.diagnostic(
        diagnostic.severity,
        report.clip(Span { length, ..span }),
        String::new(),
        None,
    );
    Diagnostic { at: rendered.at, length: rendered.length, excerpt: rendered.excerpt, ..diagnostic }
}

/// How long the word is that begins at a column, or the text in quotes.
fn word(line: &str, column: u32) -> u32 {
    let before = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let quote = line.chars().nth(before).filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote
        && let Some(inside) = line.chars().skip(before + 1).position(|c| c == quote)
    {
        return u32::try_from(inside + 2).unwrap_or(1);
    }
    let ends = |c: &char| c.is_whitespace() || matches!(c, ':' | ',' | '}' | ']' | '"' | '\'');
    let length = line.chars().skip(before).take_while(|c| !ends(c)).count();
    u32::try_from(length).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_word_ends_where_its_key_or_value_does() {
        assert_eq!(word("  web: { image: x }", 3), 3);
        assert_eq!(word("a: {name: the-db}", 11), 6);
        assert_eq!(word("a", 9), 1);
        assert_eq!(word("[\"80:80\", x]", 2), 7);
    }
}
