//! What a build demands of the host: its query, and the session that it may ask back by.

use std::collections::BTreeSet;

use http::HeaderMap;
use serde_json::Value;

use super::others::ulimit_demands;
use super::request::{Query, Refusal};
use super::requested::{Owner, RequestedPrivileges};
use crate::docker::form::REPOSITORY;
use crate::docker::names::is_generated;
use model::build::FOLDERS;
use model::compose_labels;
use model::demand::Demand;
use model::demands::build_ulimit;
use model::id::DeploymentId;

/// Parameters that shape the image only, or the processes that make it.
const SHAPING: &[&str] = &[
    "buildargs",
    "cachefrom",
    "dockerfile",
    "extrahosts",
    "labels",
    "nocache",
    "platform",
    "pull",
    "session",
    "shmsize",
    "t",
    "target",
    "ulimits",
];

/// Questions of a build that are answered from what it was given.
const ANSWERED: &[&str] = &[
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.filesync.v1.Auth/Credentials",
    "/moby.filesync.v1.FileSync/DiffCopy",
];

pub(super) fn build(query: &Query) -> Result<RequestedPrivileges, Refusal> {
    if query.all("t").any(is_reserved) {
        return Err(Refusal(format!("{REPOSITORY} is not for stacks")));
    }
    let labels: Value = serde_json::from_str(query.get("labels")).unwrap_or_default();
    let owner = match labels[compose_labels::PROJECT].as_str() {
        Some(id) if DeploymentId::is_valid(id) => Owner::Deployment(id.into()),
        _ => Owner::Nobody,
    };
    let demands = query.given().filter(|(name, value)| !is_shaping(name, value));
    let demands = demands.map(|(name, value)| Demand::Build(format!("{name}={value}")));
    let limits: Value = serde_json::from_str(query.get("ulimits")).unwrap_or_default();
    let demands = demands.chain(ulimit_demands(&limits, build_ulimit)).collect();
    Ok(RequestedPrivileges::of(owner, demands))
}

/// Names under which we keep what is no stack's, but folders that builds name: these are
/// called after their content, which their label tells again.
fn is_reserved(tag: &str) -> bool {
    let folder = tag.strip_prefix(FOLDERS).and_then(|rest| rest.strip_prefix(':'));
    tag.starts_with(REPOSITORY) && folder.is_none_or(|hash| !is_generated(hash))
}

fn is_shaping(name: &str, value: &str) -> bool {
    match name {
        "version" => value == "2",
        "networkmode" => matches!(value, "default" | "none"),
        // The context by a session of ours; any other value is an address to fetch from.
        "remote" => value == "client-session",
        name => SHAPING.contains(&name),
    }
}

/// A session lets the engine call the methods that it names.
pub(super) fn session(headers: &HeaderMap) -> Result<RequestedPrivileges, Refusal> {
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let name = headers.get("x-docker-expose-session-name").map(text).unwrap_or_default();
    if !DeploymentId::is_valid(&name) {
        return Err(Refusal::new("a session that names no deployment"));
    }
    let mut demands = BTreeSet::new();
    for method in headers.get_all("x-docker-expose-session-grpc-method").iter().map(text) {
        if method.starts_with("/moby.sshforward.v1.SSH/") {
            demands.insert(Demand::Build("ssh".to_owned()));
        } else if !ANSWERED.contains(&method.as_str()) {
            demands.insert(Demand::Build(format!("session={method}")));
        }
    }
    Ok(RequestedPrivileges::of(Owner::Deployment(name.as_str().into()), demands))
}
