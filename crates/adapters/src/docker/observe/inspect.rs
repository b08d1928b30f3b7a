//! What the engine says, as our nouns: names without slashes, lists as maps, and the
//! engine's own inventions (host names, aliases, "never") taken out again.

mod abilities;
mod host;
mod mounts;
mod shares;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use bollard::models::{ContainerStateStatusEnum, HealthConfig, HealthStatusEnum, IpamConfig};

use crate::docker::names::INTERFACE;
use crate::docker::plain::Member;
use crate::docker::wire::answer::{
    ContainerInspect, ContainerState as ApiState, EndpointSettings, ImageInspect, Network,
    NetworkSettings, Pairs, PortMap, Volume, Word,
};
use model::fields::Fields;
use model::id::{ContainerId, ContainerName, NetworkId, NetworkName};
use model::observed::{
    ContainerState, ContainerView, Health, ImageView, NetworkView, StartFailure, Status, VolumeView,
};
use model::spec::{
    Attachment, ContainerSpec, Healthcheck, IpamPool, NetworkSpec, Platform, Port, Protocol,
    PublishedPort, VolumeSpec,
};
use model::time::Timestamp;

pub(in crate::docker) use self::abilities::abilities;

/// A field without which an answer means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its answer lacks `{0}`")]
pub(in crate::docker) struct Lacking(&'static str);

/// A container from `GET /containers/{id}/json`.
pub(in crate::docker) fn container(seen: ContainerInspect<'_>) -> Result<ContainerView, Lacking> {
    let id = ContainerId::new(seen.id.ok_or(Lacking("Id"))?);
    let name = seen.name.ok_or(Lacking("Name"))?;
    let name = ContainerName::new(name.trim_start_matches('/'));
    let mut config = seen.config.ok_or(Lacking("Config"))?;
    let mut host = seen.host_config.ok_or(Lacking("HostConfig"))?;
    let settings = seen.network_settings.unwrap_or_default();
    let points = seen.mounts.unwrap_or_default();

    let mut spec = ContainerSpec::of_image((*config.image.unwrap_or_default().0).into());
    spec.entrypoint = config.entrypoint;
    spec.command = config.cmd;
    spec.env = environment(config.env.as_ref());
    let names = config.env.iter().flatten().map(|line| line.0.as_ref());
    spec.unset_env = names.filter(|name| !name.contains('=')).map(str::to_owned).collect();
    spec.labels = config.labels.map(Pairs::into_map).unwrap_or_default();
    set(&mut spec, config.plain.drain(..).chain(host.plain.drain(..)));
    let hostname = spec.hostname.clone().unwrap_or_default();
    let invented = [id.short(), name.as_str(), hostname.as_str()];
    spec.networks = settings
        .networks
        .iter()
        .flat_map(|networks| &networks.0)
        .filter(|(network, _)| !matches!(&*network.0, "none" | "host"))
        .map(|(network, point)| ((*network.0).into(), Box::new(attachment(point, &invented))))
        .collect();
    // Before API 1.44 the address was the container's, for its first network.
    let first = host.network_mode.as_deref().map(NetworkName::new);
    if let (Some(mac), Some(first)) = (non_empty(config.mac_address), first)
        && let Some(attachment) = spec.networks.get_mut(&first)
    {
        attachment.mac = Some(mac.to_ascii_lowercase());
    }
    // With another's network the name is the other's, otherwise the engine's invention.
    let own = shares::has_own_network(&host);
    spec.hostname = spec.hostname.filter(|name| name != id.short() && own);
    spec.healthcheck = config.healthcheck.map(healthcheck);
    spec.exposed =
        config.exposed_ports.unwrap_or_default().0.iter().flat_map(|p| ports(p)).collect();
    spec.mounts = mounts::read(&points, &host);
    spec.tmpfs = mounts::tmpfs(&host);
    shares::read(&mut spec, &host);
    shares::keep_own_mounts(&mut spec, &config.volumes.unwrap_or_default().0, &host);
    host::read(&mut spec, host);

    Ok(ContainerView {
        image_id: (*seen.image.ok_or(Lacking("Image"))?.0).into(),
        state: state(seen.state.ok_or(Lacking("State"))?, seen.restart_count.unwrap_or_default())?,
        created_at: seen.created.and_then(|at| instant(&at.0)).ok_or(Lacking("Created"))?,
        network_ids: network_ids(&settings),
        addresses: addresses(&settings),
        host_ports: host_ports(settings.ports.unwrap_or_default()),
        files: BTreeMap::new(),
        volumes: mounts::volumes(shares::own_volumes(&spec, &points)),
        id,
        name,
        spec,
    })
}

/// The engine keeps the id of a network that is gone; of one that a container was made on
/// and that it has not looked for yet, it says none.
fn network_ids(settings: &NetworkSettings<'_>) -> BTreeMap<NetworkName, NetworkId> {
    let all = settings.networks.iter().flat_map(|networks| &networks.0);
    let known = all.filter_map(|(name, point)| {
        let id = point.network_id.as_ref().filter(|id| !id.0.is_empty())?;
        Some(((*name.0).into(), NetworkId::new(&*id.0)))
    });
    known.collect()
}

fn state(seen: ApiState<'_>, restarts: i64) -> Result<ContainerState, Lacking> {
    use ContainerStateStatusEnum as Word;
    let status = match seen.status {
        Some(Word::CREATED) => Status::Created,
        Some(Word::RUNNING | Word::STOPPING) => Status::Running,
        Some(Word::PAUSED) => Status::Paused,
        Some(Word::RESTARTING) => Status::Restarting,
        Some(Word::REMOVING) => Status::Removing,
        Some(Word::EXITED) => Status::Exited,
        Some(Word::DEAD) => Status::Dead,
        Some(Word::EMPTY) | None => return Err(Lacking("State.Status")),
    };
    let check = seen.health.unwrap_or_default();
    let health = check.status.and_then(|word| match word {
        HealthStatusEnum::STARTING => Some(Health::Starting),
        HealthStatusEnum::HEALTHY => Some(Health::Healthy),
        HealthStatusEnum::UNHEALTHY => Some(Health::Unhealthy),
        HealthStatusEnum::NONE | HealthStatusEnum::EMPTY => None,
    });
    Ok(ContainerState {
        status,
        exit_code: seen.exit_code.unwrap_or_default(),
        health,
        failures: check.failing_streak.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        started_at: seen.started_at.and_then(|at| instant(&at.0)),
        finished_at: seen.finished_at.and_then(|at| instant(&at.0)),
        restarts: u32::try_from(restarts).unwrap_or_default(),
        start_failure: seen.error.and_then(|error| start_failure(&error.0)),
    })
}

/// What the engine's words about the last start mean. They are not kept: they may quote the
/// command or a variable.
fn start_failure(error: &str) -> Option<StartFailure> {
    match error {
        "" => None,
        // containerd's, of leftovers of a killed engine: "task … already exists",
        // "container with given ID already exists".
        error if error.contains("already exists") && !error.contains("endpoint") => {
            Some(StartFailure::Stuck)
        }
        _ => Some(StartFailure::Other),
    }
}

/// An instant as the engine writes it; `None` for its "never", the year 1.
pub(in crate::docker) fn instant(text: &str) -> Option<Timestamp> {
    let (local, east) = match text.strip_suffix('Z') {
        Some(_) => (Cow::Borrowed(text), 0),
        None => local_time(text)?,
    };
    let time = humantime::parse_rfc3339(&local).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    u64::try_from(i128::try_from(since.as_nanos()).ok()? - east).ok().map(Timestamp)
}

/// `…+01:30` as a time of Greenwich, and the nanoseconds that it is ahead of it.
fn local_time(text: &str) -> Option<(Cow<'_, str>, i128)> {
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let minutes: i128 = 60 * hours.parse::<i128>().ok()? + minutes.parse::<i128>().ok()?;
    let sign = match offset.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    Some((format!("{local}Z").into(), sign * minutes * 60 * 1_000_000_000))
}

/// The image's defaults, from `GET /images/{name}/json`.
pub(in crate::docker) fn image(seen: ImageInspect<'_>) -> Result<ImageView, Lacking> {
    let mut config = seen.config.unwrap_or_default();
    let mut spec = ContainerSpec::default();
    set(&mut spec, config.plain.drain(..));
    Ok(ImageView {
        id: seen.id.ok_or(Lacking("Id"))?.as_str().into(),
        env: environment(config.env.as_ref()),
        command: config.cmd,
        entrypoint: config.entrypoint,
        user: spec.user,
        working_dir: spec.working_dir,
        labels: config.labels.map(Pairs::into_map).unwrap_or_default(),
        healthcheck: config.healthcheck.map(healthcheck),
        exposed: sorted(config.exposed_ports.unwrap_or_default().0.iter().flat_map(|p| ports(p))),
        volumes: config.volumes.unwrap_or_default().0,
        stop_signal: spec.stop_signal,
        platform: platform(seen.os, seen.architecture, seen.variant),
        layers: seen.root_fs.layers.unwrap_or_default(),
        repo_digests: seen.repo_digests.unwrap_or_default(),
    })
}

fn platform(
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
) -> Option<Platform> {
    let mut text = format!("{}/{}", non_empty(os)?, non_empty(architecture)?);
    if let Some(variant) = non_empty(variant) {
        text = format!("{text}/{variant}");
    }
    Platform::parse(&text)
}

/// A network from `GET /networks`.
pub(in crate::docker) fn network(seen: Network) -> Result<NetworkView, Lacking> {
    let ipam = seen.ipam.unwrap_or_default();
    let mut spec = NetworkSpec::bridge(seen.name.ok_or(Lacking("Name"))?.as_str().into());
    set(&mut spec, seen.plain.into_iter().chain(ipam.plain));
    let pool = |pool: IpamConfig| IpamPool {
        subnet: non_empty(pool.subnet),
        ip_range: non_empty(pool.ip_range),
        gateway: non_empty(pool.gateway),
        reserved: pool.auxiliary_addresses.into_iter().flatten().collect(),
    };
    spec.pools = ipam.config.into_iter().flatten().map(pool).collect();
    Ok(NetworkView { id: seen.id.ok_or(Lacking("Id"))?.as_str().into(), spec })
}

/// A volume from `GET /volumes`.
pub(in crate::docker) fn volume(seen: Volume) -> Result<VolumeView, Lacking> {
    let mut spec = VolumeSpec::local(seen.name.ok_or(Lacking("Name"))?.as_str().into());
    set(&mut spec, seen.plain);
    Ok(VolumeView { created_at: non_empty(seen.created_at), spec })
}

/// Sets the plain fields of an answer.
fn set<S: Fields>(spec: &mut S, plain: impl IntoIterator<Item = Member<S>>) {
    for (field, value) in plain {
        field.set(spec, value);
    }
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

/// A text that says something.
fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn environment(lines: Option<&Vec<Word<'_>>>) -> BTreeMap<String, String> {
    let pairs = lines.into_iter().flatten().filter_map(|line| line.0.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn healthcheck(seen: HealthConfig) -> Healthcheck {
    let span = |nanos: Option<i64>| {
        nanos.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0).map(Duration::from_nanos)
    };
    Healthcheck {
        test: seen.test.unwrap_or_default(),
        interval: span(seen.interval),
        timeout: span(seen.timeout),
        retries: seen.retries.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0),
        start_period: span(seen.start_period),
        start_interval: span(seen.start_interval),
    }
}

/// A port as the engine writes it: `80/tcp`, or `80` for TCP.
fn port(text: &str) -> Option<Port> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => return None,
    };
    Some(Port { number: number.parse().ok()?, protocol })
}

/// The ports of a range, which Compose leaves to the engine as it is written: `80-82/tcp`.
fn ports(text: &str) -> Vec<Port> {
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| port(&format!("{text}/{protocol}"));
    let (Some(first), Some(last)) = (number(first), number(last)) else { return Vec::new() };
    (first.number..=last.number).map(|number| Port { number, ..first }).collect()
}

fn published(bindings: PortMap) -> BTreeSet<PublishedPort> {
    let mut ports = BTreeSet::new();
    for (container, hosts) in bindings {
        let Some(container) = port(&container) else { continue };
        for host in hosts.unwrap_or_default() {
            ports.insert(PublishedPort {
                container,
                host_ip: non_empty(host.host_ip),
                host_port: non_empty(host.host_port).filter(|port| port != "0"),
            });
        }
    }
    ports
}

fn host_ports(bindings: PortMap) -> BTreeMap<Port, u16> {
    let bindings = bindings.into_iter().filter_map(|(container, hosts)| {
        let host = hosts?.into_iter().find_map(|host| host.host_port?.parse().ok())?;
        Some((port(&container)?, host))
    });
    bindings.collect()
}

/// Which aliases the engine adds by itself depends on its version and on whether the
/// container runs: its short id, its name, its host name.
fn attachment(seen: &EndpointSettings<'_>, invented: &[&str]) -> Attachment {
    let ipam = seen.ipam_config.clone().unwrap_or_default();
    let aliases = seen.aliases.iter().flatten().map(|alias| &*alias.0);
    let mut driver_opts = seen.driver_opts.clone().unwrap_or_default();
    Attachment {
        aliases: aliases.filter(|alias| !invented.contains(alias)).map(str::to_owned).collect(),
        links: seen.links.iter().flatten().cloned().collect(),
        replica_links: BTreeSet::new(),
        ipv4: non_empty(ipam.ipv4_address),
        ipv6: non_empty(ipam.ipv6_address),
        link_local: ipam.link_local_ips.into_iter().flatten().collect(),
        mac: seen
            .mac_address
            .as_ref()
            .map(|mac| mac.0.to_ascii_lowercase())
            .filter(|mac| !mac.is_empty()),
        interface: driver_opts.remove(INTERFACE),
        driver_opts,
        gateway_priority: seen.gw_priority.unwrap_or_default(),
        priority: 0,
        place: 0,
    }
}

fn addresses(settings: &NetworkSettings<'_>) -> BTreeMap<NetworkName, IpAddr> {
    let address = |point: &EndpointSettings<'_>| {
        [&point.ip_address, &point.global_ipv6_address]
            .into_iter()
            .flatten()
            .find_map(|text| text.0.parse().ok())
    };
    let networks = settings.networks.iter().flat_map(|networks| &networks.0);
    networks.filter_map(|(name, point)| Some(((*name.0).into(), address(point)?))).collect()
}

#[cfg(test)]
mod tests;
