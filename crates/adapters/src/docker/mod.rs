//! One Docker engine, through bollard over our own pooled transport.
//!
//! In wings, each of which knows only those above it in this list (`tests/tidy` keeps it):
//!
//! - `names`, `form`: what all of them agree on. `plain`: plain fields of containers as JSON.
//! - `guard`: the one choke point of the host policy.
//! - `wire`: how requests reach the engine, past the guard, and what it answers.
//! - `observe`: everything of interest, as our nouns, and when to look.
//! - `ledger`: what is remembered on the engine itself, and the lock on it.
//! - `buildkit`: builds of images.
//! - `act`: one changing call per action.

mod act;
mod buildkit;
mod form;
mod guard;
mod ledger;
mod names;
mod observe;
mod plain;
#[cfg(test)]
mod tests;
mod wire;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bytes::Bytes;
use tokio::sync::{Mutex, Semaphore};

pub use guard::evaluator::{Place, PolicyEvaluator, Sight};
pub use ledger::lock::{EngineLock, LockError, LockHolder};
pub use observe::facts::{EngineFacts, Held, Marked};
pub use observe::frames::LogChannel;
pub use observe::logs::{LONGEST_LINE, LogLine, LogRequest, LogStream};
pub use observe::own::Traces;
pub use observe::reported::{REMEMBERED, ReportStream, Reported, ReportedKind};
pub use wire::endpoint::{DockerEnvironment, EndpointError, EngineEndpoint};
pub use wire::logins::{LoginState, Logins, LoginsError};

use crate::http::HttpClient;
use model::id::{EngineName, InstallationId};
use observe::events::Subscription;
use observe::snapshot::Prefetch;
use observe::whose::Whose;
use observe::{about, networks, records};
use wire::error;
use wire::transport::Transport;
use world::OutsideError;

/// How many requests are under way at once while an engine is read, and how many unused
/// connections are kept.
const AT_ONCE: usize = 8;
/// The same for an engine on this host: without a way between, it answers as fast to fewer.
const AT_ONCE_HERE: usize = 4;
/// How long a read may take.
const READ: Duration = Duration::from_secs(10);
/// How long the engine may take to create, start, connect or remove something.
const LONG: Duration = Duration::from_mins(1);
/// bollard's own deadline. Ours are around each call; this one must only be longer.
const BOLLARD_DEADLINE_SECS: u64 = 7 * 24 * 3600;

/// Receives what engines report of images that they bring. Called from the loop: it must not block.
pub type ImageListener = Arc<dyn Fn(&ImageEvent<'_>) + Send + Sync>;

/// An engine reports how far it is with an image.
#[derive(Clone, Copy, Debug)]
pub struct ImageEvent<'a> {
    /// Which engine.
    pub engine: &'a EngineName,
    /// The image, as a plan says it.
    pub image: &'a str,
    /// How far.
    pub progress: ImageProgress<'a>,
}

/// How far an engine is with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageProgress<'a> {
    /// A step of its build begins.
    Step {
        /// Its place and text: `2/3 RUN make`. Others wrote it.
        step: &'a str,
        /// How many steps have ended.
        done: usize,
        /// How many are known.
        of: usize,
    },
    /// Parts of it arrive.
    Layers(Arrived),
}

/// How much of a pulled image has arrived, as far as the engine says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Bytes that were downloaded.
    pub bytes: u64,
    /// Bytes of all layers whose size is known.
    pub of_bytes: u64,
    /// Layers that are there.
    pub layers: usize,
    /// All layers that are known.
    pub of_layers: usize,
}

/// One engine.
pub struct Docker {
    name: EngineName,
    installation: InstallationId,
    api: bollard::Docker,
    transport: Arc<Transport>,
    /// One permit for each read that may be under way.
    reads: Semaphore,
    about: Mutex<Option<about::Known>>,
    /// The containers of the last look that hold records of the ledger.
    kept: std::sync::Mutex<records::Kept>,
    begun: Prefetch,
    networks: networks::Known,
    /// What the last look saw of the containers.
    looked: std::sync::Mutex<Option<Vec<(String, String)>>>,
    events: Mutex<Subscription>,
    whose: Arc<Whose>,
    /// Where the operator's ssh agent listens.
    ssh_agent: Option<PathBuf>,
    /// The operator's logins at registries.
    logins: Logins,
    image_listener: ImageListener,
}

impl std::fmt::Debug for Docker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Docker({})", self.name)
    }
}

impl Docker {
    /// A client of the engine at this endpoint. Certificates are read now; nothing is
    /// connected before the first request.
    ///
    /// `evaluator` is asked about the final body of every request that changes something.
    ///
    /// # Errors
    /// [`OutsideError::Forbidden`] if the endpoint cannot be used as it is: plain TCP
    /// without consent, certificates that cannot be read.
    pub fn connect(
        endpoint: &EngineEndpoint,
        name: EngineName,
        installation: InstallationId,
        evaluator: Arc<PolicyEvaluator>,
    ) -> Result<Self, OutsideError> {
        let at_once = match endpoint {
            EngineEndpoint::Unix(_) => AT_ONCE_HERE,
            EngineEndpoint::Tcp { .. } | EngineEndpoint::Tls { .. } => AT_ONCE,
        };
        let client = endpoint
            .open()
            .and_then(|endpoint| Ok(HttpClient::new(endpoint, AT_ONCE)?))
            .map_err(|error| error::endpoint(&name, &error))?;
        let transport = Arc::new(Transport::new(client, name.clone(), evaluator));
        let sender = Arc::clone(&transport);
        let send = move |request| {
            let transport = Arc::clone(&sender);
            async move { transport.send(request).await }
        };
        let api = bollard::Docker::connect_with_custom_transport(
            send,
            Some("http://engine"),
            BOLLARD_DEADLINE_SECS,
            bollard::API_DEFAULT_VERSION,
        )
        .map_err(|error| error::outside(&name, &error))?;
        let whose = Arc::new(Whose::of(&installation));
        Ok(Self {
            name,
            installation,
            api,
            transport,
            reads: Semaphore::new(at_once),
            about: Mutex::default(),
            kept: std::sync::Mutex::default(),
            begun: Prefetch::default(),
            networks: networks::Known::default(),
            looked: std::sync::Mutex::default(),
            events: Mutex::new(Subscription::default()),
            whose,
            ssh_agent: None,
            logins: Logins::default(),
            image_listener: Arc::new(|_| {}),
        })
    }

    /// This engine, with the operator's ssh agent for builds that are granted it.
    #[must_use]
    pub fn with_ssh_agent(self, socket: Option<PathBuf>) -> Self {
        Self { ssh_agent: socket, ..self }
    }

    /// This engine, with the operator's logins at registries, for pulls and builds.
    #[must_use]
    pub fn with_logins(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// This engine; the listener gets how far builds and pulls are.
    #[must_use]
    pub fn with_image_listener(self, image_listener: ImageListener) -> Self {
        Self { image_listener, ..self }
    }

    /// The operator's name of this engine.
    #[must_use]
    pub fn name(&self) -> &EngineName {
        &self.name
    }

    /// Whether the engine answers.
    pub async fn ping(&self) -> Result<(), OutsideError> {
        self.read(self.api.ping()).await.map(drop)
    }

    /// The answer to a GET.
    async fn get(&self, path: &str) -> Result<Bytes, OutsideError> {
        self.read(self.transport.get(path)).await
    }

    /// What an answer says. That it is text is found out once and not for each word in it.
    fn decoded<'a, T: serde::Deserialize<'a>>(&self, answer: &'a [u8]) -> Result<T, OutsideError> {
        let text = std::str::from_utf8(answer).map_err(|error| self.failed(error))?;
        serde_json::from_str(text).map_err(|error| error::outside(&self.name, &error.into()))
    }

    /// A read, with the deadline of reads, once its turn has come.
    fn read<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, OutsideError>> {
        let call = self.within(READ, call);
        async move {
            let _permit = self.reads.acquire().await.expect("BUG: nobody closes the semaphore");
            let answer = call.await;
            // Its connection is back in the pool when the connection's own task has run; else
            // the next read would open another.
            tokio::task::yield_now().await;
            answer
        }
    }

    /// A call with a deadline for all of it, the answer's body included.
    fn within<T>(
        &self,
        span: Duration,
        call: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, OutsideError>> {
        // bollard's futures are large, and several are held at once.
        let call = Box::pin(call);
        async move {
            match tokio::time::timeout(span, call).await {
                Ok(answer) => answer.map_err(|error| error::outside(&self.name, &error)),
                Err(_) => Err(error::timeout(&self.name)),
            }
        }
    }

    /// What is wrong with an answer.
    fn failed(&self, why: impl std::fmt::Display) -> OutsideError {
        OutsideError::Failed(error::described(&self.name, &why.to_string()))
    }
}
