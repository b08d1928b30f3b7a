//! The client against a server of canned answers: what a real Consul does only in
//! rare moments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::*;
use model::catalog::CheckStatus;
use model::ledger::{Record, Stored};
use world::CatalogScope;

static NEXT: AtomicUsize = AtomicUsize::new(0);

type Answers = Vec<(String, String)>;

/// Answers requests by the beginning of their first line, with a status, headers after
/// `|`, and a body after the line break; hangs up on all others.
struct Canned {
    path: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Canned {
    fn start(answers: &[(&str, &str)]) -> Self {
        let answers: Answers =
            answers.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rc-consul-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&path).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, answers.clone(), Arc::clone(&log)));
            }
        });
        Self { path, asked }
    }

    fn client(&self) -> Consul {
        Consul::new(&ConsulSettings {
            address: format!("unix://{}", self.path.display()),
            token: Some(Token::new("hush").unwrap()),
            ca: None,
            installation: "main".into(),
            engines: BTreeMap::from([("local".into(), None)]),
        })
        .unwrap()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
    }
}

async fn answer(mut stream: UnixStream, answers: Answers, log: Arc<Mutex<Vec<String>>>) {
    let mut seen = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => seen.extend_from_slice(&chunk[..read]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&seen).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() < length.map_or(0, |length| length.parse().unwrap()) {
            continue;
        }
        log.lock().unwrap().push(text.clone());
        let answer = answers.iter().find(|(begin, _)| text.starts_with(begin.as_str()));
        let Some((_, answer)) = answer else { return };
        let (head, body) = answer.split_once('\n').unwrap();
        let head = head.replace('|', "\r\n");
        let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        seen.clear();
    }
}

async fn ledger_with(answers: &[(&str, &str)]) -> Result<Stored, OutsideError> {
    let server = Canned::start(answers);
    server.client().read_ledger().await
}

#[tokio::test]
async fn without_a_leader_nothing_is_known() {
    let error = ledger_with(&[("GET", "500 Error\nNo cluster leader")]).await.unwrap_err();
    assert!(matches!(error, OutsideError::Unreachable(_)), "{error:?}");
    let found = "200 OK|X-Consul-KnownLeader: false\n[]";
    let error = ledger_with(&[("GET", found)]).await.unwrap_err();
    assert!(matches!(error, OutsideError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_write_that_got_no_answer_may_have_been_carried_out() {
    let there = r#"[{"Key":"reconciler/main/ledger","Value":null,"ModifyIndex":7}]"#;
    let server =
        Canned::start(&[("GET /v1/kv/reconciler/main/ledger", &format!("200 OK\n{there}"))]);
    let consul = server.client();
    let error = consul.remove_single().await.unwrap_err();
    assert!(matches!(error, OutsideError::Timeout(_)), "{error:?}");
    let error = Canned::start(&[]).client().read_ledger().await.unwrap_err();
    assert!(matches!(error, OutsideError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn an_absent_ledger_needs_a_witness() {
    const ABSENT: (&str, &str) = ("GET /v1/kv/reconciler/main/ledger", "404 Not Found\n");
    const NO_CANARY: (&str, &str) = ("GET /v1/kv/reconciler/main/canary", "404 Not Found\n");
    // The canary is there: there is no ledger.
    let canary = r#"[{"Key":"reconciler/main/canary","Value":null,"ModifyIndex":7}]"#;
    let canary = format!("200 OK\n{canary}");
    assert_eq!(ledger_with(&[ABSENT, ("GET", &canary)]).await, Ok(Stored::default()));
    // It is not, but Consul confirms that there never was one.
    let confirmed = "200 OK\n{\"Results\":[],\"Errors\":null}";
    let read = ledger_with(&[ABSENT, NO_CANARY, ("PUT /v1/txn", confirmed)]).await;
    assert_eq!(read, Ok(Stored::default()));
    // It is not, and Consul does not say so to us.
    let denied = "409 Conflict\n{\"Errors\":[{\"OpIndex\":0,\"What\":\"Permission denied\"}]}";
    assert!(matches!(
        ledger_with(&[ABSENT, NO_CANARY, ("PUT /v1/txn", denied)]).await,
        Err(OutsideError::Forbidden(_))
    ));
    // It is there after all.
    let there = "409 Conflict\n{\"Errors\":[{\"OpIndex\":1,\"What\":\"key exists\"}]}";
    assert!(matches!(
        ledger_with(&[ABSENT, NO_CANARY, ("PUT /v1/txn", there)]).await,
        Err(OutsideError::Conflict(_))
    ));
}

#[tokio::test]
async fn another_server_behind_the_address_is_noticed() {
    let error = ledger_with(&[("GET", "200 OK\n<html>hello</html>")]).await.unwrap_err();
    assert!(matches!(&error, OutsideError::Failed(text) if text.contains("address")), "{error}");
}

#[tokio::test]
async fn reads_ask_the_leader_and_carry_the_token() {
    let server = Canned::start(&[
        ("GET /v1/catalog/node", "200 OK\nnull"),
        ("GET /v1/catalog/service", "200 OK|X-Consul-Results-Filtered-By-ACLs: true\n[]"),
        ("GET /v1/kv", "404 Not Found\n"),
        ("PUT /v1/txn", "200 OK\n{\"Results\":[],\"Errors\":null}"),
    ]);
    let services: BTreeSet<String> = ["a b".to_owned()].into();
    let scope = CatalogScope::new(["local".into()].into(), services.clone());
    let contents = server.client().catalog(&scope).await.unwrap();
    // What is hidden from us is not ours.
    assert_eq!(contents.foreign, services);
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 4);
    for request in asked {
        let line = request.lines().next().unwrap();
        assert!(line.starts_with("PUT /v1/txn ") || line.contains("?leader"), "{line}");
        assert!(!line.contains("stale"), "{line}");
        assert!(request.to_ascii_lowercase().contains("x-consul-token: hush\r\n"), "{request}");
    }
}

#[tokio::test]
async fn an_entry_of_others_that_names_a_deployment_of_ours_hides_nothing() {
    let meta = r#"{"managed-by":"reconciler","installation":"main","deployment":"abc"}"#;
    let node = format!(
        r#"200 OK
{{"Node":{{"Node":"n","Meta":{meta}}},"Services":{{
    "1.web.abc":{{"ID":"1.web.abc","Service":"web.abc","Meta":{meta}}},
    "it\"s":{{"ID":"it\"s","Service":"x","Meta":{{"deployment":"abc"}}}},
    "it\"s too":{{"ID":"it\"s too","Service":"x","Meta":{meta}}}}}}}"#
    );
    let checks = r#"200 OK
[{"CheckID":"service:1.web.abc","Status":"passing"}]"#;
    let canary = r#"[{"Key":"reconciler/main/canary","Value":null,"ModifyIndex":7}]"#;
    let server = Canned::start(&[
        ("GET /v1/catalog/node", &node),
        ("GET /v1/health/node", checks),
        ("GET /v1/kv", &format!("200 OK\n{canary}")),
    ]);
    let scope = CatalogScope::new(["local".into()].into(), BTreeSet::new());
    let scope = CatalogScope { only: Some(["abc".into()].into()), ..scope };
    let contents = server.client().catalog(&scope).await.unwrap();
    let entry = &contents.nodes[&"local".into()].entries[&"1.web.abc".into()];
    assert_eq!(entry.status, CheckStatus::Passing);
}

#[tokio::test]
async fn a_large_part_of_the_catalog_is_read_with_all_of_it() {
    let server =
        Canned::start(&[("GET /v1/catalog/node", "200 OK\nnull"), ("GET", "404 Not Found\n")]);
    let scope = CatalogScope::new(["local".into()].into(), BTreeSet::new());
    for (count, is_alone) in [(2, true), (500, false)] {
        let only = (0..count).map(|n| format!("app{n}").as_str().into()).collect();
        let _ = server.client().catalog(&CatalogScope { only: Some(only), ..scope.clone() }).await;
        let asked = std::mem::take(&mut *server.asked.lock().unwrap());
        assert_eq!(asked[0].contains("filter="), is_alone, "{count}");
    }
}

#[tokio::test]
async fn a_node_that_the_token_sees_in_part_is_not_believed() {
    let hidden = "200 OK|X-Consul-Results-Filtered-By-ACLs: true\nnull";
    let server = Canned::start(&[("GET /v1/catalog/node", hidden)]);
    let read =
        server.client().catalog(&CatalogScope::new(["local".into()].into(), BTreeSet::new())).await;
    assert!(matches!(read, Err(OutsideError::Forbidden(_))), "{read:?}");
}

#[tokio::test]
async fn a_record_beyond_consuls_limit_is_refused_before_it_is_sent() {
    let server = Canned::start(&[("GET /v1/kv", "404 Not Found\n")]);
    let huge = |mut record: Record| {
        record.others.insert("later".to_owned(), "x".repeat(512 << 10).into());
        record
    };
    let consul = server.client();
    let error = consul.change_record(&"local".into(), &"abc".into(), huge).await.unwrap_err();
    assert!(matches!(&error, OutsideError::Failed(text) if text.contains("bytes")), "{error}");
    assert!(server.asked.lock().unwrap().iter().all(|request| request.starts_with("GET")));
}

#[tokio::test]
async fn each_record_stands_for_itself() {
    let value = |key: &str, text: &str| {
        let text = STANDARD.encode(text);
        format!(r#"{{"Key":"reconciler/main/ledger{key}","Value":"{text}","ModifyIndex":7}}"#)
    };
    let all = [
        value("", r#"{"deployments":{}}"#),
        value("/local/abc", r#"{"later":1}"#),
        value("/web%2F1/abc", r#"{"later":2}"#),
        value("/local/xyz", "7"),
        value("-of-another", "7"),
    ];
    let answer = format!("200 OK\n[{}]", all.join(","));
    let stored = ledger_with(&[("GET /v1/kv/reconciler/main/ledger?", &answer)]).await.unwrap();
    let seen: Vec<_> = stored.ledger.iter().map(|(e, d, _)| format!("{d} on {e}")).collect();
    assert_eq!(seen, ["abc on local", "abc on web/1"]);
    let unreadable: Vec<_> = stored.unreadable.keys().collect();
    assert_eq!(unreadable, [&("local".into(), "xyz".into())]);
    assert!(stored.leftovers, "the form that is written no more");

    let part = answer.replace("200 OK", "200 OK|X-Consul-Results-Filtered-By-ACLs: true");
    let read = ledger_with(&[("GET", &part)]).await;
    assert!(matches!(read, Err(OutsideError::Forbidden(_))), "{read:?}");
}
