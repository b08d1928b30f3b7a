//! A request as the guard reads it: its path, its query and its body.

use http::{HeaderMap, Method};
use serde_json::Value;
use url::form_urlencoded;

use model::id::DeploymentId;

/// A request as it is about to be sent, without the version in its path.
#[derive(Clone, Copy)]
pub(in crate::docker) struct Outgoing<'a> {
    pub(in crate::docker) method: &'a Method,
    pub(in crate::docker) path: &'a str,
    pub(in crate::docker) query: &'a str,
    pub(in crate::docker) headers: &'a HeaderMap,
    /// The whole body; `None` if it is a stream (an archive).
    pub(in crate::docker) body: Option<&'a [u8]>,
}

/// A request that is not sent, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::docker) struct Refusal(pub(in crate::docker) String);

impl Refusal {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

pub(super) fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && segment != ".."
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

pub(super) fn json(request: Outgoing<'_>) -> Result<Value, Refusal> {
    request
        .body
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .filter(Value::is_object)
        .ok_or_else(|| Refusal(format!("{} was given a body that is not JSON", request.path)))
}

/// The deployment that the body's labels name.
pub(super) fn owner(body: &Value) -> Result<DeploymentId, Refusal> {
    body["Labels"]["reconciler.deployment"]
        .as_str()
        .filter(|id| DeploymentId::is_valid(id))
        .map(DeploymentId::from)
        .ok_or_else(|| Refusal::new("a request that creates something names no deployment"))
}

/// Whether the engine takes a value like one that was not given.
pub(super) fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_unset),
    }
}

/// Every member that says something, with its name. Nothing for what is no object.
pub(super) fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Every string of a list. What is no string is given as its JSON, so that it is evaluated.
pub(super) fn strings(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().into_iter().flatten().map(text)
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The parameters behind the `?`, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(_, value)| !matches!(value.as_str(), "" | "0" | "false"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
