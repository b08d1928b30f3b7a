//! The states of a deployment that were rolled out and worked, the revision that did not, and what a
//! person wants instead of what the source says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ImageRef, Revision, SourceId};
use crate::time::Timestamp;

/// So many states of a deployment that worked are remembered.
pub const MOST_STABLE: usize = 5;

/// A desired state of a deployment that was rolled out as a whole and became healthy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stable {
    /// The source that it is of.
    pub source: SourceId,
    /// Which revision of it.
    pub revision: Revision,
    /// The hash of the whole deployment at that revision.
    pub hash: Digest,
    /// Who wrote the commit, if the revision is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The first line of its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When its rollout ended.
    pub at: Timestamp,
    /// The SHA-256 of its files, which are kept on the deployment's engine.
    pub state: Digest,
    /// The images that its containers had, by the references that the stack has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<ImageRef, ImageRef>,
}

/// A revision of a deployment whose rollout failed. It is not tried again until another one
/// changes the deployment, or a person resumes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Which revision.
    pub revision: Revision,
    /// The hash of the whole deployment at that revision.
    pub hash: Digest,
    /// When its rollout failed.
    pub at: Timestamp,
    /// What failed, in one line. It holds no secret.
    pub why: String,
    /// What becomes of the deployment meanwhile.
    pub then: Then,
}

/// What becomes of a deployment whose rollout failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It returns to its last stable state.
    Rollback,
    /// It is left as it stands; what runs of it is repaired.
    #[serde(other)]
    Pause,
}

impl Quarantine {
    /// Whether a deployment with this hash is what it is about.
    #[must_use]
    pub fn holds(&self, hash: &Digest) -> bool {
        self.hash == *hash
    }
}

/// What a person wants of a deployment instead of what the source says, until it is resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// When it was asked for.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// The state that it returns to; `None` leaves it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Stable>,
}

/// Adds what works to what worked before.
pub(super) fn add(known: &mut Vec<Stable>, stable: Stable) {
    known.retain(|it| (&it.source, &it.hash) != (&stable.source, &stable.hash));
    known.insert(0, stable);
    known.truncate(MOST_STABLE);
}
