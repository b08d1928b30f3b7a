//! A signal lets the current call finish, and says what remains.

use std::process::Child;

use super::support::*;

/// Its stop takes seconds, and nothing is started before the old one has stopped.
const SLOW: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sh -c 'trap \"sleep 3; exit 0\" TERM; while true; do sleep 0.1; done'
    environment: { TAG: \"1\" }
    deploy: { update_config: { order: stop-first } }
";

fn finish(child: Child) -> Finished {
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_signal_lets_the_current_call_finish() {
    for (name, signal, code) in [("sigterm", "-TERM", 143), ("sigint", "-INT", 130)] {
        let mut lab = Lab::new(name);
        lab.stack("abc", SLOW);
        lab.once().exits(0);
        let (web, before) = (lab.of("abc-web-1"), lab.containers());
        lab.stack("abc", &SLOW.replace("\"1\"", "\"2\""));
        let proxy = Proxy::engine(name);
        lab.engine_at(&proxy.address);
        let child = lab.program(&["--once", &lab.source()]).start();
        until("it stops the old container", || {
            proxy.mutating().iter().any(|call| call.contains("/stop"))
        });
        kill(&child, signal);
        finish(child).exits(code).says("remain").says("The same command goes on from here");
        let old = inspect(&before[&web]);
        assert_eq!(old["State"]["Status"], "exited", "the call under way went to its end");
        assert_eq!(old["State"]["ExitCode"], 0, "with the grace it had: {old}");

        lab.once().exits(0);
        assert_eq!(lab.names(), std::slice::from_ref(&web));
        assert_ne!(id(&web), before[&web]);
        lab.once().is_quiet();
    }
}

#[test]
fn a_signal_while_it_waits_ends_it_at_once() {
    let lab = Lab::new("waiting");
    lab.stack(
        "abc",
        "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: { test: [CMD, test, -e, /tmp/ready], interval: 1s, start_period: 5m }
",
    );
    let child = lab.program(&["--once", &lab.source()]).start();
    let web = lab.of("abc-web-1");
    until("it runs", || lab.names().contains(&web) && inspect(&web)["State"]["Running"] == true);
    kill(&child, "-TERM");
    finish(child).exits(143).says("remain");
    docker(&["exec", &web, "touch", "/tmp/ready"]);
    let before = lab.containers();
    lab.once().exits(0);
    assert_eq!(lab.containers(), before);
    lab.once().is_quiet();
}
