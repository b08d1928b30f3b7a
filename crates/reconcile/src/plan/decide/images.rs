//! Which images have to be pulled or built: everything is there before anything starts.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::cause::{Why, because};
use crate::plan::context::Context;
use crate::plan::differ::{ImageUse, has_image};
use model::build::{Build, NamedContext};
use model::desired::{ImageSource, Service};
use model::id::{ImageRef, ServiceName};
use model::observed::ImageView;
use model::plan::Reason;
use model::spec::Platform;

/// The images of a deployment, by reference.
pub(in crate::plan) type Images<'a> = BTreeMap<&'a ImageRef, ImageUse<'a>>;

/// An image that is pulled or built.
pub(in crate::plan) struct Bring<'a> {
    pub(in crate::plan) image: &'a ImageRef,
    pub(in crate::plan) how: How<'a>,
    pub(in crate::plan) why: Why,
}

/// How an image comes onto the engine.
pub(in crate::plan) enum How<'a> {
    Pull(Option<&'a Platform>),
    Build(&'a Build, &'a ServiceName),
}

/// What is known of each image, and what has to be brought, in the order of the services.
pub(super) fn images<'a>(context: &Context<'a>) -> (Images<'a>, Vec<Bring<'a>>) {
    let mut images = Images::new();
    let mut brings = Brings::default();
    let services = || context.deployment.services.values().filter(|service| service.replicas > 0);
    for service in services() {
        let reference = &service.spec.image;
        if images.contains_key(reference) {
            continue;
        }
        let used = if let Some(image) = context.image(service) {
            // Whether it is another one then, the next look shows.
            if context.is_stale(service) {
                let why = because(Reason::Refreshed, service.origins.find("pull_policy"));
                brings.push(pull(service, why));
            }
            ImageUse::Present(image)
        } else {
            if !brings.images.contains(reference) {
                bring(context, service, &mut brings);
            }
            earlier_build(context, service).map_or(ImageUse::Brought, ImageUse::Rebuilt)
        };
        images.insert(reference, used);
    }
    for service in services() {
        for (reference, field) in other_images(service) {
            if images.contains_key(reference) {
                continue;
            }
            let used = if let Some(image) = context.inventory.contents.images.get(reference) {
                ImageUse::Present(image)
            } else {
                if !brings.images.contains(reference) {
                    let why = because(Reason::ImageAbsent, service.origins.find(&field));
                    brings.push(Bring { image: reference, how: How::Pull(None), why });
                }
                ImageUse::Brought
            };
            images.insert(reference, used);
        }
    }
    (images, brings.list)
}

/// The image that a service's containers have, if a build of other files is on the engine and
/// all of them have that one.
fn earlier_build<'a>(context: &Context<'a>, service: &Service) -> Option<&'a ImageView> {
    let ImageSource::Build(_) = service.image else { return None };
    let image = context.inventory.contents.images.get(&service.spec.image)?;
    let mut containers = context.slots_of(&service.name).flat_map(|(_, all)| all).peekable();
    containers.peek()?;
    containers.all(|owned| has_image(context, owned, image)).then_some(image)
}

/// What has to be brought, in order, and which images those are.
#[derive(Default)]
struct Brings<'a> {
    list: Vec<Bring<'a>>,
    images: BTreeSet<&'a ImageRef>,
}

impl<'a> Brings<'a> {
    fn push(&mut self, bring: Bring<'a>) {
        self.images.insert(bring.image);
        self.list.push(bring);
    }
}

fn pull(service: &Service, why: Why) -> Bring<'_> {
    let how = How::Pull(service.spec.platform.as_ref());
    Bring { image: &service.spec.image, how, why }
}

/// The images of a service's init containers, and those that are mounted; and the fields that
/// name them.
fn other_images(service: &Service) -> impl Iterator<Item = (&ImageRef, String)> {
    let inits = service.hooks.pre_start.iter().filter_map(|init| init.image.as_ref());
    let inits = inits.map(|image| (image, "pre_start".to_owned()));
    let mounted = service.spec.mounted_images();
    inits.chain(mounted.map(|(target, image)| (image, format!("volumes.{target}"))))
}

fn bring<'a>(context: &Context<'a>, service: &'a Service, brings: &mut Brings<'a>) {
    let build = match &service.image {
        ImageSource::Pull(_) => {
            let why = because(Reason::ImageAbsent, service.origins.find("image"));
            return brings.push(pull(service, why));
        }
        ImageSource::Build(build) => build,
    };
    let made_of = |image: &'a ImageRef, build: &'a Build| {
        let reason = Reason::NotBuilt { hash: build.hash.clone() };
        let why = because(reason, service.origins.find("build"));
        Bring { image, how: How::Build(build, &service.name), why }
    };
    for (image, needed) in build.needed() {
        if context.built(image, needed).is_none() && !brings.images.contains(image) {
            brings.push(made_of(image, needed));
        }
    }
    brings.push(made_of(&service.spec.image, build));
}

impl Bring<'_> {
    /// The images that it is built from, as far as they are built in this deployment.
    pub(in crate::plan) fn built_from(&self) -> BTreeSet<&ImageRef> {
        match self.how {
            How::Pull(_) => BTreeSet::new(),
            How::Build(build, _) => build.contexts.values().map(NamedContext::image).collect(),
        }
    }
}
