//! What a changing pass needs before it changes something: nothing, a yes to the plan that was
//! printed, or that it is the plan of a file. What was agreed to is applied, and nothing else.

use std::io::{BufRead as _, stdin};
use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use model::printable::one_line;
use reconcile::control::{Prepared, Setup, Stop, prepare};
use world::{Clock, Observe};

use super::super::console::Console;
use super::super::exit::Exit;
use super::super::follow_up;
use super::super::invocation;
use super::super::plan_file::PlanFile;
use super::super::setup::Refusal;
use super::super::setup::real::Real;
use super::pass::{again, print};

/// On what terms a plan is applied.
pub(in crate::cli) enum Consent {
    /// Whatever it is: `--once`, `apply --yes`.
    Given,
    /// A person at the terminal says yes to it.
    Asked,
    /// It is this one.
    File(Box<PlanFile>),
}

/// What was agreed to: the plan, and if nothing else may be applied, what it must still be.
pub(super) struct Agreed {
    pub(super) prepared: Prepared,
    pub(super) only: Option<Box<PlanFile>>,
}

/// Why nothing is applied.
pub(super) enum Refused {
    /// A signal came first.
    Stopped,
    /// It was said, and this is the exit code.
    Exit(Exit),
}

impl Consent {
    /// Whether a plan is printed as soon as it is made.
    pub(super) fn prints_at_once(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Whether a person may take their time.
    pub(super) fn waits(&self) -> bool {
        matches!(self, Self::Asked)
    }

    /// Refuses settings that are about something else than the plan file.
    pub(super) fn check(&self, real: &Real) -> Result<(), Refusal> {
        let Self::File(file) = self else { return Ok(()) };
        let (source, installation) = (real.source.id(), &real.settings.installation);
        if file.source != *source {
            return Err(Refusal::usage(
                format!(
                    "the plan file is for the source `{}`, and the settings name `{source}`",
                    file.source
                ),
                match file.applying() {
                    Some(command) => format!("`{command}`, with the options that `plan --out` had"),
                    None => "name the source of the plan".to_owned(),
                },
            ));
        }
        if file.installation != *installation {
            return Err(Refusal::usage(
                format!(
                    "the plan file is for the installation `{}`, and the settings name \
                     `{installation}`",
                    file.installation
                ),
                format!("add `--installation {}`", file.installation),
            ));
        }
        Ok(())
    }

    /// Comes to an agreement, and says so if there is none. A plan without steps needs no yes.
    pub(super) async fn obtain<W: Observe, C: Clock>(
        &self,
        console: Console,
        setup: Setup<'_, W, C>,
        prepared: Prepared,
        stop: &Stop,
    ) -> Result<Agreed, Refused> {
        match self {
            Self::Given => Ok(Agreed { prepared, only: None }),
            Self::File(file) => {
                let agreed = Agreed { prepared, only: Some(file.clone()) };
                let agreed = agreed.checked(console, setup).map_err(Refused::Exit)?;
                print(console, &agreed.prepared);
                Ok(agreed)
            }
            Self::Asked if prepared.plan.is_empty() => Ok(Agreed { prepared, only: None }),
            Self::Asked => {
                console.prompt("Apply this plan? [y/N] ");
                let answer = match select(pin!(stop.requested()), pin!(answer())).await {
                    Either::Left(_) => return Err(Refused::Stopped),
                    Either::Right((answer, _)) => answer,
                };
                console.answered();
                if !is_yes(&answer) {
                    console.progress("Nothing was changed.");
                    return Err(Refused::Exit(Exit::Failed));
                }
                let file = PlanFile::of(&prepared, setup.settings, &invocation::again());
                let agreed = Agreed { prepared, only: Some(Box::new(file)) };
                // The answer may have taken long.
                agreed.again(console, setup).await.map_err(Refused::Exit)
            }
        }
    }
}

impl Agreed {
    /// Looks again; what is not what was agreed to any more is refused.
    pub(super) async fn again<W: Observe, C: Clock>(
        self,
        console: Console,
        setup: Setup<'_, W, C>,
    ) -> Result<Self, Exit> {
        let Self { prepared, only } = self;
        if only.is_none() {
            return Ok(Self { prepared: again(console, setup, prepared).await, only });
        }
        let prepared = prepare(setup, prepared.snapshot).await;
        Self { prepared, only }.checked(console, setup)
    }

    fn checked<W, C>(self, console: Console, setup: Setup<'_, W, C>) -> Result<Self, Exit> {
        let Some(file) = &self.only else { return Ok(self) };
        let Some(moved) = file.moved(&self.prepared, setup.settings) else { return Ok(self) };
        let lines: Vec<_> = moved.lines().map(|line| one_line(line).into_owned()).collect();
        let anew = file.anew().unwrap_or_else(|| follow_up::command("plan", &[]));
        let help = format!("read the plan as it is now, `{anew}`, and agree to that one");
        console.error(
            "nothing was changed: what would be done is no longer what was agreed to",
            Some(&help),
        );
        console.complain(&lines.join("\n"));
        Err(Exit::Busy)
    }
}

/// A line from the terminal, read on a thread of its own: signals are taken meanwhile. The thread
/// waits on if nobody answers; it ends with the program.
async fn answer() -> String {
    let (sender, answer) = oneshot::channel();
    let read = move || {
        let mut line = String::new();
        let _ = stdin().lock().read_line(&mut line);
        let _ = sender.send(line);
    };
    let thread = std::thread::Builder::new().name("answer".to_owned());
    if thread.spawn(read).is_err() {
        return String::new();
    }
    answer.await.unwrap_or_default()
}

/// Only what is certainly a yes.
fn is_yes(answer: &str) -> bool {
    ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for yes in ["y", "Y\n", "yes\r\n", " YES "] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n", "no", "yy", "yes please", "j"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
