//! The adapter against a small engine in this process, which answers what the test says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;

mod agreement;
mod ledger;

use super::*;
use model::action::Action;
use model::id::{ContainerId, ImageRef};
use model::policy::HostPolicy;
use model::target::{ContainerRef, Target};
use world::{NoTree, Scope};

/// What the engine answers: status and body by `GET /path`, without version and query.
type Answers = BTreeMap<&'static str, (u16, String)>;

struct FakeEngine {
    folder: PathBuf,
    docker: Arc<Docker>,
    answers: Arc<StdMutex<Answers>>,
    requests: Arc<StdMutex<Vec<String>>>,
    /// Lets one stream of events begin.
    events: Arc<Notify>,
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn folder() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("rc-docker-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

impl FakeEngine {
    fn start(changes: Vec<(&'static str, u16, Value)>) -> Self {
        Self::start_with(changes.into_iter().map(|(r, s, v)| (r, s, v.to_string())).collect())
    }

    /// An engine that holds nothing, except for these answers.
    fn start_with(changes: Vec<(&'static str, u16, String)>) -> Self {
        let mut answers: Answers = [
            ("GET /_ping", json!("OK")),
            ("GET /info", json!({"ID": "ENGINE"})),
            ("GET /containers/json", json!([])),
            ("GET /networks", json!([])),
            ("GET /volumes", json!({"Volumes": null, "Warnings": null})),
        ]
        .map(|(request, body)| (request, (200, body.to_string())))
        .into();
        answers
            .extend(changes.into_iter().map(|(request, status, body)| (request, (status, body))));
        let folder = folder();
        let socket = folder.join("docker.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let requests = Arc::new(StdMutex::new(Vec::new()));
        let answers = Arc::new(StdMutex::new(answers));
        let (kept, known) = (Arc::clone(&requests), Arc::clone(&answers));
        let events = Arc::new(Notify::new());
        let begin = Arc::clone(&events);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (known, kept, begin) = (known.clone(), kept.clone(), begin.clone());
                tokio::spawn(serve(stream, known, kept, begin));
            }
        });
        let endpoint = EngineEndpoint::Unix(socket);
        let policy = PolicyEvaluator::of(HostPolicy::default());
        let docker = Docker::connect(&endpoint, "web1".into(), "main".into(), policy).unwrap();
        Self { folder, docker: Arc::new(docker), answers, requests, events }
    }

    /// From now on it answers this.
    fn answers(&self, request: &'static str, status: u16, body: &Value) {
        self.answers.lock().unwrap().insert(request, (status, body.to_string()));
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: UnixStream,
    answers: Arc<StdMutex<Answers>>,
    kept: Arc<StdMutex<Vec<String>>>,
    events: Arc<Notify>,
) {
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
        let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
        kept.lock().unwrap().push(line.to_owned());
        if line.contains("/events?") {
            // A stream of one event, which goes on; it begins when the test says so.
            events.notified().await;
            let answer = "HTTP/1.1 200 X\r\napi-version: 1.41\r\n\
                          transfer-encoding: chunked\r\n\r\n3\r\n{}\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            return std::future::pending().await;
        }
        let line = line.split('?').next().unwrap().replace("/v1.41/", "/");
        let missing = (404, json!({"message": format!("no answer for {line}")}).to_string());
        let found = answers.lock().unwrap().get(line.as_str()).cloned();
        let (status, body) = found.unwrap_or(missing);
        let answer = format!(
            "HTTP/1.1 {status} X\r\napi-version: 1.41\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        seen.clear();
    }
}

/// The list's entry of a container of ours.
fn listed(id: &str) -> Value {
    json!({"Id": id, "Names": [format!("/{id}")], "Labels": {"reconciler.installation": "main"}})
}

/// The least that inspect says.
fn inspected(id: &str, status: &str) -> Value {
    json!({
        "Id": id, "Name": format!("/{id}"), "Created": "2026-11-21T10:31:18.216286069Z",
        "Image": "sha256:1", "State": {"Status": status}, "Config": {"Image": "web"},
        "HostConfig": {}, "NetworkSettings": {}, "Mounts": [],
    })
}

async fn look(engine: &FakeEngine) -> Result<model::observed::EngineContents, OutsideError> {
    let scope = Scope { images: [ImageRef::new("web")].into(), ..Scope::default() };
    engine.docker.observe(&scope).await
}

#[tokio::test]
async fn an_empty_engine_is_seen_as_empty() {
    let engine = FakeEngine::start(vec![]);
    let seen = look(&engine).await.unwrap();
    assert_eq!(seen.id, Some("ENGINE".into()));
    assert!(seen.containers.is_empty() && seen.networks.is_empty() && seen.images.is_empty());
}

#[tokio::test]
async fn a_container_that_vanishes_after_the_list_is_not_there() {
    let engine = FakeEngine::start(vec![
        ("GET /containers/json", 200, json!([listed("a1"), listed("b2")])),
        ("GET /containers/b2/json", 200, inspected("b2", "running")),
    ]);
    let seen = look(&engine).await.unwrap();
    let names: Vec<&str> = seen.containers.iter().map(|view| view.name.as_str()).collect();
    assert_eq!(names, ["b2"]);
}

#[tokio::test]
async fn a_look_that_was_begun_asks_for_nothing_twice_and_counts_once() {
    let engine = FakeEngine::start(vec![
        ("GET /containers/json", 200, json!([listed("a1")])),
        ("GET /containers/a1/json", 200, inspected("a1", "running")),
        ("GET /images/web/json", 200, json!({"Id": "sha256:1"})),
    ]);
    let asked = |what: &str| engine.requests().iter().filter(|line| line.contains(what)).count();
    engine.docker.begin().await;
    // Nobody has said yet what is wanted.
    while asked("/containers/a1/json") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(look(&engine).await.unwrap().containers.len(), 1);
    assert_eq!(engine.requests().len(), 7, "{:?}", engine.requests());
    // What was begun is used up: the next look sees what is then.
    look(&engine).await.unwrap();
    assert_eq!((asked("/containers/json"), asked("/networks"), asked("/info")), (2, 2, 1));
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    let failure = json!({"message": "boom"});
    let list = || ("GET /containers/json", 200, json!([listed("a1")]));
    let mut lacking = inspected("a1", "running");
    lacking.as_object_mut().unwrap().remove("State");
    let cases = vec![
        vec![("GET /containers/json", 500, failure.clone())],
        vec![("GET /networks", 500, failure.clone())],
        vec![("GET /volumes", 500, failure.clone())],
        vec![("GET /images/web/json", 500, failure.clone())],
        vec![("GET /info", 500, failure.clone())],
        vec![("GET /info", 200, json!({"ID": ""}))],
        vec![("GET /_ping", 500, failure.clone())],
        vec![list(), ("GET /containers/a1/json", 500, failure)],
        vec![list(), ("GET /containers/a1/json", 200, inspected("a1", "levitating"))],
        vec![list(), ("GET /containers/a1/json", 200, inspected("a1", ""))],
        vec![list(), ("GET /containers/a1/json", 200, lacking)],
    ];
    for case in cases {
        let engine = FakeEngine::start(case.clone());
        let error = look(&engine).await.unwrap_err();
        assert!(matches!(error, OutsideError::Failed(_)), "{case:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_is_no_image_reference_is_no_image() {
    let invalid = json!({"message": "invalid reference format"});
    let engine = FakeEngine::start(vec![
        ("GET /images/UPPER/json", 400, invalid),
        ("GET /images/web:1/json", 200, json!({"Id": "sha256:1"})),
    ]);
    let images = ["UPPER", "../info", "a//b", "a?b", "a b", "", "..", "web:1"].map(ImageRef::new);
    let scope = Scope { images: images.into(), ..Scope::default() };
    let seen = engine.docker.observe(&scope).await.unwrap();
    assert_eq!(seen.images.keys().collect::<Vec<_>>(), [&ImageRef::new("web:1")]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let cut = (r#"[{"Id":"a1","Names":["/a1"],"#).to_owned();
    let engine = FakeEngine::start_with(vec![("GET /containers/json", 200, cut)]);
    assert!(look(&engine).await.is_err());
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_unreachable() {
    let folder = folder();
    let endpoint = EngineEndpoint::Unix(folder.join("docker.sock"));
    let policy = PolicyEvaluator::of(HostPolicy::default());
    let docker = Docker::connect(&endpoint, "web1".into(), "main".into(), policy).unwrap();
    let error = docker.ping().await.unwrap_err();
    assert!(
        matches!(&error, OutsideError::Unreachable(text) if text.contains("dockerd")),
        "{error}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

fn remove(id: &str) -> Action {
    let container = ContainerRef::Known(ContainerId::new(id));
    Action::RemoveContainer { container: Target { container, name: id.into() } }
}

#[tokio::test]
async fn a_removal_reads_again_and_leaves_what_is_not_ours() {
    let with = |status: &str, label: Option<&str>| {
        let mut seen = inspected("a1", status);
        if let Some(installation) = label {
            seen["Config"]["Labels"] = json!({"reconciler.installation": installation});
        }
        seen
    };
    let table = [
        (with("exited", Some("main")), true),
        (with("created", Some("main")), true),
        (with("dead", None), true),
        (with("running", Some("main")), false),
        (with("restarting", Some("main")), false),
        (with("exited", Some("other")), false),
        (inspected("b2", "exited"), false),
    ];
    for (seen, removed) in table {
        let engine = FakeEngine::start(vec![
            ("GET /containers/a1/json", 200, seen.clone()),
            ("DELETE /containers/a1", 200, json!("")),
        ]);
        let outcome = engine.docker.act(&remove("a1"), &NoTree).await;
        assert_eq!(outcome.is_ok(), removed, "{seen}: {outcome:?}");
        let deletions = engine.requests().iter().filter(|r| r.starts_with("DELETE")).count();
        assert_eq!(deletions, usize::from(removed), "{seen}");
    }
}

#[tokio::test]
async fn a_pull_that_ends_in_an_error_of_the_engine_has_failed() {
    let image = ("GET /images/web/json", 200, json!({"Id": "sha256:1", "Config": {}}).to_string());
    let progress = |lines: &str| ("POST /images/create", 200, lines.to_owned());
    let pull = Action::PullImage { image: "web".into(), platform: None };
    let complete = "{\"status\":\"Pulling\"}\r\n{\"status\":\"Status: Image is up to date\"}\r\n";
    let table = [
        (complete.to_owned(), true),
        (format!("{complete}{{\"status\":"), true),
        ("{\"status\":\"Pulling\"}\n{\"errorDetail\":{\"message\":\"EOF\"}}\n".to_owned(), false),
    ];
    for (lines, pulled) in table {
        let engine = FakeEngine::start_with(vec![image.clone(), progress(&lines)]);
        let outcome = engine.docker.act(&pull, &NoTree).await;
        assert_eq!(outcome.is_ok(), pulled, "{lines}: {outcome:?}");
    }
    let engine = FakeEngine::start_with(vec![progress(complete)]);
    assert!(engine.docker.act(&pull, &NoTree).await.is_err(), "it is not there");
}

#[tokio::test]
async fn an_engine_that_quotes_a_secret_is_not_quoted() {
    let message = json!({"message": "invalid environment variable: hunter2"});
    let engine = FakeEngine::start(vec![("POST /containers/create", 400, message)]);
    let mut spec = model::spec::ContainerSpec::of_image("web".into());
    spec.env = [("DB_PASSWORD".to_owned(), "hunter2".to_owned())].into();
    let create = Action::CreateContainer(Box::new(super::act::body::tests::create(spec)));
    let error = engine.docker.act(&create, &NoTree).await.unwrap_err().to_string();
    assert!(error.contains("(masked)") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_slow_engine_is_listened_to_however_often_the_wait_for_its_events_is_given_up() {
    let engine = FakeEngine::start(Vec::new());
    // Another engine is busy: each of its events ends the wait for this one's.
    let wait = |span| tokio::time::timeout(span, engine.docker.changed());
    let asked = || engine.requests().iter().any(|line| line.contains("/events?"));
    let mut given_up = 0;
    while given_up < 3 || !asked() {
        assert!(wait(Duration::from_millis(20)).await.is_err(), "nothing was answered yet");
        given_up += 1;
        assert!(given_up < 3000, "it never asks for events: {:?}", engine.requests());
    }
    engine.events.notify_one();
    wait(Duration::from_mins(1)).await.expect("it comes to a stream");
    let opened = engine.requests().iter().filter(|line| line.contains("/events?")).count();
    assert_eq!(opened, 1);
    // With the docker client ends its task, and with that the stream.
}
