//! Inspect answers as engine 20.10 gives them, and what becomes of them.

use serde_json::{Value, json};

use super::*;
use model::spec::{MountSource, RestartPolicy};

const ID: &str = "f53f49a3e913d54d7bf79c38f6e19e778b647346545211084fc7fa3df74c99fb";

/// What engine 20.10 says of a running container, in part.
fn recorded() -> Value {
    json!({
        "Id": ID, "Name": "/abc-web-1", "Created": "2026-11-21T10:31:18.216286069Z",
        "Image": "sha256:df59", "RestartCount": 2,
        "State": {
            "Status": "running", "ExitCode": 0, "StartedAt": "2026-11-21T10:31:18.473306846Z",
            "FinishedAt": "0001-01-01T00:00:00Z", "Health": {"Status": "starting"}
        },
        "HostConfig": {
            "NetworkMode": "abc_default", "PidsLimit": null, "CapAdd": ["CAP_NET_ADMIN"],
            "CapDrop": ["mknod"], "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
            "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "53/udp": null},
            "Memory": 20_971_520, "MemorySwap": 41_943_040, "Init": null,
            "Mounts": [{
                "Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 64, "Mode": 0o1777}
            }]
        },
        "Mounts": [
            {"Type": "volume", "Name": "abc_data", "Destination": "/data", "Mode": "z", "RW": true},
            {"Type": "volume", "Name": ID, "Destination": "/anon", "Mode": "", "RW": true},
            {"Type": "bind", "Source": "/srv", "Destination": "/srv", "Mode": "ro", "RW": false},
            {"Type": "tmpfs", "Source": "", "Destination": "/t", "Mode": "", "RW": true}
        ],
        "Config": {
            "Hostname": "f53f49a3e913", "User": "", "WorkingDir": "", "Image": "web:1",
            "Env": ["A=b=c", "NOVALUE"], "Cmd": ["sleep"], "Entrypoint": null,
            "ExposedPorts": {"80/tcp": {}, "x/tcp": {}}, "Labels": {"x": "y"},
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_500_000_000, "Retries": 0}
        },
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/tcp": null},
            "Networks": {"abc_default": {
                "Aliases": ["web", "f53f49a3e913", "abc-web-1"], "IPAddress": "172.18.0.2",
                "IPAMConfig": {}, "GlobalIPv6Address": ""
            }}
        }
    })
}

fn view(recorded: &Value) -> ContainerView {
    let answer = recorded.to_string();
    container(serde_json::from_str(&answer).unwrap()).unwrap()
}

#[test]
fn the_engines_inventions_are_taken_out() {
    let view = view(&recorded());
    assert_eq!(view.name.as_str(), "abc-web-1");
    assert_eq!(view.spec.hostname, None);
    let attachment = &view.spec.networks[&"abc_default".into()];
    assert_eq!(
        **attachment,
        Attachment { aliases: ["web".to_owned()].into(), ..Attachment::default() }
    );
    assert_eq!((view.spec.user, view.spec.working_dir), (None, None));
    assert_eq!(view.state.finished_at, None);
    let nanos = view.state.started_at.unwrap().since(view.created_at).as_nanos();
    assert_eq!(nanos, 257_020_777);
}

#[test]
fn a_host_name_that_was_asked_for_stays() {
    let mut own = recorded();
    own["Config"]["Hostname"] = "db".into();
    assert_eq!(view(&own).spec.hostname.as_deref(), Some("db"));
    own["HostConfig"]["NetworkMode"] = "host".into();
    assert_eq!(view(&own).spec.hostname, None, "that is the host's");
}

#[test]
fn lists_become_what_they_mean() {
    let view = view(&recorded());
    let spec = &view.spec;
    assert_eq!(spec.env, [("A".to_owned(), "b=c".to_owned())].into());
    assert_eq!(spec.unset_env, ["NOVALUE".to_owned()].into());
    assert_eq!(spec.env_lines().collect::<Vec<_>>(), ["A=b=c", "NOVALUE"]);
    assert_eq!(spec.privileges.cap_add, ["NET_ADMIN".to_owned()].into());
    assert_eq!(spec.privileges.cap_drop, ["MKNOD".to_owned()].into());
    assert_eq!((spec.limits.pids, spec.restart, spec.init), (0, RestartPolicy::No, None));
    let http = Port { number: 80, protocol: Protocol::Tcp };
    assert_eq!(spec.exposed, [http].into());
    assert_eq!(spec.published.len(), 1);
    assert_eq!(view.host_ports, [(http, 8080)].into());
    assert_eq!(view.addresses[&"abc_default".into()].to_string(), "172.18.0.2");
    let check = spec.healthcheck.as_ref().unwrap();
    assert_eq!((check.interval, check.retries), (Some(Duration::from_millis(1500)), None));
}

#[test]
fn mounts_are_distinguished_and_every_volume_is_remembered() {
    let view = view(&recorded());
    let source = |target: &str| view.spec.mounts[target].source.clone();
    assert_eq!(source("/data"), MountSource::Volume("abc_data".into()));
    assert_eq!(source("/anon"), MountSource::Anonymous);
    assert_eq!(source("/srv"), MountSource::Bind("/srv".to_owned()));
    assert!(view.spec.mounts["/srv"].read_only && !view.spec.mounts["/data"].read_only);
    assert_eq!(view.spec.tmpfs, [("/t".to_owned(), "size=64,mode=1777".to_owned())].into());
    assert_eq!(view.volumes[&"/anon".to_owned()].as_str(), ID);
    assert_eq!(view.volumes.len(), 2);
}

#[test]
fn a_limit_of_minus_one_is_none() {
    let mut unlimited = recorded();
    unlimited["HostConfig"]["PidsLimit"] = (-1).into();
    assert_eq!(view(&unlimited).spec.limits.pids, 0);
}

#[test]
fn never_is_no_instant() {
    assert_eq!(instant("0001-01-01T00:00:00Z"), None);
    assert_eq!(instant(""), None);
    assert_eq!(instant("1970-01-01T00:00:01.5Z"), Some(Timestamp(1_500_000_000)));
}

#[test]
fn an_engine_may_write_its_local_time() {
    let noon = instant("2026-11-21T12:00:00.5Z").unwrap();
    assert_eq!(instant("2026-11-21T13:30:00.5+01:30"), Some(noon));
    assert_eq!(instant("2026-11-21T07:00:00.5-05:00"), Some(noon));
    assert_eq!(instant("2026-11-21T07:00:00"), None);
}

#[test]
fn why_a_start_failed_is_reported_without_the_engines_words() {
    for (non_empty, wanted) in [
        ("", None),
        (
            "failed to create task: AlreadyExists: task f53f already exists: unknown",
            Some(StartFailure::Stuck),
        ),
        ("endpoint with name x already exists in network y", Some(StartFailure::Other)),
        ("exec: hunter2: executable file not found", Some(StartFailure::Other)),
    ] {
        let mut recorded = recorded();
        recorded["State"]["Error"] = non_empty.into();
        assert_eq!(view(&recorded).state.start_failure, wanted, "{non_empty}");
    }
}

/// A container that has not looked for its network yet names none.
#[test]
fn a_network_is_identified_by_its_id() {
    let mut recorded = recorded();
    let networks = &mut recorded["NetworkSettings"]["Networks"];
    networks["other"] = json!({ "NetworkID": "" });
    networks["abc_default"]["NetworkID"] = ID.into();
    assert_eq!(view(&recorded).network_ids, [("abc_default".into(), ID.into())].into());
}

/// What 20.10, newer engines (`EnableIPv4`), and those of other makers (`{}`) answer where nobody
/// asked for anything.
#[test]
fn an_engines_own_choices_for_a_network_are_those_that_a_stack_leaves_open() {
    for (options, ipv4) in [(Value::Null, Value::Null), (json!({}), json!(true))] {
        let answer = json!({
            "Name": "abc_n", "Id": ID, "Created": "2026-11-21T10:31:18Z", "Scope": "local",
            "Driver": "bridge", "EnableIPv4": ipv4, "EnableIPv6": false, "Internal": false,
            "Attachable": false, "Ingress": false, "Options": {}, "Labels": {},
            "IPAM": {
                "Driver": "default", "Options": options,
                "Config": [{ "Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1" }]
            },
        });
        let seen = network(serde_json::from_str(&answer.to_string()).unwrap()).unwrap().spec;
        let pool = IpamPool {
            subnet: Some("172.18.0.0/16".to_owned()),
            gateway: Some("172.18.0.1".to_owned()),
            ..IpamPool::default()
        };
        let mut spec = NetworkSpec::bridge("abc_n".into());
        (spec.ipv4, spec.pools) = (ipv4.as_bool(), vec![pool]);
        assert_eq!(seen, spec);
    }
}

#[test]
fn a_volume_has_its_options_under_another_name_than_its_request() {
    let answer = json!({
        "Name": "abc_v", "Driver": "local", "Options": {"type": "tmpfs"}, "Labels": null,
        "CreatedAt": "", "Mountpoint": "/x", "Scope": "local",
    });
    let seen = volume(serde_json::from_str(&answer.to_string()).unwrap()).unwrap();
    let mut spec = VolumeSpec::local("abc_v".into());
    spec.driver_opts.insert("type".to_owned(), "tmpfs".to_owned());
    assert_eq!((seen.spec, seen.created_at), (spec, None));
}
