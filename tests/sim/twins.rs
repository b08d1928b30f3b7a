//! Known-bad twins: controllers with one mistake each. The checks of the simulated world
//! must catch every one of them, else the seeds prove nothing.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::action::Action;
use model::desired::{Condition, DesiredState};
use model::id::StepId;
use model::id::{ContainerId, DeploymentId, EngineName, ServiceName};
use model::observed::ContainerView;
use model::plan::{Cause, Plan, Reason, Step};
use model::spec::RestartPolicy;
use model::target::{ContainerRef, Target};
use reconcile::control::{self, Stop};
use sim::{ExternalChange, Invariant, MemTree, Sim};
use world::Snapshot;

use super::play::{pass, pass_in, settings, setup, world_of};
use super::scenario::{Acts, Scenario};
use super::stacks::{Meets, Part, Stack, Stacks, desired, promises};
use super::twin::{Mistake, Twin};

fn part(image: &str) -> Part {
    Part {
        image: image.to_owned(),
        built: false,
        fresh: None,
        replicas: 3,
        env: 1,
        memory: 0,
        file: None,
        host_ports: None,
        volume: false,
        back_network: false,
        checked: true,
        restart: RestartPolicy::UnlessStopped,
        order: None,
        parallelism: 1,
        registered: true,
        depends_on: BTreeMap::new(),
        inside: None,
        volumes_from: None,
        hooks: false,
        init: None,
        meets: Meets::default(),
    }
}

/// A database, with files, and a web service that waits for it.
pub(crate) fn stacks() -> Stacks {
    let db = Part { file: Some(1), ..part("data:1") };
    let mut web = part("web:1");
    web.depends_on.insert("db".into(), (Condition::Healthy, true));
    let services = BTreeMap::from([(ServiceName::new("db"), db), (ServiceName::new("web"), web)]);
    BTreeMap::from([(
        DeploymentId::new("abc"),
        Stack { engine: "local".into(), services, shared: None },
    )])
}

/// The same, but the web service lives in the database's network.
fn with_members() -> Stacks {
    let mut stacks = stacks();
    for stack in stacks.values_mut() {
        let web = stack.services.get_mut(&ServiceName::new("web")).expect("a part");
        web.inside = Some(("db".into(), false));
    }
    stacks
}

/// The same with every replica changed.
fn changed() -> Stacks {
    let mut stacks = stacks();
    for part in stacks.values_mut().flat_map(|stack| stack.services.values_mut()) {
        part.env += 1;
    }
    stacks
}

pub(crate) fn world() -> (Sim, Scenario) {
    let engines = vec![EngineName::new("local")];
    let scenario = Scenario {
        seed: 1,
        engines,
        catalog: true,
        acts: Acts::Passes,
        composed: false,
        chapters: Vec::new(),
    };
    let sim = world_of(&scenario);
    sim.promise(promises(&[], &stacks()));
    (sim, scenario)
}

/// What is broken when a twin applies the first stacks, an external change follows, and then it
/// applies the second one.
fn broken(mistake: Mistake, interfere: impl Fn(&Sim)) -> BTreeSet<Invariant> {
    let (sim, scenario) = world();
    let settings = settings(&scenario.engines, true);
    let one_pass = |stacks: &Stacks| {
        let twin = Twin { world: sim.world(), mistake, lies: Cell::new(0) };
        let _ = pass_in(&sim, &twin, &settings, stacks);
    };
    one_pass(&stacks());
    interfere(&sim);
    one_pass(&changed());
    sim.violations().iter().map(|violation| violation.invariant).collect()
}

fn cut_off(sim: &Sim) {
    sim.schedule(Duration::ZERO, &"local".into(), ExternalChange::CutOff(Duration::from_secs(20)));
    sim.idle(Duration::from_millis(1));
}

fn copy_labels(sim: &Sim) {
    sim.schedule(Duration::ZERO, &"local".into(), ExternalChange::CopyLabels);
    sim.idle(Duration::from_millis(1));
}

#[test]
fn without_a_mistake_nothing_is_broken() {
    for interfere in [cut_off, copy_labels, |_: &Sim| ()] {
        assert_eq!(broken(Mistake::None, interfere), BTreeSet::new());
    }
}

#[test]
fn who_takes_silence_for_emptiness_is_caught() {
    let broken = broken(Mistake::UnseenIsEmpty, cut_off);
    assert!(broken.contains(&Invariant::NothingOnDoubt), "{broken:?}");
}

#[test]
fn who_believes_labels_is_caught() {
    let broken = broken(Mistake::LabelsProve, copy_labels);
    assert!(broken.contains(&Invariant::OwnOnly), "{broken:?}");
}

#[test]
fn who_forgets_files_is_caught() {
    let broken = broken(Mistake::NoUploads, |_| ());
    assert!(broken.contains(&Invariant::FilesFirst), "{broken:?}");
}

#[test]
fn who_leaves_anonymous_volumes_behind_is_caught() {
    let broken = broken(Mistake::FreshVolumes, |_| ());
    assert!(broken.contains(&Invariant::NoDataLoss), "{broken:?}");
}

#[test]
fn who_does_not_wait_is_caught() {
    let broken = broken(Mistake::NoWaits, |_| ());
    assert!(broken.contains(&Invariant::Order), "{broken:?}");
    assert!(broken.contains(&Invariant::MinHealthy), "{broken:?}");
}

/// Carries out a plan after it was tampered with.
fn tampered(sim: &Sim, scenario: &Scenario, tamper: impl Fn(&mut Plan)) -> BTreeSet<Invariant> {
    let settings = settings(&scenario.engines, true);
    let load = |_: &Snapshot| -> DesiredState { desired(&stacks()) };
    let world = sim.world();
    let setup = setup(&world, &settings, &load);
    let snapshot = Snapshot {
        source: "scenario".into(),
        revision: "1".into(),
        start: String::new(),
        tree: Arc::new(MemTree::default()),
    };
    let all = async {
        let mut prepared = control::prepare(setup, snapshot).await;
        tamper(&mut prepared.plan);
        control::apply(setup, &prepared, &Stop::new()).await
    };
    let report = sim.drive(all, None).done().expect("nothing crashes");
    assert!(report.error.is_none(), "the plan itself was refused: {:?}", report.error);
    sim.violations().iter().map(|violation| violation.invariant).collect()
}

fn removal_of(view: &ContainerView) -> Vec<Step> {
    let target =
        Target { container: ContainerRef::Known(view.id.clone()), name: view.name.clone() };
    let step = |id: u32, action: Action, after: &[u32]| Step {
        id: StepId(id),
        deployment: "abc".into(),
        engine: "local".into(),
        action,
        causes: vec![Cause { reason: Reason::ServiceRemoved, at: None }],
        replica: None,
        after: after.iter().map(|id| StepId(*id)).collect(),
        only_if: None,
    };
    let grace = Duration::from_secs(1);
    vec![
        step(1, Action::StopContainer { container: target.clone(), grace }, &[]),
        step(2, Action::RemoveContainer { container: target }, &[1]),
    ]
}

#[test]
fn a_removal_on_an_engine_that_was_not_seen_is_caught() {
    let (sim, scenario) = world();
    let settings = settings(&scenario.engines, true);
    let _ = pass(&sim, &settings, &stacks());
    let victim = sim.ours(&"local".into())[0].clone();
    cut_off(&sim);
    let broken = tampered(&sim, &scenario, |plan| {
        plan.blocked.clear();
        plan.steps = removal_of(&victim);
    });
    assert!(broken.contains(&Invariant::NothingOnDoubt), "{broken:?}");
}

#[test]
fn a_removal_of_a_strangers_container_is_caught() {
    let (sim, scenario) = world();
    let settings = settings(&scenario.engines, true);
    let _ = pass(&sim, &settings, &stacks());
    copy_labels(&sim);
    let ours: BTreeSet<ContainerId> =
        sim.ours(&"local".into()).into_iter().map(|view| view.id).collect();
    let all = sim.contents(&"local".into()).containers;
    let stranger = all.into_iter().find(|view| !ours.contains(&view.id)).expect("it was made");
    let broken = tampered(&sim, &scenario, |plan| plan.steps = removal_of(&stranger));
    assert!(broken.contains(&Invariant::OwnOnly), "{broken:?}");
}

#[test]
fn a_removal_of_a_container_that_others_live_in_is_caught() {
    let (sim, scenario) = world();
    let settings = settings(&scenario.engines, true);
    let _ = pass(&sim, &settings, &with_members());
    let all = sim.ours(&"local".into());
    let host = all.iter().find(|view| view.name.as_str() == "abc-db-1").expect("it was made");
    let broken = tampered(&sim, &scenario, |plan| plan.steps = removal_of(host));
    assert!(broken.contains(&Invariant::ParentLast), "{broken:?}");
}

#[test]
fn what_was_adopted_counts_as_healthy() {
    let (sim, scenario) = world();
    let settings = settings(&scenario.engines, true);
    let _ = pass(&sim, &settings, &stacks());
    sim.made_by_compose(&"local".into());
    let mut more = stacks();
    for part in more.values_mut().flat_map(|stack| stack.services.values_mut()) {
        part.replicas += 1;
    }
    sim.promise(promises(&[], &more));
    let _ = pass(&sim, &settings, &more);
    let all = sim.ours(&"local".into());
    let fourth = all.iter().find(|view| view.name.as_str() == "abc-db-4").expect("it was made");
    let broken = tampered(&sim, &scenario, |plan| plan.steps = removal_of(fourth));
    assert!(!broken.contains(&Invariant::MinHealthy), "three of four are healthy: {broken:?}");
}

#[test]
fn more_at_once_than_was_promised_is_caught() {
    for adopted in [false, true] {
        let (sim, scenario) = world();
        let settings = settings(&scenario.engines, true);
        let _ = pass(&sim, &settings, &stacks());
        if adopted {
            sim.made_by_compose(&"local".into());
            let _ = pass(&sim, &settings, &stacks());
        }
        let mut hasty = changed();
        for part in hasty.values_mut().flat_map(|stack| stack.services.values_mut()) {
            part.parallelism = 3;
        }
        let _ = pass(&sim, &settings, &hasty);
        let broken: BTreeSet<Invariant> =
            sim.violations().iter().map(|violation| violation.invariant).collect();
        assert!(broken.contains(&Invariant::MinHealthy), "adopted {adopted}: {broken:?}");
        assert!(broken.contains(&Invariant::MaxSurge), "adopted {adopted}: {broken:?}");
    }
}
