//! What a container, a network or a volume is, as text for people: YAML in the words of the
//! comparison, one value a line, so that two of them can be laid beside each other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::field::Form;
use super::fields;
use super::printable::is_hidden;
use super::spec::ContainerSpec;

/// The fields of one object by their paths (`environment.TAG`), each as text; sensitive values are
/// masked. As JSON it is its YAML.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NormalForm(BTreeMap<String, String>);

impl NormalForm {
    /// The form of these fields.
    #[must_use]
    pub fn new(fields: BTreeMap<String, String>) -> Self {
        Self(fields)
    }

    /// The paths in which two forms differ, in order.
    #[must_use]
    pub fn differing<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let own = self.0.iter().filter(|(path, text)| other.0.get(*path) != Some(*text));
        let more = other.0.keys().filter(|path| !self.0.contains_key(*path));
        let mut paths: Vec<&str> = own.map(|(path, _)| path).chain(more).map(|p| &**p).collect();
        paths.sort_unstable();
        paths
    }

    /// It as YAML, a key of Compose's per block, in their order.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let mut blocks: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (path, text) in &self.0 {
            let (head, rest) = path.split_once('.').unwrap_or((path, ""));
            blocks.entry(head).or_default().push((rest, text));
        }
        let mut out = String::new();
        for (head, entries) in blocks {
            block(&mut out, head, &entries);
        }
        out
    }
}

impl Serialize for NormalForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_yaml())
    }
}

/// One key of the top level.
fn block(out: &mut String, head: &str, entries: &[(&str, &str)]) {
    if let [("", text)] = entries {
        let is_list = matches!(head, "command" | "entrypoint");
        return value(out, 0, &format!("{}:", scalar(head)), (text, is_list));
    }
    let _ = writeln!(out, "{}:", scalar(head));
    let word = set_word(head);
    let mut inside = "";
    for (rest, text) in entries {
        if Some(*text) == word {
            let _ = writeln!(out, "  - {}", scalar(rest));
        } else if word.is_some() {
            value(out, 1, &format!("- {}:", scalar(rest)), (text, false));
        } else if let Some((group, rest)) = grouped(head, rest) {
            if inside != group {
                let _ = writeln!(out, "  {}:", scalar(group));
                inside = group;
            }
            value(out, 2, &format!("{}:", scalar(rest)), (text, false));
        } else {
            let is_list = head == "healthcheck" && *rest == "test";
            value(out, 1, &format!("{}:", scalar(rest)), (text, is_list));
        }
    }
}

/// The one map that stands below a key below a key.
fn grouped<'a>(head: &str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    (head == "logging").then(|| rest.split_once('.'))?
}

/// What the texts of a field say that is a set: that something is in it.
pub(crate) fn set_word(head: &str) -> Option<&'static str> {
    match head {
        "networks" => Some("attached"),
        "expose" => Some("exposed"),
        "links" => Some("linked"),
        _ => match fields::of_key::<ContainerSpec>(head)?.form {
            Form::Set { word, .. } => Some(word),
            _ => None,
        },
    }
}

/// A value behind its key; a list if it is one of words and not masked.
fn value(out: &mut String, depth: usize, key: &str, (text, is_list): (&str, bool)) {
    let indent = "  ".repeat(depth);
    let words = is_list.then(|| serde_json::from_str::<Vec<String>>(text).ok()).flatten();
    if let Some(words) = words {
        let _ = writeln!(out, "{indent}{key}");
        for word in words {
            let _ = writeln!(out, "{indent}  - {}", scalar(&word));
        }
    } else if let Some((mark, lines)) = lines(text) {
        let _ = writeln!(out, "{indent}{key} {mark}");
        for line in lines {
            let _ = writeln!(out, "{}", format!("{indent}  {line}").trim_end_matches(' '));
        }
    } else {
        let _ = writeln!(out, "{indent}{key} {}", scalar(text));
    }
}

/// A text of several lines as a block, so that lines are compared, if nothing of it would be lost.
fn lines(text: &str) -> Option<(&'static str, std::str::Lines<'_>)> {
    let body = text.strip_suffix('\n');
    let mark = if body.is_some() { "|" } else { "|-" };
    let body = body.unwrap_or(text);
    let is_plain = |line: &str| !line.ends_with(' ') && !line.contains(is_hidden);
    let is_block = body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && body.split('\n').all(is_plain);
    is_block.then(|| (mark, body.lines()))
}

/// A text on one line, quoted where YAML would read it as something else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " _-./:,()@+=~^$;".contains(c);
    let first = |c: char| c.is_alphanumeric() || "/._($".contains(c);
    // Compose's YAML is read by programs that take these for switches.
    let words = ["null", "yes", "no", "on", "off", "y", "n"];
    let is_word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let fits = text.starts_with(first)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && text.chars().all(plain);
    if fits && !is_word { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            c if is_hidden(c) => {
                let _ = match u32::from(c) {
                    code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> NormalForm {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        NormalForm::new(fields.iter().map(owned).collect())
    }

    #[test]
    fn fields_are_yaml_in_the_order_of_their_keys() {
        let form = form(&[
            ("cap_add.NET_ADMIN", "cap add"),
            ("command", r#"["serve","--port=80"]"#),
            ("environment.A", "1"),
            ("environment.NOTE", "a: b #c"),
            ("healthcheck.interval", "10s"),
            ("healthcheck.test", r#"["CMD","true"]"#),
            ("logging.driver", "json-file"),
            ("logging.options.max-file", "3"),
            ("logging.options.max-size", "10m"),
            ("networks.abc_back", "attached"),
            ("networks.abc_front", "attached to one that is gone"),
            ("ports.80/tcp", "0.0.0.0:8080"),
            ("restart", "no"),
            ("volumes./etc/app.conf", "/srv/app.conf, read-only"),
        ]);
        let expected = r#"cap_add:
  - NET_ADMIN
command:
  - serve
  - "--port=80"
environment:
  A: 1
  NOTE: "a: b #c"
healthcheck:
  interval: 10s
  test:
    - CMD
    - true
logging:
  driver: json-file
  options:
    max-file: 3
    max-size: 10m
networks:
  - abc_back
  - abc_front: attached to one that is gone
ports:
  80/tcp: 0.0.0.0:8080
restart: "no"
volumes:
  /etc/app.conf: /srv/app.conf, read-only
"#;
        assert_eq!(form.to_yaml(), expected);
    }

    #[test]
    fn lines_of_a_text_are_lines_unless_something_is_hidden_in_them() {
        let block = form(&[("environment.SCRIPT", "a\n  b: c\n")]);
        assert_eq!(block.to_yaml(), "environment:\n  SCRIPT: |\n    a\n      b: c\n");
        let open = form(&[("environment.SCRIPT", "a\nb")]);
        assert_eq!(open.to_yaml(), "environment:\n  SCRIPT: |-\n    a\n    b\n");
        for (text, quoted) in [
            ("a\n\u{1b}[31m", r#""a\n\u001b[31m""#),
            ("x\u{202e}y", r#""x\u202ey""#),
            ("\u{e0041}", r#""\U000e0041""#),
            ("", r#""""#),
            ("- a", r#""- a""#),
            ("a\n\n", r#""a\n\n""#),
        ] {
            let hidden = form(&[("environment.X", text)]);
            assert_eq!(hidden.to_yaml(), format!("environment:\n  X: {quoted}\n"));
        }
    }

    #[test]
    fn differing_paths_are_those_of_either_side() {
        let one = form(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let other = form(&[("b", "2"), ("c", "1"), ("d", "1")]);
        assert_eq!(one.differing(&other), ["a", "b", "d"]);
        assert!(one.differing(&one).is_empty());
    }
}
