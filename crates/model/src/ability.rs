//! What an engine can do: its API version, its platform, whether it has BuildKit, and what its
//! kernel lacks.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::diagnostic::Code;

/// A build on an engine without BuildKit.
pub const NO_BUILDKIT: Code = Code("E0606");

/// A version of the engine's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ApiVersion {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
}

impl ApiVersion {
    /// The version `1.minor`.
    #[must_use]
    pub const fn one(minor: u32) -> Self {
        Self { major: 1, minor }
    }

    /// Reads `1.41`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What an engine can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// The newest API version that both sides speak.
    pub api: ApiVersion,
    /// Its operating system, `linux`.
    pub os: String,
    /// Whether it has BuildKit.
    #[serde(default)]
    pub buildkit: bool,
    /// Fields (as the table of fields names them) that it takes and then drops with a
    /// warning, because its kernel cannot do them: there is nothing to compare.
    pub dropped: BTreeSet<String>,
}

impl Default for Abilities {
    /// Docker 20.10 on Linux.
    fn default() -> Self {
        Self {
            api: ApiVersion::one(41),
            os: "linux".to_owned(),
            buildkit: true,
            dropped: BTreeSet::new(),
        }
    }
}

impl Abilities {
    /// Whether it drops this fact.
    #[must_use]
    pub fn drops(&self, path: &str) -> bool {
        self.dropped.iter().any(|field| {
            path.strip_prefix(field.as_str())
                .is_some_and(|rest| matches!(rest.chars().next(), None | Some('.')))
        })
    }
}
