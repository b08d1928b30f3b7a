//! Images: pulled, or built from files of the tree with the engine's classic builder.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::BuildInfo;
use bollard::query_parameters::{BuildImageOptions, CreateImageOptions};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::mpsc;

use super::archive::Archive;
use super::{Docker, error};
use crate::context::{self, ContextError, ContextKind};
use crate::model::id::{ImageId, ImageRef};
use crate::model::labels::BUILD_HASH;
use crate::model::spec::Build;
use crate::world::{OutsideError, Tree, TreeError};

/// A pull that shows no progress for so long has failed.
const PULL_IDLE: Duration = Duration::from_mins(5);
/// A build step may be silent for long.
const BUILD_IDLE: Duration = Duration::from_mins(30);
/// How many lines of a build's output an error shows.
const SHOWN_LINES: usize = 10;
/// How many pieces of an archive wait for the engine.
const PIECES_AHEAD: usize = 2;

impl Docker {
    /// Pulls an image.
    pub(super) async fn pull(&self, image: &ImageRef) -> Result<ImageId, OutsideError> {
        let (repository, tag) = split(image.as_str());
        let options = CreateImageOptions {
            from_image: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
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

    /// Builds an image and labels it with the hash of its build.
    pub(super) async fn build(
        &self,
        tag: &ImageRef,
        build: &Build,
        tree: &dyn Tree,
    ) -> Result<ImageId, OutsideError> {
        let mut labels = build.labels.clone();
        labels.insert(BUILD_HASH.to_owned(), build.hash.to_string());
        let options = BuildImageOptions {
            dockerfile: build.dockerfile.clone(),
            t: Some(tag.to_string()),
            rm: true,
            forcerm: true,
            buildargs: Some(build.args.clone().into_iter().collect()),
            labels: Some(labels.into_iter().collect()),
            target: build.target.clone().unwrap_or_default(),
            ..BuildImageOptions::default()
        };
        let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
        let pieces = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        let output = self.api.build_image(options, None, Some(bollard::body_try_stream(pieces)));
        let (packed, outcome) =
            futures_util::join!(pack(tree, build, sender), self.follow(output, build));
        packed.map_err(|error| {
            self.failed(format!("the build context of {tag}: {}", with_causes(&error)))
        })?;
        match outcome? {
            Some(id) => Ok(id),
            None => match self.image(tag).await? {
                Some(view) => Ok(view.id),
                None => Err(self.failed(format!("{tag} is not there after its build"))),
            },
        }
    }

    /// Reads a build's output to its end. An error shows the last lines, build arguments
    /// masked.
    async fn follow(
        &self,
        output: impl Stream<Item = Result<BuildInfo, Error>>,
        build: &Build,
    ) -> Result<Option<ImageId>, OutsideError> {
        let mut output = std::pin::pin!(output);
        let mut lines: VecDeque<String> = VecDeque::new();
        let mut id = None;
        while let Some(item) = self.next(BUILD_IDLE, &mut output).await? {
            match item {
                Ok(info) => {
                    id = info.aux.and_then(|aux| aux.id).map(ImageId::new).or(id);
                    let text = info.stream.unwrap_or_default();
                    lines.extend(text.lines().filter(|l| !l.trim().is_empty()).map(str::to_owned));
                    let surplus = lines.len().saturating_sub(SHOWN_LINES);
                    lines.drain(..surplus);
                }
                Err(Error::DockerStreamError { error }) => {
                    lines.push_back(error);
                    let text = Vec::from(lines).join(" | ");
                    let text = error::without(&text, build.args.values().map(String::as_str));
                    return Err(self.failed(format!("the build failed: {text}")));
                }
                Err(error) => return Err(error::outside(&self.name, &error)),
            }
        }
        Ok(id)
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

/// Why a build's context could not be sent whole.
#[derive(Debug, thiserror::Error)]
enum PackError {
    #[error(transparent)]
    Context(#[from] ContextError),
    #[error(transparent)]
    File(#[from] TreeError),
    #[error(transparent)]
    Archive(#[from] io::Error),
}

/// An error and what caused it, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Sends a build's context, file by file. If the engine stops reading, so do we: its
/// answer says why.
async fn pack(
    tree: &dyn Tree,
    build: &Build,
    sender: mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), PackError> {
    let sent = send_files(tree, build, &sender).await;
    if sent.is_err() {
        // An archive that just ended would be built from. If nobody listens any more,
        // nothing will be.
        let _ = sender.send(Err(io::Error::other("the build context is incomplete"))).await;
    }
    sent
}

async fn send_files(
    tree: &dyn Tree,
    build: &Build,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), PackError> {
    let mut archive = Archive::new();
    for file in context::files(tree, build)? {
        match &file.kind {
            ContextKind::File { executable } => {
                let path = context::tree_path(&build.context, &file.path);
                let bytes = tree.read(&path, context::MAX_FILE)?;
                archive.file(&file.path, *executable, &bytes)?;
            }
            ContextKind::Link { target } => archive.link(&file.path, target)?,
        }
        if sender.send(Ok(archive.drain().into())).await.is_err() {
            return Ok(());
        }
    }
    let end = archive.finish()?;
    // A builder that has read enough closes before the end.
    let _ = sender.send(Ok(end.into())).await;
    Ok(())
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
