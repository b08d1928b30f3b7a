//! Causes in words, as a plan prints them.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::normal_form::set_word;
use crate::plan::{Cause, ChangedBy, Difference, Reason};
use crate::printable::OneLine;
use crate::remedy::quoted;

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
            Self::Changed(difference) => write!(f, "{}", difference.as_typed()),
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
            Self::Paused => f.write_str("it is paused"),
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
        let is_command = matches!(&*self.field, "command" | "entrypoint" | "healthcheck.test");
        let (have, want) = (self.have.as_deref(), self.want.as_deref());
        match self.field.split_once('.').filter(|(set, _)| is_of_set(set, have.or(want))) {
            Some((set, name)) if have.is_none() => write!(f, "{set}: + {name}")?,
            Some((set, name)) if want.is_none() => write!(f, "{set}: - {name}")?,
            _ => {
                let value = |value: Option<&str>| match value {
                    None => "nothing".to_owned(),
                    // As it would be typed.
                    Some(text) if is_command => text.to_owned(),
                    Some(text) => format!("{text:?}"),
                };
                let field = &self.field;
                match (have, want) {
                    (None, None) => write!(f, "{field}: nothing")?,
                    _ => write!(f, "{field}: {} -> {}", value(have), value(want))?,
                }
            }
        }
        match self.by {
            ChangedBy::Source => f.write_str(", changed in the source"),
            ChangedBy::Rollback => f.write_str(", rolled back"),
            ChangedBy::Hand => f.write_str(", changed by hand"),
            ChangedBy::Unknown => Ok(()),
        }
    }
}

/// Whether a key is a set of names, of which a text says only that something is in it.
fn is_of_set(key: &str, text: Option<&str>) -> bool {
    text.is_some() && text == set_word(key)
}

impl Difference {
    /// The same with commands as lines of a shell.
    #[must_use]
    pub(super) fn as_typed(&self) -> Self {
        let is_command = matches!(&*self.field, "command" | "entrypoint" | "healthcheck.test");
        let line = |value: &String| match serde_json::from_str::<Vec<String>>(value) {
            Ok(words) if is_command => {
                words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
            }
            _ => value.clone(),
        };
        let (have, want) = (self.have.as_ref().map(line), self.want.as_ref().map(line));
        Self { have, want, ..self.clone() }
    }
}
