//! The ledger is lost, moves, or is found again: nothing that runs is touched for it, and nothing
//! is made twice.

use super::support::*;

const SHOP: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    deploy: { replicas: 2 }
    x-reconciler: { min_healthy: 50ms }
";

/// What a person does who cleans up, as far as it concerns this test.
fn prune(lab: &Lab) {
    let ours = format!("label=reconciler.installation={}", lab.installation());
    docker(&["system", "prune", "--all", "--force", "--volumes", "--filter", &ours]);
}

/// Runs a pass that may change nothing that runs.
fn unchanged(lab: &Lab, words: &[&str]) -> Finished {
    let before = lab.containers();
    let finished = lab.run(&[&["--once", &lab.source()], words].concat());
    let finished = finished.exits(0);
    assert_eq!(lab.containers(), before);
    finished
}

#[test]
fn after_a_prune_what_labels_say_goes_on_being_true() {
    let mut lab = Lab::new("pruned");
    lab.stack("abc", SHOP);
    lab.stack("xyz", SHOP);
    lab.once().exits(0);
    assert_eq!(lab.ledgers().len(), 2);
    prune(&lab);
    assert!(lab.ledgers().is_empty());
    let forgot = |id: &str| format!("forgot: no record of {} on engine local", lab.id(id));
    lab.plan().exits(0).prints(&forgot("abc")).prints(&forgot("xyz"));

    let counting = Proxy::engine("pruned");
    lab.engine_at(&counting.address);
    unchanged(&lab, &[]);
    let calls = counting.mutating();
    let of = |what: &str| calls.iter().filter(|call| call.contains(what)).count();
    let (records, locks) =
        (of("create?name=reconciler-ledger-"), of("create?name=reconciler-lock-"));
    // The lock, too, is a container that never runs; it goes at the end.
    assert_eq!((records, locks, of("DELETE ")), (2, 1, 1), "{calls:?}");
    assert_eq!(calls.len(), 4, "{calls:?}");
    assert_eq!(lab.ledgers().len(), 2);
    lab.once().is_quiet();

    // What leaves the source after another loss is known by its labels.
    prune(&lab);
    lab.drop_stack("xyz");
    lab.once().exits(0);
    assert_eq!(lab.names(), ["abc-web-1", "abc-web-2"].map(|name| lab.of(name)));
    assert_eq!(lab.ledgers().len(), 1);
}

#[test]
fn consul_is_switched_on_and_off_between_two_passes() {
    let consul = variable("CONSUL_HTTP_ADDR");
    let mut lab = Lab::new("switched");
    lab.stack("abc", SHOP);
    lab.once().exits(0);
    lab.consul_at(&consul);
    unchanged(&lab, &[]);
    assert!(lab.ledgers().is_empty(), "it moved: {:?}", lab.ledgers());
    let keys = format!("/v1/kv/reconciler/{}/ledger/?keys", lab.installation());
    assert_eq!(Consul::get(&keys).as_array().map(Vec::len), Some(1));
    lab.once().is_quiet();

    lab.without_consul();
    unchanged(&lab, &[]).prints("forgot: no record of");
    lab.once().is_quiet();
    lab.consul_at(&consul);
    unchanged(&lab, &[]);
    assert!(lab.ledgers().is_empty(), "it moved again: {:?}", lab.ledgers());
    lab.once().is_quiet();
}

#[test]
fn the_default_engine_may_get_another_name() {
    let lab = Lab::new("renamed");
    lab.stack("abc", SHOP);
    lab.once().exits(0);
    let config = lab.folder().join("config.yaml");
    let engine = variable("DOCKER_HOST");
    std::fs::write(
        &config,
        format!("engine: web1\nengines: {{ web1: {{ url: \"{engine}\" }} }}\n"),
    )
    .unwrap();
    unchanged(&lab, &["--config", &config.display().to_string()]);
    assert_eq!(lab.ledgers().len(), 1, "{:?}", lab.ledgers());
}
