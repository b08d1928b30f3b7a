//! YAML as Compose writes it; how each text is written is in [`style`].

use std::borrow::Cow;

use super::{View, style};

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
        style::write_key(key, out);
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
            items.each(|_, item| {
                pad(indent + 2, out);
                out.push('-');
                match item {
                    View::Map(entries) if !entries.is_empty() => {
                        out.push(' ');
                        map(entries, indent + 4, false, out);
                    }
                    other => below(other, indent + 2, out),
                }
            });
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
        View::Text(text) => style::write(text, indent, out),
        View::List(_) => out.push_str("[]"),
        View::Map(_) => out.push_str("{}"),
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Items;

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
            let list = ("l".into(), View::List(Items::Made(vec![View::Text(text.into())])));
            let key = (text.to_owned().into(), View::Null);
            let written = super::text(&View::Map(vec![entry, list, key]));
            let read: serde_yaml::Value = serde_yaml::from_str(&written).expect(&written);
            assert_eq!(read["k"].as_str(), Some(text), "{written}");
            assert_eq!(read["l"][0].as_str(), Some(text), "{written}");
            assert!(read.get(text).is_some(), "{written}");
        }
    }
}
