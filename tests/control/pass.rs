//! One pass: what it touches, what it says, and with which exit code it ends.

use std::time::Duration;

use futures_util::future::join;
use model::catalog::CatalogContents;
use model::demand::Demand;
use model::desired::{DesiredState, Entry};
use model::diagnostic::Diagnostic;
use model::id::{ContainerId, EngineName};
use model::ledger::Stored;
use model::observed::{ContainerView, EngineContents, Health};
use model::plan::{Blocked, WaitingOn};
use model::time::Instant;
use reconcile::control::{
    Exit, Limits, Load, PassError, Report, Setup, Silent, Stop, apply, once, prepare,
};
use reconcile::plan::{CatalogSettings, Settings};
use world::{CatalogScope, Clock as _, Observe, OutsideError, Scope, Snapshot, SourceError};

use crate::drive::{VirtualClock, drive};
use crate::git::Git;
use crate::make::{deployment, desired, settings, snapshot};
use crate::world::{Down, Life, World};

/// The world without a way to change it.
struct ReadOnly<'a>(&'a World);

impl Observe for ReadOnly<'_> {
    async fn engine(&self, e: &EngineName, scope: &Scope) -> Result<EngineContents, OutsideError> {
        self.0.engine(e, scope).await
    }

    async fn container(
        &self,
        e: &EngineName,
        c: &ContainerId,
    ) -> Result<Option<ContainerView>, OutsideError> {
        self.0.container(e, c).await
    }

    async fn log_tail(
        &self,
        e: &EngineName,
        c: &ContainerId,
        lines: usize,
    ) -> Result<Vec<String>, OutsideError> {
        self.0.log_tail(e, c, lines).await
    }

    async fn catalog(&self, scope: &CatalogScope) -> Result<Option<CatalogContents>, OutsideError> {
        self.0.catalog(scope).await
    }

    async fn ledger(&self) -> Result<Option<Stored>, OutsideError> {
        self.0.ledger().await
    }
}

fn setup<'a, W>(
    world: &'a W,
    clock: &'a VirtualClock,
    load: &'a dyn Load,
    settings: &'a Settings,
) -> Setup<'a, W, VirtualClock> {
    Setup { world, clock, load, settings, limits: Limits::default(), progress: &Silent }
}

fn two(_: &Snapshot) -> DesiredState {
    desired("r1", [deployment("abc", "web=1,db=1"), deployment("xyz", "web=1")])
}

fn pass(world: &World, load: &dyn Fn(&Snapshot) -> DesiredState, settings: &Settings) -> Report {
    let git = Git::at(snapshot("r1"));
    let stop = Stop::new();
    drive(&world.clock, once(setup(world, &world.clock, &load, settings), &git, &stop))
}

#[test]
fn one_pass_makes_everything_and_the_next_is_quiet() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let report = pass(&world, &two, &settings);
    assert_eq!(report.exit(), Exit::Done, "{report:#?}");
    assert!(world.is_running("abc-web-1") && world.is_running("xyz-web-1"));
    let (calls, looks) = (world.texts(), world.looks.get());
    let report = pass(&world, &two, &settings);
    assert_eq!(report.exit(), Exit::Done);
    assert_eq!((world.texts(), world.looks.get()), (calls, looks + 1));
}

#[test]
fn preparing_needs_nothing_that_could_change_the_world() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let read_only = ReadOnly(&world);
    let setup = setup(&read_only, &world.clock, &two, &settings);
    let prepared = drive(&world.clock, prepare(setup, snapshot("r1")));
    assert!(!prepared.plan.is_empty());
    assert_eq!(prepared.report().exit(), Exit::Done);
    assert!(world.calls.borrow().is_empty());
}

#[test]
fn what_was_planned_is_what_is_applied() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let setup = setup(&world, &world.clock, &two, &settings);
    let prepared = drive(&world.clock, prepare(setup, snapshot("r1")));
    let planned: Vec<_> = prepared.plan.steps.iter().map(|step| step.id).collect();
    let stop = Stop::new();
    let report = drive(&world.clock, apply(setup, &prepared, &stop));
    let execution = report.execution.expect("it was applied");
    assert_eq!(execution.steps.iter().map(|(step, _)| step.id).collect::<Vec<_>>(), planned);
}

#[test]
fn a_source_that_cannot_be_read_changes_nothing() {
    let (world, settings) = (World::default(), settings(&["local"]));
    for (error, exit) in [
        (SourceError::Unreachable("no route".into()), Exit::Unreachable),
        (SourceError::Forbidden("bad key".into()), Exit::Refused),
        (SourceError::Missing("no such branch".into()), Exit::Blocked),
        (SourceError::Invalid("a submodule".into()), Exit::Invalid),
    ] {
        let git = Git::at(snapshot("r1"));
        *git.answer.borrow_mut() = Err(error);
        let stop = Stop::new();
        let pass = once(setup(&world, &world.clock, &two, &settings), &git, &stop);
        assert_eq!(drive(&world.clock, pass).exit(), exit);
    }
    assert_eq!(world.looks.get(), 0);
}

#[test]
fn an_unreachable_engine_is_left_alone_and_the_others_are_not() {
    let (world, settings) = (World::default(), settings(&["local", "web1"]));
    for down in [Down::Refuses, Down::Hangs] {
        world.down.borrow_mut().insert("web1".into(), down);
        let report = pass(&world, &two, &settings);
        assert_eq!(report.exit(), Exit::Unreachable);
        assert_eq!(report.unseen.len(), 1);
    }
    assert!(world.is_running("abc-web-1"));
    let calls = world.calls.borrow().len();
    world.down.borrow_mut().insert("local".into(), Down::Refuses);
    world.kill("abc-web-1");
    assert_eq!(pass(&world, &two, &settings).exit(), Exit::Unreachable);
    assert_eq!(world.calls.borrow().len(), calls);
}

#[test]
fn an_invalid_deployment_does_not_stop_the_others() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let load = |_: &Snapshot| {
        let bad = ("bad".into(), Entry::Invalid(vec![Diagnostic::error("unknown key `imgae`")]));
        desired("r1", [deployment("abc", "web=1"), bad])
    };
    let report = pass(&world, &load, &settings);
    assert_eq!(report.exit(), Exit::Invalid);
    assert!(world.is_running("abc-web-1"));
}

#[test]
fn a_crash_at_the_start_is_exit_1_with_the_log() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let crash = Life::Ends(Duration::from_millis(100), 3);
    world.lives.borrow_mut().insert("xyz-web-1".into(), crash);
    let report = pass(&world, &two, &settings);
    assert_eq!((report.exit(), report.exit().code()), (Exit::Failed, 1));
    let execution = report.execution.expect("it was applied");
    let (_, failure) = execution.failures().next().expect("a step failed");
    assert!(!failure.last.log.is_empty());
    assert!(world.is_running("abc-web-1"));
}

#[test]
fn a_replica_that_dies_after_it_was_healthy_is_still_exit_1() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let slow = Duration::from_secs(30);
    world.slow.borrow_mut().insert("record xyz".into(), slow);
    let late = Life::Ends(Duration::from_secs(5), 1);
    world.lives.borrow_mut().insert("xyz-web-1".into(), late);
    assert_eq!(pass(&world, &two, &settings).exit(), Exit::Failed);
}

#[test]
fn an_unhealthy_replica_is_exit_1_also_when_there_is_nothing_to_do() {
    let (world, settings) = (World::default(), settings(&["local"]));
    assert_eq!(pass(&world, &two, &settings).exit(), Exit::Done);
    let unhealthy = Life::Checked(Health::Unhealthy);
    world.lives.borrow_mut().insert("abc-db-1".into(), unhealthy);
    assert_eq!(pass(&world, &two, &settings).exit(), Exit::Failed);
}

#[test]
fn a_pass_with_nothing_to_do_still_waits_for_health_until_the_deadline() {
    let (world, settings) = (World::default(), settings(&["local"]));
    assert_eq!(pass(&world, &two, &settings).exit(), Exit::Done);
    let slow = Life::Slow(Duration::from_mins(4));
    world.lives.borrow_mut().insert("abc-db-1".into(), slow);
    let report = pass(&world, &two, &settings);
    assert_eq!(
        (report.exit(), world.clock.instant().since(Instant::default()).as_secs() / 60),
        (Exit::Done, 4)
    );
    world.lives.borrow_mut().insert("abc-db-1".into(), Life::Checked(Health::Starting));
    let began = world.clock.instant();
    assert_eq!(pass(&world, &two, &settings).exit(), Exit::Failed);
    assert_eq!(world.clock.instant().since(began).as_secs() / 60, 5);
}

#[test]
fn a_faulty_plan_is_not_carried_out() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let setup = setup(&world, &world.clock, &two, &settings);
    let mut prepared = drive(&world.clock, prepare(setup, snapshot("r1")));
    prepared.plan.steps[0].causes.clear();
    let stop = Stop::new();
    let report = drive(&world.clock, apply(setup, &prepared, &stop));
    assert!(matches!(report.error, Some(PassError::Faulty(_))));
    assert_eq!(report.exit(), Exit::Failed);
    assert!(world.calls.borrow().is_empty());
}

#[test]
fn a_request_to_stop_ends_even_a_look_that_hangs() {
    let (world, settings) = (World::default(), settings(&["local"]));
    world.down.borrow_mut().insert("local".into(), Down::Hangs);
    let (git, stop) = (Git::at(snapshot("r1")), Stop::new());
    let pass = once(setup(&world, &world.clock, &two, &settings), &git, &stop);
    let signal = async {
        world.clock.sleep(Duration::from_secs(1)).await;
        stop.request();
    };
    let (report, ()) = drive(&world.clock, join(pass, signal));
    assert!(report.execution.is_some_and(|execution| execution.stopped));
    assert_eq!(world.clock.instant().since(Instant::default()), Duration::from_secs(1));
}

#[test]
fn a_pass_that_is_stopped_between_an_old_and_a_new_container_says_what_is_there_now() {
    let (world, settings) = (World::default(), settings(&["local"]));
    let at = |tag: &'static str| {
        move |_: &Snapshot| {
            let (id, entry) = deployment("abc", &format!("web={tag}"));
            let Entry::Valid(deployment, _) = entry else { panic!("it is valid") };
            let mut deployment = (*deployment).clone();
            for service in deployment.services.values_mut() {
                service.rollout.order = Some(model::desired::RolloutOrder::StopFirst);
            }
            desired("r1", [(id, Entry::Valid(deployment.into(), Vec::new()))])
        }
    };
    assert_eq!(pass(&world, &at("1"), &settings).exit(), Exit::Done);
    world.slow.borrow_mut().insert("stop".into(), Duration::from_secs(10));
    let (git, stop, load) = (Git::at(snapshot("r1")), Stop::new(), at("2"));
    let update = once(setup(&world, &world.clock, &load, &settings), &git, &stop);
    let signal = async {
        world.clock.sleep(Duration::from_secs(5)).await;
        stop.request();
    };
    let (report, ()) = drive(&world.clock, join(update, signal));
    assert!(report.execution.as_ref().is_some_and(|execution| execution.stopped));
    assert!(!world.is_running("abc-web-1"));
    let state = &report.deployments[&"abc".into()];
    assert_eq!(state.sync, model::plan::Sync::OutOfSync);
    assert_ne!(state.health, model::plan::Health::Healthy);
}

#[test]
fn a_refusal_a_conflict_and_a_lost_engine_have_their_own_codes() {
    for (error, code) in [
        (OutsideError::Forbidden("host policy".into()), 77),
        (OutsideError::Conflict("the name is taken".into()), 75),
        (OutsideError::Gone("no such container".into()), 75),
        (OutsideError::Timeout("no answer".into()), 69),
        (OutsideError::Unreachable("reset".into()), 69),
        (OutsideError::Failed("no space left".into()), 1),
    ] {
        let (world, settings) = (World::default(), settings(&["local"]));
        world.failing.borrow_mut().insert("abc-db-1".into(), error);
        assert_eq!(pass(&world, &two, &settings).exit().code(), code);
    }
}

#[test]
fn a_guard_is_exit_3_and_a_notice_is_none() {
    let blocked = |waiting_on| Report {
        blocked: vec![Blocked { deployment: None, subject: String::new(), waiting_on, at: None }],
        ..Report::default()
    };
    let digest = model::digest::Digest::of("");
    assert_eq!(blocked(WaitingOn::Approval { digest }).exit().code(), 3);
    assert_eq!(blocked(WaitingOn::grant(&Demand::Privileged)).exit().code(), 77);
    assert_eq!(
        blocked(WaitingOn::Engine { engine: "e".into(), error: String::new() }).exit().code(),
        69
    );
    assert_eq!(blocked(WaitingOn::Address).exit().code(), 0);
    let name = || "shop".to_owned();
    assert_eq!(blocked(WaitingOn::CatalogName { name: name() }).exit().code(), 0);
    assert_eq!(blocked(WaitingOn::DnsName { name: name(), other: name() }).exit().code(), 65);
    let engines = ["local".into(), "web1".into()].into();
    assert_eq!(blocked(WaitingOn::OneName { engines }).exit().code(), 65);
}

#[test]
fn the_catalog_is_asked_for_the_names_that_are_registered() {
    let (world, mut settings) = (World::default(), settings(&["local"]));
    settings.catalog = Some(CatalogSettings::default());
    let load = |_: &Snapshot| desired("r1", [deployment("my_shop", "web_ui=1")]);
    let _ = pass(&world, &load, &settings);
    let asked: Vec<String> = world.asked.borrow().iter().cloned().collect();
    assert_eq!(asked, ["my-shop", "web-ui.my-shop"]);
}
