//! Bad input and faults: what is not sure is left as it is, and the exit code says so.

use super::support::*;

pub(super) const WEB: &str = "
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
    // Where nothing was deployed, nothing is withheld: the place is a mistake.
    lab.once().exits(65).says("there is no stack").says("deployments.yaml");
    lab.plan().exits(65).says("there is no stack");
    lab.stack("abc", WEB);
    lab.once().exits(0);
    let before = lab.containers();
    let folder = lab.folder().join("stacks");
    let away = lab.folder().join("away");
    std::fs::rename(&folder, &away).unwrap();
    lab.once().exits(3).says("does not exist").says("removes nothing");
    lab.plan().exits(3).says("does not exist");
    assert_eq!(lab.containers(), before);

    std::fs::create_dir(&folder).unwrap();
    lab.once().exits(3).prints("--approve");
    lab.plan().exits(3);
    assert_eq!(lab.containers(), before);

    // A list that has become empty is no reason either.
    std::fs::remove_dir(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    std::fs::write(folder.join("deployments.yaml"), "deployments: {}\n").unwrap();
    lab.once().exits(3).prints("--approve");
    assert_eq!(lab.containers(), before);
}

#[test]
fn a_stack_file_that_vanished_removes_nothing() {
    let lab = Lab::new("lostfile");
    lab.stack("abc", WEB);
    let file = lab.folder_of("abc").join("compose.yaml").display().to_string();
    lab.run(&["--once", &file]).exits(0);
    let before = lab.containers();
    lab.drop_stack("abc");
    lab.run(&["--once", &file]).exits(3).says("does not exist");
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
    lab.once().exits(65).says("deployments.yaml:");
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
fn a_repository_that_is_lost_or_empty_removes_nothing() {
    let lab = Lab::new("norepo");
    lab.stack("abc", WEB);
    let url = lab.commit();
    // One name for all, so that whatever is read claims what was deployed before.
    let once = |words: &[&str], url: &str| {
        lab.run(&[&["--once", "--source-name", "prod"], words, &[url]].concat())
    };
    once(&[], &url).exits(0);
    let before = lab.containers();

    // Gone for certain: the branch, the tag, the commit, the path.
    let commit = "0123456789012345678901234567890123456789";
    for reference in ["no-such-branch", "refs/tags/no-such-tag", commit] {
        let name = reference.rsplit('/').next().unwrap();
        once(&["--ref", reference], &url).exits(3).says(name).says("removes nothing");
    }
    once(&["--path", "no/such/path"], &url).exits(3).says("`no/such/path` does not exist");
    assert_eq!(lab.containers(), before);

    // There, and without any commit, or without any stack.
    let empty = lab.folder().join("empty");
    let made = std::process::Command::new("git").args(["init", "-q"]).arg(&empty).status();
    assert!(made.unwrap().success());
    once(&["--git"], &empty.display().to_string()).exits(3).says("has no commit");
    lab.drop_stack("abc");
    lab.commit();
    once(&[], &url).exits(3).prints("--approve");
    assert_eq!(lab.containers(), before);

    // The repository itself is gone, or nobody knows.
    let folder = lab.folder().join("stacks");
    let away = lab.folder().join("away");
    std::fs::rename(&folder, &away).unwrap();
    once(&[], &url).exits(3).says("does not exist").says("removes nothing");
    once(&[], "http://127.0.0.1:9/stacks.git").exits(69);
    assert_eq!(lab.containers(), before);

    std::fs::rename(&away, &folder).unwrap();
    lab.stack("abc", WEB);
    lab.commit();
    once(&[], &url).is_quiet();
}
