//! The command that carries out what a command only showed: printed, so that it can be copied.

use model::remedy::quoted;

/// Options of `plan` that `--once` does not take, and how many values each has.
const OF_PLAN: &[(&str, usize)] =
    &[("--detailed-exitcode", 0), ("--output", 1), ("-o", 1), ("--steps", 0)];

/// The command line of this process, as `--once` takes it.
pub(super) fn again() -> String {
    carrying_out(std::env::args_os().map(|word| word.to_string_lossy().into_owned()))
}

/// A command line that carries out what another one shows. The login of a URL is left out: it may
/// be a secret.
fn carrying_out(words: impl IntoIterator<Item = String>) -> String {
    let mut command = vec!["reconciler".to_owned()];
    let mut words = words.into_iter().skip(1).peekable();
    let mut verb = None;
    let mut rest = Vec::new();
    while let Some(word) = words.next() {
        let dropped = OF_PLAN.iter().find(|(option, _)| {
            word == *option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('='))
        });
        match dropped {
            Some((option, values)) => {
                for _ in 0..if word == *option { *values } else { 0 } {
                    words.next();
                }
            }
            None if verb.is_none() && ["plan", "sim", "run"].contains(&word.as_str()) => {
                verb = Some(word);
            }
            None if word == "--once" => {}
            None => rest.push(quoted(&without_login(&word))),
        }
    }
    command.push(if verb.as_deref() == Some("sim") { "sim" } else { "--once" }.to_owned());
    command.extend(rest);
    command.join(" ")
}

/// A URL without what stands before its host.
pub(super) fn without_login(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://LOGIN@{}", &rest[at + 1..]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(line: &str) -> String {
        carrying_out(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn what_is_shown_is_carried_out_with_the_same_settings() {
        for (shown, expected) in [
            ("/usr/bin/reconciler plan desired-state", "reconciler --once desired-state"),
            ("reconciler plan --steps -o json --detailed-exitcode .", "reconciler --once ."),
            ("reconciler plan --output=json --allow a:b .", "reconciler --once --allow a:b ."),
            ("reconciler sim .", "reconciler sim ."),
            (
                "reconciler plan --git https://u:p@h/x.git",
                "reconciler --once --git https://LOGIN@h/x.git",
            ),
            (
                "reconciler plan --allow a:device:/dev/x(y)",
                "reconciler --once --allow 'a:device:/dev/x(y)'",
            ),
        ] {
            assert_eq!(again(shown), expected, "{shown}");
        }
    }
}
