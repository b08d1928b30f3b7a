//! `reconciler schema` against files: what is valid passes, what has a wrong key or type
//! does not.

#[path = "schema_support/validator.rs"]
mod validator;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use validator::refusal;

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

#[test]
fn the_schema_of_plans_is_the_published_one() {
    let published = std::fs::read_to_string(root().join("docs/plan.schema.json")).expect("a file");
    assert_eq!(schema("plan"), serde_json::from_str::<Value>(&published).expect("JSON"));
}
