//! A build's context as an archive that is sent file by file.

use std::io;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::Order;
use super::way::{APART, Way, is_apart};
use crate::docker::wire::archive::Archive;
use crate::http::Body;
use context::{self, ContextError, ContextKind};
use model::build::Dockerfile;
use world::TreeError;

/// How many pieces of an archive wait for the engine.
const PIECES_AHEAD: usize = 2;
const IGNORE_FILE: &str = ".dockerignore";

/// Where the pieces of an archive go.
pub(super) type Pieces = mpsc::Sender<io::Result<Bytes>>;

/// Why a build's context could not be sent whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error(transparent)]
    Context(#[from] ContextError),
    #[error(transparent)]
    File(#[from] TreeError),
    #[error(transparent)]
    Archive(#[from] io::Error),
}

/// A body, and where its pieces are put in.
pub(super) fn channel() -> (Pieces, Body) {
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        let piece: io::Result<Bytes> = receiver.recv().await?;
        Some((piece.map(Frame::data).map_err(Into::into), receiver))
    });
    (sender, StreamBody::new(pieces).boxed_unsync())
}

/// Sends the archive. If the engine stops reading, so do we: its answer says why.
pub(super) async fn pack(order: &Order<'_>, way: Way, pieces: Pieces) -> Result<(), PackError> {
    let sent = send(order, way, &pieces).await;
    if sent.is_err() {
        // An archive that just ended would be built from. If nobody listens any more,
        // nothing will be.
        let _ = pieces.send(Err(io::Error::other("the build context is incomplete"))).await;
    }
    sent
}

async fn send(order: &Order<'_>, way: Way, pieces: &Pieces) -> Result<(), PackError> {
    let apart = way == Way::Classic && is_apart(order);
    let mut archive = Archive::new();
    for file in order.files.iter().filter(|file| !(apart && file.path == IGNORE_FILE)) {
        match &file.kind {
            ContextKind::File { executable } => {
                let path = context::tree_path(&order.build.context, &file.path);
                let bytes = order.tree.read(&path, context::MAX_FILE)?;
                archive.file(&file.path, *executable, &bytes)?;
            }
            ContextKind::Link { target } => archive.link(&file.path, target)?,
        }
        if pieces.send(Ok(archive.drain().into())).await.is_err() {
            return Ok(());
        }
    }
    if apart {
        add_dockerfile(order, &mut archive)?;
    }
    let end = archive.finish()?;
    // A builder that has read enough closes before the end.
    let _ = pieces.send(Ok(end.into())).await;
    Ok(())
}

/// The classic builder takes the Dockerfile from the archive, and out of the context only
/// if the ignore file there says so.
fn add_dockerfile(order: &Order<'_>, archive: &mut Archive) -> Result<(), PackError> {
    let name = match &order.build.dockerfile {
        Dockerfile::Within(path) if order.build.contexts.is_empty() => path,
        _ => APART,
    };
    let kept = order.files.iter().any(|file| file.path == IGNORE_FILE);
    let mut ignore = if kept {
        let path = context::tree_path(&order.build.context, IGNORE_FILE);
        order.tree.read(&path, context::MAX_FILE)?
    } else {
        IGNORE_FILE.as_bytes().to_vec()
    };
    ignore.extend(format!("\n{name}\n").bytes());
    archive.file(name, false, &order.dockerfile)?;
    archive.file(IGNORE_FILE, false, &ignore)?;
    Ok(())
}
