//! YAML as Compose writes it; how each text is written is in [`style`].

use super::{View, style};
use text::block::{self, Key, Node, Part};

/// A document.
pub(super) fn text(view: &View<'_>) -> String {
    block::document(view)
}

impl Node for View<'_> {
    fn part(&self) -> Part {
        match self {
            Self::Map(entries) if !entries.is_empty() => Part::Map,
            Self::List(items) if !items.is_empty() => Part::List,
            _ => Part::Scalar,
        }
    }

    fn each_pair(&self, to: &mut dyn FnMut(Key<'_>, &Self)) {
        let Self::Map(entries) = self else { return };
        for (key, value) in entries {
            to(Key { text: key, comments: &[] }, value);
        }
    }

    fn each_item(&self, to: &mut dyn FnMut(&Self)) {
        let Self::List(items) = self else { return };
        items.each(|_, item| to(item));
    }

    fn write_key(key: &str, out: &mut String) {
        style::write_key(key, out);
    }

    fn write_scalar(&self, indent: usize, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Flag(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => style::write(text, indent, out),
            Self::List(_) => out.push_str("[]"),
            Self::Map(_) => out.push_str("{}"),
        }
    }
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
