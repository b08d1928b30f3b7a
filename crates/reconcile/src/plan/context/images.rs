//! The image of a service as far as its engine has it, and whose build makes it.

use super::Context;
use model::build::Build;
use model::compose_labels;
use model::desired::{ImageSource, Service};
use model::id::ImageRef;
use model::labels::BUILD_HASH;
use model::observed::ImageView;

impl<'a> Context<'a> {
    /// The image of a service if it is on the engine and, when built, built from this
    /// very context.
    pub(in crate::plan) fn image(&self, service: &Service) -> Option<&'a ImageView> {
        match &service.image {
            ImageSource::Pull(_) => {
                let image = self.inventory.contents.images.get(&service.spec.image)?;
                let wanted = service.spec.platform.as_ref();
                let fits = wanted.zip(image.platform.as_ref()).is_none_or(|(w, i)| w.includes(i));
                fits.then_some(image)
            }
            ImageSource::Build(_) | ImageSource::BuiltBy { .. } => {
                let (by, build) = self.builder(&service.spec.image)?;
                self.built(&by.spec.image, build)
            }
        }
    }

    /// The service that an image of this name is built for, and how.
    pub(in crate::plan) fn builder(&self, image: &ImageRef) -> Option<(&'a Service, &'a Build)> {
        self.deployment.services.values().find_map(|service| match &service.image {
            ImageSource::Build(build) if service.spec.image == *image => {
                Some((service, build.as_ref()))
            }
            _ => None,
        })
    }

    /// An image of this name if it is on the engine and was built from just this. What
    /// Compose built for this very project does not say from what. As Compose does, it is
    /// taken as it is when it is adopted, and what its build was then is remembered; without
    /// that, until git says something else than what was applied.
    pub(in crate::plan) fn built(&self, name: &ImageRef, build: &Build) -> Option<&'a ImageView> {
        let image = self.inventory.contents.images.get(name)?;
        let label = |name: &str| image.labels.get(name).map(String::as_str);
        if let Some(hash) = label(BUILD_HASH) {
            return (hash == build.hash.as_str()).then_some(image);
        }
        let adopted = self.adopted.and_then(|adopted| adopted.images.get(name));
        if let Some(adopted) = adopted.filter(|adopted| adopted.id == image.id) {
            return (adopted.build == build.hash).then_some(image);
        }
        let composes = label(compose_labels::PROJECT) == Some(self.deployment.id.as_str())
            || label(compose_labels::IMAGE_BUILDER).is_some();
        (composes && (self.record.is_none() || self.is_applied())).then_some(image)
    }
}
