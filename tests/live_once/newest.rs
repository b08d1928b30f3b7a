//! What only a newer engine can do, from the stack file to the engine:
//! `scripts/with-lab --newest --registry -- cargo nextest run --features live newest::`.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use super::attributes::{Row, all_reached};
use super::support::*;

const SERVICE: &str = "image: reconciler.demo/base, command: sleep 1000, stop_signal: SIGKILL";

fn process() -> Vec<Row> {
    vec![
        (
            "annotated",
            "annotations: { com.example.a: b }",
            "/HostConfig/Annotations",
            json!({"com.example.a": "b"}),
        ),
        (
            "health",
            "healthcheck: { test: [CMD, 'true'], interval: 9s, start_period: 9s, start_interval: 200ms }",
            "/Config/Healthcheck/StartInterval",
            json!(200_000_000),
        ),
        ("privileged", "privileged: true", "/HostConfig/Privileged", json!(true)),
        ("group", "group_add: [nogroup]", "/HostConfig/GroupAdd", json!(["nogroup"])),
        (
            "cdi",
            "devices: ['reconciler.example/lab=null']",
            "/HostConfig/DeviceRequests/0/DeviceIDs",
            json!(["reconciler.example/lab=null"]),
        ),
    ]
}

fn mounts() -> Vec<Row> {
    vec![
        (
            "subpath",
            "volumes: [{ type: volume, source: data, target: /x, volume: { subpath: in/side } }]",
            "/HostConfig/Mounts/0/VolumeOptions/Subpath",
            json!("in/side"),
        ),
        (
            "image",
            "volumes: [{ type: image, source: reconciler.demo/base, target: /x, image: { subpath: etc } }]",
            "/HostConfig/Mounts/0/ImageOptions/Subpath",
            json!("etc"),
        ),
        (
            "writable",
            "volumes: [{ type: bind, source: /usr, target: /x, read_only: true, bind: { recursive: writable } }]",
            "/HostConfig/Mounts/0/BindOptions/ReadOnlyNonRecursive",
            json!(true),
        ),
        (
            "readonly",
            "volumes: [{ type: bind, source: /usr, target: /x, read_only: true, bind: { recursive: readonly, propagation: rprivate } }]",
            "/HostConfig/Mounts/0/BindOptions/ReadOnlyForceRecursive",
            json!(true),
        ),
        (
            "anonymous",
            "volumes: [{ type: volume, target: /x, volume: { labels: { a: b } } }]",
            "/HostConfig/Mounts/0/VolumeOptions/Labels/a",
            json!("b"),
        ),
    ]
}

fn networks() -> Vec<Row> {
    vec![
        (
            "macs",
            "networks: { front: { mac_address: '02:00:00:00:00:0A' }, back: { mac_address: '02:00:00:00:00:0b' } }",
            "/NetworkSettings/Networks/newest-abc_back/MacAddress",
            json!("02:00:00:00:00:0b"),
        ),
        (
            "mac",
            "mac_address: '02:00:00:00:00:0c'",
            "/NetworkSettings/Networks/newest-abc_default/MacAddress",
            json!("02:00:00:00:00:0c"),
        ),
        (
            "gateway",
            "networks: { front: {}, back: { gw_priority: 7 } }",
            "/NetworkSettings/Networks/newest-abc_back/GwPriority",
            json!(7),
        ),
        (
            "interface",
            "networks: { front: { interface_name: lan0 }, back: { interface_name: wan0 } }",
            "/NetworkSettings/Networks/newest-abc_front/DriverOpts",
            json!({"com.docker.network.endpoint.ifname": "lan0"}),
        ),
        (
            "options",
            "networks: { front: { driver_opts: { com.docker.network.endpoint.sysctls: net.ipv4.conf.IFNAME.log_martians=1 } } }",
            "/NetworkSettings/Networks/newest-abc_front/DriverOpts",
            json!({"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1"}),
        ),
        ("six", "networks: [six]", "/NetworkSettings/Networks/newest-abc_six/IPAddress", json!("")),
    ]
}

#[test]
fn every_attribute_reaches_the_engine_and_stays() {
    let lab = Lab::newest("newest");
    let rows: Vec<Row> = [process(), mounts(), networks()].into_iter().flatten().collect();
    let mut stack = "services:\n".to_owned();
    for (name, lines, ..) in &rows {
        writeln!(stack, "  {name}: {{ {SERVICE}, {lines} }}").unwrap();
    }
    stack += "volumes: { data: { external: true, name: newest-data } }
networks:
  front: {}
  back: {}
  six: { enable_ipv4: false, enable_ipv6: true, ipam: { config: [{ subnet: 'fd00:6::/64' }] } }
";
    lab.stack("abc", &stack);
    docker(&["volume", "create", "newest-data"]);
    docker(&["run", "--rm", "-v", "newest-data:/d", IMAGE, "mkdir", "-p", "/d/in/side"]);
    // What the lab sees of /run is its own.
    fs::create_dir_all("/run/cdi").unwrap();
    let device = json!({"cdiVersion": "0.5.0", "kind": "reconciler.example/lab", "devices":
        [{"name": "null", "containerEdits": {"env": ["CDI=yes"]}}]});
    fs::write("/run/cdi/lab.json", device.to_string()).unwrap();

    let once = || lab.run(&["--once", "--trust-stacks", &lab.source()]);
    once().exits(0);
    all_reached(&lab, &rows);
    let read = |name: &str, words: &[&str]| {
        docker(&[&["exec", &lab.of(&format!("abc-{name}-1"))], words].concat())
    };
    assert!(read("interface", &["ls", "/sys/class/net"]).contains("lan0"));
    assert!(read("image", &["cat", "/x/passwd"]).contains("nobody"));
    assert!(read("cdi", &["cat", "/proc/1/environ"]).contains("CDI=yes"));
    let six: Value =
        serde_json::from_str(&docker(&["network", "inspect", &lab.of("abc_six")])).unwrap();
    assert_eq!(six[0]["EnableIPv4"], false);
    let before = lab.containers();
    once().is_quiet();
    assert_eq!(lab.containers(), before);
}

#[test]
fn an_image_that_is_mounted_is_pulled_first() {
    let lab = Lab::newest("mounted");
    let image = format!("{}/live/assets:1", variable("RECONCILER_LAB_REGISTRY"));
    docker(&["tag", IMAGE, &image]);
    docker(&["push", "-q", &image]);
    docker(&["rmi", &image]);
    let mount = format!("volumes: [{{ type: image, source: '{image}', target: /assets }}]");
    lab.stack("abc", &format!("services:\n  web: {{ {SERVICE}, {mount} }}\n"));
    lab.once().exits(0).prints(&format!("↓ pull {image}"));
    assert!(docker(&["exec", &lab.of("abc-web-1"), "ls", "/assets"]).contains("etc"));
    lab.once().is_quiet();
    // Another image under the same name.
    docker(&["exec", &lab.of("abc-web-1"), "touch", "/newer"]);
    docker(&["commit", &lab.of("abc-web-1"), &image]);
    lab.once().exits(0).prints("volumes./assets.image: ");
    assert!(docker(&["exec", &lab.of("abc-web-1"), "ls", "/assets"]).contains("newer"));
    lab.once().is_quiet();
}

#[test]
fn here_documents_are_built() {
    let lab = Lab::newest("heredoc");
    lab.stack(
        "abc",
        &format!("services:\n  web: {{ build: ., {SERVICE} }}\n")
            .replace("image: reconciler.demo/base, ", ""),
    );
    let dockerfile = "FROM reconciler.demo/base
COPY <<EOF /greeting
hello
EOF
RUN <<EOF
cp /greeting /copy
echo again >>/copy
EOF
";
    lab.file("abc", "Dockerfile", dockerfile);
    lab.once().exits(0);
    assert_eq!(docker(&["exec", &lab.of("abc-web-1"), "cat", "/copy"]), "hello\nagain");
    lab.once().is_quiet();
}

#[test]
fn a_network_that_has_another_family_of_addresses_is_replaced() {
    let lab = Lab::newest("family");
    let stack = |options: &str| {
        format!(
            "services:\n  web: {{ {SERVICE}, networks: [n] }}\nnetworks: {{ n: {{ enable_ipv6: true, ipam: {{ config: [{{ subnet: 'fd00:7::/64' }}] }}, {options} }} }}\n"
        )
    };
    let format = "{{.EnableIPv4}}";
    let has_ipv4 = || docker(&["network", "inspect", "-f", format, &lab.of("abc_n")]) == "true";
    lab.stack("abc", &stack("enable_ipv4: true"));
    lab.once().exits(0);
    lab.once().is_quiet();
    assert!(has_ipv4());
    lab.stack("abc", &stack("enable_ipv4: false"));
    lab.once().exits(0).prints(&format!("~ replace network {}", lab.of("abc_n")));
    assert!(!has_ipv4());
    lab.once().is_quiet();
}
