//! Images that the deployment builds itself: a service that names one means that build, whatever a
//! registry has under its name.

use std::collections::BTreeMap;

use super::Scope;
use super::draft::{BuiltBy, Draft, Pending};
use crate::stack::codes::BUILD_CALL;
use context::named_images;
use model::id::{ImageRef, ServiceName};
use model::spec::MountSource;
use text::report::Reporter;
use text::yaml::Span;

/// The services that build an image of each name, in the order of their names.
fn builders(drafts: &[Draft<'_>]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for draft in drafts {
        let tags = draft.unbuilt.iter().flat_map(|unbuilt| &unbuilt.build.tags);
        for image in draft.unbuilt.iter().map(|_| &draft.spec.image).chain(tags) {
            let name = ImageRef::familiar(image.as_str()).to_owned();
            found.entry(name).or_default().push(draft.name.to_owned());
        }
    }
    for services in found.values_mut() {
        services.sort();
    }
    found
}

/// Notes which builds name, as images, what other services are built to.
pub(super) fn find_bases(drafts: &mut [Draft<'_>], scope: &Scope<'_>) {
    let builders = builders(drafts);
    for draft in drafts {
        let Some(unbuilt) = &mut draft.unbuilt else { continue };
        let others = builders.iter().filter(|(_, all)| all.iter().all(|by| by != draft.name));
        let others: Vec<&str> = others.map(|(name, _)| name.as_str()).collect();
        if others.is_empty() {
            continue;
        }
        for name in named_images(scope.instance.tree, &unbuilt.build, &others) {
            let hidden = unbuilt.pending.iter().any(|p| !p.is_base && is_same(&p.name, name))
                || unbuilt.build.contexts.keys().any(|context| is_same(context, name));
            let Some(service) = builders[name].first().filter(|_| !hidden) else { continue };
            if unbuilt.build.pull {
                refuse_pull(unbuilt.at, scope.report);
            }
            let (service, at) = (service.clone(), unbuilt.at);
            unbuilt.pending.push(Pending { name: name.to_owned(), is_base: true, service, at });
        }
    }
}

/// Lets whatever a service names as an image be what is built under that name.
pub(super) fn use_builds(drafts: &mut [Draft<'_>]) {
    let mut known: BTreeMap<String, (BuiltBy, ImageRef)> = BTreeMap::new();
    for draft in drafts.iter() {
        let Some(build) = &draft.build else { continue };
        let by = BuiltBy { service: ServiceName::new(draft.name), hash: build.hash.clone() };
        for image in [&draft.spec.image].into_iter().chain(&build.tags) {
            let name = ImageRef::familiar(image.as_str()).to_owned();
            known.entry(name).or_insert_with(|| (by.clone(), draft.spec.image.clone()));
        }
    }
    let find = |image: &ImageRef| known.get(ImageRef::familiar(image.as_str()));
    for draft in drafts {
        if draft.build.is_none()
            && let Some((by, image)) = find(&draft.spec.image)
        {
            draft.built_by = Some(by.clone());
            draft.spec.image = image.clone();
        }
        let mounted = draft.spec.mounts.values_mut().filter_map(|mount| match &mut mount.source {
            MountSource::Image(image) => Some(image),
            _ => None,
        });
        let inits = draft.hooks.pre_start.iter_mut().filter_map(|init| init.image.as_mut());
        for image in mounted.chain(inits) {
            if let Some((_, found)) = find(image) {
                *image = found.clone();
            }
        }
    }
}

/// Refuses to look in a registry for what is built here.
pub(super) fn refuse_pull(at: Span, report: &Reporter) {
    let message = "`pull` would look in a registry for contexts that are built here";
    report.error_help(BUILD_CALL, at, message, "leave `pull` out");
}

fn is_same(one: &str, other: &str) -> bool {
    ImageRef::familiar(one).eq_ignore_ascii_case(ImageRef::familiar(other))
}
