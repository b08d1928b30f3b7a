//! The program is killed right after each of its calls in turn; the next one finishes the
//! work, with no double and no leak.

use super::support::*;

/// Everything that a first pass makes: networks, a volume, a file, a gate.
const FULL: &str = "
services:
  db:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    environment: { TAG: \"1.7\" }
    volumes: [data:/data, /scratch]
    configs: [{ source: settings, target: /etc/settings, mode: 0440 }]
    x-reconciler: { min_healthy: 50ms }
  api:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    networks: [default, back]
    depends_on: { db: { condition: service_started, restart: true } }
    x-reconciler: { min_healthy: 50ms }
networks:
  back:
volumes:
  data:
configs:
  settings: { file: settings.txt }
";

const SCALED: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    x-reconciler: { min_healthy: 50ms }
    deploy: { replicas: 1 }
";

/// What is to be there in the end.
struct Want<'a> {
    containers: &'a [&'a str],
    networks: &'a [&'a str],
    volumes: &'a [&'a str],
}

/// Goes from one state to another, once per call with a crash after it. `check` looks at
/// what came out of it. Returns the number of calls.
#[expect(clippy::print_stdout, reason = "says how far a failing sweep came")]
fn sweep(
    name: &'static str,
    from: Option<&str>,
    to: &str,
    want: &Want<'_>,
    check: impl Fn(&Lab),
) -> usize {
    let mut calls = 0;
    loop {
        let mut lab = Lab::new(name);
        lab.file("abc", "settings.txt", "shiny");
        if let Some(from) = from {
            lab.stack("abc", from);
            lab.once().exits(0);
        }
        lab.stack("abc", to);
        let dying = Proxy::crash_after(&format!("{name}-{calls}"), calls + 1);
        lab.engine_at(&dying.address);
        if !lab.program(&["--once", &lab.source()]).run_until_crash(&dying) {
            assert_eq!(dying.mutating().len(), calls, "it ended by itself: {:?}", dying.mutating());
            return calls;
        }
        calls += 1;
        let last = dying.mutating().pop().unwrap_or_default();
        println!("killed after call {calls}: {last}");

        let counting = Proxy::engine(&format!("{name}-{calls}-then"));
        lab.engine_at(&counting.address);
        lab.once().exits(0);
        converged(&lab, want);
        check(&lab);
        let before = lab.containers();
        counting.forget();
        lab.once().is_quiet();
        assert_eq!(counting.mutating(), Vec::<String>::new());
        assert_eq!(lab.containers(), before);
    }
}

fn converged(lab: &Lab, want: &Want<'_>) {
    let own = |names: &[&str]| names.iter().map(|name| lab.of(name)).collect::<Vec<_>>();
    assert_eq!(lab.names(), own(want.containers));
    assert_eq!(lab.networks(), own(want.networks));
    assert_eq!(lab.volumes().into_iter().collect::<Vec<_>>(), own(want.volumes));
    // What the killed one left of an older record is gone.
    assert_eq!(lab.ledgers().len(), 1, "{:?}", lab.ledgers());
    for name in lab.names() {
        assert_eq!(inspect(&name)["State"]["Running"], true, "{name}");
    }
}

/// The same with an answer that is lost: the call is done, the program does not know, and
/// must neither repeat it nor take it for done.
#[test]
#[expect(clippy::print_stdout, reason = "says how far a failing sweep came")]
fn a_lost_answer_anywhere_in_a_first_pass() {
    for call in 1.. {
        let mut lab = Lab::new("lost");
        lab.file("abc", "settings.txt", "shiny");
        lab.stack("abc", FULL);
        let losing = Proxy::losing(&format!("lost-{call}"), call);
        lab.engine_at(&losing.address);
        let finished = lab.once();
        let calls = losing.mutating();
        if calls.len() < call {
            assert!(call > 9, "a first pass makes more than {} calls", call - 1);
            finished.exits(0);
            return;
        }
        println!("lost the answer to {}: exit {:?}", calls[call - 1], finished.code);
        assert!(matches!(finished.code, Some(0 | 1 | 69)), "{finished}");
        lab.engine_at(&variable("DOCKER_HOST"));
        lab.once().exits(0);
        converged(&lab, &WANT);
        lab.once().is_quiet();
    }
}

const WANT: Want<'static> = Want {
    containers: &["abc-api-1", "abc-db-1"],
    networks: &["abc_back", "abc_default"],
    volumes: &["abc_data"],
};

#[test]
fn crash_anywhere_in_a_first_pass() {
    let calls = sweep("crashfirst", None, FULL, &WANT, |lab| {
        let text = docker(&["exec", &lab.of("abc-db-1"), "cat", "/etc/settings"]);
        assert_eq!(text, "shiny", "no container starts without its files");
        let networks = inspect(&lab.of("abc-api-1"))["NetworkSettings"]["Networks"].clone();
        assert_eq!(networks.as_object().unwrap().len(), 2);
    });
    assert!(calls >= 9, "a first pass makes more than {calls} calls");
}

#[test]
fn crash_anywhere_in_an_update() {
    let to = FULL.replace("1.7", "1.8");
    let calls = sweep("crashupdate", Some(FULL), &to, &WANT, |lab| {
        let [db, api] = ["abc-db-1", "abc-api-1"].map(|name| lab.of(name));
        let env = inspect(&db)["Config"]["Env"].to_string();
        assert!(env.contains("TAG=1.8"), "{env}");
        assert!(started_at(&api) > started_at(&db), "the dependent followed");
    });
    assert!(calls >= 5, "an update makes more than {calls} calls");
}

#[test]
fn crash_anywhere_while_scaling_up() {
    let to = SCALED.replace("replicas: 1", "replicas: 3");
    let want = Want {
        containers: &["abc-web-1", "abc-web-2", "abc-web-3"],
        networks: &["abc_default"],
        volumes: &[],
    };
    let calls = sweep("crashup", Some(SCALED), &to, &want, |_| {});
    assert!(calls >= 4, "two replicas more need more than {calls} calls");
}

#[test]
fn crash_anywhere_while_scaling_down() {
    let from = SCALED.replace("replicas: 1", "replicas: 3");
    let want = Want { containers: &["abc-web-1"], networks: &["abc_default"], volumes: &[] };
    let calls = sweep("crashdown", Some(&from), SCALED, &want, |_| {});
    assert!(calls >= 4, "two replicas less need more than {calls} calls");
}
