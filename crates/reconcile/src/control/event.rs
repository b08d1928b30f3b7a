//! What happens in a pass, as it happens. Nothing is printed here.

use std::time::Duration;

use model::id::{DeploymentId, EngineName, Revision, StepId};
use model::plan::{Plan, Step};
use model::rollback::Instead;
use model::time::Timestamp;
use world::{OutsideError, SourceError};

use super::backoff::Held;
use super::observe::Part;
use super::report::{Failure, Report};
use super::status::Status;

/// Something happened. It borrows its subject: a receiver that keeps it copies.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The source gave no snapshot; desired state stays as it was.
    SourceFailed(&'a SourceError),
    /// A pass begins.
    PassStarted {
        /// Which revision is to be applied.
        revision: &'a Revision,
    },
    /// A part could not be read: nothing that depends on it is touched. The controller
    /// says so once, until the part answers again.
    Unreachable {
        /// Which part.
        part: &'a Part,
        /// What went wrong.
        error: &'a str,
    },
    /// A part that could not be read answers again.
    Reachable {
        /// Which part.
        part: &'a Part,
    },
    /// What is to be done.
    Planned(&'a Plan),
    /// The rollout of a revision failed: it is not tried again for now.
    GivenUp {
        /// Of which deployment.
        deployment: &'a DeploymentId,
        /// What is wanted instead.
        instead: &'a Instead,
    },
    /// A deployment works, but cannot be returned to: its files could not be kept.
    NotKept {
        /// Which deployment.
        deployment: &'a DeploymentId,
        /// Why not.
        why: &'a str,
    },
    /// A step is put off because it failed, or was needed, too often.
    Held(&'a Held),
    /// A step begins.
    StepStarted(&'a Step),
    /// A step succeeded.
    StepFinished {
        /// Which.
        step: &'a Step,
        /// How long it took.
        took: Duration,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: &'a Step,
        /// Why.
        failure: &'a Failure,
    },
    /// A step failed, and what comes after it goes on all the same.
    StepForgiven {
        /// Which.
        step: &'a Step,
        /// Why.
        failure: &'a Failure,
    },
    /// A step is not carried out, because no image came that it is there for.
    StepNotNeeded(&'a Step),
    /// A step is not carried out, because one that it needs was not.
    StepDropped {
        /// Which.
        step: &'a Step,
        /// The failed, put off or stopped one at the beginning of the chain.
        because: StepId,
    },
    /// A step is not carried out, or given up, because of a request to stop or a newer
    /// revision.
    StepStopped(&'a Step),
    /// An engine, on which containers are waited for, has not answered for some time. Said again
    /// while it lasts.
    Silent {
        /// Which engine.
        engine: &'a EngineName,
        /// For how long.
        since: Duration,
        /// What went wrong at last.
        error: &'a OutsideError,
    },
    /// What became of a rollout could not be entered into the history.
    NotRemembered {
        /// Of which deployment.
        deployment: &'a DeploymentId,
        /// Why.
        error: &'a OutsideError,
    },
    /// A pass is over.
    PassFinished(&'a Report),
    /// The controller's view of the world after a look.
    Status(&'a Status),
    /// The controller's loop is alive. Sent at least every few seconds, whatever it
    /// waits for.
    Alive,
    /// The controller sleeps, at the latest until then, unless something happens.
    Waiting {
        /// When it looks again.
        next: Timestamp,
    },
}

/// A receiver of events.
pub trait Progress {
    /// Something happened. Called from the loop: it must not block.
    fn event(&self, event: &Event<'_>);
}

/// Ignores all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: &Event<'_>) {}
}
