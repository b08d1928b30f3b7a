//! What `docker compose config` accepts and `docker compose up` then refuses, mostly when the
//! first networks and containers are there already: each is reported before anything is made.
//! `docs/compose-up.md` has the same table; what Compose says was tried on engines 20.10 and 28.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use model::desired::Entry;
use model::diagnostic::Severity;
use reconcile::stack::load;
use world::Snapshot;

use super::tree::MemoryTree;

/// What a stack says, keys of its service `a`, more services and sections, and our codes: those
/// of warnings in parentheses.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// What up refuses.
const LATE: &[Row] = &[
    (
        "`network_mode: host` with `links`",
        "network_mode: host, links: [b]",
        "b: { image: b }",
        "(E0410) E0302",
    ),
    (
        "`network_mode: host` with `external_links`",
        "network_mode: host, external_links: [b]",
        "",
        "E0302",
    ),
    (
        "`network_mode: bridge` with `links` to a service that is not on it",
        "network_mode: bridge, links: [b]",
        "b: { image: b }",
        "E0302",
    ),
    (
        "`network_mode: service:` with `ports`, `expose`, `hostname`, `dns`, `extra_hosts` or `links`",
        "network_mode: 'service:b', expose: ['80']",
        "b: { image: b }",
        "E0302",
    ),
    (
        "`network_mode: host` or `service:` with `mac_address`",
        "network_mode: host, mac_address: '02:00:00:00:00:09'",
        "",
        "E0302",
    ),
    (
        "`mac_address` that is not that of the first network",
        "mac_address: '02:00:00:00:00:09', networks: { n: { mac_address: '02:00:00:00:00:01' } }",
        "\nnetworks: { n: }",
        "E0311",
    ),
    ("`uts: host` with `hostname` or `domainname`", "uts: host, hostname: h", "", "E0302"),
    (
        "`ipc: service:` of a service with `ipc: private` or `none`",
        "ipc: 'service:b'",
        "b: { image: b, ipc: private }",
        "E0302",
    ),
    (
        "`ipc: service:` of a service without `ipc`",
        "ipc: 'service:b'",
        "b: { image: b }",
        "(E0402)",
    ),
    (
        "`sysctls` of the network, IPC or UTS namespace that is the host's",
        "network_mode: host, sysctls: { net.core.somaxconn: 9 }",
        "",
        "E0302",
    ),
    (
        "`sysctls` that are the same for all containers",
        "sysctls: { vm.swappiness: 9 }",
        "",
        "(E0412)",
    ),
    (
        "`networks` with the engine's own `bridge`, `host` or `none`",
        "networks: [n]",
        "\nnetworks: { n: { external: true, name: host } }",
        "E0302",
    ),
    (
        "a network with `driver: host`, `null` or `none`",
        "networks: [n]",
        "\nnetworks: { n: { driver: host } }",
        "E0412",
    ),
    (
        "one `interface_name` twice",
        "networks: { m: { interface_name: lan }, n: { interface_name: lan } }",
        "\nnetworks: { m: , n: }",
        "E0302",
    ),
    (
        "a `subnet` that is none, or a pool without one",
        "networks: [n]",
        "\nnetworks: { n: { ipam: { config: [{ gateway: 10.8.0.1 }] } } }",
        "E0412",
    ),
    (
        "a `gateway` or an address of `aux_addresses` outside of its subnet, or twice",
        "networks: [n]",
        "\nnetworks: { n: { ipam: { config: [{ subnet: 10.8.0.0/24, gateway: 10.9.0.1 }] } } }",
        "E0412",
    ),
    (
        "a `subnet` with bits of a host, or an `ip_range` outside of it",
        "networks: [n]",
        "\nnetworks: { n: { ipam: { config: [{ subnet: 10.8.0.9/24 }] } } }",
        "(E0412)",
    ),
    (
        "`ipv4_address` or `ipv6_address` in a network without a subnet for it",
        "networks: { n: { ipv4_address: 10.8.0.9 } }",
        "\nnetworks: { n: }",
        "E0412",
    ),
    (
        "an address that is the gateway's, reserved, or the first or last of its subnet",
        "networks: { n: { ipv4_address: 10.8.0.1 } }",
        "\nnetworks: { n: { ipam: { config: [{ subnet: 10.8.0.0/24 }] } } }",
        "E0412",
    ),
    (
        "`link_local_ips` that are none",
        "networks: { default: { link_local_ips: [10.1.1.1] } }",
        "\nnetworks: { default: }",
        "E0412",
    ),
    (
        "an address or a subnet that two want",
        "networks: { n: { ipv4_address: 10.8.0.9 } }",
        "b: { image: b, networks: { n: { ipv4_address: 10.8.0.9 } } }\nnetworks: { n: { ipam: { config: [{ subnet: 10.8.0.0/24 }] } } }",
        "E0515",
    ),
    (
        "a port of the host that two publish, also two replicas",
        "ports: ['8080:80'], scale: 2",
        "",
        "E0514",
    ),
    ("`dns` that is no address", "dns: nonsense", "", "E0412"),
    ("`memswap_limit` without or below `mem_limit`", "memswap_limit: 64m", "", "E0412"),
    (
        "`mem_reservation` above `mem_limit`, either below 6 MiB",
        "mem_limit: 64m, mem_reservation: 128m",
        "",
        "E0412",
    ),
    ("`mem_swappiness` above 100", "mem_swappiness: 101", "", "E0412"),
    ("`cpus` with `cpu_period` or `cpu_quota`", "cpus: 1, cpu_quota: 50000", "", "E0302"),
    (
        "`cpus`, `cpu_period`, `cpu_quota`, `cpu_rt_runtime` or `cpuset` out of range",
        "cpu_period: 5",
        "",
        "E0412",
    ),
    (
        "`ulimits` that Linux does not have, or with a soft limit above the hard one",
        "ulimits: { nofile: { soft: 9, hard: 3 } }",
        "",
        "E0412",
    ),
    ("`cap_add` or `cap_drop` of an unknown capability", "cap_add: [NOT_ONE]", "", "E0412"),
    ("`security_opt` with an unknown option", "security_opt: ['nonsense=1']", "", "E0412"),
    ("a seccomp profile that is not there", "security_opt: ['seccomp=./none.json']", "", "E0405"),
    ("`device_cgroup_rules` that are none", "device_cgroup_rules: [nonsense]", "", "E0412"),
    (
        "options of the log drivers `json-file` and `local` that they do not have",
        "logging: { driver: json-file, options: { max-size: x } }",
        "",
        "E0412",
    ),
    ("options of `tmpfs` that the kernel does not have", "tmpfs: ['/x:size=64kb']", "", "E0412"),
    (
        "a mount of `type: tmpfs` with a `source`",
        "volumes: [{ type: tmpfs, source: s, target: /x }]",
        "",
        "E0302",
    ),
    ("a mount on `/`, or on a relative path", "tmpfs: ['/']", "", "E0208"),
    (
        "a mount of `type: npipe` or `cluster`",
        "volumes: [{ type: npipe, source: s, target: /x }]",
        "",
        "E0411",
    ),
    (
        "`bind.create_host_path: false` of what is not there",
        "volumes: [{ type: bind, source: ./none, target: /x, bind: { create_host_path: false } }]",
        "",
        "E0405",
    ),
    (
        "`bind.propagation` that is none",
        "volumes: [{ type: bind, source: ./f, target: /x, bind: { propagation: sideways } }]",
        "",
        "E0204",
    ),
    (
        "`bind.recursive: readonly` without `read_only`",
        "volumes: [{ type: bind, source: ./f, target: /x, bind: { recursive: readonly } }]",
        "",
        "E0302",
    ),
    (
        "`secrets` or `configs` that are `external`, or with `driver` or `template_driver`",
        "secrets: [s]",
        "\nsecrets: { s: { external: true } }",
        "E0401",
    ),
    (
        "`secrets` or `configs` from a variable that is not set",
        "secrets: [s]",
        "\nsecrets: { s: { environment: NOT_SET } }",
        "E0113",
    ),
    (
        "`secrets` or `configs` from a file that is not there",
        "secrets: [s]",
        "\nsecrets: { s: { file: ./none } }",
        "E0405",
    ),
    (
        "`secrets` or `configs` with content, and `read_only: true`",
        "read_only: true, configs: [c]",
        "\nconfigs: { c: { content: x } }",
        "E0409",
    ),
    (
        "a `uid`, `gid` or `mode` that is no number",
        "configs: [{ source: c, uid: root }]",
        "\nconfigs: { c: { content: x } }",
        "E0211",
    ),
    (
        "`restart` or `restart_policy.condition` with an unknown word",
        "restart: sometimes",
        "",
        "E0204",
    ),
    ("`stop_signal` that is none", "stop_signal: SIGNOPE", "", "E0412"),
    (
        "a time of a health check below 1 ms",
        "healthcheck: { test: [CMD, x], interval: 1us }",
        "",
        "E0412",
    ),
    (
        "`healthcheck.start_interval` without `start_period`",
        "healthcheck: { test: [CMD, x], start_interval: 1s }",
        "",
        "(E0402)",
    ),
    ("`platform` that is none", "platform: nonsense", "", "E0211"),
    ("a build context that is not there", "build: ./none", "", "E0406"),
    (
        "`build.tags` that are none",
        "build: { dockerfile_inline: FROM x, tags: ['Bad Tag'] }",
        "",
        "E0211",
    ),
    ("`provider`, `models`", "models: [m]", "\nmodels: { m: { model: ai/x } }", "E0401"),
];

/// Keys of the service `a`, more services and sections, of which up says nothing.
const TAKEN: &[(&str, &str)] = &[
    (
        "links: [b], uts: '', sysctls: { net.core.somaxconn: 9, kernel.shm_rmid_forced: 1, kernel.domainname: x }",
        "b: { image: b }",
    ),
    ("ipc: 'service:b'", "b: { image: b, ipc: shareable }"),
    (
        "networks: { n: { ipv4_address: 10.8.0.9, link_local_ips: [169.254.8.1, 'fe80::9'] } }",
        "\nnetworks: { n: { ipam: { config: [{ subnet: 10.8.0.0/24, ip_range: 10.8.0.128/25, gateway: 10.8.0.7, aux_addresses: { r: 10.8.0.8 } }] } } }",
    ),
    (
        "networks: { n: { ipv6_address: 'fd00:8::9' } }",
        "\nnetworks: { n: { enable_ipv6: true, ipam: { config: [{ subnet: 'fd00:8::/64' }] } } }",
    ),
    ("networks: { n: { ipv4_address: 10.8.0.1 } }", "\nnetworks: { n: { external: true } }"),
    (
        "networks: { n: { ipv4_address: 10.8.0.1 } }",
        "\nnetworks: { n: { driver: macvlan, ipam: { config: [{ subnet: 10.8.0.0/24 }] } } }",
    ),
    (
        "mem_limit: 64m, memswap_limit: 64m, mem_reservation: 64m, mem_swappiness: 100, cpus: 0.01, cpuset: '0-2,7'",
        "",
    ),
    ("memswap_limit: -1, cpu_period: 1000, cpu_quota: -1", ""),
    ("cap_add: [net_admin, CAP_SYS_TIME, ALL], cap_drop: [BPF], dns: ['::1', 10.0.0.1]", ""),
    (
        "security_opt: [no-new-privileges, 'label:disable', 'apparmor=x', 'seccomp:unconfined', systempaths=unconfined]",
        "",
    ),
    ("device_cgroup_rules: ['c 1:3 mr', 'a *:* rwm', 'b 8:* r']", ""),
    (
        "tmpfs: ['/x', '/y:exec,uid=7,gid=8,nr_inodes=1k,size=50%,mode=755,rw', '/z:mpol=local,rprivate']",
        "",
    ),
    (
        "logging: { driver: json-file, options: { max-size: 10mb, max-file: '3', compress: 'true', labels: a, tag: x, mode: non-blocking, max-buffer-size: 4m, cache-disabled: 'true' } }",
        "",
    ),
    ("logging: { driver: other, options: { anything: goes } }", ""),
    ("logging: { driver: local, options: { compress: 'true' } }", ""),
    ("platform: linux", ""),
    ("platform: amd64", ""),
    ("platform: linux/arm/v7", ""),
    (
        "volumes: [{ type: bind, source: ./f, target: /x, read_only: true, bind: { create_host_path: false, recursive: readonly } }]",
        "",
    ),
];

fn stack(keys: &str, more: &str) -> String {
    let (services, sections) = more.split_once('\n').unwrap_or((more, ""));
    format!("services:\n  a: {{ image: a, {keys} }}\n  {services}\n{sections}\n")
}

fn codes(text: &str) -> String {
    let mut tree = MemoryTree::default();
    tree.file("s/compose.yaml", text, false);
    tree.file("s/f", "x", false);
    let mut options = super::parse("").options;
    options.project_root = Some("/srv".to_owned());
    options.same_files = true;
    let tree = Arc::new(tree);
    let start = String::new();
    let snapshot = Snapshot { source: "test".into(), revision: "r1".into(), start, tree };
    let state = load(&snapshot, &options);
    let entries = state.deployments.values();
    let reported = entries.flat_map(|entry| match entry {
        Entry::Valid(_, found) | Entry::Invalid(found) => found.iter(),
    });
    let mut found: Vec<String> = reported
        .map(|one| {
            let code = one.code.expect("a code").to_string();
            if one.severity == Severity::Error { code } else { format!("({code})") }
        })
        .collect();
    found.sort();
    found.dedup();
    found.join(" ")
}

#[test]
fn what_up_refuses_is_reported_before() {
    let mut wrong = String::new();
    for (what, keys, more, expected) in LATE {
        let text = stack(keys, more);
        let found = codes(&text);
        if found != *expected {
            let _ = writeln!(wrong, "{what}: {found}, not {expected}, in\n{text}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_up_takes_is_taken() {
    let mut wrong = String::new();
    for (keys, more) in TAKEN {
        let text = stack(keys, more);
        let found = codes(&text);
        if !found.is_empty() {
            let _ = writeln!(wrong, "{found} in\n{text}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_published_table_is_this_one() {
    let mut table = String::from("| what the stack says | here |\n| --- | --- |\n");
    for (what, _, _, codes) in LATE {
        let warns = if codes.ends_with(')') { "a warning, " } else { "" };
        let code = codes.split(' ').next_back().unwrap_or(codes).trim_matches(['(', ')']);
        let _ = writeln!(table, "| {what} | {warns}[{code}](errors/{code}.md) |");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compose-up.md");
    let docs = std::fs::read_to_string(path).expect("docs/compose-up.md");
    assert!(docs.contains(&table), "docs/compose-up.md should hold:\n{table}");
}
