//! The engine's answers, as far as we read them: bollard's models hold every field there
//! is, and decoding those was most of what a look cost.
//!
//! To read one more member that is no plain field, add its line, with the name and the type that
//! bollard has for it. Everything may be absent or null; a word that an enum does not know is an error.

mod borrowed;
mod members;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::models::{
    ContainerStateStatusEnum, DeviceMapping, DeviceRequest, EndpointIpamConfig, HealthConfig,
    HealthStatusEnum, IpamConfig, Mount, PortBinding, ResourcesUlimits, RestartPolicy,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

pub(in crate::docker) use self::borrowed::{Pairs, Word};
use self::members::members;
use crate::docker::plain::Member;
use model::field::Part;
use model::observed::HostPort;
use model::spec::{ContainerSpec, NetworkSpec, Protocol, VolumeSpec};

type Texts = BTreeMap<String, String>;
/// The host's ports by the container's.
pub(in crate::docker) type PortMap = BTreeMap<String, Option<Vec<PortBinding>>>;

/// A container of `GET /containers/json`. Of most of them little is needed, so nothing is
/// copied.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct ContainerSummary<'a> {
    #[serde(borrow)]
    pub(in crate::docker) id: Word<'a>,
    #[serde(borrow)]
    pub(in crate::docker) names: Option<Vec<Word<'a>>>,
    #[serde(borrow)]
    pub(in crate::docker) state: Option<Word<'a>>,
    #[serde(borrow)]
    pub(in crate::docker) labels: Option<Pairs<Word<'a>, Word<'a>>>,
    #[serde(borrow)]
    pub(in crate::docker) ports: Option<Vec<PortSummary<'a>>>,
}

/// A port of a container that runs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct PortSummary<'a> {
    /// Absent if it is not published.
    #[serde(borrow, rename = "IP")]
    pub(in crate::docker) ip: Option<Word<'a>>,
    pub(in crate::docker) public_port: Option<u16>,
    #[serde(borrow, rename = "Type")]
    pub(in crate::docker) protocol: Option<Word<'a>>,
}

impl PortSummary<'_> {
    /// The port of the host; `None` if it is not published.
    fn of_host(&self) -> Option<HostPort> {
        let number = self.public_port.filter(|number| *number != 0)?;
        let all = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let address = match &self.ip {
            Some(text) if !text.0.is_empty() => text.0.parse().ok()?,
            _ => all,
        };
        let protocol = match self.protocol.as_ref().map(|word| &*word.0) {
            Some("udp") => Protocol::Udp,
            Some("sctp") => Protocol::Sctp,
            _ => Protocol::Tcp,
        };
        Some(HostPort { address, protocol, number })
    }
}

impl ContainerSummary<'_> {
    /// The ports of the host that it holds: none unless it runs, and none on the host's network.
    pub(in crate::docker) fn host_ports(&self) -> Vec<HostPort> {
        self.ports.iter().flatten().filter_map(PortSummary::of_host).collect()
    }

    /// A container's own name: those that links gave it have a second slash.
    pub(in crate::docker) fn name(&self) -> Option<&str> {
        let names = self.names.iter().flatten();
        names.map(|name| name.0.trim_start_matches('/')).find(|name| !name.contains('/'))
    }

    pub(in crate::docker) fn label(&self, name: &str) -> Option<&str> {
        let labels = self.labels.as_ref()?;
        labels.0.iter().find(|(label, _)| label.0 == name).map(|(_, text)| &*text.0)
    }
}

/// `GET /containers/{id}/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct ContainerInspect<'a> {
    pub(in crate::docker) id: Option<String>,
    pub(in crate::docker) name: Option<String>,
    #[serde(borrow)]
    pub(in crate::docker) created: Option<Word<'a>>,
    #[serde(borrow)]
    pub(in crate::docker) image: Option<Word<'a>>,
    pub(in crate::docker) restart_count: Option<i64>,
    #[serde(borrow)]
    pub(in crate::docker) state: Option<ContainerState<'a>>,
    #[serde(borrow)]
    pub(in crate::docker) config: Option<ContainerConfig<'a>>,
    pub(in crate::docker) host_config: Option<HostConfig>,
    #[serde(borrow)]
    pub(in crate::docker) network_settings: Option<NetworkSettings<'a>>,
    pub(in crate::docker) mounts: Option<Vec<MountPoint>>,
}

/// Its member `State`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct ContainerState<'a> {
    pub(in crate::docker) status: Option<ContainerStateStatusEnum>,
    pub(in crate::docker) exit_code: Option<i64>,
    #[serde(borrow)]
    pub(in crate::docker) error: Option<Word<'a>>,
    #[serde(borrow)]
    pub(in crate::docker) started_at: Option<Word<'a>>,
    #[serde(borrow)]
    pub(in crate::docker) finished_at: Option<Word<'a>>,
    pub(in crate::docker) health: Option<HealthState>,
}

/// The member `Health` of it, without the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct HealthState {
    pub(in crate::docker) status: Option<HealthStatusEnum>,
    pub(in crate::docker) failing_streak: Option<i64>,
}

/// The member `Config` of containers and of images.
#[derive(Debug, Default)]
pub(in crate::docker) struct ContainerConfig<'a> {
    /// The plain fields that are set.
    pub(in crate::docker) plain: Vec<Member<ContainerSpec>>,
    pub(in crate::docker) mac_address: Option<String>,
    pub(in crate::docker) exposed_ports: Option<Names>,
    pub(in crate::docker) env: Option<Vec<Word<'a>>>,
    pub(in crate::docker) cmd: Option<Vec<String>>,
    pub(in crate::docker) healthcheck: Option<HealthConfig>,
    pub(in crate::docker) image: Option<Word<'a>>,
    pub(in crate::docker) volumes: Option<Names>,
    pub(in crate::docker) entrypoint: Option<Vec<String>>,
    pub(in crate::docker) labels: Option<Pairs<String, String>>,
}

members! { Part::Config, ContainerConfig<'a>, <'a> {
    mac_address = "MacAddress",
    exposed_ports = "ExposedPorts",
    env = "Env",
    cmd = "Cmd",
    healthcheck = "Healthcheck",
    image = "Image",
    volumes = "Volumes",
    entrypoint = "Entrypoint",
    labels = "Labels",
} }

/// The member `HostConfig` of containers.
#[derive(Debug, Default)]
pub(in crate::docker) struct HostConfig {
    /// The plain fields that are set.
    pub(in crate::docker) plain: Vec<Member<ContainerSpec>>,
    pub(in crate::docker) binds: Option<Vec<String>>,
    pub(in crate::docker) device_requests: Option<Vec<DeviceRequest>>,
    pub(in crate::docker) devices: Option<Vec<DeviceMapping>>,
    pub(in crate::docker) ipc_mode: Option<String>,
    pub(in crate::docker) links: Option<Vec<String>>,
    pub(in crate::docker) log_config: Option<LogConfig>,
    pub(in crate::docker) masked_paths: Option<Vec<IgnoredAny>>,
    pub(in crate::docker) mounts: Option<Vec<Mount>>,
    pub(in crate::docker) network_mode: Option<String>,
    pub(in crate::docker) pid_mode: Option<String>,
    pub(in crate::docker) port_bindings: Option<PortMap>,
    pub(in crate::docker) restart_policy: Option<RestartPolicy>,
    pub(in crate::docker) security_opt: Option<Vec<String>>,
    pub(in crate::docker) tmpfs: Option<Texts>,
    pub(in crate::docker) ulimits: Option<Vec<ResourcesUlimits>>,
    pub(in crate::docker) volumes_from: Option<Vec<String>>,
}

members! { Part::HostConfig, HostConfig, <'a> {
    binds = "Binds",
    device_requests = "DeviceRequests",
    devices = "Devices",
    ipc_mode = "IpcMode",
    links = "Links",
    log_config = "LogConfig",
    masked_paths = "MaskedPaths",
    mounts = "Mounts",
    network_mode = "NetworkMode",
    pid_mode = "PidMode",
    port_bindings = "PortBindings",
    restart_policy = "RestartPolicy",
    security_opt = "SecurityOpt",
    tmpfs = "Tmpfs",
    ulimits = "Ulimits",
    volumes_from = "VolumesFrom",
} }

/// Its member `LogConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct LogConfig {
    #[serde(rename = "Type")]
    pub(in crate::docker) typ: Option<String>,
    pub(in crate::docker) config: Option<Texts>,
}

/// A member of `Mounts`, which lists all mounts, also those that no request named.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct MountPoint {
    #[serde(rename = "Type")]
    pub(in crate::docker) typ: Option<String>,
    pub(in crate::docker) name: Option<String>,
    pub(in crate::docker) source: Option<String>,
    pub(in crate::docker) destination: Option<String>,
    pub(in crate::docker) propagation: Option<String>,
    #[serde(rename = "RW")]
    pub(in crate::docker) rw: Option<bool>,
}

/// The member `NetworkSettings` of containers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct NetworkSettings<'a> {
    pub(in crate::docker) ports: Option<PortMap>,
    #[serde(borrow)]
    pub(in crate::docker) networks: Option<Pairs<Word<'a>, EndpointSettings<'a>>>,
}

/// One of its networks.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct EndpointSettings<'a> {
    #[serde(rename = "IPAMConfig")]
    pub(in crate::docker) ipam_config: Option<EndpointIpamConfig>,
    pub(in crate::docker) links: Option<Vec<String>>,
    #[serde(borrow)]
    pub(in crate::docker) aliases: Option<Vec<Word<'a>>>,
    #[serde(borrow)]
    pub(in crate::docker) mac_address: Option<Word<'a>>,
    pub(in crate::docker) driver_opts: Option<Texts>,
    pub(in crate::docker) gw_priority: Option<i64>,
    #[serde(borrow, rename = "NetworkID")]
    pub(in crate::docker) network_id: Option<Word<'a>>,
    #[serde(borrow, rename = "IPAddress")]
    pub(in crate::docker) ip_address: Option<Word<'a>>,
    #[serde(borrow, rename = "GlobalIPv6Address")]
    pub(in crate::docker) global_ipv6_address: Option<Word<'a>>,
}

/// `GET /images/{name}/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct ImageInspect<'a> {
    pub(in crate::docker) id: Option<String>,
    pub(in crate::docker) os: Option<String>,
    pub(in crate::docker) architecture: Option<String>,
    pub(in crate::docker) variant: Option<String>,
    #[serde(borrow)]
    pub(in crate::docker) config: Option<ContainerConfig<'a>>,
    #[serde(rename = "RootFS")]
    pub(in crate::docker) root_fs: RootFs,
    pub(in crate::docker) repo_digests: Option<Vec<String>>,
}

/// Its member `RootFS`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct RootFs {
    pub(in crate::docker) layers: Option<Vec<String>>,
}

/// A network of `GET /networks`.
#[derive(Debug, Default)]
pub(in crate::docker) struct Network {
    /// The plain fields that are set.
    pub(in crate::docker) plain: Vec<Member<NetworkSpec>>,
    pub(in crate::docker) id: Option<String>,
    pub(in crate::docker) name: Option<String>,
    pub(in crate::docker) created: Option<String>,
    pub(in crate::docker) ipam: Option<Ipam>,
}

members! { Part::Network, Network, <'a> {
    id = "Id",
    name = "Name",
    created = "Created",
    ipam = "IPAM",
} }

/// Its member `IPAM`.
#[derive(Debug, Default)]
pub(in crate::docker) struct Ipam {
    /// The plain fields that are set.
    pub(in crate::docker) plain: Vec<Member<NetworkSpec>>,
    pub(in crate::docker) config: Option<Vec<IpamConfig>>,
}

members! { Part::Ipam, Ipam, <'a> { config = "Config", } }

/// `GET /volumes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct Volumes {
    pub(in crate::docker) volumes: Option<Vec<Volume>>,
}

/// One of them.
#[derive(Debug, Default)]
pub(in crate::docker) struct Volume {
    /// The plain fields that are set.
    pub(in crate::docker) plain: Vec<Member<VolumeSpec>>,
    pub(in crate::docker) name: Option<String>,
    pub(in crate::docker) created_at: Option<String>,
}

members! { Part::Volume, Volume, <'a> {
    name = "Name",
    created_at = "CreatedAt",
} }

/// `GET /info`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::docker) struct Info {
    #[serde(rename = "ID")]
    pub(in crate::docker) id: Option<String>,
    #[serde(rename = "OSType")]
    pub(in crate::docker) os_type: Option<String>,
    pub(in crate::docker) cgroup_version: Option<String>,
    pub(in crate::docker) live_restore_enabled: Option<bool>,
    pub(in crate::docker) cpu_cfs_period: Option<bool>,
    pub(in crate::docker) cpu_cfs_quota: Option<bool>,
    #[serde(rename = "CPUSet")]
    pub(in crate::docker) cpu_set: Option<bool>,
    #[serde(rename = "CPUShares")]
    pub(in crate::docker) cpu_shares: Option<bool>,
    pub(in crate::docker) memory_limit: Option<bool>,
    pub(in crate::docker) oom_kill_disable: Option<bool>,
    pub(in crate::docker) pids_limit: Option<bool>,
    pub(in crate::docker) swap_limit: Option<bool>,
}

/// The names in an object whose values say nothing: `{"80/tcp": {}}`.
#[derive(Debug, Default)]
pub(in crate::docker) struct Names(pub(in crate::docker) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let object = BTreeMap::<String, IgnoredAny>::deserialize(from)?;
        Ok(Self(object.into_keys().collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn only_what_is_escaped_is_copied() {
        let text = r#"{"Id": "a", "Names": ["/b/c", "/b"], "Labels": {"x": "1", "q": "\"2\""}}"#;
        let seen: ContainerSummary<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(
            (seen.name(), seen.label("x"), seen.label("q")),
            (Some("b"), Some("1"), Some("\"2\""))
        );
        assert!(matches!(seen.id.0, Cow::Borrowed("a")));
        let labels = seen.labels.unwrap().0;
        assert!(matches!(labels[..], [(_, Word(Cow::Borrowed("1"))), (_, Word(Cow::Owned(_)))]));
    }

    #[test]
    fn absent_and_null_are_nothing_and_an_unknown_word_is_an_error() {
        let read = |text: &'static str| serde_json::from_str::<ContainerInspect<'_>>(text);
        let seen =
            read(r#"{"Id": "a", "Mounts": null, "Config": {"Volumes": null}, "More": [{}]}"#);
        let seen = seen.unwrap();
        assert!(seen.mounts.is_none() && seen.config.unwrap().volumes.is_none());
        assert!(read(r#"{"State": {"Status": "dreaming"}}"#).is_err());
    }
}
