//! The steps of images, networks and volumes.

use super::Transition;
use crate::plan::cause::{Why, because};
use crate::plan::context::Context;
use crate::plan::decide::{Bring, Decisions, How, NetworkChange};
use crate::plan::fact::{Fact, Resource};
use crate::plan::resources;
use model::action::Action;
use model::build::BuildOwner;
use model::observed::NetworkView;
use model::plan::{Difference, Reason};

/// Pulls and builds.
pub(super) fn images(decisions: &Decisions<'_>) -> Vec<Transition> {
    let id = &decisions.context.deployment.id;
    let step = |bring: &Bring<'_>| {
        let image = bring.image.clone();
        let action = match bring.how {
            How::Pull(platform) => Action::PullImage { image, platform: platform.cloned() },
            How::Build(build, service) => Action::BuildImage {
                tag: image,
                build: Box::new(build.clone()),
                owner: BuildOwner { deployment: id.clone(), service: service.clone() },
            },
        };
        let from = bring.after.iter().copied();
        Transition::new(action, vec![bring.why.clone()])
            .needs(from.map(|image| Fact::Image(id.clone(), image.clone())))
            .gives([
                Fact::Image(id.clone(), bring.image.clone()),
                Fact::Images(id.clone()),
                Fact::Prepared(id.clone()),
            ])
    };
    decisions.brings.iter().map(step).collect()
}

/// Networks that are made, replaced, or there twice.
pub(super) fn networks(decisions: &Decisions<'_>) -> Vec<Transition> {
    let context = &decisions.context;
    let id = &context.deployment.id;
    let engine = &context.deployment.engine;
    let mut steps = Vec::new();
    for change in &decisions.networks {
        let (key, network, after) = match change {
            NetworkChange::Create { key, network } => (key, network, None),
            NetworkChange::RemoveTwin { network, twin } => {
                let why = because(Reason::Duplicate, Some(&network.origin));
                let step = Transition::new(remove(twin), vec![why]);
                steps.push(step.gives([Fact::Prepared(id.clone())]));
                continue;
            }
            NetworkChange::Vacate { old } => {
                let why = because(Reason::ServiceRemoved, Some(&context.deployment.origin));
                steps.push(vacate(context, old, why));
                continue;
            }
            NetworkChange::Replace { key, network, old, fields } => {
                let why = because(replaced(context, old), Some(&network.origin));
                let mut step = vacate(context, old, why);
                let changed = |field: &Difference| {
                    because(Reason::Changed(field.clone()), Some(&network.origin))
                };
                step.causes.extend(fields.iter().map(changed));
                steps.push(step);
                (key, network, Some(old))
            }
        };
        let spec = &network.spec;
        let mut owner = context.owner(key, spec.name.as_str(), network.compose_hash.as_ref());
        owner.asked = spec.asked();
        let reason = after.map_or(Reason::Missing, |old| replaced(context, old));
        let gone = after.map(|old| Fact::NetworkGone(old.id.clone()));
        let action = Action::CreateNetwork { network: spec.clone(), owner };
        let step = Transition::new(action, vec![because(reason, Some(&network.origin))])
            .needs([Fact::Images(id.clone())].into_iter().chain(gone))
            .gives([Fact::Prepared(id.clone()), Fact::Network(engine.clone(), spec.name.clone())])
            .takes(resources::subnets(engine, spec));
        steps.push(step);
    }
    steps
}

/// Removes a network whose users have stopped for it.
fn vacate(context: &Context<'_>, old: &NetworkView, why: Why) -> Transition {
    let users = context.inventory.users_of(&old.spec.name);
    let stopped = users.map(|view| Fact::Stopped(super::Who::Known(view.id.clone())));
    Transition::new(remove(old), vec![why])
        .needs(stopped.chain([Fact::Images(context.deployment.id.clone())]))
        .gives([Fact::NetworkGone(old.id.clone())])
        .frees(resources::subnets(&context.deployment.engine, &old.spec))
}

/// Why a network is replaced.
fn replaced(context: &Context<'_>, old: &NetworkView) -> Reason {
    let owner = context.inventory.index().network_owner(old).map(|(owner, _)| owner.clone());
    match owner.filter(|owner| *owner != context.deployment.id) {
        Some(deployment) => Reason::NetworkInherited { deployment },
        None => Reason::NetworkChanged,
    }
}

fn remove(view: &NetworkView) -> Action {
    Action::RemoveNetwork { name: view.spec.name.clone(), id: view.id.clone() }
}

/// Volumes that are made.
pub(super) fn volumes(decisions: &Decisions<'_>) -> Vec<Transition> {
    let context = &decisions.context;
    let id = &context.deployment.id;
    let steps = decisions.volumes.iter().map(|new| {
        let (spec, hash) = (&new.volume.spec, new.volume.compose_hash.as_ref());
        let owner = context.owner(new.key, spec.name.as_str(), hash);
        let why = because(Reason::Missing, Some(&new.volume.origin));
        Transition::new(Action::CreateVolume { volume: spec.clone(), owner }, vec![why])
            .needs([Fact::Images(id.clone())])
            .gives([Fact::Prepared(id.clone())])
    });
    steps.collect()
}

/// Networks that the stack no longer names: last, and after their last user, whosever it is.
pub(super) fn unused(decisions: &Decisions<'_>) -> Vec<Transition> {
    let context = &decisions.context;
    let engine = &context.deployment.engine;
    let own = context.deployment.networks.values();
    let own: Vec<_> = own.flat_map(|n| resources::subnets(engine, &n.spec)).collect();
    let steps = decisions.unused_networks.iter().map(|view| {
        // It goes last: what its own deployment makes meanwhile cannot wait for it.
        let others = |free: &Resource| !own.iter().any(|taken| taken.overlaps(free));
        let freed = resources::subnets(engine, &view.spec).into_iter().filter(others);
        let why = because(Reason::ServiceRemoved, Some(&context.deployment.origin));
        let step = Transition::new(remove(view), vec![why]);
        step.after_users(view, context.inventory, context.desired)
            .needs([Fact::Applied(context.place())])
            .frees(freed)
    });
    steps.collect()
}
