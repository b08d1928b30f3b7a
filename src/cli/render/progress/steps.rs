//! With `--steps`: a line for each step, with its number.

use std::collections::BTreeMap;
use std::fmt::Display;

use model::id::StepId;
use model::plan::Step;
use model::printable::one_line;
use reconcile::control::Event;

use super::super::super::console::{BAD, Console, FAINT, GOOD, WARN, paint};
use super::words::{elapsed, takes_long};

/// How many steps were not tried, by the step to blame: one line each is enough.
#[derive(Default)]
pub(super) struct Steps {
    skipped: BTreeMap<StepId, usize>,
}

impl Steps {
    pub(super) fn event(&mut self, console: Console, event: &Event<'_>) {
        let line = |word: String, step: &Step, rest: &str| {
            let action = rendered(&step.action);
            console.progress(&format!("{word} {} {action}{rest}", step.id));
        };
        match event {
            Event::StepStarted(step) if takes_long(&step.action) => {
                line(paint(FAINT, "begin  "), step, "");
            }
            Event::StepFinished { step, took } => {
                let took = format!(" {}", paint(FAINT, &format!("({})", elapsed(*took))));
                line(paint(GOOD, "done   "), step, &took);
            }
            Event::StepFailed { step, .. } => line(paint(BAD, "failed "), step, ""),
            Event::StepDropped { because, .. } => *self.skipped.entry(*because).or_default() += 1,
            Event::StepNotNeeded(step) if step.begins_change() => {
                line(paint(FAINT, "not needed"), step, "");
            }
            Event::StepStopped(step) => line(paint(WARN, "stopped"), step, ""),
            Event::PassFinished(_) => {
                for (because, count) in std::mem::take(&mut self.skipped) {
                    let what = if count == 1 { "step that needs" } else { "steps that need" };
                    let word = paint(WARN, "skipped");
                    console.progress(&format!("{word} {count} {what} {because}, which failed"));
                }
            }
            _ => {}
        }
    }
}

fn rendered(thing: &impl Display) -> String {
    one_line(&thing.to_string()).into_owned()
}
