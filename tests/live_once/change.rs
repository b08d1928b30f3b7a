//! What a change costs: one service is recreated, those that ask for it restart, and data
//! stays where it is.

use super::support::*;

/// `api` asks to follow `db`; `web` depends on it and does not ask.
const CHAIN: &str = "
services:
  db:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    environment: { TAG: \"1.7\" }
    volumes: [data:/data, /scratch]
  api:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: { db: { condition: service_started, restart: true } }
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: [db]
volumes:
  data:
";

#[test]
fn one_variable_recreates_one_service_and_restarts_who_asks() {
    let lab = Lab::new("onevar");
    lab.stack("abc", CHAIN);
    lab.once().exits(0);
    let [db, api, web] = ["abc-db-1", "abc-api-1", "abc-web-1"].map(|name| lab.of(name));
    let before = [&db, &api, &web].map(|name| (id(name), started_at(name)));
    docker(&["exec", &db, "sh", "-c", "echo kept > /data/note; echo kept > /scratch/note"]);

    lab.stack("abc", &CHAIN.replace("1.7", "1.8"));
    let done = lab.once().exits(0);
    let done = done.prints("environment.TAG: \"1.7\" -> \"1.8\", changed in the source");
    done.prints("service db, on which it depends, was replaced or restarted");
    let after = [&db, &api, &web].map(|name| (id(name), started_at(name)));
    assert_ne!(after[0].0, before[0].0, "db is recreated");
    assert_eq!(after[1].0, before[1].0, "api is the same container");
    assert_ne!(after[1].1, before[1].1, "and restarted");
    assert_eq!(after[2], before[2], "web is left alone");
    assert_eq!(lab.names().len(), 3, "{:?}", lab.names());
    let notes = docker(&["exec", &db, "cat", "/data/note", "/scratch/note"]);
    assert_eq!(notes, "kept\nkept", "named and anonymous volumes are taken over");
    lab.once().is_quiet();
}

#[test]
fn an_exited_container_is_started_again() {
    let lab = Lab::new("exited");
    lab.stack("abc", CHAIN);
    lab.once().exits(0);
    let before = lab.containers();
    docker(&["exec", &lab.of("abc-web-1"), "touch", "/tmp/mine"]);
    docker(&["kill", &lab.of("abc-web-1")]);
    lab.once().exits(0).prints("it ended with exit code 137");
    assert_eq!(lab.containers(), before);
    docker(&["exec", &lab.of("abc-web-1"), "test", "-e", "/tmp/mine"]);
    lab.once().is_quiet();
}

#[test]
fn a_one_shot_that_is_done_stays_done() {
    let lab = Lab::new("oneshot");
    let stack = "
services:
  migrate:
    image: reconciler.demo/base
    command: sh -c 'echo once >> /data/runs'
    environment: { STEP: \"1\" }
    volumes: [data:/data]
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    volumes: [data:/data]
    depends_on: { migrate: { condition: service_completed_successfully } }
volumes:
  data:
";
    lab.stack("abc", stack);
    lab.once().exits(0);
    let runs = || docker(&["exec", &lab.of("abc-web-1"), "cat", "/data/runs"]);
    assert_eq!(runs(), "once");
    lab.once().is_quiet();
    assert_eq!(runs(), "once");
    lab.stack("abc", &stack.replace("\"1\"", "\"2\""));
    lab.once().exits(0);
    assert_eq!(runs(), "once\nonce", "a new definition runs again");
    lab.once().is_quiet();
}

#[test]
fn a_one_shot_that_fails_is_reported_with_its_log() {
    let lab = Lab::new("failing");
    lab.stack(
        "abc",
        "
services:
  migrate:
    image: reconciler.demo/base
    command: sh -c 'echo first; echo the table is gone >&2; exit 7'
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: { migrate: { condition: service_completed_successfully } }
",
    );
    lab.once().exits(1).says("the table is gone").says("7");
    assert_eq!(inspect(&lab.of("abc-web-1"))["State"]["Status"], "created", "never started");
}

#[test]
fn a_service_that_crashes_is_reported_with_its_log() {
    let lab = Lab::new("crashes");
    lab.stack(
        "abc",
        "
services:
  web:
    image: reconciler.demo/base
    command: sh -c 'echo no license >&2; exit 3'
  side:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
",
    );
    lab.once().exits(1).says("no license").says("3");
    assert_eq!(inspect(&lab.of("abc-side-1"))["State"]["Running"], true, "others go on");
}

#[test]
fn drift_by_hand_is_repaired_in_place() {
    let lab = Lab::new("drift");
    let stack = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    networks: [default, back]
    deploy: { resources: { limits: { memory: 64M, cpus: '0.5', pids: 100 } } }
networks:
  back:
";
    lab.stack("abc", stack);
    lab.once().exits(0);
    let web = lab.of("abc-web-1");
    let before = (id(&web), started_at(&web));
    docker(&["update", "--memory", "96m", "--memory-swap", "-1", "--pids-limit", "50", &web]);
    docker(&["network", "disconnect", &lab.of("abc_back"), &web]);
    lab.once().exits(0).prints("changed by hand").prints("to update in place");
    assert_eq!((id(&web), started_at(&web)), before);
    let now = inspect(&web);
    assert_eq!(now["HostConfig"]["Memory"], 64 << 20);
    assert_eq!(now["HostConfig"]["PidsLimit"], 100);
    let back = &now["NetworkSettings"]["Networks"][&lab.of("abc_back")];
    assert!(back["Aliases"].as_array().unwrap().iter().any(|alias| alias == "web"), "{back}");
    lab.once().is_quiet();

    // What git changes of the limits needs no new container either.
    lab.stack("abc", &stack.replace("64M", "80M").replace("'0.5'", "'0.7'"));
    lab.once().exits(0).prints("mem_limit: ").prints("to update in place");
    assert_eq!((id(&web), started_at(&web)), before);
    let now = inspect(&web);
    assert_eq!(now["HostConfig"]["Memory"], 80 << 20);
    assert_eq!(now["HostConfig"]["NanoCpus"], 700_000_000_u64);
    lab.once().is_quiet();
}

#[test]
fn a_frozen_container_is_thawed() {
    let lab = Lab::new("frozen");
    lab.stack("abc", CHAIN);
    lab.once().exits(0);
    let before = lab.containers();
    docker(&["pause", &lab.of("abc-web-1")]);
    lab.once().exits(0).prints("unpause web").prints("it is paused");
    assert_eq!(lab.containers(), before);
    assert_eq!(inspect(&lab.of("abc-web-1"))["State"]["Paused"], false);
    lab.once().is_quiet();
}

#[test]
fn what_is_stopped_comes_back_after_its_network_was_pruned() {
    let lab = Lab::new("netpruned");
    lab.stack("abc", CHAIN);
    lab.once().exits(0);
    let names = ["abc-api-1", "abc-db-1", "abc-web-1"].map(|name| lab.of(name));
    let before = lab.containers();
    let stop = [&["stop", "-t", "0"][..], &names.each_ref().map(String::as_str)].concat();
    let prune = format!("label=com.docker.compose.project={}", lab.id("abc"));
    docker(&stop);
    docker(&["network", "prune", "-f", "--filter", &prune]);
    assert!(lab.networks().is_empty());
    lab.once().exits(0).prints("networks.netpruned-abc_default: \"attached to one that is gone\"");
    assert_eq!(lab.names(), names);
    assert!(names.iter().all(|name| inspect(name)["State"]["Running"] == true));
    lab.once().is_quiet();

    // Another one of that name is not the one that a container is on.
    docker(&stop);
    docker(&["network", "rm", &lab.of("abc_default")]);
    lab.once().exits(0);
    docker(&["stop", "-t", "0", &names[2]]);
    let [network, web] = [lab.of("abc_default"), names[2].clone()];
    let labels = inspect(&web)["Config"]["Labels"].clone();
    assert_eq!(labels["reconciler.service"], "web");
    let now = lab.containers();
    assert!(before.iter().all(|(name, id)| now[name] != *id));
    lab.once().exits(0);
    assert_eq!(lab.containers(), now, "one whose network is there is started again as it is");
    assert_eq!(lab.networks(), [network]);
    lab.once().is_quiet();
}
