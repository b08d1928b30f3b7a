//! One replica: which of its containers stays, which one is made, and in which order
//! they change places.

use std::cmp::Reverse;

use super::draft::{After, because};
use super::drift::{Drift, compare};
use super::order::{Order, order};
use super::ownership::Owned;
use super::service::Services;
use super::state::{is_done, is_good, is_running, known, unusable};
use crate::model::action::{Action, Resources, StepId, Target, Until};
use crate::model::desired::Service;
use crate::model::id::{ContainerName, NetworkName, Slot};
use crate::model::labels::Identity;
use crate::model::observed::Status;
use crate::model::plan::{Cause, ChangedBy, Difference, Reason, WaitingOn};

/// What became of one replica in the plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Settled<'a> {
    /// The container that stays as it runs, if one does.
    pub(super) stays: Option<&'a Owned<'a>>,
    /// The replica's container, made or kept.
    pub(super) target: Option<Target>,
    /// The step that starts it, if it has to start.
    pub(super) started: Option<StepId>,
    /// The step that waits until it is good.
    pub(super) good: Option<StepId>,
    /// Whether dependents that ask for it have to follow.
    pub(super) moved: bool,
}

/// The containers of a slot, sorted into the one that stays and the others.
#[derive(Clone)]
pub(super) struct Choice<'a> {
    pub(super) keep: Option<(&'a Owned<'a>, Drift)>,
    /// Why there is nothing to keep.
    causes: Vec<Cause>,
    pub(super) surplus: Vec<&'a Owned<'a>>,
}

/// A replica's container as the following steps see it.
pub(super) struct Kept<'a> {
    pub(super) target: Target,
    /// The name that it shall bear in the end.
    pub(super) canonical: ContainerName,
    /// The container, if it exists already.
    pub(super) existing: Option<&'a Owned<'a>>,
    /// The first step of the change, for the others to refer to.
    pub(super) first: Option<StepId>,
    /// What must have succeeded before it may start.
    pub(super) prepared: After,
}

/// The end of a replacement that waits until others have moved out.
pub(super) struct Later<'a> {
    pub(super) service: &'a Service,
    pub(super) kept: Kept<'a>,
    pub(super) surplus: Vec<&'a Owned<'a>>,
    pub(super) settled: Settled<'a>,
    pub(super) order: Order,
}

impl<'a> Services<'a, '_> {
    /// Plans one replica. `throttle` holds back whatever takes a running replica away.
    pub(super) fn settle(
        &mut self,
        service: &'a Service,
        slot: Slot,
        throttle: &After,
    ) -> Settled<'a> {
        let choice = self.choose(service, slot);
        if let Some(own) = self.own_container(&choice) {
            self.block_own(service, own);
            return Settled { target: Some(known(own)), ..Settled::default() };
        }
        let succeeds =
            !choice.surplus.is_empty() || self.context.recorded_scale(&service.name) >= slot.0;
        let Choice { keep, causes, surplus } = choice;
        let keep = keep.ok_or_else(|| self.context.identity(service, slot, succeeds));
        let removed = self.make_room(service, &surplus, keep.as_ref().err());
        let order = order(service, &surplus, self.collides(service, &surplus));
        let kept = match keep {
            Ok((owned, drift)) => self.keep(service, owned, &drift),
            Err(successor) => self.create(service, successor, causes, &surplus, removed),
        };
        let mut settled = self.start(service, slot, &kept, &surplus, &order, throttle);
        settled.stays = kept.existing.filter(|_| settled.started.is_none());
        settled.target = Some(kept.target.clone());
        settled.moved = settled.started.is_some() && (kept.existing.is_some() || succeeds);
        let proven =
            if settled.started.is_none() { self.prove(service, &kept, &surplus) } else { None };
        if settled.good.is_none()
            && (proven.is_some() || surplus.iter().any(|owned| is_running(owned)))
        {
            let after = proven.map_or_else(|| kept.prepared.clone(), |step| After::from([step]));
            let first = kept.first.or(proven);
            settled.good = Some(self.await_good(service, &kept.target, first, after));
        }
        if self.puts_off(&surplus) {
            let later = settled.clone();
            self.later.push(Later { service, kept, surplus, settled: later, order });
        } else {
            self.clear(service, &kept, &surplus, &settled, &order);
        }
        settled
    }

    /// Which container of a slot stays, if one does.
    pub(super) fn choose(&self, service: &'a Service, slot: Slot) -> Choice<'a> {
        let mut choices = self.choices.borrow_mut();
        let choice = choices.entry((&service.name, slot));
        choice.or_insert_with(|| self.compared(service, slot)).clone()
    }

    fn compared(&self, service: &'a Service, slot: Slot) -> Choice<'a> {
        let image = self.images[&service.spec.image];
        let joins = self.joins(service);
        let mut matching = Vec::new();
        let mut other = Vec::new();
        for owned in self.context.slot(&service.name, slot) {
            let mut drift = compare(service, owned, image, (&joins, &self.context));
            drift.recreate.extend(unusable(service, owned));
            if drift.matches() {
                matching.push((owned, drift));
            } else {
                other.push((owned, drift));
            }
        }
        matching.sort_by_key(|(owned, _)| (!is_running(owned), !owned.has_canonical_name()));
        let mut matching = matching.into_iter();
        let keep = matching.next();
        let causes = if keep.is_some() {
            Vec::new()
        } else {
            other.iter().map(|(_, drift)| drift.recreate.clone()).next_back().unwrap_or_default()
        };
        let mut surplus: Vec<_> = matching.map(|(owned, _)| owned).collect();
        surplus.extend(other.into_iter().map(|(owned, _)| owned));
        Choice { keep, causes, surplus }
    }

    /// The controller's own container, if this change would take it away.
    fn own_container(&self, choice: &Choice<'a>) -> Option<&'a Owned<'a>> {
        let own = self.context.inventory.contents.own.as_ref()?;
        let is_own = |owned: &&Owned<'_>| owned.view.id == *own;
        let lives_in = |owned: &&Owned<'_>| self.sharers(owned).iter().any(is_own);
        choice.surplus.iter().copied().find(|owned| is_own(owned) || lives_in(owned))
    }

    fn block_own(&mut self, service: &Service, own: &Owned<'_>) {
        let command = format!("docker rm -f {}", own.view.name);
        self.scribe.block(
            format!("replace container {}, in which this controller runs", own.view.name),
            WaitingOn::OwnContainer { command },
            service.origins.find(""),
        );
    }

    /// Changes in place what can be, on a container that stays.
    fn keep(&mut self, service: &Service, owned: &'a Owned<'a>, drift: &Drift) -> Kept<'a> {
        let target = known(owned);
        let mut changes = After::new();
        let (networks, limits): (Vec<Cause>, Vec<Cause>) =
            drift.in_place.iter().cloned().partition(|cause| network_of(cause).is_some());
        if !limits.is_empty() {
            let resources = resources(service);
            let action = Action::UpdateContainer { container: target.clone(), resources };
            changes.insert(self.scribe.step(action, limits, self.ready.clone()));
        }
        for cause in networks {
            let Some(network) = network_of(&cause) else { continue };
            let container = target.clone();
            let action = match service.spec.networks.get(&network) {
                Some(attachment) => {
                    let attachment = attachment.clone();
                    Action::ConnectNetwork { container, network, attachment }
                }
                None => Action::DisconnectNetwork { container, network },
            };
            changes.insert(self.scribe.step(action, vec![cause], self.ready.clone()));
        }
        let first = changes.first().copied();
        let prepared = self.ready.union(&changes).copied().collect();
        let canonical = owned.identity.name.clone();
        Kept { target, canonical, existing: Some(owned), first, prepared }
    }

    /// Removes at once, of several containers that shall all go, what is of no use: where
    /// more than one lives, all but the best, which stays until its successor is good;
    /// and where both names are borne that a new one could have, the worse of the two.
    fn make_room(
        &mut self,
        service: &Service,
        surplus: &[&'a Owned<'a>],
        successor: Option<&Identity>,
    ) -> After {
        let mut removed = After::new();
        let mut best_first = surplus.to_vec();
        // Of two good ones the newer stays: the other may have been asked to stop already.
        best_first.sort_by_key(|owned| {
            (!is_good(owned), !is_running(owned), Reverse(owned.view.created_at))
        });
        let mut left: Vec<&'a Owned<'a>> = Vec::new();
        for owned in best_first {
            if is_running(owned) && left.first().is_some_and(|best| is_running(best)) {
                removed.insert(self.remove_now(service, owned));
            } else {
                left.push(owned);
            }
        }
        let Some(identity) = successor else { return removed };
        // What has hooks begins under its second name.
        let begun = |owned: &&&Owned<'_>| {
            let second = owned.view.name == identity.surge_name();
            second && !is_running(owned) && !service.hooks.post_start.is_empty()
        };
        if let Some(idle) = left.iter().find(begun).copied() {
            removed.insert(self.remove_now(service, idle));
            left.retain(|owned| owned.view.id != idle.view.id);
        }
        let names = [identity.name.clone(), identity.surge_name()];
        let bearers: Vec<_> = left.iter().filter(|o| names.contains(&o.view.name)).collect();
        if let [_, .., worst] = bearers[..] {
            removed.insert(self.remove_now(service, worst));
        }
        removed
    }

    /// Starts the container if it does not run, and waits until it is good.
    pub(super) fn start(
        &mut self,
        service: &'a Service,
        slot: Slot,
        kept: &Kept<'a>,
        surplus: &[&'a Owned<'a>],
        order: &Order,
        throttle: &After,
    ) -> Settled<'a> {
        let Some(cause) = why_start(service, kept) else {
            return Settled::default();
        };
        let mut before = self.gates(service);
        before.extend(kept.prepared.iter().copied());
        if surplus.iter().any(|owned| is_running(owned)) {
            before.extend(throttle.iter().copied());
        }
        before.extend(self.conflicting_orphans(service));
        if let Order::StopFirst(_) = order {
            let left = surplus.iter().filter(|owned| !self.removed.contains_key(&owned.view.id));
            let running: Vec<_> = left.filter(|owned| is_running(owned)).collect();
            if !running.is_empty() {
                before.extend(self.withdraw(service, slot, kept.first, &before));
            }
            let withdrawn = before.clone();
            for owned in running {
                let mut after = self.stop_sharers(owned, &withdrawn);
                after.extend(withdrawn.iter().copied());
                before.insert(self.stop(service, owned, order, after));
            }
        }
        let container = kept.target.clone();
        let paused = kept.existing.is_some_and(|owned| owned.view.state.status == Status::Paused);
        let action = if paused {
            Action::UnpauseContainer { container }
        } else {
            Action::StartContainer { container }
        };
        if kept.existing.is_some() && surplus.is_empty() {
            // It was registered while it ran; nobody reaches it until it is good again.
            before.extend(self.withdraw(service, slot, None, &self.ready.clone()));
        }
        before.extend(self.init(service, slot, kept, &before.clone()));
        let started = self.scribe.step(action, vec![cause], before);
        let first = kept.first.or(Some(started));
        let follows = because(Reason::Follows { step: first.unwrap_or(started) }, None);
        let started = self.post_start(service, &kept.target, &[follows], started);
        let good = self.await_good(service, &kept.target, first, After::from([started]));
        self.register_after(service, slot, good, first);
        Settled { started: Some(started), good: Some(good), ..Settled::default() }
    }

    /// Waits until a container is good, or done if it is a one-shot that others need.
    pub(super) fn await_good(
        &mut self,
        service: &Service,
        target: &Target,
        first: Option<StepId>,
        after: After,
    ) -> StepId {
        let until = if !service.one_shot {
            Until::Good(service.rollout.min_healthy)
        } else if self.is_awaited_to_complete(&service.name) {
            Until::Completed
        } else {
            Until::Running
        };
        let deadline = service.rollout.deadline;
        let action = Action::Await { container: target.clone(), until, deadline };
        let cause = match first {
            Some(step) => because(Reason::Follows { step }, None),
            None => because(Reason::Duplicate, service.origins.find("")),
        };
        self.scribe.step(action, vec![cause], after)
    }

    /// Takes the other containers of the slot away and gives the one that stays its name.
    pub(super) fn clear(
        &mut self,
        service: &Service,
        kept: &Kept<'a>,
        surplus: &[&'a Owned<'a>],
        settled: &Settled<'a>,
        order: &Order,
    ) {
        let after: After = settled.good.into_iter().chain(kept.first).collect();
        let mut freed = After::new();
        for owned in surplus {
            if let Some(removed) = self.removed.get(&owned.view.id) {
                freed.insert(*removed);
                continue;
            }
            let removed = self.take_away(service, owned, order, &after);
            if owned.has_canonical_name() {
                freed.insert(removed);
            }
        }
        let canonical = &kept.canonical;
        if kept.target.name != *canonical {
            let action =
                Action::RenameContainer { container: kept.target.clone(), to: canonical.clone() };
            let mut after = after;
            after.extend(freed);
            let cause = match kept.first.or(settled.started) {
                Some(step) => because(Reason::Follows { step }, None),
                None => renamed(service, &kept.target.name, canonical),
            };
            self.scribe.step(action, vec![cause], after);
        }
    }
}

/// Why a container has to be started; `None` if it runs or has done its work.
fn why_start(service: &Service, kept: &Kept<'_>) -> Option<Cause> {
    let Some(owned) = kept.existing else {
        return kept.first.map(|step| because(Reason::Follows { step }, None));
    };
    let at = service.origins.find("");
    match owned.view.state.status {
        Status::Running | Status::Restarting => None,
        Status::Exited if is_done(service, owned) => None,
        Status::Created => Some(because(Reason::NeverStarted, at)),
        Status::Paused => Some(because(Reason::Paused, at)),
        Status::Exited | Status::Dead | Status::Removing => {
            Some(because(Reason::Exited { code: owned.view.state.exit_code }, at))
        }
    }
}

/// Why a container that stays gets another name.
fn renamed(service: &Service, have: &ContainerName, want: &ContainerName) -> Cause {
    let difference = Difference {
        field: "container_name".to_owned(),
        have: Some(have.to_string()),
        want: Some(want.to_string()),
        by: ChangedBy::Unknown,
    };
    because(Reason::Changed(difference), service.origins.find("container_name"))
}

/// The network that a cause is about, if it is about being attached to one.
fn network_of(cause: &Cause) -> Option<NetworkName> {
    let Reason::Changed(difference) = &cause.reason else { return None };
    difference.field.strip_prefix("networks.").map(NetworkName::new)
}

fn resources(service: &Service) -> Resources {
    let spec = &service.spec;
    Resources { limits: spec.limits.clone(), restart: spec.restart }
}
