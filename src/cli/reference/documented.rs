//! Every command that a document or an example of `--help` shows is one that the program takes.

use std::path::{Path, PathBuf};

use super::pages;
use crate::cli::parse;
use crate::cli::project::verb_first;

/// The documents of the repository. `docs/cli.md` is made from the help.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)).into();
    for folder in ["docs", "docs/errors"] {
        let entries = std::fs::read_dir(root.join(folder)).expect("a folder");
        let files = entries.map(|entry| entry.expect("an entry").path());
        all.extend(files.filter(|path| path.extension().is_some_and(|e| e == "md")));
    }
    all.retain(|path| !path.ends_with("docs/cli.md"));
    all.sort();
    all
}

/// The lines of the blocks in a document, those that go on below joined, and what stands in text
/// between ticks.
fn lines(document: &str) -> Vec<String> {
    let mut inside = false;
    let mut all: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            continue;
        }
        if inside {
            let (text, more) = line.strip_suffix('\\').map_or((line, false), |text| (text, true));
            match all.last_mut().filter(|_| goes_on) {
                Some(last) => last.push_str(text.trim_start()),
                None => all.push(text.to_owned()),
            }
            goes_on = more;
        } else {
            all.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    all
}

/// A line with a word in place of what the shell would put there.
fn without_substitution(line: &str) -> String {
    let mut parts = line.split("$(");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str("given");
        text.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    text
}

/// The words of a call of the program in a line, if it has one: without what the shell does with
/// its output, and without variables before it.
fn call(line: &str) -> Option<Vec<String>> {
    let line = line.trim_start().trim_start_matches("$ ");
    let words = shlex::split(&without_substitution(line))?;
    let variable = |word: &String| {
        word.split_once('=').is_some_and(|(name, _)| {
            name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
        })
    };
    let mut words = words.into_iter().skip_while(variable);
    if words.next()? != "reconciler" {
        return None;
    }
    let ends = |word: &String| {
        matches!(&**word, "|" | "||" | "&&" | ";" | "&" | "<")
            || word.starts_with('>')
            || word.starts_with("2>")
    };
    let rest = words.take_while(|word| !ends(word)).map(|w| w.trim_end_matches(';').to_owned());
    Some(std::iter::once("reconciler".to_owned()).chain(rest).collect())
}

/// Why the program would not take a call.
fn refusal(words: &[String]) -> Option<String> {
    let args = words.iter().map(Into::into).collect();
    match parse(&verb_first(args)) {
        Err(error) if error.use_stderr() => Some(error.to_string()),
        _ => None,
    }
}

#[test]
fn each_command_in_a_document_is_taken() {
    let (mut calls, mut refused) = (0, Vec::new());
    for path in documents() {
        let text = std::fs::read_to_string(&path).expect("a document");
        for line in lines(&text) {
            let Some(words) = call(&line) else { continue };
            calls += 1;
            if let Some(why) = refusal(&words) {
                refused.push(format!("{}: {line}\n{why}", path.display()));
            }
        }
    }
    assert!(calls > 80, "only {calls} commands were found");
    assert!(refused.is_empty(), "{} of {calls}:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn each_example_of_the_help_is_taken() {
    let (mut calls, mut refused) = (0, Vec::new());
    for page in pages() {
        for line in page.examples.lines() {
            // A remark stands behind it.
            let line = line.trim_start().split("  ").next().unwrap_or_default();
            let Some(words) = call(line) else { continue };
            calls += 1;
            if let Some(why) = refusal(&words) {
                refused.push(format!("{}: {line}\n{why}", page.name));
            }
        }
    }
    assert!(calls > 60, "only {calls} examples were found");
    assert!(refused.is_empty(), "{} of {calls}:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn a_call_is_found_in_what_surrounds_it() {
    let words = |line: &str| call(line).map(|words| words[1..].join("|"));
    assert_eq!(words("$ TAG=1 reconciler plan 'a b' | less").as_deref(), Some("plan|a b"));
    assert_eq!(words("reconciler ps -q shop # ids").as_deref(), Some("ps|-q|shop"));
    assert_eq!(words("docker logs reconciler"), None);
    assert!(refusal(&["reconciler", "plan", "--no-such"].map(str::to_owned)).is_some());
}
