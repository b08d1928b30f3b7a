//! What is promised of every effect, and a promise that was broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::engine::ServiceKey;
use model::desired::Condition;
use model::id::{ContainerId, EngineName, ServiceName, Slot};
use model::time::Timestamp;

/// A promise about every effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Nothing foreign is touched, nor the controller's own container.
    OwnOnly,
    /// An anonymous volume goes over to the container's successor.
    NoDataLoss,
    /// No service falls below the promised number of healthy replicas by our doing.
    MinHealthy,
    /// No service has more running containers than its replicas and the surge, and no
    /// replica more than two of them.
    MaxSurge,
    /// Nothing is done to what the controller has not seen.
    NothingOnDoubt,
    /// Nothing starts before what it depends on is as it asks.
    Order,
    /// Nobody loses the namespaces that it lives in by our doing: a member of a
    /// container goes before it does.
    ParentLast,
    /// Nothing starts without the files that its identity promises.
    FilesFirst,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Timestamp,
    /// Which promise.
    pub invariant: Invariant,
    /// What was done.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.invariant, self.what)
    }
}

/// What the desired state promises about a service; the checks compare effects with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Where it runs; on its way from another engine nothing is promised there.
    pub engine: EngineName,
    /// How many replicas it has.
    pub replicas: u32,
    /// How many of its containers may run at any time; those on their way out do not count.
    pub max_running: u32,
    /// How many healthy replicas there are at least while they are replaced, if there were
    /// so many before.
    pub min_healthy: u32,
    /// What must hold of others when one of its containers starts.
    pub after: BTreeMap<ServiceName, Condition>,
}

impl Promise {
    /// What holds also where the other one is promised.
    pub(super) fn weaken(&mut self, other: &Self) {
        self.max_running = self.max_running.max(other.max_running);
        // What moves between the two may have as many down as either allows.
        let down = |of: &Self| of.replicas.saturating_sub(of.min_healthy);
        let down = down(self).max(down(other));
        self.replicas = self.replicas.min(other.replicas);
        self.min_healthy = self.replicas.saturating_sub(down);
        self.after.retain(|on, condition| other.after.get(on) == Some(condition));
    }
}

/// What the controller saw of an engine at its last look that succeeded.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Which replicas of each service were healthy then.
    pub(super) healthy: BTreeMap<ServiceKey, BTreeSet<Slot>>,
    /// Services that changed by themselves or by a hand since this controller's first
    /// look: what it does may rest on any of its looks.
    pub(super) disturbed: BTreeSet<ServiceKey>,
    /// Healthy containers that a controller before this one, which is gone, was stopping at this
    /// one's first look: no engine shows that, and to the planner they are healthy.
    pub(super) ending: BTreeSet<ContainerId>,
}
