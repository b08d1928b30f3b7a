//! What every other changing request demands of the host: networks, volumes, images,
//! builds and changes of existing containers.

use std::collections::BTreeSet;

use serde::de::DeserializeSeed as _;
use serde_json::Value;

use super::request::{Query, Refusal, is_plain, is_unset, members, owner, text};
use super::requested::{Owner, RequestedPrivileges};
use super::scope::{network_demand, volume_demand};
use crate::docker::form;
use crate::docker::names::is_generated;
use crate::docker::plain::Seed;
use model::demand::Demand;
use model::demands;
use model::field::{Part, Reach};
use model::fields::{self, Fields};
use model::spec::{ContainerSpec, IpamPool, NetworkSpec, VolumeSpec};

/// Only what changes in place is changed; all else reaches the host.
pub(super) fn update(body: &Value) -> Result<RequestedPrivileges, Refusal> {
    let in_place = |name: &str| {
        name == "RestartPolicy"
            || fields::of_member::<ContainerSpec>(Part::HostConfig, name)
                .is_some_and(|field| field.class.is_in_place())
    };
    match members(body).find(|(name, value)| !in_place(name) && !is_unset(value)) {
        Some((name, _)) => Err(Refusal(format!("{name} of a container is never changed in place"))),
        None => Ok(RequestedPrivileges::nothing()),
    }
}

pub(super) fn remove_container(query: &Query) -> Result<RequestedPrivileges, Refusal> {
    match query.given().next() {
        Some((name, _)) => Err(Refusal(format!("a container is never removed with `{name}`"))),
        None => Ok(RequestedPrivileges::nothing()),
    }
}

pub(super) fn create_network(body: &Value) -> Result<RequestedPrivileges, Refusal> {
    let deployment = owner(body)?;
    let name = body["Name"].as_str().unwrap_or("");
    let mut demands: BTreeSet<Demand> = network_demand(&deployment, name).into_iter().collect();
    for (name, value) in members(body) {
        match name {
            "CheckDuplicate" | "Name" => {}
            "IPAM" => demands.extend(ipam_demands(value)),
            name => demands.extend(plain::<NetworkSpec>(Part::Network, name, value)),
        }
    }
    Ok(RequestedPrivileges::of(Owner::Deployment(deployment), demands))
}

fn ipam_demands(ipam: &Value) -> impl Iterator<Item = Demand> {
    let pools = ipam["Config"].as_array().into_iter().flatten();
    let subnets = pools.filter_map(|pool| {
        let subnet = Some(&pool["Subnet"]).filter(|subnet| !is_unset(subnet)).map(text);
        demands::pool(&IpamPool { subnet, ..IpamPool::default() })
    });
    let others = members(ipam).filter(|(name, _)| *name != "Config");
    subnets.chain(others.flat_map(|(name, value)| plain::<NetworkSpec>(Part::Ipam, name, value)))
}

/// A plain field demands what its row says of the value that the engine would read. One that
/// cannot be read so is like one that is not known.
pub(super) fn plain<S: Fields>(part: Part, name: &str, value: &Value) -> Vec<Demand> {
    let unknown = || match part {
        _ if is_unset(value) => Vec::new(),
        Part::Config => vec![Demand::Unknown(name.to_owned())],
        part => vec![Demand::Unknown(format!("{}.{name}", part.name()))],
    };
    let Some(field) = fields::of_sent::<S>(part, name) else { return unknown() };
    let Reach::Host(_, demands) = field.reach else { return Vec::new() };
    let Ok(read) = Seed(&field.row).deserialize(value) else { return unknown() };
    let mut spec = S::nothing();
    if let Some(read) = read {
        field.set(&mut spec, read);
    }
    demands((field.value)(&spec))
}

/// What limits of processes demand; each without a name, as if it were every one.
pub(super) fn ulimit_demands(
    limits: &Value,
    demand: fn(&str) -> Option<Demand>,
) -> impl Iterator<Item = Demand> {
    let limits = limits.as_array().into_iter().flatten();
    limits.filter_map(move |limit| demand(limit["Name"].as_str().unwrap_or("rtprio")))
}

pub(super) fn connect(network: &str, body: &Value) -> Result<RequestedPrivileges, Refusal> {
    let mut demands = BTreeSet::new();
    let (mut container, mut networks) = (None, BTreeSet::new());
    for (name, value) in members(body) {
        match name {
            "Container" => container = value.as_str().map(str::to_owned),
            "EndpointConfig" => {
                demands.extend(endpoint_demands(value));
                networks.extend(endpoint_network(value));
            }
            _ if is_unset(value) => {}
            name => {
                demands.insert(Demand::Unknown(format!("Connect.{name}")));
            }
        }
    }
    let container = container
        .filter(|id| is_plain(id))
        .ok_or_else(|| Refusal::new("no container to connect"))?;
    let network = Some(network.to_owned());
    Ok(RequestedPrivileges {
        networks,
        ..RequestedPrivileges::of(Owner::OfContainer { container, network }, demands)
    })
}

/// A command in a container reaches what the container reaches, unless it is privileged.
pub(super) fn create_exec(container: &str, body: &Value) -> RequestedPrivileges {
    let mut demands = BTreeSet::new();
    for (name, value) in members(body) {
        match name {
            "AttachStderr" | "AttachStdout" | "Cmd" | "Env" | "User" | "WorkingDir" => {}
            _ if is_unset(value) => {}
            "Privileged" => {
                demands.insert(Demand::Privileged);
            }
            name => {
                demands.insert(Demand::Unknown(format!("Exec.{name}")));
            }
        }
    }
    let container = container.to_owned();
    RequestedPrivileges::of(Owner::OfContainer { container, network: None }, demands)
}

/// What the command may do was decided when it was created.
pub(super) fn start_exec(body: &Value) -> Result<RequestedPrivileges, Refusal> {
    match members(body).find(|(_, value)| !is_unset(value)) {
        Some((name, _)) => Err(Refusal(format!("a command is never started with `{name}`"))),
        None => Ok(RequestedPrivileges::nothing()),
    }
}

pub(super) fn disconnect(body: &Value) -> Result<RequestedPrivileges, Refusal> {
    match members(body).find(|(name, value)| *name != "Container" && !is_unset(value)) {
        Some((name, _)) => Err(Refusal(format!("a network is never taken away with `{name}`"))),
        None => Ok(RequestedPrivileges::nothing()),
    }
}

/// What joining a network demands beside the network itself.
pub(super) fn endpoint_demands(endpoint: &Value) -> Vec<Demand> {
    let demands = members(endpoint).flat_map(|(name, value)| match name {
        "Aliases" | "GwPriority" | "IPAMConfig" | "Links" | "MacAddress" => Vec::new(),
        "NetworkID" if endpoint_network(endpoint).is_some() => Vec::new(),
        _ if is_unset(value) => Vec::new(),
        "DriverOpts" if value.is_object() => members(value)
            .filter_map(|(key, value)| demands::attachment_option(key, &text(value)))
            .collect(),
        name => vec![Demand::Unknown(format!("EndpointsConfig.{name}"))],
    });
    demands.collect()
}

/// The network that an endpoint names by its id.
pub(super) fn endpoint_network(endpoint: &Value) -> Option<String> {
    endpoint["NetworkID"].as_str().filter(|id| is_generated(id)).map(str::to_owned)
}

pub(super) fn create_volume(body: &Value) -> Result<RequestedPrivileges, Refusal> {
    let deployment = owner(body)?;
    let name = body["Name"].as_str().unwrap_or("");
    let mut demands: BTreeSet<Demand> = volume_demand(&deployment, name).into_iter().collect();
    demands.extend(driver_demands(body["Driver"].as_str(), &body["DriverOpts"]));
    let others = members(body).filter(|(name, _)| *name != "Name");
    demands.extend(others.flat_map(|(n, value)| plain::<VolumeSpec>(Part::Volume, n, value)));
    Ok(RequestedPrivileges::of(Owner::Deployment(deployment), demands))
}

/// What the driver of a volume, wherever it is named, reaches of the host.
pub(super) fn driver_demands(driver: Option<&str>, options: &Value) -> Vec<Demand> {
    let options = members(options).map(|(name, value)| (name.to_owned(), text(value))).collect();
    demands::volume_driver(driver.unwrap_or(""), &options)
}

pub(super) fn create_image(query: &Query) -> Result<RequestedPrivileges, Refusal> {
    let (source, repository) = (query.get("fromSrc"), query.get("repo"));
    let ours = format!("{repository}:{}", query.get("tag")) == form::IMAGE;
    match (source, ours) {
        ("", _) if repository.is_empty() => Ok(RequestedPrivileges::nothing()),
        ("-", true) => Ok(RequestedPrivileges::nothing()),
        _ => Err(Refusal::new("an image is pulled or built, never imported")),
    }
}
