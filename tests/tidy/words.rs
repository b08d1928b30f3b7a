//! Words for which the field has another one: neither names nor comments nor docs use them.

use std::fs;
use std::path::{Path, PathBuf};

use super::source::{code, display, rust_files};

/// A name, and what is said instead.
const NAMES: &[(&str, &str)] = &[
    ("Begun", "Prefetch"),
    ("Claim", "Reservation"),
    ("Eye", "AdoptionMatcher"),
    ("Glance", "EngineSnapshot"),
    ("Good", "Healthy"),
    ("GoodOrEnded", "HealthyOrCompleted"),
    ("Hand", "ExternalChange; `ChangedBy::Hand` is a value, not a thing"),
    ("Hold", "PutOff"),
    ("Holds", "Backoffs"),
    ("Keeper", "ledger engine"),
    ("Later", "Deferred"),
    ("Lingers", "UpdateDelay"),
    ("Mended", "Recovered"),
    ("Said", "Declared, Reported"),
    ("Scribe", "plan builder"),
    ("Servant", "StepBuilder"),
    ("Settled", "ServiceReady"),
    ("Shown", "the renderer of a thing"),
    ("Sick", "CircuitBreakers, Unhealthy"),
    ("Stir", "Changed"),
    ("Stirred", "Changed"),
    ("Teller", "ImageListener"),
    ("Told", "Recorder, Explained"),
    ("Turn", "Ended"),
    ("Turned", "Alive"),
    ("Turns", "Heartbeat"),
    ("Wakes", "Triggers"),
    ("Warden", "PolicyEvaluator"),
    ("Wish", "RequestedBuild, RequestedMount, RequestedPorts"),
    ("claim", "reservation"),
    ("eye", "matcher"),
    ("good", "healthy"),
    ("guest", "member (of a namespace)"),
    ("guests", "members (of a namespace)"),
    ("guests_of", "members_of"),
    ("has_said", "has_reported"),
    ("homeless", "orphaned members"),
    ("inmates", "members (of a namespace)"),
    ("inmates_first", "members_first"),
    ("is_good", "is_healthy"),
    ("judge", "evaluate, verify"),
    ("keeper", "ledger engine"),
    ("linger", "await healthy"),
    ("lingers", "delays"),
    ("mend", "await healthy, or repair"),
    ("mended", "recovered"),
    ("mends", "recovering"),
    ("said", "declared, reported, message"),
    ("sharers", "members (of a namespace)"),
    ("shown", "rendered"),
    ("stirred", "changed"),
    ("stirs", "changes"),
    ("tell", "report, emit"),
    ("told", "reported"),
    ("turn", "move, permit, heartbeat"),
    ("turns", "moves, heartbeat"),
    ("unsaid", "default"),
    ("untold", "unreported"),
    ("wish", "requested"),
    ("wishes", "requests"),
];

/// Values that bear such a name all the same.
const ALLOWED: &[&str] = &["ChangedBy::Hand", "    Hand,"];

/// A word of comments and docs, and what is said instead.
const PROSE: &[(&str, &str)] = &[
    ("anybody", "name the subject"),
    ("everybody", "name the subject"),
    ("guests", "members (of a namespace)"),
    ("inmates", "members (of a namespace)"),
    ("lingers", "the update delay"),
    ("mended", "repaired"),
    ("mends", "repairs"),
    ("sharers", "members (of a namespace)"),
    ("somebody", "name the subject: another process, a foreign container"),
    ("someone", "name the subject"),
    ("stirred", "changed"),
    ("stirs", "changes"),
    ("told", "reported, known"),
    ("unsaid", "omitted"),
    ("whoever", "name the subject: the process that, the container that"),
];

/// Which of these words a line has.
fn found(line: &str, list: &[(&str, &str)]) -> Vec<String> {
    let words: Vec<&str> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let used = list.iter().filter(|(word, _)| words.contains(word));
    used.map(|(word, instead)| format!("`{word}`: {instead}")).collect()
}

/// The text of a line of code without its literals.
fn bare(line: &str) -> String {
    line.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The banned names in a piece of code.
fn names(code: &str) -> Vec<String> {
    let lines = code.lines().map(|line| {
        let line = line.split(" // ").next().unwrap_or_default();
        ALLOWED.iter().fold(bare(line), |line, allowed| line.replace(allowed, ""))
    });
    lines.flat_map(|line| found(&line, NAMES)).collect()
}

/// The banned words in the comments of a source file.
fn comments(text: &str) -> Vec<String> {
    let comments = text.lines().filter_map(|line| line.split_once("//").map(|(_, text)| text));
    comments.flat_map(|text| found(&text.to_lowercase(), PROSE)).collect()
}

/// The banned words in a document.
fn prose(text: &str) -> Vec<String> {
    text.lines().flat_map(|line| found(&line.to_lowercase(), PROSE)).collect()
}

/// All sources, but for this list.
fn sources() -> impl Iterator<Item = PathBuf> {
    let all = ["src", "crates", "tests", "benches"].iter().flat_map(|root| rust_files(root));
    all.filter(|path| !path.ends_with("tests/tidy/words.rs"))
}

/// The documents, but for what was written about earlier versions.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["", "docs", "docs/errors"] {
        let entries = fs::read_dir(root.join(folder)).expect("a folder").flatten();
        found.extend(entries.map(|entry| entry.path()));
    }
    found.retain(|path| path.extension().is_some_and(|ext| ext == "md"));
    found.retain(|path| !path.ends_with("CHANGELOG.md"));
    found
}

#[test]
fn names_are_those_of_the_field() {
    let found = |path: PathBuf| {
        let found = names(&code(&path)).into_iter();
        found.map(move |it| format!("{}: {it}", display(&path)))
    };
    let wrong: Vec<String> = sources().flat_map(found).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn comments_and_docs_name_their_subject() {
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a text");
    let commented = sources().map(|path| (comments(&read(&path)), path));
    let written = documents().into_iter().map(|path| (prose(&read(&path)), path));
    let found = commented.chain(written).flat_map(|(found, path)| {
        found.into_iter().map(move |it| format!("{}: {it}", display(&path)))
    });
    let wrong: Vec<String> = found.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_banned_word_is_found() {
    for (word, _) in NAMES {
        assert_eq!(names(&format!("let x = {word}(y); // z\n")).len(), 1, "{word}");
    }
    for (word, _) in PROSE {
        assert_eq!(comments(&format!("let x = 1; // The {word}.\n")).len(), 1, "{word}");
        assert_eq!(prose(&format!("The {word}.\n")).len(), 1, "{word}");
    }
    assert_eq!(names("struct Warden;\nlet by = ChangedBy::Hand; // Hand\n").len(), 1);
    assert_eq!(names("fn linger(hand: Hand) {}").len(), 2);
    assert_eq!(names("let text = \"told\";"), Vec::<String>::new(), "a literal is no name");
    assert_eq!(
        comments("// Whoever it is"),
        ["`whoever`: name the subject: the process that, \
                                              the container that"]
    );
}
