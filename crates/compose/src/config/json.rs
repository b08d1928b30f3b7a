//! JSON as Go's encoder writes it, byte for byte.

use std::fmt::Write as _;

use super::View;

/// Without any space.
#[must_use]
pub fn compact(view: &View<'_>) -> String {
    let mut out = String::new();
    write(view, None, &mut out);
    out
}

/// Indented by two spaces.
pub(super) fn indented(view: &View<'_>) -> String {
    let mut out = String::new();
    write(view, Some(0), &mut out);
    out
}

fn write(view: &View<'_>, depth: Option<usize>, out: &mut String) {
    let inner = depth.map(|depth| depth + 1);
    match view {
        View::Null => out.push_str("null"),
        View::Flag(value) => out.push_str(if *value { "true" } else { "false" }),
        View::Number(number) => out.push_str(number),
        View::Text(text) => quote(text, out),
        View::List(items) if items.is_empty() => out.push_str("[]"),
        View::Map(entries) if entries.is_empty() => out.push_str("{}"),
        View::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, inner, out);
                write(item, inner, out);
            }
            line(depth, out);
            out.push(']');
        }
        View::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                separate(index, inner, out);
                quote(key, out);
                out.push_str(if depth.is_some() { ": " } else { ":" });
                write(value, inner, out);
            }
            line(depth, out);
            out.push('}');
        }
    }
}

fn separate(index: usize, depth: Option<usize>, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
    line(depth, out);
}

fn line(depth: Option<usize>, out: &mut String) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

/// A text in quotes; Go also escapes what HTML could read.
pub(super) fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    while let Some(next) = text.as_bytes()[from..].iter().position(|byte| is_special(*byte)) {
        let at = from + next;
        out.push_str(&text[from..at]);
        let c = text[at..].chars().next().expect("BUG: a special byte begins a character");
        escape(c, out);
        from = at + c.len_utf8();
    }
    out.push_str(&text[from..]);
    out.push('"');
}

/// Whether a character that begins with this byte may need an escape.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
}

fn escape(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            write!(out, "\\u{:04x}", u32::from(c)).expect("BUG: memory refused a text");
        }
        other => out.push(other),
    }
}
