//! The text form of a plan: deterministic, one line per step, each with its causes. It
//! is what `plan` prints, what `apply` does, and the language of the golden tests.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter, Write as _};

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
        if let Some(only_if) = &self.only_if {
            write!(f, ", {only_if}")?;
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

fn ids(ids: &BTreeSet<StepId>) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
