//! The `sync` modes on a real engine: what each withholds, and what `heal` repairs meanwhile.

use super::support::*;

const WEB: &str = "
services:
  web:
    image: reconciler.demo/base
    command: httpd -f -p 80
    stop_signal: SIGKILL
    expose: [80]
    environment: { TAG: \"1\" }
";

fn mode(lab: &Lab, sync: &str) {
    let id = lab.id("abc");
    let list = format!("deployments:\n  {id}: {{ stack: {id}, sync: {sync} }}\n");
    std::fs::write(lab.folder().join("stacks/deployments.yaml"), list).unwrap();
}

fn is_running(container: &str) -> bool {
    inspect(container)["State"]["Running"] == true
}

fn tag(container: &str) -> bool {
    inspect(container)["Config"]["Env"].to_string().contains("TAG=2")
}

#[test]
fn what_ended_is_healed_while_a_newer_revision_waits() {
    let lab = Lab::with_consul("heal");
    lab.stack("abc", WEB);
    mode(&lab, "heal");
    lab.once().exits(3).prints("because of `sync: heal`");
    assert!(lab.names().is_empty(), "a first revision waits, too");
    mode(&lab, "auto");
    lab.once().exits(0);
    mode(&lab, "heal");
    lab.once().is_quiet();
    let (web, before) = (lab.of("abc-web-1"), lab.containers());

    // What git says is what was applied: all is repaired.
    docker(&["rm", "-f", &web]);
    lab.once().exits(0);
    assert_ne!(lab.containers(), before);

    let before = lab.containers();
    lab.stack("abc", &WEB.replace("\"1\"", "\"2\""));
    lab.once().exits(3).prints("because of `sync: heal`");
    docker(&["kill", &web]);
    lab.once().exits(3).prints("restart web");
    assert_eq!(lab.containers(), before);
    assert!(is_running(&web) && !tag(&web), "it is what it was");
    let entries = Consul::service(&format!("web.{}", lab.id("abc")));
    let networks = inspect(&web)["NetworkSettings"]["Networks"].to_string();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert!(networks.contains(&entry["ServiceAddress"].to_string()), "{entry} {networks}");

    mode(&lab, "auto");
    lab.once().exits(0);
    assert!(is_running(&web) && tag(&web));
    mode(&lab, "heal");
    lab.once().is_quiet();
}

#[test]
fn notify_and_paused_touch_nothing() {
    let lab = Lab::new("notify");
    lab.stack("abc", WEB);
    mode(&lab, "auto");
    lab.once().exits(0);
    let (web, before) = (lab.of("abc-web-1"), lab.containers());
    docker(&["kill", &web]);
    lab.stack("abc", &WEB.replace("\"1\"", "\"2\""));
    mode(&lab, "notify");
    // That something does not work goes before that something is withheld.
    lab.plan().exits(3).prints("because of `sync: notify`");
    lab.once().exits(1).prints("because of `sync: notify`").says("is degraded");
    mode(&lab, "paused");
    lab.once().exits(0).prints("No changes now: 1 deployment paused.");
    assert_eq!(lab.containers(), before);
    assert!(!is_running(&web));
}
