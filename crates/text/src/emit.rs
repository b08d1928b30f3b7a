//! YAML that the program writes for people to keep: with comments, in the layout of `fmt`, and
//! with nothing in it that a terminal would not show as it is.

use crate::block::{self, Key, Node, Part, comment};
use crate::yaml;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Yaml {
    /// A text, in quotes where it needs them.
    Text(String),
    /// A number, a switch or another word that stands as it is.
    Word(String),
    /// Values in order.
    List(Vec<Yaml>),
    /// Values by key.
    Map(Vec<Pair>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Lines of comment above it.
    pub comments: Vec<String>,
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Yaml,
}

impl Pair {
    /// A pair without comments.
    pub fn new(key: impl Into<String>, value: Yaml) -> Self {
        Self { comments: Vec::new(), key: key.into(), value }
    }

    /// The same with these lines of comment above it.
    #[must_use]
    pub fn with_comments(self, comments: Vec<String>) -> Self {
        Self { comments, ..self }
    }
}

impl Yaml {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A number or a switch.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and switches are copied")]
    pub fn word(word: impl ToString) -> Self {
        Self::Word(word.to_string())
    }

    /// Texts in order.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// Values by key.
    pub fn map<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(pairs.into_iter().map(|(key, value)| Pair::new(key, value)).collect())
    }

    /// A document: these pairs, and what its first lines say.
    #[must_use]
    pub fn document(comments: &[String], pairs: &[Pair]) -> String {
        let mut out = String::new();
        comment(comments, 0, &mut out);
        block::pairs(&Self::Map(pairs.to_vec()), 0, false, &mut out);
        out
    }
}

/// A text as one value of YAML, in quotes if it needs them.
#[must_use]
pub fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@,".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    // What once was a number of base 60, `22:22`, and ports look alike.
    let is_number_like = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "._:+-eE".contains(c));
    let words = ["y", "yes", "on", "n", "no", "off"];
    let is_word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    begins
        && !text.ends_with(':')
        && !is_number_like
        && !is_word
        && text.chars().all(plain)
        && yaml::is_text(text)
}

/// In double quotes; what a terminal does not show as it is stands as its number.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if model::printable::is_hidden(c) => {
                let number = u32::from(c);
                let escaped = if number > 0xffff {
                    format!("\\U{number:08x}")
                } else {
                    format!("\\u{number:04x}")
                };
                out.push_str(&escaped);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Node for Yaml {
    fn part(&self) -> Part {
        match self {
            Self::Map(pairs) if !pairs.is_empty() => Part::Map,
            Self::List(items) if !items.is_empty() => Part::List,
            _ => Part::Scalar,
        }
    }

    fn each_pair(&self, to: &mut dyn FnMut(Key<'_>, &Self)) {
        let Self::Map(pairs) = self else { return };
        for pair in pairs {
            to(Key { text: &pair.key, comments: &pair.comments }, &pair.value);
        }
    }

    fn each_item(&self, to: &mut dyn FnMut(&Self)) {
        let Self::List(items) = self else { return };
        items.iter().for_each(to);
    }

    fn write_key(key: &str, out: &mut String) {
        out.push_str(&scalar(key));
    }

    fn write_scalar(&self, _: usize, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(&scalar(text)),
            Self::Word(word) => out.push_str(word),
            Self::List(_) => out.push_str("[]"),
            Self::Map(_) => out.push_str("{}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::WIDTH;

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        for text in [
            "a",
            "yes",
            "No",
            "null",
            "1.0",
            "012",
            "2024-01-02",
            "22:22",
            "8080:80",
            "80",
            "1e3",
            "a: b",
            "a #b",
            "- a",
            "",
            " ",
            "a ",
            "'",
            "\"",
            "a\nb\n",
            "a\tb",
            "é",
            "~",
            "*a",
            "&a",
            "a:",
            "/srv:/data:ro",
            "0x1f",
            "$A",
            "{a}",
            "[a]",
            "a\u{85}b",
            "=",
            "<<",
            "\\n",
            "a\u{202e}b",
            "\u{e0041}",
            "\u{7}\u{1b}[2J",
            "true",
            "sha256:0a",
            "unix:///a.sock",
        ] {
            let list = Yaml::List(vec![Yaml::text(text), Yaml::map([("k", Yaml::text(text))])]);
            let pairs = [
                Pair::new("t", Yaml::text(text)),
                Pair::new("l", list),
                Pair::new(text, Yaml::word(1)),
            ];
            let written = Yaml::document(&[], &pairs);
            let read: serde_yaml::Value = serde_yaml::from_str(&written).expect(&written);
            assert_eq!(read["t"].as_str(), Some(text), "{written}");
            assert_eq!(read["l"][0].as_str(), Some(text), "{written}");
            assert_eq!(read["l"][1]["k"].as_str(), Some(text), "{written}");
            assert_eq!(read[text].as_i64(), Some(1), "{written}");
            assert!(!written.contains(['\u{202e}', '\u{1b}', '\u{e0041}']), "{written:?}");
            assert_eq!(crate::format::format(&written, false).expect("YAML"), written);
        }
    }

    #[test]
    fn a_comment_stays_one() {
        let pairs = [Pair::new("a", Yaml::word(1)).with_comments(vec!["x\nb: 2".to_owned()])];
        let written = Yaml::document(&["first".to_owned(), String::new()], &pairs);
        assert_eq!(written, "# first\n#\n# x\\nb: 2\na: 1\n");
    }

    #[test]
    fn a_long_comment_goes_on_further_in() {
        let long = "word ".repeat(40);
        let comments = vec![long.trim_end().to_owned(), "  b: 1".to_owned()];
        let pairs = [Pair::new("a", Yaml::word(1)).with_comments(comments)];
        let written = Yaml::document(&[], &[Pair::new("m", Yaml::Map(pairs.into()))]);
        assert!(written.lines().all(|line| line.len() <= WIDTH), "{written}");
        assert!(written.contains("\n  #   word"), "{written}");
        assert!(written.contains("\n  #   b: 1\n"), "{written}");
        assert_eq!(written.matches("word").count(), 40);
        // Also where a word ends exactly at the edge.
        for length in 1..WIDTH - 2 {
            let words = vec![format!("{} b c", "a".repeat(length))];
            let written = Yaml::document(&words, &[]);
            assert!(written.lines().all(|line| line.starts_with("# ") && !line[1..].contains('#')));
            assert!(written.lines().all(|line| line.len() <= WIDTH), "{written}");
        }
    }
}
