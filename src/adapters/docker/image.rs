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
use crate::model::id::{ImageId, ImageRef};
use crate::model::labels::BUILD_HASH;
use crate::model::spec::Build;
use crate::world::{OutsideError, Tree, TreeError, TreeKind};

/// A pull that shows no progress for so long has failed.
const PULL_IDLE: Duration = Duration::from_mins(5);
/// A build step may be silent for long.
const BUILD_IDLE: Duration = Duration::from_mins(30);
/// How many lines of a build's output an error shows.
const SHOWN_LINES: usize = 10;
/// The largest file of a build context, in bytes.
const LARGEST_FILE: u64 = 1 << 30;
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
        packed.map_err(|error| self.failed(format!("the build context of {tag}: {error}")))?;
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

/// Sends a build's context, file by file. If the engine stops reading, so do we: its
/// answer says why.
async fn pack(
    tree: &dyn Tree,
    build: &Build,
    sender: mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), TreeError> {
    let mut archive = Archive::new();
    let sent = async {
        for (path, kind) in files(tree, build)? {
            let whole = join(&build.context, &path);
            let unreadable = |error: io::Error| TreeError::Unreadable {
                path: whole.clone(),
                why: error.to_string(),
            };
            match kind {
                TreeKind::File { executable } => {
                    let bytes = tree.read(&whole, LARGEST_FILE)?;
                    archive.file(&path, executable, &bytes).map_err(unreadable)?;
                }
                TreeKind::Link => {
                    archive.link(&path, &tree.link(&whole)?).map_err(unreadable)?;
                }
                TreeKind::Folder | TreeKind::Other => continue,
            }
            if sender.send(Ok(archive.drain().into())).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }
    .await;
    match sent {
        Ok(true) => {
            let end = archive.finish().map(Bytes::from);
            // A builder that has read enough closes before the end.
            let _ = sender.send(end).await;
            Ok(())
        }
        Ok(false) => Ok(()),
        Err(error) => {
            // An archive that just ended would be built from.
            let _ = sender.send(Err(io::Error::other("the build context is incomplete"))).await;
            Err(error)
        }
    }
}

/// Every file and link of a build's context, by its path inside it.
fn files(tree: &dyn Tree, build: &Build) -> Result<Vec<(String, TreeKind)>, TreeError> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in tree.list(&join(&build.context, &folder))? {
            let path = join(&folder, &entry.name);
            match entry.kind {
                TreeKind::Folder => folders.push(path),
                kind => found.push((path, kind)),
            }
        }
    }
    found.sort();
    Ok(found)
}

fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", name) => name.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, name) => format!("{folder}/{name}"),
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
