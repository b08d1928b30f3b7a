//! What a container, a network or a volume demands of the host: the one place that tells
//! what is harmless. The planner asks about specs; the guard, which reads the final
//! bodies of requests, asks about single values.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::demand::Demand;
use super::digest::Digest;
use super::fields;
use super::host_path::normalise;
use super::network::IpamPool;
use super::privilege::DeviceRequest;
use super::reach::option;
use super::spec::{ContainerSpec, Logging, MountSource, NetworkSpec, Propagation, VolumeSpec};

/// Options of a log that no driver sends anywhere with.
const LOG_OPTIONS: &[&str] = &[
    "compress",
    "env",
    "env-regex",
    "labels",
    "labels-regex",
    "max-buffer-size",
    "max-file",
    "max-size",
    "mode",
    "tag",
];

/// Limits of processes that, when raised, let one run before all others of the host.
const PRECEDENCE: &[&str] = &["nice", "rtprio"];

/// Address ranges that are nobody's in the internet, each with the length of its prefix.
const PRIVATE: &[(IpAddr, u8)] = &[
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
];

/// Options of an attachment that stay inside the container.
const ATTACHMENT_OPTIONS: &[&str] = &["com.docker.network.endpoint.ifname"];

/// Everything that a container demands, each with the path of the field that does.
/// Whose networks, namespaces and volumes it shares depends on more than its spec.
#[must_use]
pub fn of_container(spec: &ContainerSpec) -> Vec<(Demand, String)> {
    let mut found = of_mounts(spec);
    let mut add = |field: &str, demands: &mut dyn Iterator<Item = Demand>| {
        found.extend(demands.map(|demand| (demand, field.to_owned())));
    };
    let options = spec.privileges.security_opt.iter().filter_map(|text| security_option(text));
    add("security_opt", &mut options.chain(spec.privileges.system_paths.then(system_paths)));
    let devices = &spec.devices;
    add("devices", &mut devices.mapped.values().map(|d| Demand::Device(normalise(&d.host))));
    add("gpus", &mut devices.requests.iter().flat_map(device_request));
    add("logging", &mut log(&spec.logging).into_iter());
    add("ulimits", &mut spec.limits.ulimits.keys().filter_map(|name| ulimit(name)));
    found.extend(fields::demands(spec).map(|(demand, field)| (demand, field.to_owned())));
    for (network, attachment) in &spec.networks {
        let demands = attachment.driver_opts.iter().filter_map(|(k, v)| attachment_option(k, v));
        found.extend(demands.map(|demand| (demand, format!("networks.{network}"))));
    }
    found
}

fn of_mounts(spec: &ContainerSpec) -> Vec<(Demand, String)> {
    let mut found = Vec::new();
    for (target, mount) in &spec.mounts {
        let bind = match &mount.source {
            MountSource::Bind(path) => Some(Demand::Bind(normalise(path))),
            _ => None,
        };
        let spread = mount.propagation.map(Propagation::as_str).and_then(propagation);
        let demands = bind.into_iter().chain(spread);
        found.extend(demands.map(|demand| (demand, format!("volumes.{target}"))));
    }
    found
}

/// What a network demands, apart from its name.
pub fn of_network(network: &NetworkSpec) -> impl Iterator<Item = Demand> {
    let plain = fields::demands(network).map(|(demand, _)| demand);
    plain.chain(network.pools.iter().filter_map(pool))
}

/// What a volume demands, apart from its name.
#[must_use]
pub fn of_volume(volume: &VolumeSpec) -> Vec<Demand> {
    volume_driver(&volume.driver, &volume.driver_opts)
}

/// Mounts that are made in the container and appear on the host.
#[must_use]
pub fn propagation(way: &str) -> Option<Demand> {
    let harmless = matches!(way, "" | "private" | "rprivate" | "slave" | "rslave");
    (!harmless).then(|| Demand::Propagation(way.to_owned()))
}

/// What takes protection away, or replaces the engine's by the stack's. A seccomp profile
/// is granted by the hash of its text.
#[must_use]
pub fn security_option(text: &str) -> Option<Demand> {
    match text.split_once(['=', ':']) {
        None if text == "no-new-privileges" => None,
        Some(("no-new-privileges", "true")) => None,
        Some(("seccomp", profile)) if profile.starts_with('{') => {
            Some(Demand::SecurityOpt(format!("seccomp={}", Digest::of(profile))))
        }
        _ => Some(Demand::SecurityOpt(text.to_owned())),
    }
}

/// The engine hides nothing of `/proc` and `/sys`.
#[must_use]
pub fn system_paths() -> Demand {
    Demand::SecurityOpt("systempaths=unconfined".to_owned())
}

/// A log that leaves the engine's own files, with the host's address and privileges. Without
/// a driver, the options are for the one that the engine has, which may send elsewhere.
#[must_use]
pub fn log(logging: &Logging) -> Vec<Demand> {
    match logging.driver.as_deref().unwrap_or_default() {
        "" => {
            let names = logging.options.keys();
            let others = names.filter(|name| !LOG_OPTIONS.contains(&name.as_str()));
            let field = |name| Demand::Unknown(format!("HostConfig.LogConfig.Config.{name}"));
            others.map(field).collect()
        }
        "json-file" | "local" | "none" => Vec::new(),
        driver => vec![Demand::LogDriver(driver.to_owned())],
    }
}

/// A limit of processes that is raised at the cost of all others of the host.
#[must_use]
pub fn ulimit(name: &str) -> Option<Demand> {
    takes_precedence(name).then(|| Demand::Unknown(format!("HostConfig.Ulimits.{name}")))
}

/// The same of the processes of a build.
#[must_use]
pub fn build_ulimit(name: &str) -> Option<Demand> {
    takes_precedence(name).then(|| Demand::Build(format!("ulimit={name}")))
}

fn takes_precedence(name: &str) -> bool {
    PRECEDENCE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Devices that a driver chooses, or those that are named.
#[must_use]
pub fn device_request(request: &DeviceRequest) -> Vec<Demand> {
    let driver = if request.driver.is_empty() {
        request.capabilities.iter().flatten().map(String::as_str).collect::<Vec<_>>().join("+")
    } else {
        request.driver.clone()
    };
    if request.driver == "cdi" && !request.ids.is_empty() {
        return request.ids.iter().map(|id| Demand::Device(format!("cdi:{id}"))).collect();
    }
    vec![Demand::Device(format!("request:{driver}"))]
}

/// An option of an attachment that reaches beyond the container.
#[must_use]
pub fn attachment_option(name: &str, value: &str) -> Option<Demand> {
    (!ATTACHMENT_OPTIONS.contains(&name)).then(|| option(name, value))
}

/// Addresses that are not private: the host would send to the network what is for them.
#[must_use]
pub fn pool(pool: &IpamPool) -> Option<Demand> {
    let subnet = pool.subnet.as_deref().filter(|subnet| !subnet.is_empty())?;
    (!is_private(subnet)).then(|| Demand::Subnet(subnet.to_owned()))
}

fn is_private(subnet: &str) -> bool {
    let parts = subnet.split_once('/');
    let parsed = parts.and_then(|(address, length)| {
        Some((address.parse::<IpAddr>().ok()?, length.parse::<u8>().ok()?))
    });
    parsed.is_some_and(|(address, length)| {
        PRIVATE.iter().any(|(block, of)| *of <= length && agree(address, *block, *of))
    })
}

/// Whether two addresses have the first bits in common.
fn agree(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            (one.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(bits)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (one.to_bits() ^ other.to_bits()).leading_zeros() >= u32::from(bits)
        }
        _ => false,
    }
}

/// What the driver of a volume reaches of the host. The local driver is `mount(8)`, with the
/// host's address and privileges: all but memory shows something of the host, or of whom the
/// host may talk to.
#[must_use]
pub fn volume_driver(driver: &str, options: &BTreeMap<String, String>) -> Vec<Demand> {
    let all = options.iter().map(|(name, value)| option(name, value));
    if !matches!(driver, "" | "local") {
        return all.chain([option("driver", driver)]).collect();
    }
    let get = |name: &str| options.get(name).map_or("", String::as_str);
    let binds = get("o").split(',').any(|word| matches!(word.trim(), "bind" | "rbind"));
    let strange =
        options.keys().any(|name| !matches!(name.as_str(), "type" | "o" | "device" | "size"));
    let mounts = !(get("type").is_empty() && get("o").is_empty() && get("device").is_empty());
    if !strange && (!mounts || (get("type") == "tmpfs" && !binds)) {
        return Vec::new();
    }
    all.collect()
}
