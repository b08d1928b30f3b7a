//! The methods that the engine may call, and who answers each.

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use super::grpc::{Call, Reply, Status, begun};
use super::{Served, agent, files};
use crate::docker::buildkit::protobuf;
use crate::docker::wire::logins::{self, Known};

pub(super) const DIFF_COPY: &str = "/moby.filesync.v1.FileSync/DiffCopy";
pub(super) const GET_SECRET: &str = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
pub(super) const CHECK_AGENT: &str = "/moby.sshforward.v1.SSH/CheckAgent";
pub(super) const FORWARD_AGENT: &str = "/moby.sshforward.v1.SSH/ForwardAgent";
pub(super) const CREDENTIALS: &str = "/moby.filesync.v1.Auth/Credentials";
/// The engine asks every few seconds, and gives a session up that does not answer.
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// Answers one call.
pub(super) fn answer(served: Arc<Served>, request: Request<Incoming>) -> Response<Reply> {
    let (call, path, response) = begun(served, request);
    // Both directions of a call are open at once.
    tokio::spawn(run(call, path));
    response
}

async fn run(call: Call, path: String) {
    let replies = call.replies.clone();
    let ended = dispatch(call, &path).await;
    if let Err(status) = &ended {
        tracing::debug!(path, message = status.message, "a call of a build failed");
    }
    replies.end(ended).await;
}

async fn dispatch(mut call: Call, path: &str) -> Result<(), Status> {
    let offer = &call.served.offer;
    match path {
        HEALTH => {
            let mut serving = Vec::new();
            protobuf::put_number(&mut serving, 1, 1);
            call.replies.send(&serving).await
        }
        GET_SECRET => {
            let id = call.messages.only().await?;
            let id = protobuf::text(&id, 1).unwrap_or_default();
            let secret = offer.secrets.get(&id);
            let secret = secret.ok_or_else(|| Status::not_found(format!("secret {id}")))?;
            let mut answer = Vec::new();
            protobuf::put_bytes(&mut answer, 1, secret.expose());
            call.replies.send(&answer).await
        }
        CREDENTIALS => {
            let registry = call.messages.only().await?;
            let registry = protobuf::text(&registry, 1).unwrap_or_default();
            let known = offer.logins.of_registry(logins::host(&registry));
            let mut answer = Vec::new();
            // Without one, it tries without.
            if let Known::Login(login) = known.map_err(|e| Status::failed(e.to_string()))? {
                let (user, password) = login.pair();
                protobuf::put_bytes(&mut answer, 1, user.as_bytes());
                protobuf::put_bytes(&mut answer, 2, password.as_bytes());
            }
            call.replies.send(&answer).await
        }
        CHECK_AGENT => {
            let id = call.messages.only().await?;
            agent::socket(offer, &protobuf::text(&id, 1).unwrap_or_default())?;
            call.replies.send(&[]).await
        }
        FORWARD_AGENT => agent::forward(call).await,
        DIFF_COPY => files::send(call).await,
        _ => Err(Status::unknown_method()),
    }
}
