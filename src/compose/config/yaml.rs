//! YAML that every reader reads alike: whatever an older YAML could take for something
//! else than a string stands in quotes.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{View, json};

/// A document.
pub(super) fn text(view: &View<'_>) -> String {
    let mut out = String::new();
    match view {
        View::Map(entries) if !entries.is_empty() => map(entries, 0, true, &mut out),
        other => {
            scalar(other, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

/// Entries, each on lines of its own; the first where the writer is if `fresh` is false.
fn map(entries: &[(Cow<'_, str>, View<'_>)], indent: usize, fresh: bool, out: &mut String) {
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 || fresh {
            pad(indent, out);
        }
        plain_or_quoted(key, out);
        out.push(':');
        below(value, indent, out);
    }
}

/// A value behind its key.
fn below(value: &View<'_>, indent: usize, out: &mut String) {
    match value {
        View::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            map(entries, indent + 2, true, out);
        }
        View::List(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                pad(indent + 2, out);
                out.push('-');
                match item {
                    View::Map(entries) if !entries.is_empty() => {
                        out.push(' ');
                        map(entries, indent + 4, false, out);
                    }
                    other => below(other, indent + 2, out),
                }
            }
        }
        other => {
            out.push(' ');
            scalar(other, indent + 2, out);
            out.push('\n');
        }
    }
}

fn scalar(view: &View<'_>, indent: usize, out: &mut String) {
    match view {
        View::Null => out.push_str("null"),
        View::Flag(value) => out.push_str(if *value { "true" } else { "false" }),
        View::Number(number) => out.push_str(number),
        View::Text(text) if is_block(text) => block(text, indent, out),
        View::Text(text) => plain_or_quoted(text, out),
        View::List(_) => out.push_str("[]"),
        View::Map(_) => out.push_str("{}"),
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether a text reads well as a literal block: lines without odd characters, at most one
/// newline at the end.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let odd = |c: char| {
        c != '\n'
            && (c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'))
    };
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && !body.contains(odd)
        && body.lines().all(|line| !line.ends_with(' '))
}

fn block(text: &str, indent: usize, out: &mut String) {
    out.push('|');
    let body = text.strip_suffix('\n').unwrap_or_else(|| {
        out.push('-');
        text
    });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(indent, out);
            out.push_str(line);
        }
    }
}

fn plain_or_quoted(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    let mut quoted = String::new();
    json::quote(text, &mut quoted);
    for c in quoted.chars() {
        if c.is_control() || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            write!(out, "\\u{:04x}", u32::from(c)).expect("BUG: memory refused a text");
        } else {
            out.push(c);
        }
    }
}

/// Words that some YAML takes for a truth value or nothing.
const RESERVED: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// Whether a text stands for itself without quotes.
fn is_plain(text: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./@%+=,()*~$^!?;\\ :-".contains(c);
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '$'))
        && chars.all(safe)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_back_as_they_are() {
        for text in [
            "a",
            "yes",
            "NULL",
            "1.0",
            "012",
            "1_000",
            "2024-01-02",
            "22:22",
            "a: b",
            "a #b",
            "- a",
            "",
            " ",
            "a ",
            "'",
            "\"",
            "a\nb",
            "a\n",
            "\na",
            " a\nb",
            "a\n\n",
            "a\tb\nc",
            "é",
            "~",
            "*a",
            "&a",
            "!a",
            "a:",
            ".inf",
            "0x1f",
            "<a>&",
            "$A",
            "{a}",
            "[a]",
            "a\u{85}b",
            "=",
            "<<",
        ] {
            let entry = ("k".into(), View::Text(text.into()));
            let list = ("l".into(), View::List(vec![View::Text(text.into())]));
            let key = (text.to_owned().into(), View::Null);
            let written = super::text(&View::Map(vec![entry, list, key]));
            let read: serde_yaml::Value = serde_yaml::from_str(&written).expect(&written);
            assert_eq!(read["k"].as_str(), Some(text), "{written}");
            assert_eq!(read["l"][0].as_str(), Some(text), "{written}");
            assert!(read.get(text).is_some(), "{written}");
        }
    }
}
