//! Reads desired state, once for each place where an engine's host sees the source's
//! folder: the same relative bind mount means another path on another host.

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use adapters::docker::{Place, PolicyEvaluator};
use model::bounds::Bounds;
use model::desired::{Deployment, DesiredState, Entry, Layout};
use model::digest::Digest;
use model::id::{DeploymentId, EngineName};
use model::secret::{Content, Masker};
use reconcile::control::Load;
use reconcile::stack::{self, Options, kept};
use world::Snapshot;

use super::super::environment::Environment;
use super::roots::{Root, Roots};

/// A root that no host has: what differs with it depends on where the host sees the tree.
const SOMEWHERE: &str = "/reconciler.internal/tree";

/// Reads desired state.
#[derive(Debug)]
pub(in crate::cli) struct Loader {
    /// What does not depend on the engine.
    options: Options,
    roots: Arc<Roots>,
    /// Called with every load that counts: where the deployments' trees are.
    evaluator: Option<Arc<PolicyEvaluator>>,
}

impl Loader {
    /// A loader for stacks that may see the variables `passed`; `None` are all of them.
    pub(in crate::cli) fn new(
        environment: &Environment,
        passed: Option<&[String]>,
        (bounds, masker): (Bounds, Masker),
        default_engine: EngineName,
        roots: Arc<Roots>,
        evaluator: Option<Arc<PolicyEvaluator>>,
    ) -> Self {
        let is_passed = |name: &String| passed.is_none_or(|names| names.contains(name));
        let (passed, withheld): (BTreeMap<_, _>, BTreeMap<_, _>) =
            environment.all().clone().into_iter().partition(|(name, _)| is_passed(name));
        let withheld: BTreeSet<String> = withheld.into_keys().collect();
        let (project_root, same_files) = (None, false);
        let options =
            Options { passed, withheld, default_engine, bounds, masker, project_root, same_files };
        Self { options, roots, evaluator }
    }

    /// Where engines' hosts see the source.
    pub(super) fn roots(&self) -> &Roots {
        &self.roots
    }

    /// Reads everything that a snapshot asks for, and lets it count.
    pub(in crate::cli) fn load(&self, snapshot: &Snapshot) -> DesiredState {
        let desired = self.read(snapshot);
        self.apply(&desired);
        desired
    }

    /// Reads everything that a snapshot asks for.
    pub(super) fn read(&self, snapshot: &Snapshot) -> DesiredState {
        let roots = self.roots.all();
        let mut desired = self.load_each(snapshot, &roots);
        desired.provisional = self.provisional(snapshot, &roots, &desired);
        desired.incomplete.dedup();
        desired
    }

    /// From now on the host policy is asked about these deployments.
    pub(super) fn apply(&self, desired: &DesiredState) {
        let roots = self.roots.all();
        let tree = |(id, entry): (&DeploymentId, &Entry)| match entry {
            Entry::Valid(deployment, _) => Some((id.clone(), place(deployment, &roots))),
            Entry::Invalid(_) => None,
        };
        if let Some(evaluator) = &self.evaluator {
            evaluator.renew(desired.deployments.iter().filter_map(tree).collect());
        }
    }

    /// Engines for which it is not known where their hosts see the tree, if anything that is
    /// wanted there depends on it.
    fn provisional(
        &self,
        snapshot: &Snapshot,
        roots: &BTreeMap<EngineName, Root>,
        desired: &DesiredState,
    ) -> BTreeMap<EngineName, String> {
        let unknown = roots.iter().filter_map(|(engine, root)| match root {
            Root::Unknown(why) => Some((engine, why)),
            _ => None,
        });
        let mut unknown = unknown.peekable();
        if unknown.peek().is_none() {
            return BTreeMap::new();
        }
        let seen = self.load_at(snapshot, (Some(SOMEWHERE.to_owned()), false));
        let depends = |wanted: &EngineName| {
            let mut all = seen.deployments.iter();
            all.any(|(id, entry)| {
                let unseen = desired.deployments.get(id);
                let named = engine(entry).or_else(|| unseen.and_then(engine));
                named.as_ref() == Some(wanted) && hash(entry) != unseen.and_then(hash)
            })
        };
        let unknown = unknown.filter(|(engine, _)| depends(engine));
        let why = |why| format!("it does not tell where its host has the source's folder: {why}");
        unknown.map(|(engine, error)| (engine.clone(), why(error))).collect()
    }

    fn load_each(&self, snapshot: &Snapshot, roots: &BTreeMap<EngineName, Root>) -> DesiredState {
        let ours = snapshot.tree.host_path();
        let root = |engine: &EngineName| match roots.get(engine) {
            Some(root) => (root.resolve(ours), root.is_same(ours)),
            None => (None, false),
        };
        let default = root(&self.options.default_engine);
        let mut loaded = vec![(default.clone(), self.load_at(snapshot, default.clone()))];
        for engine in roots.keys() {
            let root = root(engine);
            if loaded.iter().all(|(known, _)| *known != root) {
                loaded.push((root.clone(), self.load_at(snapshot, root)));
            }
        }
        let (_, mut desired) = loaded.remove(0);
        for (id, entry) in &mut desired.deployments {
            // Which engine a deployment names is known from any load in which it is valid.
            let all = loaded.iter().filter_map(|(_, other)| other.deployments.get(id));
            let engine = [&*entry].into_iter().chain(all).find_map(engine);
            let Some(root) = engine.map(|engine| root(&engine)) else { continue };
            if root != default
                && let Some((_, other)) = loaded.iter().find(|(known, _)| *known == root)
                && let Some(own) = other.deployments.get(id)
            {
                *entry = own.clone();
            }
        }
        desired
    }

    /// The options with which the source is read for an engine.
    fn options_for(&self, snapshot: &Snapshot, engine: &EngineName) -> Options {
        let ours = snapshot.tree.host_path();
        let roots = self.roots.all();
        let root = roots.get(engine);
        Options {
            project_root: root.and_then(|root| root.resolve(ours)),
            same_files: root.is_some_and(|root| root.is_same(ours)),
            ..self.options.clone()
        }
    }

    /// See [`reconcile::control::Load::keep`].
    pub(super) fn keep(
        &self,
        snapshot: &Snapshot,
        layout: Layout,
        deployment: &Deployment,
    ) -> Result<Content, String> {
        let options = self.options_for(snapshot, &deployment.engine);
        kept::keep(snapshot, &options, layout, deployment)
    }

    /// See [`reconcile::control::Load::restore`].
    pub(super) fn restore(
        &self,
        kept: &Content,
        snapshot: &Snapshot,
        now: &Deployment,
    ) -> Result<Deployment, String> {
        let options = self.options_for(snapshot, &now.engine);
        let restored = kept::restore(kept, snapshot, &options, &now.id)?;
        if restored.engine != now.engine {
            return Err(format!("it was on the engine {}", restored.engine));
        }
        let restored = Deployment { writable: Arc::clone(&now.writable), ..restored };
        // From now on the host policy is asked about this one.
        if let Some(evaluator) = &self.evaluator {
            evaluator.replace(now.id.clone(), place(&restored, &self.roots.all()));
        }
        Ok(restored)
    }

    fn load_at(&self, snapshot: &Snapshot, root: (Option<String>, bool)) -> DesiredState {
        let (project_root, same_files) = root;
        stack::load(snapshot, &Options { project_root, same_files, ..self.options.clone() })
    }
}

/// Where the tree of a deployment is, and what of it never prints.
fn place(deployment: &Deployment, roots: &BTreeMap<EngineName, Root>) -> Place {
    let sight = roots.get(&deployment.engine).map(Root::sight).unwrap_or_default();
    let (tree, secrets) = (deployment.own_tree(), deployment.secrets.clone());
    Place { tree, sight, secrets }
}

/// On the spot, where nothing else has to go on meanwhile.
impl Load for Loader {
    fn load<'a>(&'a self, snapshot: &Snapshot) -> LocalBoxFuture<'a, DesiredState> {
        Box::pin(ready(Self::load(self, snapshot)))
    }

    fn keep(
        &self,
        snapshot: &Snapshot,
        layout: Layout,
        deployment: &Deployment,
    ) -> Result<Content, String> {
        Self::keep(self, snapshot, layout, deployment)
    }

    fn restore(
        &self,
        kept: &Content,
        snapshot: &Snapshot,
        now: &Deployment,
    ) -> Result<Deployment, String> {
        Self::restore(self, kept, snapshot, now)
    }
}

/// What a valid deployment asks for.
fn hash(entry: &Entry) -> Option<&Digest> {
    match entry {
        Entry::Valid(deployment, _) => Some(&deployment.hash),
        Entry::Invalid(_) => None,
    }
}

fn engine(entry: &Entry) -> Option<EngineName> {
    match entry {
        Entry::Valid(deployment, _) => Some(deployment.engine.clone()),
        Entry::Invalid(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::environment::Environment;
    use super::*;
    use adapters::dir::DirSource;
    use world::Source as _;

    const STACK: &str = "services: {web: {image: 'web:1'";

    /// What is loaded of two deployments on two engines, one with this bind, with roots.
    async fn load(name: &str, bind: &str, roots: &Arc<Roots>) -> DesiredState {
        let folder = std::env::temp_dir().join(format!("reconciler-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("shop")).unwrap();
        std::fs::write(folder.join("shop/net.conf"), "a").unwrap();
        let stack = format!("{STACK}{bind}}}}}\n");
        std::fs::write(folder.join("shop/compose.yaml"), stack).unwrap();
        let list = "deployments: {a: {stack: shop/compose.yaml}, b: {stack: shop/compose.yaml, engine: far}}\n";
        std::fs::write(folder.join("deployments.yaml"), list).unwrap();
        let source = DirSource::new(&folder, None).unwrap();
        let snapshot = source.fetch().await.unwrap();
        let environment = Environment::default();
        let asked = (Bounds::default(), Masker::new(""));
        let engine = "local".into();
        let loader = Loader::new(&environment, None, asked, engine, Arc::clone(roots), None);
        let desired = loader.load(&snapshot);
        std::fs::remove_dir_all(folder).unwrap();
        desired
    }

    #[tokio::test]
    async fn while_a_root_is_unknown_what_depends_on_it_is_provisional() {
        let unknown = || Root::Unknown("no answer".to_owned());
        let (local, far) = (EngineName::from("local"), EngineName::from("far"));
        let roots = Roots::of([(local.clone(), unknown()), (far.clone(), Root::Same)].into());
        let bind = ", volumes: ['./net.conf:/etc/net.conf:ro']";
        let desired = load("bind", bind, &roots).await;
        let names: Vec<_> = desired.provisional.keys().collect();
        assert_eq!(names, [&local], "{:?}", desired.provisional);
        assert!(desired.provisional[&local].contains("no answer"));
        assert_eq!(load("none", "", &roots).await.provisional, BTreeMap::new());
        roots.learn(local, Root::Same);
        roots.learned().await;
        assert_eq!(load("known", bind, &roots).await.provisional, BTreeMap::new());
    }
}
