//! The steps of one replica: made or changed, started, proven healthy, registered; then the
//! old one goes, and the new one gets its name.

use super::builder::StepBuilder;
use super::create::{Made, made};
use super::hooks::prove;
use super::{Transition, entries, known, stop, target, used};
use crate::plan::cause::{Why, because};
use crate::plan::decide::{Replica, Successor, Target, with_resolvers};
use crate::plan::fact::{Fact, Who};
use crate::plan::rollout::{Move, awaits};
use crate::plan::seen::{Owned, healthy_until};
use crate::plan::when::Chance;
use model::action::{Action, Until};
use model::plan::Reason;
use model::target::Target as At;

/// The steps of a replica.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) own: Vec<Transition>,
    /// Those that wait until others have moved out.
    pub(super) deferred: Vec<Transition>,
    /// Its restart after what it depends on.
    pub(super) follow: Vec<Transition>,
    /// What its catalog entries lack.
    pub(super) entries: Option<Transition>,
    /// The wait before the next one moves.
    pub(super) delay: Option<Transition>,
}

impl<'a> StepBuilder<'_, 'a> {
    pub(super) fn replica(&self, replica: &Replica<'a>, planned: &Move<'a>, first: bool) -> Steps {
        let mut steps: Vec<_> = self.meanwhile(replica).into_iter().collect();
        steps.extend(self.remove_useless(replica));
        steps.extend(self.prepare(replica));
        steps.extend(self.start(replica, planned, first));
        if replica.start.is_none() {
            steps.extend(self.prove(replica));
        }
        let clear = self.clear(replica, planned);
        let puts_off = replica.old.iter().any(|owned| self.has_members(owned));
        let (now, deferred) = if puts_off { (Vec::new(), clear) } else { (clear, Vec::new()) };
        steps.extend(now);
        let all = Steps {
            own: steps,
            deferred,
            follow: self.follow(replica, planned),
            ..Steps::default()
        };
        let change = entries::change(self, replica).filter(|_| planned.restarts != Chance::Always);
        let delay = self.await_min_healthy(replica, planned);
        Steps { entries: change, delay, ..all }
    }

    pub(super) fn engine(&self) -> &model::id::EngineName {
        &self.context().deployment.engine
    }

    pub(super) fn prepared(&self) -> Fact {
        Fact::Prepared(self.context().deployment.id.clone())
    }

    pub(super) fn has_members(&self, owned: &Owned<'_>) -> bool {
        self.context().inventory.members_of(owned.view).next().is_some()
    }

    pub(super) fn who(&self, replica: &Replica<'a>) -> Who {
        replica.who(self.engine())
    }

    pub(super) fn target(&self, replica: &Replica<'a>) -> At {
        target(&self.who(replica), replica.name())
    }

    /// Removes leftovers whose name is needed, or of which more than one lives.
    fn remove_useless(&self, replica: &Replica<'a>) -> Vec<Transition> {
        let service = self.decided.service;
        let remove = |owned: &&Owned<'_>| {
            let order = "stop-first: its name is needed".to_owned();
            let why = because(Reason::Replaced { order }, service.origins.find(""));
            let permit = [stop::prepared(self.decisions)];
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
            Target::Stays { .. } if !is_changed(replica) => Vec::new(),
            Target::Stays { owned, limits, networks } => {
                self.change(replica, owned, limits, networks)
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
        let mut steps = made(context, service, made_of, self.images(), (new.causes.clone(), &why));
        let Some(create) = steps.first_mut() else { return steps };
        create.needs.push(self.prepared());
        create.needs.extend(replica.useless.iter().map(|owned| Fact::Gone(known(owned))));
        if !service.spec.links.is_empty() {
            // The engine looks their targets up as it creates the container.
            let id = &context.deployment.id;
            let linked = service.depends_on.keys();
            create.needs.extend(linked.map(|name| Fact::Started(id.clone(), name.clone())));
        }
        steps
    }

    pub(super) fn started(&self) -> Fact {
        Fact::Started(self.context().deployment.id.clone(), self.decided.service.name.clone())
    }

    /// Waits until a container is healthy, or done if it is a job.
    pub(super) fn await_healthy(
        &self,
        replica: &Replica<'a>,
        planned: &Move<'a>,
        why: Option<Why>,
        after: impl IntoIterator<Item = Fact>,
    ) -> Transition {
        let (service, id) = (self.decided.service, &self.context().deployment.id);
        let until = if service.job { Until::Completed } else { healthy_until(service) };
        let (container, deadline) = (self.target(replica), service.rollout.deadline);
        let why = why.unwrap_or_else(|| because(Reason::Duplicate, service.origins.find("")));
        let who = self.who(replica);
        let moved = (!self.delays(planned)).then(|| Fact::Moved(replica.id.clone()));
        Transition::new(Action::Await { container, until, deadline }, vec![why])
            .uses(used(&who))
            .needs(after)
            .gives([Fact::Healthy(who), Fact::ServiceReady(id.clone(), service.name.clone())])
            .gives(moved)
    }

    /// Waits for a container that runs already: what comes after its start is made up for,
    /// or others of its slot go.
    pub(super) fn prove(&self, replica: &Replica<'a>) -> Vec<Transition> {
        if !awaits(replica) {
            return Vec::new();
        }
        let who = self.who(replica);
        let ready = [self.prepared(), Fact::Ready(who.clone())];
        let (mut steps, last) = prove(self.decided.service, replica, &ready);
        let first = if is_changed(replica) { Some(Fact::Began(who)) } else { last.clone() };
        let first = first.map(Why::follows);
        let after = last.map_or_else(|| ready.to_vec(), |last| vec![last]);
        let (throttle, follows) = (Vec::new(), Vec::new());
        let planned = Move { at: 0, throttle, follows, restarts: Chance::Never, delays: false };
        let mut wait = self.await_healthy(replica, &planned, first, after);
        if !replica.made_for.is_empty() {
            wait.causes.clone_from(&replica.made_for);
        }
        steps.push(wait);
        steps
    }

    fn delays(&self, planned: &Move<'a>) -> bool {
        planned.delays && !self.decided.service.rollout.delay.is_zero()
    }

    /// Waits that a replica stays healthy for a while before the next one moves.
    fn await_min_healthy(&self, replica: &Replica<'a>, planned: &Move<'a>) -> Option<Transition> {
        if !self.delays(planned) {
            return None;
        }
        let service = self.decided.service;
        let who = self.who(replica);
        let delay = service.rollout.delay;
        let action = Action::Await {
            container: self.target(replica),
            until: Until::Healthy(delay),
            deadline: service.rollout.deadline + delay,
        };
        let why = because(Reason::UpdateDelay, service.origins.find("deploy.update_config.delay"));
        let step = Transition::new(action, vec![why]).uses(used(&who)).needs([Fact::Healthy(who)]);
        Some(step.gives([Fact::Moved(replica.id.clone())]))
    }
}

/// Whether a container that stays is changed in place.
pub(super) fn is_changed(replica: &Replica<'_>) -> bool {
    match &replica.target {
        Target::Stays { limits, networks, .. } => !limits.is_empty() || !networks.is_empty(),
        Target::New(_) => false,
    }
}
