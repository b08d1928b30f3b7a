//! A build's context as an archive that is sent file by file.

use std::io;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::Order;
use crate::docker::wire::archive::Archive;
use crate::http::Body;
use context::{self, ContextError, ContextKind};
use world::TreeError;

/// How many pieces of an archive wait for the engine.
const PIECES_AHEAD: usize = 2;

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
pub(super) async fn pack(order: &Order<'_>, pieces: Pieces) -> Result<(), PackError> {
    let sent = send(order, &pieces).await;
    if sent.is_err() {
        // An archive that just ended would be built from. If nobody listens any more,
        // nothing will be.
        let _ = pieces.send(Err(io::Error::other("the build context is incomplete"))).await;
    }
    sent
}

async fn send(order: &Order<'_>, pieces: &Pieces) -> Result<(), PackError> {
    let mut archive = Archive::new();
    for file in &order.files {
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
    let end = archive.finish()?;
    // A builder that has read enough closes before the end.
    let _ = pieces.send(Ok(end.into())).await;
    Ok(())
}
