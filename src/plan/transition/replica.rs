//! The steps of one replica: made or changed, started, proven good, registered; then the
//! old one goes, and the new one gets its name.

use super::create::{Made, made};
use super::hooks::{post_start, pre_stop, prove};
use super::services::Servant;
use super::{Transition, entries, known, stop, target, used};
use crate::model::action::{Action, Resources, Target as At, Until};
use crate::model::id::ContainerName;
use crate::model::plan::Reason;
use crate::model::share::Peer;
use crate::plan::cause::{Why, because};
use crate::plan::decide::{Replica, Start, Successor, Target, deregistrable, with_resolvers};
use crate::plan::fact::{Fact, Resource, Who};
use crate::plan::resources;
use crate::plan::rollout::{Move, awaits};
use crate::plan::seen::{Owned, good_until, is_running};

/// The steps of a replica, and those that wait until others have moved out.
pub(super) struct Steps {
    pub(super) steps: Vec<Transition>,
    pub(super) later: Vec<Transition>,
}

impl<'a> Servant<'_, 'a> {
    pub(super) fn replica(&self, replica: &Replica<'a>, turn: &Move<'a>, first: bool) -> Steps {
        let mut steps = self.remove_useless(replica);
        steps.extend(self.prepare(replica));
        steps.extend(self.start(replica, turn, first));
        if replica.start.is_none() {
            steps.extend(self.prove(replica));
        }
        let clear = self.clear(replica, turn);
        let puts_off = replica.old.iter().any(|owned| self.has_guests(owned));
        let (now, mut later) = if puts_off { (Vec::new(), clear) } else { (clear, Vec::new()) };
        steps.extend(now);
        steps.extend(self.follow(replica, turn));
        if !turn.restarts {
            steps.extend(entries::repair(self, replica));
        }
        steps.extend(self.linger(replica, turn));
        for step in steps.iter_mut().chain(&mut later) {
            step.replica = Some(replica.id.clone());
        }
        Steps { steps, later }
    }

    fn engine(&self) -> &crate::model::id::EngineName {
        &self.context().deployment.engine
    }

    fn prepared(&self) -> Fact {
        Fact::Prepared(self.context().deployment.id.clone())
    }

    fn has_guests(&self, owned: &Owned<'_>) -> bool {
        self.context().inventory.guests_of(owned.view).next().is_some()
    }

    fn who(&self, replica: &Replica<'a>) -> Who {
        replica.who(self.engine())
    }

    fn target(&self, replica: &Replica<'a>) -> At {
        target(&self.who(replica), replica.name())
    }

    /// Removes leftovers whose name is needed, or of which more than one lives.
    fn remove_useless(&self, replica: &Replica<'a>) -> Vec<Transition> {
        let service = self.decided.service;
        let order = "stop-first: its name is needed".to_owned();
        let why = because(Reason::Replaced { order }, service.origins.find(""));
        let permit = [self.prepared()];
        let remove = |owned: &&Owned<'_>| {
            let (context, grace) = (self.context(), service.stop_grace);
            let mut steps = stop::stop(context, Some(service), owned, &why, grace, &permit);
            steps.push(stop::remove(context, owned, &why, &permit));
            steps
        };
        replica.useless.iter().flat_map(remove).collect()
    }

    /// Makes the container, or changes in place what can be on one that stays.
    fn prepare(&self, replica: &Replica<'a>) -> Vec<Transition> {
        match &replica.target {
            Target::New(new) => self.create(replica, new),
            Target::Stays { owned, limits, networks } => {
                let (who, at) = (known(owned), self.target(replica));
                let spec = &self.decided.service.spec;
                let mut actions = Vec::new();
                if !limits.is_empty() {
                    let resources =
                        Resources { limits: spec.limits.clone(), restart: spec.restart };
                    let container = at.clone();
                    actions
                        .push((Action::UpdateContainer { container, resources }, limits.clone()));
                }
                for (network, why) in networks {
                    let (container, network) = (at.clone(), network.clone());
                    let action = match spec.networks.get(&network).cloned() {
                        Some(attachment) => {
                            Action::ConnectNetwork { container, network, attachment }
                        }
                        None => Action::DisconnectNetwork { container, network },
                    };
                    actions.push((action, vec![why.clone()]));
                }
                let steps = actions.into_iter().enumerate().map(|(number, (action, causes))| {
                    let began = (number == 0).then(|| Fact::Began(who.clone()));
                    Transition::new(action, causes)
                        .needs([self.prepared()])
                        .gives(began.into_iter().chain([Fact::Ready(who.clone())]))
                });
                steps.collect()
            }
        }
    }

    fn create(&self, replica: &Replica<'a>, new: &Successor) -> Vec<Transition> {
        let (context, service) = (self.context(), self.decided.service);
        let why = Why::follows(Fact::Began(self.who(replica)));
        let made_of = Made {
            name: &new.name,
            identity: new.identity.clone(),
            spec: with_resolvers(context, service),
            joins: new.joins.clone(),
            volumes: new.volumes.clone(),
        };
        let image = self.decisions.images[&service.spec.image];
        let mut steps = made(context, service, made_of, image, (new.causes.clone(), &why));
        let Some(create) = steps.first_mut() else { return steps };
        create.needs.push(self.prepared());
        create.needs.extend(replica.useless.iter().map(|owned| Fact::Gone(known(owned))));
        if !service.spec.links.is_empty() {
            // The engine looks for whom they name already as it makes the container.
            let id = &context.deployment.id;
            let linked = service.depends_on.keys();
            create.needs.extend(linked.map(|name| Fact::Started(id.clone(), name.clone())));
        }
        steps
    }

    /// What must hold before the container may start, but for what it takes over.
    pub(super) fn begin(&self, replica: &Replica<'a>, throttle: &[Fact]) -> Vec<Fact> {
        let mut begin = self.rollout.gates(self.decisions, self.decided.service);
        begin.extend([self.prepared(), Fact::Ready(self.who(replica))]);
        // Whoever is named as a container runs, and is good, before anybody moves in.
        let named = self.joins().iter().filter(|join| matches!(join.peer, Peer::Container(_)));
        begin.extend(named.map(|join| Fact::Good(join.who.clone())));
        if replica.surplus().any(is_running) {
            begin.extend(throttle.iter().cloned());
        }
        begin
    }

    /// Starts the container if it does not run, and waits until it is good.
    fn start(&self, replica: &Replica<'a>, turn: &Move<'a>, first: bool) -> Vec<Transition> {
        let Some(start) = &replica.start else { return Vec::new() };
        let (context, service) = (self.context(), self.decided.service);
        let who = self.who(replica);
        let began = Fact::Began(who.clone());
        let mut steps = self.make_way(replica, turn);
        let mut before = self.begin(replica, &turn.throttle);
        if self.stops_first(replica) || replica.goes_before.is_some() || self.starts_again(replica)
        {
            let ids = deregistrable(context, &service.name, replica.id.slot);
            before.extend(stop::withdrawn(context, &ids));
        }
        if self.stops_first(replica) || replica.goes_before.is_some() {
            before.extend(replica.old.iter().map(|owned| Fact::Stopped(known(owned))));
        }
        let (init, before) = self.init(replica, first, &before);
        steps.extend(init);
        let container = self.target(replica);
        let cause = match start {
            Start::New => Why::follows(began.clone()),
            Start::Again(why) | Start::Unpause(why) => why.clone(),
        };
        let action = match start {
            Start::Unpause(_) => Action::UnpauseContainer { container: container.clone() },
            _ => Action::StartContainer { container: container.clone() },
        };
        let first = matches!(start, Start::New) || is_changed(replica);
        let up = Fact::Up(who.clone());
        let step = Transition::new(action, vec![cause])
            .uses(used(&who))
            .needs(before)
            .gives((!first).then_some(began.clone()))
            .takes(resources::taken(self.engine(), &service.spec));
        let follows = Why::follows(began);
        let launched = Fact::Launched(who.clone());
        steps.push(step.gives([launched.clone()]));
        steps.extend(post_start(service, &container, &who, &follows, launched));
        if let Some(step) = steps.last_mut() {
            step.gives.extend([up.clone(), self.started()]);
        }
        steps.push(self.good(replica, turn, Some(follows.clone()), [up]));
        steps.extend(entries::register(self, replica, follows));
        steps
    }

    fn started(&self) -> Fact {
        Fact::Started(self.context().deployment.id.clone(), self.decided.service.name.clone())
    }

    fn stops_first(&self, replica: &Replica<'a>) -> bool {
        replica.order.is_stop_first() && replica.old.iter().any(|owned| is_running(owned))
    }

    /// Whether it is started as it is, and nothing else of it runs: it was registered while
    /// it ran; nobody reaches it until it is good again.
    fn starts_again(&self, replica: &Replica<'a>) -> bool {
        replica.start.is_some()
            && replica.existing().is_some()
            && replica.surplus().next().is_none()
    }

    /// Takes out of the catalog, and stops, what has to stop first.
    fn make_way(&self, replica: &Replica<'a>, turn: &Move<'a>) -> Vec<Transition> {
        let (context, service) = (self.context(), self.decided.service);
        let ids = deregistrable(context, &service.name, replica.id.slot);
        let stale = || because(Reason::Stale, service.origins.find(""));
        let mut steps = Vec::new();
        if self.stops_first(replica) || replica.goes_before.is_some() {
            let mut permit = self.permit(replica, &turn.throttle);
            let made = matches!(replica.target, Target::New(_)) || is_changed(replica);
            let late = replica.goes_before.is_none() && replica.order.early().is_none();
            let why =
                if made && late { Why::follows(Fact::Began(self.who(replica))) } else { stale() };
            steps.extend(stop::withdraw(context, &ids, why, &permit));
            permit.extend(stop::withdrawn(context, &ids));
            let why = self.replaced(replica);
            for owned in &replica.old {
                let grace = service.stop_grace;
                steps.extend(stop::stop(context, Some(service), owned, &why, grace, &permit));
            }
        } else if self.starts_again(replica) {
            steps.extend(stop::withdraw(context, &ids, stale(), &[self.prepared()]));
        }
        steps
    }

    fn replaced(&self, replica: &Replica<'a>) -> Why {
        let order = replica.order.text();
        because(Reason::Replaced { order }, self.decided.service.origins.find(""))
    }

    /// Waits until a container is good, or done if it is a one-shot that others need.
    fn good(
        &self,
        replica: &Replica<'a>,
        turn: &Move<'a>,
        why: Option<Why>,
        after: impl IntoIterator<Item = Fact>,
    ) -> Transition {
        let (service, id) = (self.decided.service, &self.context().deployment.id);
        let until = if !service.job {
            good_until(service)
        } else if self.is_awaited_to_complete() {
            Until::Completed
        } else {
            Until::Running
        };
        let (container, deadline) = (self.target(replica), service.rollout.deadline);
        let why = why.unwrap_or_else(|| because(Reason::Duplicate, service.origins.find("")));
        let who = self.who(replica);
        let moved = (!self.lingers(turn)).then(|| Fact::Moved(replica.id.clone()));
        Transition::new(Action::Await { container, until, deadline }, vec![why])
            .uses(used(&who))
            .needs(after)
            .gives([Fact::Good(who), Fact::Settled(id.clone(), service.name.clone())])
            .gives(moved)
    }

    fn is_awaited_to_complete(&self) -> bool {
        let name = &self.decided.service.name;
        let mut services = self.context().deployment.services.values();
        services.any(|service| {
            let dependency = service.depends_on.get(name);
            dependency.is_some_and(|d| d.condition == crate::model::desired::Condition::Completed)
        })
    }

    /// Waits for a container that runs already: what comes after its start is made up for,
    /// or others of its slot go.
    fn prove(&self, replica: &Replica<'a>) -> Vec<Transition> {
        if !awaits(replica) {
            return Vec::new();
        }
        let who = self.who(replica);
        let ready = [self.prepared(), Fact::Ready(who.clone())];
        let (mut steps, last) = prove(self.decided.service, replica, &ready);
        let first = if is_changed(replica) { Some(Fact::Began(who)) } else { last.clone() };
        let after = last.map_or_else(|| ready.to_vec(), |last| vec![last]);
        let (throttle, follows) = (Vec::new(), Vec::new());
        let turn = Move { at: 0, throttle, follows, restarts: false, lingers: false };
        steps.push(self.good(replica, &turn, first.map(Why::follows), after));
        steps
    }

    /// Restarts a replica whose dependency was replaced or restarted, if it asks for it.
    fn follow(&self, replica: &Replica<'a>, turn: &Move<'a>) -> Vec<Transition> {
        let (Some(owned), true) = (replica.existing(), turn.restarts) else {
            return Vec::new();
        };
        let (service, id) = (self.decided.service, &self.context().deployment.id);
        // It starts again: everything that it depends on must be as it asks, not only
        // what moved.
        let mut after = self.rollout.gates(self.decisions, service);
        after.extend(turn.throttle.iter().cloned());
        let mut causes = Vec::new();
        for dependency in &turn.follows {
            after.push(Fact::Settled(id.clone(), (*dependency).clone()));
            let at = service.origins.find(&format!("depends_on.{dependency}"));
            causes.push(because(Reason::DependencyMoved { service: (*dependency).clone() }, at));
        }
        for (name, id) in &replica.restarted_hosts {
            after.push(Fact::Good(Who::Known(id.clone())));
            let at = service.origins.find("network_mode");
            causes.push(because(Reason::HostRestarted { container: name.clone() }, at));
        }
        let who = known(owned);
        let container = self.target(replica);
        let (mut steps, hooked) = pre_stop(service, owned, &causes, &after);
        after.extend(hooked);
        let grace = service.stop_grace;
        let restart = Action::RestartContainer { container: container.clone(), grace };
        let launched = Fact::Launched(who.clone());
        let step = Transition::new(restart, causes).needs(after);
        steps.push(step.gives([launched.clone()]));
        let follows = Why::follows(launched.clone());
        steps.extend(post_start(service, &container, &who, &follows, launched));
        let up = Fact::Up(who);
        if let Some(step) = steps.last_mut() {
            step.gives.extend([up.clone(), self.started()]);
        }
        steps.push(self.good(replica, turn, Some(follows.clone()), [up]));
        steps.extend(entries::register(self, replica, follows));
        steps
    }

    fn lingers(&self, turn: &Move<'a>) -> bool {
        turn.lingers && !self.decided.service.rollout.delay.is_zero()
    }

    /// Waits that a replica stays good for a while before the next one moves.
    fn linger(&self, replica: &Replica<'a>, turn: &Move<'a>) -> Option<Transition> {
        if !self.lingers(turn) {
            return None;
        }
        let service = self.decided.service;
        let who = self.who(replica);
        let delay = service.rollout.delay;
        let action = Action::Await {
            container: self.target(replica),
            until: Until::Good(delay),
            deadline: service.rollout.deadline + delay,
        };
        let why = because(Reason::Lingers, service.origins.find("deploy.update_config.delay"));
        let step = Transition::new(action, vec![why]).uses(used(&who)).needs([Fact::Good(who)]);
        Some(step.gives([Fact::Moved(replica.id.clone())]))
    }

    /// Takes the other containers of the slot away and gives the one that stays its name.
    fn clear(&self, replica: &Replica<'a>, turn: &Move<'a>) -> Vec<Transition> {
        let (context, service) = (self.context(), self.decided.service);
        let who = self.who(replica);
        let after = [Fact::Good(who.clone()), Fact::Began(who.clone())];
        let why = self.replaced(replica);
        let mut steps = Vec::new();
        let stopped_first = self.stops_first(replica) || replica.goes_before.is_some();
        let stopped_first = stopped_first && replica.start.is_some();
        // In the catalog the new one stands in before the old one leaves.
        let ids = deregistrable(context, &service.name, replica.id.slot);
        let mut permit = match &replica.goes_before {
            Some(_) => self.permit(replica, &turn.throttle),
            None => after.to_vec(),
        };
        permit.push(Fact::Registered(who.clone()));
        permit.extend(stop::withdrawn(context, &ids));
        for owned in &replica.old {
            if !stopped_first {
                let grace = service.stop_grace;
                let mut stop = stop::stop(context, Some(service), owned, &why, grace, &permit);
                if let Some(stop) = stop.last_mut().filter(|_| !self.has_guests(owned)) {
                    stop.gives.push(Fact::Moved(replica.id.clone()));
                }
                steps.extend(stop);
            }
            steps.push(stop::remove(context, owned, &why, &after));
        }
        steps.extend(self.rename(replica, &after));
        steps
    }

    fn rename(&self, replica: &Replica<'a>, after: &[Fact]) -> Option<Transition> {
        let (to, why) = replica.rename.as_ref()?;
        let who = self.who(replica);
        let first = replica.start.is_some() || is_changed(replica);
        let why = if first { Why::follows(Fact::Began(who.clone())) } else { why.clone() };
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

/// Whether a container that stays is changed in place.
fn is_changed(replica: &Replica<'_>) -> bool {
    match &replica.target {
        Target::Stays { limits, networks, .. } => !limits.is_empty() || !networks.is_empty(),
        Target::New(_) => false,
    }
}
