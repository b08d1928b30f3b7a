//! `reconciler schema` against files: what is valid passes, what has a wrong key or type
//! does not. The validator is small and knows exactly the keywords that our schemas use.

use std::path::{Path, PathBuf};
use std::process::Command;

use regex_automata::dfa::regex::Regex;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(of: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_reconciler"))
        .args(["schema", of])
        .env_clear()
        .output()
        .expect("the program starts");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Why a value does not satisfy a schema; `None` if it does.
#[expect(clippy::too_many_lines, reason = "a table of keywords")]
fn refusal(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let rules = match schema {
        Value::Bool(true) => return None,
        Value::Bool(false) => return Some(format!("{at}: nothing may be here")),
        other => other.as_object().expect("a schema"),
    };
    rules.iter().find_map(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" => None,
        "$ref" => {
            let path = rule.as_str().and_then(|path| path.strip_prefix('#')).expect("in the file");
            refusal(root, root.pointer(path).expect("a definition"), value, at)
        }
        "anyOf" => {
            let all = rule.as_array().expect("a list");
            let why: Vec<String> =
                all.iter().map_while(|one| refusal(root, one, value, at)).collect();
            (why.len() == all.len()).then(|| why.join(" | "))
        }
        "type" => {
            let is = |kind: &Value| is_type(kind.as_str().expect("a type"), value);
            let fits = rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is));
            (!fits).then(|| format!("{at}: {value} is not {rule}"))
        }
        "enum" => {
            let words = rule.as_array().expect("a list");
            (!words.contains(value)).then(|| format!("{at}: {value} is none of {rule}"))
        }
        "pattern" => {
            let fits = value.as_str().is_none_or(|text| matches(rule, text));
            (!fits).then(|| format!("{at}: {value} is not {rule}"))
        }
        "minimum" | "maximum" => {
            let bound = rule.as_f64().expect("a number");
            let fits = value
                .as_f64()
                .is_none_or(|n| if keyword == "minimum" { n >= bound } else { n <= bound });
            (!fits).then(|| format!("{at}: {value} is beyond {bound}"))
        }
        "uniqueItems" => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let twice = (1..items.len()).any(|index| items[..index].contains(&items[index]));
            twice.then(|| format!("{at}: an item is there twice"))
        }
        "items" => {
            let mut items = value.as_array().into_iter().flatten().enumerate();
            items.find_map(|(index, item)| refusal(root, rule, item, &format!("{at}.{index}")))
        }
        "required" => {
            let keys = value.as_object()?;
            let absent = rule.as_array().expect("a list").iter();
            let mut absent = absent.filter(|key| !keys.contains_key(key.as_str().expect("a key")));
            absent.next().map(|key| format!("{at}: {key} is missing"))
        }
        "propertyNames" => {
            let mut keys = value.as_object()?.keys();
            keys.find_map(|key| refusal(root, rule, &Value::from(key.as_str()), at))
        }
        "properties" | "patternProperties" | "additionalProperties" => {
            let mut keys = value.as_object()?.iter();
            keys.find_map(|(key, value)| {
                let at = format!("{at}.{key}");
                let mut schemas = of_key(rules, keyword, rule, key);
                schemas.find_map(|schema| refusal(root, schema, value, &at))
            })
        }
        other => panic!("this validator does not know `{other}`"),
    })
}

/// What a keyword about keys says of one of them.
fn of_key<'a>(
    rules: &'a serde_json::Map<String, Value>,
    keyword: &str,
    rule: &'a Value,
    key: &'a str,
) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    let patterns = |rule: &'a Value| {
        let all = rule.as_object().expect("a map").iter();
        all.filter(move |(pattern, _)| matches(&Value::from(pattern.as_str()), key))
    };
    match keyword {
        "properties" => Box::new(rule.get(key).into_iter()),
        "patternProperties" => Box::new(patterns(rule).map(|(_, schema)| schema)),
        _ => {
            let named = rules.get("properties").is_some_and(|keys| keys.get(key).is_some());
            let matched =
                rules.get("patternProperties").is_some_and(|rule| patterns(rule).next().is_some());
            Box::new((!named && !matched).then_some(rule).into_iter())
        }
    }
}

fn matches(pattern: &Value, text: &str) -> bool {
    let pattern = pattern.as_str().expect("a pattern");
    Regex::new(pattern).expect("a regular expression").is_match(text)
}

fn is_type(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type is called {other}"),
    }
}

/// A YAML text with its merge keys carried out, as JSON.
fn json(text: &str) -> Value {
    let mut value: serde_yaml::Value = serde_yaml::from_str(text).expect("YAML");
    value.apply_merge().expect("maps");
    serde_json::to_value(value).expect("keys are strings")
}

fn violation(schema: &Value, text: &str) -> Option<String> {
    refusal(schema, schema, &json(text), "")
}

/// The example of a kind in an explanation, if it is one stack file.
fn example(code: &str, kind: &str) -> Vec<(String, String)> {
    let path = root().join(format!("docs/errors/{code}.md"));
    let text = std::fs::read_to_string(path).expect("an explanation");
    let fence = format!("yaml {kind}");
    let parts = text.split("\n```").filter_map(|part| part.strip_prefix(fence.as_str()));
    parts
        .map(|part| {
            let (name, body) = part.split_once('\n').expect("a fence has a line");
            let name = if name.trim().is_empty() { "compose.yaml" } else { name.trim() };
            (name.to_owned(), body.to_owned())
        })
        .collect()
}

#[test]
fn wrong_keys_types_words_and_numbers_are_refused() {
    let stack = schema("stack");
    for code in ["E0201", "E0202", "E0203", "E0204", "E0205", "E0206"] {
        for (_, text) in example(code, "bad") {
            assert!(violation(&stack, &text).is_some(), "{code}:\n{text}");
        }
    }
    let deployments = schema("deployments");
    for code in ["E0501", "E0502", "E0503", "E0505"] {
        for (_, text) in example(code, "bad") {
            assert!(violation(&deployments, &text).is_some(), "{code}:\n{text}");
        }
    }
    for own in ["jobs: true", "register: { prt: 80 }", "min_healthy: 5", "deadline: [1s]"] {
        let text = format!("services: {{ web: {{ image: a, x-reconciler: {{ {own} }} }} }}");
        assert!(violation(&stack, &text).is_some(), "{own}");
    }
}

#[test]
fn the_good_example_of_every_explanation_is_valid() {
    let (stack, deployments) = (schema("stack"), schema("deployments"));
    let mut seen = 0;
    for file in std::fs::read_dir(root().join("docs/errors")).expect("docs/errors") {
        let path = file.expect("an entry").path();
        let code = path.file_stem().expect("a name").to_string_lossy().into_owned();
        for (name, text) in example(&code, "good") {
            let schema = match name.as_str() {
                "deployments.yaml" => &deployments,
                name if Path::new(name).extension().is_some_and(|end| end == "yaml") => &stack,
                _ => continue,
            };
            assert_eq!(violation(schema, &text), None, "{code} {name}");
            seen += 1;
        }
    }
    assert!(seen > 10, "the examples are gone");
}

/// The stack files of a folder and of the folders in it.
fn stacks(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(stacks(&path));
        } else if path.file_name().is_some_and(|name| name == "compose.yaml") {
            found.push(path);
        }
    }
    found
}

#[test]
fn our_own_stacks_and_valid_cases_pass() {
    let stack = schema("stack");
    let mut seen = 0;
    for path in [stacks(&root().join("examples")), stacks(&root().join("desired-state"))].concat() {
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(violation(&stack, &text), None, "{}", path.display());
        seen += 1;
    }
    for entry in std::fs::read_dir(root().join("tests/conformance")).expect("the cases") {
        let folder = entry.expect("an entry").path();
        let Ok(case) = std::fs::read_to_string(folder.join("case.json")) else { continue };
        let case: Value = serde_json::from_str(&case).expect("JSON");
        if case["kind"] != "valid" {
            continue;
        }
        // Of several files each is only a part of a stack.
        let files = case["files"].as_array().filter(|files| files.len() == 1);
        for file in files.into_iter().flatten().filter_map(Value::as_str) {
            let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
            // A JSON Schema is about one document, and knows no tags.
            if text.contains("\n---") || text.contains("!reset") || text.contains("!override") {
                continue;
            }
            let Ok(mut value) = serde_yaml::from_str::<serde_yaml::Value>(&text) else { continue };
            let Ok(()) = value.apply_merge() else { continue };
            let Ok(value) = serde_json::to_value(value) else { continue };
            assert_eq!(refusal(&stack, &stack, &value, ""), None, "{}", folder.display());
            seen += 1;
        }
    }
    assert!(seen > 3, "the stacks are gone");
}
