//! The one choke point in front of an engine: which requests may leave at all, and what
//! the final body of each changing one demands of the host.
//!
//! It reads the bytes that are about to be sent, not the plan that led to them, so that
//! a mistake anywhere before it cannot hand the host to the author of a stack. What is
//! not listed here is refused.
//!
//! - `request`: how a request is read. `requested`: what it wants. `scope`: what is a deployment's own.
//! - `container`, `others`, `build`: what each kind of body demands; `joins`: of containers that
//!   it shares something with.
//! - `evaluator`: what is asked whether that is granted.

mod build;
mod container;
pub(super) mod evaluator;
mod joins;
mod others;
mod request;
mod requested;
mod scope;
#[cfg(test)]
mod tests;

use http::Method;

use self::request::{Query, is_plain, json};
pub(super) use container::binds;
pub(super) use joins::demand as join_demand;
pub(super) use request::{Outgoing, Refusal};
pub(super) use requested::{Owner, RequestedPrivileges};
pub(super) use scope::network_demand;

/// What this request wants, if it may be sent at all.
///
/// # Errors
/// [`Refusal`] if the endpoint is not on the list, or its body or query is not of the
/// form that we send.
pub(super) fn examine(request: Outgoing<'_>) -> Result<RequestedPrivileges, Refusal> {
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
        ("POST", ["containers", id, "start" | "restart"]) => Ok(RequestedPrivileges {
            starts: Some((*id).to_owned()),
            ..RequestedPrivileges::nothing()
        }),
        ("POST", ["containers", _, "stop" | "rename" | "unpause"])
        | ("PUT", ["containers", _, "archive"])
        | ("DELETE", ["networks", _]) => Ok(RequestedPrivileges::nothing()),
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

fn read(segments: &[&str]) -> Result<RequestedPrivileges, Refusal> {
    match segments {
        ["_ping" | "version" | "info" | "events" | "networks" | "volumes"]
        | ["containers", "json"]
        | ["containers", _, "json" | "logs"]
        | ["networks", _]
        | ["exec", _, "json"]
        | ["images", .., "json"] => Ok(RequestedPrivileges::nothing()),
        _ => Err(Refusal(format!("GET /{} is not among the reads", segments.join("/")))),
    }
}
