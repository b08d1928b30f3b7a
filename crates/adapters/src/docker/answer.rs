//! The engine's answers, as far as we read them: bollard's models hold every field there
//! is, and decoding those was most of what a look cost.
//!
//! To read one more field, add its line, with the name and the type that bollard has for
//! it. Everything may be absent or null; a word that an enum does not know is an error.

mod borrowed;

use std::collections::BTreeMap;

use bollard::models::{
    ContainerStateStatusEnum, DeviceMapping, DeviceRequest, EndpointIpamConfig, HealthConfig,
    HealthStatusEnum, IpamConfig, Mount, PortBinding, ResourcesBlkioWeightDevice, ResourcesUlimits,
    RestartPolicy, ThrottleDevice,
};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

pub(super) use self::borrowed::{Pairs, Word};

type Texts = BTreeMap<String, String>;
/// The host's ports by the container's.
pub(super) type PortMap = BTreeMap<String, Option<Vec<PortBinding>>>;

/// A container of `GET /containers/json`. Of most of them little is needed, so nothing is
/// copied.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ContainerSummary<'a> {
    #[serde(borrow)]
    pub(super) id: Word<'a>,
    #[serde(borrow)]
    pub(super) names: Option<Vec<Word<'a>>>,
    #[serde(borrow)]
    pub(super) state: Option<Word<'a>>,
    #[serde(borrow)]
    pub(super) labels: Option<Pairs<Word<'a>, Word<'a>>>,
}

impl ContainerSummary<'_> {
    /// A container's own name: those that links gave it have a second slash.
    pub(super) fn name(&self) -> Option<&str> {
        let names = self.names.iter().flatten();
        names.map(|name| name.0.trim_start_matches('/')).find(|name| !name.contains('/'))
    }

    pub(super) fn label(&self, name: &str) -> Option<&str> {
        let labels = self.labels.as_ref()?;
        labels.0.iter().find(|(label, _)| label.0 == name).map(|(_, text)| &*text.0)
    }
}

/// `GET /containers/{id}/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ContainerInspect<'a> {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) created: Option<Word<'a>>,
    #[serde(borrow)]
    pub(super) image: Option<Word<'a>>,
    pub(super) restart_count: Option<i64>,
    #[serde(borrow)]
    pub(super) state: Option<ContainerState<'a>>,
    #[serde(borrow)]
    pub(super) config: Option<ContainerConfig<'a>>,
    pub(super) host_config: Option<HostConfig>,
    #[serde(borrow)]
    pub(super) network_settings: Option<NetworkSettings<'a>>,
    pub(super) mounts: Option<Vec<MountPoint>>,
}

/// Its member `State`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ContainerState<'a> {
    pub(super) status: Option<ContainerStateStatusEnum>,
    pub(super) exit_code: Option<i64>,
    #[serde(borrow)]
    pub(super) error: Option<Word<'a>>,
    #[serde(borrow)]
    pub(super) started_at: Option<Word<'a>>,
    #[serde(borrow)]
    pub(super) finished_at: Option<Word<'a>>,
    pub(super) health: Option<HealthState>,
}

/// The member `Health` of it, without the log.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct HealthState {
    pub(super) status: Option<HealthStatusEnum>,
    pub(super) failing_streak: Option<i64>,
}

/// The member `Config` of containers and of images.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ContainerConfig<'a> {
    pub(super) hostname: Option<String>,
    pub(super) domainname: Option<String>,
    pub(super) mac_address: Option<String>,
    pub(super) user: Option<String>,
    #[serde(deserialize_with = "names")]
    pub(super) exposed_ports: Option<Vec<String>>,
    pub(super) tty: Option<bool>,
    pub(super) open_stdin: Option<bool>,
    #[serde(borrow)]
    pub(super) env: Option<Vec<Word<'a>>>,
    pub(super) cmd: Option<Vec<String>>,
    pub(super) healthcheck: Option<HealthConfig>,
    #[serde(borrow)]
    pub(super) image: Option<Word<'a>>,
    #[serde(deserialize_with = "names")]
    pub(super) volumes: Option<Vec<String>>,
    pub(super) working_dir: Option<String>,
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) labels: Option<Pairs<String, String>>,
    pub(super) stop_signal: Option<String>,
    pub(super) stop_timeout: Option<i64>,
}

/// The member `HostConfig` of containers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct HostConfig {
    pub(super) annotations: Option<Texts>,
    pub(super) binds: Option<Vec<String>>,
    pub(super) blkio_device_read_bps: Option<Vec<ThrottleDevice>>,
    #[serde(rename = "BlkioDeviceReadIOps")]
    pub(super) blkio_device_read_iops: Option<Vec<ThrottleDevice>>,
    pub(super) blkio_device_write_bps: Option<Vec<ThrottleDevice>>,
    #[serde(rename = "BlkioDeviceWriteIOps")]
    pub(super) blkio_device_write_iops: Option<Vec<ThrottleDevice>>,
    pub(super) blkio_weight: Option<u16>,
    pub(super) blkio_weight_device: Option<Vec<ResourcesBlkioWeightDevice>>,
    pub(super) cap_add: Option<Vec<String>>,
    pub(super) cap_drop: Option<Vec<String>>,
    pub(super) cgroup_parent: Option<String>,
    pub(super) cgroupns_mode: Option<String>,
    pub(super) cpu_count: Option<i64>,
    pub(super) cpu_percent: Option<i64>,
    pub(super) cpu_period: Option<i64>,
    pub(super) cpu_quota: Option<i64>,
    pub(super) cpu_realtime_period: Option<i64>,
    pub(super) cpu_realtime_runtime: Option<i64>,
    pub(super) cpu_shares: Option<i64>,
    pub(super) cpuset_cpus: Option<String>,
    pub(super) device_cgroup_rules: Option<Vec<String>>,
    pub(super) device_requests: Option<Vec<DeviceRequest>>,
    pub(super) devices: Option<Vec<DeviceMapping>>,
    pub(super) dns: Option<Vec<String>>,
    pub(super) dns_options: Option<Vec<String>>,
    pub(super) dns_search: Option<Vec<String>>,
    pub(super) extra_hosts: Option<Vec<String>>,
    pub(super) group_add: Option<Vec<String>>,
    pub(super) init: Option<bool>,
    pub(super) ipc_mode: Option<String>,
    pub(super) isolation: Option<String>,
    pub(super) links: Option<Vec<String>>,
    pub(super) log_config: Option<LogConfig>,
    pub(super) masked_paths: Option<Vec<IgnoredAny>>,
    pub(super) memory: Option<i64>,
    pub(super) memory_reservation: Option<i64>,
    pub(super) memory_swap: Option<i64>,
    pub(super) memory_swappiness: Option<i64>,
    pub(super) mounts: Option<Vec<Mount>>,
    pub(super) nano_cpus: Option<i64>,
    pub(super) network_mode: Option<String>,
    pub(super) oom_kill_disable: Option<bool>,
    pub(super) oom_score_adj: Option<i64>,
    pub(super) pid_mode: Option<String>,
    pub(super) pids_limit: Option<i64>,
    pub(super) port_bindings: Option<PortMap>,
    pub(super) privileged: Option<bool>,
    pub(super) readonly_rootfs: Option<bool>,
    pub(super) restart_policy: Option<RestartPolicy>,
    pub(super) runtime: Option<String>,
    pub(super) security_opt: Option<Vec<String>>,
    pub(super) shm_size: Option<i64>,
    pub(super) storage_opt: Option<Texts>,
    pub(super) sysctls: Option<Texts>,
    pub(super) tmpfs: Option<Texts>,
    pub(super) ulimits: Option<Vec<ResourcesUlimits>>,
    pub(super) userns_mode: Option<String>,
    pub(super) volumes_from: Option<Vec<String>>,
    #[serde(rename = "UTSMode")]
    pub(super) uts_mode: Option<String>,
}

/// Its member `LogConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct LogConfig {
    #[serde(rename = "Type")]
    pub(super) typ: Option<String>,
    pub(super) config: Option<Texts>,
}

/// A member of `Mounts`, which lists what is mounted, whoever asked for it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct MountPoint {
    #[serde(rename = "Type")]
    pub(super) typ: Option<String>,
    pub(super) name: Option<String>,
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) propagation: Option<String>,
    #[serde(rename = "RW")]
    pub(super) rw: Option<bool>,
}

/// The member `NetworkSettings` of containers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct NetworkSettings<'a> {
    pub(super) ports: Option<PortMap>,
    #[serde(borrow)]
    pub(super) networks: Option<Pairs<Word<'a>, EndpointSettings<'a>>>,
}

/// One of its networks.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct EndpointSettings<'a> {
    #[serde(rename = "IPAMConfig")]
    pub(super) ipam_config: Option<EndpointIpamConfig>,
    pub(super) links: Option<Vec<String>>,
    #[serde(borrow)]
    pub(super) aliases: Option<Vec<Word<'a>>>,
    #[serde(borrow)]
    pub(super) mac_address: Option<Word<'a>>,
    pub(super) driver_opts: Option<Texts>,
    pub(super) gw_priority: Option<i64>,
    #[serde(borrow, rename = "NetworkID")]
    pub(super) network_id: Option<Word<'a>>,
    #[serde(borrow, rename = "IPAddress")]
    pub(super) ip_address: Option<Word<'a>>,
    #[serde(borrow, rename = "GlobalIPv6Address")]
    pub(super) global_ipv6_address: Option<Word<'a>>,
}

/// `GET /images/{name}/json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct ImageInspect<'a> {
    pub(super) id: Option<String>,
    pub(super) os: Option<String>,
    pub(super) architecture: Option<String>,
    pub(super) variant: Option<String>,
    #[serde(borrow)]
    pub(super) config: Option<ContainerConfig<'a>>,
    #[serde(rename = "RootFS")]
    pub(super) root_fs: RootFs,
}

/// Its member `RootFS`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct RootFs {
    pub(super) layers: Option<Vec<String>>,
}

/// A network of `GET /networks`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Network {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) created: Option<String>,
    pub(super) driver: Option<String>,
    pub(super) options: Option<Texts>,
    pub(super) internal: Option<bool>,
    pub(super) attachable: Option<bool>,
    #[serde(rename = "EnableIPv4")]
    pub(super) enable_ipv4: Option<bool>,
    #[serde(rename = "EnableIPv6")]
    pub(super) enable_ipv6: Option<bool>,
    #[serde(rename = "IPAM")]
    pub(super) ipam: Option<Ipam>,
    pub(super) labels: Option<Texts>,
}

/// Its member `IPAM`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Ipam {
    pub(super) driver: Option<String>,
    pub(super) options: Option<Texts>,
    pub(super) config: Option<Vec<IpamConfig>>,
}

/// `GET /volumes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Volumes {
    pub(super) volumes: Option<Vec<Volume>>,
}

/// One of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Volume {
    pub(super) name: Option<String>,
    pub(super) driver: Option<String>,
    pub(super) options: Option<Texts>,
    pub(super) labels: Option<Texts>,
    pub(super) created_at: Option<String>,
}

/// `GET /info`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Info {
    #[serde(rename = "ID")]
    pub(super) id: Option<String>,
    #[serde(rename = "OSType")]
    pub(super) os_type: Option<String>,
    pub(super) cgroup_version: Option<String>,
    pub(super) live_restore_enabled: Option<bool>,
    pub(super) cpu_cfs_period: Option<bool>,
    pub(super) cpu_cfs_quota: Option<bool>,
    #[serde(rename = "CPUSet")]
    pub(super) cpu_set: Option<bool>,
    #[serde(rename = "CPUShares")]
    pub(super) cpu_shares: Option<bool>,
    pub(super) memory_limit: Option<bool>,
    pub(super) oom_kill_disable: Option<bool>,
    pub(super) pids_limit: Option<bool>,
    pub(super) swap_limit: Option<bool>,
}

/// The names in an object whose values say nothing: `{"80/tcp": {}}`.
#[expect(clippy::zero_sized_map_values, reason = "a set is no object in JSON")]
fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    let object = Option::<BTreeMap<String, IgnoredAny>>::deserialize(from)?;
    Ok(object.map(|object| object.into_keys().collect()))
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
