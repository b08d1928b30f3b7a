//! A session: a connection on which the engine's BuildKit asks us for files, secrets and
//! signatures while it builds, by gRPC.
//!
//! - `grpc`: calls and answers over HTTP/2. `methods`: which there are. `files`: folders, as
//!   BuildKit's `fsutil` reads them. `agent`: what goes to an ssh agent and back.
//!
//! The tree can only be read where the build is carried out, so the connection is served
//! by a task of its own that asks there for each file.

mod agent;
mod files;
mod grpc;
mod methods;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::PathBuf;
use std::sync::Arc;

use bollard::errors::Error;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use hyper_util::rt::TokioExecutor;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub(in crate::docker) use self::files::{Entry, Source};
use crate::docker::wire::logins::Logins;
use crate::docker::wire::transport::Transport;
use context::MAX_FILE;
use model::digest::Digest;
use model::id::DeploymentId;
use model::secret::Content;
use world::Tree;

/// How many files are asked for ahead.
const ASKED_AHEAD: usize = 4;

/// What a session hands out.
pub(in crate::docker) struct Offer {
    /// For whose build.
    pub(in crate::docker) owner: DeploymentId,
    /// Names the content of `files`.
    pub(in crate::docker) key: Digest,
    /// By id.
    pub(in crate::docker) secrets: BTreeMap<String, Content>,
    /// The operator's logins at registries.
    pub(in crate::docker) logins: Logins,
    /// The sockets of ssh agents by id.
    pub(in crate::docker) agents: BTreeMap<String, PathBuf>,
    /// Folders by the name that BuildKit asks for.
    pub(in crate::docker) files: BTreeMap<&'static str, Vec<Entry>>,
}

impl Offer {
    /// The methods that the engine may call.
    fn methods(&self) -> Vec<&'static str> {
        let mut methods = vec![methods::DIFF_COPY, methods::CREDENTIALS];
        if !self.secrets.is_empty() {
            methods.push(methods::GET_SECRET);
        }
        if !self.agents.is_empty() {
            methods.extend([methods::CHECK_AGENT, methods::FORWARD_AGENT]);
        }
        methods
    }

    fn headers(&self, id: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut add = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).expect("BUG: ids are plain text");
            headers.append(HeaderName::from_static(name), value);
        };
        add("connection", "Upgrade");
        add("upgrade", "h2c");
        add("x-docker-expose-session-uuid", id);
        add("x-docker-expose-session-name", self.owner.as_str());
        add("x-docker-expose-session-sharedkey", self.key.as_str());
        self.methods().iter().for_each(|name| add("x-docker-expose-session-grpc-method", name));
        headers
    }
}

/// A question for a file of the tree.
struct Question {
    path: String,
    answer: oneshot::Sender<Result<Bytes, String>>,
}

/// An open session. Dropping it closes it.
pub(in crate::docker) struct Session {
    id: String,
    connection: JoinHandle<()>,
    questions: mpsc::Receiver<Question>,
}

impl Session {
    /// Opens one.
    pub(in crate::docker) async fn open(
        transport: &Transport,
        offer: Offer,
    ) -> Result<Self, Error> {
        let id = fresh_id();
        let connection = transport.upgrade("/session", offer.headers(&id)).await?;
        Ok(Self::over(connection, offer, id))
    }

    /// Serves a connection.
    fn over<C>(connection: C, offer: Offer, id: String) -> Self
    where
        C: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    {
        let (asker, questions) = mpsc::channel(ASKED_AHEAD);
        let served = Arc::new(Served { offer, asker });
        let service = hyper::service::service_fn(move |request| {
            let answer = methods::answer(Arc::clone(&served), request);
            std::future::ready(Ok::<_, std::convert::Infallible>(answer))
        });
        let connection = tokio::spawn(async move {
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            if let Err(error) = builder.serve_connection(connection, service).await {
                tracing::debug!(%error, "a build's session ended");
            }
        });
        Self { id, connection, questions }
    }

    /// Its id, which the build's request names.
    pub(in crate::docker) fn id(&self) -> &str {
        &self.id
    }

    /// Answers questions for files of the tree until the session ends.
    pub(in crate::docker) async fn serve(&mut self, tree: &dyn Tree) {
        while let Some(Question { path, answer }) = self.questions.recv().await {
            let content = tree.read(&path, MAX_FILE);
            // Nobody waits any more if the build failed meanwhile.
            let _ = answer.send(content.map(Bytes::from).map_err(|error| error.to_string()));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// An id that no other session has.
fn fresh_id() -> String {
    // Seeded anew from the system for each of them.
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

/// What the connection's task works with.
struct Served {
    offer: Offer,
    asker: mpsc::Sender<Question>,
}

impl Served {
    /// A file's content.
    async fn content(&self, source: &Source) -> Result<Bytes, String> {
        match source {
            Source::Bytes(bytes) => Ok(bytes.clone()),
            Source::Tree(path) => {
                let (answer, content) = oneshot::channel();
                let question = Question { path: path.clone(), answer };
                let gone = || "the build ended".to_owned();
                self.asker.send(question).await.map_err(|_| gone())?;
                content.await.map_err(|_| gone())?
            }
        }
    }
}
