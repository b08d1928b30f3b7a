//! What the controller knows after a look, for health checks and an API.

use std::collections::BTreeMap;

use serde::Serialize;

use model::id::{DeploymentId, Revision};
use model::plan::{Blocked, DeploymentState};
use model::time::Timestamp;

use super::backoff::Held;
use super::observe::Part;
use super::report::Report;

/// What the controller knows after a look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Whether everything has been seen at the same time at least once.
    pub ready: bool,
    /// The revision that is being applied; `None` before the first fetch.
    pub revision: Option<Revision>,
    /// Why the source could not be read the last time; `None` if it could.
    pub source_error: Option<String>,
    /// When the last look ended.
    pub seen_at: Option<Timestamp>,
    /// The parts that do not answer, and what they said.
    #[serde(serialize_with = "by_name")]
    pub unseen: BTreeMap<Part, String>,
    /// The state of every deployment.
    pub deployments: BTreeMap<DeploymentId, DeploymentState>,
    /// What is withheld.
    pub blocked: Vec<Blocked>,
    /// What is put off.
    pub held: Vec<Held>,
}

impl Status {
    /// Takes over whether the source could be read. Returns whether that is news.
    pub(super) fn source(&mut self, error: Option<String>) -> bool {
        let is_news = self.source_error != error;
        self.source_error = error;
        is_news
    }

    /// Takes over what a look said.
    pub(super) fn seen(&mut self, report: &Report, now: Timestamp) {
        self.ready |= report.unseen.is_empty();
        self.seen_at = Some(now);
        self.unseen.clone_from(&report.unseen);
        self.deployments.clone_from(&report.deployments);
        self.blocked.clone_from(&report.blocked);
    }
}

/// JSON has only strings for keys.
fn by_name<S: serde::Serializer>(
    unseen: &BTreeMap<Part, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(unseen.iter().map(|(part, error)| (part.to_string(), error)))
}
