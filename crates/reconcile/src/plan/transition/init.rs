//! Containers that run to their end before a service's own start.

use std::collections::BTreeMap;

use super::builder::StepBuilder;
use super::create::{Made, made};
use super::{Transition, known, stop, target, used};
use crate::plan::cause::because;
use crate::plan::decide::{Replica, identity, with_resolvers};
use crate::plan::differ::Joined;
use crate::plan::fact::{Fact, Who};
use crate::plan::seen::is_running;
use model::action::{Action, Until};
use model::hook::InitContainer;
use model::id::{ContainerName, Slot};
use model::plan::Reason;
use model::share::{Peer, VolumesFrom};
use model::spec::ContainerSpec;

impl StepBuilder<'_, '_> {
    /// Removes what is left of containers that ran before the service, before they run
    /// again.
    pub(super) fn clear_init(&self) -> Vec<Transition> {
        let context = self.context();
        let service = self.decided.service;
        let why = || because(Reason::LeftOver, service.origins.find("pre_start"));
        let mut steps = Vec::new();
        for owned in self.decided.leftovers {
            if is_running(owned) {
                let stopped = stop::stop(context, None, owned, &why(), service.stop_grace, &[]);
                steps.extend(stopped);
            }
            steps.push(stop::remove(context, owned, &why(), &[]));
        }
        steps
    }

    /// Runs the containers that must end before a replica's first start. `first` says
    /// whether it is the first that starts. Returns what must hold before that start.
    pub(super) fn init(
        &self,
        replica: &Replica<'_>,
        first: bool,
        before: &[Fact],
    ) -> (Vec<Transition>, Vec<Fact>) {
        let service = self.decided.service;
        let existing = replica.existing();
        let started = existing.is_some_and(|owned| owned.view.state.started_at.is_some());
        let (mut steps, mut after) = (Vec::new(), before.to_vec());
        if service.hooks.pre_start.is_empty() || started {
            return (steps, after);
        }
        let inits = || service.hooks.pre_start.iter().enumerate();
        let base = format!("{}-{}", self.context().deployment.id, service.name);
        let initialised =
            Fact::Initialised(self.context().deployment.id.clone(), service.name.clone());
        if first && !self.has_run() {
            for (number, init) in inits().filter(|(_, init)| !init.per_replica) {
                let name = ContainerName::new(format!("{base}-pre-start-{number}"));
                let (run, done) = self.run_init(init, &name, replica, &after);
                steps.extend(run);
                after.push(done);
            }
            for step in &mut steps {
                if step.gives.iter().any(|fact| matches!(fact, Fact::Healthy(_))) {
                    step.gives.push(initialised.clone());
                }
            }
        }
        after.push(initialised);
        let slot = replica.id.slot;
        for (number, init) in inits().filter(|(_, init)| init.per_replica) {
            let name = ContainerName::new(format!("{base}-{slot}-pre-start-{number}"));
            let (run, done) = self.run_init(init, &name, replica, &after);
            steps.extend(run);
            after.push(done);
        }
        (steps, after)
    }

    /// Whether they ran for a replica that stays as it is.
    fn has_run(&self) -> bool {
        let mut existing = self.decided.replicas(self.other).filter_map(Replica::existing);
        existing.any(|owned| owned.view.state.started_at.is_some())
    }

    /// Makes, starts, awaits and removes one of them. Returns what holds when it has ended.
    fn run_init(
        &self,
        init: &InitContainer,
        name: &ContainerName,
        replica: &Replica<'_>,
        after: &[Fact],
    ) -> (Vec<Transition>, Fact) {
        let (context, service) = (self.context(), self.decided.service);
        let engine = &context.deployment.engine;
        let who = Who::Made(engine.clone(), name.clone());
        let mut identity = identity(context, service, Slot::INIT, false);
        identity.name = name.clone();
        identity.init_hash = None;
        let peer = Peer::Service(service.name.clone());
        let spec = init_spec(&with_resolvers(context, service), init, peer.clone());
        let (own, own_name) = (replica.who(engine), replica.name().clone());
        let mut joins = vec![Joined { peer, who: own, name: own_name }];
        let others = self.joins(replica).iter();
        let in_network = |join: &&Joined| spec.network_mode.peer() == Some(&join.peer);
        joins.extend(others.filter(in_network).cloned());
        let why = because(Reason::Prepares, service.origins.find("pre_start"));
        let leftovers = self.decided.leftovers.iter().map(|owned| Fact::Gone(known(owned)));
        let mut steps = made(
            context,
            service,
            Made { name, identity, spec, joins, volumes: BTreeMap::new() },
            self.images(),
            (vec![why.clone()], &why),
        );
        if let Some(create) = steps.first_mut() {
            create.needs.extend(after.iter().cloned().chain(leftovers));
        }
        let container = target(&who, name);
        let done = Fact::Healthy(who.clone());
        let start = Action::StartContainer { container: container.clone() };
        let deadline = service.rollout.deadline;
        let until = Until::Completed;
        let wait = Action::Await { container: container.clone(), until, deadline };
        let step = |action, needs: Fact, gives: Fact| {
            let step = Transition::new(action, vec![why.clone()]);
            step.uses(used(&who)).needs([needs]).gives([gives])
        };
        steps.push(step(start, Fact::Ready(who.clone()), Fact::Up(who.clone())));
        steps.push(step(wait, Fact::Up(who.clone()), done.clone()));
        let remove = Action::RemoveContainer { container };
        steps.push(step(remove, done.clone(), Fact::Gone(who.clone())));
        (steps, done)
    }
}

/// What a container is that runs before a service's own: the service's environment,
/// volumes and networks, and nobody reaches it by the service's names.
fn init_spec(of: &ContainerSpec, init: &InitContainer, service: Peer) -> ContainerSpec {
    let hook = &init.hook;
    let mut spec = ContainerSpec::of_image(init.image.clone().unwrap_or_else(|| of.image.clone()));
    spec.command = (!hook.command.is_empty()).then(|| hook.command.clone());
    spec.env = of.env.clone();
    spec.env.extend(hook.env.clone());
    spec.env.retain(|name, _| !hook.unset_env.contains(name));
    let unset = of.unset_env.iter().filter(|name| !hook.env.contains_key(*name));
    spec.unset_env = unset.chain(&hook.unset_env).cloned().collect();
    let same_image = init.image.is_none();
    spec.user = hook.user.clone().or_else(|| of.user.clone().filter(|_| same_image));
    spec.working_dir =
        hook.working_dir.clone().or_else(|| of.working_dir.clone().filter(|_| same_image));
    spec.networks = of.networks.keys().map(|name| (name.clone(), Box::default())).collect();
    spec.network_mode = of.network_mode.clone();
    spec.privileges.privileged = hook.privileged;
    spec.volumes_from = vec![VolumesFrom { peer: service, read_only: false }];
    spec.dns.clone_from(&of.dns);
    spec.dns_search.clone_from(&of.dns_search);
    spec.extra_hosts.clone_from(&of.extra_hosts);
    spec
}
