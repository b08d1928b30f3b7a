//! Bad input and faults: what is not sure is left as it is, and the exit code says so.

use super::support::*;

const WEB: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
";

#[test]
fn whole_before_part() {
    let lab = Lab::new("whole");
    lab.stack("abc", WEB);
    lab.stack("xyz", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    lab.stack("abc", &WEB.replace("1000", "1001"));
    lab.stack("xyz", "services:\n  web:\n    image: [unclosed\n");
    lab.once().exits(65).says("compose.yaml:").prints("what runs is left alone");
    let after = lab.containers();
    assert_ne!(after[&lab.of("abc-web-1")], before[&lab.of("abc-web-1")]);
    assert_eq!(after[&lab.of("xyz-web-1")], before[&lab.of("xyz-web-1")]);

    // An unknown key is as invalid as a stack that does not parse.
    lab.stack("xyz", &WEB.replace("stop_signal: SIGKILL", "volumnes: [x:/y]"));
    lab.once().exits(65).says("volumnes").says("volumes");
    assert_eq!(lab.containers(), after);
}

#[test]
fn an_image_that_cannot_be_had_starts_nothing() {
    let lab = Lab::new("noimage");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    let text = WEB.replace("1000", "1001");
    lab.stack("abc", &format!("{text}  side:\n    image: 127.0.0.1:1/nowhere:1\n"));
    let done = lab.once();
    assert_ne!(done.code, Some(0), "{done}");
    assert_eq!(lab.containers(), before, "{done}");
}

#[test]
fn an_empty_or_vanished_source_removes_nothing() {
    let lab = Lab::new("vanished");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    let folder = lab.folder().join("stacks");
    let away = lab.folder().join("away");
    std::fs::rename(&folder, &away).unwrap();
    let gone = lab.once();
    assert!(matches!(gone.code, Some(3 | 69)), "{gone}");
    assert_eq!(lab.containers(), before);

    std::fs::create_dir(&folder).unwrap();
    lab.once().exits(3);
    assert_eq!(lab.containers(), before);

    // A list that has become empty is no reason either.
    std::fs::remove_dir(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    std::fs::write(folder.join("deployments.yaml"), "deployments: {}\n").unwrap();
    lab.once().exits(3).prints("--approve");
    assert_eq!(lab.containers(), before);
}

#[test]
fn an_unreadable_list_removes_nothing() {
    let lab = Lab::new("unreadable");
    lab.stack("abc", WEB);
    lab.stack("xyz", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    lab.drop_stack("xyz");
    std::fs::write(lab.folder().join("stacks/deployments.yaml"), "deployments: [\n").unwrap();
    let done = lab.once();
    assert!(matches!(done.code, Some(3 | 65 | 69)), "{done}");
    assert_eq!(lab.containers(), before);
}

#[test]
fn unseen_is_not_absent() {
    let mut lab = Lab::with_consul("unseen");
    lab.stack("abc", WEB);
    lab.stack("xyz", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    lab.drop_stack("xyz");
    lab.stack("abc", &WEB.replace("1000", "1001"));

    // Nobody listens there.
    lab.consul_at("http://127.0.0.1:9");
    lab.once().exits(69);
    lab.plan().exits(69);
    assert_eq!(lab.containers(), before);

    let mut lab = lab;
    lab.consul_at(&variable("CONSUL_HTTP_ADDR"));
    lab.engine_at("unix:///nowhere/docker.sock");
    lab.once().exits(69).says("engine");
    lab.plan().exits(69).says("engine");
    assert_eq!(lab.containers(), before);
    assert_eq!(Consul::ids(&lab.id("xyz")).len(), 1, "nothing is deregistered");

    lab.engine_at(&variable("DOCKER_HOST"));
    lab.once().exits(0);
    assert_eq!(lab.names(), [lab.of("abc-web-1")]);
    assert_eq!(Consul::ids(&lab.id("xyz")).len(), 0);
}

#[test]
fn a_repository_that_cannot_be_read_changes_nothing() {
    let lab = Lab::new("norepo");
    lab.stack("abc", WEB);
    let url = lab.commit();
    lab.run(&["--once", &url]).exits(0);
    let before = lab.containers();
    let folder = lab.folder().join("stacks");
    let away = lab.folder().join("away");
    std::fs::rename(&folder, &away).unwrap();
    lab.run(&["--once", &url]).exits(69);
    assert_eq!(lab.containers(), before);
    std::fs::rename(&away, &folder).unwrap();
    lab.run(&["--once", "--ref", "no-such-branch", &url]).exits(65).says("no-such-branch");
    assert_eq!(lab.containers(), before);
    lab.run(&["--once", &url]).is_quiet();
}
