//! How the source is: whether it can be read, whether its stacks are valid, and whether there are
//! logins for the registries of their images.

use std::collections::BTreeMap;

use model::desired::{DesiredState, Entry};
use model::diagnostic::{Diagnostic, Loc};
use model::remedy::quoted;
use world::SourceError;
use world::remedy::cause_and_remedy;

use super::finding::Finding;

/// What all findings are about.
pub(super) const SOURCE: &str = "source";

/// So many stacks that are not valid are named.
const MOST: usize = 5;

/// Whether a git repository answers, and has the branch.
pub(super) fn git(address: &str, commit: &Result<String, SourceError>) -> Finding {
    let of = ("source", SOURCE);
    match commit {
        Ok(commit) => Finding::ok(of, format!("{address} can be read; it is at {commit:.12}")),
        Err(error) => refused(of, error),
    }
}

/// Whether a folder can be read, and whether its stacks are valid.
pub(super) fn folder(place: &str, desired: &Result<DesiredState, SourceError>) -> Finding {
    let of = ("source", SOURCE);
    let desired = match desired {
        Ok(desired) => desired,
        Err(error) => return refused(of, error),
    };
    let check = format!("`reconciler validate {}`", quoted(place));
    let wrong = errors(desired);
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(MOST);
        let mut listed = wrong.into_iter().take(MOST).collect::<Vec<_>>().join("; ");
        if more > 0 {
            listed = format!("{listed}; and {more} more");
        }
        return Finding::fail(of, format!("stacks have errors: {listed}"), check);
    }
    match desired.deployments.len() {
        0 => Finding::warn(of, format!("there is no stack in `{place}`"), check),
        count => {
            Finding::ok(of, format!("`{place}` can be read; its deployments are valid: {count}"))
        }
    }
}

/// The first error of each stack that is not valid, and each of the folder, with its place.
fn errors(desired: &DesiredState) -> Vec<String> {
    let of_folder = desired.incomplete.iter().filter(|one| one.is_error());
    let mut all: Vec<String> = of_folder.map(|error| located(error.at.as_ref(), error)).collect();
    for (id, entry) in &desired.deployments {
        let Entry::Invalid(messages) = entry else { continue };
        let mut errors = messages.iter().filter(|one| one.is_error());
        let first = errors.clone().find(|one| one.at.is_some()).or_else(|| errors.next());
        let text = match first {
            Some(error) if error.at.is_some() => located(error.at.as_ref(), error),
            Some(error) => format!("{id}: {}", error.message),
            None => id.to_string(),
        };
        // One file may be the stack of several deployments.
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all
}

fn located(at: Option<&Loc>, error: &Diagnostic) -> String {
    let at = at.map(|at| format!("{}:{}: ", at.file, at.line)).unwrap_or_default();
    format!("{at}{}", error.message)
}

fn refused(of: (&'static str, &str), error: &SourceError) -> Finding {
    let text = error.to_string();
    let (cause, remedy) = cause_and_remedy(&text);
    let help = remedy.unwrap_or("`reconciler plan` with the same settings says more");
    Finding::fail(of, cause, help)
}

/// What is known of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// There is one.
    There,
    /// There is none.
    None,
    /// A program has it, which is not run.
    Helper(String),
    /// The file cannot be read.
    Unreadable(String),
}

/// Whether there is a login for each registry of these images; none is contacted.
pub(super) fn logins(registries: &BTreeMap<String, Login>) -> Vec<Finding> {
    let one = |(registry, login): (&String, &Login)| {
        let subject = format!("registry {registry}");
        let of = ("login", subject.as_str());
        let login_with = format!("`docker login {}`", quoted(registry));
        match login {
            Login::There => Finding::ok(of, "there is a login"),
            Login::None if registry == HUB => {
                Finding::ok(of, "no login: public images only, and only so many pulls an hour")
            }
            Login::None => Finding::unknown(
                of,
                "no login: whether its images are public is not known without asking it",
                Some(format!("{login_with}, unless they are")),
            ),
            Login::Helper(program) => Finding::warn(
                of,
                format!("its login is kept by `{program}`, which a controller does not run"),
                format!("{login_with} with a file of its own, and `registry_config`"),
            ),
            Login::Unreadable(why) => Finding::fail(of, why.as_str(), login_with),
        }
    };
    registries.iter().map(one).collect()
}

/// Docker Hub, as images call it.
pub(super) const HUB: &str = "docker.io";

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_repository_that_cannot_be_read_fails_with_its_reason() {
        let commit = "0123456789abcdef".to_owned();
        let ok = git("https://git.example/x", &Ok(commit));
        assert_eq!((ok.verdict, ok.text.ends_with("at 0123456789ab")), (Verdict::Ok, true));
        let missing = SourceError::Missing("it has no branch `mian`".to_owned());
        let found = git("https://git.example/x", &Err(missing));
        assert_eq!(found.verdict, Verdict::Fail);
        assert!(found.text.contains("mian") && found.help.is_some(), "{found:?}");
    }

    #[test]
    fn registries_without_a_login_are_not_asked() {
        let of = |registry: &str, login: Login| {
            logins(&[(registry.to_owned(), login)].into()).remove(0).verdict
        };
        assert_eq!(of("r.example", Login::There), Verdict::Ok);
        assert_eq!(of("r.example", Login::None), Verdict::Unknown);
        assert_eq!(of(HUB, Login::None), Verdict::Ok);
        assert_eq!(of("r.example", Login::Helper("docker-credential-x".to_owned())), Verdict::Warn);
        assert_eq!(of("r.example", Login::Unreadable("it is no JSON".to_owned())), Verdict::Fail);
    }
}
