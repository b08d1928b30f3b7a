//! What a build says to an ssh agent, and what the agent answers. Keys never leave the
//! agent; it signs.

use std::path::Path;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::Offer;
use super::grpc::{Call, Status};
use crate::docker::buildkit::protobuf::{self, Field};

const PIECE: usize = 32 << 10;

/// The socket of the agent of this id.
pub(super) fn socket<'a>(offer: &'a Offer, id: &str) -> Result<&'a Path, Status> {
    let id = if id.is_empty() { "default" } else { id };
    let socket = offer.agents.get(id).map(std::path::PathBuf::as_path);
    socket.ok_or_else(|| Status::not_found(format!("ssh agent {id} is not part of the build")))
}

/// Answers one call of `ForwardAgent`.
pub(super) async fn forward(mut call: Call) -> Result<(), Status> {
    let id = call.metadata("buildkit.ssh.id").unwrap_or_default();
    let socket = socket(&call.served.offer, id)?;
    let stream = UnixStream::connect(socket).await;
    let mut stream = stream.map_err(|error| Status::failed(format!("the ssh agent: {error}")))?;
    let (mut from_agent, mut to_agent) = stream.split();
    let replies = call.replies.clone();
    let forth = async {
        while let Some(message) = call.messages.next().await? {
            for (number, value) in protobuf::fields(&message) {
                if let (1, Field::Bytes(bytes)) = (number, value) {
                    to_agent.write_all(bytes).await.map_err(|e| Status::failed(e.to_string()))?;
                }
            }
        }
        Ok(())
    };
    let back = async {
        let mut piece = vec![0; PIECE];
        loop {
            let read = from_agent.read(&mut piece).await;
            let length = read.map_err(|error| Status::failed(error.to_string()))?;
            if length == 0 {
                return Ok(());
            }
            let mut message = Vec::with_capacity(length + 4);
            protobuf::put_bytes(&mut message, 1, &piece[..length]);
            replies.send(&message).await?;
        }
    };
    tokio::select! {
        ended = forth => ended,
        ended = back => ended,
    }
}
