//! Every attribute of a service from the stack file to the engine: what the engine says is
//! what Compose's own mapping gives, and a second run finds nothing to do. What a lab has
//! not is in `docs/attributes.md`.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::support::*;

/// A service: its lines in the stack file, where inspect shows them, and as what.
pub(crate) type Row = (&'static str, &'static str, &'static str, Value);

/// The engine shows what each row says.
pub(crate) fn all_reached(lab: &Lab, rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, lines, at, value) in rows {
        let seen = inspect(&lab.of(&format!("abc-{name}-1")));
        if seen.pointer(at) != Some(value) {
            wrong.push(format!("{lines}: {at} is {:?}", seen.pointer(at)));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn limits() -> Vec<Row> {
    vec![
        ("reserve", "mem_reservation: 16m", "/HostConfig/MemoryReservation", json!(16 << 20)),
        (
            "deployreserve",
            "deploy: { resources: { reservations: { memory: 16m, cpus: '0.1' } } }",
            "/HostConfig/MemoryReservation",
            json!(16 << 20),
        ),
        ("swap", "mem_limit: 16m, memswap_limit: 32m", "/HostConfig/MemorySwap", json!(32 << 20)),
        ("anyswap", "mem_limit: 16m, memswap_limit: -1", "/HostConfig/MemorySwap", json!(-1)),
        ("swappiness", "mem_swappiness: 20", "/HostConfig/MemorySwappiness", json!(20)),
        (
            "oomkill",
            "mem_limit: 64m, oom_kill_disable: true",
            "/HostConfig/OomKillDisable",
            json!(true),
        ),
        ("oomscore", "oom_score_adj: 500", "/HostConfig/OomScoreAdj", json!(500)),
        ("cpus", "cpus: 0.5", "/HostConfig/NanoCpus", json!(500_000_000)),
        ("shares", "cpu_shares: 512", "/HostConfig/CpuShares", json!(512)),
        ("period", "cpu_period: 50000, cpu_quota: 25000", "/HostConfig/CpuPeriod", json!(50_000)),
        ("quota", "cpu_quota: 25000", "/HostConfig/CpuQuota", json!(25_000)),
        ("cpuset", "cpuset: '0-1'", "/HostConfig/CpusetCpus", json!("0-1")),
        ("cpucount", "cpu_count: 2", "/HostConfig/CpuCount", json!(2)),
        ("pids", "pids_limit: 64", "/HostConfig/PidsLimit", json!(64)),
        ("shm", "shm_size: 1m", "/HostConfig/ShmSize", json!(1 << 20)),
        (
            "parent",
            "cgroup_parent: /reconciler-attributes",
            "/HostConfig/CgroupParent",
            json!("/reconciler-attributes"),
        ),
        (
            "ulimit",
            "ulimits: { nofile: { soft: 100, hard: 200 } }",
            "/HostConfig/Ulimits/0",
            json!({"Name": "nofile", "Soft": 100, "Hard": 200}),
        ),
        (
            "ulimitone",
            "ulimits: { nproc: 500 }",
            "/HostConfig/Ulimits/0",
            json!({"Name": "nproc", "Soft": 500, "Hard": 500}),
        ),
        (
            "readbps",
            "blkio_config: { device_read_bps: [{ path: /dev/vda, rate: 12mb }] }",
            "/HostConfig/BlkioDeviceReadBps",
            json!([{"Path": "/dev/vda", "Rate": 12 << 20}]),
        ),
        (
            "readiops",
            "blkio_config: { device_read_iops: [{ path: /dev/vda, rate: 120 }] }",
            "/HostConfig/BlkioDeviceReadIOps",
            json!([{"Path": "/dev/vda", "Rate": 120}]),
        ),
        (
            "writebps",
            "blkio_config: { device_write_bps: [{ path: /dev/vda, rate: 1024k }] }",
            "/HostConfig/BlkioDeviceWriteBps",
            json!([{"Path": "/dev/vda", "Rate": 1 << 20}]),
        ),
        (
            "writeiops",
            "blkio_config: { device_write_iops: [{ path: /dev/vda, rate: 30 }] }",
            "/HostConfig/BlkioDeviceWriteIOps",
            json!([{"Path": "/dev/vda", "Rate": 30}]),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn process() -> Vec<Row> {
    let profile = json!(["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]);
    vec![
        ("domain", "domainname: example.org", "/Config/Domainname", json!("example.org")),
        (
            "nonew",
            "security_opt: ['no-new-privileges:true']",
            "/HostConfig/SecurityOpt",
            json!(["no-new-privileges:true"]),
        ),
        ("seccomp", "security_opt: ['seccomp=./profile.json']", "/HostConfig/SecurityOpt", profile),
        (
            "unconfined",
            "security_opt: ['seccomp=unconfined']",
            "/HostConfig/SecurityOpt",
            json!(["seccomp=unconfined"]),
        ),
        ("paths", "security_opt: ['systempaths=unconfined']", "/HostConfig/MaskedPaths", json!([])),
        ("capadd", "cap_add: [NET_ADMIN]", "/HostConfig/CapAdd", json!(["NET_ADMIN"])),
        ("capdrop", "cap_drop: [MKNOD]", "/HostConfig/CapDrop", json!(["MKNOD"])),
        ("groups", "group_add: ['12']", "/HostConfig/GroupAdd", json!(["12"])),
        (
            "device",
            "devices: ['/dev/null:/dev/nothing:r']",
            "/HostConfig/Devices",
            json!([{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nothing", "CgroupPermissions": "r"}]),
        ),
        (
            "rule",
            "device_cgroup_rules: ['c 1:3 r']",
            "/HostConfig/DeviceCgroupRules",
            json!(["c 1:3 r"]),
        ),
        ("uts", "uts: host", "/HostConfig/UTSMode", json!("host")),
        ("userns", "userns_mode: host", "/HostConfig/UsernsMode", json!("host")),
        ("cgrouphost", "cgroup: host", "/HostConfig/CgroupnsMode", json!("host")),
        ("cgroupown", "cgroup: private", "/HostConfig/CgroupnsMode", json!("private")),
        (
            "runtime",
            "runtime: io.containerd.runc.v2",
            "/HostConfig/Runtime",
            json!("io.containerd.runc.v2"),
        ),
        ("isolation", "isolation: default", "/HostConfig/Isolation", json!("default")),
        (
            "sysctl",
            "sysctls: { net.ipv4.ip_forward: 1 }",
            "/HostConfig/Sysctls",
            json!({"net.ipv4.ip_forward": "1"}),
        ),
        (
            "dnsopt",
            "dns_opt: ['ndots:2', use-vc]",
            "/HostConfig/DnsOptions",
            json!(["ndots:2", "use-vc"]),
        ),
        (
            "logging",
            "logging: { driver: local, options: { max-size: 1m, max-file: 2 } }",
            "/HostConfig/LogConfig",
            json!({"Type": "local", "Config": {"max-size": "1m", "max-file": "2"}}),
        ),
        ("platform", "platform: linux/amd64", "/Platform", json!("linux")),
    ]
}

fn mounts() -> Vec<Row> {
    vec![
        (
            "propagation",
            "volumes: ['/usr:/x:ro,private']",
            "/Mounts/0/Propagation",
            json!("private"),
        ),
        ("relabel", "volumes: ['/usr:/x:ro,z']", "/HostConfig/Binds", json!(["/usr:/x:ro,z"])),
        (
            "flat",
            "volumes: [{ type: bind, source: /usr, target: /x, bind: { recursive: disabled } }]",
            "/HostConfig/Mounts/0/BindOptions/NonRecursive",
            json!(true),
        ),
        (
            "labels",
            "volumes: [{ type: volume, target: /x, volume: { labels: { a: b } } }]",
            "/HostConfig/Mounts/0/VolumeOptions/Labels/a",
            json!("b"),
        ),
        (
            "nocopy",
            "volumes: [{ type: volume, source: data, target: /x, volume: { nocopy: true } }]",
            "/Mounts/0/Destination",
            json!("/x"),
        ),
        (
            "tmpfs",
            "volumes: [{ type: tmpfs, target: /x, tmpfs: { size: 1m, mode: 0o700 } }]",
            "/HostConfig/Tmpfs",
            json!({"/x": "size=1048576,mode=700"}),
        ),
    ]
}

fn networks() -> Vec<Row> {
    vec![
        (
            "mac",
            "mac_address: '02:00:00:00:00:09'",
            "/Config/MacAddress",
            json!("02:00:00:00:00:09"),
        ),
        (
            "netmac",
            "networks: { front: { priority: 9, mac_address: '02:00:00:00:00:08' }, back: {} }",
            "/Config/MacAddress",
            json!("02:00:00:00:00:08"),
        ),
        (
            "linklocal",
            "networks: { back: { link_local_ips: [169.254.8.8] } }",
            "/NetworkSettings/Networks/attributes-abc_back/IPAMConfig/LinkLocalIPs",
            json!(["169.254.8.8"]),
        ),
        (
            "options",
            "networks: { back: { driver_opts: { com.example.x: y } } }",
            "/NetworkSettings/Networks/attributes-abc_back/DriverOpts",
            json!({"com.example.x": "y"}),
        ),
        (
            "priority",
            "networks: { back: {}, front: { priority: 5 } }",
            "/HostConfig/NetworkMode",
            json!("attributes-abc_front"),
        ),
    ]
}

fn stack(rows: &[Row]) -> String {
    let mut text = "services:\n".to_owned();
    for (name, lines, ..) in rows {
        let common = "image: reconciler.demo/base, command: sleep 1000, stop_signal: SIGKILL";
        writeln!(text, "  {name}: {{ {common}, {lines} }}").unwrap();
    }
    text + "
volumes: { data: {} }
networks:
  front: {}
  back:
    ipam:
      driver: default
      options: { com.example.a: b }
      config: [{ subnet: 10.99.0.0/24, aux_addresses: { host: 10.99.0.9 } }]
"
}

#[test]
fn every_attribute_reaches_the_engine_and_stays() {
    let lab = Lab::new("attributes");
    let rows: Vec<Row> =
        [limits(), process(), mounts(), networks()].into_iter().flatten().collect();
    lab.stack("abc", &stack(&rows));
    lab.file("abc", "profile.json", "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n");
    let once = || lab.run(&["--once", "--trust-stacks", &lab.source()]);
    once().exits(0);
    all_reached(&lab, &rows);
    let network: Value =
        serde_json::from_str(&docker(&["network", "inspect", &lab.of("abc_back")])).unwrap();
    assert_eq!(network[0]["IPAM"]["Config"][0]["AuxiliaryAddresses"]["host"], "10.99.0.9");
    assert_eq!(network[0]["IPAM"]["Options"]["com.example.a"], "b");
    let before = lab.containers();
    once().is_quiet();
    assert_eq!(lab.containers(), before);
}

#[test]
fn what_this_engine_cannot_do_is_refused_with_the_version_that_can() {
    let lab = Lab::new("cannot");
    let table = [
        ("annotations: { a: b }", "API 1.43"),
        ("healthcheck: { test: [CMD, 'true'], start_interval: 1s }", "API 1.44"),
        ("devices: ['vendor.example/class=one']", "API 1.44"),
        ("networks: { a: {}, b: { mac_address: '02:00:00:00:00:01' } }", "API 1.44"),
        (
            "volumes: [{ type: bind, source: /usr, target: /x, read_only: true, bind: { recursive: readonly } }]",
            "API 1.44",
        ),
        (
            "volumes: [{ type: volume, source: data, target: /x, volume: { subpath: y } }]",
            "API 1.45",
        ),
        ("volumes: [{ type: image, source: reconciler.demo/base, target: /x }]", "API 1.48"),
        ("networks: { a: { gw_priority: 3 } }", "API 1.48"),
        ("networks: { a: { interface_name: lan0 } }", "API 1.49"),
        ("isolation: hyperv", "an engine on windows"),
        ("platform: windows/amd64", "an engine on windows"),
    ];
    for (lines, needs) in table {
        let common = "image: reconciler.demo/base";
        let text = format!(
            "services:\n  web: {{ {common}, {lines} }}\nnetworks: {{ a: {{}}, b: {{}} }}\nvolumes: {{ data: {{}} }}\n"
        );
        lab.stack("abc", &text);
        lab.run(&["--once", "--trust-stacks", &lab.source()]).exits(3).prints(needs);
        assert_eq!(lab.names(), Vec::<String>::new(), "{lines}");
    }
    lab.stack("abc", "services: { web: { image: reconciler.demo/base, networks: [a] } }\nnetworks: { a: { enable_ipv4: false } }\n");
    lab.run(&["--once", "--trust-stacks", &lab.source()]).exits(3).prints("API 1.48");
}
