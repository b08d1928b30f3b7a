//! What is decided about one replica, as data.

use std::collections::BTreeMap;

use super::order::Order;
use crate::plan::cause::Why;
use crate::plan::differ::Joined;
use crate::plan::fact::{Fact, Who};
use crate::plan::seen::{Owned, is_running};
use crate::plan::when::Others;
use model::action::Registrant;
use model::id::{
    ContainerId, ContainerName, EngineName, NetworkName, ReplicaId, ServiceName, VolumeName,
};
use model::labels::Identity;

/// What is decided about one replica.
pub(in crate::plan) struct Replica<'a> {
    pub(in crate::plan) id: ReplicaId,
    pub(in crate::plan) target: Target<'a>,
    /// Why and how the target is started; `None` if it runs or has done its work.
    pub(in crate::plan) start: Option<Start>,
    /// What one that runs was made for, as long as it does not work.
    pub(in crate::plan) made_for: Vec<Why>,
    /// The container that serves until the target works.
    pub(in crate::plan) serves: Option<&'a Owned<'a>>,
    /// Whether the commands after its start are run because nothing says that they ended.
    pub(in crate::plan) proves: bool,
    /// Removed at once: of no use, or their name is needed.
    pub(in crate::plan) useless: Vec<&'a Owned<'a>>,
    /// Removed when the target is healthy.
    pub(in crate::plan) old: Vec<&'a Owned<'a>>,
    /// One of these that ended by itself, and runs until then.
    pub(in crate::plan) meanwhile: Option<&'a Owned<'a>>,
    pub(in crate::plan) order: Order,
    /// The replica whose old container these live in, if they go because it stops.
    pub(in crate::plan) goes_before: Option<GoesBefore>,
    /// The target's new name, if it gets one in the end.
    pub(in crate::plan) rename: Option<(ContainerName, Why)>,
    /// Whether dependents have to follow if it is started.
    pub(in crate::plan) succeeds: bool,
    /// Containers in whose namespaces it runs, and which were or are started again since.
    pub(in crate::plan) restarted_hosts: Vec<(ContainerName, ContainerId)>,
    /// What is done about its catalog entries, if it stays as it runs.
    pub(in crate::plan) entry: Option<EntryChange>,
    /// Nothing is done about it.
    pub(in crate::plan) withheld: bool,
    /// What is done about it instead if an image that comes is another one. It stays then as far
    /// as all this is concerned, and is replaced there.
    pub(in crate::plan) instead: Option<Box<Instead<'a>>>,
}

/// The replacement of a replica by one of another image, if one comes.
pub(in crate::plan) struct Instead<'a> {
    /// The images that it is replaced for.
    pub(in crate::plan) others: Others,
    pub(in crate::plan) replica: Replica<'a>,
}

/// What the entries of a replica lack, and why.
pub(in crate::plan) struct Fix {
    pub(in crate::plan) entries: Vec<Registrant>,
    pub(in crate::plan) causes: Vec<Why>,
}

/// What is done about the catalog entries of a replica that stays as it runs.
pub(in crate::plan) enum EntryChange {
    /// What they lack is written.
    Fix(Fix),
    /// It leaves the network at which it is registered: it is registered again once it is on
    /// the other one.
    Again,
}

/// Whose stop a container in its namespaces precedes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum GoesBefore {
    /// The old container of this replica of the deployment.
    Replica(ReplicaId),
    /// A container that is removed at once.
    Removed,
    /// A container that leaves, and can wait until this one's successor may start.
    Leaving,
    /// A container of another deployment, which stops when these hold.
    Elsewhere(Vec<Fact>),
    /// A container of a slot of this service that it does not fill any more.
    Excess(ServiceName),
}

/// A replica's container as it shall be.
pub(in crate::plan) enum Target<'a> {
    /// One that exists, changed in place where it differs.
    Stays { owned: &'a Owned<'a>, limits: Vec<Why>, networks: Vec<(NetworkName, Why)> },
    /// A new one.
    New(Box<Successor>),
}

/// A container that is made.
pub(in crate::plan) struct Successor {
    pub(in crate::plan) identity: Identity,
    /// Its name at first.
    pub(in crate::plan) name: ContainerName,
    pub(in crate::plan) causes: Vec<Why>,
    pub(in crate::plan) joins: Vec<Joined>,
    /// Anonymous volumes that it takes over.
    pub(in crate::plan) volumes: BTreeMap<String, VolumeName>,
}

/// How a container is started.
pub(in crate::plan) enum Start {
    /// It is new.
    New,
    /// It exists and does not run; with what it was made for, if it never ran.
    Again(Vec<Why>),
    /// It is frozen.
    Unpause(Why),
}

impl<'a> Replica<'a> {
    /// The decision about it if all images that may be others are.
    pub(in crate::plan) fn in_other(&self) -> &Self {
        self.instead.as_ref().map_or(self, |instead| &instead.replica)
    }

    /// The images for which it is replaced, if they are others.
    pub(in crate::plan) fn others(&self) -> Others {
        self.instead.as_ref().map(|instead| instead.others.clone()).unwrap_or_default()
    }

    /// The container that exists already, if that is the replica's.
    pub(in crate::plan) fn existing(&self) -> Option<&'a Owned<'a>> {
        match &self.target {
            Target::Stays { owned, .. } => Some(owned),
            Target::New(_) => None,
        }
    }

    /// Which container it is.
    pub(in crate::plan) fn who(&self, engine: &EngineName) -> Who {
        match &self.target {
            Target::Stays { owned, .. } => Who::Known(owned.view.id.clone()),
            Target::New(new) => Who::Made(engine.clone(), new.name.clone()),
        }
    }

    /// The name that it has at first.
    pub(in crate::plan) fn name(&self) -> &ContainerName {
        match &self.target {
            Target::Stays { owned, .. } => &owned.view.name,
            Target::New(new) => &new.name,
        }
    }

    /// Every other container of the slot.
    pub(in crate::plan) fn surplus(&self) -> impl Iterator<Item = &'a Owned<'a>> {
        self.useless.iter().chain(&self.old).copied()
    }

    /// Whether something that runs has to stop before the target starts.
    pub(in crate::plan) fn stops_first(&self) -> bool {
        self.order.is_stop_first() && self.old.iter().any(|owned| is_running(owned))
    }

    /// Whether it is started as it is, and nothing else of it runs: it was registered while
    /// it ran; nobody reaches it until it is healthy again.
    pub(in crate::plan) fn starts_again(&self) -> bool {
        self.start.is_some() && self.existing().is_some() && self.surplus().next().is_none()
    }

    /// Whether it is registered again although it stays as it runs.
    pub(in crate::plan) fn registers_again(&self) -> bool {
        matches!(self.entry, Some(EntryChange::Again))
    }

    /// Whether dependents that ask for it have to follow because of this decision.
    pub(in crate::plan) fn moves(&self) -> bool {
        self.start.is_some() && (self.existing().is_some() || self.succeeds)
    }
}
