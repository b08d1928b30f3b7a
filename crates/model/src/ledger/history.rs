//! What became of the rollouts of a deployment: the last of them are remembered, newest first.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Revision, SourceId};
use crate::time::Timestamp;

/// So many rollouts of a deployment are remembered.
pub const MOST: usize = 20;

/// One rollout of a deployment: everything that was done for one revision of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRollout {
    /// The source that it was for.
    pub source: SourceId,
    /// Which revision.
    pub revision: Revision,
    /// The hash of the whole deployment at that revision.
    pub hash: Digest,
    /// Who wrote the commit, if the revision is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The first line of its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When the last attempt began.
    pub began: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How often it was begun.
    pub attempts: u32,
    /// How it ended.
    pub result: RolloutResult,
    /// What it changed, as the plan calls it: `replace web`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

/// How a rollout ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum RolloutResult {
    /// Everything was done.
    Done,
    /// Something failed.
    Failed {
        /// What was being done.
        step: String,
        /// What went wrong. It holds no secret.
        error: String,
    },
    /// It was broken off on request, or by a newer revision.
    Interrupted,
    /// Of another version of this program.
    #[serde(other)]
    Unknown,
}

impl PastRollout {
    /// Whether it is one more attempt at the same.
    fn is_same(&self, other: &Self) -> bool {
        (&self.source, &self.revision, &self.hash) == (&other.source, &other.revision, &other.hash)
    }
}

/// Adds a rollout to a history: another attempt at the newest one takes its place.
pub(super) fn enter(history: &mut Vec<PastRollout>, mut new: PastRollout) {
    if let Some(known) = history.first().filter(|known| known.is_same(&new)) {
        new.attempts = known.attempts.saturating_add(new.attempts);
        history.remove(0);
    }
    history.insert(0, new);
    history.truncate(MOST);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(revision: &str, result: RolloutResult) -> PastRollout {
        PastRollout {
            source: "git:shop".into(),
            revision: revision.into(),
            hash: Digest::of(revision),
            author: Some("Ada".to_owned()),
            subject: None,
            began: Timestamp::from_secs(1),
            took_ms: 1500,
            attempts: 1,
            result,
            changes: vec!["replace web".to_owned()],
        }
    }

    #[test]
    fn attempts_at_one_revision_are_one_rollout() {
        let failed = || RolloutResult::Failed { step: "await".into(), error: "no".into() };
        let mut history = Vec::new();
        for new in [
            rollout("r1", RolloutResult::Done),
            rollout("r2", failed()),
            rollout("r2", RolloutResult::Done),
            rollout("r1", RolloutResult::Interrupted),
        ] {
            enter(&mut history, new);
        }
        let all: Vec<_> =
            history.iter().map(|one| (one.revision.as_str(), one.attempts, &one.result)).collect();
        assert_eq!(
            all,
            [
                ("r1", 1, &RolloutResult::Interrupted),
                ("r2", 2, &RolloutResult::Done),
                ("r1", 1, &RolloutResult::Done)
            ]
        );
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut history = Vec::new();
        (0..30).for_each(|n| enter(&mut history, rollout(&format!("r{n}"), RolloutResult::Done)));
        assert_eq!(history.len(), MOST);
        assert_eq!(history[0].revision.as_str(), "r29");
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let text = serde_json::to_string(&rollout("r1", RolloutResult::Done)).unwrap();
        let newer = text.replace("\"done\"", "\"on-hold\"");
        assert_eq!(
            serde_json::from_str::<PastRollout>(&text).unwrap(),
            rollout("r1", RolloutResult::Done)
        );
        assert_eq!(
            serde_json::from_str::<PastRollout>(&newer).unwrap().result,
            RolloutResult::Unknown
        );
    }
}
