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

/// It is healthy once a file is put there.
const UNREADY: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    healthcheck: { test: [CMD, test, -e, /tmp/ready], interval: 1s, start_period: 5m }
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
        let finished = finish(child).exits(code);
        finished
            .says(&format!("not finished: {}/web/1", lab.id("abc")))
            .says("The same command goes on from here");
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
    lab.stack("abc", UNREADY);
    let child = lab.program(&["--once", &lab.source()]).start();
    let web = lab.of("abc-web-1");
    until("it runs", || lab.names().contains(&web) && inspect(&web)["State"]["Running"] == true);
    kill(&child, "-TERM");
    finish(child).exits(143).says(&format!("given up: the wait for {}/web/1", lab.id("abc")));
    docker(&["exec", &web, "touch", "/tmp/ready"]);
    let before = lab.containers();
    lab.once().exits(0);
    assert_eq!(lab.containers(), before);
    lab.once().is_quiet();
}

#[test]
fn the_lease_of_a_process_that_was_killed_is_waited_for_and_that_is_said() {
    let lab = Lab::with_consul("slain");
    lab.stack("abc", UNREADY);
    let child = lab.program(&["--once", &lab.source()]).start();
    let web = lab.of("abc-web-1");
    until("it runs", || lab.names().contains(&web) && inspect(&web)["State"]["Running"] == true);
    kill(&child, "-KILL");
    // Nobody is left of it, not even for its parent.
    finish(child);
    docker(&["exec", &web, "touch", "/tmp/ready"]);
    let next = lab.once().exits(0);
    next.says("which has ended without giving it back; Consul frees it by itself, in at most 21s");
}

#[test]
fn a_deadline_ends_the_waiting_and_leaves_what_runs() {
    let lab = Lab::new("deadline");
    lab.stack("abc", UNREADY);
    // Withheld besides: what failed goes before it.
    docker(&["run", "-d", "--name", &lab.of("xyz-web-1"), IMAGE, "sleep", "1000"]);
    lab.stack("xyz", UNREADY);
    let source = lab.source();
    let once = |words: &[&str]| lab.run(&[&["--once", "--deadline", "3s"], words].concat());
    let late = once(&[&source]).exits(1).prints("until the name is free");
    late.says("the deadline has passed: stopping")
        .says("the deadline passed; calls that had begun are finished, waits are given up")
        .says("The same command goes on from here");
    let before = lab.containers();
    let web = lab.of("abc-web-1");
    assert_eq!(before.keys().collect::<Vec<_>>(), [&web, &lab.of("xyz-web-1")]);
    assert_eq!(inspect(&web)["State"]["Running"], true);

    // It waits for the same container again, and is late again.
    let json = once(&["-o", "json", "--quiet", &source]).exits(1);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(report["exit_code"], 1, "{report}");
    assert_eq!(lab.containers(), before);

    docker(&["exec", &web, "touch", "/tmp/ready"]);
    once(&[&source]).exits(3);
    assert_eq!(lab.containers(), before);
}
