//! Whether a container's image is the one that is wanted, by content.

use super::ImageUse;
use crate::plan::context::Context;
use crate::plan::seen::{Owned, Proof};
use model::desired::{ImageSource, Service};
use model::id::ImageRef;
use model::observed::ImageView;
use model::plan::{ChangedBy, Difference};

/// Whether a container has this image, or one that is just like it.
pub(in crate::plan) fn has_image(
    context: &Context<'_>,
    owned: &Owned<'_>,
    image: &ImageView,
) -> bool {
    let id = &owned.view.image_id;
    let known = || context.inventory.contents.images.get(&ImageRef::new(id.as_str()));
    *id == image.id || known().is_some_and(|its| its.is_like(image))
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
    let by = if built && owned.identity.spec_hash != service.hash { ChangedBy::Git } else { by };
    let name = |image: &ImageRef, id: &str| {
        let id = id.strip_prefix("sha256:").unwrap_or(id);
        format!("{image} ({})", id.get(..12).unwrap_or(id))
    };
    let want = match image {
        ImageUse::Present(image) | ImageUse::Rebuilt(image) if has_image(context, owned, image) => {
            return None;
        }
        ImageUse::Present(image) | ImageUse::Rebuilt(image) => {
            name(&service.spec.image, image.id.as_str())
        }
        ImageUse::Brought => service.spec.image.to_string(),
    };
    Some(Difference {
        field: "image".to_owned(),
        have: Some(name(&owned.view.spec.image, owned.view.image_id.as_str())),
        want: Some(want),
        by,
    })
}
