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
    lab.once().exits(0).prints("there is another one of it");
    assert_eq!(lab.networks(), [network]);
    assert_eq!(lab.containers(), before, "the older one, with its containers, stays");
    lab.once().is_quiet();
}

#[test]
fn two_runs_at_once_leave_no_double() {
    for consul in [false, true] {
        let lab = if consul { Lab::with_consul("twolease") } else { Lab::new("twofree") };
        lab.stack("abc", WEB);
        let runs = [0, 1].map(|_| lab.program(&["--once", &lab.source()]).start());
        for run in runs {
            let ended = Finished::from(run.wait_with_output().unwrap());
            if consul {
                assert!(matches!(ended.code, Some(0 | 75)), "{ended}");
            }
        }
        // Whoever was refused says so, and tries again.
        lab.once().exits(0);
        assert_eq!(lab.names(), ["abc-web-1", "abc-web-2"].map(|name| lab.of(name)));
        assert_eq!(lab.networks(), [lab.of("abc_default")]);
        lab.once().is_quiet();
    }
}
