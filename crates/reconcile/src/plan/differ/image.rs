//! Whether a container's image is the one that is wanted, by content.

use std::collections::BTreeMap;

use crate::plan::context::Context;
use crate::plan::seen::{Owned, Proof};
use model::desired::{ImageSource, Service};
use model::fields::head;
use model::id::{DeploymentId, ImageId, ImageRef};
use model::observed::ImageView;
use model::plan::{ChangedBy, Difference};

/// What will be known of a service's image when its containers are made.
#[derive(Clone, Copy, Debug)]
pub(in crate::plan) enum ImageUse<'a> {
    /// It is on the engine.
    Present(&'a ImageView),
    /// A step for this deployment brings it.
    Brought(&'a DeploymentId),
    /// It is on the engine, and a step pulls or builds it anew: whether it is another one then, is
    /// known after that.
    Renewed(&'a ImageView),
}

impl<'a> ImageUse<'a> {
    /// The image, if it is there, as it counts for a container that stays. Defaults of one that is
    /// not are unknown: only what the stack itself says can be compared. The image differs anyway.
    pub(in crate::plan) fn known(self) -> Option<&'a ImageView> {
        match self {
            Self::Present(view) | Self::Renewed(view) => Some(view),
            Self::Brought(_) => None,
        }
    }
}

/// What will be known of each image of a deployment, by reference.
pub(in crate::plan) type Images<'a> = BTreeMap<&'a ImageRef, ImageUse<'a>>;

/// Whether a container has this image, or one that is just like it.
pub(in crate::plan) fn has_image(
    context: &Context<'_>,
    owned: &Owned<'_>,
    image: &ImageView,
) -> bool {
    is_image(context, &owned.view.image_id, image)
}

/// Whether the image of this id is that one, or is just like it.
pub(super) fn is_image(context: &Context<'_>, id: &ImageId, image: &ImageView) -> bool {
    let known = || context.inventory.contents.images.get(&ImageRef::new(id.as_str()));
    *id == image.id || known().is_some_and(|its| its.is_like(image))
}

/// Who changed what a name leads to: a pull, a build, or a hand.
pub(super) fn of_same_name(by: ChangedBy) -> ChangedBy {
    if by == ChangedBy::Hand { ChangedBy::Unknown } else { by }
}

/// Whether the name of a container's image leads to another one now.
pub(super) fn is_other_image(
    owned: &Owned<'_>,
    image: ImageUse<'_>,
    context: &Context<'_>,
) -> bool {
    image.known().is_some_and(|image| !has_image(context, owned, image))
}

/// Whether an image may give what is at a path.
pub(super) fn is_given_by_image(path: &str) -> bool {
    matches!(
        head(path),
        "command"
            | "entrypoint"
            | "environment"
            | "expose"
            | "healthcheck"
            | "labels"
            | "stop_signal"
            | "user"
            | "volumes"
            | "working_dir"
    )
}

/// The beginning of an image's id.
pub(super) fn short(id: &ImageId) -> &str {
    let id = id.as_str();
    let id = id.strip_prefix("sha256:").unwrap_or(id);
    id.get(..12).unwrap_or(id)
}

/// An image's name with the beginning of its id.
pub(super) fn named(image: &ImageRef, id: &ImageId) -> String {
    format!("{image} ({})", short(id))
}

/// Images are compared by content: the same one under a new tag replaces nothing, nor does one
/// of the same files and defaults.
pub(super) fn image_difference(
    service: &Service,
    owned: &Owned<'_>,
    image: ImageUse<'_>,
    (by, context): (ChangedBy, &Context<'_>),
) -> Option<Difference> {
    // What is built says what its container was to be built from.
    let built = !matches!(service.image, ImageSource::Pull(_)) && owned.proof == Proof::Labels;
    let by = if built && owned.identity.spec_hash != service.hash { ChangedBy::Source } else { by };
    let by = if service.spec.image == owned.view.spec.image { of_same_name(by) } else { by };
    let want = match image.known() {
        Some(image) if has_image(context, owned, image) => return None,
        Some(image) => named(&service.spec.image, &image.id),
        None => service.spec.image.to_string(),
    };
    Some(Difference {
        field: "image".to_owned(),
        have: Some(named(&owned.view.spec.image, &owned.view.image_id)),
        want: Some(want),
        by,
    })
}
