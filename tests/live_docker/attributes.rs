//! What reaches the host, each by itself and also where a lab can only create it: what is
//! asked for is what the engine says, in its own words and in ours.

use std::process::Command;

use model::action::Action;
use model::policy::HostPolicy;
use model::privilege::{Device, DeviceRequest};
use model::share::Namespace;
use model::spec::ContainerSpec;
use serde_json::{Value, json};

use super::support::*;

/// What is asked for, where inspect shows it and as what, and whether the lab, which is no
/// whole host, can start such a container.
struct Row {
    name: &'static str,
    ask: fn(&mut ContainerSpec),
    expected: Vec<(&'static str, Value)>,
    starts: bool,
}

fn row(name: &'static str, ask: fn(&mut ContainerSpec), at: &'static str, value: Value) -> Row {
    Row { name, ask, expected: vec![(at, value)], starts: true }
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[expect(clippy::too_many_lines, reason = "one table")]
fn privileges() -> Vec<Row> {
    let gpus = json!([{ "Driver": "", "Count": -1, "DeviceIDs": null, "Capabilities": [["gpu"]], "Options": null }]);
    vec![
        Row {
            starts: false,
            ..row(
                "privileged",
                |s| s.privileges.privileged = true,
                "/HostConfig/Privileged",
                json!(true),
            )
        },
        row(
            "no-new",
            |s| {
                s.privileges.security_opt.insert(text("no-new-privileges:true"));
            },
            "/HostConfig/SecurityOpt",
            json!(["no-new-privileges:true"]),
        ),
        row(
            "seccomp",
            |s| {
                s.privileges
                    .security_opt
                    .insert(text("seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"));
            },
            "/HostConfig/SecurityOpt/0",
            json!("seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"),
        ),
        Row {
            expected: vec![
                ("/HostConfig/MaskedPaths", json!([])),
                ("/HostConfig/ReadonlyPaths", json!([])),
            ],
            ..row("paths", |s| s.privileges.system_paths = true, "", Value::Null)
        },
        row(
            "groups",
            |s| {
                s.privileges.groups.insert(text("12"));
            },
            "/HostConfig/GroupAdd",
            json!(["12"]),
        ),
        row(
            "device",
            |s| {
                s.devices.mapped.insert(
                    text("/dev/nothing"),
                    Device { host: text("/dev/null"), permissions: text("r") },
                );
            },
            "/HostConfig/Devices/0/PathInContainer",
            json!("/dev/nothing"),
        ),
        row(
            "rule",
            |s| {
                s.devices.rules.insert(text("c 1:3 r"));
            },
            "/HostConfig/DeviceCgroupRules",
            json!(["c 1:3 r"]),
        ),
        Row {
            starts: false,
            ..row(
                "gpus",
                |s| {
                    s.devices.requests.push(DeviceRequest {
                        count: -1,
                        capabilities: vec![vec![text("gpu")]],
                        ..DeviceRequest::default()
                    });
                },
                "/HostConfig/DeviceRequests",
                gpus,
            )
        },
        row("uts", |s| s.uts = Namespace::Host, "/HostConfig/UTSMode", json!("host")),
        row("userns", |s| s.userns = Namespace::Host, "/HostConfig/UsernsMode", json!("host")),
        row("cgroup", |s| s.cgroup = Namespace::Host, "/HostConfig/CgroupnsMode", json!("host")),
        row(
            "own-cgroup",
            |s| s.cgroup = Namespace::Private,
            "/HostConfig/CgroupnsMode",
            json!("private"),
        ),
        row(
            "runtime",
            |s| s.runtime = Some(text("io.containerd.runc.v2")),
            "/HostConfig/Runtime",
            json!("io.containerd.runc.v2"),
        ),
        row(
            "isolation",
            |s| s.isolation = Some(text("default")),
            "/HostConfig/Isolation",
            json!("default"),
        ),
        row(
            "domain",
            |s| s.domainname = Some(text("example.org")),
            "/Config/Domainname",
            json!("example.org"),
        ),
        row(
            "sysctl",
            |s| {
                s.sysctls.insert(text("net.ipv4.ip_forward"), text("1"));
            },
            "/HostConfig/Sysctls",
            json!({"net.ipv4.ip_forward": "1"}),
        ),
        row(
            "dns-opt",
            |s| s.dns_options = words(&["ndots:2", "use-vc"]),
            "/HostConfig/DnsOptions",
            json!(["ndots:2", "use-vc"]),
        ),
        row(
            "logging",
            |s| {
                s.logging.driver = Some(text("local"));
                s.logging.options.insert(text("max-size"), text("1m"));
            },
            "/HostConfig/LogConfig",
            json!({"Type": "local", "Config": {"max-size": "1m"}}),
        ),
    ]
}

fn inspected(name: &str) -> Value {
    let output = Command::new("docker").args(["container", "inspect", name]).output().unwrap();
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    all[0].clone()
}

#[tokio::test]
async fn every_privilege_is_what_the_engine_says() {
    let attributes = Deployment("attr");
    let docker = engine_with(HostPolicy::permissive());
    act(&docker, &attributes.network("net")).await.unwrap();
    let mut wrong = Vec::new();
    for row in privileges() {
        let mut spec = sleeper();
        (row.ask)(&mut spec);
        let made = Action::CreateContainer(Box::new(attributes.create(row.name, spec.clone())));
        let (id, container) = match act(&docker, &made).await {
            Ok(model::target::Outcome::Container(id)) => {
                (id.clone(), target(&id, &attributes.name(row.name)))
            }
            other => {
                wrong.push(format!("{}: {other:?}", row.name));
                continue;
            }
        };
        let names = attributes.name(row.name);
        for started in [false, true] {
            if started {
                if !row.starts {
                    continue;
                }
                if let Err(error) =
                    act(&docker, &Action::StartContainer { container: container.clone() }).await
                {
                    wrong.push(format!("{} does not start: {error}", row.name));
                    continue;
                }
            }
            let json = inspected(names.as_str());
            for (at, value) in &row.expected {
                let seen = json.pointer(at);
                if seen != Some(value) {
                    wrong.push(format!("{} at {at}: {seen:?}", row.name));
                }
            }
            let mut seen = view(&docker, &id).await.spec;
            forget_the_engines_choices(&mut seen, &spec);
            let missing = lacks(&serde_json::json!(spec), &serde_json::json!(seen));
            if !missing.is_empty() {
                wrong.push(format!(
                    "{} (started: {started}) is not read back: {}",
                    row.name,
                    missing.join(", ")
                ));
            }
        }
        if row.starts {
            let grace = std::time::Duration::from_secs(1);
            let _ = act(&docker, &Action::StopContainer { container, grace }).await;
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

fn forget_the_engines_choices(seen: &mut ContainerSpec, spec: &ContainerSpec) {
    // The address in force is shown, asked for or not.
    let asked = |network| spec.networks.get(network).is_some_and(|a| a.mac.is_some());
    for (network, attachment) in &mut seen.networks {
        attachment.mac = attachment.mac.take().filter(|_| asked(network));
    }
    // So is what becomes of a bind when nothing is said.
    for (target, mount) in &mut seen.mounts {
        if spec.mounts.get(target).is_some_and(|m| m.propagation.is_none()) {
            mount.propagation = None;
        }
    }
}

/// What is said on the first side and not on the second. Sets and lists are whole.
fn lacks(want: &Value, have: &Value) -> Vec<String> {
    match (want, have) {
        (Value::Object(want), Value::Object(have)) => want
            .iter()
            .flat_map(|(name, value)| {
                lacks(value, have.get(name).unwrap_or(&Value::Null))
                    .into_iter()
                    .map(move |rest| format!("{name}.{rest}"))
            })
            .filter(|path| !path.contains("create_host_path"))
            .collect(),
        (want, have) if want == have => Vec::new(),
        (want, have) => vec![format!("{want} is {have}")],
    }
}
