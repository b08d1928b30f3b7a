//! What holds of the pipeline as a whole: the order in which steps are emitted means nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decide::{self, Leaving, Shared};
use super::pass::Pass;
use super::settings::{EngineSettings, Settings};
use super::transition::Transition;
use super::{graph, plan, seen};
use crate::stack;
use model::action::Action;
use model::desired::{DesiredState, Entry, Service};
use model::id::{EngineName, Revision};
use model::observed::{EngineView, ObservedState};
use model::policy::HostPolicy;
use model::secret::Masker;
use sim::{MemTree, Sim};
use world::{Act as _, Observe as _, Scope, Snapshot};

const BEFORE: &str = "services:
  a: { image: web:1, ports: ['8080:80'], hostname: a }
  b: { image: web:1, ports: ['8081:80'], depends_on: { a: { condition: service_healthy, restart: true } } }
  c: { image: vpn:1, container_name: tunnel }
  d: { image: web:1, network_mode: 'service:c' }
  e: { image: web:1, deploy: { replicas: 3 } }
";
const AFTER: &str = "services:
  a: { image: web:1, ports: ['8081:80'], depends_on: { b: { condition: service_healthy } } }
  b: { image: web:1, ports: ['8080:80'] }
  c: { image: vpn:2, container_name: tunnel }
  d: { image: web:1, network_mode: 'service:c' }
  e: { image: web:2, deploy: { replicas: 2 }, post_start: [{ command: ['true'] }] }
  f: { image: web:1, networks: [shared] }
networks: { shared: { external: true, name: other_shared } }
";
const OTHER: &str = "services: { x: { image: web:1, networks: [shared] } }
networks: { shared: {} }
";

fn engine() -> EngineName {
    "local".into()
}

fn settings() -> Settings {
    Settings {
        installation: "main".into(),
        masker: Masker::new("key"),
        policy: HostPolicy::permissive(),
        approved: BTreeSet::new(),
        prune_share: 100,
        engines: BTreeMap::from([(engine(), EngineSettings::default())]),
        catalog: None,
    }
}

fn desired(files: &[(&str, &str)]) -> DesiredState {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let snapshot = Snapshot {
        source: "git:shop".into(),
        revision: Revision::new("3f2a9c1d"),
        start: String::new(),
        tree: Arc::new(MemTree::new(files)),
    };
    let options = stack::Options {
        passed: BTreeMap::new(),
        withheld: BTreeSet::new(),
        default_engine: engine(),
        bounds: model::bounds::Bounds::default(),
        masker: Masker::new("key"),
        project_root: None,
        same_files: false,
    };
    stack::load(&snapshot, &options)
}

fn observed(sim: &Sim, desired: &DesiredState) -> ObservedState {
    let mut scope = Scope::default();
    for (id, entry) in &desired.deployments {
        scope.deployments.insert(id.clone());
        let Entry::Valid(deployment, _) = entry else { panic!("{entry:?}") };
        let services = deployment.services.values();
        scope.images.extend(services.flat_map(Service::images).cloned());
    }
    let access = sim.world();
    let name = engine();
    let look = access.engine(&name, &scope);
    let contents = sim.drive(look, None).done().expect("no crash").expect("an engine");
    ObservedState {
        at: sim.now(),
        part: None,
        engines: BTreeMap::from([(engine(), EngineView::Seen(Box::new(contents)))]),
        catalog: model::catalog::CatalogView::NotConfigured,
        ledger: model::ledger::LedgerView::default(),
    }
}

/// Carries out the first plan of a world.
fn applied(sim: &Sim, desired: &DesiredState) {
    let plan = plan(desired, &observed(sim, desired), &settings());
    let access = sim.world();
    let tree = MemTree::new([("", ""); 0]);
    let mut outcomes = BTreeMap::new();
    for step in &plan.steps {
        let action = step.action.resolve(&outcomes).expect("resolved");
        if matches!(action, Action::Await { .. } | Action::WriteLedger { .. }) {
            continue;
        }
        let act = access.act(&step.engine, &action, &tree);
        let outcome = sim.drive(act, None).done().expect("no crash");
        outcomes.insert(step.id, outcome.unwrap_or_else(|error| panic!("{}: {error}", step.id)));
    }
}

/// All steps in another order, always the same for one seed.
fn shuffled(mut steps: Vec<Transition>, seed: u64) -> Vec<Transition> {
    let mut state = seed | 1;
    for last in (1..steps.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).expect("32 bits") % (last + 1);
        steps.swap(last, other);
    }
    steps
}

#[test]
fn the_order_of_emission_means_nothing() {
    let sim = Sim::new(1, &[engine()], false);
    let before = desired(&[("shop/compose.yaml", BEFORE)]);
    applied(&sim, &before);
    let after = desired(&[("shop/compose.yaml", AFTER), ("other/compose.yaml", OTHER)]);
    let (observed, settings) = (observed(&sim, &after), settings());
    let whole = plan(&after, &observed, &settings);
    assert!(whole.steps.len() > 40 && whole.blocked.is_empty(), "{whole}");
    let engines = seen::sort(&after, &observed, &settings.installation);
    let labels = decide::labels(&after);
    let shared = Shared {
        desired: &after,
        observed: &observed,
        engines: &engines,
        labels: &labels,
        settings: &settings,
    };
    let leaving = Leaving::of(shared);
    let mut pass = Pass::begin(shared, &leaving);
    let steps = loop {
        let decisions = pass.decide();
        let mut drafts = pass.guard(&decisions);
        let steps: Vec<_> = drafts.values().flat_map(|draft| draft.steps.clone()).collect();
        let mut departures = pass.depart(&drafts);
        let links = pass.link(&mut drafts, &mut departures);
        if !pass.refuses(&links) && !pass.yields(&links) {
            break steps;
        }
    };
    for seed in 0..50 {
        let links = graph::Links::of(shuffled(steps.clone(), seed));
        assert_eq!(graph::steps(links), whole.steps, "seed {seed}");
    }
}

#[test]
fn a_broken_invariant_withholds_its_own_deployment_only() {
    let sim = Sim::new(1, &[engine()], false);
    // `decide` breaks one for a deployment of this name, in tests.
    let stack = "services: { x: { image: web:1 } }";
    let files = [("a/compose.yaml", stack), ("panics/compose.yaml", stack)];
    let desired = desired(&files);
    let plan = plan(&desired, &observed(&sim, &desired), &settings());
    assert!(!plan.steps.is_empty() && plan.steps.iter().all(|step| step.deployment == "a".into()));
    let [blocked] = &plan.blocked[..] else { panic!("{plan}") };
    assert_eq!(blocked.deployment, Some("panics".into()));
    assert!(blocked.to_string().contains("a fault of reconciler"), "{blocked}");
}

/// Whatever withholds a deployment as a whole has a word that the lint knows.
#[test]
fn a_step_for_a_withheld_deployment_is_a_fault() {
    let sim = Sim::new(1, &[engine()], false);
    let valid = ("a/compose.yaml", "services: { x: { image: web:1 } }");
    for (closed, stack) in [
        ("b", "services: { x: { image: web:1, network_mode: 'container:gone' } }"),
        ("b", "services: { x: { image: web:1, pull_policy: never } }"),
        (
            "b",
            "services: { x: { image: web:1, networks: [n] } }\nnetworks: { n: { external: true } }",
        ),
        ("b", "services: { x: { image: web:1, isolation: hyperv } }"),
        ("panics", "services: { x: { image: web:1 } }"),
    ] {
        let path = format!("{closed}/compose.yaml");
        let desired = desired(&[valid, (&path, stack)]);
        let mut plan = plan(&desired, &observed(&sim, &desired), &settings());
        assert!(plan.steps.iter().all(|step| step.deployment == "a".into()), "{plan}");
        assert_eq!(graph::check(&plan), [], "{plan}");
        let last = plan.steps.last_mut().expect("steps");
        last.deployment = closed.into();
        let forged = last.id;
        assert_eq!(graph::check(&plan), [graph::Fault::Withheld(forged)], "{plan}");
    }
}
