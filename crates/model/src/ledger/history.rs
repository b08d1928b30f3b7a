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
    /// The revision that failed, if it is the return from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_from: Option<Revision>,
    /// Who asked for that, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
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
    /// What could be done was done; something is withheld.
    Withheld,
    /// It was broken off on request, or by a newer revision.
    Interrupted,
    /// Of another version of this program.
    #[serde(other)]
    Unknown,
}

impl PastRollout {
    /// Whether it is for the same: another commit may leave the deployment as it is.
    fn is_same(&self, other: &Self) -> bool {
        (&self.source, &self.hash, &self.back_from)
            == (&other.source, &other.hash, &other.back_from)
    }

    /// Whether it replaces something, as for an image that came.
    fn replaces(&self) -> bool {
        self.changes.iter().any(|change| change.starts_with("replace "))
    }
}

/// Adds a rollout to a history. Another attempt at the newest one takes its place; what is done is
/// only repaired then, which is no rollout.
pub(super) fn enter(history: &mut Vec<PastRollout>, mut new: PastRollout) {
    if let Some(known) = history.first().filter(|known| known.is_same(&new)) {
        if known.result == RolloutResult::Done {
            if !new.replaces() {
                return;
            }
        } else {
            new.attempts = known.attempts.saturating_add(new.attempts);
            let mut changes = known.changes.clone();
            changes.extend(new.changes.into_iter().filter(|it| !known.changes.contains(it)));
            new.changes = changes;
            history.remove(0);
        }
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
            back_from: None,
            by: None,
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
    fn a_repair_is_no_rollout_and_another_image_is() {
        let mut history = vec![rollout("r1", RolloutResult::Done)];
        let again = |change: &str, revision: &str| PastRollout {
            changes: vec![change.to_owned()],
            revision: revision.into(),
            took_ms: 7,
            ..rollout("r1", RolloutResult::Done)
        };
        let before = history.clone();
        enter(&mut history, again("restart web", "r1"));
        enter(&mut history, again("create web", "r2, which changed a comment"));
        assert_eq!(history, before);
        enter(&mut history, again("replace web", "r1"));
        assert_eq!((history.len(), history[0].took_ms), (2, 7));
    }

    #[test]
    fn all_that_several_attempts_changed_is_remembered() {
        let attempt = |change: &str, result| PastRollout {
            changes: vec![change.to_owned()],
            ..rollout("r1", result)
        };
        let mut history = Vec::new();
        enter(&mut history, attempt("create network n", RolloutResult::Withheld));
        enter(&mut history, attempt("create web", RolloutResult::Interrupted));
        enter(&mut history, attempt("create web", RolloutResult::Done));
        assert_eq!(history[0].changes, ["create network n", "create web"]);
        assert_eq!((history.len(), history[0].attempts), (1, 3));
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
