//! How the old containers of a replica go: first, if they have to make way; else when the new
//! one is healthy and registered; and how the new one gets its name.

use std::collections::BTreeSet;

use super::builder::StepBuilder;
use super::replica::is_changed;
use super::{Transition, known, stop, used};
use crate::plan::cause::{Why, because};
use crate::plan::decide::{Replica, Target, deregistrable};
use crate::plan::fact::{Fact, Resource};
use crate::plan::resources;
use crate::plan::rollout::Move;
use crate::plan::seen::{Owned, is_running};
use model::action::Action;
use model::id::ContainerName;
use model::observed::ContainerView;
use model::plan::Reason;

impl<'a> StepBuilder<'_, 'a> {
    /// Takes out of the catalog, and stops, what has to stop first.
    pub(super) fn make_way(&self, replica: &Replica<'a>, planned: &Move<'a>) -> Vec<Transition> {
        let (context, service) = (self.context(), self.decided.service);
        let ids = deregistrable(context, &service.name, replica.id.slot);
        let stale = || because(Reason::Stale, service.origins.find(""));
        let mut steps = Vec::new();
        if replica.stops_first() || replica.goes_before.is_some() {
            let mut permit = self.permit(replica, &planned.throttle);
            let made = matches!(replica.target, Target::New(_)) || is_changed(replica);
            let late = replica.goes_before.is_none() && replica.order.early().is_none();
            let why =
                if made && late { Why::follows(Fact::Began(self.who(replica))) } else { stale() };
            steps.extend(stop::withdraw(context, &ids, why, &permit));
            permit.extend(stop::withdrawn(context, &ids));
            permit.extend(self.dependents(replica));
            let why = self.replaced(replica);
            for owned in &replica.old {
                let grace = service.stop_grace;
                let mut stop = stop::stop(context, Some(service), owned, &why, grace, &permit);
                // It runs until the new one can start: also what that takes from others is free.
                if let Some(stop) = stop.last_mut().filter(|_| late) {
                    stop.takes = resources::taken(self.engine(), &service.spec);
                }
                steps.extend(stop);
            }
        } else if replica.starts_again() {
            steps.extend(stop::withdraw(context, &ids, stale(), &[self.prepared()]));
        }
        steps
    }

    /// That those have stopped which depend on a replica and stop for a network, too.
    fn dependents(&self, replica: &Replica<'a>) -> Vec<Fact> {
        if !replica.order.is_uprooted() {
            return Vec::new();
        }
        let mut depend = BTreeSet::from([&self.decided.service.name]);
        let mut before = Vec::new();
        // Dependencies come before dependents.
        for decided in &self.decisions.services {
            if !decided.service.depends_on.keys().any(|name| depend.contains(name)) {
                continue;
            }
            depend.insert(&decided.service.name);
            let replicas = decided.replicas.iter().filter(|other| !other.withheld);
            let stop = replicas.filter(|other| other.order.is_uprooted() && other.stops_first());
            let old = stop.flat_map(|other| &other.old).copied();
            let excess = decided.excess.iter().filter(|removal| removal.goes_before);
            before.extend(old.chain(excess.map(|removal| removal.owned)));
        }
        // The namespace members of a dependent stop before it.
        before.retain(|other| is_running(other) && !self.lives_in(replica, other.view, 8));
        before.into_iter().map(|other| Fact::Stopped(known(other))).collect()
    }

    /// Whether an old container of a replica lives in another one, or in one that does, so many
    /// times over.
    fn lives_in(&self, replica: &Replica<'a>, host: &ContainerView, depth: u8) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return true };
        self.context().inventory.members_of(host).any(|member| {
            replica.old.iter().any(|owned| owned.view.id == member.id)
                || self.lives_in(replica, member, depth)
        })
    }

    fn replaced(&self, replica: &Replica<'a>) -> Why {
        let took_over = replica.existing().is_some() && replica.start.is_none();
        let reason = if took_over && replica.serves.is_none() {
            Reason::Superseded
        } else {
            Reason::Replaced { order: replica.order.text() }
        };
        because(reason, self.decided.service.origins.find(""))
    }

    /// Takes the other containers of the slot away and gives the one that stays its name.
    pub(super) fn clear(&self, replica: &Replica<'a>, planned: &Move<'a>) -> Vec<Transition> {
        if replica.old.is_empty() && replica.rename.is_none() {
            return Vec::new();
        }
        let (context, service) = (self.context(), self.decided.service);
        let who = self.who(replica);
        let after = [Fact::Healthy(who.clone()), Fact::Began(who.clone())];
        let why = self.replaced(replica);
        let mut steps = Vec::new();
        let stopped_first = replica.stops_first() || replica.goes_before.is_some();
        let stopped_first = stopped_first && replica.start.is_some();
        // In the catalog the new one stands in before the old one leaves.
        let ids = deregistrable(context, &service.name, replica.id.slot);
        let early = replica.order.early().is_some();
        let mut permit = if early || replica.goes_before.is_some() {
            self.permit(replica, &planned.throttle)
        } else {
            after.to_vec()
        };
        if !early {
            permit.push(Fact::Registered(who.clone()));
        }
        permit.extend(stop::withdrawn(context, &ids));
        for owned in &replica.old {
            let grace = service.stop_grace;
            if replica.meanwhile.is_some_and(|other| other.view.id == owned.view.id) {
                let permit = [&permit[..], &[Fact::Launched(known(owned))]].concat();
                let mut stop =
                    stop::stop_started(context, Some(service), owned, &why, grace, &permit);
                if let Some(stop) = stop.last_mut().filter(|_| !self.has_members(owned)) {
                    stop.gives.push(Fact::Moved(replica.id.clone()));
                }
                steps.extend(stop);
            } else if !stopped_first {
                let mut stop = stop::stop(context, Some(service), owned, &why, grace, &permit);
                if let Some(stop) = stop.last_mut().filter(|_| !self.has_members(owned)) {
                    stop.gives.push(Fact::Moved(replica.id.clone()));
                }
                steps.extend(stop);
            }
            steps.push(stop::remove(context, owned, &why, &after));
        }
        steps.extend(self.rename(replica, &after));
        steps
    }

    /// Starts what runs until the target is healthy.
    pub(super) fn meanwhile(&self, replica: &Replica<'a>) -> Option<Transition> {
        let owned = replica.meanwhile?;
        let who = known(owned);
        let container = super::target(&who, &owned.view.name);
        let why = because(Reason::Meanwhile, self.decided.service.origins.find(""));
        let step = Transition::new(Action::StartContainer { container }, vec![why]);
        let gates = self.rollout.gates(self.decisions, self.decided.service);
        Some(step.needs(gates).gives([Fact::Launched(who)]))
    }

    fn rename(&self, replica: &Replica<'a>, after: &[Fact]) -> Option<Transition> {
        let (to, why) = replica.rename.as_ref()?;
        let who = self.who(replica);
        let first = replica.start.is_some() || is_changed(replica);
        let why = match () {
            () if first => Why::follows(Fact::Began(who.clone())),
            () if !replica.made_for.is_empty() => Why::follows(Fact::Healthy(who.clone())),
            () => why.clone(),
        };
        let canonical = |owned: &&&Owned<'_>| owned.has_canonical_name();
        let freed = replica.old.iter().filter(canonical).chain(&replica.useless);
        let freed: Vec<Fact> = freed.map(|owned| Fact::Gone(known(owned))).collect();
        let action = Action::RenameContainer { container: self.target(replica), to: to.clone() };
        let name = |name: &ContainerName| Resource::Name(self.engine().clone(), name.clone());
        let step = Transition::new(action, vec![why])
            .uses(used(&who))
            .needs(after.iter().cloned().chain(freed))
            .takes([name(to)])
            .frees(replica.existing().map(|_| name(replica.name())));
        Some(step)
    }
}
