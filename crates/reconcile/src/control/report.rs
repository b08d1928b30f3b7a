//! What a pass did and left undone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::desired::{DesiredState, Entry};
use model::diagnostic::Diagnostic;
use model::id::StepId;
use model::id::{DeploymentId, Revision, ServiceName};
use model::observed::ObservedState;
use model::plan::{Blocked, DeploymentState, Plan, Step, Sync, WaitingOn};
use model::rollback::Instead;
use model::target::Unresolved;
use world::{LastWords, OutsideError, SourceError};

use super::observe::{Part, unseen};
use super::wait::{Pending, WaitError};

/// What a pass did and left undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a pass that nobody hears of might have failed"]
pub struct Report {
    /// What was to be applied; `None` if the source gave no snapshot.
    pub revision: Option<Revision>,
    /// Why there was no pass, or none to the end.
    pub error: Option<PassError>,
    /// Messages about deployments, warnings included; `None` collects those about the
    /// list of deployments itself.
    pub diagnostics: BTreeMap<Option<DeploymentId>, Vec<Diagnostic>>,
    /// The parts that could not be read, and what they said.
    pub unseen: BTreeMap<Part, String>,
    /// What was carried out; `None` if nothing was to be.
    pub execution: Option<Execution>,
    /// What became of the deployments whose rollout failed.
    pub back: Option<GoneBack>,
    /// What is withheld, as of the last look.
    pub blocked: Vec<Blocked>,
    /// The state of every deployment, as of the last look.
    pub deployments: BTreeMap<DeploymentId, DeploymentState>,
}

/// Why there was no pass, or none to the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassError {
    /// The source gave no snapshot.
    #[error("the source cannot be read: {0}")]
    Source(SourceError),
    /// The plan breaks a promise of the planner; it was not carried out.
    #[error("BUG: the plan is faulty and was not carried out: {}", .0.join("; "))]
    Faulty(Vec<String>),
}

impl PassError {
    /// What follows from it, where that is not plain.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Source(SourceError::Missing(_)) => {
                Some("a source that is gone removes nothing: what was deployed from it stays")
            }
            // As libgit2 words it.
            Self::Source(SourceError::Unreachable(why))
                if why.contains("could not find repository") =>
            {
                Some("without `--git` a folder is read as it is; `git init` and a commit make one")
            }
            _ => None,
        }
    }
}

/// What became of deployments whose rollout failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoneBack {
    /// What was wanted of each then.
    pub deployments: BTreeMap<DeploymentId, Instead>,
    /// What was carried out for that.
    pub execution: Execution,
    /// The jobs of each that had run, and the services whose data they may have changed.
    pub touched: BTreeMap<DeploymentId, BTreeMap<ServiceName, BTreeSet<ServiceName>>>,
}

impl GoneBack {
    /// The revision to which a deployment has returned, if it has.
    #[must_use]
    pub fn has_returned(&self, id: &DeploymentId) -> Option<&Revision> {
        let mut steps = self.execution.steps.iter().filter(|(step, _)| step.deployment == *id);
        let is_done = steps.all(|(_, ending)| {
            matches!(ending, Ending::Done { .. } | Ending::Forgiven(_) | Ending::NotNeeded)
        });
        self.deployments.get(id)?.revision().filter(|_| is_done)
    }
}

/// What became of a plan's steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    /// The steps, in the plan's order, each with its end.
    pub steps: Vec<(Step, Ending)>,
    /// Whether a request to stop, or a newer revision, cut it short.
    pub stopped: bool,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It succeeded.
    Done {
        /// How long it took.
        took: Duration,
    },
    /// It failed.
    Failed(Failure),
    /// It failed, and what comes after it goes on all the same.
    Forgiven(Failure),
    /// It was not carried out, because no image came that it is there for ([`OnlyIf`]); what comes
    /// after it goes on.
    NotNeeded,
    /// It was not carried out, because one that it needs was not.
    Dropped {
        /// The failed or stopped step at the beginning of the chain.
        because: StepId,
    },
    /// It was not carried out, or given up, on request.
    Stopped,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error.
    pub error: StepError,
    /// What the container left, if it is about one.
    pub last: LastWords,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The outside system said no.
    #[error(transparent)]
    Outside(OutsideError),
    /// An earlier step did not yield what this one needs.
    #[error(transparent)]
    Unresolved(Unresolved),
    /// What was waited for did not come.
    #[error(transparent)]
    Wait(WaitError),
}

impl StepError {
    /// The exit code of the container, if it is known and what the failure is about.
    #[must_use]
    pub fn exit_code(&self) -> Option<i64> {
        match self {
            Self::Wait(WaitError::Ended { code }) => Some(*code),
            Self::Wait(WaitError::CrashLoop { code, .. }) => *code,
            Self::Outside(_) | Self::Unresolved(_) | Self::Wait(_) => None,
        }
    }

    /// Whether it is what the health check says.
    #[must_use]
    pub fn is_of_probe(&self) -> bool {
        let Self::Wait(error) = self else { return false };
        matches!(
            error,
            WaitError::Unhealthy { .. }
                | WaitError::Deadline { last: Pending::Starting | Pending::Unhealthy, .. }
        )
    }

    /// The outside system's error, if one is behind it.
    #[must_use]
    pub fn outside(&self) -> Option<&OutsideError> {
        match self {
            Self::Outside(error) | Self::Wait(WaitError::Outside(error)) => Some(error),
            Self::Unresolved(_) | Self::Wait(_) => None,
        }
    }
}

impl Execution {
    /// Several executions as one; `None` without any.
    pub(super) fn joined(executions: Vec<Self>) -> Option<Self> {
        executions.into_iter().reduce(|mut all, execution| {
            all.join(execution);
            all
        })
    }

    /// Adds what was carried out after it.
    pub(super) fn join(&mut self, other: Self) {
        self.steps.extend(other.steps);
        self.stopped |= other.stopped;
    }

    /// The steps that failed.
    pub fn failures(&self) -> impl Iterator<Item = (&Step, &Failure)> {
        self.steps.iter().filter_map(|(step, ending)| match ending {
            Ending::Failed(failure) => Some((step, failure)),
            _ => None,
        })
    }

    /// The steps that were not carried out: what remains.
    pub fn remaining(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter_map(|(step, ending)| match ending {
            Ending::Dropped { .. } | Ending::Stopped => Some(step),
            Ending::Done { .. } | Ending::Failed(_) | Ending::Forgiven(_) | Ending::NotNeeded => {
                None
            }
        })
    }
}

impl Report {
    /// The report of a pass that had nothing to apply.
    pub(super) fn unread(error: SourceError) -> Self {
        Self { error: Some(PassError::Source(error)), ..Self::default() }
    }

    /// The same with what a look at a part of the deployments says of them.
    pub(super) fn with_part(mut self, part: &BTreeSet<DeploymentId>, partial: Self) -> Self {
        let is_of =
            |blocked: &Blocked| blocked.deployment.as_ref().is_some_and(|id| part.contains(id));
        self.blocked.retain(|blocked| !is_of(blocked));
        for blocked in partial.blocked.into_iter().filter(|blocked| is_of(blocked)) {
            // As in a plan of everything: what left the source comes last.
            let is_left = |id: &DeploymentId| !self.deployments.contains_key(id);
            let follows = |other: &Blocked| {
                other.deployment > blocked.deployment
                    || other.deployment.as_ref().is_some_and(is_left)
            };
            let at = self.blocked.iter().position(follows).unwrap_or(self.blocked.len());
            self.blocked.insert(at, blocked);
        }
        self.deployments.extend(partial.deployments);
        Self { error: partial.error, execution: None, ..self }
    }

    /// Whether a look at these deployments alone says all about them: everything was seen, none
    /// of them waits for anything, and nobody for what others do.
    pub(super) fn allows_part(&self, part: &BTreeSet<DeploymentId>) -> bool {
        let waits = |blocked: &Blocked| {
            let Blocked { deployment, waiting_on, .. } = blocked;
            let of_it = deployment.as_ref().is_none_or(|id| part.contains(id));
            !waiting_on.is_notice() && (of_it || waiting_on.is_met_by_others())
        };
        self.error.is_none() && self.unseen.is_empty() && !self.blocked.iter().any(waits)
    }

    /// Whether something is withheld until what the source lacks is certain.
    pub(super) fn awaits_absence(&self) -> bool {
        let mut waits = self.blocked.iter().map(|blocked| &blocked.waiting_on);
        waits.any(|waiting_on| matches!(waiting_on, WaitingOn::Absence { .. }))
    }

    /// The report of a plan before its execution. Where
    /// only the catalog has yet to follow a replica's health, everything is as git says.
    pub fn of_plan(desired: &DesiredState, observed: &ObservedState, plan: &Plan) -> Self {
        let mut deployments = plan.deployments.clone();
        for id in plan.only_health() {
            let blocked = plan.blocked.iter().filter(|blocked| !blocked.waiting_on.is_notice());
            let withheld = blocked.filter_map(|blocked| blocked.deployment.as_ref());
            if let Some(state) = deployments.get_mut(id)
                && !withheld.into_iter().any(|withheld| withheld == id)
            {
                state.sync = Sync::Synced;
            }
        }
        Self {
            revision: Some(desired.revision.clone()),
            error: None,
            diagnostics: diagnostics(desired),
            unseen: unseen(observed),
            execution: None,
            back: None,
            blocked: plan.blocked.clone(),
            deployments,
        }
    }
}

fn diagnostics(desired: &DesiredState) -> BTreeMap<Option<DeploymentId>, Vec<Diagnostic>> {
    let each = desired.deployments.iter().map(|(id, entry)| {
        let (Entry::Valid(_, list) | Entry::Invalid(list)) = entry;
        (Some(id.clone()), list.clone())
    });
    let all = each.chain([(None, desired.unreported())]);
    all.filter(|(_, list)| !list.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::digest::Digest;
    use model::plan::{Health, Sync};

    fn blocked(deployment: &str, waiting_on: WaitingOn) -> Blocked {
        let deployment = Some(deployment.into());
        Blocked { deployment, subject: String::new(), waiting_on, at: None }
    }

    #[test]
    fn a_part_that_says_nothing_new_leaves_the_report_as_it_was() {
        let state = DeploymentState { sync: Sync::Synced, health: Health::Healthy };
        let at = |ids: &[&str]| ids.iter().map(|id| ((*id).into(), state.clone())).collect();
        // What left the source comes last, whatever its name is.
        let approval = WaitingOn::Approval { digest: Digest::of("all") };
        let all = ["b", "c", "d"].map(|id| blocked(id, WaitingOn::Address));
        let all = all.into_iter().chain([blocked("a", approval.clone()), blocked("e", approval)]);
        let whole = Report {
            blocked: all.collect(),
            deployments: at(&["b", "c", "d", "f"]),
            ..Report::default()
        };
        for id in ["b", "c", "d"] {
            let partial = Report {
                blocked: vec![blocked(id, WaitingOn::Address)],
                deployments: at(&[id]),
                ..Report::default()
            };
            assert!(whole.allows_part(&[id.into()].into()));
            assert_eq!(whole.clone().with_part(&[id.into()].into(), partial), whole, "{id}");
        }
    }
}
