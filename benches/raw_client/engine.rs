//! HTTP/1.1 over the engine's unix socket, with connections kept for the next request.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::Failure;

/// A client that opens as many connections as it has requests under way.
pub(crate) struct Engine {
    socket: PathBuf,
    idle: RefCell<Vec<SendRequest<Full<Bytes>>>>,
}

impl Engine {
    /// The engine that `DOCKER_HOST` names.
    pub(crate) fn of_environment() -> Result<Self, Failure> {
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        let path = host.strip_prefix("unix://").ok_or("DOCKER_HOST names no unix socket")?;
        Ok(Self { socket: PathBuf::from(path), idle: RefCell::default() })
    }

    /// The socket's path.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The whole answer to a request; one that says no is a failure.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, Failure> {
        let what = format!("{method} {path}");
        let pooled = self.idle.borrow_mut().pop();
        let mut connection = match pooled {
            Some(connection) => connection,
            None => connect(&self.socket).await?,
        };
        connection.ready().await?;
        let response = connection.send_request(request(method, path, body)?).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        self.idle.borrow_mut().push(connection);
        accepted(&what, status, &answer)?;
        Ok(answer)
    }

    /// An answer that comes in pieces, over a connection of its own.
    pub(crate) async fn stream(&self, path: &str) -> Result<Incoming, Failure> {
        let mut connection = connect(&self.socket).await?;
        let response = connection.send_request(request(Method::GET, path, None)?).await?;
        accepted(path, response.status(), b"")?;
        Ok(response.into_body())
    }
}

/// Sends one request over a new connection, whatever its body.
pub(crate) async fn forward<B>(
    socket: &Path,
    request: Request<B>,
) -> Result<Response<Incoming>, Failure>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Failure>,
{
    Ok(connect(socket).await?.send_request(request).await?)
}

async fn connect<B>(socket: &Path) -> Result<SendRequest<B>, Failure>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Failure>,
{
    let (sender, connection) = handshake(TokioIo::new(UnixStream::connect(socket).await?)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

fn request(
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let builder = Request::builder().method(method).uri(path).header("host", "docker");
    Ok(match body {
        Some(body) => builder
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(serde_json::to_vec(body)?)))?,
        None => builder.body(Full::default())?,
    })
}

fn accepted(what: &str, status: StatusCode, answer: &[u8]) -> Result<(), Failure> {
    if status.is_success() {
        return Ok(());
    }
    Err(format!("{what}: {status} {}", String::from_utf8_lossy(answer).trim()).into())
}
