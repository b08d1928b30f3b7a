//! What is there, for people: `status`, `ps`, `stack ls`, `service ls`, `explain` and `wait` on
//! a real engine, of a stack that works and one of which something is wrong.

use serde_json::Value;

use crate::support::{Finished, Lab, docker, id};

const SHOP: &str = "services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    environment: { TAG: a }
    healthcheck: { test: 'true', interval: 1s }
    deploy: { replicas: 2 }
  db:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    volumes: [ 'data:/data' ]
    healthcheck: { test: 'true', interval: 1s }
volumes: { data: {} }
";

const SICK: &str = "services:
  probed:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    environment: { DB_PASSWORD: correct-horse }
    healthcheck: { test: 'echo asked with $$DB_PASSWORD; exit 3', interval: 1s, retries: 1 }
  crash:
    image: reconciler.demo/base
    command: sh -c 'exit 7'
    restart: always
";

/// A lab in which `shop` has converged and `sick` has not.
fn lab(name: &'static str) -> Lab {
    let lab = Lab::new(name);
    lab.stack("shop", SHOP);
    lab.once().exits(0);
    lab.stack("sick", SICK);
    lab.once().exits(1);
    lab
}

/// The words of the line that begins with this, without what it is drawn with.
fn words<'o>(finished: &'o Finished, begins: &str) -> Vec<&'o str> {
    let drawn = |word: &&str| !word.chars().all(|c| "│├└─✓✗∅…=?".contains(c));
    let lines = finished.stdout.lines().map(|line| line.split_whitespace().filter(drawn));
    let lines = lines.map(Iterator::collect::<Vec<_>>);
    let mut found = lines.filter(|words| words.first().is_some_and(|word| *word == begins));
    found.next().unwrap_or_else(|| panic!("no line of `{begins}`: {finished}"))
}

fn json(finished: &Finished) -> Value {
    let value: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(value["schema_version"], 1, "{finished}");
    value
}

/// It says nothing beside its result.
fn silent(finished: Finished) -> Finished {
    assert_eq!(finished.stderr, "", "{finished}");
    finished
}

/// No line is wider than a page.
fn fits(finished: Finished) -> Finished {
    let wide = finished.stdout.lines().find(|line| line.chars().count() > 100);
    assert_eq!(wide, None, "{finished}");
    finished
}

#[test]
fn lists_say_what_runs_and_with_a_source_what_is_missing() {
    let lab = lab("listed");
    let (shop, web) = (lab.id("shop"), lab.of("shop-web-2"));
    docker(&["rm", "-f", &web]);
    // By labels and the ledger alone.
    let ps = fits(lab.run(&["ps"]).exits(0).says("no source"));
    assert_eq!(words(&ps, "NAME")[..2], ["NAME", "IMAGE"]);
    assert_eq!(words(&ps, &lab.of("shop-db-1"))[1..4], ["reconciler.demo/base", "db", "up"]);
    assert_eq!(words(&ps, &web)[3], "missing", "the ledger remembers that there were two: {ps}");
    let ids = silent(lab.run(&["ps", "-q", &format!("{shop}/db")]).exits(0));
    assert_eq!(ids.stdout.trim(), id(&lab.of("shop-db-1")));
    let stacks = fits(lab.run(&["stack", "ls"]).exits(0));
    assert_eq!(words(&stacks, &shop)[1..5], ["2", "2/3", "Unknown", "Missing"]);
    let source = lab.source();
    let stacks = fits(silent(lab.run(&["stack", "ls", "--source", &source]).exits(0)));
    assert_eq!(words(&stacks, &shop)[1..5], ["2", "2/3", "OutOfSync", "Missing"]);
    let services = fits(lab.run(&["service", "ls", "--source", &source, &shop]).exits(0));
    assert_eq!(words(&services, &format!("{shop}/web"))[1..3], ["1/2", "Missing"]);
    assert_eq!(words(&services, &format!("{shop}/db"))[1..3], ["1/1", "Healthy"]);
    let same = lab.run(&["services", "ls", "--source", &source, &shop]).exits(0);
    assert_eq!(same.stdout, services.stdout);
    let all = json(&lab.run(&["ps", "-o", "json", "--source", &source]).exits(0));
    let missing = all["containers"].as_array().unwrap().iter().find(|one| one["name"] == web);
    let missing = missing.unwrap();
    assert_eq!((&missing["container"], &missing["health"]), (&Value::Null, &"Missing".into()));
    for (list, of) in [("stack", "stacks"), ("service", "services")] {
        let list = json(&lab.run(&[list, "ls", "-o", "json"]).exits(0));
        assert!(!list[of].as_array().unwrap().is_empty(), "{list}");
    }
}

#[test]
fn status_is_a_tree_with_what_fails_and_what_differs() {
    let lab = lab("treed");
    let source = lab.source();
    let (shop, sick) = (lab.id("shop"), lab.id("sick"));
    let status = fits(lab.run(&["status", "--source", &source]).exits(0));
    assert_eq!(words(&status, &shop)[1..3], ["Healthy,", "Synced,"]);
    assert_eq!(words(&status, &sick)[1], "Degraded,");
    assert_eq!(words(&status, "web")[1..4], ["Healthy,", "2/2", "running,"]);
    assert_eq!(words(&status, &lab.of("shop-web-1"))[1], "up");
    assert_eq!(words(&status, "network")[1], format!("{shop}_default,"));
    assert_eq!(words(&status, "health")[..3], ["health", "check", "failed"]);
    assert!(status.stdout.contains("| asked with (masked)"), "{status}");
    assert!(!status.stdout.contains("correct-horse"), "{status}");
    // It may run at this very moment.
    assert_eq!(words(&status, "crash")[1], "Degraded,");
    let one = lab.run(&["status", "--source", &source, &lab.of("shop-web-2")]).exits(0);
    assert!(one.stdout.contains("shop-web-2") && !one.stdout.contains("shop-web-1"), "{one}");
    // Git says something else; of one replica a hand does.
    lab.stack("shop", &SHOP.replace("TAG: a", "TAG: b"));
    let differs = fits(lab.run(&["status", "--source", &source, &shop]).exits(0));
    assert_eq!(words(&differs, &shop)[2], "OutOfSync,");
    let differs = words(&differs, "differs:").join(" ");
    assert!(differs.starts_with("differs: environment.TAG: \"a\" -> \"b\""), "{differs}");
    let tree = json(&lab.run(&["status", "-o", "json", "--source", &source, &shop]).exits(0));
    let web = &tree["deployments"][0]["services"][1];
    assert_eq!(
        (&web["name"], &web["wanted"], &web["healthy"]),
        (&"web".into(), &2.into(), &2.into())
    );
    let drift = &web["replicas"][0]["drift"][0];
    assert_eq!((&drift["field"], &drift["cost"]), (&"environment.TAG".into(), &"replace".into()));
    let help = lab.run(&["status", "--source", &source, "shoop"]).exits(64);
    assert!(help.stderr.contains("no deployment, service or container `shoop`"), "{help}");
}

#[test]
fn an_object_is_explained_by_its_owner_its_place_and_what_a_change_costs() {
    let lab = lab("explained");
    let source = lab.source();
    let shop = lab.id("shop");
    let explain = |what: &str| fits(lab.run(&["explain", what, "--source", &source]).exits(0));
    let web = explain(&lab.of("shop-web-1"));
    let owner = words(&web, "owner").join(" ");
    assert!(owner.starts_with(&format!("owner deployment {shop}, by its labels")), "{web}");
    assert!(words(&web, "asked")[3].ends_with("compose.yaml:2:3,"), "{web}");
    assert_eq!(words(&web, "differs"), ["differs", "in", "nothing"]);
    assert!(words(&web, "a").join(" ").contains("in place: cpu_period"), "{web}");
    assert!(explain(&format!("{shop}/db")).stdout.contains("with data at stake: volumes"));
    assert!(explain(&format!("{shop}_data")).stdout.starts_with("volume "));
    assert!(explain(&format!("{shop}_default")).stdout.contains("by its labels"));
    let foreign = explain("bridge");
    assert!(words(&foreign, "owner")[1] == "foreign:", "{foreign}");
    // A service and a container of another, both of that name.
    let stranger = lab.id("db");
    lab.stack("named", &SHOP.replace("  db:", &format!("  {stranger}:")));
    docker(&["run", "-d", "--name", &stranger, "reconciler.demo/base", "sleep", "1000"]);
    let both = explain(&stranger).stdout;
    docker(&["rm", "-f", &stranger]);
    assert!(both.contains(&format!("service {stranger} of")), "{both}");
    assert!(both.contains(&format!("container {stranger}, engine local")), "{both}");
    let json =
        json(&lab.run(&["explain", "-o", "json", "--source", &source, &format!("{shop}/db")]));
    assert_eq!(json["objects"][0]["kind"], "service");
    assert!(
        json["objects"][0]["fields"]["in_place"].as_array().unwrap().contains(&"mem_limit".into())
    );
    silent(lab.run(&["explain", "E0501"]).exits(0));
    lab.run(&["explain", "nothing-such", "--source", &source]).exits(64);
}

#[test]
fn one_waits_until_it_is_healthy_or_learns_what_is_not() {
    let lab = lab("waited");
    let source = lab.source();
    let shop = lab.id("shop");
    silent(lab.run(&["wait", &shop, "--timeout", "60s", "--quiet"]).exits(0));
    lab.run(&["wait", &shop, "--for", "synced", "--source", &source]).exits(0);
    let sick = lab.run(&["wait", &lab.id("sick"), "--timeout", "1s"]).exits(1);
    assert!(
        sick.stdout.contains("sick-probed-1 up") && sick.stdout.contains("sick-crash-1"),
        "{sick}"
    );
    assert!(sick.stderr.starts_with("waiting until healthy: "), "{sick}");
    assert!(sick.stderr.contains("not healthy within 1s"), "{sick}");
    lab.run(&["wait", &shop, "--for", "synced"]).exits(64);
    // What is stopped comes back while it waits.
    let web = lab.of("shop-web-1");
    docker(&["stop", "-t", "0", &web]);
    let waiting = lab.program(&["wait", &shop, "--timeout", "60s", "-o", "json"]).start();
    docker(&["start", &web]);
    let waited = waiting.wait_with_output().unwrap();
    assert_eq!(waited.status.code(), Some(0), "{waited:?}");
}

#[test]
fn an_engine_that_does_not_answer_is_unknown() {
    let mut lab = Lab::new("answersaway");
    lab.stack("shop", SHOP);
    lab.engine_at("unix:///nonexistent/docker.sock");
    let source = lab.source();
    let status = fits(lab.run(&["status", "--source", &source]).exits(69));
    assert_eq!(words(&status, &lab.id("shop"))[1..3], ["Unknown,", "Unknown,"]);
    assert_eq!(words(&status, "web")[1..3], ["Unknown,", "?/2"]);
    lab.run(&["ps"]).exits(69);
    lab.run(&["wait", "--timeout", "1s", "--source", &source]).exits(69);
    lab.run(&["wait", "--timeout", "1s"]).exits(69).prints(": not seen");
}

/// The commands of the section "What is there" of `docs/operating.md`.
fn documented() -> Vec<String> {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let section = docs.split("\n## ").find(|text| text.starts_with("What is there\n")).unwrap();
    let lines = section.lines().filter(|line| line.starts_with("reconciler "));
    lines.map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

#[test]
fn the_documented_commands_do_what_they_say() {
    let lab = Lab::new("answered");
    lab.stack("shop", SHOP);
    lab.once().exits(0);
    let commands = documented();
    assert!(commands.len() > 6, "{commands:?}");
    for command in commands {
        // Names of this lab begin with that of the test.
        let command = command.replace("shop", &lab.id("shop"));
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        lab.run(&words).exits(0);
    }
}
