//! Keys of a stack that need a grant.

use super::{Keys, row};

/// In the order in which they are published.
pub(super) const TABLE: &[Keys] = &[
    row(
        "mount.type",
        &["mount.type", "mount.source", "mount.bind.create_host_path", "mount.bind.recursive"],
        Some("`bind=PATH`, that path and what is below it"),
        "a bind outside of the deployment's own tree shows the container the host's files; a \
         path below a folder that a container can write to needs a grant of just that path",
        &[
            ("volumes: ['/etc:/x:ro']", "", &["bind=/etc"]),
            ("volumes: ['/srv/../run/docker.sock:/x']", "", &["bind=/run/docker.sock"]),
            ("volumes: ['data:/x']", "volumes: {data: {}}", &[]),
        ],
    ),
    row(
        "use_api_socket",
        &["use_api_socket"],
        Some("`bind=/var/run/docker.sock`"),
        "every client of the engine's API is root of the host",
        &[("use_api_socket: true", "", &["bind=/var/run/docker.sock"])],
    ),
    row(
        "mount.bind.propagation",
        &["mount.bind.propagation"],
        Some("`propagation=WAY` for `shared` and `rshared`"),
        "mounts that are made in the container appear on the host",
        &[(
            "volumes: [{type: bind, source: /a, target: /a, bind: {propagation: rshared}}]",
            "",
            &["bind=/a", "propagation=rshared"],
        )],
    ),
    row(
        "privileged",
        &["hook.privileged"],
        Some("`privileged`"),
        "nothing stands between the container and the host",
        &[
            ("privileged: true", "", &["privileged"]),
            ("post_start: [{command: a, privileged: true}]", "", &["privileged"]),
        ],
    ),
    row(
        "cap_add",
        &[],
        Some("`capability=NAME`"),
        "the engine's own list is what a container may safely have",
        &[("cap_add: [CAP_SYS_TIME]", "", &["capability=SYS_TIME"])],
    ),
    row(
        "devices",
        &["devices", "gpus", "deploy.resources.reservations.devices"],
        Some(
            "`device=PATH`, `device=cgroup-rule:RULE`, `device=request:DRIVER`, `device=cdi:NAME`",
        ),
        "hardware belongs to the host: a disk is all files on it",
        &[
            ("devices: ['/dev/sda:/dev/x']", "", &["device=/dev/sda"]),
            ("device_cgroup_rules: ['b 8:* rmw']", "", &["device=cgroup-rule:b 8:* rmw"]),
            ("gpus: all", "", &["device=request:gpu"]),
        ],
    ),
    row(
        "security_opt",
        &["security_opt"],
        Some("`security-opt=TEXT`, a profile by its hash; not for `no-new-privileges`"),
        "it replaces or removes what confines the container",
        &[
            ("security_opt: ['apparmor=unconfined']", "", &["security-opt=apparmor=unconfined"]),
            ("security_opt: [no-new-privileges]", "", &[]),
        ],
    ),
    row(
        "network_mode",
        &["network_mode", "ipc", "pid", "volumes_from", "external_links"],
        Some("`namespace=KIND=…` for the host and for containers outside of the deployment"),
        "what is shared is reached: ports on the loopback, processes, memory, files",
        &[
            ("network_mode: host", "", &["namespace=network=host"]),
            ("ipc: 'container:other'", "", &["namespace=ipc=container:other"]),
            ("volumes_from: ['container:other']", "", &["namespace=volumes_from=other"]),
            ("external_links: ['other:db']", "", &["namespace=link=other"]),
            ("ipc: shareable", "", &[]),
        ],
    ),
    row(
        "namespaces",
        &[],
        Some("`namespace=cgroup=host`, `namespace=userns=host`, `namespace=uts=host`"),
        "root of the container would be root there, name the host, or see its control groups",
        &[
            ("cgroup: host", "", &["namespace=cgroup=host"]),
            ("userns_mode: host", "", &["namespace=userns=host"]),
            ("uts: host", "", &["namespace=uts=host"]),
            ("cgroup: private", "", &[]),
        ],
    ),
    row(
        "sysctls",
        &[],
        Some("`sysctl=NAME`, but not for `net.`, `kernel.msg…`, `.sem`, `.shm…`, `fs.mqueue.`"),
        "all but those are the host's; those are the container's own",
        &[
            ("sysctls: {kernel.panic: 1}", "", &["sysctl=kernel.panic"]),
            ("sysctls: {net.core.somaxconn: 9}", "", &[]),
        ],
    ),
    row(
        "runtime",
        &[],
        Some("`runtime=NAME`"),
        "the engine's own runtime is what confines; another may do less, or run other programs",
        &[("runtime: runsc", "", &["runtime=runsc"])],
    ),
    row(
        "cgroup_parent",
        &[],
        Some("`cgroup-parent=PATH`"),
        "it escapes the limits that the operator set for the engine's containers",
        &[("cgroup_parent: /x", "", &["cgroup-parent=/x"])],
    ),
    row(
        "annotations",
        &[],
        Some("`annotation=NAME`"),
        "runtimes act on them, up to programs of the host that they start",
        &[("annotations: {io.x: 'y'}", "", &["annotation=io.x"])],
    ),
    row(
        "oom",
        &[],
        Some("`field=HostConfig.…`; `oom_score_adj` below 0 only"),
        "the kernel would spare the container and take the host's own processes instead",
        &[
            ("oom_kill_disable: true", "", &["field=HostConfig.OomKillDisable"]),
            ("oom_score_adj: -1", "", &["field=HostConfig.OomScoreAdj"]),
            ("cpu_rt_runtime: 1", "", &["field=HostConfig.CpuRealtimeRuntime"]),
            ("oom_score_adj: 1", "", &[]),
        ],
    ),
    row(
        "ulimits",
        &["ulimits", "build.ulimits"],
        Some("`field=HostConfig.Ulimits.NAME`, `build=ulimit=NAME` for `nice` and `rtprio`"),
        "these two let processes run before all others of the host; the rest counts for the \
         container's own processes",
        &[
            ("ulimits: {rtprio: 9}", "", &["field=HostConfig.Ulimits.rtprio"]),
            ("ulimits: {nofile: 9}", "", &[]),
            ("build: {dockerfile_inline: FROM a, ulimits: {nice: 5}}", "", &["build=ulimit=nice"]),
        ],
    ),
    row(
        "storage_opt",
        &[],
        Some("`field=HostConfig.StorageOpt.NAME`"),
        "it is for the engine's driver; with `size` a stack would lift the operator's own limit",
        &[("storage_opt: {size: 1G}", "", &["field=HostConfig.StorageOpt.size"])],
    ),
    row(
        "logging",
        &["logging"],
        Some("`log-driver=NAME`, but not for `json-file`, `local`, `none`"),
        "other drivers send elsewhere, with the host's address and privileges; so do, without a \
         driver, options of the engine's own (`field=HostConfig.LogConfig.Config.NAME`)",
        &[
            ("logging: {driver: syslog}", "", &["log-driver=syslog"]),
            (
                "logging: {options: {gelf-address: 'udp://10.0.0.1:1'}}",
                "",
                &["field=HostConfig.LogConfig.Config.gelf-address"],
            ),
            ("logging: {driver: local, options: {max-size: 1m}}", "", &[]),
            ("logging: {options: {max-size: 1m}}", "", &[]),
        ],
    ),
    row(
        "volume.driver",
        &[],
        Some("`driver-option=NAME=VALUE`, each; not for `type: tmpfs` and `size`"),
        "the engine mounts with the host's address and privileges: folders and devices of the \
         host, and shares (`nfs`, `cifs`) of servers that trust it; other drivers may do anything",
        &[
            (
                "volumes: ['vol:/x']",
                "volumes: {vol: {driver_opts: {type: none, o: bind, device: /etc}}}",
                &["driver-option=device=/etc", "driver-option=o=bind", "driver-option=type=none"],
            ),
            (
                "volumes: ['vol:/x']",
                "volumes: {vol: {driver_opts: {type: nfs, o: addr=10.0.0.1, device: ':/x'}}}",
                &[
                    "driver-option=device=:/x",
                    "driver-option=o=addr=10.0.0.1",
                    "driver-option=type=nfs",
                ],
            ),
            (
                "volumes: ['vol:/x']",
                "volumes: {vol: {driver_opts: {type: cifs, o: 'username=a,password=b', device: //n/x}}}",
                &[
                    "driver-option=device=//n/x",
                    "driver-option=o=username=a,password=(any)",
                    "driver-option=type=cifs",
                ],
            ),
            (
                "volumes: ['vol:/x']",
                "volumes: {vol: {driver: sshfs}}",
                &["driver-option=driver=sshfs"],
            ),
            (
                "volumes: ['vol:/x']",
                "volumes: {vol: {driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}}}",
                &[],
            ),
        ],
    ),
    row(
        "network.driver",
        &["attachment.driver_opts"],
        Some(
            "`driver-option=NAME=VALUE`; not for `bridge`, `overlay`, `…mtu`, `…enable_icc`, \
              `…enable_ip_masquerade`",
        ),
        "other drivers attach to the host's own networks (`macvlan`, `parent: eth0`), and other \
         options change what the host lets in",
        &[
            (
                "networks: [n]",
                "networks: {n: {driver: macvlan, driver_opts: {parent: eth0}}}",
                &["driver-option=driver=macvlan", "driver-option=parent=eth0"],
            ),
            (
                "networks: [n]",
                "networks: {n: {driver_opts: {com.docker.network.driver.mtu: '1400'}}}",
                &[],
            ),
            ("networks: {default: {driver_opts: {a: b}}}", "", &["driver-option=a=b"]),
        ],
    ),
    row(
        "network.ipam.config.subnet",
        &["network.ipam.config.subnet"],
        Some("`subnet=SUBNET` for other addresses than private ones (RFC 1918, `fc00::/7`)"),
        "the host sends to the network what is for its addresses, its own traffic too",
        &[
            (
                "networks: [n]",
                "networks: {n: {ipam: {config: [{subnet: 8.8.8.0/24}]}}}",
                &["subnet=8.8.8.0/24"],
            ),
            ("networks: [n]", "networks: {n: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}", &[]),
        ],
    ),
    row(
        "network.ipam.driver",
        &[],
        Some("`field=Network.IPAM.Driver`, `field=Network.IPAM.Options`"),
        "another program gives the addresses, and may do anything",
        &[(
            "networks: [n]",
            "networks: {n: {ipam: {driver: dhcp, options: {a: b}}}}",
            &["field=Network.IPAM.Driver", "field=Network.IPAM.Options"],
        )],
    ),
    row(
        "network.external",
        &["network.external", "network.name", "volume.external", "volume.name"],
        Some("`network=NAME`, `volume=NAME` for names that do not begin with `ID_`"),
        "what bears another name may be another project's",
        &[
            ("networks: [n]", "networks: {n: {name: proxy}}", &["network=proxy"]),
            ("volumes: ['vol:/x']", "volumes: {vol: {name: other_db}}", &["volume=other_db"]),
            ("networks: [n]", "networks: {n: {name: shop_front}}", &[]),
        ],
    ),
    row(
        "build.network",
        &["build.network", "build.ssh", "build.context", "build.additional_contexts"],
        Some("`build=networkmode=host`, `build=ssh`, `build=remote=ADDRESS`"),
        "a step would reach what only the host reaches, sign with the operator's keys, or run \
         what is in no commit; a folder of the tree needs no grant",
        &[
            ("build: {dockerfile_inline: FROM a, network: host}", "", &["build=networkmode=host"]),
            ("build: {dockerfile_inline: FROM a, ssh: [default]}", "", &["build=ssh"]),
            (
                "build: {context: 'https://example.org/a.git'}",
                "",
                &["build=remote=https://example.org/a.git"],
            ),
            ("build: {dockerfile_inline: FROM a}", "", &[]),
        ],
    ),
];
