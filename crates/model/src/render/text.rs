//! The text form of a plan: deterministic, one line per step, each with its causes. It
//! is what `plan` prints, what `apply` does, and the language of the golden tests.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter, Write as _};

use super::count;
use crate::action::Action;
use crate::id::StepId;
use crate::id::{DeploymentId, EngineName};
use crate::plan::{Cause, Forgotten, LeftAlone, Plan, Reason, Step, Thing, WhyLeft};
use crate::printable::{OneLine, one_line};

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut heading: Option<(&DeploymentId, &EngineName)> = None;
        for step in &self.steps {
            if heading != Some((&step.deployment, &step.engine)) {
                let engine = one_line(step.engine.as_str());
                writeln!(f, "deployment {} on engine {engine}", step.deployment)?;
                heading = Some((&step.deployment, &step.engine));
            }
            writeln!(f, "{step}")?;
        }
        for adopted in &self.adopted {
            writeln!(f, "adopt {} into {}", adopted.thing, adopted.deployment)?;
        }
        for left in &self.left_alone {
            writeln!(f, "{left}")?;
        }
        for forgotten in &self.forgotten {
            writeln!(f, "{forgotten}")?;
        }
        for blocked in &self.blocked {
            writeln!(f, "{blocked}")?;
        }
        writeln!(f, "{}", self.summary())
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "  {} {}", self.id, self.action)?;
        if !self.after.is_empty() {
            write!(f, " after {}", ids(&self.after))?;
        }
        // A step that merely continues a change says so on its own line.
        if let [Cause { reason: Reason::Follows { step }, .. }] = self.causes.as_slice() {
            return write!(f, " (for {step})");
        }
        for cause in &self.causes {
            write!(f, "\n       {cause}")?;
        }
        Ok(())
    }
}

impl Display for Thing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::Container { name, .. } => write!(f, "container {name}"),
            Self::Network { name, .. } => write!(f, "network {name}"),
            Self::Volume { name } => write!(f, "volume {name}"),
        }
    }
}

impl Display for Forgotten {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { deployment, engine } = self;
        write!(
            f,
            "forgot: no record of {deployment} on engine {engine}; its labels tell what it is"
        )
    }
}

impl Display for LeftAlone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        write!(f, "left alone in {}: container {}, ", self.deployment, self.name)?;
        match &self.why {
            WhyLeft::OneOff => f.write_str("which `docker compose run` made"),
            WhyLeft::Orphan { service } => {
                write!(f, "whose service {service} is not in the stack")
            }
        }
    }
}

impl Plan {
    /// One line that counts what would happen.
    #[must_use]
    pub fn summary(&self) -> String {
        // What runs before a replica is none.
        let passes = |cause: &Cause| matches!(cause.reason, Reason::Prepares | Reason::LeftOver);
        let replicas = || self.steps.iter().filter(|step| !step.causes.iter().any(passes));
        let counted =
            |test: fn(&Action) -> bool| replicas().filter(|step| test(&step.action)).count();
        let created = counted(|action| matches!(action, Action::CreateContainer(_)));
        let removed = counted(|action| matches!(action, Action::RemoveContainer { .. }));
        let replaced = self.steps.iter().filter(|step| is_replacement(step)).count();
        let restarted = counted(|action| {
            matches!(action, Action::RestartContainer { .. } | Action::UnpauseContainer { .. })
        });
        let started = self.steps.iter().filter(|step| is_revival(step)).count();
        let in_place = self.steps.iter().filter(|step| is_in_place(step)).count();
        let withheld = self.blocked.iter().filter(|b| !b.waiting_on.is_notice()).count();
        let mut parts = vec![
            format!("{} to create", created.saturating_sub(replaced)),
            format!("{replaced} to replace"),
            format!("{} to remove", removed.saturating_sub(replaced)),
        ];
        for (number, what) in [
            (in_place, "to change in place"),
            (started, "to start again"),
            (restarted, "to restart"),
            (withheld, "blocked"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        if self.steps.is_empty() && withheld == 0 {
            return "Nothing to do: the world is as git says.".to_owned();
        }
        format!("Plan: {} in {}.", parts.join(", "), count(self.steps.len(), "step"))
    }
}

/// A container that takes the place of one that is removed.
fn is_replacement(step: &Step) -> bool {
    matches!(step.action, Action::RemoveContainer { .. })
        && step.causes.iter().any(|cause| matches!(cause.reason, Reason::Replaced { .. }))
}

/// A start of a container that existed before.
fn is_revival(step: &Step) -> bool {
    use crate::target::ContainerRef;
    matches!(&step.action, Action::StartContainer { container }
        if matches!(container.container, ContainerRef::Known(_)))
}

/// A change of a container that stays.
fn is_in_place(step: &Step) -> bool {
    let changes = matches!(
        step.action,
        Action::UpdateContainer { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. }
    );
    changes && step.causes.iter().any(|cause| matches!(cause.reason, Reason::Changed(_)))
}

fn ids(ids: &BTreeSet<StepId>) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
