//! How bollard's requests reach the engine: over our pooled client, with the negotiated
//! API version in the path (bollard 0.21.1 never sends one), and past the guard.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bollard::BollardRequest;
use bollard::errors::Error;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Either};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use serde_json::Value;
use tokio::sync::Mutex;

use super::amend::amend;
use super::unreachable::NoEngine;
use crate::docker::guard::evaluator::PolicyEvaluator;
use crate::docker::guard::{self, Outgoing};
use crate::http::{Body, HttpClient, full, percent_encoded};
use model::ability::ApiVersion;
use model::id::EngineName;

/// The newest API that bollard 0.21.1 knows.
const NEWEST: ApiVersion = ApiVersion::one(53);
/// The oldest that we speak: Docker 20.10.
const OLDEST: ApiVersion = ApiVersion::one(41);

/// What an engine is, as far as a request depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::docker) struct Engine {
    /// The API that is spoken with it.
    pub(in crate::docker) version: ApiVersion,
    /// Whether it has BuildKit.
    pub(in crate::docker) buildkit: bool,
}

/// A request with a body that is a stream, or whose answer is one.
pub(in crate::docker) struct Outward {
    pub(in crate::docker) method: Method,
    pub(in crate::docker) path: String,
    pub(in crate::docker) query: String,
    pub(in crate::docker) headers: HeaderMap,
    pub(in crate::docker) body: Body,
}

/// Sends bollard's requests, and those that bollard has no form for.
pub(in crate::docker) struct Transport {
    client: HttpClient,
    engine: EngineName,
    pub(in crate::docker) evaluator: Arc<PolicyEvaluator>,
    /// Forgotten when a connection breaks: behind the next one may be another engine.
    known: Mutex<Option<Engine>>,
    /// How often that was forgotten.
    connection: AtomicU64,
    /// The names of networks by their ids; a network is never renamed.
    pub(in crate::docker) networks: std::sync::Mutex<BTreeMap<String, String>>,
}

impl Transport {
    pub(in crate::docker) fn new(
        client: HttpClient,
        engine: EngineName,
        evaluator: Arc<PolicyEvaluator>,
    ) -> Self {
        let (known, connection) = (Mutex::new(None), AtomicU64::new(0));
        let networks = std::sync::Mutex::default();
        Self { client, engine, evaluator, known, connection, networks }
    }

    /// Sends one request, if the guard lets it.
    pub(in crate::docker) async fn send(
        &self,
        request: BollardRequest,
    ) -> Result<Response<Incoming>, Error> {
        let version = self.engine().await?.version;
        let (head, body) = request.into_parts();
        let path = unversioned(head.uri.path()).to_owned();
        let query = head.uri.query().unwrap_or("").to_owned();
        let (bytes, body) = match body {
            Either::Left(bytes) => {
                let bytes = match bytes.collect().await {
                    Ok(whole) => amend(&head.method, &path, version, whole.to_bytes()),
                    Err(never) => match never {},
                };
                (Some(bytes.clone()), full(bytes))
            }
            Either::Right(stream) => (None, stream.map_err(Into::into).boxed_unsync()),
        };
        let outward = Outward { method: head.method, path, query, headers: head.headers, body };
        self.pass(outward, bytes.as_deref(), version).await
    }

    /// Sends one request whose body is a stream, if the guard lets it.
    pub(in crate::docker) async fn stream(
        &self,
        request: Outward,
    ) -> Result<Response<Incoming>, Error> {
        let version = self.engine().await?.version;
        self.pass(request, None, version).await
    }

    /// Turns a connection into one on which the engine asks us, if the guard lets it.
    pub(in crate::docker) async fn upgrade(
        &self,
        path: &str,
        headers: HeaderMap,
    ) -> Result<Upgraded, Error> {
        let (method, path) = (Method::POST, path.to_owned());
        let body = full("");
        let request = Outward { method, path, query: String::new(), headers, body };
        let response = self.stream(request).await?;
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok(hyper::upgrade::on(response).await?),
            status => {
                let message = "it opens no session".to_owned();
                Err(Error::DockerResponseServerError { status_code: status.as_u16(), message })
            }
        }
    }

    async fn pass(
        &self,
        request: Outward,
        bytes: Option<&[u8]>,
        version: ApiVersion,
    ) -> Result<Response<Incoming>, Error> {
        let Outward { method, path, query, headers, body } = request;
        let outgoing = Outgoing {
            method: &method,
            path: &path,
            query: &query,
            headers: &headers,
            body: bytes,
        };
        let requested = guard::examine(outgoing).map_err(refused)?;
        self.evaluate(requested, version).await?;

        let separator = if query.is_empty() { "" } else { "?" };
        let uri = format!("/v{version}{path}{separator}{query}");
        let mut request = Request::builder().method(method.clone()).uri(uri);
        if let Some(all) = request.headers_mut() {
            *all = headers;
        }
        let response = self.call(request.body(body)?).await?;
        tracing::debug!(
            engine = %self.engine, %method, path, status = response.status().as_u16(),
            "engine call"
        );
        Ok(response)
    }

    /// The answer to a GET of this path and query: all of it, or an error.
    pub(in crate::docker) async fn get(&self, path: &str) -> Result<Bytes, Error> {
        let version = self.engine().await?.version;
        let uri = format!("/v{version}{path}");
        let response = self.call(Request::get(uri).body(full(""))?).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        tracing::debug!(engine = %self.engine, path, status = status.as_u16(), "engine call");
        if status.is_success() {
            return Ok(answer);
        }
        let parsed = serde_json::from_slice::<Value>(&answer).ok();
        let parsed = parsed.as_ref().and_then(|parsed| parsed["message"].as_str());
        let message = parsed.map_or_else(|| String::from_utf8_lossy(&answer).into(), str::to_owned);
        Err(Error::DockerResponseServerError { status_code: status.as_u16(), message })
    }

    /// Opens the stream of the events that these filters (JSON) let through. Any byte in
    /// it is an event; none is read, so that no engine can confuse us with a new one.
    pub(in crate::docker) async fn open_events(&self, filters: &str) -> Result<Incoming, Error> {
        let version = self.engine().await?.version;
        let uri = format!("/v{version}/events?filters={}", percent_encoded(filters));
        let response = self.call(Request::get(uri).body(full(""))?).await?;
        match response.status().as_u16() {
            200 => Ok(response.into_body()),
            status_code => {
                let message = "it gives no events".to_owned();
                Err(Error::DockerResponseServerError { status_code, message })
            }
        }
    }

    /// The version that we and the engine speak; asks it if that is not known yet.
    pub(in crate::docker) async fn version(&self) -> Result<ApiVersion, Error> {
        Ok(self.engine().await?.version)
    }

    /// What the engine is; asked once.
    pub(in crate::docker) async fn engine(&self) -> Result<Engine, Error> {
        let mut known = self.known.lock().await;
        if let Some(engine) = *known {
            return Ok(engine);
        }
        let sent = self.client.send(Request::get("/_ping").body(full(""))?).await;
        let response = sent.map_err(io::Error::from)?;
        let status_code = response.status().as_u16();
        let buildkit = has_buildkit(response.headers());
        let offered = response
            .headers()
            .get("api-version")
            .and_then(|value| value.to_str().ok())
            .and_then(ApiVersion::parse);
        let body = response.into_body().collect().await?.to_bytes();
        let message = String::from_utf8_lossy(&body).into_owned();
        // A proxy before an engine may refuse without the header.
        if offered.is_none() && !matches!(status_code, 401 | 403) {
            let other = NoEngine::answered(self.client.at(), status_code, &message);
            return Err(io::Error::other(other).into());
        }
        if status_code != 200 {
            return Err(Error::DockerResponseServerError { status_code, message });
        }
        let version = negotiate(offered)
            .map_err(|message| Error::DockerResponseServerError { status_code: 400, message })?;
        tracing::debug!(engine = %self.engine, %version, buildkit, "API version negotiated");
        Ok(*known.insert(Engine { version, buildkit }))
    }

    /// The engine may be another one from now on: it was lost, or has started again.
    pub(in crate::docker) async fn forget(&self) {
        *self.known.lock().await = None;
        self.connection.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts how often the engine was lost or started again, as far as that was noticed.
    pub(in crate::docker) fn connection(&self) -> u64 {
        self.connection.load(Ordering::Relaxed)
    }

    pub(in crate::docker) async fn call(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Error> {
        match self.client.send(request).await {
            Ok(response) => Ok(response),
            Err(error) => {
                self.forget().await;
                Err(io::Error::from(error).into())
            }
        }
    }
}

/// Every engine on Linux has had it since 18.09. Engines on Windows have none, nor has what
/// stands in for one (Podman).
fn has_buildkit(headers: &HeaderMap) -> bool {
    let windows = headers.get("ostype").is_some_and(|os| os == "windows");
    !windows && !headers.contains_key("libpod-api-version")
}

fn negotiate(offered: Option<ApiVersion>) -> Result<ApiVersion, String> {
    match offered {
        None => Err("it does not say which API version it speaks".to_owned()),
        Some(version) if version < OLDEST => Err(format!(
            "it speaks API {version}; {OLDEST} (Docker 20.10) is the oldest that works"
        )),
        Some(version) => Ok(version.min(NEWEST)),
    }
}

pub(in crate::docker) fn refused(refusal: guard::Refusal) -> Error {
    io::Error::other(refusal).into()
}

/// The path without a leading `/v1.41`.
fn unversioned(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("/v") else { return path };
    match rest.split_once('/') {
        Some((version, _)) if ApiVersion::parse(version).is_some() => &rest[version.len()..],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ApiVersion {
        ApiVersion::parse(text).unwrap()
    }

    #[test]
    fn the_older_side_decides_the_version() {
        assert_eq!(negotiate(Some(version("1.41"))), Ok(version("1.41")));
        assert_eq!(negotiate(Some(version("1.99"))), Ok(NEWEST));
        assert!(negotiate(Some(version("1.40"))).unwrap_err().contains("1.41"));
        assert!(negotiate(None).is_err());
    }

    #[test]
    fn engines_on_windows_and_podman_have_no_buildkit() {
        let said = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, http::HeaderValue::from_static(value));
            has_buildkit(&headers)
        };
        assert!(said("ostype", "linux"));
        assert!(said("builder-version", "1"), "it has it, and its operator prefers the other");
        assert!(!said("ostype", "windows"));
        assert!(!said("libpod-api-version", "5.4.2"));
    }

    #[test]
    fn a_version_in_the_path_is_taken_off() {
        assert_eq!(unversioned("/v1.53/containers/json"), "/containers/json");
        assert_eq!(unversioned("/volumes"), "/volumes");
        assert_eq!(unversioned("/volumes/create"), "/volumes/create");
    }
}
