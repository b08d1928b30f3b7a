//! One replica: which of its containers stays, what is made instead, and which of the two
//! goes first.

use super::choice::{Choice, make_room};
use super::order::{anonymous_volumes, excludes, order};
use super::scope::Scope;
use super::verdict::{Replica, Start, Successor, Target};
use crate::plan::cause::{Why, because};
use crate::plan::differ::Drift;
use crate::plan::seen::{Owned, is_done, is_running};
use model::desired::Service;
use model::id::{ContainerName, NetworkName, Slot};
use model::labels::Identity;
use model::observed::Status;
use model::plan::{Blocked, ChangedBy, Difference, Reason, WaitingOn};

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
    let Choice { keep, causes, serves, surplus } = choice;
    let goes_before = surplus.iter().find_map(|owned| scope.goes_before(owned));
    let collides = scope.collides(service, &surplus, goes_before.is_some());
    let order = scope.yielding(&id, &surplus, order(service, &surplus, collides)).asked(service);
    let keep = keep.ok_or_else(|| super::identity(context, service, slot, succeeds));
    let successor = keep.as_ref().err();
    let taken = successor.is_some_and(|new| scope.is_with_others(&new.name, &surplus));
    let (useless, old) = make_room(service, &surplus, successor, taken);
    let start = start(service, keep.as_ref().ok().map(|(owned, _)| *owned), &causes);
    // Of what runs the wait until it works says it.
    let made_for = if start.is_none() { causes.clone() } else { Vec::new() };
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
    let mut replica = Replica {
        id,
        target,
        start,
        made_for,
        serves,
        proves: false,
        useless,
        meanwhile: None,
        old,
        order,
        goes_before,
        rename: None,
        succeeds,
        restarted_hosts: Vec::new(),
        entry: None,
        withheld: false,
        instead: None,
    };
    replica.restarted_hosts = scope.restarted_hosts(&replica);
    replica.meanwhile = meanwhile(scope, service, &replica);
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

/// Why a container has to be started, with what it was made for if it never ran; `None` if it
/// runs or has done its work.
fn start(service: &Service, kept: Option<&Owned<'_>>, made_for: &[Why]) -> Option<Start> {
    let Some(owned) = kept else { return Some(Start::New) };
    let mut start = start_again(service, owned);
    if let Some(Start::Again(causes)) = &mut start {
        causes.extend(made_for.iter().cloned());
    }
    start
}

/// The same for one that exists.
pub(super) fn start_again(service: &Service, owned: &Owned<'_>) -> Option<Start> {
    let at = || service.origins.find("");
    match owned.view.state.status {
        Status::Running | Status::Restarting => None,
        Status::Exited if is_done(service, owned) => None,
        Status::Created => Some(Start::Again(vec![because(Reason::NeverStarted, at())])),
        Status::Paused => Some(Start::Unpause(because(Reason::Paused, at()))),
        Status::Exited | Status::Dead | Status::Removing => {
            let reason = Reason::Exited { code: owned.view.state.exit_code };
            Some(Start::Again(vec![because(reason, at())]))
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
    if service.hooks.post_start.is_empty() {
        return false;
    }
    let second = owned.identity.surge_name();
    let bore_it =
        |o: &&Owned<'_>| o.view.name == second && o.view.created_at <= owned.view.created_at;
    owned.view.name == second || surplus.iter().any(bore_it)
}

/// The target's new name, if it does not bear its own yet.
fn rename(service: &Service, replica: &Replica<'_>) -> Option<(ContainerName, Why)> {
    let canonical = match &replica.target {
        Target::Stays { owned, .. } => &owned.identity.name,
        Target::New(new) => &new.identity.name,
    };
    if replica.name() == canonical {
        return None;
    }
    let difference = Difference {
        field: "container_name".to_owned(),
        have: Some(replica.name().to_string()),
        want: Some(canonical.to_string()),
        by: ChangedBy::Unknown,
    };
    let at = service.origins.find("container_name");
    Some((canonical.clone(), because(Reason::Changed(difference), at)))
}

fn absent(service: &Service, identity: &Identity, recorded: u32) -> Vec<Why> {
    let (slot, succeeds) = (identity.replica.slot, identity.succeeds);
    if recorded > 0 && !succeeds && slot.0 > recorded {
        let reason = Reason::ScaledUp { from: recorded, to: service.replicas };
        return vec![because(reason, service.origins.find("scale"))];
    }
    vec![because(Reason::Missing, service.origins.find(""))]
}

/// What ran before an update that never came to its end, as after the engine was killed in it:
/// it ended by itself, and the container that shall take its place was made and never ran. It
/// runs meanwhile, where both may run at once beside all others that run, and nobody waits for
/// what it has.
fn meanwhile<'a>(
    scope: &Scope<'_, 'a>,
    service: &Service,
    replica: &Replica<'a>,
) -> Option<&'a Owned<'a>> {
    let begun = |owned: &Owned<'_>| owned.view.state.started_at.is_none();
    let never_ran =
        replica.existing().is_some_and(begun) || replica.useless.iter().any(|o| begun(o));
    let [old] = replica.old[..] else { return None };
    let ended = old.view.state.status == Status::Exited
        && old.view.state.started_at.is_some()
        && old.view.state.exit_code != 0;
    let both = || {
        let collides = scope.collides(service, &[old], false);
        excludes(service, &[old], &anonymous_volumes(service, &[old]), collides).is_none()
    };
    // A replica that shares with others comes back with them.
    let alone = old.view.spec.peers().next().is_none();
    let needed = scope.across.yields.contains_key(&replica.id);
    let fits = || {
        let all = scope.context.slots_of(&service.name).flat_map(|(_, containers)| containers);
        let running = all.filter(|owned| is_running(owned));
        let most = service.replicas.saturating_add(service.rollout.parallelism);
        running.count() + 2 <= most as usize
    };
    let possible = alone && !needed && scope.has_networks(old) && fits() && both();
    (never_ran && ended && possible).then_some(old)
}
