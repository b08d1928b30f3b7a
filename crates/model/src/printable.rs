//! Text of others as it may be shown: on one line, without anything that moves a cursor,
//! begins another line or turns the direction of reading. Names of files, networks and
//! containers, answers of engines and lines of logs are written by the author of a stack or
//! an image; unescaped, they could look like words of ours.

use std::borrow::Cow;
use std::fmt::{self, Formatter, Write};

/// Passes on the printable part of a text.
pub struct OneLine<'a, 'f>(pub &'a mut Formatter<'f>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write_str(&one_line(text))
    }
}

/// The text with everything escaped that is not to be shown as it is. Escaping twice changes
/// nothing more.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    // Most texts are plain, and looked at byte by byte.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut rendered = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => rendered.push_str("    "),
            '\n' | '\r' => rendered.extend(c.escape_default()),
            c if is_hidden(c) => rendered.extend(c.escape_unicode()),
            c => rendered.push(c),
        }
    }
    Cow::Owned(rendered)
}

/// The same of at most so many characters: of a longer one its beginning, whose escapes are whole, and `…`.
#[must_use]
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // What is escaped becomes longer, never shorter.
    let head = text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end]);
    let rendered = one_line(head);
    if head.len() == text.len() && rendered.chars().count() <= most {
        return rendered;
    }
    let (mut short, mut left) = (String::new(), most.saturating_sub(1));
    for (at, c) in head.char_indices() {
        let one = one_line(&head[at..at + c.len_utf8()]);
        let count = one.chars().count();
        if count > left {
            break;
        }
        left -= count;
        short.push_str(&one);
    }
    short.push('…');
    Cow::Owned(short)
}

/// The same of at most so many characters: of a longer one its beginning and its end, whose escapes are
/// whole, and `…` between them: errors begin with what was done and end with the reason.
#[must_use]
pub fn shortened_within(text: &str, most: usize) -> Cow<'_, str> {
    let rendered = one_line(text);
    if rendered.chars().count() <= most {
        return rendered;
    }
    let left = most.saturating_sub(1);
    let whole = |chars: &mut dyn Iterator<Item = char>, mut left: usize| {
        let mut parts: Vec<String> = Vec::new();
        for c in chars {
            let one = one_line(c.encode_utf8(&mut [0; 4])).into_owned();
            let Some(rest) = left.checked_sub(one.chars().count()) else { break };
            left = rest;
            parts.push(one);
        }
        parts
    };
    let head = whole(&mut text.chars(), left / 3);
    let mut tail = whole(&mut text.chars().rev(), left - left / 3);
    tail.reverse();
    Cow::Owned(format!("{}…{}", head.concat(), tail.concat()))
}

/// Whether a character is not seen as itself: control characters, other line ends, what
/// turns the direction of reading, what has no width, and tags.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}'
                | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{one_line, shortened, shortened_within};

    #[test]
    fn of_a_long_text_the_end_stays_which_says_why() {
        assert_eq!(shortened_within("all of it", 9), "all of it");
        let long = format!("cannot start: {}: no such file\u{1b}", "x".repeat(50));
        let short = shortened_within(&long, 30);
        assert!(short.starts_with("cannot st…"), "{short}");
        assert!(short.ends_with("no such file\\u{1b}"), "{short}");
        assert!(short.chars().count() <= 30, "{short}");
    }

    #[test]
    fn what_is_plain_is_shown_as_it_is() {
        for text in ["abc-web-1 \"x\" \\n", "näme 名前 \u{1f469}\u{200d}\u{1f680}"] {
            assert_eq!(one_line(text), text);
        }
    }

    #[test]
    fn what_is_hidden_is_escaped_once() {
        for (text, rendered) in [
            ("a\nb\r", "a\\nb\\r"),
            ("a\tb", "a    b"),
            ("\u{1b}[31m\u{7}\u{9b}", "\\u{1b}[31m\\u{7}\\u{9b}"),
            ("\u{85}\u{2028}\u{2029}", "\\u{85}\\u{2028}\\u{2029}"),
            ("x\u{202e}y\u{2066}\u{200f}", "x\\u{202e}y\\u{2066}\\u{200f}"),
        ] {
            assert_eq!(one_line(text), rendered);
            assert_eq!(one_line(rendered), rendered);
        }
    }

    #[test]
    fn what_is_long_is_shortened_as_it_is_rendered() {
        assert_eq!(shortened("12345", 5), "12345");
        assert_eq!(shortened("123456", 5), "1234…");
        assert_eq!(shortened("名前名前名前", 5), "名前名前…");
        assert_eq!(shortened("\0", 5), "\\u{0}");
        assert_eq!(shortened("a\0", 5), "a…", "no half of an escape");
        let zeros = "\0".repeat(65_000);
        let short = shortened(&zeros, 400);
        assert!(short.chars().count() <= 400 && short.ends_with("\\u{0}…"), "{short}");
        assert_eq!(shortened("x", 0), "…");
    }
}
