//! The world of the golden tests: files of a source, a simulated engine that plans are
//! carried out on, and things that happen to what was observed.

#[path = "events.rs"]
mod events;
#[path = "failed.rs"]
mod failed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::action::Action;
use model::catalog::CatalogView;
use model::comparison::Comparison;
use model::desired::{DesiredState, Entry, Service};
use model::digest::Digest;
use model::id::{EngineName, Revision, SourceId};
use model::ledger::{LedgerView, Then};
use model::mark::Mark;
use model::observed::{EngineView, ObservedState};
use model::plan::Plan;
use model::policy::HostPolicy;
use model::secret::Masker;
use model::settling::Settling;
use model::target::{ContainerRef, Outcome};
use model::time::Timestamp;
use model::tree::Tree;
use reconcile::answer::{Known, tree};
use reconcile::plan::{CatalogSettings, EngineSettings, Routable, Settings, catalog_names, check};
use reconcile::stack;
use sim::{MemTree, Sim, SimWorld};
pub(crate) use world::{Act, CatalogScope, Clock, Observe, Scope, Snapshot};

use self::events::befall;
use self::failed::Failed;

/// See the module.
pub(crate) struct World {
    sim: Sim,
    access: SimWorld,
    files: BTreeMap<String, String>,
    links: BTreeMap<String, String>,
    marks: BTreeMap<String, Mark>,
    source: SourceId,
    revision: Revision,
    start: String,
    settings: Settings,
    /// What a watched folder does not show for long enough yet.
    settling: Settling,
    /// Where the tree is on the engine's host.
    root: Option<String>,
    /// What happened since the engine was last really looked at.
    events: Vec<String>,
    /// In which order plans are carried out, if not in that of their steps.
    order: Option<Order>,
    /// What worked, and what failed.
    failed: Failed,
}

/// In which order the steps of a plan are carried out, and how many.
pub(crate) type Order = Box<dyn FnMut(&Plan) -> Vec<usize>>;

impl World {
    pub(crate) fn new() -> Self {
        let engines = [EngineName::new("local")];
        let sim = Sim::new(1, &engines, true);
        let policy = HostPolicy::permissive();
        let settings = Settings {
            installation: "main".into(),
            masker: Masker::new("key"),
            policy,
            approved: BTreeSet::new(),
            prune_share: 30,
            engines: BTreeMap::from([(engines[0].clone(), EngineSettings::default())]),
            catalog: None,
        };
        Self {
            access: sim.world(),
            sim,
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            marks: BTreeMap::new(),
            source: "git:shop".into(),
            revision: Revision::new("3f2a9c1d"),
            start: String::new(),
            settings,
            settling: Settling::default(),
            root: None,
            events: Vec::new(),
            order: None,
            failed: Failed::default(),
        }
    }

    /// The same world, in which plans are carried out in another order.
    pub(crate) fn in_order(self, order: Order) -> Self {
        Self { order: Some(order), ..self }
    }

    /// Writes a file of the source; an empty one is removed.
    pub(crate) fn file(&mut self, path: &str, text: &str) {
        if text.trim().is_empty() {
            self.files.remove(path);
        } else {
            self.files.insert(path.to_owned(), text.to_owned());
        }
    }

    /// One command of a `world` section.
    pub(crate) fn happens(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["converge"] => self.converge(),
            ["link", path, to] => drop(self.links.insert((*path).into(), (*to).into())),
            ["root", path] => self.root = Some((*path).to_owned()),
            // Which file it is, and for how many seconds its path leads to it, if that is known.
            ["mark", path, inode, ages @ ..] => {
                let age = |age: &&str| age.parse::<u64>().expect("seconds") * 1_000_000_000;
                let changed = ages.first().map(age).map(|age| Timestamp(self.sim.now().0 - age));
                self.marks.insert((*path).into(), Mark { inode: (*inode).into(), changed });
            }
            // `docker compose up` made what is there.
            ["composed"] => self.sim.made_by_compose(&"local".into()),
            ["adopt"] => self.adopt(),
            ["ledger", "lost"] => self.sim.lose_ledger(),
            ["apply", "first", count] => {
                let plan = self.plan();
                self.apply(&plan, 0..count.parse::<usize>().expect("a number"));
            }
            ["apply", "steps", numbers @ ..] => {
                let plan = self.plan();
                self.apply(&plan, numbers.iter().map(|n| n.parse::<usize>().expect("a step") - 1));
            }
            ["works", id] => self.works(&(*id).into()),
            ["fails", id] => self.fails(&(*id).into(), Then::Rollback),
            ["fails", id, "pause"] => self.fails(&(*id).into(), Then::Pause),
            ["revision", revision] => self.revision = Revision::new(*revision),
            ["source", name] => self.source = SourceId::new(*name),
            ["start", path] => (*path).clone_into(&mut self.start),
            ["deny", "host"] => self.settings.policy.permissive = false,
            ["grant", deployment, demand] => {
                let grants = &mut self.settings.policy.grants;
                grants.entry((*deployment).to_owned()).or_default().insert((*demand).to_owned());
            }
            ["revoke", deployment] => drop(self.settings.policy.grants.remove(*deployment)),
            // What a pull of it brings from now on; a build of it has the same files.
            ["registry", reference, files] => self.sim.publish(&(*reference).into(), files),
            ["consul"] => self.settings.catalog = Some(CatalogSettings::default()),
            ["resolver", address] => {
                let catalog = self.settings.catalog.get_or_insert_with(CatalogSettings::default);
                catalog.resolvers.push((*address).to_owned());
            }
            ["not", "routable"] => {
                let engine = self.settings.engines.values_mut().next().expect("an engine");
                engine.routable = Routable::Networks(BTreeSet::new());
            }
            // The same engine under one more name; another one that does not answer.
            ["engine", "also", name] | ["engine", name, "unseen"] => {
                self.settings.engines.insert((*name).into(), EngineSettings::default());
                self.events.push(line.to_owned());
            }
            ["approve", digest] => {
                self.settings.approved.insert(Digest::from_text(*digest));
            }
            ["forget"] => self.events.clear(),
            ["unsettled", which @ ..] => self.settling = unsettled(which),
            _ => self.events.push(line.to_owned()),
        }
    }

    /// The plan for the files as they are, and the world as it was made.
    pub(crate) fn plan(&self) -> Plan {
        self.plan_seeing(|_| {})
    }

    /// What is there, for people: as the source wants it, or by labels and the ledger alone.
    pub(crate) fn answer(&self, with_source: bool) -> Tree {
        let (desired, observed) = (self.desired(), self.observed());
        let plan = reconcile::plan::plan(&desired, &observed, &self.settings);
        tree(Known {
            wanted: with_source.then_some((&desired, &plan)),
            commit: None,
            observed: &observed,
            settings: &self.settings,
        })
    }

    /// The plan if a look saw the world otherwise.
    pub(crate) fn plan_seeing(&self, change: impl FnOnce(&mut ObservedState)) -> Plan {
        let mut observed = self.observed();
        change(&mut observed);
        reconcile::plan::plan(&self.desired(), &observed, &self.settings)
    }

    /// What is there beside what the files want.
    pub(crate) fn diff(&self) -> Vec<Comparison> {
        reconcile::plan::diff(&self.desired(), &self.observed(), &self.settings)
    }

    fn tree(&self) -> MemTree {
        MemTree::new(self.files.iter().map(|(path, text)| (path.clone(), text.clone())))
            .with_links(self.links.clone())
            .with_marks(self.marks.clone())
    }

    /// The source, and how it is read.
    fn read(&self) -> (Snapshot, stack::Options) {
        let snapshot = Snapshot {
            source: self.source.clone(),
            revision: self.revision.clone(),
            start: self.start.clone(),
            tree: Arc::new(self.tree()),
        };
        let options = stack::Options {
            passed: BTreeMap::from([("OPERATOR_SECRET".to_owned(), "hunter2".to_owned())]),
            default_engine: "local".into(),
            bounds: model::bounds::Bounds::default(),
            masker: model::secret::Masker::new("test"),
            withheld: BTreeSet::new(),
            project_root: self.root.clone(),
            same_files: true,
        };
        (snapshot, options)
    }

    fn asked(&self) -> DesiredState {
        let (snapshot, options) = self.read();
        DesiredState { settling: self.settling.clone(), ..stack::load(&snapshot, &options) }
    }

    pub(crate) fn desired(&self) -> DesiredState {
        self.substituted(self.asked())
    }

    fn observed(&self) -> ObservedState {
        let desired = self.desired();
        let mut scope = Scope::default();
        let mut names = BTreeSet::new();
        let ledger = self.sim.stored_ledger();
        let adopted = ledger.iter().filter(|(_, _, record)| record.adopted.is_some());
        scope.deployments.extend(adopted.map(|(_, id, _)| id.clone()));
        for (id, entry) in &desired.deployments {
            scope.deployments.insert(id.clone());
            if let Entry::Valid(deployment, _) = entry {
                names.extend(catalog_names(deployment));
                for service in deployment.services.values() {
                    let paths = service.files.iter().map(|file| file.target.clone()).collect();
                    scope.files.insert((id.clone(), service.name.clone()), paths);
                }
                scope
                    .images
                    .extend(deployment.services.values().flat_map(Service::images).cloned());
            }
        }
        let engine: EngineName = "local".into();
        let engines = BTreeSet::from([engine.clone()]);
        let catalog = CatalogScope::new(engines, names);
        let look = async {
            let contents = self.access.engine(&engine, &scope).await.expect("an engine");
            let catalog = self.access.catalog(&catalog).await.expect("a catalog");
            let ledger = self.access.ledger().await.expect("a ledger");
            (contents, catalog, ledger)
        };
        let (contents, catalog, stored) = self.sim.drive(look, None).done().expect("no crash");
        let catalog = match (&self.settings.catalog, catalog) {
            (Some(_), Some(seen)) => CatalogView::Seen(seen),
            _ => CatalogView::NotConfigured,
        };
        let engines = BTreeMap::from([(engine, EngineView::Seen(Box::new(contents)))]);
        let ledger = LedgerView::of(&engines, stored.map(Ok));
        let mut observed =
            ObservedState { at: self.sim.now(), part: None, engines, catalog, ledger };
        for event in &self.events {
            befall(&mut observed, event);
        }
        observed
    }

    /// Carries out plans until there is nothing to do.
    fn converge(&mut self) {
        self.pass();
        // What is broken off takes some more passes.
        for _ in 0..if self.order.is_some() { 20 } else { 5 } {
            self.adopt();
            let plan = self.plan();
            if plan.is_empty() {
                return;
            }
            assert_eq!(check(&plan), [], "the plan has faults:\n{plan}");
            let usual = || (0..plan.steps.len()).collect();
            let order = self.order.as_mut().map_or_else(usual, |order| order(&plan));
            self.apply(&plan, order);
        }
        panic!("does not converge:\n{}", self.plan());
    }

    /// Remembers what the plan adopts, and keeps what happened.
    fn adopt(&mut self) {
        let tree = self.tree();
        for step in self.plan().adoptions {
            let act = self.access.act(&step.engine, &step.action, &tree);
            self.sim.drive(act, None).done().expect("no crash").expect("a ledger");
        }
    }

    /// Carries out these steps of the plan, one after the other.
    fn apply(&mut self, plan: &Plan, order: impl IntoIterator<Item = usize>) {
        let tree = self.tree();
        let mut outcomes = BTreeMap::new();
        for step in order.into_iter().map(|at| &plan.steps[at]) {
            if let Some(only_if) = step.only_if.as_ref().filter(|only_if| !only_if.holds(&outcomes))
            {
                let kept = only_if.keeps.clone().map(|id| (step.id, Outcome::Container(id)));
                outcomes.extend(kept);
                continue;
            }
            let action = step.action.resolve(&outcomes).expect("resolved");
            let outcome = match &action {
                Action::Await { container, .. } => {
                    let ContainerRef::Known(id) = &container.container else { panic!("resolved") };
                    let wait = async {
                        self.access.sleep(std::time::Duration::from_secs(40)).await;
                        self.access.container(&step.engine, id).await
                    };
                    let seen = self.sim.drive(wait, None).done().expect("no crash");
                    Outcome::Seen(Box::new(seen.expect("seen").expect("a container")))
                }
                action => {
                    let act = self.access.act(&step.engine, action, &tree);
                    let done = self.sim.drive(act, None).done().expect("no crash");
                    done.unwrap_or_else(|error| panic!("{}: {error}\n{plan}", step.id))
                }
            };
            outcomes.insert(step.id, outcome);
        }
        self.pass();
    }

    /// Forgets what happened; what the engine can do stays.
    fn pass(&mut self) {
        self.events.retain(|event| event.starts_with("api "));
    }
}

/// Of these deployments a watched folder may lack something for a moment only; `*` is every one
/// that it does not show, and nothing means that all is certain.
fn unsettled(which: &[&str]) -> Settling {
    let (others, named): (Vec<&str>, Vec<&str>) = which.iter().partition(|id| **id == "*");
    Settling {
        lasts: std::time::Duration::from_secs(5),
        deployments: named.into_iter().map(Into::into).collect(),
        others: !others.is_empty(),
    }
}
