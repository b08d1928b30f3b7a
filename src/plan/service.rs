//! The services of one deployment, in the order of their dependencies.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::context::{Context, Images};
use super::dependents::{Done, in_dependency_order};
use super::draft::{After, Scribe, because};
use super::hooks::is_unproven;
use super::order::Order;
use super::ownership::Owned;
use super::peers;
use super::slot::{Choice, Later, Settled};
use super::state::{is_good, is_running, known};
use crate::model::action::{Action, StepId, Until};
use crate::model::desired::Service;
use crate::model::id::{CatalogId, ContainerId, ServiceName, Slot};
use crate::model::observed::Status;
use crate::model::plan::{Cause, Reason, WaitingOn};

/// Plans the services of one deployment.
pub(super) struct Services<'a, 's> {
    pub(super) context: Context<'a>,
    pub(super) scribe: Scribe<'s>,
    pub(super) images: Images<'a>,
    /// Images, networks and volumes: nothing is made before.
    pub(super) ready: After,
    /// The steps that remove a container.
    pub(super) removed: BTreeMap<ContainerId, StepId>,
    /// The steps that stop a container.
    pub(super) stopped: BTreeMap<ContainerId, StepId>,
    /// Catalog entries that a step already removes.
    pub(super) withdrawn: BTreeSet<CatalogId>,
    pub(super) settled: BTreeMap<ServiceName, Done>,
    /// Ends of replacements that wait until others have moved out.
    pub(super) later: Vec<Later<'a>>,
    /// What of a service has to run before its first replica.
    pub(super) init_done: BTreeMap<ServiceName, After>,
    /// What was chosen in slots since another service was settled: a choice compares
    /// whole containers.
    pub(super) choices: RefCell<BTreeMap<(&'a ServiceName, Slot), Choice<'a>>>,
    orphans: Vec<(&'a Owned<'a>, StepId)>,
}

impl<'a, 's> Services<'a, 's> {
    pub(super) fn new(
        context: Context<'a>,
        scribe: Scribe<'s>,
        images: Images<'a>,
        ready: After,
    ) -> Self {
        Self {
            context,
            scribe,
            images,
            ready,
            removed: BTreeMap::new(),
            stopped: BTreeMap::new(),
            withdrawn: BTreeSet::new(),
            settled: BTreeMap::new(),
            later: Vec::new(),
            init_done: BTreeMap::new(),
            choices: RefCell::default(),
            orphans: Vec::new(),
        }
    }

    /// Plans all services.
    pub(super) fn plan(&mut self) {
        self.remove_orphans();
        for service in in_dependency_order(&self.context.deployment.services) {
            self.service(service);
        }
        self.clear_later();
        self.deregister_stale();
        self.tell_taken_names();
    }

    /// Removes what belongs to services that left the stack.
    fn remove_orphans(&mut self) {
        let services = &self.context.deployment.services;
        let mut orphans: Vec<&'a Owned<'a>> = self
            .context
            .containers()
            .filter(|owned| !services.contains_key(&owned.identity.replica.service))
            .collect();
        peers::inmates_first(&mut orphans);
        for owned in orphans {
            let reason = because(Reason::ServiceRemoved, Some(&self.context.deployment.origin));
            let slot = owned.identity.replica.slot;
            if let Some(step) = self.remove(owned, slot, reason, DEFAULT_GRACE, &After::new()) {
                self.orphans.push((owned, step));
            }
        }
    }

    fn service(&mut self, service: &'a Service) {
        let mut done = Done::default();
        let mut moves: Vec<After> = Vec::new();
        let width = usize::try_from(service.rollout.parallelism.max(1)).unwrap_or(usize::MAX);
        self.clear_init(service);
        let mut mended = self.mend(service);
        let first = self.slots(service).first().copied();
        let slots = self.worst_first(service);
        let last = slots.last().copied();
        for slot in slots {
            let mut throttle =
                moves.len().checked_sub(width).map(|i| moves[i].clone()).unwrap_or_default();
            throttle.extend(mended.iter().copied());
            let replaces = self.context.slot(&service.name, slot).iter().any(is_good);
            let mut settled = self.settle(service, slot, &throttle);
            if let Some(owned) = settled.stays {
                self.follow_dependencies(service, slot, owned, &throttle, &mut settled);
                if settled.started.is_none() {
                    self.reconcile_entry(service, slot, owned);
                }
            }
            let lingers = replaces && settled.good.is_some() && Some(slot) != last;
            let good = self.linger(service, &settled, lingers);
            // What takes no good one away waits for no move, and so ends none.
            if replaces && settled.started.is_some() {
                moves.push(good);
            } else {
                mended.extend(good);
            }
            if Some(slot) == first {
                done.first = settled.target.take();
            }
            done.started.extend(settled.started);
            done.good.extend(settled.good);
            done.moved |= settled.moved;
        }
        self.scale_down(service, &mended);
        self.settled.insert(service.name.clone(), done);
        // Whoever shares with its containers compares with what they are now.
        self.choices.take();
    }

    /// The slots that a service fills.
    pub(super) fn slots(&self, service: &'a Service) -> Vec<Slot> {
        self.context.slots(service, |slot| self.choose(service, slot).keep.is_some())
    }

    /// What the next move waits for: that a replica is good, and stays so for a while if
    /// the stack asks for it.
    fn linger(&mut self, service: &Service, settled: &Settled<'_>, lingers: bool) -> After {
        let good: After = settled.good.into_iter().collect();
        let delay = if lingers { service.rollout.delay } else { Duration::ZERO };
        let (Some(container), false) = (&settled.target, delay.is_zero()) else { return good };
        let action = Action::Await {
            container: container.clone(),
            until: Until::Good(delay),
            deadline: service.rollout.deadline + delay,
        };
        let cause = because(Reason::Lingers, service.origins.find("deploy.update_config.delay"));
        After::from([self.scribe.step(action, vec![cause], good)])
    }

    /// The slots, those first that have no good container: until they are good, no good
    /// one may be taken away. Then those that are not proven, or whose move was begun.
    fn worst_first(&self, service: &'a Service) -> Vec<Slot> {
        let mut slots = self.slots(service);
        slots.sort_by_key(|slot| {
            let containers = self.context.slot(&service.name, *slot);
            let running = containers.iter().filter(|owned| is_running(owned)).count();
            let Choice { keep, surplus, .. } = self.choose(service, *slot);
            let unproven = keep.is_some_and(|(owned, _)| is_unproven(service, owned, &surplus));
            (running > 0, containers.iter().any(is_good), !unproven, running < 2)
        });
        slots
    }

    /// Waits for replicas that stay as they run but are not good, if others will be taken
    /// away: what does not work here will not work there.
    fn mend(&mut self, service: &'a Service) -> After {
        let mut staying = Vec::new();
        let mut moves = false;
        for slot in self.slots(service) {
            match self.choose(service, slot).keep {
                Some((owned, _)) if is_running(owned) => {
                    moves |= !self.moved_dependencies(service, owned).is_empty();
                    // What is frozen is let go on by a step of its own.
                    let waits = owned.view.state.status != Status::Paused && !is_good(owned);
                    staying.extend(waits.then_some(owned));
                }
                _ => moves |= self.context.slot(&service.name, slot).iter().any(is_running),
            }
        }
        moves |= self.excess(service).into_iter().any(|(_, owned)| is_running(owned));
        if !moves || service.one_shot {
            return After::new();
        }
        let wait = |owned: &Owned<'_>| Action::Await {
            container: known(owned),
            until: Until::Good(service.rollout.min_healthy),
            deadline: service.rollout.deadline,
        };
        let cause = || because(Reason::Awaited, service.origins.find(""));
        staying
            .into_iter()
            .map(|owned| self.scribe.step(wait(owned), vec![cause()], After::new()))
            .collect()
    }

    /// Removes the highest slots first, once what stays and was down is good again.
    fn scale_down(&mut self, service: &'a Service, after: &After) {
        let excess = self.excess(service);
        let from = excess.first().map_or(0, |(slot, _)| slot.0);
        for (slot, owned) in excess {
            let reason = Reason::ScaledDown { from, to: service.replicas };
            let cause = because(reason, service.origins.find("scale"));
            self.remove(owned, slot, cause, service.stop_grace, after);
        }
    }

    /// The containers of slots that the service does not fill, the highest first.
    fn excess(&self, service: &'a Service) -> Vec<(Slot, &'a Owned<'a>)> {
        let wanted = self.slots(service);
        let all = self.context.slots_of(&service.name).rev();
        all.filter(|(slot, _)| !wanted.contains(slot) && *slot != Slot::INIT)
            .flat_map(|(slot, containers)| containers.iter().map(move |owned| (slot, owned)))
            .collect()
    }

    /// Withdraws, stops and removes a container for good. Returns the step that ends its
    /// life, or nothing if it is the controller's own.
    fn remove(
        &mut self,
        owned: &'a Owned<'a>,
        slot: Slot,
        cause: Cause,
        grace: std::time::Duration,
        before: &After,
    ) -> Option<StepId> {
        let name = &owned.view.name;
        if self.context.inventory.contents.own.as_ref() == Some(&owned.view.id) {
            let command = format!("docker rm -f {name}");
            self.scribe.block(
                format!("remove container {name}, in which this controller runs"),
                WaitingOn::OwnContainer { command },
                cause.at.as_ref(),
            );
            return None;
        }
        let mut after: After = self.ready.union(before).copied().collect();
        let service = &owned.identity.replica.service;
        after.extend(self.withdraw_named(service, slot, vec![cause.clone()], &after.clone()));
        let container = known(owned);
        if let Some(stop) = self.stopped.get(&owned.view.id) {
            after.insert(*stop);
        } else if is_running(owned) {
            after.extend(self.stop_sharers(owned, &after.clone()));
            if let Some(service) = self.context.deployment.services.get(service) {
                after = self.pre_stop(service, owned, std::slice::from_ref(&cause), after);
            }
            let action = Action::StopContainer { container: container.clone(), grace };
            let stop = self.scribe.step(action, vec![cause.clone()], after);
            after = After::from([stop]);
        }
        let removed = self.scribe.step(Action::RemoveContainer { container }, vec![cause], after);
        self.removed.insert(owned.view.id.clone(), removed);
        Some(removed)
    }

    /// Stops and removes a leftover whose name is needed, before anything else.
    pub(super) fn remove_now(&mut self, service: &Service, owned: &'a Owned<'a>) -> StepId {
        let order = Order::StopFirst("its name is needed".to_owned());
        let mut after = self.ready.clone();
        after.extend(self.stop_sharers(owned, &after.clone()));
        self.take_away(service, owned, &order, &after)
    }

    /// Stops (if that has not been planned) and removes a container that is replaced.
    pub(super) fn take_away(
        &mut self,
        service: &Service,
        owned: &Owned<'_>,
        order: &Order,
        after: &After,
    ) -> StepId {
        let mut after = after.clone();
        after.extend(self.sharers_gone(owned));
        if let Some(stop) = self.stopped.get(&owned.view.id) {
            after.insert(*stop);
        } else if is_running(owned) {
            after = After::from([self.stop(service, owned, order, after)]);
        }
        let cause = replaced(service, order);
        let action = Action::RemoveContainer { container: known(owned) };
        let removed = self.scribe.step(action, vec![cause], after);
        self.removed.insert(owned.view.id.clone(), removed);
        removed
    }

    /// Stops a container that is replaced, if that has not been planned.
    pub(super) fn stop(
        &mut self,
        service: &Service,
        owned: &Owned<'_>,
        order: &Order,
        after: After,
    ) -> StepId {
        if let Some(stop) = self.stopped.get(&owned.view.id) {
            return *stop;
        }
        let after = self.pre_stop(service, owned, &[replaced(service, order)], after);
        let action = Action::StopContainer { container: known(owned), grace: service.stop_grace };
        let stop = self.scribe.step(action, vec![replaced(service, order)], after);
        self.stopped.insert(owned.view.id.clone(), stop);
        stop
    }

    /// Removals that must come first: they free a port or a volume that this service uses.
    pub(super) fn conflicting_orphans(&self, service: &Service) -> After {
        let ports: BTreeSet<_> =
            service.spec.published.iter().filter_map(|port| port.host_port.as_ref()).collect();
        let conflicts = |owned: &Owned<'_>| {
            let spec = &owned.view.spec;
            spec.published.iter().any(|p| p.host_port.as_ref().is_some_and(|p| ports.contains(p)))
                || spec.mounts.values().any(|theirs| {
                    service.spec.mounts.values().any(|ours| {
                        ours.source == theirs.source && !(ours.read_only && theirs.read_only)
                    })
                })
        };
        self.orphans.iter().filter(|(owned, _)| conflicts(owned)).map(|(_, step)| *step).collect()
    }
}

/// Time that a container of a service which is no longer described gets to stop.
const DEFAULT_GRACE: std::time::Duration = std::time::Duration::from_secs(10);

fn replaced(service: &Service, order: &Order) -> Cause {
    because(Reason::Replaced { order: order.text() }, service.origins.find(""))
}
