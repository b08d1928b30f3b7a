//! What the planner reads from a spec, the guard reads from the body that is made of it: a
//! deployment that was let through is never stopped half-way, nor the other way round.

use std::collections::BTreeSet;

use http::{HeaderMap, Method};
use serde_json::Value;

use crate::docker::act::body;
use crate::docker::guard::{Outgoing, examine};
use model::demand::Demand;
use model::limits::Ulimit;
use model::privilege::{Device, DeviceRequest};
use model::share::Namespace;
use model::spec::{Attachment, ContainerSpec, Mount, MountSource, Propagation, Recursion};

fn examined(body: &Value) -> BTreeSet<Demand> {
    let bytes = body.to_string().into_bytes();
    let (method, path) = (&Method::POST, "/containers/create");
    let headers = &HeaderMap::new();
    examine(Outgoing { method, path, query: "", headers, body: Some(&bytes) }).unwrap().demands
}

/// Each way in which a container can demand something of the host.
#[expect(clippy::too_many_lines, reason = "a table")]
fn demanding() -> Vec<fn(&mut ContainerSpec)> {
    fn bind(spec: &mut ContainerSpec, mount: Mount) {
        let source = MountSource::Bind("/srv/../etc".to_owned());
        spec.mounts.insert("/x".to_owned(), Mount { source, ..mount });
    }
    vec![
        |s| bind(s, Mount::default()),
        |s| bind(s, Mount { create_host_path: true, ..Mount::default() }),
        |s| bind(s, Mount { recursion: Some(Recursion::ReadOnly), ..Mount::default() }),
        |s| bind(s, Mount { propagation: Some(Propagation::RShared), ..Mount::default() }),
        |s| {
            let propagation = Some(Propagation::Shared);
            bind(s, Mount { propagation, create_host_path: true, ..Mount::default() });
        },
        // What `use_api_socket` comes to.
        |s| {
            let socket = "/var/run/docker.sock".to_owned();
            let source = MountSource::Bind(socket.clone());
            s.mounts.insert(socket, Mount { source, ..Mount::default() });
        },
        |s| s.privileges.privileged = true,
        |s| {
            s.privileges.cap_add.insert("SYS_ADMIN".to_owned());
        },
        |s| {
            s.privileges.security_opt.insert("seccomp={\"a\":1}".to_owned());
        },
        |s| {
            s.privileges.security_opt.insert("apparmor=unconfined".to_owned());
        },
        |s| s.privileges.system_paths = true,
        |s| {
            let device = Device { host: "/dev//sda".to_owned(), permissions: "rwm".to_owned() };
            s.devices.mapped.insert("/dev/x".to_owned(), device);
        },
        |s| {
            s.devices.rules.insert("a *:* rwm".to_owned());
        },
        |s| {
            let ids = vec!["a.b/c=d".to_owned(), "a.b/c=e".to_owned()];
            let driver = "cdi".to_owned();
            s.devices.requests.push(DeviceRequest { driver, ids, ..DeviceRequest::default() });
        },
        |s| {
            let capabilities = vec![vec!["gpu".to_owned(), "compute".to_owned()]];
            s.devices.requests.push(DeviceRequest { capabilities, ..DeviceRequest::default() });
        },
        |s| s.uts = Namespace::Host,
        |s| s.userns = Namespace::Host,
        |s| s.cgroup = Namespace::Host,
        |s| s.runtime = Some("runsc".to_owned()),
        |s| {
            s.sysctls.insert("vm.swappiness".to_owned(), "1".to_owned());
        },
        |s| {
            s.annotations.insert("io.x".to_owned(), "y".to_owned());
        },
        |s| {
            s.storage_options.insert("dm.x".to_owned(), "y".to_owned());
        },
        |s| s.logging.driver = Some("syslog".to_owned()),
        |s| {
            s.storage_options.insert("size".to_owned(), "1G".to_owned());
        },
        |s| {
            s.logging.options.insert("gelf-address".to_owned(), "udp://10.0.0.1:1".to_owned());
        },
        |s| {
            s.limits.ulimits.insert("rtprio".to_owned(), Ulimit { soft: 1, hard: 99 });
        },
        |s| s.limits.cgroup_parent = Some("/x".to_owned()),
        |s| s.limits.oom_kill_disable = true,
        |s| s.limits.oom_score_adj = -1,
        |s| s.limits.cpu_rt_runtime = 1,
        |s| s.limits.cpu_rt_period = 1,
        |s| s.isolation = Some("hyperv".to_owned()),
        |s| {
            let driver_opts = [("a".to_owned(), "b".to_owned())].into();
            let attachment = Attachment { driver_opts, ..Attachment::default() };
            s.networks.insert("abc_default".into(), Box::new(attachment));
        },
    ]
}

#[test]
fn the_planner_and_the_guard_see_the_same_demands() {
    for (number, ask) in demanding().into_iter().enumerate() {
        let mut spec = ContainerSpec::of_image("web".into());
        ask(&mut spec);
        let planned: BTreeSet<Demand> =
            model::demands::of_container(&spec).into_iter().map(|(d, _)| d).collect();
        assert!(!planned.is_empty(), "{number}");
        let mut create = body::tests::create(spec);
        create.network = create.spec.networks.keys().next().cloned();
        let body = serde_json::to_value(body::container(&create)).unwrap();
        assert_eq!(examined(&body), planned, "{number}");
    }
}
