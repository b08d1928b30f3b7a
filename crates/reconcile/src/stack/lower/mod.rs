//! One stack in normal form to one deployment in the engine's own terms.

mod addresses;
mod apart;
mod build;
mod built;
mod content;
mod contexts;
mod depends;
mod devices;
mod draft;
mod extension;
mod files;
mod finish;
mod hashes;
mod health;
mod holds;
mod hooks;
mod host;
mod image;
mod keys;
mod known;
mod limits;
mod mounts;
mod networks;
mod nodes;
mod place;
mod plain;
mod ports;
mod process;
#[cfg(test)]
mod published;
mod quotas;
mod replicas;
mod service;
mod shares;
mod top;
mod values;

use std::cell::RefCell;
use std::collections::BTreeMap;

use self::files::Declared;
use compose::Project;
use compose::codes::{HOME, LIST_FILE, REFERENCE, REQUIRED, WITHHELD};
use compose::variables::Variables;
use context::{self, ContextError};
use model::bounds::Bounds;
use model::build::Dockerfile;
use model::desired::{Deployment, Network, Volume};
use model::diagnostic::{Code, Loc};
use model::digest::Digest;
use model::id::{DeploymentId, EngineName, ImageRef};
use model::rollback::OnFailure;
use model::secret::Masker;
use model::sync_mode::SyncMode;
use text::report::Reporter;
use text::stored::Stored;
use text::yaml::Span;
use world::Tree;

/// Errors of the loader that leave a value unknown: what follows from it is not reported.
const VALUE_UNKNOWN: [Code; 5] = [REFERENCE, REQUIRED, LIST_FILE, HOME, WITHHELD];

/// What a deployment is, apart from its stack.
pub(super) struct Instance<'a> {
    /// Its id.
    pub(super) id: &'a DeploymentId,
    /// Its engine.
    pub(super) engine: &'a EngineName,
    /// What may be done for it.
    pub(super) sync: SyncMode,
    /// What is done when a rollout of it fails.
    pub(super) on_failure: OnFailure,
    /// Its entry in `deployments.yaml`; `None` if the stack file stands for itself.
    pub(super) origin: Option<Loc>,
    /// Numbers of replicas that override the stack's, and where they were written.
    pub(super) scale: &'a BTreeMap<String, (u32, Option<Loc>)>,
    /// The most that it may have.
    pub(super) bounds: Bounds,
    /// Masks what never prints.
    pub(super) masker: &'a Masker,
    /// Whether it is of the first dialect, which knows no networks and declares no volumes.
    pub(super) legacy: bool,
    /// What references see.
    pub(super) variables: &'a Variables,
    /// The stack files, as paths of the tree.
    pub(super) files: &'a [String],
    /// The env files that were named instead of `.env`, as paths of the tree.
    pub(super) env_files: &'a [String],
    /// The project directory inside the tree.
    pub(super) base: &'a str,
    /// The tree's root on the engine's host.
    pub(super) root: Option<&'a str>,
    /// Whether files below it are, here, the files of the tree.
    pub(super) same_files: bool,
    /// The files.
    pub(super) tree: &'a dyn Tree,
    /// Build contexts that were hashed already.
    pub(super) contexts: &'a Contexts<'a>,
}

/// Hashes of build contexts, each computed once for all deployments.
pub(super) struct Contexts<'a> {
    tree: &'a dyn Tree,
    is_read: bool,
    known: RefCell<BTreeMap<(String, Dockerfile), Result<Digest, ContextError>>>,
}

impl<'a> Contexts<'a> {
    /// Nothing hashed yet.
    pub(super) fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, is_read: true, known: RefCell::default() }
    }

    /// Of contexts that are not read: whatever their images were built from, they are there.
    pub(super) fn unread(tree: &'a dyn Tree) -> Self {
        Self { is_read: false, ..Self::new(tree) }
    }

    /// The hash of a context's files.
    fn digest(&self, folder: &str, dockerfile: &Dockerfile) -> Result<Digest, ContextError> {
        if !self.is_read {
            return Ok(Digest::of("not read"));
        }
        let key = (folder.to_owned(), dockerfile.clone());
        let mut known = self.known.borrow_mut();
        known
            .entry(key)
            .or_insert_with(|| context::digest(&Stored(self.tree), folder, dockerfile))
            .clone()
    }
}

/// What the services of a stack are read with.
struct Scope<'a> {
    instance: &'a Instance<'a>,
    report: &'a Reporter,
    /// Whether it is of the first dialect, which knows no networks and declares no volumes.
    legacy: bool,
    services: BTreeMap<&'a str, Span>,
    networks: BTreeMap<String, Network>,
    volumes: BTreeMap<String, Volume>,
    configs: BTreeMap<String, Declared>,
    secrets: BTreeMap<String, Declared>,
    /// Paths of the host that are mounted and go through links of the tree.
    links: RefCell<BTreeMap<String, place::Way>>,
}

impl Scope<'_> {
    /// Notes where a path of the host leads that is going to be mounted.
    fn mounts(&self, host: &str) {
        if let Some(led) = place::leads(host, self.instance) {
            self.links.borrow_mut().insert(host.to_owned(), led);
        }
    }

    /// A reference to an image, which shows itself unless what was put into it never prints.
    fn image(&self, text: impl Into<String>, sensitive: bool) -> ImageRef {
        let image = ImageRef::new(text);
        if sensitive { image.masked(self.instance.masker) } else { image }
    }

    /// Compose's hash of a part of the normal form; `None` where the engine's host does not
    /// see the tree, because no path in it is one that Compose could have.
    fn hash<T>(&self, hash: impl FnOnce() -> T) -> Option<T> {
        self.instance.root.map(|_| hash())
    }
}

/// Lowers a stack in normal form. `None` if any error was reported.
pub(super) fn deployment(
    project: &Project,
    instance: &Instance<'_>,
    report: &Reporter,
) -> Option<Deployment> {
    for _ in keys::TOP.admitted(&project.root, report) {}
    holds::check(&project.root, report);
    let services = project.root.get("services").map(|entry| &entry.value);
    let services = services.map(|node| report.map("services", node)).unwrap_or_default();
    let mut scope = Scope {
        instance,
        report,
        legacy: instance.legacy,
        services: services.iter().map(|entry| (entry.key.as_str(), entry.at)).collect(),
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
        configs: BTreeMap::new(),
        secrets: BTreeMap::new(),
        links: RefCell::default(),
    };
    top::sections(&project.root, &mut scope);
    let drafts = services.iter().map(|entry| service::read(entry, &scope)).collect();
    let deployment = finish::deployment(drafts, &scope);
    report.name_paths(&project.root, &VALUE_UNKNOWN);
    deployment
}
