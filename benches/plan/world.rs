//! What is planned for: stacks, and the simulated engine that they were applied to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use reconciler::model::action::{Action, ContainerRef, Outcome};
use reconciler::model::bounds::Bounds;
use reconciler::model::catalog::CatalogView;
use reconciler::model::desired::{DesiredState, Entry, Service};
use reconciler::model::id::{DeploymentId, EngineName, Revision};
use reconciler::model::ledger::LedgerView;
use reconciler::model::observed::{EngineView, ObservedState};
use reconciler::model::policy::HostPolicy;
use reconciler::model::secret::Masker;
use reconciler::plan::{CatalogSettings, EngineSettings, Settings, catalog_names, plan};
use reconciler::sim::{MemTree, Sim, SimWorld};
use reconciler::stack;
use reconciler::world::{Act as _, Observe as _, Scope, Snapshot};

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
        let look = async {
            let contents = self.access.engine(&engine(), &scope).await.expect("an engine");
            let catalog = self.access.catalog(&engines, &names).await.expect("a catalog");
            let ledger = self.access.ledger().await.expect("a ledger");
            (contents, catalog.expect("a catalog"), ledger)
        };
        let (contents, catalog, stored) = self.sim.drive(look, None).done().expect("no crash");
        let engines = BTreeMap::from([(engine(), EngineView::Seen(Box::new(contents)))]);
        let catalog = CatalogView::Seen(catalog);
        let ledger = LedgerView::of(&engines, stored.map(Ok));
        ObservedState { at: self.sim.now(), engines, catalog, ledger }
    }

    /// Applies one deployment after the other: for each, all others are out of sight.
    pub(crate) fn converge(&mut self) {
        let all = self.desired();
        let hidden = |id: &DeploymentId| (id.clone(), Entry::Invalid(Vec::new()));
        let hidden: BTreeMap<_, _> = all.deployments.keys().map(hidden).collect();
        for (id, entry) in &all.deployments {
            let mut one = DesiredState { deployments: hidden.clone(), ..all.clone() };
            one.deployments.insert(id.clone(), entry.clone());
            self.apply(&one);
        }
        self.sim.idle(Duration::from_mins(2));
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
