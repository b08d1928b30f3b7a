//! Two runs at once, and what they can leave behind: the engine makes two networks of one
//! name if it is asked twice at the same time, and starts nothing on them from then on.

use serde_json::{Value, json};

use super::support::*;

const WEB: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    deploy: { replicas: 2 }
";

/// A second network of this name, as another run would have made it.
fn make_twin(network: &str) {
    let seen: Value = serde_json::from_str(&docker(&["network", "inspect", network])).unwrap();
    let body = json!({ "Name": network, "Driver": "bridge", "Labels": seen[0]["Labels"] });
    engine_post("/v1.41/networks/create", &body);
}

#[test]
fn a_second_network_of_one_name_goes() {
    let lab = Lab::new("twin");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let (network, before) = (lab.of("abc_default"), lab.containers());
    make_twin(&network);
    docker(&["kill", &lab.of("abc-web-1")]);
    assert_eq!(lab.networks(), [network.clone(), network.clone()]);
    lab.once().exits(0).prints("another one of it is still there");
    assert_eq!(lab.networks(), [network]);
    assert_eq!(lab.containers(), before, "the older one, with its containers, stays");
    lab.once().is_quiet();
}

#[test]
fn two_runs_at_once_leave_no_double() {
    for consul in [false, true] {
        let lab = if consul { Lab::with_consul("twolease") } else { Lab::new("twofree") };
        lab.stack("abc", WEB);
        let mut done = 0;
        let runs = [0, 1].map(|_| lab.program(&["--once", &lab.source()]).start());
        for run in runs {
            let ended = Finished::from(run.wait_with_output().unwrap());
            assert!(matches!(ended.code, Some(0 | 75)), "{ended}");
            done += usize::from(ended.code == Some(0));
        }
        assert!(done > 0, "nobody did it");
        if !consul {
            assert!(lock(&lab).is_none(), "the lock was given back");
        }
        // The one that was refused reports it, and tries again.
        lab.once().exits(0);
        assert_eq!(lab.names(), ["abc-web-1", "abc-web-2"].map(|name| lab.of(name)));
        assert_eq!(lab.networks(), [lab.of("abc_default")]);
        lab.once().is_quiet();
    }
}

/// The lock's id, if it is held.
fn lock(lab: &Lab) -> Option<String> {
    let filter = format!("name=^reconciler-lock-{}$", lab.installation());
    let ids = docker(&["ps", "-aq", "--filter", &filter]);
    (!ids.is_empty()).then_some(ids)
}

#[test]
fn a_run_does_nothing_while_another_one_acts() {
    let mut lab = Lab::new("onelock");
    lab.stack("abc", &WEB.replace("replicas: 2", "replicas: 1"));
    lab.once().exits(0);
    let before = lab.containers();
    lab.stack("abc", WEB);
    // One that hangs after its first call, which takes the lock.
    let holding = Proxy::crash_after("onelock", 1);
    lab.engine_at(&holding.address);
    let mut first = lab.program(&["--once", &lab.source()]).start();
    until("it acts", || holding.crashed());
    lab.engine_at(&variable("DOCKER_HOST"));
    let number = first.id().to_string();
    let refused = lab.once().exits(75).says("another run changes something");
    assert!(refused.stderr.contains(&format!("process {number} holds the lock")), "{refused}");
    assert_eq!(lab.containers(), before, "{refused}");
    lab.plan().exits(0);

    // What was killed holds nothing.
    first.kill().unwrap();
    first.wait().unwrap();
    lab.once().exits(0);
    assert_eq!(lab.names(), ["abc-web-1", "abc-web-2"].map(|name| lab.of(name)));
    assert!(lock(&lab).is_none());

    let counting = Proxy::engine("onelock-quiet");
    lab.engine_at(&counting.address);
    lab.once().is_quiet();
    assert_eq!(counting.mutating(), Vec::<String>::new());
}
