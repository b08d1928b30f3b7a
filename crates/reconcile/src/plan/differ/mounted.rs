//! Images that are mounted, compared by content: a container shows the image that its mount's name
//! led to when it was made.

use std::borrow::Cow;

use super::image::{is_image, named, of_same_name, short};
use super::{ImageUse, Images};
use crate::plan::context::Context;
use crate::plan::fact::Fact;
use crate::plan::seen::Owned;
use model::desired::Service;
use model::id::ImageId;
use model::plan::{ChangedBy, Difference};
use model::spec::{ContainerSpec, MountSource};

/// The id by which a container mounts an image. What mounted one by its name does not say which
/// it got: it is left as it is.
fn id_at(spec: &ContainerSpec, target: &str) -> Option<ImageId> {
    match &spec.mounts.get(target)?.source {
        MountSource::Image(image) if image.is_id() => Some(ImageId::new(image.as_str())),
        _ => None,
    }
}

/// The spec of a container with the names that the stack has for the images that it mounts by
/// their ids: whether those are the same is another question.
pub(super) fn by_name<'s>(
    mut have: Cow<'s, ContainerSpec>,
    want: &ContainerSpec,
) -> Cow<'s, ContainerSpec> {
    for (target, image) in want.mounted_images() {
        if id_at(&have, target).is_some()
            && let Some(mount) = have.to_mut().mounts.get_mut(target)
        {
            mount.source = MountSource::Image(image.clone());
        }
    }
    have
}

/// The mounts of other images than those that are wanted, with what is known of one only after
/// a step.
pub(super) fn differences(
    service: &Service,
    owned: &Owned<'_>,
    images: &Images<'_>,
    (by, context): (ChangedBy, &Context<'_>),
) -> Vec<(Difference, Vec<(String, Fact)>)> {
    let by = of_same_name(by);
    let mounted = service.spec.mounted_images();
    let other = mounted.filter_map(|(target, image)| {
        let have = id_at(&owned.view.spec, target)?;
        let (want, pending) = match images.get(image)? {
            ImageUse::Present(view) | ImageUse::Renewed(view) => {
                let same = is_image(context, &have, view);
                (!same).then(|| (named(image, &view.id), Vec::new()))?
            }
            ImageUse::Brought(deployment) => {
                let fact = Fact::Image((*deployment).clone(), image.clone());
                (image.to_string(), vec![(image.to_string(), fact)])
            }
        };
        let (field, have) = (format!("volumes.{target}.image"), Some(short(&have).to_owned()));
        Some((Difference { field, have, want: Some(want), by }, pending))
    });
    other.collect()
}
