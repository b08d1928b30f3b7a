//! What containers need before they can be made: images, networks and volumes.

use std::collections::BTreeMap;

use super::context::{Context, Images};
use super::draft::{After, Scribe, because};
use super::drift::ImageUse;
use crate::model::action::{Action, StepId};
use crate::model::build::{Build, BuildOwner};
use crate::model::desired::{ImageSource, Service};
use crate::model::id::ImageRef;
use crate::model::observed::NetworkView;
use crate::model::plan::{Cause, Reason, WaitingOn};

/// Pulls and builds what is absent: everything is there before anything starts.
pub(super) fn images<'a>(context: &Context<'a>, scribe: &mut Scribe<'_>) -> (Images<'a>, After) {
    let mut images = Images::new();
    let mut brought = BTreeMap::new();
    let mut refreshed = After::new();
    for service in context.deployment.services.values().filter(|service| service.replicas > 0) {
        let reference = &service.spec.image;
        if images.contains_key(reference) {
            continue;
        }
        let used = match (context.image(service), brought.get(reference)) {
            (Some(image), _) => {
                // Whether it is another one then, the next look shows.
                if context.is_stale(service) {
                    let cause = because(Reason::Refreshed, service.origins.find("pull_policy"));
                    refreshed.insert(pull(service, cause, scribe));
                }
                ImageUse::Present(image)
            }
            (None, Some(step)) => ImageUse::Brought(*step),
            (None, None) => {
                let step = bring(context, service, &mut brought, scribe);
                ImageUse::Brought(step)
            }
        };
        images.insert(reference.clone(), used);
    }
    for (service, reference, field) in other_images(context) {
        if images.contains_key(reference) {
            continue;
        }
        let used = if let Some(image) = context.inventory.contents.images.get(reference) {
            ImageUse::Present(image)
        } else if let Some(step) = brought.get(reference) {
            ImageUse::Brought(*step)
        } else {
            let cause = because(Reason::ImageAbsent, service.origins.find(&field));
            let action = Action::PullImage { image: reference.clone(), platform: None };
            let step = scribe.step(action, vec![cause], After::new());
            brought.insert(reference.clone(), step);
            ImageUse::Brought(step)
        };
        images.insert(reference.clone(), used);
    }
    refreshed.extend(brought.into_values());
    (images, refreshed)
}

fn pull(service: &Service, cause: Cause, scribe: &mut Scribe<'_>) -> StepId {
    let (image, platform) = (service.spec.image.clone(), service.spec.platform.clone());
    scribe.step(Action::PullImage { image, platform }, vec![cause], After::new())
}

/// Of services that shall run, the images of what runs before them, and those that are
/// mounted; and the fields that name them.
fn other_images<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (&'a Service, &'a ImageRef, String)> {
    let services = context.deployment.services.values().filter(|service| service.replicas > 0);
    services.flat_map(|service| {
        let inits = service.hooks.pre_start.iter().filter_map(|init| init.image.as_ref());
        let inits = inits.map(|image| (image, "pre_start".to_owned()));
        let mounted = service.spec.mounted_images();
        let mounted = mounted.map(|(target, image)| (image, format!("volumes.{target}")));
        inits.chain(mounted).map(move |(image, field)| (service, image, field))
    })
}

fn bring(
    context: &Context<'_>,
    service: &Service,
    brought: &mut BTreeMap<ImageRef, StepId>,
    scribe: &mut Scribe<'_>,
) -> StepId {
    let step = match &service.image {
        ImageSource::Pull(_) => {
            let cause = because(Reason::ImageAbsent, service.origins.find("image"));
            pull(service, cause, scribe)
        }
        ImageSource::Build(build) => {
            for (image, needed) in build.needed() {
                if context.built(image, needed).is_none() && !brought.contains_key(image) {
                    let step = build_image(context, service, image, needed, brought, scribe);
                    brought.insert(image.clone(), step);
                }
            }
            build_image(context, service, &service.spec.image, build, brought, scribe)
        }
    };
    brought.insert(service.spec.image.clone(), step);
    step
}

/// Builds an image, after those that it names and that are built in this plan, too.
fn build_image(
    context: &Context<'_>,
    service: &Service,
    image: &ImageRef,
    build: &Build,
    brought: &BTreeMap<ImageRef, StepId>,
    scribe: &mut Scribe<'_>,
) -> StepId {
    let reason = Reason::NotBuilt { hash: build.hash.clone() };
    let cause = because(reason, service.origins.find("build"));
    let named = build.contexts.values().filter_map(|context| brought.get(context.image()));
    let deployment = context.deployment.id.clone();
    let action = Action::BuildImage {
        tag: image.clone(),
        build: Box::new(build.clone()),
        owner: BuildOwner { deployment, service: service.name.clone() },
    };
    scribe.step(action, vec![cause], named.copied().collect())
}

/// Creates missing networks and volumes, after all images are there.
pub(super) fn networks_and_volumes(
    context: &Context<'_>,
    scribe: &mut Scribe<'_>,
    images: &After,
) -> After {
    let contents = context.inventory.contents;
    let mut ready = images.clone();
    for (key, network) in context.deployment.networks.iter().filter(|(_, n)| !n.external) {
        let spec = &network.spec;
        let mut of_that_name = contents.networks.iter().filter(|view| view.spec.name == spec.name);
        if let Some(found) = of_that_name.next() {
            // Containers are on the oldest, or could not start yet.
            let installation = &context.settings.installation;
            let ours =
                |v: &&NetworkView| context.inventory.network_owner(v, installation).is_some();
            for twin in of_that_name.filter(ours) {
                let cause = because(Reason::Duplicate, Some(&network.origin));
                let action = Action::RemoveNetwork { name: spec.name.clone(), id: twin.id.clone() };
                ready.insert(scribe.step(action, vec![cause], After::new()));
            }
            if differs(&found.spec, spec) {
                let command = format!("docker network rm {}", spec.name);
                scribe.block(
                    format!("replace network {}", spec.name),
                    WaitingOn::Consent { command },
                    Some(&network.origin),
                );
            }
            continue;
        }
        let owner = context.owner(key, spec.name.as_str(), network.compose_hash.as_ref());
        let action = Action::CreateNetwork { network: spec.clone(), owner };
        let cause = because(Reason::Missing, Some(&network.origin));
        ready.insert(scribe.step(action, vec![cause], images.clone()));
    }
    for (key, volume) in context.deployment.volumes.iter().filter(|(_, v)| !v.external) {
        let spec = &volume.spec;
        if let Some(found) = contents.volumes.iter().find(|view| view.spec.name == spec.name) {
            if found.spec.driver != spec.driver || found.spec.driver_opts != spec.driver_opts {
                let command = format!("docker volume rm {}", spec.name);
                scribe.block(
                    format!("replace volume {} and lose its data", spec.name),
                    WaitingOn::Consent { command },
                    Some(&volume.origin),
                );
            }
            continue;
        }
        let owner = context.owner(key, spec.name.as_str(), volume.compose_hash.as_ref());
        let action = Action::CreateVolume { volume: spec.clone(), owner };
        let cause = because(Reason::Missing, Some(&volume.origin));
        ready.insert(scribe.step(action, vec![cause], images.clone()));
    }
    ready
}

/// Whether a network is not what the stack says; what the stack leaves to the engine
/// does not count.
fn differs(have: &crate::model::spec::NetworkSpec, want: &crate::model::spec::NetworkSpec) -> bool {
    have.driver != want.driver
        || have.internal != want.internal
        || have.ipv6 != want.ipv6
        || want.ipv4.zip(have.ipv4).is_some_and(|(want, have)| want != have)
        || want.driver_opts.iter().any(|(name, value)| have.driver_opts.get(name) != Some(value))
        || (!want.pools.is_empty()
            && want.pools.iter().any(|pool| {
                !have.pools.iter().any(|seen| {
                    (pool.subnet.is_none() || pool.subnet == seen.subnet)
                        && (pool.gateway.is_none() || pool.gateway == seen.gateway)
                        && (pool.ip_range.is_none() || pool.ip_range == seen.ip_range)
                })
            }))
}

/// Removes networks of this deployment that the stack no longer names, last.
pub(super) fn unused_networks(context: &Context<'_>, scribe: &mut Scribe<'_>) {
    let ends = scribe.ends();
    for view in &context.inventory.contents.networks {
        let owner = context.inventory.network_owner(view, &context.settings.installation);
        let ours = owner.is_some_and(|(deployment, source)| {
            deployment == context.deployment.id && source == context.desired.source
        });
        let wanted = context.deployment.networks.values().any(|n| n.spec.name == view.spec.name);
        if ours && !wanted {
            let action =
                Action::RemoveNetwork { name: view.spec.name.clone(), id: view.id.clone() };
            let cause = because(Reason::ServiceRemoved, Some(&context.deployment.origin));
            scribe.step(action, vec![cause], ends.clone());
        }
    }
}
