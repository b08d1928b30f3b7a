//! The command that carries out what a command only showed: printed, so that it can be copied.

use model::remedy::quoted;

use super::args::Verb;
use super::plan_file;
use super::target::without_login;

/// Options that only concern what is printed, and how many values each has.
const OF_PLAN: &[(&str, usize)] = &[
    ("--detailed-exitcode", 0),
    ("--only", 1),
    ("--out", 1),
    ("--output", 1),
    ("-o", 1),
    ("--steps", 0),
];

/// Options of `wait` that `status` has not, or that only concern what is printed.
const OF_WAIT: &[(&str, usize)] = &[("--for", 1), ("--output", 1), ("-o", 1), ("--timeout", 1)];

/// The command line of this process, so that it applies what it shows.
pub(super) fn again() -> String {
    carrying_out(words(), plan_file::is_plan_file)
}

/// The command line that applies the plan that this process writes to a file.
pub(super) fn applying(file: &str) -> String {
    let call = Call::of(words(), |_| false);
    let words = ["reconciler", "apply", &quoted(file)].map(str::to_owned);
    words.into_iter().chain(call.rest).collect::<Vec<_>>().join(" ")
}

/// The command line of `status` about what this process waits for.
pub(super) fn status() -> String {
    showing(words())
}

fn showing(words: impl IntoIterator<Item = String>) -> String {
    let call = Call::without(OF_WAIT, words, |_| false);
    let rest = call.rest.into_iter().filter(|word| word != "wait");
    ["reconciler", "status"]
        .map(str::to_owned)
        .into_iter()
        .chain(rest)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The verb of this process, or `--once`.
pub(super) fn verb() -> String {
    let verb = words().skip(1).find(|word| Verb::NAMES.contains(&word.as_str()));
    verb.unwrap_or_else(|| "--once".to_owned())
}

fn words() -> impl Iterator<Item = String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned())
}

/// A command line that carries out what another one shows. A plan file is left out: what lets
/// something withheld go on makes another plan.
fn carrying_out(
    words: impl IntoIterator<Item = String>,
    is_plan_file: impl Fn(&str) -> bool,
) -> String {
    let Call { verb, mut rest, has_file } = Call::of(words, is_plan_file);
    let words = match verb.as_deref() {
        Some("sim") => "sim",
        Some("apply") if !has_file => "apply",
        _ => {
            rest.retain(|word| word != "--yes" && word != "-y");
            "--once"
        }
    };
    ["reconciler", words].map(str::to_owned).into_iter().chain(rest).collect::<Vec<_>>().join(" ")
}

/// A command line taken apart.
struct Call {
    verb: Option<String>,
    /// What is neither the verb nor an option that is left out, quoted for a shell. The login of a
    /// URL is left out: it may be a secret.
    rest: Vec<String>,
    /// Whether a plan file was left out.
    has_file: bool,
}

impl Call {
    fn of(words: impl IntoIterator<Item = String>, is_plan_file: impl Fn(&str) -> bool) -> Self {
        Self::without(OF_PLAN, words, is_plan_file)
    }

    fn without(
        options: &[(&str, usize)],
        words: impl IntoIterator<Item = String>,
        is_plan_file: impl Fn(&str) -> bool,
    ) -> Self {
        let mut call = Self { verb: None, rest: Vec::new(), has_file: false };
        let mut words = words.into_iter().skip(1);
        while let Some(word) = words.next() {
            let dropped = options.iter().find(|(option, _)| {
                // A short one may have its value in the same word: `-ojson`.
                let is_short = !option.starts_with("--");
                let joined = word.strip_prefix(option);
                joined.is_some_and(|rest| rest.is_empty() || is_short || rest.starts_with('='))
            });
            match dropped {
                Some((option, values)) => {
                    for _ in 0..if word == *option { *values } else { 0 } {
                        words.next();
                    }
                }
                None if call.verb.is_none()
                    && ["plan", "apply", "sim", "run"].contains(&word.as_str()) =>
                {
                    call.verb = Some(word);
                }
                None if word == "--once" => {}
                None if call.verb.as_deref() == Some("apply") && is_plan_file(&word) => {
                    call.has_file = true;
                }
                None => call.rest.push(quoted(&without_login(&word))),
            }
        }
        call
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(line: &str) -> String {
        carrying_out(line.split(' ').map(str::to_owned), |word| word == "shop.plan")
    }

    #[test]
    fn what_is_shown_is_carried_out_with_the_same_settings() {
        for (shown, expected) in [
            ("/usr/bin/reconciler plan desired-state", "reconciler --once desired-state"),
            ("reconciler plan --steps -o json --detailed-exitcode .", "reconciler --once ."),
            ("reconciler plan -omarkdown .", "reconciler --once ."),
            ("reconciler plan https://h/x?token=abc", "reconciler --once 'https://h/x?QUERY'"),
            ("reconciler plan --output=json --allow a:b .", "reconciler --once --allow a:b ."),
            ("reconciler plan --out shop.plan -o json .", "reconciler --once ."),
            ("reconciler plan --out=shop.plan .", "reconciler --once ."),
            ("reconciler plan --only abc/web --only=db .", "reconciler --once ."),
            ("reconciler sim .", "reconciler sim ."),
            ("reconciler apply --yes --steps .", "reconciler apply --yes ."),
            ("reconciler apply --yes shop.plan --ref x .", "reconciler --once --ref x ."),
            ("reconciler apply shop.plan", "reconciler --once"),
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

    #[test]
    fn what_is_waited_for_is_shown_of_the_same_source() {
        let line = "reconciler wait shop --for synced --source /srv/a --timeout=9s -o json";
        let words = line.split(' ').map(str::to_owned);
        assert_eq!(showing(words), "reconciler status shop --source /srv/a");
    }
}
