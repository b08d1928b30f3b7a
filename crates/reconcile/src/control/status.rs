//! What the controller knows after a look. In which form the program answers with it is the
//! program's affair.

use std::collections::BTreeMap;

use model::id::{DeploymentId, Revision};
use model::plan::{Blocked, DeploymentState};
use model::time::Timestamp;

use super::backoff::Held;
use super::observe::Part;
use super::report::Report;

/// What the controller knows after a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
