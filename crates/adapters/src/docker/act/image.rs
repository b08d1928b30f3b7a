//! Images that are pulled.

use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptions;
use futures_util::{Stream, StreamExt as _};

use super::layers::Layers;
use crate::docker::wire::error;
use crate::docker::wire::logins::{self, Known};
use crate::docker::{Docker, ImageEvent, ImageProgress};
use model::id::ImageRef;
use model::image_content::ImageContent;
use model::spec::Platform;
use world::OutsideError;

/// A pull that shows no progress for so long has failed.
const PULL_IDLE: Duration = Duration::from_mins(5);

impl Docker {
    /// Pulls an image.
    pub(in crate::docker) async fn pull(
        &self,
        image: &ImageRef,
        platform: Option<&Platform>,
    ) -> Result<ImageContent, OutsideError> {
        let (repository, tag) = split(image.as_str());
        let options = CreateImageOptions {
            from_image: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
            platform: platform.map(ToString::to_string).unwrap_or_default(),
            ..CreateImageOptions::default()
        };
        let (registry, known) = self.logins.of_image(image).map_err(|error| self.failed(error))?;
        let login = match &known {
            Known::Login(login) => Some(login.header(&registry)),
            Known::Helper(_) | Known::Nothing => None,
        };
        let progress = self.api.create_image(Some(options), None, login);
        let mut progress = std::pin::pin!(progress);
        let mut complete = false;
        let mut trouble = None;
        let mut layers = Layers::default();
        while let Some(item) = self.next(PULL_IDLE, &mut progress).await? {
            match item {
                // The engine's last line, whatever becomes of the stream after it.
                Ok(line) => {
                    if let Some(arrived) = layers.note(&line) {
                        let progress = ImageProgress::Layers(arrived);
                        let (engine, image) = (&self.name, image.as_str());
                        (self.image_listener)(&ImageEvent { engine, image, progress });
                    }
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
                Err(self.pull_failed(&error, &registry, &known))
            }
            (Some(view), _) => Ok(view.content()),
            (None, Some(error)) => Err(self.pull_failed(&error, &registry, &known)),
            (None, None) => Err(self.failed(format!("{image} is not there after its pull"))),
        }
    }

    /// A failed pull. One that a registry refused is reported with the login that was sent.
    fn pull_failed(&self, error: &Error, registry: &str, known: &Known) -> OutsideError {
        let (text, code) = match error {
            Error::DockerStreamError { error } => (error, 500),
            Error::DockerResponseServerError { status_code, message } => (message, *status_code),
            _ => return error::outside(&self.name, error),
        };
        if !logins::is_refusal(text) {
            return error::outside(&self.name, error);
        }
        let file = self.logins.rendered();
        let help = match known {
            Known::Login(_) => format!("the login of {file} was sent"),
            Known::Helper(program) => format!(
                "{file} leaves {registry} to {program}, which is not run: write the login into \
                 its `auths`"
            ),
            Known::Nothing if file.is_empty() => format!("there is no login for {registry}"),
            Known::Nothing => format!("there is no login for {registry} in {file}"),
        };
        let message = format!("{text}; {help}");
        let error = Error::DockerResponseServerError { status_code: code, message };
        error::outside(&self.name, &error)
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
