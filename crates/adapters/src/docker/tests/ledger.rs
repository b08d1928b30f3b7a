//! Records of the ledger on an engine, and what the engine said of itself when it wrote them.

use super::*;
use model::ability::Abilities;

/// The list's entry of a container that holds a record.
fn record(name: &str, installation: &str, text: &str, env: &Value) -> Value {
    json!({"Id": format!("of-{name}"), "Names": [format!("/{name}")], "Labels": {
        "reconciler.installation": installation, "reconciler.ledger": text,
        "reconciler.engine": env.to_string(),
    }})
}

/// What an engine said of itself in one of its starts.
fn env(id: &str, start: Option<&str>) -> Value {
    let dropped = ["memswap_limit".to_owned()].into();
    json!({
        "id": id, "abilities": Abilities { dropped, ..Abilities::default() }, "start": start,
    })
}

/// The networks of one of its starts.
fn bridge(start: &str) -> Value {
    json!([{"Id": start, "Name": "bridge", "Driver": "bridge"}])
}

fn infos(engine: &FakeEngine) -> usize {
    engine.requests().iter().filter(|line| line.contains("/info")).count()
}

#[tokio::test]
async fn what_an_engine_says_of_itself_is_remembered_for_one_of_its_starts() {
    let ours = || {
        let of = |name: &str, env: &Value| record(name, "main", "{}", env);
        vec![
            of("reconciler-ledger-main.abc.10", &env("OLD", Some("start 1"))),
            of("reconciler-ledger-main.xyz.3", &env("NEW", Some("start 2"))),
        ]
    };
    let strangers = [
        // A copy under another name, another installation's, and one that was no start's.
        record("copy", "main", "{}", &env("COPY", Some("start 2"))),
        record("reconciler-ledger-other.abc.1", "other", "{}", &env("OTHER", Some("start 2"))),
        record("reconciler-ledger-main-9", "main", "{}", &env("BEFORE", None)),
    ];
    for (list, id, asked) in
        [(ours(), "NEW", 0), (strangers.to_vec(), "ENGINE", 1), (ours()[..1].to_vec(), "ENGINE", 1)]
    {
        let engine = FakeEngine::start(vec![
            ("GET /containers/json", 200, json!(list)),
            ("GET /networks", 200, bridge("start 2")),
        ]);
        let seen = look(&engine).await.unwrap();
        assert_eq!((seen.id, infos(&engine)), (Some(id.into()), asked));
        assert_eq!(seen.abilities.drops("memswap_limit"), asked == 0);
    }
}

#[tokio::test]
async fn an_engine_that_has_started_again_is_asked_again() {
    let engine = FakeEngine::start(vec![("GET /networks", 200, bridge("start 1"))]);
    assert_eq!(look(&engine).await.unwrap().id, Some("ENGINE".into()));
    assert_eq!(look(&engine).await.unwrap().id, Some("ENGINE".into()));
    assert_eq!(infos(&engine), 1, "once for each start");
    engine.answers("GET /networks", 200, &bridge("start 2"));
    engine.answers("GET /info", 200, &json!({"ID": "ANOTHER", "CgroupVersion": "2"}));
    let seen = look(&engine).await.unwrap();
    assert_eq!(seen.id, Some("ANOTHER".into()));
    assert!(seen.abilities.drops("oom_kill_disable"));
    let greetings = engine.requests().iter().filter(|line| line.contains("_ping")).count();
    assert_eq!(greetings, 2, "and greeted again: it may speak another version");
}

/// It keeps its networks over a restart: only a lost connection tells of one.
#[tokio::test]
async fn with_live_restore_a_lost_connection_tells() {
    let engine = FakeEngine::start(vec![
        ("GET /networks", 200, bridge("start 1")),
        ("GET /info", 200, json!({"ID": "ENGINE", "LiveRestoreEnabled": true})),
    ]);
    look(&engine).await.unwrap();
    look(&engine).await.unwrap();
    assert_eq!(infos(&engine), 1);
    engine.docker.transport.forget().await;
    look(&engine).await.unwrap();
    assert_eq!(infos(&engine), 2);
}

#[tokio::test]
async fn one_record_that_cannot_be_read_hides_no_other() {
    let list = json!([
        record("reconciler-ledger-main.abc.4", "main", "{", &env("X", None)),
        record("reconciler-ledger-main.xyz.2", "main", "{\"later\": 1}", &env("X", None)),
    ]);
    let engine = FakeEngine::start(vec![("GET /containers/json", 200, list)]);
    let stored = look(&engine).await.unwrap().stored;
    let unreadable: Vec<_> = stored.unreadable.keys().collect();
    assert_eq!(unreadable, [&("web1".into(), "abc".into())]);
    let record = stored.ledger.record(&"web1".into(), &"xyz".into()).unwrap();
    assert_eq!(record.others["later"], 1);
}

#[tokio::test]
async fn a_ledger_in_one_piece_that_cannot_be_read_is_not_an_empty_one() {
    let broken = json!([record("reconciler-ledger-main-4", "main", "{", &env("X", None))]);
    let engine = FakeEngine::start(vec![("GET /containers/json", 200, broken)]);
    assert!(matches!(look(&engine).await, Err(OutsideError::Failed(_))));
}

#[tokio::test]
async fn what_newer_records_have_replaced_is_removed_after_the_look_that_saw_it() {
    let of = |name: &str| record(name, "main", "{\"later\": 1}", &env("X", None));
    let list = json!([of("reconciler-ledger-main.abc.4"), of("reconciler-ledger-main.abc.11")]);
    let engine = FakeEngine::start(vec![
        ("GET /containers/json", 200, list),
        ("DELETE /containers/of-reconciler-ledger-main.abc.4", 200, json!("")),
    ]);
    assert!(look(&engine).await.unwrap().stored.leftovers);
    // Whether the one that is gone already is removed by another process makes no difference.
    engine.docker.sweep_records(false).await.unwrap();
    let deleted = || engine.requests().iter().filter(|line| line.starts_with("DELETE")).count();
    assert_eq!(deleted(), 1, "{:?}", engine.requests());
    engine.docker.sweep_records(false).await.unwrap();
    assert_eq!(deleted(), 1, "what no look has seen since is left alone");
}
