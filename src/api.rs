//! What a running controller answers over HTTP: whether it lives, whether it has seen
//! everything once, and what it knows of its deployments. Nothing here changes anything.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::model::id::DeploymentId;
use crate::model::plan::{DeploymentState, Health, Sync};

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
    /// Where desired state comes from, without credentials; unknown before the first pass.
    pub source: Option<String>,
    /// The revision of the last pass.
    pub revision: Option<String>,
    /// Whether everything was observed at least once.
    pub ready: bool,
    /// The last pass; `None` before the first has ended.
    pub last_pass: Option<LastPass>,
    /// Each deployment's state.
    pub deployments: BTreeMap<String, StateOfDeployment>,
}

/// How the last pass went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastPass {
    /// When it ended, RFC 3339.
    pub at: String,
    /// In one word: `done`, `failed`, `blocked`, …
    pub outcome: String,
    /// What went wrong, if something did.
    pub error: Option<String>,
}

/// Two facts about a deployment, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateOfDeployment {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub sync: String,
    /// `Healthy`, `Suspended`, `Progressing`, `Missing`, `Degraded` or `Unknown`.
    pub health: String,
}

impl Status {
    /// A controller that has not seen anything yet.
    pub fn starting(installation: impl Into<String>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            installation: installation.into(),
            source: None,
            revision: None,
            ready: false,
            last_pass: None,
            deployments: BTreeMap::new(),
        }
    }

    /// The deployments' states in words.
    #[must_use]
    pub fn describe(
        states: &BTreeMap<DeploymentId, DeploymentState>,
    ) -> BTreeMap<String, StateOfDeployment> {
        let words = |(id, state): (&DeploymentId, &DeploymentState)| {
            let sync = match state.sync {
                Sync::Synced => "Synced",
                Sync::OutOfSync => "OutOfSync",
                Sync::Unknown => "Unknown",
            };
            let health = match state.health {
                Health::Healthy => "Healthy",
                Health::Suspended => "Suspended",
                Health::Progressing => "Progressing",
                Health::Missing => "Missing",
                Health::Degraded => "Degraded",
                Health::Unknown => "Unknown",
            };
            let words = StateOfDeployment { sync: sync.to_owned(), health: health.to_owned() };
            (id.to_string(), words)
        };
        states.iter().map(words).collect()
    }
}

/// The newest status, shared with whoever serves it.
pub type Newest = watch::Receiver<Arc<Status>>;

/// Answers until it is dropped.
///
/// # Errors
/// Those of accepting connections.
pub async fn serve(listener: TcpListener, newest: Newest) -> io::Result<()> {
    axum::serve(listener, router(newest)).await
}

fn router(newest: Newest) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
        .route("/status", get(status))
        .with_state(newest)
}

/// Ready means: everything was looked at once. Deployments may still be unhealthy.
async fn ready(State(newest): State<Newest>) -> Response {
    let ready = newest.borrow().ready;
    match ready {
        true => "ok\n".into_response(),
        false => {
            (StatusCode::SERVICE_UNAVAILABLE, "not everything was observed yet\n").into_response()
        }
    }
}

async fn status(State(newest): State<Newest>) -> Json<Arc<Status>> {
    Json(newest.borrow().clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::probe::get;

    /// Serves a status and asks for paths, each as `(code, body)`.
    async fn answers(status: Status, paths: &'static [&'static str]) -> Vec<(u16, String)> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (_keep, newest) = watch::channel(Arc::new(status));
        let server = tokio::spawn(serve(listener, newest));
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
        let answers = answers(Status::starting("default"), &["/livez", "/readyz", "/x"]).await;
        assert_eq!(answers.iter().map(|(code, _)| *code).collect::<Vec<_>>(), [200, 503, 404]);
    }

    #[tokio::test]
    async fn status_reads_back_what_the_controller_knows() {
        let state = DeploymentState { sync: Sync::OutOfSync, health: Health::Degraded };
        let mut status = Status::starting("prod");
        status.ready = true;
        status.deployments = Status::describe(&[("abc".into(), state)].into());
        let answers = answers(status.clone(), &["/healthz", "/status"]).await;
        assert_eq!(answers[0].0, 200);
        assert_eq!(serde_json::from_str::<Status>(&answers[1].1).expect("JSON"), status);
    }
}
