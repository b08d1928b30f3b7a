//! A plan: the steps that would make the world agree with git, why each is there, and
//! what is withheld.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::action::{Action, LedgerChange};
pub use super::adoption::{Adopted, LeftAlone, Thing, WhyLeft};
use super::diagnostic::Loc;
pub use super::difference::{ChangedBy, Difference};
use super::digest::Digest;
use super::id::StepId;
use super::id::{
    ContainerName, DeploymentId, EngineName, NetworkName, ReplicaId, Revision, ServiceName,
    SourceId,
};
pub use super::only_if::OnlyIf;
use super::time::Timestamp;
pub use super::waiting::{Blocked, StaysOn, WaitingOn};

/// What would be done, in a topological order, and what would not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[must_use = "a plan that nobody reads or executes was made in vain"]
pub struct Plan {
    /// Where desired state comes from.
    pub source: SourceId,
    /// What it was read from.
    pub revision: Revision,
    /// The steps; each comes after all of its predecessors.
    pub steps: Vec<Step>,
    /// What is withheld, and what it waits for.
    pub blocked: Vec<Blocked>,
    /// What is ours from now on although we did not make it.
    pub adopted: Vec<Adopted>,
    /// The ledger writes that make adoption last where nothing else is to be done. They
    /// change nothing that runs, and are no steps.
    pub adoptions: Vec<Step>,
    /// What belongs to a deployment's Compose project, but not to its stack.
    pub left_alone: Vec<LeftAlone>,
    /// Deployments that run, but of which nothing is remembered.
    pub forgotten: Vec<Forgotten>,
    /// What the deployments that change take of the host, written like grants.
    pub host: BTreeMap<DeploymentId, Vec<String>>,
    /// The size of each service that changes.
    pub sizes: BTreeMap<DeploymentId, BTreeMap<ServiceName, Size>>,
    /// How long the last rollout took that was done, of deployments that make
    /// containers.
    pub last_took: BTreeMap<DeploymentId, Duration>,
    /// The revisions that deployments return to, because the source's failed.
    pub back_to: BTreeMap<DeploymentId, Revision>,
    /// The state of every deployment, desired or only observed.
    pub deployments: BTreeMap<DeploymentId, DeploymentState>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// The deployment it is for.
    pub deployment: DeploymentId,
    /// The engine it acts on, or whose containers it registers.
    pub engine: EngineName,
    /// What it does.
    pub action: Action,
    /// Why; never empty.
    pub causes: Vec<Cause>,
    /// The replica that it is a part of the change of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica: Option<ReplicaId>,
    /// The steps that must have succeeded before, as far as they are needed.
    pub after: BTreeSet<StepId>,
    /// When it is needed, if that depends on what earlier steps bring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if: Option<OnlyIf>,
}

/// How many replicas a service is to have, and how many of them move at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Replicas.
    pub replicas: u32,
    /// `update_config.parallelism`.
    pub parallelism: u32,
}

/// Why something is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The reason.
    pub reason: Reason,
    /// Where the desired side is written; `None` when nothing in git says it.
    pub at: Option<Loc>,
}

/// The reasons that exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reason {
    /// It does not exist.
    Missing,
    /// One more replica was asked for.
    ScaledUp {
        /// Replicas at the last revision.
        from: u32,
        /// Replicas now.
        to: u32,
    },
    /// Fewer replicas were asked for.
    ScaledDown {
        /// Replicas that exist.
        from: u32,
        /// Replicas now.
        to: u32,
    },
    /// A field differs.
    Changed(Difference),
    /// The image is not on the engine.
    ImageAbsent,
    /// The image is there, but its policy asks for a newer one.
    Refreshed,
    /// No image was built from this context yet.
    NotBuilt {
        /// The hash of the context.
        hash: Digest,
    },
    /// The container ended although it should run.
    Exited {
        /// Its exit code.
        code: i64,
    },
    /// The container was made but never started.
    NeverStarted,
    /// It never ran, and something of an earlier start keeps the engine from starting it.
    Stuck,
    /// It ended by itself, and runs until what takes its place is healthy.
    Meanwhile,
    /// The container is frozen.
    Paused,
    /// It runs, but nothing proves that the commands after its start have run.
    HooksUnproven,
    /// A container runs before the service's own.
    Prepares,
    /// An earlier run left it.
    LeftOver,
    /// The stack wants time between two replicas.
    #[serde(rename = "lingers")]
    UpdateDelay,
    /// It was made, but nothing proves that its files were put into it.
    FilesUnproven,
    /// A second container of the same replica, or a second network of one name.
    Duplicate,
    /// The service is no longer in the stack.
    ServiceRemoved,
    /// The deployment is no longer in the source.
    DeploymentRemoved,
    /// A network that it is attached to is replaced.
    NetworkReplaced {
        /// Which.
        network: NetworkName,
    },
    /// A network that it is attached to is removed, because another one gets its addresses.
    NetworkVacated {
        /// Which.
        network: NetworkName,
        /// The one that gets them.
        other: NetworkName,
    },
    /// The network is not what the stack says, and the engine changes none that exists.
    NetworkChanged,
    /// Another deployment made the network, and does so no more.
    NetworkInherited {
        /// The other deployment.
        deployment: DeploymentId,
    },
    /// A service that it depends on was replaced or restarted.
    DependencyMoved {
        /// Which.
        service: ServiceName,
    },
    /// A container whose namespace it shares was started again.
    HostRestarted {
        /// Which.
        container: ContainerName,
    },
    /// A dependent waits for it.
    Awaited,
    /// It belongs to the change that another step begins.
    Follows {
        /// Which step.
        step: StepId,
    },
    /// An update that failed or was broken off left it beside the container that stays.
    Superseded,
    /// It makes room for the container that takes its place.
    Replaced {
        /// Whether the new one starts first, and if not, why not.
        order: String,
    },
    /// The replica is not in the catalog.
    NotRegistered,
    /// Nothing that runs belongs to this catalog entry.
    Stale,
    /// What was applied shall be remembered.
    Applied,
    /// Compose made it for this very stack.
    MadeByCompose,
}

/// The ledger has no record of a deployment whose containers are ours by their labels: it was
/// lost, or never written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Where it runs.
    pub engine: EngineName,
}

/// Two facts about a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentState {
    /// Whether it is what git says.
    pub sync: Sync,
    /// Whether it works.
    pub health: Health,
}

/// Whether a deployment is what git says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sync {
    /// It is.
    Synced,
    /// It is not.
    OutOfSync,
    /// Something could not be read.
    Unknown,
}

/// Whether a deployment works, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Health {
    /// There is nothing, and nothing is wanted: each service has 0 replicas, or there is none.
    Empty,
    /// All replicas run and their checks pass.
    Healthy,
    /// It is paused.
    Suspended,
    /// Some are not known yet.
    Progressing,
    /// Some do not exist.
    Missing,
    /// Some fail.
    Degraded,
    /// It could not be read.
    Unknown,
}

impl Step {
    /// Whether it begins a change, and does not only belong to that of another step.
    #[must_use]
    pub fn begins_change(&self) -> bool {
        self.causes.iter().any(|cause| {
            !matches!(
                cause.reason,
                Reason::Follows { .. }
                    | Reason::Replaced { .. }
                    | Reason::Superseded
                    | Reason::Stale
                    | Reason::Prepares
            )
        })
    }
}

impl Plan {
    /// One without steps.
    pub fn empty(source: SourceId, revision: Revision) -> Self {
        Self {
            source,
            revision,
            steps: Vec::new(),
            blocked: Vec::new(),
            adopted: Vec::new(),
            adoptions: Vec::new(),
            left_alone: Vec::new(),
            forgotten: Vec::new(),
            host: BTreeMap::new(),
            sizes: BTreeMap::new(),
            last_took: BTreeMap::new(),
            back_to: BTreeMap::new(),
            deployments: BTreeMap::new(),
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The same plan with only these of its steps and adoptions.
    pub fn with_only(mut self, steps: &[Step]) -> Self {
        let ids: BTreeSet<StepId> = steps.iter().map(|step| step.id).collect();
        let stays = |step: &Step| ids.contains(&step.id);
        self.steps.retain(stays);
        self.adoptions.retain(stays);
        self
    }

    /// The same without the times that it will remember: two plans of the same world, made one
    /// after the other, differ in nothing else.
    pub fn timeless(mut self) -> Self {
        for step in self.steps.iter_mut().chain(&mut self.adoptions) {
            let Action::WriteLedger { change } = &mut step.action else { continue };
            let record = match change {
                LedgerChange::Record { record, .. } => Some(record),
                LedgerChange::Adopt { record, .. } => record.as_mut(),
                LedgerChange::Enter { .. }
                | LedgerChange::Stable { .. }
                | LedgerChange::Quarantine { .. }
                | LedgerChange::Pin { .. }
                | LedgerChange::Resume { .. }
                | LedgerChange::Forget { .. } => None,
            };
            let pulled = record.into_iter().flat_map(|record| record.pulled.values_mut());
            pulled.for_each(|pulled| pulled.at = Timestamp(0));
        }
        self
    }

    /// Whether a step of one deployment waits for one of another.
    #[must_use]
    pub fn crosses(&self) -> bool {
        let whose: BTreeMap<_, _> = self.steps.iter().map(|s| (s.id, &s.deployment)).collect();
        let waits =
            |step: &Step, id: &StepId| whose.get(id).is_some_and(|of| **of != step.deployment);
        self.steps.iter().any(|step| step.after.iter().any(|id| waits(step, id)))
    }

    /// The step of this number.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }
}
