//! JSON as Go's encoder writes it, byte for byte.

use super::View;
use model::digest::{Digest, Hasher};

/// What JSON is written to.
trait Out {
    fn text(&mut self, text: &str);
}

impl Out for String {
    fn text(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Out for Hasher {
    fn text(&mut self, text: &str) {
        self.update(text);
    }
}

/// Without any space.
#[must_use]
pub fn compact(view: &View<'_>) -> String {
    let mut out = String::new();
    write(view, None, &mut out);
    out
}

/// The digest of that.
#[must_use]
pub fn digest(view: &View<'_>) -> Digest {
    let mut out = Hasher::default();
    write(view, None, &mut out);
    out.finish()
}

/// Indented by two spaces.
pub(super) fn indented(view: &View<'_>) -> String {
    let mut out = String::new();
    write(view, Some(0), &mut out);
    out
}

fn write(view: &View<'_>, depth: Option<usize>, out: &mut impl Out) {
    let inner = depth.map(|depth| depth + 1);
    match view {
        View::Null => out.text("null"),
        View::Flag(value) => out.text(if *value { "true" } else { "false" }),
        View::Number(number) => out.text(number),
        View::Text(text) => quote(text, out),
        View::List(items) if items.is_empty() => out.text("[]"),
        View::Map(entries) if entries.is_empty() => out.text("{}"),
        View::List(items) => {
            out.text("[");
            items.each(|index, item| {
                separate(index, inner, out);
                write(item, inner, out);
            });
            line(depth, out);
            out.text("]");
        }
        View::Map(entries) => {
            out.text("{");
            for (index, (key, value)) in entries.iter().enumerate() {
                separate(index, inner, out);
                quote(key, out);
                out.text(if depth.is_some() { ": " } else { ":" });
                write(value, inner, out);
            }
            line(depth, out);
            out.text("}");
        }
    }
}

fn separate(index: usize, depth: Option<usize>, out: &mut impl Out) {
    if index > 0 {
        out.text(",");
    }
    line(depth, out);
}

fn line(depth: Option<usize>, out: &mut impl Out) {
    if let Some(depth) = depth {
        out.text("\n");
        (0..depth).for_each(|_| out.text("  "));
    }
}

/// A text in quotes; Go also escapes what HTML could read.
fn quote(text: &str, out: &mut impl Out) {
    out.text("\"");
    let mut from = 0;
    while let Some(next) = text.as_bytes()[from..].iter().position(|byte| is_special(*byte)) {
        let at = from + next;
        out.text(&text[from..at]);
        let c = text[at..].chars().next().expect("BUG: a special byte begins a character");
        escape(c, out);
        from = at + c.len_utf8();
    }
    out.text(&text[from..]);
    out.text("\"");
}

/// Whether a character that begins with this byte may need an escape.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
}

fn escape(c: char, out: &mut impl Out) {
    match c {
        '"' => out.text("\\\""),
        '\\' => out.text("\\\\"),
        '\n' => out.text("\\n"),
        '\r' => out.text("\\r"),
        '\t' => out.text("\\t"),
        '\u{8}' => out.text("\\b"),
        '\u{c}' => out.text("\\f"),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            out.text(&format!("\\u{:04x}", u32::from(c)));
        }
        other => out.text(other.encode_utf8(&mut [0; 4])),
    }
}
