//! A rollout that fails on a real engine: the whole deployment returns to what worked, also where git
//! no longer has it, and the revision is not tried again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::support::*;

const SERVICES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Six services, one after the other, and a job before them; each says which version it is of, and
/// the last one runs `last`.
fn stack(version: &str, last: &str) -> String {
    let mut text = format!(
        "x-service: &service\n  image: reconciler.demo/base\n  command: sleep 1000\n  \
         stop_signal: SIGKILL\n  environment: {{ VERSION: \"{version}\" }}\n  \
         x-reconciler: {{ min_healthy: 50ms }}\n\
         services:\n  migrate:\n    image: reconciler.demo/base\n    \
         command: \"sh -c 'echo {version} >> /data/log'\"\n    volumes: [data:/data]\n"
    );
    let mut before = "migrate: { condition: service_completed_successfully }".to_owned();
    for name in SERVICES {
        writeln!(text, "  {name}: {{ <<: *service, depends_on: {{ {before} }} }}").unwrap();
        before = format!("{name}: {{ condition: service_healthy }}");
    }
    write!(
        text,
        "  last: {{ <<: *service, command: \"{last}\", depends_on: {{ {before} }}, \
         configs: [{{ source: conf, target: /conf, mode: 0444 }}] }}\n\
         configs: {{ conf: {{ file: ./conf }} }}\nvolumes: {{ data: }}\n"
    )
    .unwrap();
    text
}

/// What each service's container runs with.
fn versions(lab: &Lab) -> BTreeMap<String, String> {
    let all = SERVICES.iter().chain(&["last"]).map(|name| {
        let container = inspect(&lab.of(&format!("abc-{name}-1")));
        let env = container["Config"]["Env"].as_array().unwrap().iter();
        let mut env = env.filter_map(|it| it.as_str());
        let version = env.find_map(|it| it.strip_prefix("VERSION="));
        let status = container["State"]["Status"].as_str().unwrap();
        ((*name).to_owned(), format!("{} {status}", version.unwrap()))
    });
    all.collect()
}

fn all(text: &str) -> BTreeMap<String, String> {
    SERVICES.iter().chain(&["last"]).map(|name| ((*name).to_owned(), text.to_owned())).collect()
}

fn jobs(lab: &Lab) -> String {
    let volume = format!("{}_data:/data", lab.id("abc"));
    let words = ["run", "--rm", "--network=none", "-v", &volume, "reconciler.demo/base"];
    docker(&[&words[..], &["cat", "/data/log"]].concat())
}

#[test]
fn a_deployment_returns_as_a_whole_and_no_job_runs_again() {
    let lab = Lab::new("rollback");
    lab.file("abc", "conf", "one\n");
    lab.stack("abc", &stack("1", "sleep 1000"));
    lab.once().exits(0);
    assert_eq!(versions(&lab), all("1 running"));
    let images = || inspect(&lab.of("abc-a-1"))["Image"].clone();
    let before = images();

    lab.file("abc", "conf", "two\n");
    lab.stack("abc", &stack("2", "sh -c 'echo it is broken; exit 3'"));
    let once = lab.once().exits(1);
    let id = lab.id("abc");
    let once = once.says("it exited with code 3").says("it is broken").says("was rolled back to");
    once.says(&format!("the job migrate of {id} had run"));
    assert_eq!(versions(&lab), all("1 running"));
    assert_eq!(images(), before);
    assert_eq!(jobs(&lab).split_whitespace().collect::<Vec<_>>(), ["1", "2"]);
    let conf = docker(&["exec", &lab.of("abc-last-1"), "cat", "/conf"]);
    assert_eq!(conf.trim(), "one");

    // It is not tried again, and a pipeline hears of it.
    let containers = lab.containers();
    lab.once().exits(1).prints(&format!("reconciler resume {id}"));
    assert_eq!(lab.containers(), containers);
    let history = lab.run(&["history", &id, "-o", "json"]).exits(0);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let rollouts = history["deployments"][0]["rollouts"].as_array().unwrap();
    let kinds: Vec<_> = rollouts.iter().map(|it| it["result"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["done", "failed", "done"], "{history}");
    assert_eq!(rollouts[0]["back_from"], rollouts[1]["revision"], "{history}");

    // Another one is.
    lab.stack("abc", &stack("3", "sleep 1000"));
    lab.once().exits(0);
    assert_eq!(versions(&lab), all("3 running"));
    lab.once().is_quiet();
}

#[test]
fn a_person_returns_pauses_and_resumes() {
    let lab = Lab::new("person");
    let id = lab.id("abc");
    lab.file("abc", "conf", "one\n");
    let version = |version: &str| lab.stack("abc", &stack(version, "sleep 1000"));
    for number in ["1", "2"] {
        version(number);
        lab.once().exits(0);
    }
    lab.run(&["rollback", &id]).exits(0).prints("is rolled back to revision");
    lab.plan().exits(3).prints("back to revision").prints("rolled it back to");
    lab.once().exits(3);
    assert_eq!(versions(&lab), all("1 running"));
    assert_eq!(jobs(&lab).split_whitespace().collect::<Vec<_>>(), ["1", "2"]);
    // A new revision waits, too.
    version("3");
    lab.once().exits(3);
    assert_eq!(versions(&lab), all("1 running"));
    lab.run(&["history", &id]).exits(0).prints("rolled back").prints("asked for by");
    lab.run(&["resume", &id]).exits(0).prints("follows the source again");
    lab.once().exits(0);
    assert_eq!(versions(&lab), all("3 running"));

    lab.run(&["pause", &id]).exits(0);
    docker(&["rm", "--force", &lab.of("abc-last-1")]);
    version("4");
    lab.once().exits(3).prints("paused it");
    lab.run(&["status", "--source", &lab.source()]).prints("Suspended");
    assert!(!lab.names().contains(&lab.of("abc-last-1")), "nothing is repaired");
    lab.run(&["resume", &id]).exits(0);
    lab.once().exits(0);
    assert_eq!(versions(&lab), all("4 running"));
    lab.run(&["resume", &id]).exits(0).prints("follows the source already");

    // What is not kept, or not known, is said.
    lab.run(&["rollback", &id, "ffffffff"]).exits(3).says("kept are");
    lab.run(&["rollback", "nothing"]).exits(64).says("nothing is remembered");
    lab.run(&["rollback", &id, "-o", "json"]).exits(0);
    lab.once().exits(3);
    assert_eq!(versions(&lab), all("3 running"));
}

#[test]
fn what_git_no_longer_has_can_be_returned_to_from_elsewhere() {
    let lab = Lab::new("forced");
    lab.file("abc", "conf", "one\n");
    lab.stack("abc", &stack("1", "sleep 1000"));
    let url = lab.commit();
    lab.run(&["--once", "--git", &url]).exits(0);
    // The commit that works is replaced by one that does not, as with `push --force`.
    std::fs::remove_dir_all(format!("{}/.git", lab.source())).unwrap();
    lab.file("abc", "conf", "two\n");
    lab.stack("abc", &stack("2", "sh -c 'exit 3'"));
    let url = lab.commit();
    let elsewhere = lab.folder().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    let home = elsewhere.display().to_string();
    let once = lab.program(&["--once", "--git", &url]).env("HOME", &home).run();
    once.exits(1).says("was rolled back to");
    assert_eq!(versions(&lab), all("1 running"));
}

#[test]
fn a_program_that_is_killed_while_it_returns_goes_on() {
    for (calls, name) in [
        (4, "kill-a"),
        (12, "kill-b"),
        (20, "kill-c"),
        (30, "kill-d"),
        (40, "kill-e"),
        (50, "kill-f"),
    ] {
        let mut lab = Lab::new(name);
        lab.file("abc", "conf", "one\n");
        lab.stack("abc", &stack("1", "sleep 1000"));
        lab.once().exits(0);
        lab.stack("abc", &stack("2", "sh -c 'exit 3'"));
        let proxy = Proxy::crash_after(name, calls);
        lab.engine_at(&proxy.address);
        let crashed = lab.program(&["--once", &lab.source()]).run_until_crash(&proxy);
        lab.engine_at(&variable("DOCKER_HOST"));
        assert!(crashed || calls > 40, "{calls} calls are not reached");
        if crashed {
            lab.once().exits(1);
        }
        assert_eq!(versions(&lab), all("1 running"), "killed after {calls} calls");
        lab.once().exits(1);
        let left = lab.names().len();
        assert!(left <= 7, "{:?}", lab.names());
    }
}
