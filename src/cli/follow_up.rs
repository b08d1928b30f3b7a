//! The command that a person goes on with after an answer: with the source, the engines and the
//! Consul of this call, so that it works when it is pasted.

use clap::{Arg, Command, CommandFactory as _};

use model::remedy::quoted;

use super::args::Cli;
use super::target::without_login;

/// What only concerns how an answer is printed.
const OF_OUTPUT: [&str; 4] = ["output", "quiet", "steps", "color"];

/// The command line of a verb about these words, with the settings of this process as far as the
/// verb has them.
pub(super) fn command(verb: &str, words: &[&str]) -> String {
    let call = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    command_after(call, verb, words)
}

fn command_after(call: impl IntoIterator<Item = String>, verb: &str, words: &[&str]) -> String {
    let mut root = Cli::command();
    root.build();
    let target = verb.split(' ').try_fold(&root, |found, name| found.find_subcommand(name));
    let target = target.expect("BUG: a verb that is printed exists");
    let mut all: Vec<String> = ["reconciler", verb].map(str::to_owned).into();
    all.extend(words.iter().map(|word| quoted(word)));
    // A file that the verb is about is no source.
    let is_named = |value: &Option<String>| value.iter().any(|value| words.contains(&&**value));
    for (option, value) in settings(&root, call) {
        if option == "--source" && is_named(&value) {
            continue;
        }
        let known = option_of(target, &option);
        if known.is_some_and(|arg| !OF_OUTPUT.contains(&arg.get_id().as_str())) {
            all.push(option);
            all.extend(value.map(|value| quoted(&without_login(&value))));
        }
    }
    all.join(" ")
}

/// The options of a call with their values; a source that was given without its flag has it.
fn settings(
    root: &Command,
    call: impl IntoIterator<Item = String>,
) -> Vec<(String, Option<String>)> {
    let mut at = root;
    let mut positions = 0;
    let mut all = Vec::new();
    let mut call = call.into_iter();
    while let Some(word) = call.next() {
        if word.len() > 1 && word.starts_with('-') {
            let (name, joined) = parts(&word);
            let takes = option_of(at, &name).is_some_and(|arg| arg.get_action().takes_values());
            let value = if takes && joined.is_none() { call.next() } else { joined };
            all.push((name, value));
        } else if let Some(verb) = at.find_subcommand(&word) {
            at = verb;
        } else {
            let argument = at.get_positionals().nth(positions);
            positions += 1;
            // Of `apply FILE PATH|URL`, the second is the source.
            if argument.is_some_and(|arg| ["source", "of_file"].contains(&arg.get_id().as_str())) {
                all.push(("--source".to_owned(), Some(word)));
            }
        }
    }
    all
}

/// An option, and the value that stands in the same word.
fn parts(word: &str) -> (String, Option<String>) {
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.to_owned(), None),
        };
    }
    let mut letters = word.chars();
    let name: String = letters.by_ref().take(2).collect();
    let rest = letters.as_str();
    (name, (!rest.is_empty()).then(|| rest.trim_start_matches('=').to_owned()))
}

fn option_of<'c>(command: &'c Command, name: &str) -> Option<&'c Arg> {
    let is_it = |arg: &&Arg| match name.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| name.ends_with(short)),
    };
    command.get_arguments().find(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_printed_has_the_settings_of_the_call() {
        for (call, verb, words, expected) in [
            ("explain q1 --source ds", "status", &["q1"][..], "status q1 --source ds"),
            ("explain --source=ds -o json q1", "status", &["q1"], "status q1 --source ds"),
            (
                "explain q1 --installation two --engine web=tcp://h:1 -q",
                "status",
                &["q1"],
                "status q1 --installation two --engine web=tcp://h:1",
            ),
            ("status x --listen off --source ds", "stack ls", &[], "stack ls --source ds"),
            ("apply a.plan st -y", "plan", &["--out", "a.plan"], "plan --out a.plan --source st"),
            ("plan stacks --approve 12", "validate", &[], "validate --source stacks"),
            (
                "explain q1 --source https://u:p@h/x.git --consul http://c:1",
                "status",
                &["q 1"],
                "status 'q 1' --source https://LOGIN@h/x.git --consul http://c:1",
            ),
        ] {
            let call = call.split(' ').map(str::to_owned);
            assert_eq!(command_after(call, verb, words), format!("reconciler {expected}"));
        }
    }
}
