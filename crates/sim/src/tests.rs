//! The model engine keeps the quirks that were measured on a real one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::engine::KILLED;
use super::{Behaviour, CrashPoint, Driven, ExternalChange, Faults, Invariant, MemTree, Sim};
use model::action::{Action, Create};
use model::digest::Digest;
use model::id::{ContainerId, EngineName, ReplicaId, Slot};
use model::labels::Identity;
use model::observed::{Health, Status};
use model::share::{Namespace, Peer};
use model::spec::{ContainerSpec, Healthcheck, Port, Protocol, PublishedPort, RestartPolicy};
use model::target::{ContainerRef, Outcome, Target};
use world::{Act as _, Changed, Clock as _, Observe as _, OutsideError, Scope, Watch as _};

fn local() -> EngineName {
    EngineName::new("local")
}

fn sim() -> Sim {
    Sim::new(1, &[local()], true)
}

fn create(sim: &Sim, slot: u32, spec: ContainerSpec) -> Action {
    let engine = sim.contents(&local()).id.expect("it has an id");
    let replica = ReplicaId { deployment: "abc".into(), service: "web".into(), slot: Slot(slot) };
    let name = replica.container_name();
    let identity = Identity {
        installation: "sim".into(),
        source: "test".into(),
        replica,
        engine,
        name: name.clone(),
        revision: "1".into(),
        spec_hash: Digest::of("spec"),
        files_hash: None,
        init_hash: None,
        succeeds: false,
        masked: Vec::new(),
        from_env_file: Vec::new(),
        bound: BTreeMap::new(),
        asked: Vec::new(),
    };
    let volumes = BTreeMap::new();
    let compose = model::compose_labels::ContainerLabels::default();
    let (network, on_all, joins, mounted) = (None, false, Vec::new(), BTreeMap::new());
    let create = Create { name, identity, spec, network, on_all, volumes, joins, mounted, compose };
    Action::CreateContainer(Box::new(create))
}

fn act(sim: &Sim, action: &Action) -> Result<Outcome, OutsideError> {
    let world = sim.world();
    let call = async {
        let _ = world.engine(&local(), &Scope::default()).await;
        world.act(&local(), action, &MemTree::default()).await
    };
    sim.drive(call, None).done().expect("nothing crashes")
}

fn made(sim: &Sim, slot: u32, spec: ContainerSpec) -> Target {
    act(sim, &Action::PullImage { image: spec.image.clone(), platform: None })
        .expect("it can be pulled");
    let action = create(sim, slot, spec);
    let Action::CreateContainer(created) = &action else { unreachable!() };
    let name = created.name.clone();
    match act(sim, &action) {
        Ok(Outcome::Container(id)) => Target { container: ContainerRef::Known(id), name },
        other => panic!("{other:?}"),
    }
}

fn id(target: &Target) -> &ContainerId {
    match &target.container {
        ContainerRef::Known(id) => id,
        ContainerRef::Made(step) => panic!("{step}"),
    }
}

fn status(sim: &Sim, target: &Target) -> Status {
    let all = sim.ours(&local());
    all.iter().find(|view| view.id == *id(target)).expect("it exists").state.status
}

fn of(image: &str) -> ContainerSpec {
    ContainerSpec::of_image(image.into())
}

#[test]
fn a_second_container_of_a_name_is_a_conflict() {
    let sim = sim();
    let _ = made(&sim, 1, of("web"));
    assert!(matches!(act(&sim, &create(&sim, 1, of("web"))), Err(OutsideError::Conflict(_))));
}

#[test]
fn an_image_must_be_there_before_a_container() {
    let sim = sim();
    assert!(matches!(act(&sim, &create(&sim, 1, of("web"))), Err(OutsideError::Gone(_))));
    let absent = Action::PullImage { image: "absent:1".into(), platform: None };
    assert!(matches!(act(&sim, &absent), Err(OutsideError::Failed(_))));
}

#[test]
fn a_taken_port_fails_the_start_and_leaves_the_container_created() {
    let sim = sim();
    let mut spec = of("web");
    spec.published.insert(PublishedPort {
        container: Port { number: 80, protocol: Protocol::Tcp },
        host_ip: None,
        host_port: Some("8080".to_owned()),
    });
    let (one, two) = (made(&sim, 1, spec.clone()), made(&sim, 2, spec));
    act(&sim, &Action::StartContainer { container: one }).expect("the port is free");
    let second = act(&sim, &Action::StartContainer { container: two.clone() });
    assert!(matches!(second, Err(OutsideError::InUse(_))));
    assert_eq!(status(&sim, &two), Status::Created);
}

#[test]
fn a_running_container_is_not_removed() {
    let sim = sim();
    let one = made(&sim, 1, of("web"));
    act(&sim, &Action::StartContainer { container: one.clone() }).expect("it starts");
    let removed = act(&sim, &Action::RemoveContainer { container: one.clone() });
    assert!(matches!(removed, Err(OutsideError::Conflict(_))));
    let grace = Duration::from_secs(10);
    act(&sim, &Action::StopContainer { container: one.clone(), grace }).expect("it stops");
    act(&sim, &Action::RemoveContainer { container: one }).expect("it is removed");
}

#[test]
fn a_stop_takes_its_grace_only_where_the_process_ignores_the_signal() {
    for (image, slowest, code) in [("web", 1, 0), ("stubborn", 11, 137)] {
        let sim = sim();
        let one = made(&sim, 1, of(image));
        act(&sim, &Action::StartContainer { container: one.clone() }).expect("it starts");
        let began = sim.now();
        let grace = Duration::from_secs(10);
        act(&sim, &Action::StopContainer { container: one, grace }).expect("it stops");
        assert!(sim.now().since(began) < Duration::from_secs(slowest));
        assert_eq!(sim.ours(&local())[0].state.exit_code, code);
    }
}

#[test]
fn after_a_killed_daemon_always_returns_and_unless_stopped_does_not() {
    let sim = sim();
    let with = |restart| ContainerSpec { restart, ..of("web") };
    let always = made(&sim, 1, with(RestartPolicy::Always));
    let unless = made(&sim, 2, with(RestartPolicy::UnlessStopped));
    for container in [always.clone(), unless.clone()] {
        act(&sim, &Action::StartContainer { container }).expect("it starts");
    }
    sim.schedule(Duration::ZERO, &local(), ExternalChange::RestartDaemon(Duration::from_secs(3)));
    sim.idle(Duration::from_secs(1));
    let unreachable = act(&sim, &Action::StartContainer { container: always.clone() });
    assert!(matches!(unreachable, Err(OutsideError::Unreachable(_))));
    sim.idle(Duration::from_secs(5));
    assert_eq!(status(&sim, &always), Status::Running);
    assert_eq!(status(&sim, &unless), Status::Exited);
}

#[test]
fn the_engine_restarts_a_crashing_container_ever_more_slowly() {
    let sim = sim();
    let spec = ContainerSpec { restart: RestartPolicy::OnFailure(3), ..of("crash") };
    let one = made(&sim, 1, spec);
    act(&sim, &Action::StartContainer { container: one.clone() }).expect("it starts");
    sim.idle(Duration::from_secs(10));
    assert_eq!(status(&sim, &one), Status::Exited);
    assert_eq!(sim.ours(&local())[0].state.restarts, 3);
}

#[test]
fn a_health_check_passes_after_its_interval_or_never() {
    for (image, health) in [("web", Health::Healthy), ("sick", Health::Unhealthy)] {
        let sim = sim();
        let check = Healthcheck {
            test: vec!["CMD".to_owned(), "/check".to_owned()],
            interval: Some(Duration::from_secs(2)),
            ..Healthcheck::default()
        };
        let one = made(&sim, 1, ContainerSpec { healthcheck: Some(check), ..of(image) });
        act(&sim, &Action::StartContainer { container: one }).expect("it starts");
        assert_eq!(sim.ours(&local())[0].state.health, Some(Health::Starting));
        sim.idle(Duration::from_secs(10));
        assert_eq!(sim.ours(&local())[0].state.health, Some(health));
    }
}

#[test]
fn a_lost_answer_is_a_timeout_with_the_effect_done() {
    let sim = sim();
    let action = create(&sim, 1, of("web"));
    act(&sim, &Action::PullImage { image: "web".into(), platform: None })
        .expect("it can be pulled");
    sim.set_faults(Faults { answer_lost: 1000, ..Faults::default() });
    assert!(matches!(act(&sim, &action), Err(OutsideError::Timeout(_))));
    assert_eq!(sim.ours(&local()).len(), 1);
}

#[test]
fn a_crash_drops_the_future_right_after_the_effect() {
    let sim = sim();
    act(&sim, &Action::PullImage { image: "web".into(), platform: None })
        .expect("it can be pulled");
    let action = create(&sim, 1, of("web"));
    let world = sim.world();
    sim.crash_at(CrashPoint::Effect(1));
    let tree = MemTree::default();
    let call = async { world.act(&local(), &action, &tree).await };
    assert_eq!(sim.drive(call, None), Driven::Crashed);
    assert_eq!(sim.ours(&local()).len(), 1);
}

#[test]
fn a_death_wakes_who_watches() {
    let sim = sim();
    sim.set_behaviour(&"abc".into(), &"web".into(), &Behaviour::job(0));
    let one = made(&sim, 1, of("web"));
    act(&sim, &Action::StartContainer { container: one }).expect("it starts");
    let world = sim.world();
    let began = sim.now();
    let woken = sim.drive(world.changed(), Some(began.plus(Duration::from_secs(5))));
    assert_eq!(woken, Driven::Done(Changed::Deployments(["abc".into()].into())));
    assert!(world.now().since(began) < Duration::from_secs(2));
}

#[test]
fn who_lives_in_a_container_loses_its_namespaces_once() {
    let sim = sim();
    let host = made(&sim, 1, of("web:1"));
    let inside = Namespace::Of(Peer::Container(id(&host).as_str().into()));
    let member = made(&sim, 2, ContainerSpec { network_mode: inside, ..of("web:1") });
    for container in [&host, &member] {
        act(&sim, &Action::StartContainer { container: container.clone() }).expect("it starts");
    }
    let broken = || sim.violations().iter().map(|broken| broken.invariant).collect::<Vec<_>>();
    let remove = Action::RemoveContainer { container: host.clone() };
    assert!(act(&sim, &remove).is_err(), "it runs");
    assert_eq!(broken(), [Invariant::ParentLast]);
    // It ends by itself: what lived in it has lost its network, whatever becomes of the rest.
    {
        let state = &mut *sim.state.borrow_mut();
        let engine = state.engines.get_mut(&local()).expect("an engine");
        engine.kill(id(&host), (KILLED, true), &mut state.timeline);
    }
    act(&sim, &remove).expect("it is removed");
    assert_eq!(broken(), [Invariant::ParentLast]);
}
