//! `sync: heal` while a newer revision waits: what was applied and ended is started again as
//! it is. What the container shall be is told by the container; the newer revision only tells
//! in which order, and when it is good.

use super::dependents::{Done, in_dependency_order};
use super::draft::After;
use super::order::Order;
use super::ownership::{Owned, Proof};
use super::peers;
use super::service::Services;
use super::slot::{Kept, Settled};
use super::state::{is_running, known};
use crate::model::desired::Service;
use crate::model::id::Slot;
use crate::model::observed::Status;

impl<'a> Services<'a, '_> {
    /// Starts again what ended. Dependents that ask for it follow, one replica of a service
    /// after the other, and after what of it was down.
    pub(super) fn start_again(&mut self) {
        let context = self.context;
        for service in in_dependency_order(&context.deployment.services) {
            // Whoever depends on it waits for what is started here, and for nothing else.
            let mut done = Done { waits: Some(After::new()), ..Done::default() };
            let mut throttle = After::new();
            let mut slots: Vec<_> = context.slots_of(&service.name).collect();
            slots.sort_by_key(|(_, containers)| containers.iter().any(is_running));
            for (slot, containers) in slots {
                // Two of a slot are a replacement that was begun: that is no repair.
                let [owned] = containers else { continue };
                let settled = self.heal(service, slot, owned, &throttle);
                throttle.extend(settled.good);
                done.moved |= settled.started.is_some();
                done.started.extend(settled.started);
                done.good.extend(settled.good);
            }
            self.settled.insert(service.name.clone(), done);
        }
    }

    fn heal(
        &mut self,
        service: &'a Service,
        slot: Slot,
        owned: &'a Owned<'a>,
        throttle: &After,
    ) -> Settled<'a> {
        let mut settled = Settled::default();
        let hooks = &service.hooks;
        if !(hooks.post_start.is_empty() && hooks.pre_stop.is_empty()) {
            // They are the newer revision's, or were the old one's: nobody knows, and what waits
            // runs nothing.
            return settled;
        }
        if is_running(owned) && owned.view.state.status != Status::Paused {
            self.follow_dependencies(service, slot, owned, throttle, &mut settled);
        } else if self.can_start_as_it_is(owned) {
            let kept = Kept {
                target: known(owned),
                canonical: owned.identity.name.clone(),
                existing: Some(owned),
                first: None,
                prepared: After::new(),
            };
            settled = self.start(service, slot, &kept, &[], &Order::Free, &After::new());
        }
        settled
    }

    /// Whether it ran, is ours, and shares with nobody who would have to start with it.
    fn can_start_as_it_is(&self, owned: &Owned<'_>) -> bool {
        let ran = matches!(owned.view.state.status, Status::Exited | Status::Paused)
            && owned.view.state.started_at.is_some();
        let needs = |other: &Owned<'_>| {
            !is_running(other)
                && peers::is_inside(&owned.view.spec, &other.view.id, &other.view.name)
        };
        ran && owned.proof != Proof::Compose
            && self.sharers(owned).is_empty()
            && !self.context.containers().any(needs)
    }
}
