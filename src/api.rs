//! What a running controller answers over HTTP: whether it lives, whether it has seen
//! everything once and reads its source, and what it knows of its deployments. Nothing here changes anything.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;

use model::id::DeploymentId;
use model::plan::{Blocked, DeploymentState};
use model::remedy::Remedy;
use model::time::{Instant, Timestamp};
use reconcile::control;

/// The version of [`Status`]'s JSON; a field that is only added does not change it.
pub const SCHEMA_VERSION: u32 = 1;

/// What a controller knows, as `GET /status` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of this object's form.
    pub schema_version: u32,
    /// The program's version.
    pub version: String,
    /// Whose containers are ours.
    pub installation: String,
    /// Where desired state comes from, without credentials.
    pub source: String,
    /// Whether this controller acts, or waits for the lease.
    pub acts: bool,
    /// Whether everything was seen at the same time at least once.
    pub ready: bool,
    /// The revision that is being applied.
    pub revision: Option<String>,
    /// Why the source could not be read the last time.
    pub source_error: Option<String>,
    /// When the last look ended, RFC 3339.
    pub seen_at: Option<String>,
    /// The parts that do not answer, and what they said.
    pub unseen: BTreeMap<String, String>,
    /// Each deployment's state.
    pub deployments: BTreeMap<DeploymentId, DeploymentState>,
    /// What is withheld, and what it waits for.
    pub blocked: Vec<String>,
    /// The same in parts; a controller of an earlier version does not say it.
    #[serde(default)]
    pub withheld: Vec<Withheld>,
    /// What is put off because it failed too often.
    pub held: Vec<String>,
    /// The last pass that did something; `None` before the first.
    pub last_pass: Option<LastPass>,
}

/// Something withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Of which deployment; `None` if it is of none.
    pub deployment: Option<DeploymentId>,
    /// What is not done, and the place in the source that asks for it.
    pub what: String,
    /// What it waits for.
    pub waits: String,
    /// Whether it is only worth telling: nothing that was asked for is withheld.
    pub is_notice: bool,
}

impl Withheld {
    fn of(blocked: &Blocked) -> Self {
        let at = blocked.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        let remedy = blocked.remedy().map(|remedy| match remedy {
            Remedy::Flag(flag) => format!("; the controller takes {flag}"),
            Remedy::Command(command) => format!("; to let it go on: {command}"),
        });
        Self {
            deployment: blocked.deployment.clone(),
            what: format!("{}{at}", blocked.subject),
            waits: format!("{}{}", blocked.waiting_on, remedy.unwrap_or_default()),
            is_notice: blocked.waiting_on.is_notice(),
        }
    }
}

/// How a pass went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPass {
    /// When it ended, RFC 3339.
    pub at: String,
    /// The exit code that `--once` would have ended with.
    pub exit_code: u8,
    /// Steps that succeeded.
    pub done: usize,
    /// What failed, and why.
    pub failed: Vec<String>,
}

impl Status {
    /// A controller that has not seen anything yet.
    pub fn starting(installation: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            installation: installation.into(),
            source: source.into(),
            acts: false,
            ready: false,
            revision: None,
            source_error: None,
            seen_at: None,
            unseen: BTreeMap::new(),
            deployments: BTreeMap::new(),
            blocked: Vec::new(),
            withheld: Vec::new(),
            held: Vec::new(),
            last_pass: None,
        }
    }

    /// The same after a look.
    #[must_use]
    pub fn after(self, look: &control::Status) -> Self {
        Self {
            ready: look.ready,
            revision: look.revision.as_ref().map(ToString::to_string),
            source_error: look.source_error.clone(),
            seen_at: look.seen_at.map(rfc3339),
            unseen: look.unseen.iter().map(|(part, e)| (part.to_string(), e.clone())).collect(),
            deployments: look.deployments.clone(),
            blocked: look.blocked.iter().map(ToString::to_string).collect(),
            withheld: look.blocked.iter().map(Withheld::of).collect(),
            held: look.held.iter().map(put_off).collect(),
            ..self
        }
    }
}

/// What is put off, in words.
#[must_use]
pub fn put_off(held: &control::Held) -> String {
    let control::Held { subject, attempt, until } = held;
    let deployment = &subject.deployment;
    format!("{subject} of {deployment} was tried {attempt} times; next at {}", rfc3339(*until))
}

/// An instant as programs and people read it, in whole seconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_nanos(at.0)).to_string()
}

/// The newest status, shared with the server.
pub type Newest = watch::Receiver<Arc<Status>>;

/// A loop without a heartbeat for so long is not alive any more: it sends one every
/// few seconds, and one call to Consul may take ten.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// When the controller's loop was alive last, shared with the server.
#[derive(Debug)]
pub struct Heartbeat {
    clock: fn() -> Instant,
    last: AtomicU64,
}

impl Heartbeat {
    /// A first heartbeat now, by this clock.
    pub fn new(clock: fn() -> Instant) -> Self {
        Self { clock, last: AtomicU64::new(clock().0) }
    }

    /// A heartbeat.
    pub fn beat(&self) {
        self.last.store((self.clock)().0, Ordering::Relaxed);
    }

    /// How long ago the last one was.
    fn silence(&self) -> Duration {
        (self.clock)().since(Instant(self.last.load(Ordering::Relaxed)))
    }
}

/// Answers until it is dropped.
///
/// # Errors
/// Those of accepting connections.
pub async fn serve(
    listener: TcpListener,
    newest: Newest,
    heartbeat: Arc<Heartbeat>,
) -> io::Result<()> {
    axum::serve(listener, router(newest, heartbeat)).await
}

fn router(newest: Newest, heartbeat: Arc<Heartbeat>) -> Router {
    Router::new()
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
        .route("/status", get(status))
        .with_state(newest)
        .merge(Router::new().route("/livez", get(lives)).with_state(heartbeat))
}

/// It lives as long as its loop sends heartbeats: an answer alone proves only that a server
/// listens.
async fn lives(State(heartbeat): State<Arc<Heartbeat>>) -> Response {
    let silence = heartbeat.silence();
    if silence <= LONGEST_SILENCE {
        return "ok\n".into_response();
    }
    let text = format!("the controller's loop has stood still for {} s\n", silence.as_secs());
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// Ready means: everything was looked at once, and what is applied is what the source says now.
/// Deployments may still be unhealthy.
async fn ready(State(newest): State<Newest>) -> Response {
    let status = newest.borrow().clone();
    let why = match &status.source_error {
        Some(error) => format!("the source is stale, it cannot be read: {error}\n"),
        None if status.ready => return "ok\n".into_response(),
        None => "not everything was observed yet\n".to_owned(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

async fn status(State(newest): State<Newest>) -> Json<Arc<Status>> {
    Json(newest.borrow().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::probe::get;
    use model::plan::{Health, Sync};

    /// Serves a status and asks for paths, each as `(code, body)`.
    async fn answers(status: Status, paths: &'static [&'static str]) -> Vec<(u16, String)> {
        answers_of(status, Arc::new(Heartbeat::new(Instant::default)), paths).await
    }

    async fn answers_of(
        status: Status,
        heartbeat: Arc<Heartbeat>,
        paths: &'static [&'static str],
    ) -> Vec<(u16, String)> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (_keep, newest) = watch::channel(Arc::new(status));
        let server = tokio::spawn(serve(listener, newest, heartbeat));
        let mut answers = Vec::new();
        for path in paths {
            let answer = tokio::task::spawn_blocking(move || get(address, path)).await;
            answers.push(answer.expect("joined").expect("answered"));
        }
        server.abort();
        answers
    }

    #[tokio::test]
    async fn it_lives_before_it_is_ready() {
        let starting = Status::starting("default", "dir:/srv");
        let answers = answers(starting, &["/livez", "/readyz", "/x"]).await;
        assert_eq!(answers.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [200, 503, 404]);
    }

    #[tokio::test]
    async fn a_source_that_cannot_be_read_is_stale() {
        let error = Some("there is no folder".to_owned());
        let seen = Status { ready: true, ..Status::starting("default", "dir:/srv") };
        let stale = Status { source_error: error, ..seen.clone() };
        for path in [&["/readyz"], &["/healthz"]] {
            let (code, body) = answers(stale.clone(), path).await.remove(0);
            assert_eq!(code, 503);
            assert!(body.contains("stale") && body.contains("there is no folder"), "{body}");
            assert_eq!(answers(seen.clone(), path).await[0].0, 200);
        }
        assert_eq!(answers(stale, &["/livez"]).await[0].0, 200);
    }

    #[tokio::test]
    async fn livez_answers_only_while_the_loop_beats() {
        static NOW: AtomicU64 = AtomicU64::new(0);
        let heartbeat = Arc::new(Heartbeat::new(|| Instant(NOW.load(Ordering::Relaxed))));
        let ask = async || {
            let starting = Status::starting("default", "dir:/srv");
            answers_of(starting, Arc::clone(&heartbeat), &["/livez"]).await.remove(0)
        };
        for (seconds, code) in [(60, 200), (61, 503)] {
            NOW.store(seconds * 1_000_000_000, Ordering::Relaxed);
            assert_eq!(ask().await.0, code, "after {seconds} s");
        }
        assert_eq!(ask().await.1, "the controller's loop has stood still for 61 s\n");
        heartbeat.beat();
        assert_eq!(ask().await.0, 200);
    }

    #[tokio::test]
    async fn status_reads_back_what_the_controller_knows() {
        let state = DeploymentState { sync: Sync::OutOfSync, health: Health::Degraded };
        let look = control::Status {
            ready: true,
            seen_at: Some(Timestamp::from_secs(1_700_000_000)),
            deployments: [("abc".into(), state)].into(),
            ..control::Status::default()
        };
        let status = Status::starting("prod", "dir:/srv").after(&look);
        assert_eq!(status.seen_at.as_deref(), Some("2023-11-14T22:13:20Z"));
        assert_eq!(status.deployments[&"abc".into()].sync, Sync::OutOfSync);
        let answers = answers(status.clone(), &["/healthz", "/status"]).await;
        assert_eq!(answers[0].0, 200);
        assert_eq!(serde_json::from_str::<Status>(&answers[1].1).expect("JSON"), status);
    }
}
