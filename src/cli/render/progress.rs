//! What happens, as it happens: one plain line per transition on stderr.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use adapters::docker::StepListener;
use model::action::Action;
use model::id::EngineName;
use model::id::StepId;
use model::plan::Step;
use model::printable::one_line;
use reconcile::control::{Event, Failure, Progress};

use super::super::console::{BAD, Console, FAINT, GOOD, WARN, paint};

/// Prints a line for each step of a pass that runs once.
pub(in crate::cli) struct Lines {
    console: Console,
    /// What `docker` needs to reach each engine; empty for the one it reaches by itself.
    hosts: BTreeMap<EngineName, String>,
    /// How many steps were not tried, by the step to blame: one line each is enough.
    skipped: RefCell<BTreeMap<StepId, usize>>,
}

impl Lines {
    /// Lines for these engines.
    pub(in crate::cli) fn new(console: Console, hosts: BTreeMap<EngineName, String>) -> Self {
        Self { console, hosts, skipped: RefCell::default() }
    }

    fn line(&self, word: &str, step: &Step, rest: &str) {
        let action = rendered(&step.action);
        self.console.progress(&format!("{word} {} {action}{rest}", step.id));
    }

    fn skipped(&self) {
        for (because, count) in self.skipped.take() {
            let word = paint(WARN, "skipped");
            let what = if count == 1 { "1 step that needs" } else { "steps that need" };
            let count = if count == 1 { String::new() } else { format!("{count} ") };
            self.console.progress(&format!("{word} {count}{what} {because}, which failed"));
        }
    }

    fn forgiven(&self, step: &Step, failure: &Failure) {
        let action = rendered(&step.action);
        let error = rendered(&failure.error);
        let word = paint(WARN, "warning");
        self.console.complain(&format!("{word} {} {action}: {error}; it goes on", step.id));
    }

    fn failed(&self, step: &Step, failure: &Failure) {
        // Shown also with `--quiet`: it is why the exit code is not zero.
        let action = rendered(&step.action);
        let error = rendered(&failure.error);
        self.console.complain(&format!("{} {} {action}: {error}", paint(BAD, "failed "), step.id));
        for line in &failure.logs {
            self.console.complain(&format!("          {} {}", paint(FAINT, "|"), one_line(line)));
        }
        if let Some(target) = step.action.target() {
            let host = self.hosts.get(&step.engine).map_or("", String::as_str);
            let command = format!("docker {host}logs {}", target.name);
            self.console.complain(&format!("          see more: {}", one_line(&command)));
        }
    }
}

impl Progress for Lines {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::StepStarted(step) if takes_long(&step.action) => {
                self.line(&paint(FAINT, "begin  "), step, "");
            }
            Event::StepFinished { step, took } => {
                let took = format!(" {}", paint(FAINT, &format!("({})", elapsed(*took))));
                self.line(&paint(GOOD, "done   "), step, &took);
            }
            Event::StepFailed { step, failure } => self.failed(step, failure),
            Event::StepForgiven { step, failure } => self.forgiven(step, failure),
            Event::StepDropped { because, .. } => {
                *self.skipped.borrow_mut().entry(*because).or_default() += 1;
            }
            Event::PassFinished(_) => self.skipped(),
            Event::StepStopped(step) => self.line(&paint(WARN, "stopped"), step, ""),
            _ => {}
        }
    }
}

/// A line for each step of an image's build.
pub(in crate::cli) fn build_steps(console: Console) -> StepListener {
    Arc::new(move |image, step| {
        let word = paint(FAINT, "step   ");
        console.progress(&format!("{word} {}: {}", one_line(image), one_line(step)));
    })
}

fn rendered(thing: &impl Display) -> String {
    one_line(&thing.to_string()).into_owned()
}

/// Whether it takes so long that progress is shown.
pub(in crate::cli) fn takes_long(action: &Action) -> bool {
    matches!(
        action,
        Action::PullImage { .. }
            | Action::BuildImage { .. }
            | Action::StopContainer { .. }
            | Action::RestartContainer { .. }
            | Action::RunHook { .. }
            | Action::Await { .. }
    )
}

/// A span as people read it: `340ms`, `1.2s`, `3m20s`.
pub(in crate::cli) fn elapsed(span: Duration) -> String {
    match span.as_secs() {
        0 => format!("{}ms", span.as_millis()),
        1..=59 => format!("{}.{}s", span.as_secs(), span.subsec_millis() / 100),
        secs => format!("{}m{:02}s", secs / 60, secs % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let text = |millis| elapsed(Duration::from_millis(millis));
        assert_eq!(
            (text(3), text(999), text(1_250)),
            ("3ms".into(), "999ms".into(), "1.2s".into())
        );
        assert_eq!(text(200_000), "3m20s");
    }
}
