//! Services that share with another one, and lifecycle hooks.

use super::support::*;

/// A host with a page, and a member of its network, whose volume a third one takes.
const MEMBERS: &str = "
services:
  vpn:
    image: reconciler.demo/base
    command: sh -c 'mkdir /www; echo VERSION > /www/index.html; exec httpd -f -p 80 -h /www'
    stop_signal: SIGKILL
    ipc: shareable
    volumes: [data:/data]
  app:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    network_mode: service:vpn
    ipc: service:vpn
    pid: service:vpn
    volumes_from: [\"vpn:ro\"]
volumes:
  data:
";

fn page(lab: &Lab) -> String {
    docker(&["exec", &lab.of("abc-app-1"), "wget", "-qO-", "http://127.0.0.1/"])
}

#[test]
fn a_namespace_member_moves_when_its_host_is_replaced() {
    let lab = Lab::new("guests");
    lab.stack("abc", MEMBERS);
    lab.once().exits(0);
    let (vpn, app) = (lab.of("abc-vpn-1"), lab.of("abc-app-1"));
    assert_eq!(page(&lab).trim(), "VERSION");
    let mode = |name: &str| inspect(name)["HostConfig"]["NetworkMode"].clone();
    assert_eq!(mode(&app), format!("container:{}", id(&vpn)));
    docker_fails(&["exec", &app, "touch", "/data/x"]);
    lab.plan().exits(0).prints("No changes");

    let before = (id(&vpn), id(&app));
    docker(&["restart", "-t", "0", &vpn]);
    lab.once().exits(0);
    assert_eq!((id(&vpn), id(&app)), before);
    assert_eq!(page(&lab).trim(), "VERSION");

    lab.stack("abc", &MEMBERS.replace("VERSION", "SECOND"));
    lab.once().exits(0);
    assert_ne!(id(&app), before.1, "its host is another one");
    assert_eq!(mode(&app), format!("container:{}", id(&vpn)));
    assert_eq!(page(&lab).trim(), "SECOND");
    lab.plan().exits(0).prints("No changes");

    lab.stack("xyz", "services: { web: { image: reconciler.demo/base, command: sleep 1000 } }");
    lab.once().exits(0);
    lab.drop_stack("abc");
    lab.once().exits(0);
    assert!(!lab.names().iter().any(|name| name.contains("abc")), "{:?}", lab.names());
}

#[test]
fn containers_of_others_are_not_gits_to_share_with() {
    let lab = Lab::new("shares");
    let theirs = lab.of("theirs");
    docker(&["run", "-d", "--name", &theirs, "reconciler.demo/base", "sleep", "1000"]);
    let web = "services:\n  web:\n    image: reconciler.demo/base\n    command: sleep 1000\n";
    for (demand, line) in [
        (format!("network=container:{theirs}"), format!("network_mode: container:{theirs}")),
        (format!("pid=container:{theirs}"), format!("pid: container:{}", id(&theirs))),
        (format!("volumes_from={theirs}"), format!("volumes_from: [\"container:{theirs}\"]")),
        (format!("link={theirs}"), format!("external_links: [\"{theirs}:gw\"]")),
    ] {
        lab.stack("abc", &format!("{web}    {line}\n    stop_signal: SIGKILL\n"));
        let url = lab.commit();
        let grant = format!("{}:namespace={demand}", lab.id("abc"));
        lab.run(&["--once", &url]).exits(77).prints(&format!("--allow {grant}"));
        if !demand.starts_with("link") {
            lab.run(&["--once", "--allow", &grant, &url]).exits(0);
            lab.run(&["plan", "--allow", &grant, &url]).exits(0).prints("No changes");
        }
    }
    docker(&["rm", "-f", &theirs]);
}

/// Every hook leaves a line in a volume.
const HOOKS: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    environment: { VERSION: one }
    volumes: [log:/log]
    pre_start:
      - command: sh -c 'echo \"init $$VERSION $$WHO\" >> /log/lines'
        environment: { WHO: me }
    post_start:
      - command: sh -c 'echo \"started $$VERSION\" >> /log/lines'
    pre_stop:
      - command: sh -c 'echo \"stopping $$VERSION\" >> /log/lines'
      - command: [\"false\"]
volumes:
  log:
";

#[test]
fn hooks_run_in_their_order_and_a_failing_pre_stop_stops_nothing() {
    let lab = Lab::new("hooks");
    lab.stack("abc", HOOKS);
    lab.once().exits(0);
    let web = lab.of("abc-web-1");
    let lines = || docker(&["exec", &web, "cat", "/log/lines"]);
    assert_eq!(lines().lines().collect::<Vec<_>>(), ["init one me", "started one"]);
    assert_eq!(lab.names(), std::slice::from_ref(&web), "what ran before it is gone");
    lab.plan().exits(0).prints("No changes");

    lab.stack("abc", &HOOKS.replace("VERSION: one", "VERSION: two"));
    lab.once().exits(0);
    let wanted = ["init one me", "started one", "stopping one", "init two me", "started two"];
    assert_eq!(lines().lines().collect::<Vec<_>>(), wanted);

    lab.stack("abc", &HOOKS.replace("echo \"started $$VERSION\"", "echo no >&2; exit 3;"));
    lab.plan().exits(0);
    let stays = "    deploy: { update_config: { failure_action: pause } }\n    pre_start:";
    let fails = HOOKS.replace("echo \"init", "exit 7; echo \"init");
    lab.stack("abc", &fails.replace("    pre_start:", stays));
    lab.once().exits(1);
    let log = docker(&["ps", "-a", "--format", "{{.Names}}"]);
    assert!(log.contains(&lab.of("abc-web-pre-start-0")), "what failed can be looked at: {log}");
}

#[test]
fn privileged_hooks_are_not_gits() {
    let lab = Lab::new("privileged");
    for hook in ["pre_start", "post_start", "pre_stop"] {
        let privileged = "command: [\"true\"], privileged: true";
        let stack = "services:\n  web:\n    image: reconciler.demo/base\n    command: sleep 1000\n";
        lab.stack("abc", &format!("{stack}    {hook}: [{{ {privileged} }}]\n"));
        let url = lab.commit();
        let allow = format!("--allow {}:privileged", lab.id("abc"));
        lab.run(&["--once", &url]).exits(77).prints(&allow);
        assert!(lab.names().is_empty(), "{hook}: nothing starts");
    }
}
