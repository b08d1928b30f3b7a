//! One HTTP call to Consul, and what its refusals mean.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;

use super::settings::Token;
use crate::http::date::date;
use crate::http::{HttpClient, HttpError, full, percent_encoded};
use model::time::Timestamp;
use world::OutsideError;

/// The longest that one call may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// The largest answer that is read: more than 50,000 instances.
const MAX_ANSWER: usize = 64 << 20;
/// As much of a refusal as is shown.
const MAX_TEXT: usize = 300;

/// Consul's HTTP API.
pub(super) struct Api {
    http: HttpClient,
    token: Option<Token>,
}

/// An answer that is no refusal: a success, 404 (there is no such thing) or 409 (a
/// transaction that was not carried out).
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Whether the token's rights hid part of it. Only Consul 1.11 and newer say so.
    pub(super) filtered: bool,
    /// What the clock of who answers says.
    pub(super) date: Option<Timestamp>,
    body: Bytes,
}

impl Api {
    pub(super) fn new(http: HttpClient, token: Option<Token>) -> Self {
        Self { http, token }
    }

    /// Reads. The path is already encoded, the values of the query are not.
    pub(super) async fn get(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, OutsideError> {
        // Without `leader`, an agent's `discovery_max_stale` makes reads stale.
        let mut uri = format!("{path}?leader");
        for (name, value) in query {
            uri.extend(["&", name, "=", &percent_encoded(value)]);
        }
        match self.call(Method::GET, &uri, Bytes::new()).await {
            // A read that may or may not have arrived has changed nothing.
            Err(OutsideError::Timeout(text)) => Err(OutsideError::Unreachable(text)),
            other => other,
        }
    }

    /// Writes.
    pub(super) async fn put(
        &self,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, OutsideError> {
        self.call(Method::PUT, path, body.into()).await
    }

    /// Asks what takes a body to be asked, and changes nothing.
    pub(super) async fn ask(
        &self,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Answer, OutsideError> {
        self.call(Method::POST, path, body.into()).await
    }

    async fn call(&self, method: Method, uri: &str, body: Bytes) -> Result<Answer, OutsideError> {
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(token) = &self.token {
            request = request.header("X-Consul-Token", token.header());
        }
        let request = request.body(full(body)).map_err(|_| {
            OutsideError::Failed("BUG: a path of Consul's API that is not encoded".to_owned())
        })?;
        match tokio::time::timeout(DEADLINE, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(OutsideError::Timeout(format!(
                "Consul did not answer within {} s",
                DEADLINE.as_secs()
            ))),
        }
    }

    async fn exchange(&self, request: Request<crate::http::Body>) -> Result<Answer, OutsideError> {
        let response = self.http.send(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(|error| {
                let at = format!("{:?}", self.http);
                OutsideError::from(HttpError::Closed { at, why: error.to_string() })
            })?
            .to_bytes();
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        if head.status == StatusCode::OK && header("x-consul-knownleader") == Some("false") {
            return Err(OutsideError::Unreachable("Consul has no leader".to_owned()));
        }
        let filtered = header("x-consul-results-filtered-by-acls") == Some("true");
        match head.status {
            StatusCode::NOT_FOUND | StatusCode::CONFLICT => {}
            status if status.is_success() => {}
            status => return Err(refusal(status, &body)),
        }
        let date = header("date").and_then(date);
        Ok(Answer { status: head.status, filtered, date, body })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.http, f)
    }
}

impl Answer {
    /// The answer as data.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, OutsideError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            OutsideError::Failed(format!(
                "Consul answered what it never answers ({error}); is this Consul's address?"
            ))
        })
    }

    /// This answer, unless it is a 404 or 409 that the caller has no meaning for.
    pub(super) fn success(self) -> Result<Self, OutsideError> {
        if self.status.is_success() { Ok(self) } else { Err(refusal(self.status, &self.body)) }
    }
}

/// What a status means for us.
fn refusal(status: StatusCode, body: &[u8]) -> OutsideError {
    let text = String::from_utf8_lossy(body);
    let text = text.lines().next().unwrap_or_default().trim();
    let rendered: String = text.chars().take(MAX_TEXT).collect();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            OutsideError::Forbidden(format!("Consul refuses our token: {rendered}"))
        }
        StatusCode::TOO_MANY_REQUESTS => {
            OutsideError::Unreachable(format!("Consul is overloaded: {rendered}"))
        }
        _ if says(&["No cluster leader", "No known Consul servers", "Raft leader not found"]) => {
            OutsideError::Unreachable(format!("Consul has no leader: {rendered}"))
        }
        // The agent that answers has not joined its own catalog yet.
        StatusCode::INTERNAL_SERVER_ERROR if says(&["Missing node registration"]) => {
            OutsideError::Unreachable(format!("Consul is starting: {rendered}"))
        }
        // Through an agent, a lack of rights arrives as an error of the call behind it.
        _ if says(&["Permission denied", "ACL not found"]) => {
            OutsideError::Forbidden(format!("Consul refuses our token: {rendered}"))
        }
        // The leader went away while it worked: nobody knows what came of it.
        _ if status.is_server_error() && says(&["leadership lost", "EOF", "timeout", "reset"]) => {
            OutsideError::Timeout(format!("Consul lost the call: {rendered}"))
        }
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            OutsideError::Unreachable(format!("Consul is not available: {status} {rendered}"))
        }
        _ => OutsideError::Failed(format!("Consul answered {status}: {rendered}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_what_comes_next() {
        let of = |status: u16, text: &str| {
            refusal(StatusCode::from_u16(status).unwrap(), text.as_bytes())
        };
        assert!(matches!(of(500, "No cluster leader"), OutsideError::Unreachable(_)));
        assert!(matches!(of(500, "Missing node registration"), OutsideError::Unreachable(_)));
        assert!(matches!(of(403, "Permission denied"), OutsideError::Forbidden(_)));
        assert!(matches!(of(500, "rpc error: ACL not found"), OutsideError::Forbidden(_)));
        assert!(matches!(of(500, "leadership lost while…"), OutsideError::Timeout(_)));
        assert!(matches!(of(503, ""), OutsideError::Unreachable(_)));
        assert!(matches!(of(413, "too large"), OutsideError::Failed(_)));
    }

    #[test]
    fn names_are_encoded() {
        assert_eq!(percent_encoded("pricing.abc"), "pricing.abc");
        assert_eq!(percent_encoded("a b/ü?"), "a%20b%2F%C3%BC%3F");
    }
}
