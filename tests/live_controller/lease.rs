//! Who acts: the lease passes on at once when its holder ends, and is kept whatever the holder
//! has to read meanwhile.

use std::fs::File;
use std::thread;
use std::time::Duration;

use crate::controller::{Setup, get, stack};
use crate::engine::{IMAGE, docker, is_running, variable};
use crate::temp::Temp;
use crate::time::{eventually, figures, now, pause, print};

/// The session that holds an installation's lease.
fn session(installation: &str) -> String {
    let address = variable("CONSUL_HTTP_ADDR").replace("http://", "");
    let (code, body) = get(&address, &format!("/v1/kv/reconciler/{installation}/leader"));
    assert_eq!(code, 200, "{body}");
    let found: serde_json::Value = serde_json::from_str(&body).unwrap();
    found[0]["Session"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_next_controller_acts_as_soon_as_the_first_gets_sigterm() {
    let folder = Temp::new();
    folder.write("next/compose.yaml", stack("1"));
    let start =
        || Setup { consul: true, ..Setup::folder("next", folder.path(), &["next"]) }.start();
    let mut first = start();
    first.settles("next");
    let mut spans = Vec::new();
    for _ in 0..3 {
        let second = start();
        second.says("the lease is held by");
        // It waits, and Consul holds its question back.
        pause(Duration::from_millis(700));
        let signalled = now();
        let ended = thread::spawn(move || {
            let code = first.terminate().code();
            (first, code)
        });
        let mut acts = None;
        eventually("the next one acts", || {
            if acts.is_none() && second.log().contains("this controller acts") {
                acts = Some(now());
            }
            acts.is_some()
        });
        spans.push(acts.unwrap().saturating_sub(signalled));
        let (gone, code) = ended.join().unwrap();
        assert_eq!(code, Some(143));
        second.settles("next");
        // What it deployed is the second one's now.
        std::mem::forget(gone);
        first = second;
    }
    figures("from SIGTERM to the leader to the next one's first act", spans);
}

#[test]
fn reading_gigabytes_costs_neither_the_lease_nor_healing_nor_signals() {
    let folder = Temp::new();
    folder.write("reads/compose.yaml", stack("1"));
    let setup = Setup::folder("reads", folder.path(), &["reads", "large"]);
    let mut controller = Setup { consul: true, ..setup }.start();
    controller.settles("reads");
    let (holder, revision) = (session("reads"), controller.status()["revision"].clone());
    for number in 0..4 {
        let path = folder.path().join(format!("large/{number}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Sparse: it has a size, and takes no room.
        File::create(path).unwrap().set_len(512 << 20).unwrap();
    }
    folder.write("large/Dockerfile", format!("FROM {IMAGE}\nCOPY . /all/\n"));
    folder.write("large/compose.yaml", "services: { web: { build: . } }\n");
    docker(&["kill", "reads-web-1"]);
    let began = now();
    let mut answers = Vec::new();
    let reads = || controller.status()["revision"] == revision;
    while reads() && now().saturating_sub(began) < Duration::from_secs(8) {
        let asked = now();
        assert_eq!(controller.get("/livez").0, 200);
        answers.push(now().saturating_sub(asked));
        assert_eq!(session("reads"), holder, "the lease was lost");
        pause(Duration::from_millis(50));
    }
    let still = if reads() { "still" } else { "no longer" };
    print(&format!("figure: 2 GiB are {still} read after {:?}", now().saturating_sub(began)));
    figures("an answer of /livez while 2 GiB are read", answers);
    eventually("what was killed runs again", || is_running("reads-web-1"));
    let signalled = now();
    assert_eq!(controller.terminate().code(), Some(143));
    figures("from SIGTERM to the end while 2 GiB are read", vec![now().saturating_sub(signalled)]);
}
