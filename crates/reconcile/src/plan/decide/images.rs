//! Which images have to be pulled or built: everything is there before anything starts.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::cause::{Why, because};
use crate::plan::context::Context;
use crate::plan::decide::Across;
use crate::plan::decide::renewals::{Renewals, renewals};
use crate::plan::differ::{ImageUse, Images, has_image};
use model::build::{Build, NamedContext};
use model::desired::{ImageSource, Service};
use model::id::{ImageRef, ServiceName};
use model::observed::ImageView;
use model::plan::Reason;
use model::spec::Platform;

/// An image that is pulled or built.
pub(in crate::plan) struct Bring<'a> {
    pub(in crate::plan) image: &'a ImageRef,
    pub(in crate::plan) how: How<'a>,
    pub(in crate::plan) why: Why,
    /// The images that are built before it: those that it is built from, and those of what its
    /// service depends on, as far as they are built in this pass.
    pub(in crate::plan) after: BTreeSet<&'a ImageRef>,
}

/// How an image comes onto the engine.
pub(in crate::plan) enum How<'a> {
    Pull(Option<&'a Platform>),
    Build(&'a Build, &'a ServiceName),
}

/// What is known of the images of a deployment, and what has to be brought.
pub(super) struct Wanted<'a> {
    pub(super) images: Images<'a>,
    /// In the order of the services.
    pub(super) brings: Vec<Bring<'a>>,
    pub(super) renewals: Renewals<'a>,
}

/// What is known of each image, and what has to be brought.
pub(super) fn images<'a>(context: &Context<'a>, across: &'_ Across) -> Wanted<'a> {
    let mut images = Images::new();
    let mut brings = Brings::default();
    let id = &context.deployment.id;
    let services = || context.deployment.services.values().filter(|service| service.replicas > 0);
    for service in services() {
        let reference = &service.spec.image;
        if context.is_stale(service)
            && !service.rests
            && !brings.images.contains(reference)
            && let Some(image) = context.image(service)
        {
            let why = because(Reason::Refreshed, service.origins.find("pull_policy"));
            brings.push(pull(service, why));
            images.insert(reference, ImageUse::Renewed(image));
        }
        if images.contains_key(reference) {
            continue;
        }
        let used = if let Some(image) = context.image(service) {
            ImageUse::Present(image)
        } else {
            // What is not made again needs no image.
            if !brings.images.contains(reference) && !service.rests {
                bring(context, service, &mut brings);
            }
            earlier_build(context, service).map_or(ImageUse::Brought(id), ImageUse::Renewed)
        };
        images.insert(reference, used);
    }
    for service in services() {
        for (reference, field) in other_images(service) {
            if images.contains_key(reference) {
                continue;
            }
            let builder = context.builder(reference);
            let there = match builder {
                Some((_, build)) => context.built(reference, build),
                None => context.inventory.contents.images.get(reference),
            };
            if there.is_none() && !brings.images.contains(reference) {
                if let Some((service, build)) = builder {
                    bring_build(context, service, build, &mut brings);
                } else {
                    let why = because(Reason::ImageAbsent, service.origins.find(&field));
                    brings.push(Bring::new(reference, How::Pull(None), why));
                }
            }
            images.insert(reference, there.map_or(ImageUse::Brought(id), ImageUse::Present));
        }
    }
    let mut list = brings.list;
    follow(context, &mut list);
    let renewals = renewals(context, &images, across);
    Wanted { images, brings: list, renewals }
}

/// Lets builds follow `depends_on` where what they are built from does not say otherwise.
fn follow<'a>(context: &Context<'a>, list: &mut [Bring<'a>]) {
    let services = &context.deployment.services;
    let mut after: BTreeMap<&ImageRef, BTreeSet<&ImageRef>> = BTreeMap::new();
    for bring in list.iter() {
        after.insert(bring.image, bring.after.clone());
    }
    for bring in list {
        let How::Build(_, service) = bring.how else { continue };
        let Some(service) = services.get(service).filter(|s| s.spec.image == *bring.image) else {
            continue;
        };
        let before = service.depends_on.keys().filter_map(|name| services.get(name));
        for image in before.map(|service| &service.spec.image) {
            if after.contains_key(image) && !waits(&after, image, bring.image) {
                after.entry(bring.image).or_default().insert(image);
                bring.after.insert(image);
            }
        }
    }
}

/// Whether an image is another one, or is made after it.
fn waits(
    after: &BTreeMap<&ImageRef, BTreeSet<&ImageRef>>,
    image: &ImageRef,
    other: &ImageRef,
) -> bool {
    let (mut open, mut seen) = (vec![image], BTreeSet::new());
    while let Some(image) = open.pop() {
        if image == other {
            return true;
        }
        if seen.insert(image) {
            open.extend(after.get(image).into_iter().flatten().copied());
        }
    }
    false
}

/// The image that a service's containers have, if a build of other files is on the engine and
/// all of them have that one.
fn earlier_build<'a>(context: &Context<'a>, service: &Service) -> Option<&'a ImageView> {
    if let ImageSource::Pull(_) = service.image {
        return None;
    }
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
    Bring::new(&service.spec.image, How::Pull(service.spec.platform.as_ref()), why)
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
    match &service.image {
        ImageSource::Pull(_) => {
            let why = because(Reason::ImageAbsent, service.origins.find("image"));
            brings.push(pull(service, why));
        }
        ImageSource::Build(build) => bring_build(context, service, build, brings),
        ImageSource::BuiltBy { .. } => {
            if let Some((service, build)) = context.builder(&service.spec.image) {
                bring_build(context, service, build, brings);
            }
        }
    }
}

/// What a build needs first, and the build.
fn bring_build<'a>(
    context: &Context<'a>,
    service: &'a Service,
    build: &'a Build,
    brings: &mut Brings<'a>,
) {
    let made_of = |image: &'a ImageRef, build: &'a Build, service: &'a Service| {
        let reason = Reason::NotBuilt { hash: build.hash.clone() };
        let why = because(reason, service.origins.find("build"));
        Bring::new(image, How::Build(build, &service.name), why)
    };
    for (image, needed) in build.needed() {
        if context.built(image, needed).is_none() && !brings.images.contains(image) {
            let by = context.builder(image).map_or(service, |(by, _)| by);
            brings.push(made_of(image, needed, by));
        }
    }
    brings.push(made_of(&service.spec.image, build, service));
}

impl<'a> Bring<'a> {
    fn new(image: &'a ImageRef, how: How<'a>, why: Why) -> Self {
        let after = match how {
            How::Pull(_) => BTreeSet::new(),
            How::Build(build, _) => {
                let named = build.contexts.values().chain(build.bases.values());
                named.map(NamedContext::image).collect()
            }
        };
        Self { image, how, why, after }
    }
}
