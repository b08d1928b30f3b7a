//! Builds an image with the engine's BuildKit.
//!
//! - `way`: how the files get there. `query`: the request.
//! - `tar`: the context as a stream. With secrets, ssh or a Dockerfile that is no file of
//!   the context, a session (`super::session`) hands out the files instead.
//! - `follow` and `trace`: what the engine says while it builds.

mod follow;
mod query;
mod tar;
mod trace;
mod way;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::os::unix::fs::FileTypeExt as _;
use std::path::PathBuf;
use std::time::Duration;

use bollard::errors::Error;
use futures_util::future::{Either, select};
use http::{Method, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use self::way::Way;
use crate::docker::buildkit::session::{Offer, Session};
use crate::docker::wire::error;
use crate::docker::wire::logins;
use crate::docker::wire::transport::Outward;
use crate::docker::{Docker, ImageEvent, ImageProgress};
use crate::http::{Body, full};
use context::{self, ContextError, ContextFile};
use model::build::{Build, BuildOwner, FOLDERS, SshAgent};
use model::digest::Digest;
use model::id::{ImageId, ImageRef};
use model::image_content::ImageContent;
use world::{OutsideError, Tree};

/// A build step may be silent for long.
const BUILD_IDLE: Duration = Duration::from_mins(30);

/// What is to be built, read from the tree.
struct Order<'a> {
    tag: &'a ImageRef,
    build: &'a Build,
    owner: &'a BuildOwner,
    tree: &'a dyn Tree,
    files: Vec<ContextFile>,
    /// The Dockerfile as the builder is to read it.
    dockerfile: Vec<u8>,
}

impl Order<'_> {
    /// What is built, as a plan says it.
    fn rendered(&self) -> String {
        match self.tag.as_str() {
            tag if tag.starts_with(FOLDERS) => format!("folder {:?}", self.build.context),
            tag => tag.to_owned(),
        }
    }

    /// A step as its author knows it: images of folders by the folder's name in the build.
    fn in_words(&self, step: &str) -> String {
        let folders = self.build.contexts.iter().map(|(name, context)| (name, context.image()));
        let folders = folders.filter(|(_, image)| image.as_str().starts_with(FOLDERS));
        folders.fold(step.to_owned(), |text, (name, image)| text.replace(image.as_str(), name))
    }
}

impl Docker {
    /// Builds an image and labels it with the hash of its build.
    pub(in crate::docker) async fn build(
        &self,
        tag: &ImageRef,
        build: &Build,
        owner: &BuildOwner,
        tree: &dyn Tree,
    ) -> Result<ImageContent, OutsideError> {
        let context = |error: ContextError| self.context_failed(tag, &error);
        let files = context::files(tree, build).map_err(context)?;
        let dockerfile = context::instructions(tree, build).map_err(context)?;
        let order = Order { tag, build, owner, tree, files, dockerfile };
        let answer = self.with_session(&order).await?;
        let view = self.image(tag).await?;
        match (answer, view) {
            (Some(id), Some(view)) if view.id == id => Ok(view.content()),
            // Another build took the name meanwhile.
            (Some(id), _) => Ok(ImageContent { id, content: None }),
            (None, Some(view)) => Ok(view.content()),
            (None, None) => Err(self.failed(format!("{tag} is not there after its build"))),
        }
    }

    /// Sends the context as an archive while the engine's answer is read.
    async fn with_archive(
        &self,
        order: &Order<'_>,
        session: &str,
    ) -> Result<Option<ImageId>, OutsideError> {
        let (pieces, body) = tar::channel();
        let (packed, outcome) = futures_util::join!(
            tar::pack(order, pieces),
            self.request(order, Way::Tar, session, body)
        );
        packed.map_err(|error| self.context_failed(order.tag, &error))?;
        outcome
    }

    /// Opens a session that hands out files, secrets, signatures and logins, and builds with
    /// it. `BuildKit` asks for a login also where none is needed, and fails without a session.
    async fn with_session(&self, order: &Order<'_>) -> Result<Option<ImageId>, OutsideError> {
        let (build, way) = (order.build, Way::of(order));
        let files = match way {
            Way::Session => {
                way::folders(order).await.map_err(|e| self.context_failed(order.tag, &e))?
            }
            Way::Tar => BTreeMap::new(),
        };
        let offer = Offer {
            owner: order.owner.deployment.clone(),
            // The engine keeps what it was sent under this key, and takes a file of the
            // same size and time for the same: the key says which content it is.
            key: Digest::of_parts([build.hash.as_str().as_bytes(), &order.dockerfile]),
            secrets: build.secrets.iter().map(|(id, s)| (id.clone(), s.content.clone())).collect(),
            logins: self.logins.clone(),
            agents: self.agents(build)?,
            files,
        };
        let opened = Session::open(&self.transport, offer).await;
        let mut session = opened.map_err(|error| self.outside(&error))?;
        let id = session.id().to_owned();
        let answer = Box::pin(async {
            match way {
                Way::Session => self.request(order, way, &id, full("")).await,
                Way::Tar => self.with_archive(order, &id).await,
            }
        });
        let served = Box::pin(session.serve(order.tree));
        match select(answer, served).await {
            Either::Left((answer, _)) => answer,
            // The engine closed the session, and says why in its answer.
            Either::Right(((), answer)) => answer.await,
        }
    }

    /// The sockets of the agents that a build may talk to.
    fn agents(&self, build: &Build) -> Result<BTreeMap<String, PathBuf>, OutsideError> {
        let mut agents = BTreeMap::new();
        for (id, agent) in &build.ssh {
            let socket: PathBuf = match agent {
                SshAgent::Socket(path) => path.into(),
                SshAgent::Operators => self.ssh_agent.clone().ok_or_else(|| {
                    self.failed("the build asks for an ssh agent, and SSH_AUTH_SOCK names none")
                })?,
            };
            let kind = std::fs::metadata(&socket).map(|found| found.file_type());
            if !kind.is_ok_and(|kind| kind.is_socket()) {
                let path = socket.display();
                return Err(self.failed(format!(
                    "no ssh agent listens at {path}; of a key's file, load it into an agent first"
                )));
            }
            agents.insert(id.clone(), socket);
        }
        Ok(agents)
    }

    async fn request(
        &self,
        order: &Order<'_>,
        way: Way,
        session: &str,
        body: Body,
    ) -> Result<Option<ImageId>, OutsideError> {
        let mut headers = http::HeaderMap::new();
        let tar = http::HeaderValue::from_static("application/x-tar");
        headers.insert(http::header::CONTENT_TYPE, tar);
        let outward = Outward {
            method: Method::POST,
            path: "/build".to_owned(),
            query: query::of(order, way, session),
            headers,
            body,
        };
        let response = self.transport.stream(outward).await.map_err(|e| self.outside(&e))?;
        let response = self.accepted(response).await?;
        let image = order.rendered();
        let on_step = |step: &str, (done, of): (usize, usize)| {
            let progress = ImageProgress::Step { step: &order.in_words(step), done, of };
            (self.image_listener)(&ImageEvent { engine: &self.name, image: &image, progress });
        };
        let built = follow::follow(response, order.build, BUILD_IDLE, &self.name, on_step).await;
        built.map_err(|error| match error {
            // It may also be that a step of the build met with a refusal, so no more is said.
            OutsideError::Failed(text) if logins::is_refusal(&text) => {
                let file = self.logins.rendered();
                OutsideError::Failed(format!("{text}; of logins only the `auths` of {file} count"))
            }
            error => error,
        })
    }

    /// The answer's body, if the engine began to build.
    async fn accepted(&self, response: Response<Incoming>) -> Result<Incoming, OutsideError> {
        let status_code = response.status().as_u16();
        if status_code == 200 {
            return Ok(response.into_body());
        }
        let body = response.into_body().collect().await.map_err(|e| self.outside(&e.into()))?;
        let message = follow::message(&body.to_bytes());
        Err(self.outside(&Error::DockerResponseServerError { status_code, message }))
    }

    fn outside(&self, error: &Error) -> OutsideError {
        error::outside(&self.name, error)
    }

    fn context_failed(&self, tag: &ImageRef, error: &(dyn StdError + 'static)) -> OutsideError {
        self.failed(format!("the build context of {tag}: {}", with_causes(error)))
    }
}

/// An error and what caused it, on one line.
fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
