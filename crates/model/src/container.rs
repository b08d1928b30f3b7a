//! What a container is, and the rows of its own plain fields.

pub mod limits;
pub mod privilege;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use self::limits::Limits;
use self::privilege::{Devices, Privileges};
use super::field::{Chosen, Form, Row, fields};
use super::id::{ImageRef, NetworkName};
use super::mount::{Mount, MountSource};
use super::network::Attachment;
use super::parts::{Healthcheck, Logging, Port, PublishedPort, RestartPolicy};
use super::platform::Platform;
use super::reach;
use super::share::{Namespace, Peer, VolumesFrom};
use crate::serde_default::is_default;

fields! {
    /// What a container is. `None` (or empty, where absence and emptiness mean the same to
    /// the engine) leaves the choice to the image or the engine.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
    pub struct ContainerSpec, at |spec: ContainerSpec| spec, rows CONTAINER;
    own {
        /// The image as the stack writes it.
        image: ImageRef,
        /// `Config.Entrypoint`; `Some([])` clears the image's.
        #[serde(skip_serializing_if = "is_default")]
        entrypoint: Option<Vec<String>>,
        /// `Config.Cmd`; `Some([])` clears the image's.
        #[serde(skip_serializing_if = "is_default")]
        command: Option<Vec<String>>,
        /// Environment variables.
        #[serde(skip_serializing_if = "is_default")]
        env: BTreeMap<String, String>,
        /// Variables of the image that it is not to have.
        #[serde(skip_serializing_if = "is_default")]
        unset_env: BTreeSet<String>,
        /// Labels of the user; observed specs hold every label that inspect shows.
        #[serde(skip_serializing_if = "is_default")]
        labels: BTreeMap<String, String>,
    }
    plain {
        /// The user of the process, and its group.
        user: Option<String> =
            Row::config("user", "User", Form::Text).chosen(Chosen::ByImage).inside("user");
        /// Where the process begins.
        working_dir: Option<String> =
            Row::config("working_dir", "WorkingDir", Form::Path).chosen(Chosen::ByImage);
        /// The engine invents one when this is `None`.
        hostname: Option<String> = Row::config("hostname", "Hostname", Form::Text)
            .inside("names")
            .about("`Config.Hostname`, if the stack sets one");
        /// Behind the host name.
        domainname: Option<String> =
            Row::config("domainname", "Domainname", Form::Text).inside("names");
        /// Seen by the OCI runtime.
        annotations: BTreeMap<String, String> =
            Row::host("annotations", "Annotations", Form::Texts)
                .since(43)
                .demands("annotations", reach::annotations)
                .about("each annotation");
    }
    own {
        /// The platform of the image, `os/architecture[/variant]`; observed specs have none,
        /// the image knows it.
        #[serde(skip_serializing_if = "is_default")]
        platform: Option<Platform>,
        /// `Config.Healthcheck`.
        #[serde(skip_serializing_if = "is_default")]
        healthcheck: Option<Healthcheck>,
    }
    plain {
        /// What asks the process to end.
        stop_signal: Option<String> =
            Row::config("stop_signal", "StopSignal", Form::Text).chosen(Chosen::ByImage);
        /// How long it may take to end, seconds.
        stop_timeout: Option<i64> = Row::config("stop_grace_period", "StopTimeout", Form::Seconds)
            .about("`Config.StopTimeout`, if the stack sets one");
    }
    own {
        /// `Config.ExposedPorts`.
        #[serde(skip_serializing_if = "is_default")]
        exposed: BTreeSet<Port>,
        /// `HostConfig.PortBindings`.
        #[serde(skip_serializing_if = "is_default")]
        published: BTreeSet<PublishedPort>,
        /// Mounts by target path: binds, named and anonymous volumes.
        #[serde(skip_serializing_if = "is_default")]
        mounts: BTreeMap<String, Mount>,
        /// `HostConfig.Tmpfs`: target path to mount options.
        #[serde(skip_serializing_if = "is_default")]
        tmpfs: BTreeMap<String, String>,
        /// Networks the container is attached to. Boxed, since a map has room for eleven where
        /// most containers have one.
        #[serde(skip_serializing_if = "is_default")]
        networks: BTreeMap<NetworkName, Box<Attachment>>,
        /// `HostConfig.NetworkMode` where it is none of `networks`.
        #[serde(skip_serializing_if = "is_default")]
        network_mode: Namespace,
        /// `HostConfig.IpcMode`.
        #[serde(skip_serializing_if = "is_default")]
        ipc: Namespace,
        /// `HostConfig.PidMode`.
        #[serde(skip_serializing_if = "is_default")]
        pid: Namespace,
    }
    plain {
        /// The host's name, or its own.
        uts: Namespace = Row::host("uts", "UTSMode", Form::Namespace(&[Namespace::Host]))
            .demands("namespaces", |value| reach::namespace("uts", value));
        /// The host's users, or what the engine is configured for.
        userns: Namespace =
            Row::host("userns_mode", "UsernsMode", Form::Namespace(&[Namespace::Host]))
                .demands("namespaces", |value| reach::namespace("userns", value));
        /// The host's control groups, or its own.
        cgroup: Namespace = Row::host(
            "cgroup",
            "CgroupnsMode",
            Form::Namespace(&[Namespace::Host, Namespace::Private]),
        )
        .chosen(Chosen::ByEngine)
        .demands("namespaces", |value| reach::namespace("cgroup", value));
    }
    own {
        /// `HostConfig.VolumesFrom`, in order.
        #[serde(skip_serializing_if = "is_default")]
        volumes_from: Vec<VolumesFrom>,
        /// `HostConfig.Links`, `container:alias`; only the engine's own bridge knows them.
        #[serde(skip_serializing_if = "is_default")]
        links: BTreeSet<String>,
        /// `HostConfig.RestartPolicy`.
        #[serde(skip_serializing_if = "is_default")]
        restart: RestartPolicy,
        /// How much of the host it may use.
        #[serde(skip_serializing_if = "is_default")]
        limits: Limits,
        /// What it may do to the host.
        #[serde(skip_serializing_if = "is_default")]
        privileges: Privileges,
        /// `HostConfig.Devices` and what else gives it hardware.
        #[serde(skip_serializing_if = "is_default")]
        devices: Devices,
        /// `HostConfig.LogConfig`.
        #[serde(skip_serializing_if = "is_default")]
        logging: Logging,
    }
    plain {
        /// Nothing is written to the image's files.
        read_only: bool = Row::host("read_only", "ReadonlyRootfs", Form::Flag);
        /// A first process that reaps the others.
        init: Option<bool> = Row::host("init", "Init", Form::Flag);
        /// A terminal for the process.
        tty: bool = Row::config("tty", "Tty", Form::Flag);
        /// An input that stays open.
        stdin_open: bool = Row::config("stdin_open", "OpenStdin", Form::Flag);
        /// `name:address` pairs.
        extra_hosts: BTreeSet<String> = Row::host(
            "extra_hosts",
            "ExtraHosts",
            Form::Set { word: "set", normal: |pair| pair.replacen('=', ":", 1) },
        )
        .inside("names");
        /// Resolvers.
        dns: Vec<String> = Row::host("dns", "Dns", Form::List)
            .chosen(Chosen::ByOperator)
            .inside("names")
            .about("`HostConfig.Dns`, in order; if the stack sets none, what it set before");
        /// Domains in which names are looked up.
        dns_search: Vec<String> = Row::host("dns_search", "DnsSearch", Form::List)
            .chosen(Chosen::ByOperator)
            .inside("names")
            .about("`HostConfig.DnsSearch`, in order; likewise");
        /// Options of the resolver.
        dns_options: Vec<String> = Row::host("dns_opt", "DnsOptions", Form::List).inside("names");
        /// Kernel parameters.
        sysctls: BTreeMap<String, String> =
            Row::host("sysctls", "Sysctls", Form::Texts).demands("sysctls", reach::sysctls);
        /// Options for the engine's storage driver.
        storage_options: BTreeMap<String, String> =
            Row::host("storage_opt", "StorageOpt", Form::Texts)
                .demands("storage_opt", reach::storage_options);
        /// The OCI runtime, by the engine's name for it.
        runtime: Option<String> = Row::host("runtime", "Runtime", Form::Text)
            .chosen(Chosen::ByEngine)
            .demands("runtime", reach::runtime);
        /// Only Windows has one.
        isolation: Option<String> = Row::host(
            "isolation",
            "Isolation",
            Form::Word { of: "an isolation", known: &["default", "process", "hyperv"] },
        )
        .demands("isolation", reach::isolation);
    }
}

impl ContainerSpec {
    /// Every other container that it refers to, once.
    pub fn peers(&self) -> impl Iterator<Item = &Peer> {
        let namespaces = [&self.network_mode, &self.ipc, &self.pid].into_iter();
        let volumes = self.volumes_from.iter().map(|from| &from.peer);
        let all: BTreeSet<&Peer> = namespaces.filter_map(Namespace::peer).chain(volumes).collect();
        all.into_iter()
    }

    /// A container of this image with nothing else said.
    #[must_use]
    pub fn of_image(image: ImageRef) -> Self {
        Self { image, ..Self::default() }
    }

    /// The networks in the order in which it is attached to them: those of the highest
    /// priority first, then by the keys that the stack has for them.
    #[must_use]
    pub fn networks_in_order(&self) -> Vec<(&NetworkName, &Attachment)> {
        let mut all: Vec<_> = self.networks.iter().map(|(name, how)| (name, &**how)).collect();
        all.sort_by_key(|(_, how)| (std::cmp::Reverse(how.priority), how.place));
        all
    }
}

impl ContainerSpec {
    /// The environment as requests and answers have it; a name alone takes the variable away.
    pub fn env_lines(&self) -> impl Iterator<Item = String> {
        let set = self.env.iter().map(|(name, value)| format!("{name}={value}"));
        set.chain(self.unset_env.iter().cloned())
    }

    /// The images whose files it mounts, and where.
    pub fn mounted_images(&self) -> impl Iterator<Item = (&str, &ImageRef)> {
        self.mounts.iter().filter_map(|(target, mount)| match &mount.source {
            MountSource::Image(image) => Some((target.as_str(), image)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_explicit_values_only() {
        let mut spec = ContainerSpec::of_image("web".into());
        spec.limits.cpuset = Some("0-1".to_owned());
        spec.command = Some(Vec::new());
        let expected =
            serde_json::json!({ "image": "web", "limits": { "cpuset": "0-1" }, "command": [] });
        assert_eq!(serde_json::to_value(&spec).unwrap(), expected);
    }
}
