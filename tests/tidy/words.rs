//! Names that the field has another word for: they are not used for things.

use super::source::{code, rust_files, shown};

/// A name, and what is said instead.
const BANNED: &[(&str, &str)] = &[
    ("Begun", "Prefetch"),
    ("Eye", "AdoptionMatcher"),
    ("Glance", "EngineSnapshot"),
    ("Hand", "ExternalChange; `ChangedBy::Hand` is a value, not a thing"),
    ("Holds", "Backoffs"),
    ("Scribe", "plan builder"),
    ("Servant", "StepBuilder"),
    ("Sick", "CircuitBreakers"),
    ("Stir", "Changed"),
    ("Turn", "Ended"),
    ("Wakes", "Triggers"),
    ("Warden", "PolicyEvaluator"),
    ("guests", "members (of a namespace)"),
    ("homeless", "orphaned members"),
    ("inmates", "members (of a namespace)"),
    ("keeper", "ledger engine"),
    ("linger", "await healthy"),
    ("mend", "await healthy, or repair"),
    ("sharers", "members (of a namespace)"),
    ("stirred", "changed"),
];

/// What has such a name all the same.
const ALLOWED: &[&str] = &["ChangedBy::Hand", "    Hand,"];

/// The banned names in a piece of code.
fn banned(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in code.lines() {
        let mut line = line.split(" // ").next().unwrap_or_default().to_owned();
        for allowed in ALLOWED {
            line = line.replace(allowed, "");
        }
        let words: Vec<&str> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let named = BANNED.iter().filter(|(word, _)| words.contains(word));
        found.extend(named.map(|(word, instead)| format!("`{word}`: {instead}")));
    }
    found
}

#[test]
fn things_have_the_names_of_the_field() {
    let mut wrong = Vec::new();
    for path in ["src", "crates"].iter().flat_map(|root| rust_files(root)) {
        let found = banned(&code(&path)).into_iter();
        wrong.extend(found.map(|it| format!("{}: {it}", shown(&path))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_banned_name_is_found() {
    assert_eq!(banned("struct Warden;\nlet by = ChangedBy::Hand; // Hand\n").len(), 1);
    assert_eq!(banned("fn linger(hand: Hand) {}").len(), 2);
}
