//! The ports: what the loop needs of the outside world, as traits. `adapters` implement
//! them with Docker, Consul, git and a clock; `sim` with a simulated world.
//!
//! Reading and changing are two traits: `plan` is given something that only implements
//! [`Observe`], so that it cannot change anything.
//!
//! Nothing here but [`Tree`] needs `Send`: the loop is single-threaded and spawns nothing.

mod last_words;
pub mod remedy;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::action::Action;
use model::catalog::CatalogContents;
use model::digest::Digest;
use model::id::{
    ContainerId, ContainerName, DeploymentId, EngineName, ImageRef, Revision, ServiceName, SourceId,
};
use model::ledger::{LedgerView, Stored};
use model::observed::{ContainerView, EngineContents, Probe};
use model::secret::Content;
use model::target::Outcome;
use model::time::{Instant, Timestamp};

pub use last_words::LastWords;
pub use tree::{NoTree, Tree, TreeEntry, TreeError, TreeKind};

/// What a look at an engine is interested in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Containers of these Compose projects are inspected even without labels of ours.
    pub deployments: BTreeSet<DeploymentId>,
    /// Files whose content is needed of containers of these services that bear no labels of
    /// ours: labels would say it.
    pub files: BTreeMap<(DeploymentId, ServiceName), BTreeSet<String>>,
    /// Images whose presence and defaults are needed.
    pub images: BTreeSet<ImageRef>,
    /// Names that containers of these deployments are to have, besides those that begin with
    /// the id of one.
    pub names: BTreeSet<ContainerName>,
    /// Whether these deployments are all that is of interest: of other containers only those
    /// with the names that they want, of records only theirs.
    pub only: bool,
}

/// What a look at the catalog is interested in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogScope {
    /// The engines whose nodes are ours.
    pub engines: BTreeSet<EngineName>,
    /// Names of services that others may use.
    pub services: BTreeSet<String>,
    /// The deployments whose entries are of interest; `None` if all are.
    pub only: Option<BTreeSet<DeploymentId>>,
}

impl CatalogScope {
    /// A look at the nodes of these engines, and at who uses these names.
    #[must_use]
    pub fn new(engines: BTreeSet<EngineName>, services: BTreeSet<String>) -> Self {
        Self { engines, services, only: None }
    }
}

/// What changed on an engine, as far as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Something of these deployments, and nothing else.
    Deployments(BTreeSet<DeploymentId>),
    /// Perhaps anything.
    Anything,
}

impl Changed {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Deployments(mut some), Self::Deployments(more)) => {
                some.extend(more);
                Self::Deployments(some)
            }
            _ => Self::Anything,
        }
    }
}

/// Why an outside system did not do what it was asked. The variant says what comes next;
/// the text never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// It cannot be reached: nothing is known about it. Wait and look again.
    #[error("{0}")]
    Unreachable(String),
    /// It did not answer in time; the call may have been carried out. Look again.
    #[error("{0}")]
    Timeout(String),
    /// What was asked about does not exist (any more). Look again.
    #[error("{0}")]
    Gone(String),
    /// Another process was first (a generation, a lease), or the world is not any more
    /// what the call was made for. Look again.
    #[error("{0}")]
    Conflict(String),
    /// Something else has what it needs (a port, an address, a subnet, a name); the text says
    /// what, and what to do. Asking again is useless until that is gone.
    #[error("{0}")]
    InUse(String),
    /// It refused: wrong credentials, or our own host policy. Asking again is useless.
    #[error("{0}")]
    Forbidden(String),
    /// It failed in its own way; the text is its message.
    #[error("{0}")]
    Failed(String),
}

impl OutsideError {
    /// The same error with another text.
    #[must_use]
    pub fn map(self, text: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Unreachable(message) => Self::Unreachable(text(&message)),
            Self::Timeout(message) => Self::Timeout(text(&message)),
            Self::Gone(message) => Self::Gone(text(&message)),
            Self::Conflict(message) => Self::Conflict(text(&message)),
            Self::InUse(message) => Self::InUse(text(&message)),
            Self::Forbidden(message) => Self::Forbidden(text(&message)),
            Self::Failed(message) => Self::Failed(text(&message)),
        }
    }
}

/// Read-only access to engines, the catalog and the ledger.
#[expect(async_fn_in_trait, reason = "the loop is single-threaded; no Send is wanted")]
pub trait Observe {
    /// Announces that all engines will soon be looked at, so that they can be asked
    /// already for what no scope changes. A hint: the next look at each may begin with it.
    /// Returns as soon as they are asked, which must not take long.
    async fn begin(&self) {}

    /// Everything of interest on an engine, or an error if any part of it could not be
    /// read: half an answer is no answer.
    async fn engine(
        &self,
        engine: &EngineName,
        scope: &Scope,
    ) -> Result<EngineContents, OutsideError>;

    /// One container; `None` if it does not exist.
    async fn container(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError>;

    /// The last lines of a container's log, oldest first.
    async fn log_tail(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError>;

    /// What is known of the end of a container that did not do what it should: the last lines of
    /// its log, and what the engine says besides.
    async fn last_words(
        &self,
        engine: &EngineName,
        container: &ContainerId,
        lines: usize,
    ) -> Result<LastWords, OutsideError> {
        let log = self.log_tail(engine, container, lines).await?;
        Ok(LastWords { log, ..LastWords::default() })
    }

    /// The last run of a container's health check, masked as its log is; `None` if there was none,
    /// or the container is gone. It is no part of a look: few want it, and of few containers.
    async fn probe(
        &self,
        engine: &EngineName,
        container: &ContainerId,
    ) -> Result<Option<Probe>, OutsideError> {
        let _ = (engine, container);
        Ok(None)
    }

    /// The files of a deployment's last stable state that are kept on its engine, if they are those
    /// with this SHA-256; `None` if they are not there (any more).
    async fn kept(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        digest: &Digest,
    ) -> Result<Option<Content>, OutsideError> {
        let _ = (engine, deployment, digest);
        Ok(None)
    }

    /// Our nodes in the catalog, and which of the scope's service names others use; `None` if
    /// no Consul is configured.
    async fn catalog(&self, scope: &CatalogScope) -> Result<Option<CatalogContents>, OutsideError>;

    /// The records of the ledger that Consul holds; `None` if no Consul is configured. Those
    /// that an engine holds come with the look at it.
    async fn ledger(&self) -> Result<Option<Stored>, OutsideError>;
}

/// Access that changes things.
#[expect(async_fn_in_trait, reason = "the loop is single-threaded; no Send is wanted")]
pub trait Act: Observe {
    /// Carries out one resolved action (never an `Await`): exactly one changing call.
    ///
    /// Just before a removal the target is read again and must still be what the action
    /// says. Build contexts are read from `tree`.
    async fn act(
        &self,
        engine: &EngineName,
        action: &Action,
        tree: &dyn Tree,
    ) -> Result<Outcome, OutsideError>;

    /// Keeps the files of a deployment's last stable state on its engine, beside those with the
    /// SHA-256 sums `beside`; any others are removed.
    async fn keep(
        &self,
        engine: &EngineName,
        deployment: &DeploymentId,
        files: &Content,
        beside: &BTreeSet<Digest>,
    ) -> Result<(), OutsideError>;

    /// Moves records of the ledger to where they are written now, and removes what newer ones
    /// have replaced. Does nothing to a ledger that is tidy; what does not succeed is tried
    /// after the next look.
    async fn tidy(&self, ledger: &LedgerView);
}

/// Time as the loop sees it: two clocks, since one can be set and the other tells nobody the
/// date.
#[expect(async_fn_in_trait, reason = "the loop is single-threaded; no Send is wanted")]
pub trait Clock {
    /// What the calendar says. It may jump, both ways: nothing is measured with it.
    fn now(&self) -> Timestamp;

    /// The clock that only grows: deadlines, waits and pauses are measured with it.
    fn instant(&self) -> Instant;

    /// Returns after this long, by [`Clock::instant`].
    async fn sleep(&self, span: Duration);
}

/// Hints that something happened on an engine. They only say when to look.
#[expect(async_fn_in_trait, reason = "the loop is single-threaded; no Send is wanted")]
pub trait Watch {
    /// Returns when an engine reported something since the last call: a container died,
    /// its health changed, a stream was lost and is back.
    async fn changed(&self) -> Changed;
}

/// A lease that this controller holds.
#[expect(async_fn_in_trait, reason = "the loop is single-threaded; no Send is wanted")]
pub trait Keep {
    /// How it was lost.
    type Lost;

    /// Keeps it; returns when it is lost, after which nothing may be changed. It has to run
    /// beside the work, not between its parts.
    async fn keep(&self) -> Self::Lost;
}

/// One revision of a source.
#[derive(Clone)]
pub struct Snapshot {
    /// Where it comes from.
    pub source: SourceId,
    /// Which revision.
    pub revision: Revision,
    /// The folder or stack file inside the tree that desired state starts from.
    pub start: String,
    /// Its files.
    pub tree: Arc<dyn Tree>,
}

impl Snapshot {
    /// Whether it is the same revision, read from the same place.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.source, &self.revision, &self.start)
            == (&other.source, &other.revision, &other.start)
    }
}

/// Why a source gave no snapshot. Nothing is changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It cannot be reached or read: nobody knows what it holds.
    #[error("{0}")]
    Unreachable(String),
    /// Its place was reached, and it is certain that nothing is there (any more): no such
    /// folder, repository, branch or path, no commit.
    #[error("{0}")]
    Missing(String),
    /// It refuses our credentials, or its host key is not known.
    #[error("{0}")]
    Forbidden(String),
    /// What it holds, or how it is named, cannot be used.
    #[error("{0}")]
    Invalid(String),
}

/// Where desired state comes from.
#[expect(async_fn_in_trait, reason = "the loop is single-threaded; no Send is wanted")]
pub trait Source {
    /// The newest revision.
    async fn fetch(&self) -> Result<Snapshot, SourceError>;

    /// Returns when it is worth fetching again: a poll interval passed, or a file
    /// changed. A hint, never the truth.
    async fn changed(&self);

    /// Returns when a source that could not be read has probably come back; never if it cannot
    /// tell: then it is tried again, less and less often.
    async fn returned(&self);
}
