//! One replica: which of its containers stays, what is made instead, and which of the two
//! goes first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::order::{Order, anonymous_volumes, order};
use super::service::Scope;
use crate::model::desired::Service;
use crate::model::id::{ContainerId, ContainerName, NetworkName, ReplicaId, Slot, VolumeName};
use crate::model::labels::Identity;
use crate::model::observed::Status;
use crate::model::plan::{Blocked, ChangedBy, Difference, Reason, WaitingOn};
use crate::plan::cause::{Why, because};
use crate::plan::differ::{Drift, Joined, compare};
use crate::plan::fact::Who;
use crate::plan::seen::{Owned, is_done, is_good, is_running, unusable};

/// What is decided about one replica.
pub(in crate::plan) struct Replica<'a> {
    pub(in crate::plan) id: ReplicaId,
    pub(in crate::plan) target: Target<'a>,
    /// Why and how the target is started; `None` if it runs or has done its work.
    pub(in crate::plan) start: Option<Start>,
    /// Whether the commands after its start are run because nothing says that they ended.
    pub(in crate::plan) proves: bool,
    /// Removed at once: of no use, or their name is needed.
    pub(in crate::plan) useless: Vec<&'a Owned<'a>>,
    /// Removed when the target is good.
    pub(in crate::plan) old: Vec<&'a Owned<'a>>,
    pub(in crate::plan) order: Order,
    /// The replica whose old container these live in, if they go because it stops.
    pub(in crate::plan) goes_before: Option<GoesBefore>,
    /// The target's new name, if it gets one in the end.
    pub(in crate::plan) rename: Option<(ContainerName, Why)>,
    /// Whether dependents have to follow if it is started.
    pub(in crate::plan) succeeds: bool,
    /// Containers in whose namespaces it runs, and which were or are started again since.
    pub(in crate::plan) restarted_hosts: Vec<(ContainerName, ContainerId)>,
    /// What its catalog entries lack, if it stays as it runs.
    pub(in crate::plan) entry: Option<super::Fix>,
    /// Nothing is done about it.
    pub(in crate::plan) withheld: bool,
}

/// Whose stop a container in its namespaces precedes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum GoesBefore {
    /// The old container of this replica of the deployment.
    Replica(ReplicaId),
    /// A container that is removed at once.
    Removed,
    /// A container of a slot of this service that it does not fill any more.
    Excess(crate::model::id::ServiceName),
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
    /// It exists and does not run.
    Again(Why),
    /// It is frozen.
    Unpause(Why),
}

impl<'a> Replica<'a> {
    /// The container that exists already, if that is the replica's.
    pub(in crate::plan) fn existing(&self) -> Option<&'a Owned<'a>> {
        match &self.target {
            Target::Stays { owned, .. } => Some(owned),
            Target::New(_) => None,
        }
    }

    /// Which container it is.
    pub(in crate::plan) fn who(&self, engine: &crate::model::id::EngineName) -> Who {
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

    /// Whether dependents that ask for it have to follow because of this decision.
    pub(in crate::plan) fn moves(&self) -> bool {
        self.start.is_some() && (self.existing().is_some() || self.succeeds)
    }
}

/// The containers of a slot, sorted into the one that stays and the others.
pub(super) struct Choice<'a> {
    pub(super) keep: Option<(&'a Owned<'a>, Drift)>,
    /// Why there is nothing to keep.
    causes: Vec<Why>,
    surplus: Vec<&'a Owned<'a>>,
}

/// Which container of a slot stays, if one does.
pub(super) fn choose<'a>(scope: &Scope<'_, 'a>, service: &'a Service, slot: Slot) -> Choice<'a> {
    let context = scope.context;
    let image = scope.images[&service.spec.image];
    let mut matching = Vec::new();
    let mut other = Vec::new();
    for owned in context.slot(&service.name, slot) {
        let mut drift = compare(service, owned, image, (&scope.joins, context));
        drift.recreate.extend(unusable(service, owned));
        drift.recreate.extend(scope.renewed_networks(owned));
        if drift.matches() {
            matching.push((owned, drift));
        } else {
            other.push((owned, drift));
        }
    }
    matching.sort_by_key(|(owned, _)| (!is_running(owned), !owned.has_canonical_name()));
    let mut matching = matching.into_iter();
    let keep = matching.next();
    let causes = match (&keep, other.last()) {
        (None, Some((_, drift))) => drift.recreate.clone(),
        _ => Vec::new(),
    };
    let mut surplus: Vec<_> = matching.map(|(owned, _)| owned).collect();
    surplus.extend(other.into_iter().map(|(owned, _)| owned));
    Choice { keep, causes, surplus }
}

/// Decides about one replica, given which of its containers stays.
pub(super) fn decide<'a>(
    scope: &Scope<'_, 'a>,
    service: &'a Service,
    slot: Slot,
    choice: Choice<'a>,
    blocked: &mut Vec<Blocked>,
) -> Replica<'a> {
    let context = scope.context;
    let id = context.replica(service, slot);
    let recorded = context.recorded_scale(&service.name);
    let succeeds = !choice.surplus.is_empty() || recorded >= slot.0;
    let Choice { keep, causes, surplus } = choice;
    let goes_before = surplus.iter().find_map(|owned| scope.goes_before(owned));
    let collides = scope.collides(service, &surplus, goes_before.is_some());
    let renews = surplus.iter().any(|owned| scope.renewed_networks(owned).is_some());
    let order = scope.yielding(&id, renews, order(service, &surplus, collides));
    let keep = keep.ok_or_else(|| super::identity(context, service, slot, succeeds));
    let (useless, old) = make_room(service, &surplus, keep.as_ref().err());
    let target = match keep {
        Ok((owned, drift)) => stays(owned, drift),
        Err(identity) => {
            let causes =
                if causes.is_empty() { absent(service, &identity, recorded) } else { causes };
            let name = scope.first_name(service, &identity, &old, &surplus);
            let volumes = anonymous_volumes(service, &surplus);
            let joins = scope.joins.clone();
            Target::New(Box::new(Successor { identity, name, causes, joins, volumes }))
        }
    };
    let start = start(service, &target);
    let mut replica = Replica {
        id,
        target,
        start,
        proves: false,
        useless,
        old,
        order,
        goes_before,
        rename: None,
        succeeds,
        restarted_hosts: Vec::new(),
        entry: None,
        withheld: false,
    };
    replica.restarted_hosts = scope.restarted_hosts(&replica);
    replica.proves = replica.start.is_none() && proves(service, &replica);
    replica.rename = rename(service, &replica);
    if let Some(own) = scope.own_container(replica.surplus()) {
        let command = format!("docker rm -f {}", own.view.name);
        let subject = format!("replace container {}, in which this controller runs", own.view.name);
        blocked.push(scope.withhold(service, subject, WaitingOn::OwnContainer { command }));
        replica.withheld = true;
    }
    if let Some((subject, waiting_on)) = scope.lacks(service, &replica) {
        blocked.push(scope.withhold(service, subject, waiting_on));
        replica.withheld = true;
    }
    replica
}

fn stays<'a>(owned: &'a Owned<'a>, drift: Drift) -> Target<'a> {
    let (mut limits, mut networks) = (Vec::new(), Vec::new());
    for why in drift.in_place {
        match why.field().and_then(|field| field.strip_prefix("networks.")) {
            Some(network) => networks.push((NetworkName::new(network), why)),
            None => limits.push(why),
        }
    }
    Target::Stays { owned, limits, networks }
}

/// Of several containers that shall all go: those that are of no use, and those that stay
/// until the target is good. Where more than one lives, all but the best are of no use;
/// and where both names are borne that a new one could have, the worse of the two.
fn make_room<'a>(
    service: &Service,
    surplus: &[&'a Owned<'a>],
    successor: Option<&Identity>,
) -> (Vec<&'a Owned<'a>>, Vec<&'a Owned<'a>>) {
    let mut useless: Vec<&'a Owned<'a>> = Vec::new();
    let mut best_first = surplus.to_vec();
    // Of two good ones the newer stays: the other may have been asked to stop already.
    best_first
        .sort_by_key(|owned| (!is_good(owned), !is_running(owned), Reverse(owned.view.created_at)));
    let mut left: Vec<&'a Owned<'a>> = Vec::new();
    for owned in best_first {
        if is_running(owned) && left.first().is_some_and(|best| is_running(best)) {
            useless.push(owned);
        } else {
            left.push(owned);
        }
    }
    if let Some(identity) = successor {
        // What has hooks begins under its second name.
        let begun = |owned: &&&Owned<'_>| {
            let second = owned.view.name == identity.surge_name();
            second && !is_running(owned) && !service.hooks.post_start.is_empty()
        };
        if let Some(idle) = left.iter().find(begun).copied() {
            useless.push(idle);
            left.retain(|owned| owned.view.id != idle.view.id);
        }
        let names = [identity.name.clone(), identity.surge_name()];
        let bearers: Vec<_> =
            left.iter().filter(|o| names.contains(&o.view.name)).copied().collect();
        if let [_, .., worst] = bearers[..] {
            useless.push(worst);
        }
    }
    let gone = |owned: &Owned<'_>| useless.iter().any(|other| other.view.id == owned.view.id);
    let old = surplus.iter().copied().filter(|owned| !gone(owned)).collect();
    (useless, old)
}

/// Why a container has to be started; `None` if it runs or has done its work.
fn start(service: &Service, target: &Target<'_>) -> Option<Start> {
    let Target::Stays { owned, .. } = target else { return Some(Start::New) };
    start_again(service, owned)
}

/// The same for one that exists.
pub(super) fn start_again(service: &Service, owned: &Owned<'_>) -> Option<Start> {
    let at = service.origins.find("");
    match owned.view.state.status {
        Status::Running | Status::Restarting => None,
        Status::Exited if is_done(service, owned) => None,
        Status::Created => Some(Start::Again(because(Reason::NeverStarted, at))),
        Status::Paused => Some(Start::Unpause(because(Reason::Paused, at))),
        Status::Exited | Status::Dead | Status::Removing => {
            Some(Start::Again(because(Reason::Exited { code: owned.view.state.exit_code }, at)))
        }
    }
}

/// Whether nothing says that the commands after a running container's start have ended.
fn proves(service: &Service, replica: &Replica<'_>) -> bool {
    let Some(owned) = replica.existing() else { return false };
    let surplus: Vec<_> = replica.surplus().collect();
    owned.view.state.status == Status::Running && is_unproven(service, owned, &surplus)
}

/// Whether nothing says that the `post_start` of a container has ended: it does not bear its
/// own name, or got it at once because an older one of its slot bears its second name.
pub(in crate::plan) fn is_unproven(
    service: &Service,
    owned: &Owned<'_>,
    surplus: &[&Owned<'_>],
) -> bool {
    let second = owned.identity.surge_name();
    let bore_it =
        |o: &&Owned<'_>| o.view.name == second && o.view.created_at <= owned.view.created_at;
    !service.hooks.post_start.is_empty()
        && (!owned.has_canonical_name() || surplus.iter().any(bore_it))
}

/// The target's new name, if it does not bear its own yet.
fn rename(service: &Service, replica: &Replica<'_>) -> Option<(ContainerName, Why)> {
    let canonical = match &replica.target {
        Target::Stays { owned, .. } => &owned.identity.name,
        Target::New(new) => &new.identity.name,
    };
    let difference = Difference {
        field: "container_name".to_owned(),
        have: Some(replica.name().to_string()),
        want: Some(canonical.to_string()),
        by: ChangedBy::Unknown,
    };
    let at = service.origins.find("container_name");
    (replica.name() != canonical)
        .then(|| (canonical.clone(), because(Reason::Changed(difference), at)))
}

fn absent(service: &Service, identity: &Identity, recorded: u32) -> Vec<Why> {
    let (slot, succeeds) = (identity.replica.slot, identity.succeeds);
    if recorded > 0 && !succeeds && slot.0 > recorded {
        let reason = Reason::ScaledUp { from: recorded, to: service.replicas };
        return vec![because(reason, service.origins.find("scale"))];
    }
    vec![because(Reason::Missing, service.origins.find(""))]
}
