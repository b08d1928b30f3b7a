//! A service while it is read: what its keys have said so far.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::build::Build;
use model::compose_labels::ConfigHash;
use model::desired::{Dependency, Origins, PullPolicy, Registration, Rollout};
use model::diagnostic::Loc;
use model::digest::Digest;
use model::hook::Hooks;
use model::id::{ContainerName, ImageRef, ServiceName};
use model::mark::Mark;
use model::secret::Content;
use model::spec::{ContainerSpec, FileSpec, RestartPolicy};
use text::yaml::{Entry, Span};

/// Permission bits of a config or secret that says nothing.
pub(super) const MODE: u32 = 0o444;

/// A service while it is read.
pub(super) struct Draft<'a> {
    pub(super) name: &'a str,
    pub(super) at: Span,
    pub(super) spec: ContainerSpec,
    pub(super) image: Option<String>,
    /// How its image is built, while builds that it names are not known yet, and then.
    pub(super) unbuilt: Option<Unbuilt>,
    pub(super) build: Option<Build>,
    /// Which other service's build its image is.
    pub(super) built_by: Option<BuiltBy>,
    pub(super) pull: PullPolicy,
    pub(super) container_name: Option<(ContainerName, Span)>,
    /// `scale` and `deploy.replicas`, or what overrides them, and where that was written.
    pub(super) replicas: Option<(u32, Loc)>,
    /// `restart` or `deploy.restart_policy`, if there is one.
    pub(super) restart: Option<RestartPolicy>,
    pub(super) files: Vec<Delivered>,
    /// Single files that are bound, by target.
    pub(super) bound: BTreeMap<String, Mark>,
    pub(super) depends_on: BTreeMap<ServiceName, Dependency>,
    pub(super) rollout: Rollout,
    /// How long a replica must be healthy, as `x-reconciler` says, and as `deploy` does.
    pub(super) min_healthy: [Option<Duration>; 2],
    pub(super) job: Option<bool>,
    /// Whether a job runs again on a rollback.
    pub(super) on_rollback: bool,
    pub(super) registration: Option<Registration>,
    /// The container port that `ports` or `expose` names first.
    pub(super) first_port: Option<u16>,
    /// Keys of networks it is attached to.
    pub(super) networks: BTreeSet<String>,
    /// The service's own `mac_address`.
    pub(super) mac: Option<(String, Span)>,
    /// Keys of volumes it mounts, with their first use.
    pub(super) volumes: BTreeMap<String, Span>,
    /// `links`: service and the name it is wanted under.
    pub(super) links: Vec<(String, String, Span)>,
    /// `external_links`: `container` or `container:name`.
    pub(super) external_links: Vec<String>,
    pub(super) hooks: Hooks,
    /// Compose's hash of it.
    pub(super) compose_hash: Option<ConfigHash>,
    pub(super) origins: Origins,
    pub(super) sensitive: BTreeSet<String>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(entry: &'a Entry) -> Self {
        Self {
            name: &entry.key,
            at: entry.at,
            spec: ContainerSpec::of_image(ImageRef::new("")),
            image: None,
            unbuilt: None,
            build: None,
            built_by: None,
            pull: PullPolicy::default(),
            container_name: None,
            replicas: None,
            restart: None,
            files: Vec::new(),
            bound: BTreeMap::new(),
            depends_on: BTreeMap::new(),
            rollout: Rollout::default(),
            min_healthy: [None; 2],
            job: None,
            on_rollback: false,
            registration: Some(Registration::default()),
            first_port: None,
            networks: BTreeSet::new(),
            mac: None,
            volumes: BTreeMap::new(),
            links: Vec::new(),
            external_links: Vec::new(),
            hooks: Hooks::default(),
            compose_hash: None,
            origins: Origins::default(),
            sensitive: BTreeSet::new(),
        }
    }
}

/// A file that a container gets.
#[derive(Clone, Debug)]
pub(super) struct Delivered {
    /// Its path in the container.
    pub(super) target: String,
    /// What is hashed: owner, mode and content.
    pub(super) identity: (u32, u32, u32, Digest),
    /// What is uploaded; `None` if it is bound.
    pub(super) upload: Option<FileSpec>,
}

impl Delivered {
    /// A file that is uploaded.
    pub(super) fn upload(target: &str, uid: u32, gid: u32, mode: u32, content: Content) -> Self {
        let identity = (uid, gid, mode, content.digest());
        let target = target.to_owned();
        let upload = Some(FileSpec { target: target.clone(), uid, gid, mode, content });
        Self { target, identity, upload }
    }

    pub(super) fn bound(target: &str, content: &Content) -> Self {
        let identity = (0, 0, MODE, content.digest());
        Self { target: target.to_owned(), identity, upload: None }
    }
}

/// Another service's build, and its hash.
#[derive(Clone)]
pub(super) struct BuiltBy {
    pub(super) service: ServiceName,
    pub(super) hash: Digest,
}

/// A build that may still miss what other services are built to.
pub(super) struct Unbuilt {
    pub(super) build: Build,
    /// The hash of its context's files.
    pub(super) files: Digest,
    pub(super) pending: Vec<Pending>,
    /// Where its Dockerfile is said.
    pub(super) at: Span,
}

/// `name: service:other`, or an image that the Dockerfile names and that is built here.
pub(super) struct Pending {
    /// The name, and whether the Dockerfile gives it to the image itself.
    pub(super) name: String,
    pub(super) is_base: bool,
    pub(super) service: String,
    pub(super) at: Span,
}
