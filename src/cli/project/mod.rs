//! Which project a command line means, in the words of `docker compose`: its options, its
//! variables, and the files it finds by itself. `config` runs on the same command line.

mod args;
mod locate;
mod select;
mod variables;

use std::ffi::{OsStr, OsString};

pub(super) use args::{ConfigArgs, FormatArg, ProjectArgs};
pub(super) use locate::{Located, locate};
pub(super) use select::{names, select, service_order, without_unused};
pub(super) use variables::{Variable, variables};

/// Options with a value that may stand before the verb.
const WITH_VALUE: [&str; 15] = [
    "-f",
    "--file",
    "-p",
    "--project-name",
    "--profile",
    "--env-file",
    "--project-directory",
    "--workdir",
    "--ansi",
    "--progress",
    "--parallel",
    "--color",
    "--log-level",
    "--log-format",
    "--config",
];
/// Options without one.
const FLAGS: [&str; 6] =
    ["--compatibility", "--all-resources", "--dry-run", "--verbose", "-q", "--quiet"];
/// The verb that has Compose's options.
const VERB: &str = "config";

/// The command line with `config` before its options: Compose takes them on either side.
/// Any other command line stays as it is.
pub(super) fn verb_first(mut args: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(arg) = args.get(at).and_then(|arg| arg.to_str()) {
        if WITH_VALUE.contains(&arg) {
            at += 2;
        } else if FLAGS.contains(&arg) || is_joined(arg) {
            at += 1;
        } else {
            break;
        }
    }
    if at > 1 && args.get(at).map(OsString::as_os_str) == Some(OsStr::new(VERB)) {
        let verb = args.remove(at);
        args.insert(1, verb);
    }
    args
}

/// Whether an option and its value are one word: `--file=x`, `-fx`.
fn is_joined(arg: &str) -> bool {
    WITH_VALUE.iter().any(|name| match arg.strip_prefix(name) {
        Some(value) if name.starts_with("--") => value.starts_with('='),
        Some(value) => !value.is_empty(),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_comes_before_composes_options() {
        for (args, want) in [
            ("r -f a.yaml -p x config --format json", "r config -f a.yaml -p x --format json"),
            ("r --file=a --compatibility config -q", "r config --file=a --compatibility -q"),
            ("r -fa config config", "r config -fa config"),
            ("r config -f a", "r config -f a"),
            ("r -f config plan", "r -f config plan"),
            ("r --once config", "r --once config"),
            ("r plan config", "r plan config"),
        ] {
            let args = args.split(' ').map(OsString::from).collect();
            let got = verb_first(args).join(OsStr::new(" "));
            assert_eq!(got.to_str(), Some(want));
        }
    }
}
