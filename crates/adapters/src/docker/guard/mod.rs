//! The one choke point in front of an engine: which requests may leave at all, and what
//! the final body of each changing one demands of the host.
//!
//! It reads the bytes that are about to be sent, not the plan that led to them, so that
//! a mistake anywhere before it cannot hand the host to the author of a stack. What is
//! not listed here is refused.

#[cfg(test)]
mod agreement;
mod build;
mod container;
mod joins;
mod others;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use http::{HeaderMap, Method};
use serde_json::Value;

use super::warden::{Denied, Warden};
pub(super) use container::binds;
pub(super) use joins::{Join, demand as join_demand};
use model::demand::Demand;
use model::id::DeploymentId;

/// A request as it is about to be sent, without the version in its path.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    /// The whole body; `None` if it is a stream (an archive).
    pub(super) body: Option<&'a [u8]>,
}

/// What a request wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// On whose behalf.
    pub(super) owner: Owner,
    /// What it demands of the host.
    pub(super) demands: BTreeSet<Demand>,
    /// The containers that it shares something with. Each is read and [`join_demand`]
    /// asked.
    pub(super) joins: BTreeSet<Join>,
    /// The ids of networks that are to be attached to. Of each the name is read and
    /// [`network_demand`] asked.
    pub(super) networks: BTreeSet<String>,
    /// The container that it starts: what it binds is looked at once more, because the engine
    /// follows links when it starts it. It is read and [`binds`] asked.
    pub(super) starts: Option<String>,
}

/// On whose behalf a request is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nobody in particular: no grant can cover a demand.
    Nobody,
    /// The deployment that the body's labels name.
    Deployment(DeploymentId),
    /// The deployment that this container belongs to, which is read. Whether the network
    /// demands anything depends on it: [`network_demand`] is asked.
    OfContainer { container: String, network: Option<String> },
}

/// A request that is not sent, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(pub(super) String);

impl Refusal {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl Wish {
    fn nothing() -> Self {
        Self::of(Owner::Nobody, BTreeSet::new())
    }

    fn of(owner: Owner, demands: BTreeSet<Demand>) -> Self {
        let (joins, networks) = (BTreeSet::new(), BTreeSet::new());
        Self { owner, demands, joins, networks, starts: None }
    }

    /// Whether the policy grants all of it.
    ///
    /// # Errors
    /// [`Refusal`], which names every demand and the flag that would grant it.
    pub(super) fn judge(&self, warden: &Warden) -> Result<(), Refusal> {
        if warden.is_permissive() {
            return Ok(());
        }
        let all = self.demands.iter();
        let (name, denied): (&str, BTreeSet<Denied>) = match &self.owner {
            Owner::Deployment(id) => {
                (id.as_str(), all.filter_map(|demand| warden.denies(id, demand)).collect())
            }
            Owner::Nobody | Owner::OfContainer { .. } => {
                let denied = all.map(|demand| Denied { demand: demand.clone(), moved: false });
                ("<deployment>", denied.collect())
            }
        };
        if let Some(moved) = denied.iter().find(|denied| denied.moved) {
            return Err(Refusal(format!(
                "the host policy denies {name} {}: a symbolic link that was put on its way leads \
                 out of what is granted; take it away",
                moved.demand
            )));
        }
        if denied.is_empty() {
            return Ok(());
        }
        let denied: Vec<Demand> = denied.into_iter().map(|denied| denied.demand).collect();
        let demands: Vec<String> = denied.iter().map(ToString::to_string).collect();
        let flags: Vec<String> =
            demands.iter().map(|demand| format!("--allow '{name}:{demand}'")).collect();
        let codes: BTreeSet<&str> = denied.iter().map(|demand| demand.code().0).collect();
        Err(Refusal(format!(
            "the host policy denies {name} {} [{}]; an operator who trusts it says {}",
            demands.join(", "),
            codes.into_iter().collect::<Vec<_>>().join(" "),
            flags.join(" "),
        )))
    }
}

/// What this request wants, if it may be sent at all.
///
/// # Errors
/// [`Refusal`] if the endpoint is not on the list, or its body or query is not of the
/// form that we send.
pub(super) fn examine(request: Outgoing<'_>) -> Result<Wish, Refusal> {
    let segments: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let query = Query::parse(request.query);
    if request.method == Method::GET {
        return read(&segments);
    }
    // An encoded slash or dot would be read differently by the engine's router.
    if segments.iter().any(|part| !is_plain(part)) {
        return Err(Refusal(format!("{} has an unusual path", request.path)));
    }
    match (request.method.as_str(), segments.as_slice()) {
        ("POST", ["containers", "create"]) => container::create(&json(request)?, &query),
        ("POST", ["containers", id, "start" | "restart"]) => {
            Ok(Wish { starts: Some((*id).to_owned()), ..Wish::nothing() })
        }
        ("POST", ["containers", _, "stop" | "rename" | "unpause"])
        | ("PUT", ["containers", _, "archive"])
        | ("DELETE", ["networks", _]) => Ok(Wish::nothing()),
        ("POST", ["containers", id, "exec"]) => Ok(others::create_exec(id, &json(request)?)),
        ("POST", ["exec", _, "start"]) => others::start_exec(&json(request)?),
        ("POST", ["containers", _, "update"]) => others::update(&json(request)?),
        ("DELETE", ["containers", _]) => others::remove_container(&query),
        ("POST", ["networks", "create"]) => others::create_network(&json(request)?),
        ("POST", ["networks", network, "connect"]) => others::connect(network, &json(request)?),
        ("POST", ["networks", _, "disconnect"]) => others::disconnect(&json(request)?),
        ("POST", ["volumes", "create"]) => others::create_volume(&json(request)?),
        ("POST", ["images", "create"]) => others::create_image(&query),
        ("POST", ["build"]) => build::build(&query),
        ("POST", ["session"]) => build::session(request.headers),
        _ => Err(Refusal(format!(
            "{} {} is not among the requests that this program may send",
            request.method, request.path
        ))),
    }
}

/// What attaching to this network demands of a deployment.
pub(super) fn network_demand(deployment: &DeploymentId, network: &str) -> Option<Demand> {
    match network {
        "none" => None,
        "" | "default" | "bridge" => Some(Demand::Network("bridge".to_owned())),
        "host" => Some(Demand::Namespace("network=host".to_owned())),
        name if name.starts_with("container:") => {
            Some(Demand::Namespace(format!("network={name}")))
        }
        name if belongs(deployment, name) => None,
        name => Some(Demand::Network(name.to_owned())),
    }
}

/// Whether a network is named by its id: 64 hexadecimal characters.
pub(super) fn is_network_id(text: &str) -> bool {
    is_anonymous_volume(text)
}

fn volume_demand(deployment: &DeploymentId, volume: &str) -> Option<Demand> {
    let own = volume.is_empty() || belongs(deployment, volume) || is_anonymous_volume(volume);
    (!own).then(|| Demand::Volume(volume.to_owned()))
}

fn belongs(deployment: &DeploymentId, name: &str) -> bool {
    name.strip_prefix(deployment.as_str()).is_some_and(|rest| rest.starts_with('_'))
}

/// Whether a volume's name is one that the engine invented: 64 hexadecimal characters.
pub(super) fn is_anonymous_volume(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn read(segments: &[&str]) -> Result<Wish, Refusal> {
    match segments {
        ["_ping" | "version" | "info" | "events" | "networks" | "volumes"]
        | ["containers", "json"]
        | ["containers", _, "json" | "logs"]
        | ["networks", _]
        | ["exec", _, "json"]
        | ["images", .., "json"] => Ok(Wish::nothing()),
        _ => Err(Refusal(format!("GET /{} is not among the reads", segments.join("/")))),
    }
}

fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && segment != ".."
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn json(request: Outgoing<'_>) -> Result<Value, Refusal> {
    request
        .body
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .filter(Value::is_object)
        .ok_or_else(|| Refusal(format!("{} was given a body that is not JSON", request.path)))
}

/// Whether the engine takes a value like one that was not given.
fn is_unset(value: &Value) -> bool {
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
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Every string of a list. What is no string is given as its JSON, so that it is judged.
fn strings(value: &Value) -> impl Iterator<Item = String> {
    value.as_array().into_iter().flatten().map(text)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The parameters behind the `?`, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(_, value)| !matches!(value.as_str(), "" | "0" | "false"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let hex = [*high, *low];
                let byte =
                    std::str::from_utf8(&hex).ok().and_then(|h| u8::from_str_radix(h, 16).ok());
                match byte {
                    Some(byte) => {
                        bytes.push(byte);
                        rest = after;
                    }
                    None => bytes.push(b'%'),
                }
            }
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
