//! What both YAML parsers accept, they must read alike; and nothing may panic.

use proptest::prelude::*;

use super::{FileId, Kind, Node, Value, parse};
use crate::report::Reporter;

/// The same tree in one notation, scalars as text.
fn ours(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar(scalar) if scalar.kind == Kind::Text => format!("{:?}", scalar.text),
        Value::Scalar(_) => "plain".to_owned(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(ours).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|e| format!("{:?}: {}", e.key, ours(&e.value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

fn theirs(value: &serde_yaml::Value) -> String {
    use serde_yaml::Value as V;
    match value {
        V::Null => "null".to_owned(),
        V::String(text) => format!("{text:?}"),
        V::Bool(_) | V::Number(_) => "plain".to_owned(),
        V::Sequence(items) => {
            let items: Vec<_> = items.iter().map(theirs).collect();
            format!("[{}]", items.join(", "))
        }
        V::Mapping(map) => {
            let entries: Vec<_> =
                map.iter().map(|(k, v)| format!("{}: {}", theirs(k), theirs(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        V::Tagged(tagged) => theirs(&tagged.value),
    }
}

fn read(text: &str) -> Option<String> {
    let report = Reporter::new("f", text);
    let tree = parse(FileId::FIRST, text, &report)?;
    (!report.has_errors()).then(|| ours(&tree))
}

/// Lines that are likely to be YAML, and lines that are nearly so.
fn document() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a",
        "b",
        "web",
        "\"q: z\"",
        "'it''s'",
        "x y",
        "80:80",
        "&n v",
        "*n",
        "|\n   text",
        ">-\n   more\n   text",
        "[a, b]",
        "{a: b, c: [d]}",
        "~",
        "''",
        "#c",
        "a#b",
        "@x",
        "- z",
        "",
    ]);
    let line = (0usize..4, prop::sample::select(vec!["k", "j", "- ", "- k", "<<", "\"s\""]), word)
        .prop_map(|(indent, key, value)| {
            let pad = "  ".repeat(indent);
            if key == "- " { format!("{pad}- {value}") } else { format!("{pad}{key}: {value}") }
        });
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

#[test]
fn flow_collections_need_no_indentation() {
    for text in [
        "web:\n    command: [\n      a,\n      'b\n  c',\n    ]\n    user: \"1\"\n",
        "a:\n  b: {\n  x: y,\nz: [\n1\n]\n}\nc: d\n",
        "a:\n  b: \"one\ntwo\"\n",
    ] {
        let value: serde_yaml::Value = serde_yaml::from_str(text).unwrap();
        assert_eq!(read(text), Some(theirs(&value)), "{text}");
    }
}

#[test]
fn positions_are_those_of_the_file_whatever_was_indented() {
    let text = "a:\n  b: [\n  {k: v},\n  ]\n";
    let root = parse(FileId::FIRST, text, &Reporter::new("f", text)).unwrap();
    let Value::List(items) = &root.get("a").unwrap().value.get("b").unwrap().value.value else {
        panic!("a list")
    };
    let key = items[0].get("k").unwrap();
    assert_eq!((key.at.line, key.at.column, key.at.length), (3, 4, 1));
}

/// Stack files of the examples, each with up to three faults.
fn damaged() -> impl Strategy<Value = String> {
    let files = vec![
        include_str!("../../../../examples/controller/compose.yaml"),
        include_str!("../../../../examples/jobs/compose.yaml"),
        include_str!("../../../../examples/secrets/compose.yaml"),
    ];
    let bit = prop::sample::select(vec![
        "", "\t", " ", ":", "- ", "&a ", "*a", "|", ">", "'", "\"", "#", " #", "{", "}", "[", "]",
        ",", "? ", "!x ", "%", "@", "`", "\n", "\n  ", "\n---\n", "\n...", "\u{1}", "é", "\u{a0}",
        "\\", ": ", "<<: ", "~", "\r", "\u{85}", "\u{2028}",
    ]);
    let faults = prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, bit), 1..4);
    (prop::sample::select(files), faults).prop_map(|(text, faults)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, gone, put) in faults {
            let at = at.index(chars.len());
            let end = (at + gone).min(chars.len());
            chars.splice(at..end, put.chars());
        }
        chars.into_iter().collect()
    })
}

#[test]
fn a_colon_before_a_comma_is_refused_as_by_libyaml() {
    for text in ["k: { a:, b }", "k: { a: 1, b:, c: 2 }", "k: [a:, b]"] {
        assert_eq!((read(text), super::objection(text).is_some()), (None, true), "{text}");
    }
    assert!(read("k: { a, b: }").is_some());
}

proptest! {
    #[test]
    fn what_is_read_is_accepted_by_libyaml(text in prop_oneof![document(), damaged()]) {
        if read(&text).is_some() {
            prop_assert!(super::objection(&text).is_none());
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,80}|[\\[\\]{}:,&*!|>'\"#%@`?\\- \n\ta-c]{0,80}") {
        let _ = read(&text);
    }

    #[test]
    fn the_two_parsers_agree(text in document()) {
        // Merge keys are carried out by us, kept by serde_yaml.
        if !text.contains("<<")
            && let Some(ours) = read(&text)
            && let Ok(value) = serde_yaml::from_str::<serde_yaml::Value>(&text)
        {
            prop_assert_eq!(ours, theirs(&value));
        }
    }
}
