//! A first word that is no verb: one that was mistyped, or a verb of another tool whose work is
//! done by one of ours.

use std::ffi::OsString;
use std::path::Path;

use text::suggest::did_you_mean;

use super::args::Verb;

/// Verbs of Compose, kubectl, Terraform and systemctl, and what does that here.
const OTHERS: &[(&[&str], &str)] = &[
    (
        &["up", "deploy", "create", "install"],
        "`reconciler plan PATH` shows what would change, `reconciler --once PATH` does it and ends",
    ),
    (
        &["sync", "watch", "start", "serve", "daemon", "agent"],
        "`reconciler --once PATH` makes the engines as the stacks say and ends, `reconciler run \
         PATH` goes on doing it",
    ),
    (&["preview", "dry-run"], "`reconciler plan PATH` shows what would change, and why"),
    (
        &["down", "delete", "destroy", "rm", "remove", "uninstall"],
        "take the stack out of the source, and `reconciler --once PATH` removes it; or by hand, \
         `docker compose -p NAME down`, which a controller repairs while the source has the stack",
    ),
    (
        &["stop", "kill"],
        "`reconciler pause NAME`, then `docker compose -p NAME stop`; \
         a controller itself ends at SIGTERM, and its containers stay",
    ),
    (&["restart"], "`docker compose -p NAME restart`: a container that works is left alone"),
    (
        &["ls", "list", "get", "top"],
        "`reconciler ps` lists containers, `reconciler stack ls` and `reconciler service ls` what \
         they belong to, `reconciler status` shows all of it",
    ),
    (&["exec", "port", "images"], "`docker compose -p NAME exec`, `port`, `images`"),
    (&["pull", "build", "push"], "`reconciler --once PATH` pulls and builds what is missing"),
    (
        &["compose", "docker"],
        "`reconciler config` prints a stack's normal form, `reconciler --once PATH` does what \
         `docker compose up` does",
    ),
    (&["check", "lint", "test"], "`reconciler validate PATH` checks the files"),
    (&["format"], "`reconciler fmt FILE`"),
    (&["render", "template", "convert"], "`reconciler config` prints a stack's normal form"),
    (&["version"], "`reconciler --version`"),
    (&["once"], "`reconciler --once PATH`"),
    (&["new"], "`reconciler init FOLDER`"),
    (&["migrate"], "`reconciler import FILE` reads definitions of other tools"),
];

/// What a word means that is neither a verb nor a place, and what to write instead.
pub(super) fn meant(word: &str) -> Option<String> {
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    if !is_word || Path::new(word).exists() {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let other = OTHERS.iter().find(|(words, _)| words.contains(&lower.as_str()));
    if let Some((_, here)) = other {
        return Some((*here).to_owned());
    }
    did_you_mean(word, Verb::NAMES)
}

/// The first word of a command line, if it is no verb of ours but one of another tool: what
/// follows it is that tool's, too, and need not be understood.
pub(super) fn other_tool(args: &[OsString]) -> Option<(String, String)> {
    let word = args.get(1)?.to_str()?;
    let known = OTHERS.iter().any(|(words, _)| words.contains(&word));
    if !known || Verb::NAMES.contains(&word) {
        return None;
    }
    meant(word).map(|here| (word.to_owned(), here))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_of_another_tool_leads_to_what_does_it_here() {
        for (word, here) in [
            ("up", "reconciler --once"),
            ("deploy", "reconciler --once"),
            ("sync", "reconciler run"),
            ("start", "reconciler run"),
            ("preview", "reconciler plan"),
            ("down", "docker compose -p NAME down"),
            ("stop", "reconciler pause"),
            ("plna", "`plan`"),
            ("Validat", "`validate`"),
        ] {
            let said = meant(word).expect(word);
            assert!(said.contains(here), "{word}: {said}");
        }
    }

    #[test]
    fn a_place_is_no_verb() {
        for word in ["wiki", "./plna", "src", "", "https://x/y.git"] {
            assert_eq!(meant(word), None, "{word}");
        }
    }

    #[test]
    fn our_own_verbs_are_none_of_another_tool() {
        for (words, _) in OTHERS {
            assert!(words.iter().all(|word| !Verb::NAMES.contains(word)), "{words:?}");
        }
    }
}
