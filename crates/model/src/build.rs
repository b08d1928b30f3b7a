//! How an image is built: everything that `build` of a stack says, in the engine's units.

use std::collections::BTreeMap;

use serde::Serialize;

use super::digest::Digest;
use super::id::{DeploymentId, ImageRef, ServiceName};
use super::limits::Ulimit;
use super::secret::Content;

/// The repository of images that hold folders which builds name.
pub const FOLDERS: &str = "reconciler.internal/context";

/// How an image is built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The context folder inside the source's tree, `/`-separated, empty for its root.
    pub context: String,
    /// Where the engine fetches the context from instead: a git repository or an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// Where the instructions are.
    pub dockerfile: Dockerfile,
    /// Build arguments; their values count as sensitive.
    pub args: BTreeMap<String, String>,
    /// The stage to stop at.
    pub target: Option<String>,
    /// Labels put on the image.
    pub labels: BTreeMap<String, String>,
    /// More names for the image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<ImageRef>,
    /// What the Dockerfile may name beside its context, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contexts: BTreeMap<String, NamedContext>,
    /// What other services of the deployment are built to and the Dockerfile names as
    /// images, by that name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bases: BTreeMap<String, NamedContext>,
    /// What `RUN --mount=type=secret` may read, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, BuildSecret>,
    /// The agents that `RUN --mount=type=ssh` may talk to, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ssh: BTreeMap<String, SshAgent>,
    /// The network of `RUN`: `host`, `none`, or what the engine chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// More names in `/etc/hosts` while it is built, `name:address`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_hosts: Vec<String>,
    /// Bytes of `/dev/shm` while it is built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shm_size: Option<u64>,
    /// Limits of processes while it is built.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// For which platform, `os/arch[/variant]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Images that hold a cache to build from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cache_from: Vec<String>,
    /// Whether the image itself is to hold its cache.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inline_cache: bool,
    /// Build every step again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_cache: bool,
    /// Look for newer base images.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pull: bool,
    /// The hash of all inputs of the image: equal hash, no build.
    pub hash: Digest,
}

/// Where the instructions of a build are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Dockerfile {
    /// A file of the tree outside the context, by its path in the tree.
    Outside(String),
    /// The text itself.
    Inline(String),
    /// A file inside the context, by its path there.
    #[serde(untagged)]
    Within(String),
}

/// What a Dockerfile may name in `FROM` and `--from`, beside its own stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum NamedContext {
    /// An image that is built first: what another service is built to, or one layer of
    /// the files of a folder of the tree.
    Built {
        /// Its name.
        image: ImageRef,
        /// How it is built.
        build: Box<Build>,
    },
    /// Any other image.
    Image(ImageRef),
}

impl NamedContext {
    /// The image of a folder. It is called after its content, so that every stack that names the
    /// same files shares it.
    #[must_use]
    pub fn of_folder(build: Build) -> Self {
        let image = ImageRef::new(format!("{FOLDERS}:{}", build.hash));
        Self::Built { image, build: build.into() }
    }

    /// The image that stands for it.
    #[must_use]
    pub fn image(&self) -> &ImageRef {
        match self {
            Self::Built { image, .. } | Self::Image(image) => image,
        }
    }
}

/// A secret of a build. It is read while a step runs, and is no part of the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildSecret {
    /// Where it comes from, without its value: `file web/token`, `variable TOKEN`.
    pub from: String,
    /// Its value.
    #[serde(skip)]
    pub content: Content,
}

/// An ssh agent that a build may ask to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum SshAgent {
    /// The operator's own (`SSH_AUTH_SOCK`).
    Operators,
    /// One that listens on this socket of the machine that this program runs on.
    Socket(String),
}

/// On whose behalf an image is built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildOwner {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The service.
    pub service: ServiceName,
}

impl Build {
    /// A build of this context with nothing else said, and no hash yet.
    #[must_use]
    pub fn of(context: impl Into<String>, dockerfile: Dockerfile) -> Self {
        Self {
            context: context.into(),
            remote: None,
            dockerfile,
            args: BTreeMap::new(),
            target: None,
            labels: BTreeMap::new(),
            tags: Vec::new(),
            contexts: BTreeMap::new(),
            bases: BTreeMap::new(),
            secrets: BTreeMap::new(),
            ssh: BTreeMap::new(),
            network: None,
            extra_hosts: Vec::new(),
            shm_size: None,
            ulimits: BTreeMap::new(),
            platform: None,
            cache_from: Vec::new(),
            inline_cache: false,
            no_cache: false,
            pull: false,
            hash: Digest::of(""),
        }
    }

    /// The files of a folder of the tree as one layer.
    #[must_use]
    pub fn of_folder(folder: &str) -> Self {
        Self::of(folder, Dockerfile::Inline("FROM scratch\nCOPY . /\n".to_owned()))
    }

    /// What is built before it, and of that again, each before what needs it.
    #[must_use]
    pub fn needed(&self) -> Vec<(&ImageRef, &Build)> {
        let mut found = Vec::new();
        for context in self.contexts.values().chain(self.bases.values()) {
            if let NamedContext::Built { image, build } = context {
                found.extend(build.needed());
                found.push((image, build.as_ref()));
            }
        }
        found
    }

    /// Every value that must not show in a message about this build.
    pub fn sensitive_values(&self) -> impl Iterator<Item = String> {
        let secrets = self.secrets.values();
        let secrets =
            secrets.map(|secret| String::from_utf8_lossy(secret.content.expose()).into_owned());
        let lines = secrets.flat_map(|text| {
            let lines = text.lines().map(str::to_owned).collect::<Vec<_>>();
            std::iter::once(text).chain(lines)
        });
        self.args.values().cloned().chain(lines)
    }
}
