//! A sick deployment is nobody else's problem, and a crash loop is not fed.

use std::time::Duration;

use crate::controller::{Setup, service, stack};
use crate::engine::{Events, has_variable, is_running};
use crate::temp::Temp;
use crate::time::{eventually, figures, now, pause, print};

#[test]
fn a_deployment_that_never_becomes_healthy_delays_no_other() {
    let folder = Temp::new();
    let check = "{ test: [CMD, \"false\"], interval: 1s, retries: 100 }";
    let never = format!("healthcheck: {check}\n    x-reconciler: {{ deadline: 10m }}");
    folder.write("sick/compose.yaml", service(&never));
    folder.write("well/compose.yaml", stack("1"));
    let controller = Setup::folder("sick", folder.path(), &["sick", "well"]).start();
    controller.settles("well");
    eventually("the sick one runs", || is_running("sick-web-1"));
    assert_ne!(controller.status()["deployments"]["sick"]["health"], "Healthy");
    let mut spans = Vec::new();
    for version in ["2", "3", "4"] {
        folder.write("well/compose.yaml", stack(version));
        let written = now();
        eventually("the well one is changed", || {
            has_variable("well-web-1", &format!("V={version}"))
        });
        spans.push(now().saturating_sub(written));
    }
    figures("from a change beside a sick deployment to its end", spans);
    assert!(is_running("sick-web-1"));
    assert_ne!(controller.status()["deployments"]["sick"]["health"], "Healthy");
}

#[test]
fn a_crash_loop_is_tried_less_and_less_often() {
    let folder = Temp::new();
    folder.write("loop/compose.yaml", service("").replace("[sleep, \"3600\"]", "[\"false\"]"));
    let events = Events::follow();
    let since = now();
    let controller = Setup::folder("loop", folder.path(), &["loop"]).start();
    events.first("loop-web-1", "start", since);
    pause(Duration::from_secs(30));
    let starts = events.times("loop-web-1", "start", since);
    print(&format!("figure: starts of a crash loop in 30 s: {}", starts.len()));
    // At once five times, then after 1, 2, 4, 8, 16 s: without pauses there are hundreds.
    assert!((3..=14).contains(&starts.len()), "{} starts", starts.len());
    // It may just be tried once more.
    eventually("it is held back", || {
        controller.status()["held"].to_string().contains("loop-web-1")
    });
    assert!(!controller.status()["deployments"]["loop"]["health"].to_string().contains("Healthy"));
}
