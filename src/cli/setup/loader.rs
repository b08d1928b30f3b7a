//! Reads desired state, once for each place where an engine's host sees the source's
//! folder: the same relative bind mount means another path on another host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::adapters::docker::{Place, Warden};
use crate::model::bounds::Bounds;
use crate::model::desired::{DesiredState, Entry};
use crate::model::id::{DeploymentId, EngineName};
use crate::model::secret::Masker;
use crate::stack::{self, Options};
use crate::world::Snapshot;

use super::super::environment::Environment;
use super::roots::Root;

/// Reads desired state.
#[derive(Debug)]
pub(in crate::cli) struct Loader {
    /// What does not depend on the engine.
    options: Options,
    roots: BTreeMap<EngineName, Root>,
    /// Told with every load where the deployments' trees are.
    warden: Option<Arc<Warden>>,
}

impl Loader {
    /// A loader for stacks that may see the variables `passed`; `None` are all of them.
    pub(in crate::cli) fn new(
        environment: &Environment,
        passed: Option<&[String]>,
        (bounds, masker): (Bounds, Masker),
        default_engine: EngineName,
        roots: BTreeMap<EngineName, Root>,
        warden: Option<Arc<Warden>>,
    ) -> Self {
        let is_passed = |name: &String| passed.is_none_or(|names| names.contains(name));
        let (passed, withheld): (BTreeMap<_, _>, BTreeMap<_, _>) =
            environment.all().clone().into_iter().partition(|(name, _)| is_passed(name));
        let withheld: BTreeSet<String> = withheld.into_keys().collect();
        let options =
            Options { passed, withheld, default_engine, bounds, masker, project_root: None };
        Self { options, roots, warden }
    }

    /// Reads everything that a snapshot asks for.
    pub(in crate::cli) fn load(&self, snapshot: &Snapshot) -> DesiredState {
        let mut desired = self.load_each(snapshot);
        let tree = |(id, entry): (&DeploymentId, &Entry)| match entry {
            Entry::Valid(deployment, _) => {
                let sight = self.roots.get(&deployment.engine).map(Root::sight).unwrap_or_default();
                Some((id.clone(), Place { tree: deployment.own_tree(), sight }))
            }
            Entry::Invalid(_) => None,
        };
        if let Some(warden) = &self.warden {
            warden.renew(desired.deployments.iter().filter_map(tree).collect());
        }
        desired.incomplete.dedup();
        desired
    }

    fn load_each(&self, snapshot: &Snapshot) -> DesiredState {
        let default = self.root(snapshot, &self.options.default_engine);
        let mut loaded = vec![(default.clone(), self.load_at(snapshot, default.clone()))];
        for engine in self.roots.keys() {
            let root = self.root(snapshot, engine);
            if loaded.iter().all(|(known, _)| *known != root) {
                loaded.push((root.clone(), self.load_at(snapshot, root)));
            }
        }
        let (_, mut desired) = loaded.remove(0);
        for (id, entry) in &mut desired.deployments {
            // Which engine a deployment names is known from any load in which it is valid.
            let all = loaded.iter().filter_map(|(_, other)| other.deployments.get(id));
            let engine = [&*entry].into_iter().chain(all).find_map(engine);
            let Some(root) = engine.map(|engine| self.root(snapshot, &engine)) else { continue };
            if root != default
                && let Some((_, other)) = loaded.iter().find(|(known, _)| *known == root)
                && let Some(own) = other.deployments.get(id)
            {
                *entry = own.clone();
            }
        }
        desired
    }

    fn load_at(&self, snapshot: &Snapshot, root: Option<String>) -> DesiredState {
        stack::load(snapshot, &Options { project_root: root, ..self.options.clone() })
    }

    fn root(&self, snapshot: &Snapshot, engine: &EngineName) -> Option<String> {
        self.roots.get(engine)?.resolve(snapshot.tree.host_path())
    }
}

fn engine(entry: &Entry) -> Option<EngineName> {
    match entry {
        Entry::Valid(deployment, _) => Some(deployment.engine.clone()),
        Entry::Invalid(_) => None,
    }
}
