//! One stack file to one deployment: the Compose Specification, its v2 and v3 dialects,
//! and v1 (`fig.yml`), where the services are at the top.

mod build;
mod depends;
mod extension;
mod files;
mod finish;
mod graph;
mod health;
mod keys;
mod limits;
mod mounts;
mod networks;
mod ports;
mod process;
#[cfg(test)]
mod published;
mod service;
mod top;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use self::files::Declared;
use crate::compose::variables::Variables;
use crate::context::{self, ContextError};
use crate::model::build::Dockerfile;
use crate::model::desired::{Deployment, Network, SyncMode, Volume};
use crate::model::diagnostic::Loc;
use crate::model::digest::Digest;
use crate::model::id::{DeploymentId, EngineName};
use crate::text::report::Reporter;
use crate::text::suggest::did_you_mean;
use crate::text::yaml::{Entry, Node, Span, Value};
use crate::world::Tree;

/// What a deployment is, apart from its stack file.
pub(super) struct Instance<'a> {
    /// Its id.
    pub(super) id: &'a DeploymentId,
    /// Its engine.
    pub(super) engine: &'a EngineName,
    /// What may be done for it.
    pub(super) sync: SyncMode,
    /// Its entry in `deployments.yaml`; `None` if the stack file stands for itself.
    pub(super) origin: Option<Loc>,
    /// Numbers of replicas that override the stack's.
    pub(super) scale: &'a BTreeMap<String, u32>,
    /// What references see.
    pub(super) variables: &'a Variables,
    /// The project directory inside the tree.
    pub(super) base: &'a str,
    /// The tree's root on the engine's host.
    pub(super) root: Option<&'a str>,
    /// The files.
    pub(super) tree: &'a dyn Tree,
    /// Build contexts that were hashed already.
    pub(super) contexts: &'a Contexts<'a>,
}

/// Hashes of build contexts, each computed once for all deployments.
pub(super) struct Contexts<'a> {
    tree: &'a dyn Tree,
    known: RefCell<BTreeMap<(String, Dockerfile), Result<Digest, ContextError>>>,
}

impl<'a> Contexts<'a> {
    /// Nothing hashed yet.
    pub(super) fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, known: RefCell::default() }
    }

    /// The hash of a context's files.
    fn digest(&self, folder: &str, dockerfile: &Dockerfile) -> Result<Digest, ContextError> {
        let key = (folder.to_owned(), dockerfile.clone());
        let mut known = self.known.borrow_mut();
        known.entry(key).or_insert_with(|| context::digest(self.tree, folder, dockerfile)).clone()
    }
}

/// What the services of a stack file are read with.
struct Scope<'a> {
    instance: &'a Instance<'a>,
    report: &'a Reporter,
    legacy: bool,
    services: BTreeMap<&'a str, Span>,
    networks: BTreeMap<String, Network>,
    volumes: BTreeMap<String, Volume>,
    configs: BTreeMap<String, Declared>,
    secrets: BTreeMap<String, Declared>,
    /// Configs and secrets (`secrets.x`) that were reported where they are declared.
    broken: BTreeSet<String>,
}

impl Scope<'_> {
    /// Reports a name that nothing has.
    fn unknown<'n>(
        &self,
        at: Span,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) {
        let message = format!("there is no {what} `{name}`");
        self.report.refuse(at, message, did_you_mean(name, known));
    }
}

/// Whether the services are at the top: no `services`, and something there that can only
/// be a service.
pub(super) fn is_legacy(root: &Node) -> bool {
    let Value::Map(entries) = &root.value else { return false };
    let is_service = |entry: &Entry| {
        let has =
            |key| entry.value.get(key).is_some_and(|e| !matches!(e.value.value, Value::Map(_)));
        has("image") || has("build") || entry.value.get("extends").is_some()
    };
    root.get("services").is_none()
        && root.get("version").is_none()
        && entries.iter().any(is_service)
}

/// Reads an interpolated stack file. `None` if any error was reported.
pub(super) fn deployment(
    root: &Node,
    instance: &Instance<'_>,
    report: &Reporter,
) -> Option<Deployment> {
    let legacy = is_legacy(root);
    let services = if legacy { legacy_services(root, report) } else { top_services(root, report) };
    let names = services.iter().map(|entry| (entry.key.as_str(), entry.at)).collect();
    let mut scope = Scope {
        instance,
        report,
        legacy,
        services: names,
        networks: BTreeMap::new(),
        volumes: BTreeMap::new(),
        configs: BTreeMap::new(),
        secrets: BTreeMap::new(),
        broken: BTreeSet::new(),
    };
    if !legacy {
        top::sections(root, &mut scope);
    }
    let drafts = services.iter().filter_map(|entry| service::read(entry, &scope)).collect();
    finish::deployment(drafts, &scope)
}

/// The names of the services of a stack file.
pub(super) fn service_names(root: &Node) -> Vec<&str> {
    let services =
        if is_legacy(root) { Some(root) } else { root.get("services").map(|e| &e.value) };
    match services.map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn legacy_services<'n>(root: &'n Node, report: &Reporter) -> Vec<&'n Entry> {
    report.map("the file", root).iter().filter(|entry| !entry.key.starts_with("x-")).collect()
}

fn top_services<'n>(root: &'n Node, report: &Reporter) -> Vec<&'n Entry> {
    if !matches!(root.value, Value::Map(_) | Value::Null) {
        report.error(root.span, format!("a stack file must be a map, not {}", root.describe()));
        return Vec::new();
    }
    for entry in report.map("the file", root) {
        if keys::TOP.admits(entry, report) && entry.key == "version" {
            report.warn(entry.at, "`version` has no effect", None);
        }
    }
    let Some(services) = root.get("services") else {
        report.error(root.span, "there are no `services` in this file");
        return Vec::new();
    };
    report.map("services", &services.value).iter().collect()
}
