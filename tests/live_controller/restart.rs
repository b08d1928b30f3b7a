//! The engine or Consul dies under the controller: nothing is guessed, nothing is undone,
//! and what it finds afterwards it repairs.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::controller::{Setup, get, service};
use crate::engine::{
    Events, IMAGE, containers, docker, has_variable, id, inspect, is_running, try_docker, variable,
};
use crate::health::statuses;
use crate::temp::Temp;
use crate::time::{eventually, figures, now, pause};

/// A program of the lab that was ended as a crash would end it. It is started again at
/// the latest when the test ends: other tests need it.
struct Dead(Option<Command>);

impl Dead {
    fn kill(program: &str) -> Self {
        let lab = PathBuf::from(variable("RECONCILER_LAB"));
        let pid = fs::read_to_string(lab.join(format!("run/{program}.pid"))).unwrap();
        let pid = pid.trim();
        assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
        let gone = || !PathBuf::from(format!("/proc/{pid}/exe")).exists();
        eventually(&format!("{program} is gone"), gone);
        Self(Some(Command::new(lab.join(format!("bin/start-{program}")))))
    }

    fn start(&mut self) {
        if let Some(mut start) = self.0.take() {
            start.status().unwrap();
        }
    }
}

impl Drop for Dead {
    fn drop(&mut self) {
        self.start();
    }
}

fn engine_answers() -> bool {
    try_docker(&["version"]).is_ok()
}

#[test]
fn a_dead_engine_is_reported_and_after_its_return_all_is_repaired() {
    let folder = Temp::new();
    folder.write("engine/compose.yaml", service("deploy: { replicas: 2 }"));
    let args = ["--resync", "10m"];
    let controller =
        Setup { args: &args, consul: true, ..Setup::folder("engine", folder.path(), &["engine"]) }
            .start();
    controller.settles("engine");
    let before = [id("engine-web-1"), id("engine-web-2")];

    let mut engine = Dead::kill("dockerd");
    controller.says("cannot be read, nothing of it is changed");
    // A change that cannot be applied now is applied when the engine is back.
    folder.write("engine/compose.yaml", service("deploy: { replicas: 3 }"));
    pause(Duration::from_secs(3));
    let passes = controller.log().matches("pass begins").count();
    engine.start();
    eventually("the engine answers", engine_answers);
    let back = now();
    controller.says("answers again");
    figures(
        "from an engine that answers again to the controller's notice",
        vec![now().saturating_sub(back)],
    );
    eventually("all three run", || (1..=3).all(|slot| is_running(&format!("engine-web-{slot}"))));
    figures("from an engine that answers again to all repaired", vec![now().saturating_sub(back)]);
    assert_eq!([id("engine-web-1"), id("engine-web-2")], before, "made again, not started");
    assert_eq!(containers("engine").len(), 3);
    controller.settles("engine");
    assert!(controller.log().matches("pass begins").count() > passes);
    // And events are heard again.
    let events = Events::follow();
    let since = now();
    docker(&["kill", "engine-web-1"]);
    events.first("engine-web-1", "start", since);
}

#[test]
fn an_engine_that_dies_in_an_update_leaves_nothing_half() {
    let folder = Temp::new();
    let stack =
        |v: &str| service(&format!("environment: {{ V: \"{v}\" }}\n    deploy: {{ replicas: 2 }}"));
    folder.write("halfway/compose.yaml", stack("1"));
    let args = ["--resync", "10m"];
    let controller =
        Setup { args: &args, ..Setup::folder("halfway", folder.path(), &["halfway"]) }.start();
    controller.settles("halfway");

    folder.write("halfway/compose.yaml", stack("2"));
    // Start-first: beside the two that run, the first of the next ones does.
    let next = || containers("halfway").into_iter().find(|name| name.matches('-').count() > 2);
    eventually("the next one runs", || next().is_some_and(|name| is_running(&name)));
    let mut engine = Dead::kill("dockerd");
    engine.start();
    eventually("the engine answers", engine_answers);
    eventually("both are what git says", || {
        (1..=2).all(|slot| has_variable(&format!("halfway-web-{slot}"), "V=2"))
    });
    controller.settles("halfway");
    let mut names = containers("halfway");
    names.sort();
    assert_eq!(names, ["halfway-web-1", "halfway-web-2"]);
    assert!((1..=2).all(|slot| is_running(&format!("halfway-web-{slot}"))));
}

#[test]
fn a_dead_consul_costs_no_entry_and_no_restart() {
    let folder = Temp::new();
    folder.write("consul/compose.yaml", service("expose: [\"80\"]\n    deploy: { replicas: 2 }"));
    let args = ["--resync", "2s"];
    let controller =
        Setup { args: &args, consul: true, ..Setup::folder("consul", folder.path(), &["consul"]) }
            .start();
    controller.settles("consul");
    eventually("both are registered", || statuses("web.consul") == ["passing", "passing"]);
    let started = inspect("consul-web-1", "{{.State.StartedAt}}");

    let mut consul = Dead::kill("consul");
    eventually("the controller says so", || {
        let status = controller.status();
        status["acts"] == false || status["unseen"].to_string().contains("onsul")
    });
    // While nobody can write the catalog, one of them dies.
    docker(&["kill", "consul-web-2"]);
    pause(Duration::from_secs(3));
    assert_eq!(inspect("consul-web-1", "{{.State.StartedAt}}"), started);
    consul.start();
    let address = variable("CONSUL_HTTP_ADDR").replace("http://", "");
    eventually("Consul answers", || get(&address, "/v1/status/leader").1.len() > 4);
    let back = now();
    eventually("the catalog is true again", || {
        is_running("consul-web-2") && statuses("web.consul") == ["passing", "passing"]
    });
    figures("from a Consul that answers again to a true catalog", vec![now().saturating_sub(back)]);
    assert_eq!(inspect("consul-web-1", "{{.State.StartedAt}}"), started, "it was restarted");
    controller.settles("consul");
}

/// What an engine said of itself is trusted for one of its starts; this is what tells them apart.
#[test]
fn every_start_of_an_engine_makes_its_bridge_anew() {
    let run = ["run", "--detach", "--restart=always", "--name=bridged", IMAGE, "sleep", "1000"];
    docker(&run);
    let bridge = || try_docker(&["network", "inspect", "--format={{.Id}}", "bridge"]);
    let before = bridge().unwrap();
    // Also where a container on it is still alive when it starts.
    let mut engine = Dead::kill("dockerd");
    engine.start();
    eventually("the engine answers", || bridge().is_ok());
    let after = bridge().unwrap();
    docker(&["rm", "--force", "bridged"]);
    assert_ne!(after, before);
}
