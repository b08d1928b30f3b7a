//! What is planned for: stacks, and the simulated engine that they were applied to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use model::action::Action;
use model::bounds::Bounds;
use model::catalog::{CatalogEntry, CatalogView};
use model::desired::{Deployment, DesiredState, Entry, Service};
use model::id::{DeploymentId, EngineName, Revision};
use model::ledger::LedgerView;
use model::observed::{EngineView, ObservedState, Status};
use model::policy::HostPolicy;
use model::secret::Masker;
use model::spec::MountSource;
use model::target::{ContainerRef, Outcome};
use reconcile::plan::{CatalogSettings, EngineSettings, Parts, Settings, catalog_names, plan};
use reconcile::stack;
use sim::{MemTree, Sim, SimWorld};
use world::{Act as _, CatalogScope, Observe as _, Scope, Snapshot};

/// See the module.
pub(crate) struct World {
    sim: Sim,
    access: SimWorld,
    files: BTreeMap<String, String>,
    settings: Settings,
}

impl World {
    /// So many deployments of so many services, none of them applied.
    pub(crate) fn new(deployments: usize, services: usize) -> Self {
        let sim = Sim::new(1, &[engine()], true);
        let settings = Settings {
            installation: "main".into(),
            masker: Masker::new("key"),
            policy: HostPolicy::permissive(),
            approved: BTreeSet::new(),
            prune_share: 30,
            engines: BTreeMap::from([(engine(), EngineSettings::default())]),
            catalog: Some(CatalogSettings::default()),
        };
        let stack = |number| (format!("d{number:03}/compose.yaml"), stack(services));
        let files = (0..deployments).map(stack).collect();
        Self { access: sim.world(), sim, files, settings }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// One variable of one service in the middle becomes another.
    pub(crate) fn change(&mut self) {
        let count = self.files.len();
        let stack = self.files.values_mut().nth(count / 2).expect("a stack");
        *stack = stack.replacen("TAG: one", "TAG: two", 1);
    }

    /// A container of one deployment in the middle died, and only that one is looked at.
    pub(crate) fn changed(&self, observed: &mut ObservedState) {
        let id = DeploymentId::new(format!("d{:03}", self.files.len() / 2));
        let parts = Parts::of(&self.desired());
        let part = parts.around(&[id].into()).expect("a part");
        let Some(EngineView::Seen(contents)) = observed.engines.get_mut(&engine()) else {
            panic!("the engine is unseen")
        };
        let is_of = |labels: &BTreeMap<String, String>| {
            let project = labels.get("com.docker.compose.project");
            project.is_some_and(|id| part.contains(&id.as_str().into()))
        };
        contents.containers.retain(|view| is_of(&view.spec.labels));
        contents.containers[0].state.status = Status::Exited;
        if let CatalogView::Seen(catalog) = &mut observed.catalog {
            for node in catalog.nodes.values_mut() {
                let of = |entry: &CatalogEntry| entry.meta.get("deployment").cloned();
                node.entries.retain(|_, entry| {
                    of(entry).is_some_and(|id| part.contains(&id.as_str().into()))
                });
            }
        }
        observed.part = Some(part);
    }

    fn tree(&self) -> MemTree {
        MemTree::new(self.files.iter().map(|(path, text)| (path.clone(), text.clone())))
    }

    pub(crate) fn desired(&self) -> DesiredState {
        let snapshot = Snapshot {
            source: "git:bench".into(),
            revision: Revision::new("3f2a9c1d"),
            start: String::new(),
            tree: Arc::new(self.tree()),
        };
        let bounds = Bounds { services: 10_000, ..Bounds::default() };
        let options = stack::Options {
            passed: BTreeMap::new(),
            default_engine: engine(),
            bounds,
            masker: Masker::new("key"),
            withheld: BTreeSet::new(),
            project_root: None,
            same_files: false,
        };
        stack::load(&snapshot, &options)
    }

    /// What a look for all deployments sees.
    pub(crate) fn observed(&self) -> ObservedState {
        self.look(&self.desired())
    }

    fn look(&self, desired: &DesiredState) -> ObservedState {
        let mut scope = Scope::default();
        let mut names = BTreeSet::new();
        for (id, entry) in &desired.deployments {
            let Entry::Valid(deployment, _) = entry else { continue };
            scope.deployments.insert(id.clone());
            names.extend(catalog_names(deployment));
            scope.images.extend(deployment.services.values().flat_map(Service::images).cloned());
        }
        let engines = BTreeSet::from([engine()]);
        let catalog = CatalogScope::new(engines, names);
        let look = async {
            let contents = self.access.engine(&engine(), &scope).await.expect("an engine");
            let catalog = self.access.catalog(&catalog).await.expect("a catalog");
            let ledger = self.access.ledger().await.expect("a ledger");
            (contents, catalog.expect("a catalog"), ledger)
        };
        let (contents, catalog, stored) = self.sim.drive(look, None).done().expect("no crash");
        let engines = BTreeMap::from([(engine(), EngineView::Seen(Box::new(contents)))]);
        let catalog = CatalogView::Seen(catalog);
        let ledger = LedgerView::of(&engines, stored.map(Ok));
        ObservedState { at: self.sim.now(), part: None, engines, catalog, ledger }
    }

    /// What a look sees after all was applied: the first deployment really is, on the
    /// simulated engine; what is there of the others is a copy under their names.
    pub(crate) fn converged(&mut self) -> ObservedState {
        let all = self.desired();
        let first = all.deployments.iter().take(1).map(|(id, entry)| (id.clone(), entry.clone()));
        let one = DesiredState { deployments: first.collect(), ..all.clone() };
        self.apply(&one);
        self.sim.idle(Duration::from_mins(2));
        let mut observed = self.look(&one);
        for (number, (id, entry)) in all.deployments.iter().enumerate().skip(1) {
            let Entry::Valid(deployment, _) = entry else { panic!("a stack is refused") };
            copy(&mut observed, number, id, deployment);
        }
        observed
    }

    fn apply(&self, desired: &DesiredState) {
        let plan = plan(desired, &self.look(desired), &self.settings);
        let tree = self.tree();
        let mut outcomes = BTreeMap::new();
        for step in &plan.steps {
            let action = step.action.resolve(&outcomes).expect("resolved");
            let outcome = match &action {
                Action::Await { container, .. } => {
                    let ContainerRef::Known(id) = &container.container else { panic!("resolved") };
                    self.sim.idle(Duration::from_secs(2));
                    let look = self.access.container(&step.engine, id);
                    let seen = self.sim.drive(look, None).done().expect("no crash");
                    Outcome::Seen(Box::new(seen.expect("an answer").expect("a container")))
                }
                action => {
                    let act = self.access.act(&step.engine, action, &tree);
                    self.sim.drive(act, None).done().expect("no crash").expect("an answer")
                }
            };
            outcomes.insert(step.id, outcome);
        }
    }
}

/// Adds another deployment like the first one.
#[expect(clippy::too_many_lines, reason = "each thing of a deployment once")]
fn copy(observed: &mut ObservedState, number: usize, id: &DeploymentId, deployment: &Deployment) {
    let text = |text: &str| text.replace("d000", id.as_str());
    let labels = |labels: &mut BTreeMap<String, String>| {
        for value in labels.values_mut() {
            *value = text(value);
        }
    };
    let fresh = |id: &str| format!("{number:04x}{}", &id[4..]);
    let Some(EngineView::Seen(contents)) = observed.engines.get_mut(&engine()) else {
        panic!("the engine is unseen")
    };
    let first = |labels: &BTreeMap<String, String>| {
        labels.get("com.docker.compose.project").is_some_and(|project| project == "d000")
    };
    let all = contents.containers.iter().filter(|view| first(&view.spec.labels));
    let mut containers: Vec<_> = all.cloned().collect();
    for view in &mut containers {
        view.id = fresh(view.id.as_str()).as_str().into();
        view.name = text(view.name.as_str()).as_str().into();
        labels(&mut view.spec.labels);
        let networks = std::mem::take(&mut view.spec.networks).into_iter();
        let renamed = networks.map(|(name, how)| (text(name.as_str()).as_str().into(), how));
        view.spec.networks = renamed.collect();
        let addresses = std::mem::take(&mut view.addresses).into_iter();
        let renamed = addresses.map(|(name, at)| (text(name.as_str()).as_str().into(), at));
        view.addresses = renamed.collect();
        for mount in view.spec.mounts.values_mut() {
            if let MountSource::Volume(name) = &mut mount.source {
                *name = text(name.as_str()).as_str().into();
            }
        }
        for name in view.volumes.values_mut() {
            *name = text(name.as_str()).as_str().into();
        }
    }
    contents.containers.extend(containers);
    let all = contents.networks.iter().filter(|view| first(&view.spec.labels));
    let mut networks: Vec<_> = all.cloned().collect();
    for view in &mut networks {
        view.id = fresh(view.id.as_str()).as_str().into();
        view.spec.name = text(view.spec.name.as_str()).as_str().into();
        labels(&mut view.spec.labels);
    }
    contents.networks.extend(networks);
    let all = contents.volumes.iter().filter(|view| first(&view.spec.labels));
    let mut volumes: Vec<_> = all.cloned().collect();
    for view in &mut volumes {
        view.spec.name = text(view.spec.name.as_str()).as_str().into();
        labels(&mut view.spec.labels);
    }
    contents.volumes.extend(volumes);
    let CatalogView::Seen(catalog) = &mut observed.catalog else { panic!("no catalog") };
    for node in catalog.nodes.values_mut() {
        let of_first =
            |entry: &&CatalogEntry| entry.meta.get("deployment").is_some_and(|d| d == "d000");
        let mut entries: Vec<_> = node.entries.values().filter(of_first).cloned().collect();
        for entry in &mut entries {
            entry.id = text(entry.id.as_str()).as_str().into();
            entry.service = text(&entry.service);
            labels(&mut entry.meta);
        }
        node.entries.extend(entries.into_iter().map(|entry| (entry.id.clone(), entry)));
    }
    let known = observed.ledger.ledger.record(&engine(), &"d000".into());
    let mut record = known.expect("a record").clone();
    if let Some(applied) = &mut record.applied {
        applied.hash = deployment.hash.clone();
    }
    observed.ledger.ledger.put(&engine(), id, record);
}

fn engine() -> EngineName {
    "local".into()
}

/// A stack as they are: some variables and labels, five volumes at most, and most services
/// depend on another one.
fn stack(services: usize) -> String {
    let mut text = "services:\n".to_owned();
    for number in 0..services {
        let add = |text: &mut String, more: &str| writeln!(text, "{more}").expect("memory");
        add(&mut text, &format!("  s{number:04}:"));
        add(&mut text, "    image: registry.example/shop/web:1.4");
        add(&mut text, "    environment: {TAG: one, LOG: info, CACHE: s0000, HOME: /srv}");
        add(&mut text, &format!("    labels: {{tier: backend, number: \"{number}\"}}"));
        add(&mut text, "    expose: [\"8080\"]");
        if number % 4 == 0 {
            let volume = number % 20;
            add(&mut text, &format!("    volumes: [data{volume}:/srv/data]"));
        } else {
            add(&mut text, &format!("    depends_on: [s{:04}]", number / 4 * 4));
        }
    }
    text.push_str("volumes:\n");
    for number in (0..services.min(20)).step_by(4) {
        writeln!(text, "  data{number}: {{}}").expect("memory");
    }
    text
}
