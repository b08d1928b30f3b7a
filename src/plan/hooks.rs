//! Lifecycle hooks: commands after a start and before a stop, and containers that run
//! before the first start.
//!
//! What has no label cannot be proven later: a container whose `post_start` has not ended
//! yet bears its second name, and gets its own only then, so that a pass that died between
//! the two is made up for by the next. Where what it replaces runs under that second name,
//! it has its own from the first, and proves nothing until the other is gone.

use super::draft::{After, because};
use super::ownership::Owned;
use super::service::Services;
use super::slot::Kept;
use super::state::{is_running, known};
use crate::model::action::{Action, ContainerRef, Create, Join, StepId, Target, Until};
use crate::model::desired::Service;
use crate::model::hook::{InitContainer, Moment};
use crate::model::id::{ContainerName, Slot};
use crate::model::observed::Status;
use crate::model::plan::{Cause, Reason};
use crate::model::share::{Peer, VolumesFrom};
use crate::model::spec::ContainerSpec;

impl<'a> Services<'a, '_> {
    /// Runs the commands that follow a start. Returns the last step.
    pub(super) fn post_start(
        &mut self,
        service: &Service,
        target: &Target,
        causes: &[Cause],
        started: StepId,
    ) -> StepId {
        let after = After::from([started]);
        let last = self.run_hooks(service, Moment::PostStart, target, causes, after);
        last.last().copied().unwrap_or(started)
    }

    /// Runs the commands that come before a stop; what is frozen or down runs none.
    /// Returns what must have ended before the stop.
    pub(super) fn pre_stop(
        &mut self,
        service: &Service,
        owned: &Owned<'_>,
        causes: &[Cause],
        after: After,
    ) -> After {
        if owned.view.state.status != Status::Running {
            return after;
        }
        self.run_hooks(service, Moment::PreStop, &known(owned), causes, after)
    }

    fn run_hooks(
        &mut self,
        service: &Service,
        moment: Moment,
        target: &Target,
        causes: &[Cause],
        after: After,
    ) -> After {
        let hooks = match moment {
            Moment::PostStart => &service.hooks.post_start,
            Moment::PreStop => &service.hooks.pre_stop,
        };
        let deadline = service.rollout.deadline;
        hooks.iter().enumerate().fold(after, |after, (number, hook)| {
            let (container, hook) = (target.clone(), hook.clone());
            let action = Action::RunHook { container, moment, number, hook, deadline };
            After::from([self.scribe.step(action, causes.to_vec(), after)])
        })
    }

    /// Runs the commands of a container that was started, if nothing says that they ended.
    pub(super) fn prove(
        &mut self,
        service: &Service,
        kept: &Kept<'_>,
        surplus: &[&Owned<'_>],
    ) -> Option<StepId> {
        let owned = kept.existing?;
        if owned.view.state.status != Status::Running || !is_unproven(service, owned, surplus) {
            return None;
        }
        let cause = because(Reason::HooksUnproven, service.origins.find("post_start"));
        let after = kept.prepared.clone();
        let moment = Moment::PostStart;
        let last = self.run_hooks(service, moment, &kept.target, &[cause], after);
        last.last().copied()
    }

    /// Removes what is left of containers that ran before the service, before they run
    /// again.
    pub(super) fn clear_init(&mut self, service: &Service) {
        for owned in self.context.slot(&service.name, Slot::INIT) {
            let cause = || vec![because(Reason::LeftOver, service.origins.find("pre_start"))];
            let mut after = After::new();
            if is_running(owned) {
                let grace = service.stop_grace;
                let action = Action::StopContainer { container: known(owned), grace };
                after.insert(self.scribe.step(action, cause(), after.clone()));
            }
            let action = Action::RemoveContainer { container: known(owned) };
            let removed = self.scribe.step(action, cause(), after);
            self.removed.insert(owned.view.id.clone(), removed);
        }
    }

    /// Runs the containers that must end before a replica's first start. Returns what must
    /// have succeeded before that start.
    pub(super) fn init(
        &mut self,
        service: &'a Service,
        slot: Slot,
        kept: &Kept<'_>,
        before: &After,
    ) -> After {
        let started = kept.existing.is_some_and(|owned| owned.view.state.started_at.is_some());
        if service.hooks.pre_start.is_empty() || started {
            return After::new();
        }
        let mut once = self.init_once(service, kept, before);
        once.extend(before.iter().copied());
        let each = service.hooks.pre_start.iter().enumerate();
        each.filter(|(_, init)| init.per_replica).fold(once, |after, (number, init)| {
            let name = format!("{}-{slot}-pre-start-{number}", self.base_name(service));
            self.run_init(service, init, &name, kept, after)
        })
    }

    /// Those that run once for all replicas: before the first that starts, unless they ran
    /// for one that stays as it is.
    fn init_once(&mut self, service: &'a Service, kept: &Kept<'_>, before: &After) -> After {
        if let Some(done) = self.init_done.get(&service.name) {
            return done.clone();
        }
        let ran = self.slots(service).into_iter().any(|slot| {
            let keep = self.choose(service, slot).keep;
            keep.is_some_and(|(owned, _)| owned.view.state.started_at.is_some())
        });
        let mut after = before.clone();
        if !ran {
            let each = service.hooks.pre_start.iter().enumerate();
            for (number, init) in each.filter(|(_, init)| !init.per_replica) {
                let name = format!("{}-pre-start-{number}", self.base_name(service));
                after = self.run_init(service, init, &name, kept, after);
            }
        }
        self.init_done.insert(service.name.clone(), after.clone());
        after
    }

    fn base_name(&self, service: &Service) -> String {
        format!("{}-{}", self.context.deployment.id, service.name)
    }

    /// Makes, starts, awaits and removes one of them.
    fn run_init(
        &mut self,
        service: &'a Service,
        init: &InitContainer,
        name: &str,
        kept: &Kept<'_>,
        mut after: After,
    ) -> After {
        let name = ContainerName::new(name);
        let leftovers = self.context.slot(&service.name, Slot::INIT).iter();
        after.extend(leftovers.filter_map(|owned| self.removed.get(&owned.view.id)));
        let mut identity = self.context.identity(service, Slot::INIT, false);
        identity.name = name.clone();
        identity.init_hash = None;
        let peer = Peer::Service(service.name.clone());
        let spec = init_spec(&self.context.with_resolvers(service), init, peer.clone());
        let mut joins = vec![Join { peer, container: kept.target.clone() }];
        let others = self.joins(service).into_iter();
        joins.extend(others.filter(|join| spec.network_mode.peer() == Some(&join.peer)));
        let networks: Vec<_> = spec.networks.clone().into_iter().collect();
        let image = spec.image.clone();
        let on_all = self.context.makes_on_all_networks();
        let create = Create {
            name: name.clone(),
            identity,
            network: spec.networks.keys().next().cloned(),
            on_all,
            spec,
            volumes: std::collections::BTreeMap::new(),
            joins,
            compose: self.context.compose_labels(service, self.images[&image]),
        };
        let cause = || vec![because(Reason::Prepares, service.origins.find("pre_start"))];
        let made = self.scribe.step(Action::CreateContainer(Box::new(create)), cause(), after);
        let target = Target { container: ContainerRef::Made(made), name };
        let mut prepared = After::from([made]);
        if !service.files.is_empty() {
            let (container, files) = (target.clone(), service.files.clone());
            let action = Action::UploadFiles { container, files };
            prepared.insert(self.scribe.step(action, cause(), After::from([made])));
        }
        for (network, attachment) in networks.into_iter().skip(1).filter(|_| !on_all) {
            let container = target.clone();
            let action = Action::ConnectNetwork { container, network, attachment };
            prepared.insert(self.scribe.step(action, cause(), After::from([made])));
        }
        let start = Action::StartContainer { container: target.clone() };
        let started = self.scribe.step(start, cause(), prepared);
        let deadline = service.rollout.deadline;
        let wait = Action::Await { container: target.clone(), until: Until::Completed, deadline };
        let done = self.scribe.step(wait, cause(), After::from([started]));
        let remove = Action::RemoveContainer { container: target };
        self.scribe.step(remove, cause(), After::from([done]));
        After::from([done])
    }
}

/// Whether nothing says that the `post_start` of a container has ended: it does not bear its
/// own name, or got it at once because an older one of its slot bears its second name.
pub(super) fn is_unproven(service: &Service, owned: &Owned<'_>, surplus: &[&Owned<'_>]) -> bool {
    let second = owned.identity.surge_name();
    let bore_it =
        |o: &&Owned<'_>| o.view.name == second && o.view.created_at <= owned.view.created_at;
    !service.hooks.post_start.is_empty()
        && (!owned.has_canonical_name() || surplus.iter().any(bore_it))
}

/// What a container is that runs before a service's own: the service's environment,
/// volumes and networks, and nobody reaches it by the service's names.
fn init_spec(of: &ContainerSpec, init: &InitContainer, service: Peer) -> ContainerSpec {
    let hook = &init.hook;
    let mut spec = ContainerSpec::of_image(init.image.clone().unwrap_or_else(|| of.image.clone()));
    spec.command = (!hook.command.is_empty()).then(|| hook.command.clone());
    spec.env = of.env.clone();
    spec.env.extend(hook.env.clone());
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
