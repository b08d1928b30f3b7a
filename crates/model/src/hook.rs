//! Lifecycle hooks of a service: commands that run in its containers, and containers that
//! run before them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::digest::Digest;
use super::id::ImageRef;

/// The lifecycle hooks of a service, each list in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hooks {
    /// Containers that must end with 0 before the service's start.
    pub pre_start: Vec<InitContainer>,
    /// Commands in a container that has just been started.
    pub post_start: Vec<Hook>,
    /// Commands in a container that is about to be stopped.
    pub pre_stop: Vec<Hook>,
}

impl Hooks {
    /// The hash of the init containers; `None` without any. What they prepared is part of
    /// a container: another definition makes another container.
    #[must_use]
    pub fn init_hash(&self) -> Option<Digest> {
        let text = || serde_json::to_string(&self.pre_start).expect("BUG: hooks are always JSON");
        (!self.pre_start.is_empty()).then(|| Digest::of(text()))
    }
}

/// A command that runs in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// The command, word by word.
    pub command: Vec<String>,
    /// Who runs it; `None` is the container's user.
    pub user: Option<String>,
    /// With all rights on the host.
    pub privileged: bool,
    /// Where it runs; `None` is the container's working directory.
    pub working_dir: Option<String>,
    /// Variables beside those of the container.
    pub env: BTreeMap<String, String>,
    /// Variables of the container that it is not to have.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unset_env: BTreeSet<String>,
}

/// A container that runs to its end before a service's own start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InitContainer {
    /// What it runs; an empty command is the image's.
    pub hook: Hook,
    /// Its image; `None` is the service's.
    pub image: Option<ImageRef>,
    /// Whether it runs before each replica, instead of once before the first.
    pub per_replica: bool,
}

/// When a command runs in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// After its start.
    PostStart,
    /// Before its stop.
    PreStop,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PostStart => "post_start",
            Self::PreStop => "pre_stop",
        })
    }
}
