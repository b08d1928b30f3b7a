//! How Compose's YAML writes a text: as it is where it reads back as the same text, else in
//! quotes, and several lines as a block. The rules are those of Go's yaml.v3, so that what
//! is printed here and there can be compared line by line.

use std::fmt::Write as _;

use text::yaml;

/// What a text looks like to an emitter.
#[expect(clippy::struct_excessive_bools, reason = "each is something of its own")]
#[derive(Default)]
struct Look {
    /// It would be taken for something else than a text without quotes.
    structural: bool,
    breaks: bool,
    /// Characters that have to be escaped.
    special: bool,
    tabs: bool,
    /// White space or a break at either end.
    ragged: bool,
    /// It ends with a space.
    trailing_space: bool,
    /// A space after a break.
    break_space: bool,
    /// A break after a space.
    space_break: bool,
}

/// Writes a text; further lines are indented by `indent`.
pub(super) fn write(text: &str, indent: usize, out: &mut String) {
    let look = look(text);
    let escapes = look.special || look.tabs || look.space_break || look.break_space;
    if look.breaks {
        if look.special || look.space_break || look.trailing_space {
            double_quoted(text, out);
        } else {
            block(text, indent, out);
        }
    } else if text.is_empty() || !is_text(text) || escapes {
        double_quoted(text, out);
    } else if look.structural || look.ragged {
        out.extend(["'", &text.replace('\'', "''"), "'"]);
    } else {
        out.push_str(text);
    }
}

/// Writes a key: always on one line.
pub(super) fn write_key(key: &str, out: &mut String) {
    if look(key).breaks {
        double_quoted(key, out);
    } else {
        write(key, 0, out);
    }
}

/// Whether a text without quotes is a text, also for readers of YAML 1.1.
fn is_text(text: &str) -> bool {
    let old = ["y", "yes", "on", "n", "no", "off"].iter().any(|word| {
        text.eq_ignore_ascii_case(word) && {
            let (first, rest) = text.split_at(1);
            let capital = first.bytes().all(|b| b.is_ascii_uppercase());
            let lower = rest.bytes().all(|b| b.is_ascii_lowercase());
            lower || capital && rest.bytes().all(|b| b.is_ascii_uppercase())
        }
    });
    !old && text != "<<" && !is_base_60(text) && yaml::is_text(text)
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: `22:22` was a number once.
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let first = parts.next().unwrap_or_default();
    let mut count = 0;
    let sixty = |part: &str| match part.as_bytes() {
        [one] => one.is_ascii_digit(),
        [ten, one] => (b'0'..=b'5').contains(ten) && one.is_ascii_digit(),
        _ => false,
    };
    let all = parts.all(|part| {
        count += 1;
        sixty(part)
    });
    all && count > 0
        && first.starts_with(|c: char| c.is_ascii_digit())
        && digits(first)
        && digits(fraction)
}

fn look(text: &str) -> Look {
    if is_plain(text) {
        return Look::default();
    }
    let mut look =
        Look { structural: text.starts_with("---") || text.starts_with("..."), ..Look::default() };
    let is_blank = |c: char| c == ' ' || c == '\t';
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let last = chars.peek().is_none();
        let blank_after = chars.peek().is_none_or(|next| is_blank(*next) || is_break(*next));
        let first = before.is_none();
        look.structural |= match c {
            '#' => before.is_none_or(|c| is_blank(c) || is_break(c)),
            ':' => blank_after,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => first,
            '?' | '-' => first && blank_after,
            _ => false,
        };
        look.tabs |= c == '\t';
        look.special |= c != '\t' && !is_printable(c);
        let white = c == ' ' || is_break(c);
        look.ragged |= white && (first || last);
        look.trailing_space |= c == ' ' && last;
        look.breaks |= is_break(c);
        look.break_space |= c == ' ' && before.is_some_and(is_break);
        look.space_break |= is_break(c) && before == Some(' ');
        before = Some(c);
    }
    look
}

/// Whether a text is one of the many that nothing need be known of: a word, a number, a path.
fn is_plain(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'/';
    let first = text.bytes().next().is_some_and(word);
    first && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

/// Whether a character needs no escape; those beyond the first plane do, and the two that end a
/// line for readers of YAML 1.1.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn double_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        let short = match c {
            '\0' => '0',
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '"' | '\\' => c,
            '\u{85}' => 'N',
            '\u{2028}' => 'L',
            '\u{2029}' => 'P',
            c if is_printable(c) => {
                out.push(c);
                continue;
            }
            c => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02X}"),
                    0x100..=0xffff => write!(out, "\\u{code:04X}"),
                    _ => write!(out, "\\U{code:08X}"),
                };
                continue;
            }
        };
        out.extend(['\\', short]);
    }
    out.push('"');
}

/// Lines as they are. What begins with white space says how far it is indented.
fn block(text: &str, indent: usize, out: &mut String) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    let body = match text.strip_suffix('\n') {
        None => {
            out.push('-');
            text
        }
        Some(body) => {
            if body.is_empty() || body.ends_with('\n') {
                out.push('+');
            }
            body
        }
    };
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_compose_writes_them() {
        for (text, want) in [
            ("web:1.8", "web:1.8"),
            ("--fast", "--fast"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("5s", "5s"),
            ("echo \"a\" >> b", "echo \"a\" >> b"),
            ("curl x || exit 1", "curl x || exit 1"),
            ("", "\"\""),
            ("1.0", "\"1.0\""),
            ("yes", "\"yes\""),
            ("22:22", "\"22:22\""),
            ("80:80", "80:80"),
            ("null", "\"null\""),
            ("2024-01-02", "\"2024-01-02\""),
            ("*.log", "'*.log'"),
            ("it's: b", "'it''s: b'"),
            ("- a", "'- a'"),
            ("a ", "'a '"),
            ("a # b", "'a # b'"),
            ("a\tb", "\"a\\tb\""),
            ("größe", "größe"),
            ("\u{1f600}", "\"\\U0001F600\""),
            ("a\u{2028}", "\"a\\L\""),
            ("a\nb\n", "|\n  a\n  b"),
            ("a\n\nb", "|-\n  a\n\n  b"),
            (" a\nb\n\n", "|2+\n   a\n  b\n"),
        ] {
            let mut out = String::new();
            write(text, 2, &mut out);
            assert_eq!(out, want, "{text:?}");
        }
    }
}
