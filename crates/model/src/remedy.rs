//! What a person can do so that something withheld goes on.

use super::plan::{Blocked, WaitingOn};
use super::secret::MASKED;

/// What lets something withheld go on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// The same command with this flag, which is quoted for a shell.
    Flag(String),
    /// A command of its own.
    Command(String),
}

impl Blocked {
    /// What lets it go on, if one command does.
    #[must_use]
    pub fn remedy(&self) -> Option<Remedy> {
        let flag =
            |flag: &str, value: &str| Some(Remedy::Flag(format!("{flag} {}", quoted(value))));
        match (&self.waiting_on, &self.deployment) {
            (WaitingOn::SameStack { folder, .. }, Some(id)) => {
                flag("--allow", &format!("{id}:project={folder}"))
            }
            // The operator put a secret into it: who grants it has to know what it is.
            (WaitingOn::Grant { demand, .. }, _) if demand.contains(MASKED) => None,
            (WaitingOn::Grant { demand, .. }, Some(id)) => {
                flag("--allow", &format!("{id}:{demand}"))
            }
            (WaitingOn::Approval { digest }, _) => flag("--approve", digest.as_str()),
            (WaitingOn::OwnContainer { command } | WaitingOn::Consent { command }, _) => {
                Some(Remedy::Command(command.clone()))
            }
            (WaitingOn::AnotherRevision { .. } | WaitingOn::Resume { .. }, Some(id)) => {
                Some(Remedy::Command(format!("reconciler resume {id}")))
            }
            (WaitingOn::Attempts { container, .. }, _) => {
                Some(Remedy::Command(format!("docker start {container}")))
            }
            (WaitingOn::Room { by, foreign: true, .. }, _) => {
                Some(Remedy::Command(format!("docker stop {}", quoted(by.as_str()))))
            }
            _ => None,
        }
    }
}

/// A word of a shell's command.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:=/@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
