//! A report as an exit code: the published table, and which row wins.

use model::id::DeploymentId;
use model::plan::{Blocked, DeploymentState, Health, Sync, WaitingOn};
use world::{OutsideError, SourceError};

use super::report::{PassError, Report};

/// How a pass ended, for scripts. Of several that apply the greatest wins: an error that
/// explains others comes after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, and in sync.
    Done,
    /// A guard, a window or a missing approval withholds something.
    Blocked,
    /// Something failed or did not become healthy.
    Failed,
    /// An outside system, or the operator's policy, refuses.
    Refused,
    /// Another process was first: try again.
    Stale,
    /// The source, an engine or Consul cannot be reached.
    Unreachable,
    /// Desired state or configuration is invalid.
    Invalid,
}

impl Exit {
    /// The process's exit code: 0, 3, 1, 77, 75, 69 and 65 in the order of the variants.
    /// An interruption (130, 143) and `plan --detailed-exitcode` (2) are the command
    /// line's.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Blocked => 3,
            Self::Failed => 1,
            Self::Refused => 77,
            Self::Stale => 75,
            Self::Unreachable => 69,
            Self::Invalid => 65,
        }
    }

    fn of_source(error: &SourceError) -> Self {
        match error {
            SourceError::Unreachable(_) => Self::Unreachable,
            // Withheld as from a source that is there and empty.
            SourceError::Missing(_) => Self::Blocked,
            SourceError::Forbidden(_) => Self::Refused,
            SourceError::Invalid(_) => Self::Invalid,
        }
    }

    fn of_outside(error: &OutsideError) -> Self {
        match error {
            OutsideError::Unreachable(_) | OutsideError::Timeout(_) => Self::Unreachable,
            OutsideError::Gone(_) | OutsideError::Conflict(_) => Self::Stale,
            OutsideError::Forbidden(_) => Self::Refused,
            OutsideError::InUse(_) | OutsideError::Failed(_) => Self::Failed,
        }
    }

    fn of_blocked(blocked: &Blocked) -> Self {
        if blocked.waiting_on.is_notice() {
            return Self::Done;
        }
        match blocked.waiting_on {
            WaitingOn::ValidStack
            | WaitingOn::CompleteSource
            | WaitingOn::ConfiguredEngine
            | WaitingOn::OneName { .. }
            | WaitingOn::DnsName { .. } => Self::Invalid,
            WaitingOn::Engine { .. } | WaitingOn::Catalog { .. } | WaitingOn::Ledger { .. } => {
                Self::Unreachable
            }
            WaitingOn::Grant { .. } => Self::Refused,
            WaitingOn::Fault { .. }
            | WaitingOn::Attempts { .. }
            | WaitingOn::AnotherRevision { .. } => Self::Failed,
            // It ends by itself.
            WaitingOn::Absence { .. } => Self::Done,
            _ => Self::Blocked,
        }
    }
}

impl Report {
    /// How the pass ended.
    #[must_use]
    pub fn exit(&self) -> Exit {
        let error = self.error.iter().map(|error| match error {
            PassError::Source(error) => Exit::of_source(error),
            PassError::Faulty(_) => Exit::Failed,
        });
        let invalid = self.diagnostics.values().flatten();
        let invalid = invalid.filter(|message| message.is_error()).map(|_| Exit::Invalid);
        let unseen = self.unseen.iter().map(|_| Exit::Unreachable);
        let back = self.back.iter().map(|back| &back.execution);
        let failures =
            self.execution.iter().chain(back).flat_map(super::report::Execution::failures);
        let failures = failures
            .map(|(_, failure)| failure.error.outside().map_or(Exit::Failed, Exit::of_outside));
        let blocked = self.blocked.iter().map(Exit::of_blocked);
        let left = self.left().map(|_| Exit::Failed);
        let all = error.chain(invalid).chain(unseen).chain(failures).chain(blocked).chain(left);
        all.max().unwrap_or(Exit::Done)
    }

    /// The deployments that are not what git says, or do not work, although the pass went
    /// to its end and nothing is withheld from them.
    pub fn left(&self) -> impl Iterator<Item = (&DeploymentId, Left)> {
        let complete = self.execution.as_ref().is_some_and(|execution| !execution.stopped);
        let withheld = |id| {
            let mut withheld = self.blocked.iter().filter(|b| !b.waiting_on.is_notice());
            withheld.any(|blocked| blocked.deployment.as_ref() == Some(id))
        };
        self.deployments.iter().filter(move |_| complete).filter_map(move |(id, state)| {
            let left = match state {
                state if state.health == Health::Degraded => Left::Broken,
                state if is_on_its_way(state) => Left::OnItsWay,
                state if state.sync == Sync::OutOfSync && !withheld(id) => Left::Different,
                _ => return None,
            };
            Some((id, left))
        })
    }
}

/// What is wrong with a deployment at the end of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// It is not what git says.
    Different,
    /// It does not work.
    Broken,
    /// It is not known to work yet.
    OnItsWay,
}

/// Whether a deployment is what git says, and only time can tell whether it works.
pub(super) fn is_on_its_way(state: &DeploymentState) -> bool {
    state.sync == Sync::Synced && state.health == Health::Progressing
}
