//! What a watched folder has not shown for long enough: a stack that is moved, or half a
//! file that is being written, looks as if something had been taken away.

use std::collections::BTreeSet;
use std::time::Duration;

use super::id::DeploymentId;

/// The deployments of which it is not certain yet what the source lacks. Nothing of them is
/// removed or scaled down; everything else goes on. Empty for sources that change as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settling {
    /// How long an absence has to last.
    pub lasts: Duration,
    /// Deployments that the source shows otherwise, or not at all, since less than that.
    pub deployments: BTreeSet<DeploymentId>,
    /// Whether that also goes for all deployments that the source has never shown.
    pub others: bool,
}

impl Settling {
    /// How long what this deployment lacks has to be absent, if that is not certain yet.
    /// `listed` says whether the source has the deployment.
    #[must_use]
    pub fn of(&self, deployment: &DeploymentId, listed: bool) -> Option<Duration> {
        let unsure = self.deployments.contains(deployment) || (self.others && !listed);
        unsure.then_some(self.lasts)
    }
}
