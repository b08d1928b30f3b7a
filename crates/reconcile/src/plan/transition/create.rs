//! The steps that make a container, with its files and all its networks.

use std::collections::BTreeMap;

use super::{Transition, at, target, used};
use crate::plan::cause::Why;
use crate::plan::context::Context;
use crate::plan::decide::{awaited_networks, compose_labels};
use crate::plan::differ::{ImageUse, Images, Joined};
use crate::plan::fact::{Fact, Resource, Who};
use model::action::{Action, Create, Join};
use model::compose_labels::PlannedImage;
use model::desired::Service;
use model::id::{ContainerName, DeploymentId, ImageRef, StepId, VolumeName};
use model::labels::Identity;
use model::plan::{Blocked, WaitingOn};
use model::spec::ContainerSpec;
use model::target::{ContainerRef, Target};

/// A container to be made.
pub(super) struct Made<'n> {
    pub(super) name: &'n ContainerName,
    pub(super) identity: Identity,
    pub(super) spec: ContainerSpec,
    pub(super) joins: Vec<Joined>,
    pub(super) volumes: BTreeMap<String, VolumeName>,
}

/// Makes it. `causes` are those of the first step, `why` that of all others.
pub(super) fn made(
    context: &Context<'_>,
    service: &Service,
    new: Made<'_>,
    images: &Images<'_>,
    (causes, why): (Vec<Why>, &Why),
) -> Vec<Transition> {
    let Made { name, identity, spec, joins, volumes } = new;
    let engine = &context.deployment.engine;
    let who = Who::Made(engine.clone(), name.clone());
    let (joins, mut uses) = joined(joins);
    let image = planned(context, &spec.image, images, &mut uses);
    let mounts = spec.mounted_images();
    let mounted = mounts
        .map(|(target, image)| (target.to_owned(), planned(context, image, images, &mut uses)))
        .collect();
    let on_all = context.makes_on_all_networks();
    let in_order = spec.networks_in_order().into_iter();
    let networks: Vec<_> = in_order.map(|(name, how)| (name.clone(), how.clone())).collect();
    let requires = requires(context, &spec);
    // Another deployment may make one, or make it again.
    let on = spec.networks.keys().map(|name| Fact::Network(engine.clone(), name.clone()));
    let on: Vec<Fact> = on.collect();
    let create = Create {
        name: name.clone(),
        identity,
        spec,
        network: networks.first().map(|(network, _)| network.clone()),
        on_all,
        volumes,
        joins,
        mounted,
        compose: compose_labels(context, service, image),
    };
    let first = Transition::new(Action::CreateContainer(Box::new(create)), causes)
        .uses(uses)
        .needs(on)
        .gives([Fact::Exists(who.clone()), Fact::Began(who.clone()), Fact::Ready(who.clone())])
        .takes([Resource::Name(engine.clone(), name.clone())]);
    let mut steps = vec![Transition { requires, ..first }];
    let container = target(&who, name);
    let next = |action| {
        let step = Transition::new(action, vec![why.clone()]);
        step.uses(used(&who)).gives([Fact::Ready(who.clone())])
    };
    if !service.files.is_empty() {
        let (container, files) = (container.clone(), service.files.clone());
        steps.push(next(Action::UploadFiles { container, files }));
    }
    for (network, attachment) in networks.into_iter().skip(1).filter(|_| !on_all) {
        let (container, attachment) = (container.clone(), Box::new(attachment));
        steps.push(next(Action::ConnectNetwork { container, network, attachment }));
    }
    steps
}

/// An image as far as it is known; what a step brings is used by it.
fn planned(
    context: &Context<'_>,
    image: &ImageRef,
    images: &Images<'_>,
    uses: &mut Vec<Fact>,
) -> PlannedImage {
    let mut after = |by: &DeploymentId| {
        uses.push(Fact::Image(by.clone(), image.clone()));
        PlannedImage::After(StepId(at(uses.len() - 1)))
    };
    match images.get(image) {
        None => PlannedImage::Unknown,
        Some(ImageUse::Present(view)) => PlannedImage::Known(view.id.clone()),
        Some(ImageUse::Brought(by)) => after(by),
        // Whatever comes.
        Some(ImageUse::Renewed(_)) => after(&context.deployment.id),
    }
}

/// The containers that it shares with, as the engine needs them, and what placeholders
/// among them stand for.
fn joined(joins: Vec<Joined>) -> (Vec<Join>, Vec<Fact>) {
    let mut uses = Vec::new();
    let join = |Joined { peer, who, name }| {
        let container = match who {
            Who::Known(id) => ContainerRef::Known(id),
            Who::Made(..) => {
                uses.push(Fact::Exists(who));
                ContainerRef::Made(StepId(at(uses.len() - 1)))
            }
        };
        Join { peer, container: Target { container, name } }
    };
    let joins = joins.into_iter().map(join).collect();
    (joins, uses)
}

/// The networks that only another deployment can make in this pass.
pub(super) fn requires(context: &Context<'_>, spec: &ContainerSpec) -> Vec<(Fact, Blocked)> {
    let awaited = awaited_networks(context);
    let used = awaited.filter(|network| spec.networks.contains_key(&network.spec.name));
    used.map(|network| {
        let name = &network.spec.name;
        let blocked = Blocked {
            deployment: Some(context.deployment.id.clone()),
            subject: format!("use network {name}"),
            waiting_on: WaitingOn::External,
            at: Some(network.origin.clone()),
        };
        (Fact::Network(context.deployment.engine.clone(), name.clone()), blocked)
    })
    .collect()
}
