//! Images that are pulled.

use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptions;
use futures_util::{Stream, StreamExt as _};

use super::{Docker, error};
use crate::model::id::{ImageId, ImageRef};
use crate::model::spec::Platform;
use crate::world::OutsideError;

/// A pull that shows no progress for so long has failed.
const PULL_IDLE: Duration = Duration::from_mins(5);
impl Docker {
    /// Pulls an image.
    pub(super) async fn pull(
        &self,
        image: &ImageRef,
        platform: Option<&Platform>,
    ) -> Result<ImageId, OutsideError> {
        let (repository, tag) = split(image.as_str());
        let options = CreateImageOptions {
            from_image: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
            platform: platform.map(ToString::to_string).unwrap_or_default(),
            ..CreateImageOptions::default()
        };
        let progress = self.api.create_image(Some(options), None, None);
        let mut progress = std::pin::pin!(progress);
        let mut complete = false;
        let mut trouble = None;
        while let Some(item) = self.next(PULL_IDLE, &mut progress).await? {
            match item {
                // The engine's last line, whatever becomes of the stream after it.
                Ok(line) => {
                    complete |= line.status.is_some_and(|status| status.starts_with("Status:"));
                }
                Err(error) => {
                    trouble = Some(error);
                    break;
                }
            }
        }
        // bollard 0.21.1 may end a good stream with a false error (bollard#560), but
        // never with one that the engine itself reports.
        let found = self.image(image).await?;
        match (found, trouble) {
            (_, Some(error)) if is_the_engines(&error) && !complete => {
                Err(error::outside(&self.name, &error))
            }
            (Some(view), _) => Ok(view.id),
            (None, Some(error)) => Err(error::outside(&self.name, &error)),
            (None, None) => Err(self.failed(format!("{image} is not there after its pull"))),
        }
    }

    async fn next<T>(
        &self,
        idle: Duration,
        stream: &mut (impl Stream<Item = T> + Unpin),
    ) -> Result<Option<T>, OutsideError> {
        let next = tokio::time::timeout(idle, stream.next()).await;
        next.map_err(|_| error::timeout(&self.name))
    }
}

/// A reference as repository and tag (or digest). Without a tag the engine would pull
/// every tag there is.
fn split(image: &str) -> (&str, &str) {
    if let Some((repository, digest)) = image.split_once('@') {
        return (repository, digest);
    }
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (image, "latest"),
    }
}

fn is_the_engines(error: &Error) -> bool {
    matches!(error, Error::DockerStreamError { .. } | Error::DockerResponseServerError { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_without_a_tag_means_the_latest() {
        assert_eq!(split("busybox"), ("busybox", "latest"));
        assert_eq!(split("127.0.0.1:5000/web"), ("127.0.0.1:5000/web", "latest"));
        assert_eq!(split("127.0.0.1:5000/web:1.8"), ("127.0.0.1:5000/web", "1.8"));
        assert_eq!(split("web:1@sha256:00"), ("web:1", "sha256:00"));
    }
}
