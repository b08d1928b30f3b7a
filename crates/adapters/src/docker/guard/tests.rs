//! Every demand in every spelling, on the final body; and what may not be sent at all.

mod builds;
mod links;
mod networks;
mod resources;

use http::HeaderMap;
use serde_json::{Value, json};

use super::evaluator::PolicyEvaluator;
use super::*;
use crate::docker::act::body;
use model::limits::Limits;
use model::policy::HostPolicy;

const DEPLOYMENT: &str = "abc";

fn ask(
    method: &Method,
    path: &str,
    query: &str,
    body: &Value,
) -> Result<RequestedPrivileges, Refusal> {
    let bytes = body.to_string().into_bytes();
    let headers = &HeaderMap::new();
    examine(Outgoing { method, path, query, headers, body: Some(&bytes) })
}

fn post(path: &str, body: &Value) -> Result<RequestedPrivileges, Refusal> {
    ask(&Method::POST, path, "", body)
}

/// A body with the label that says whose it is.
fn owned(mut body: Value) -> Value {
    body["Labels"]["reconciler.deployment"] = DEPLOYMENT.into();
    body
}

/// The demands of a container with this `HostConfig`, each as the operator writes it.
fn of_host(host_config: &Value) -> Vec<String> {
    of_container(json!({ "HostConfig": host_config }))
}

fn of_container(body: Value) -> Vec<String> {
    texts(post("/containers/create", &owned(body)))
}

fn texts(requested: Result<RequestedPrivileges, Refusal>) -> Vec<String> {
    let requested = requested.unwrap();
    let unread = joins::unread(&requested.joins);
    requested.demands.iter().cloned().chain(unread).map(|demand| demand.to_string()).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_spelling_of_every_demand_is_found() {
    let table = [
        (json!({"Binds": ["/etc:/x"]}), "bind=/etc"),
        (json!({"Binds": ["/srv/../etc:/x:ro"]}), "bind=/etc"),
        (json!({"Binds": ["//etc//:/x"]}), "bind=/etc"),
        (json!({"Binds": ["/etc/:/x"]}), "bind=/etc"),
        (json!({"Binds": ["/etc/./ssh:/x"]}), "bind=/etc/ssh"),
        (json!({"Binds": ["/:/x"]}), "bind=/"),
        (json!({"Binds": ["/..:/x"]}), "bind=/"),
        (json!({"Binds": ["/var/run/docker.sock:/s"]}), "bind=/var/run/docker.sock"),
        (json!({"Binds": ["/run//docker.sock:/s:ro"]}), "bind=/run/docker.sock"),
        (json!({"Binds": ["./../etc:/x"]}), "bind=/etc"),
        (json!({"Binds": ["..:/x"]}), "bind=/"),
        (json!({"Binds": ["abc_x:/x:rshared"]}), "propagation=rshared"),
        (json!({"Binds": ["abc_x:/x:ro,shared"]}), "propagation=shared"),
        (json!({"Binds": ["xyz_data:/x"]}), "volume=xyz_data"),
        (json!({"Binds": ["abcd_data:/x"]}), "volume=abcd_data"),
        (json!({"Binds": ["data:/x"]}), "volume=data"),
        (json!({"Mounts": [{"Type": "bind", "Source": "/etc", "Target": "/x"}]}), "bind=/etc"),
        (json!({"Mounts": [{"Type": "bind", "Source": "/a/../etc/"}]}), "bind=/etc"),
        (
            json!({"Mounts": [{"Type": "bind", "Source": "//run/docker.sock"}]}),
            "bind=/run/docker.sock",
        ),
        (json!({"Mounts": [{"Type": "volume", "Source": "xyz_data"}]}), "volume=xyz_data"),
        (json!({"Mounts": [{"Type": "volume", "Source": "/etc"}]}), "bind=/etc"),
        (
            json!({"Mounts": [{"Type": "npipe", "Source": "x"}]}),
            "field=HostConfig.Mounts.Type:\"npipe\"",
        ),
        (json!({"Mounts": [{"Source": "/etc"}]}), "field=HostConfig.Mounts.Type:null"),
        (
            json!({"Mounts": [{"Type": "tmpfs", "BindOptions": {"Propagation": "rshared"}}]}),
            "propagation=rshared",
        ),
        (
            json!({"Mounts": [{"Type": "volume", "VolumeOptions": {"DriverConfig": {
                "Name": "local", "Options": {"device": "/"}}}}]}),
            "driver-option=device=/",
        ),
        (
            json!({"Mounts": [{"Type": "volume", "VolumeOptions": {"DriverConfig": {"Name": "sshfs"}}}]}),
            "driver-option=driver=sshfs",
        ),
        (
            json!({"Mounts": [{"Type": "volume", "VolumeOptions": {"DriverConfig": {
                "options": {"device": "/"}}}}]}),
            "field=HostConfig.Mounts.DriverConfig.options",
        ),
        (json!({"Privileged": true}), "privileged"),
        (json!({"Privileged": "yes"}), "privileged"),
        (json!({"NetworkMode": "host"}), "namespace=network=host"),
        (json!({"NetworkMode": "container:other"}), "namespace=network=container:other"),
        (json!({"NetworkMode": "container:"}), "namespace=network=container:"),
        (json!({"NetworkMode": "container:../x"}), "namespace=network=container:../x"),
        (json!({"NetworkMode": "Container:other"}), "network=Container:other"),
        (json!({"NetworkMode": "xyz_default"}), "network=xyz_default"),
        (json!({"NetworkMode": "bridge"}), "network=bridge"),
        (json!({"NetworkMode": "default"}), "network=bridge"),
        (json!({"PidMode": "host"}), "namespace=pid=host"),
        (json!({"PidMode": "container:other"}), "namespace=pid=container:other"),
        (json!({"IpcMode": "host"}), "namespace=ipc=host"),
        (json!({"IpcMode": "container:other"}), "namespace=ipc=container:other"),
        (json!({"UTSMode": "host"}), "namespace=uts=host"),
        (json!({"UsernsMode": "host"}), "namespace=userns=host"),
        (json!({"CgroupnsMode": "host"}), "namespace=cgroup=host"),
        (json!({"Cgroup": "container:other"}), "namespace=cgroup=container:other"),
        (json!({"Devices": [{"PathOnHost": "/dev/../dev/sda"}]}), "device=/dev/sda"),
        (json!({"DeviceRequests": [{"Driver": "nvidia", "Count": -1}]}), "device=request:nvidia"),
        (json!({"DeviceRequests": [{"Capabilities": [["gpu"]]}]}), "device=request:gpu"),
        (
            json!({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["a.b/c=d"]}]}),
            "device=cdi:a.b/c=d",
        ),
        (json!({"DeviceRequests": [{"Driver": "cdi"}]}), "device=request:cdi"),
        (json!({"DeviceCgroupRules": ["b 8:* rmw"]}), "device=cgroup-rule:b 8:* rmw"),
        (json!({"CapAdd": ["CAP_SYS_ADMIN"]}), "capability=SYS_ADMIN"),
        (json!({"CapAdd": ["sys_admin"]}), "capability=SYS_ADMIN"),
        (json!({"CapAdd": ["ALL"]}), "capability=ALL"),
        (json!({"SecurityOpt": ["seccomp=unconfined"]}), "security-opt=seccomp=unconfined"),
        (json!({"MaskedPaths": []}), "security-opt=systempaths=unconfined"),
        (json!({"ReadonlyPaths": []}), "security-opt=systempaths=unconfined"),
        (json!({"Runtime": "runsc"}), "runtime=runsc"),
        (json!({"CgroupParent": "/"}), "cgroup-parent=/"),
        (json!({"VolumesFrom": ["xyz-web-1"]}), "namespace=volumes_from=xyz-web-1"),
        (json!({"VolumesFrom": ["xyz-web-1:ro"]}), "namespace=volumes_from=xyz-web-1"),
        (json!({"VolumesFrom": ["/xyz-web-1:rw,z"]}), "namespace=volumes_from=xyz-web-1"),
        (json!({"VolumesFrom": ["0123456789ab"]}), "namespace=volumes_from=0123456789ab"),
        (json!({"Sysctls": {"kernel.panic": "1"}}), "sysctl=kernel.panic"),
        (json!({"Sysctls": ["kernel.panic"]}), "field=HostConfig.Sysctls"),
        (json!({"OomKillDisable": true}), "field=HostConfig.OomKillDisable"),
        (json!({"CpuRealtimeRuntime": 950_000}), "field=HostConfig.CpuRealtimeRuntime"),
        (json!({"StorageOpt": {"dm.basesize": "9G"}}), "field=HostConfig.StorageOpt.dm.basesize"),
        (json!({"StorageOpt": {"size": "1G"}}), "field=HostConfig.StorageOpt.size"),
        (json!({"Ulimits": [{"Name": "rtprio", "Hard": 99}]}), "field=HostConfig.Ulimits.rtprio"),
        (json!({"Ulimits": [{"name": "rtprio"}]}), "field=HostConfig.Ulimits.rtprio"),
        (json!({"Annotations": {"io.x": "y"}}), "annotation=io.x"),
        (json!({"Isolation": "hyperv"}), "field=HostConfig.Isolation"),
        (json!({"SecurityOpt": ["no-new-privileges=no"]}), "security-opt=no-new-privileges=no"),
        (json!({"SecurityOpt": ["label:disable"]}), "security-opt=label:disable"),
        (
            json!({"Mounts": [{"Type": "image", "Source": "x", "ImageOptions": {"New": true}}]}),
            "field=HostConfig.Mounts.ImageOptions.New",
        ),
        (json!({"OomScoreAdj": -1000}), "field=HostConfig.OomScoreAdj"),
        (json!({"VolumeDriver": "sshfs"}), "field=HostConfig.VolumeDriver"),
        (json!({"Links": ["/xyz-web-1:web"]}), "namespace=link=xyz-web-1"),
        (json!({"Links": ["xyz-web-1:/abc-web-1/web"]}), "namespace=link=xyz-web-1"),
        (json!({"Links": ["xyz-web-1"]}), "namespace=link=xyz-web-1"),
        (json!({"LogConfig": {"Type": "syslog"}}), "log-driver=syslog"),
        (
            json!({"LogConfig": {"Config": {"syslog-address": "udp://10.0.0.1", "tag": "a"}}}),
            "field=HostConfig.LogConfig.Config.syslog-address",
        ),
        (json!({"LogConfig": {"Type": 7}}), "field=HostConfig.LogConfig.Type"),
        // The engine's decoder ignores case: other spellings are other fields to us.
        (json!({"privileged": true}), "field=HostConfig.privileged"),
        (json!({"binds": ["/:/x"]}), "field=HostConfig.binds"),
        (json!({"SomethingNew": {"On": true}}), "field=HostConfig.SomethingNew"),
    ];
    for (host_config, demand) in table {
        assert_eq!(of_host(&host_config), [demand], "{host_config}");
    }
}

#[test]
fn demands_outside_of_the_host_configuration_are_found_too() {
    let table = [
        (json!({"hostconfig": {"Privileged": true}}), "field=hostconfig"),
        (json!({"Shell": ["/bin/sh"]}), "field=Shell"),
        (
            json!({"NetworkingConfig": {"EndpointsConfig": {"xyz_default": {}}}}),
            "network=xyz_default",
        ),
        (json!({"NetworkingConfig": {"EndpointsConfig": {"host": {}}}}), "namespace=network=host"),
        (
            json!({"NetworkingConfig": {"EndpointsConfig": {"abc_default": {"DriverOpts": {"a": "b"}}}}}),
            "driver-option=a=b",
        ),
        (json!({"NetworkingConfig": {"New": 1}}), "field=NetworkingConfig.New"),
    ];
    for (body, demand) in table {
        assert_eq!(of_container(body.clone()), [demand], "{body}");
    }
}

#[test]
fn a_plain_container_demands_nothing() {
    let anonymous = "a".repeat(64);
    let host_config = json!({
        "Binds": ["abc_data:/data:ro,nocopy", format!("{anonymous}:/cache")],
        "Mounts": [{"Type": "volume", "Target": "/x", "VolumeOptions": {"NoCopy": true}}],
        "NetworkMode": "abc_default", "IpcMode": "private", "CgroupnsMode": "private",
        "Privileged": false, "Devices": [], "CapAdd": null, "CapDrop": ["ALL"], "Memory": 5,
        "PidMode": "", "RestartPolicy": {"Name": "always"}, "Tmpfs": {"/tmp": "size=1m"},
        "Sysctls": {"net.core.somaxconn": "9", "kernel.shmmax": "1", "fs.mqueue.msg_max": "9"},
        "LogConfig": {"Type": "local", "Config": {"max-size": "1m"}}, "MaskedPaths": null,
        "GroupAdd": ["docker"], "OomScoreAdj": 500, "Isolation": "default",
        "SecurityOpt": ["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"],
        "MemorySwap": -1, "MemorySwappiness": 0, "CpuQuota": 5, "CpusetCpus": "0", "BlkioWeight": 9,
        "BlkioDeviceReadIOps": [{"Path": "/dev/sda", "Rate": 1}], "ShmSize": 1,
    });
    let endpoints = json!({"abc_default": {
        "Aliases": ["web"], "Links": ["db:db"], "MacAddress": "02:00:00:00:00:01", "GwPriority": 1,
        "DriverOpts": {"com.docker.network.endpoint.ifname": "lan0"},
    }});
    let body = json!({
        "Image": "web", "Env": ["A=b"], "HostConfig": host_config,
        "NetworkingConfig": {"EndpointsConfig": endpoints},
    });
    assert_eq!(of_container(body), Vec::<String>::new());
}

#[test]
fn what_creates_something_must_say_for_whom() {
    for path in ["/containers/create", "/networks/create", "/volumes/create"] {
        for body in [
            json!({"Name": "abc_x"}),
            json!({"Labels": {"reconciler.deployment": "../x"}}),
            json!({"Labels": {"reconciler.deployment": 7}}),
        ] {
            assert!(post(path, &body).is_err(), "{path} {body}");
        }
    }
}

#[test]
fn connecting_is_judged_for_the_containers_deployment() {
    let requested = post("/networks/xyz_default/connect", &json!({"Container": "c1"})).unwrap();
    let owner =
        Owner::OfContainer { container: "c1".to_owned(), network: Some("xyz_default".to_owned()) };
    assert_eq!(requested.owner, owner);
    assert!(post("/networks/n/connect", &json!({"Container": "../../x"})).is_err());
    assert!(post("/networks/n/disconnect", &json!({"Container": "c1", "Force": true})).is_err());
}

#[test]
fn a_command_is_judged_for_the_containers_deployment() {
    let exec = |body: Value| post("/containers/c1/exec", &body);
    let plain = json!({"Cmd": ["a"], "Env": ["A=b"], "User": "root", "WorkingDir": "/",
        "AttachStdout": true, "AttachStderr": true, "Privileged": false, "Tty": false});
    let requested = exec(plain.clone()).unwrap();
    assert_eq!(requested.owner, Owner::OfContainer { container: "c1".to_owned(), network: None });
    assert_eq!(texts(Ok(requested)), Vec::<String>::new());
    let table = [
        (json!({"Privileged": true}), "privileged"),
        (json!({"Privileged": "yes"}), "privileged"),
        (json!({"privileged": true}), "field=Exec.privileged"),
        (json!({"AttachStdin": true}), "field=Exec.AttachStdin"),
        (json!({"Tty": true}), "field=Exec.Tty"),
    ];
    for (body, demand) in table {
        assert_eq!(texts(exec(body.clone())), [demand], "{body}");
    }
    assert!(post("/containers/../exec", &plain).is_err());
    assert!(post("/exec/e1/start", &json!({"Detach": false, "Tty": false})).is_ok());
    assert!(post("/exec/e1/start", &json!({"Tty": true})).is_err());
}

#[test]
fn images_are_not_imported() {
    let create = |query: &str| ask(&Method::POST, "/images/create", query, &Value::Null);
    assert!(create("fromImage=busybox&tag=1").is_ok());
    assert!(create("fromSrc=-&repo=reconciler.internal%2Fledger&tag=1").is_ok());
    assert!(create("fromSrc=-&repo=busybox&tag=1").is_err());
    assert!(
        create("fromSrc=http%3A%2F%2F10.0.0.1&repo=reconciler.internal%2Fledger&tag=1").is_err()
    );
    assert!(create("fromImage=a&repo=b").is_err());
}

#[test]
fn limits_are_all_that_changes_in_place() {
    let update = |body: Value| post("/containers/c1/update", &body);
    let resources = model::action::Resources {
        limits: Limits { memory: 5, nano_cpus: 6, cpu_shares: 7, pids: 8, ..Limits::default() },
        restart: model::spec::RestartPolicy::Always,
    };
    assert!(update(serde_json::to_value(body::update(&resources)).unwrap()).is_ok());
    for body in [
        json!({"Devices": [{"PathOnHost": "/dev/sda"}]}),
        json!({"DeviceCgroupRules": ["a *:* rwm"]}),
        json!({"CgroupParent": "/"}),
        json!({"OomKillDisable": true}),
    ] {
        assert!(update(body.clone()).is_err(), "{body}");
    }
}

#[test]
fn what_is_not_listed_is_not_sent() {
    let table = [
        (Method::POST, "/exec/e1/resize"),
        (Method::POST, "/containers/c1/exec/e1"),
        (Method::POST, "/containers/c1/attach"),
        (Method::POST, "/containers/prune"),
        (Method::POST, "/commit"),
        (Method::POST, "/volumes/prune"),
        (Method::DELETE, "/volumes/abc_data"),
        (Method::DELETE, "/images/web"),
        (Method::POST, "/plugins/pull"),
        (Method::POST, "/swarm/init"),
        (Method::POST, "/services/create"),
        (Method::POST, "/images/load"),
        (Method::PUT, "/containers/c1%2Farchive"),
        (Method::POST, "/containers/%2e%2e/start"),
        (Method::POST, "/containers//start"),
        (Method::POST, "/containers/../start"),
        (Method::POST, "/grpc"),
        (Method::GET, "/containers/c1/archive"),
        (Method::GET, "/containers/c1/attach/ws"),
        (Method::GET, "/secrets"),
        (Method::HEAD, "/containers/c1/archive"),
    ];
    for (method, path) in table {
        assert!(ask(&method, path, "", &json!({})).is_err(), "{method} {path}");
    }
    let remove = |query: &str| ask(&Method::DELETE, "/containers/c1", query, &Value::Null);
    assert!(remove("v=false&force=false").is_ok());
    for query in ["v=true", "v=1", "force=true", "link=1"] {
        assert!(remove(query).is_err(), "{query}");
    }
}

#[test]
fn a_body_that_cannot_be_read_is_not_sent() {
    let method = Method::POST;
    let path = "/containers/create";
    for body in [None, Some(&b"[]"[..]), Some(b"{"), Some(b"")] {
        let headers = &HeaderMap::new();
        assert!(examine(Outgoing { method: &method, path, query: "", headers, body }).is_err());
    }
}

#[test]
fn a_refusal_names_the_demand_and_the_flag() {
    let requested = post(
        "/containers/create",
        &owned(json!({"HostConfig": {
        "Binds": ["/srv/data/x:/x", "/etc:/y"], "Privileged": true }})),
    );
    let requested = requested.unwrap();
    let mut policy = HostPolicy::default();
    policy.grants.insert("abc".to_owned(), ["bind=/srv/data".to_owned()].into());
    let refusal = requested.evaluate(&PolicyEvaluator::of(policy.clone())).unwrap_err().to_string();
    assert!(refusal.contains("abc bind=/etc, privileged [E0601 E0602];"), "{refusal}");
    assert!(refusal.contains("--allow 'abc:bind=/etc' --allow 'abc:privileged'"), "{refusal}");
    assert!(!refusal.contains("/srv/data"), "{refusal}");

    policy.grants.insert("*".to_owned(), ["bind=/etc", "privileged"].map(str::to_owned).into());
    assert_eq!(requested.evaluate(&PolicyEvaluator::of(policy.clone())), Ok(()));
    assert_eq!(requested.evaluate(&PolicyEvaluator::of(HostPolicy::permissive())), Ok(()));
}
