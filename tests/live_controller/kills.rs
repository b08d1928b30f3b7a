//! A killed container runs again: how long after its end.

use std::time::Duration;

use crate::controller::{Setup, service};
use crate::engine::{Events, docker, id, inspect};
use crate::temp::Temp;
use crate::time::{eventually, figures, now, quiet};

#[test]
fn a_killed_container_runs_again() {
    let folder = Temp::new();
    // Each is killed four times: what is repaired more often in a row is put off.
    folder.write("kills/compose.yaml", service("deploy: { replicas: 5 }"));
    // No look but that of the event comes before the test gives up.
    let args = ["--resync", "10m"];
    let controller =
        Setup { args: &args, ..Setup::folder("kills", folder.path(), &["kills"]) }.start();
    controller.settles("kills");
    quiet();
    let events = Events::follow();
    let mut spans = Vec::new();
    for round in 0..20 {
        let name = format!("kills-web-{}", round % 5 + 1);
        let before = id(&name);
        let since = now();
        docker(&["kill", &name]);
        let died = events.first(&name, "die", since);
        let started = events.first(&name, "start", died);
        spans.push(started.saturating_sub(died));
        eventually("it runs", || inspect(&name, "{{.State.Running}}") == "true");
        assert_eq!(id(&name), before, "a container that still matches is started, not made again");
    }
    // The engine's own part, from the call to its answer.
    let log = controller.log();
    let calls = log.lines().filter(|line| line.contains("done start kills-web-"));
    let took = |line: &str| {
        let text = line.rsplit_once("took=")?.1.trim_matches('"');
        humantime::parse_duration(text).ok()
    };
    let starts: Vec<Duration> = calls.skip(5).filter_map(took).collect();
    figures("from the end of a killed container to its start", spans);
    figures("of this, the engine's own start call", starts);
}
