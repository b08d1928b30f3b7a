//! Causes in words, as a plan prints them.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::plan::{Cause, ChangedBy, Difference, Reason};
use crate::printable::OneLine;

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        write!(f, "{}", self.reason)?;
        match &self.at {
            Some(at) => write!(f, " ({at})"),
            None => Ok(()),
        }
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        match self {
            Self::Missing => f.write_str("it does not exist"),
            Self::ScaledUp { from, to } => write!(f, "scaled up from {from} to {to}"),
            Self::ScaledDown { from, to } => write!(f, "scaled down from {from} to {to}"),
            Self::Changed(difference) => write!(f, "{difference}"),
            Self::Refreshed => f.write_str("its `pull_policy` asks for the newest"),
            Self::ImageAbsent => f.write_str("the image is not on the engine"),
            Self::NotBuilt { hash } => {
                write!(f, "no image was built from context {} yet", hash.short())
            }
            Self::Exited { code } => write!(f, "it ended with exit code {code}"),
            Self::NeverStarted => f.write_str("it was never started"),
            Self::Stuck => f.write_str(
                "it never ran, and what is left of an earlier start keeps the engine from starting it",
            ),
            Self::Meanwhile => f.write_str("it runs until what takes its place is healthy"),
            Self::Paused => f.write_str("it is frozen"),
            Self::HooksUnproven => f.write_str("nothing proves that its post_start has run"),
            Self::Prepares => f.write_str("it prepares the first start"),
            Self::LeftOver => f.write_str("it is left over from an earlier run"),
            Self::UpdateDelay => f.write_str("before the next replica moves"),
            Self::FilesUnproven => f.write_str("nothing proves that its files were put into it"),
            Self::Duplicate => f.write_str("another one of it is still there"),
            Self::Superseded => f.write_str("left by an update that failed or was broken off"),
            Self::ServiceRemoved => f.write_str("no longer in the stack"),
            Self::DeploymentRemoved => f.write_str("the deployment is no longer in the source"),
            Self::NetworkReplaced { network } => {
                write!(f, "its network {network} is replaced")
            }
            Self::NetworkVacated { network, other } => {
                write!(f, "its network {network} is removed: network {other} gets its addresses")
            }
            Self::NetworkInherited { deployment } => write!(
                f,
                "deployment {deployment} made it and does so no more, and the engine changes \
                 none that exists"
            ),
            Self::NetworkChanged => f.write_str(
                "it is not what the stack says, and the engine changes none that exists",
            ),
            Self::DependencyMoved { service } => {
                write!(f, "service {service}, on which it depends, was replaced or restarted")
            }
            Self::HostRestarted { container } => {
                write!(f, "container {container}, whose namespace it shares, was started again")
            }
            Self::Awaited => f.write_str("a dependent waits for it"),
            Self::Follows { step } => write!(f, "for {step}"),
            Self::Replaced { order } => write!(f, "it is replaced, {order}"),
            Self::NotRegistered => f.write_str("it is not in the catalog"),
            Self::Stale => f.write_str("no running replica stands behind it"),
            Self::Applied => f.write_str("to remember what was applied"),
            Self::MadeByCompose => f.write_str("Compose made it for this stack"),
        }
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let f = &mut OneLine(f);
        write!(f, "{}: ", self.field)?;
        match (&self.have, &self.want) {
            (Some(have), Some(want)) => write!(f, "{have:?} -> {want:?}")?,
            (None, Some(want)) => write!(f, "nothing -> {want:?}")?,
            (Some(have), None) => write!(f, "{have:?} -> nothing")?,
            (None, None) => f.write_str("nothing")?,
        }
        match self.by {
            ChangedBy::Source => f.write_str(", changed in the source"),
            ChangedBy::Hand => f.write_str(", changed by hand"),
            ChangedBy::Unknown => Ok(()),
        }
    }
}
