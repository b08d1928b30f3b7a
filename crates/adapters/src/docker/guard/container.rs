//! What the body of `POST /containers/create` demands of the host, in every spelling
//! that the engine understands.

use std::collections::BTreeSet;

use serde_json::Value;

use super::joins::{self, Join};
use super::others::{driver_demands, endpoint_demands, endpoint_network, plain, ulimit_demands};
use super::request::{Query, Refusal, is_unset, members, owner, strings, text};
use super::requested::{Owner, RequestedPrivileges};
use super::scope::{network_demand, volume_demand};
use crate::docker::form;
use model::demand::Demand;
use model::demands;
use model::field::Part;
use model::host_path::normalise;
use model::id::DeploymentId;
use model::privilege::DeviceRequest;
use model::spec::{ContainerSpec, Logging};

/// Members of the body that only shape the container itself and are no plain fields.
const CONFIG: &[&str] = &[
    "AttachStderr",
    "AttachStdin",
    "AttachStdout",
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Image",
    "Labels",
    "MacAddress",
    "StdinOnce",
    "Volumes",
];

/// Likewise members of `HostConfig`.
const HOST_CONFIG: &[&str] = &["PortBindings", "RestartPolicy", "Tmpfs"];

/// Options behind the second colon of a bind that leave the host's mounts alone.
const BIND_OPTIONS: &[&str] = &[
    "ro",
    "rw",
    "nocopy",
    "z",
    "Z",
    "cached",
    "delegated",
    "consistent",
    "private",
    "rprivate",
    "slave",
    "rslave",
];

pub(super) fn create(body: &Value, query: &Query) -> Result<RequestedPrivileges, Refusal> {
    let name = query.get("name");
    if form::is_record(name, body) || form::is_lock(name, body) || form::is_state(name, body) {
        return Ok(RequestedPrivileges::nothing());
    }
    let deployment = owner(body)?;
    let (demands, joins, networks) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut asked = Asked { deployment: &deployment, demands, joins, networks };
    for (name, value) in members(body) {
        match name {
            "HostConfig" => members(value).for_each(|(name, value)| asked.host_config(name, value)),
            "NetworkingConfig" => asked.networking(value),
            name if CONFIG.contains(&name) => {}
            name => asked.plain(Part::Config, name, value),
        }
    }
    let Asked { demands, joins, networks, .. } = asked;
    Ok(RequestedPrivileges {
        joins,
        networks,
        ..RequestedPrivileges::of(Owner::Deployment(deployment), demands)
    })
}

/// What a container binds of the host, as an inspection shows it.
pub(in crate::docker) fn binds(deployment: &DeploymentId, inspection: &Value) -> BTreeSet<Demand> {
    let (demands, joins, networks) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut asked = Asked { deployment, demands, joins, networks };
    for name in ["Binds", "Mounts"] {
        asked.host_config(name, &inspection["HostConfig"][name]);
    }
    asked.demands.retain(|demand| matches!(demand, Demand::Bind(_)));
    asked.demands
}

struct Asked<'a> {
    deployment: &'a DeploymentId,
    demands: BTreeSet<Demand>,
    joins: BTreeSet<Join>,
    networks: BTreeSet<String>,
}

impl Asked<'_> {
    fn add(&mut self, demand: Demand) {
        self.demands.insert(demand);
    }

    fn unknown(&mut self, field: &str, value: &Value) {
        if !is_unset(value) {
            self.add(Demand::Unknown(field.to_owned()));
        }
    }

    fn host_config(&mut self, name: &str, value: &Value) {
        match name {
            // Given but empty, these two switch the engine's own protection off.
            "MaskedPaths" | "ReadonlyPaths" if !value.is_null() => {
                self.add(demands::system_paths());
            }
            _ if is_unset(value) => {}
            "Binds" => strings(value).for_each(|bind| self.bind(&bind)),
            "Mounts" => value.as_array().into_iter().flatten().for_each(|mount| self.mount(mount)),
            // Whatever the engine makes of it.
            "Privileged" => self.add(Demand::Privileged),
            "NetworkMode" => self.network_mode(&text(value)),
            "PidMode" => self.namespace("pid", &text(value), &[]),
            "IpcMode" => self.namespace("ipc", &text(value), &["none", "private", "shareable"]),
            "UTSMode" => self.namespace("uts", &text(value), &[]),
            "UsernsMode" => self.namespace("userns", &text(value), &[]),
            "CgroupnsMode" => self.namespace("cgroup", &text(value), &["private"]),
            "Cgroup" => self.namespace("cgroup", &text(value), &[]),
            "Devices" => self.each(value, |device| {
                Demand::Device(
                    device["PathOnHost"].as_str().map_or_else(|| text(device), normalise),
                )
            }),
            "DeviceRequests" => {
                value.as_array().into_iter().flatten().for_each(|one| self.device_request(one));
            }
            "SecurityOpt" => {
                self.demands
                    .extend(strings(value).filter_map(|one| demands::security_option(&one)));
            }
            "LogConfig" => self.log_config(value),
            "Ulimits" => self.demands.extend(ulimit_demands(value, demands::ulimit)),
            "VolumesFrom" => self.joins.extend(strings(value).map(|from| joins::of_volumes(&from))),
            "Links" => self.joins.extend(strings(value).map(|link| joins::of_link(&link))),
            name if HOST_CONFIG.contains(&name) => {}
            name => self.plain(Part::HostConfig, name, value),
        }
    }

    fn plain(&mut self, part: Part, name: &str, value: &Value) {
        self.demands.extend(plain::<ContainerSpec>(part, name, value));
    }

    fn log_config(&mut self, value: &Value) {
        let driver = value["Type"].as_str().filter(|driver| !driver.is_empty());
        let options = members(&value["Config"]).map(|(name, value)| (name.to_owned(), text(value)));
        let logging = Logging { driver: driver.map(str::to_owned), options: options.collect() };
        self.demands.extend(demands::log(&logging));
        for (name, value) in members(value) {
            match name {
                "Type" if value.is_string() => {}
                "Config" if value.is_object() => {}
                name => self.unknown(&format!("HostConfig.LogConfig.{name}"), value),
            }
        }
    }

    fn device_request(&mut self, value: &Value) {
        let lists = value["Capabilities"].as_array().into_iter().flatten();
        let request = DeviceRequest {
            driver: value["Driver"].as_str().unwrap_or("").to_owned(),
            ids: strings(&value["DeviceIDs"]).collect(),
            capabilities: lists.map(|list| strings(list).collect()).collect(),
            ..DeviceRequest::default()
        };
        self.demands.extend(demands::device_request(&request));
        for (name, value) in members(value) {
            if !matches!(name, "Driver" | "Count" | "DeviceIDs" | "Capabilities" | "Options") {
                self.unknown(&format!("HostConfig.DeviceRequests.{name}"), value);
            }
        }
    }

    fn each(&mut self, list: &Value, demand: impl Fn(&Value) -> Demand) {
        self.demands.extend(list.as_array().into_iter().flatten().map(demand));
    }

    fn namespace(&mut self, kind: &str, value: &str, harmless: &[&str]) {
        if let Some(join) = joins::of_mode(kind, value) {
            self.joins.insert(join);
        } else if !harmless.contains(&value) {
            self.add(Demand::Namespace(format!("{kind}={value}")));
        }
    }

    fn network_mode(&mut self, mode: &str) {
        match joins::of_mode("network", mode) {
            Some(join) => drop(self.joins.insert(join)),
            None => self.network(mode),
        }
    }

    fn network(&mut self, name: &str) {
        self.demands.extend(network_demand(self.deployment, name));
    }

    fn source(&mut self, source: &str) {
        // The engine takes what begins with a slash for a path and all else for the name
        // of a volume, which cannot hold one.
        if source.contains('/') || source.starts_with('.') {
            self.add(Demand::Bind(normalise(source)));
        } else {
            self.demands.extend(volume_demand(self.deployment, source));
        }
    }

    fn bind(&mut self, bind: &str) {
        let mut parts = bind.split(':');
        if let (Some(source), Some(_)) = (parts.next(), parts.next()) {
            self.source(source);
        }
        for option in parts.flat_map(|options| options.split(',')) {
            if let "shared" | "rshared" = option {
                self.demands.extend(demands::propagation(option));
            } else if !BIND_OPTIONS.contains(&option) {
                self.add(Demand::Unknown(format!("HostConfig.Binds:{option}")));
            }
        }
    }

    fn mount(&mut self, mount: &Value) {
        let source = mount["Source"].as_str().unwrap_or("");
        match mount["Type"].as_str() {
            Some("bind") => self.add(Demand::Bind(normalise(source))),
            Some("volume") => self.source(source),
            Some("tmpfs" | "image") => {}
            _ => self.add(Demand::Unknown(format!("HostConfig.Mounts.Type:{}", mount["Type"]))),
        }
        for (name, value) in members(mount) {
            match name {
                "Type" | "Source" | "Target" | "ReadOnly" | "Consistency" | "TmpfsOptions" => {}
                "ImageOptions" => members(value).for_each(|(name, value)| match name {
                    "Subpath" => {}
                    name => self.unknown(&format!("HostConfig.Mounts.ImageOptions.{name}"), value),
                }),
                "BindOptions" => members(value).for_each(|(name, value)| match name {
                    "NonRecursive"
                    | "CreateMountpoint"
                    | "ReadOnlyNonRecursive"
                    | "ReadOnlyForceRecursive" => {}
                    "Propagation" => self.demands.extend(demands::propagation(&text(value))),
                    name => self.unknown(&format!("HostConfig.Mounts.BindOptions.{name}"), value),
                }),
                "VolumeOptions" => members(value).for_each(|(name, value)| match name {
                    "NoCopy" | "Labels" | "Subpath" => {}
                    "DriverConfig" => {
                        self.demands
                            .extend(driver_demands(value["Name"].as_str(), &value["Options"]));
                        for (name, value) in members(value) {
                            if !matches!(name, "Name" | "Options") {
                                self.unknown(
                                    &format!("HostConfig.Mounts.DriverConfig.{name}"),
                                    value,
                                );
                            }
                        }
                    }
                    name => self.unknown(&format!("HostConfig.Mounts.VolumeOptions.{name}"), value),
                }),
                name => self.unknown(&format!("HostConfig.Mounts.{name}"), value),
            }
        }
    }

    fn networking(&mut self, value: &Value) {
        for (name, value) in members(value) {
            if name != "EndpointsConfig" {
                self.unknown(&format!("NetworkingConfig.{name}"), value);
                continue;
            }
            for (network, endpoint) in members(value) {
                self.network(network);
                self.demands.extend(endpoint_demands(endpoint));
                self.networks.extend(endpoint_network(endpoint));
            }
        }
    }
}
