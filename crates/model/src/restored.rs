//! A deployment as it is wanted instead of what the source says of it: as it once worked, as it
//! stands, or not at all.

use std::collections::BTreeMap;

use super::desired::{Deployment, ImageSource, PullPolicy, Service};
use super::id::ImageRef;
use super::sync_mode::SyncMode;

impl Deployment {
    /// The deployment as it is wanted again: with the images that its containers had, and without
    /// another run of its jobs.
    #[must_use]
    pub fn again(mut self, images: &BTreeMap<ImageRef, ImageRef>) -> Self {
        for service in self.services.values_mut() {
            if let Some(image) = images.get(&service.spec.image) {
                pin(service, image);
            }
            service.rests = service.job && !service.on_rollback;
        }
        self
    }

    /// The deployment about which nothing is done.
    #[must_use]
    pub fn left_alone(mut self) -> Self {
        self.sync = SyncMode::Paused;
        self
    }

    /// The deployment as it stands: only what ran of it is repaired.
    #[must_use]
    pub fn standing(mut self) -> Self {
        if self.sync == SyncMode::Auto {
            self.sync = SyncMode::Heal;
        }
        self
    }
}

/// An image that is named by its id is on the engine or nowhere; one that is named by a registry's
/// digest can be pulled again.
fn pin(service: &mut Service, image: &ImageRef) {
    service.spec.image = image.clone();
    let policy = if image.is_id() { PullPolicy::Never } else { PullPolicy::Missing };
    service.image = ImageSource::Pull(policy);
}
