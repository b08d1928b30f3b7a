//! What is remembered on the engine itself, and the lock that a pass without Consul holds on it:
//! containers that only hold labels, and are never started.
//!
//! - `records`: one for each deployment. `lock`: one for all. `state`: with files, one for each
//!   deployment that worked.

pub(super) mod lock;
mod records;
mod state;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptions, CreateImageOptions};
use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::form::{IMAGE_NAME, IMAGE_TAG};
use super::{Docker, LONG};
use model::id::ContainerId;
use world::OutsideError;

/// An archive of nothing.
const EMPTY_TAR: [u8; 1024] = [0; 1024];

impl Docker {
    /// Makes a container that only holds labels.
    async fn make_never_run(
        &self,
        name: &str,
        body: &ContainerCreateBody,
    ) -> Result<ContainerId, OutsideError> {
        let create = || async {
            let name = Some(name.to_owned());
            let options = CreateContainerOptions { name, ..CreateContainerOptions::default() };
            let call = self.api.create_container(Some(options), body.clone());
            self.within(LONG, call).await
        };
        let made = match create().await {
            // Nearly always the image is there.
            Err(OutsideError::Failed(text)) if text.to_lowercase().contains("no such image") => {
                self.provide_image().await?;
                create().await
            }
            made => made,
        };
        match made {
            Ok(made) => Ok(ContainerId::new(made.id)),
            // Here the name is what is compared: its holder was first.
            Err(OutsideError::InUse(text)) => Err(OutsideError::Conflict(text)),
            Err(error) => Err(error),
        }
    }

    async fn provide_image(&self) -> Result<(), OutsideError> {
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            repo: Some(IMAGE_NAME.to_owned()),
            tag: Some(IMAGE_TAG.to_owned()),
            ..CreateImageOptions::default()
        };
        let archive = bollard::body_full(Bytes::from_static(&EMPTY_TAR));
        let progress = self.api.create_image(Some(options), Some(archive), None);
        let done = progress.try_for_each(|_| async { Ok(()) });
        self.within(LONG, done).await
    }
}
