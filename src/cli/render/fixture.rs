//! A plan as tests of what is printed need it: one image, and a service of three replicas that are
//! replaced one after the other, each new container before the old one stops.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::action::{Action, Create, Until};
use model::compose_labels::ContainerLabels;
use model::digest::Digest;
use model::id::{ReplicaId, Slot, StepId};
use model::labels::Identity;
use model::plan::{Cause, Plan, Reason, Step};
use model::spec::ContainerSpec;
use model::target::{ContainerRef, Target};

/// The steps of one replica's replacement: create, start, wait, stop and remove the old one.
pub(super) const EACH: u32 = 5;

/// What must have ended before each replica of `pricing` moves: the image, or the one before it.
/// The image is step 1, the first replica has the steps 2 to 6, and so on; `ui` is step 17.
pub(super) fn plan() -> Plan {
    let mut plan = Plan::empty("dir:/stacks".into(), "r1".into());
    let pull = Action::PullImage { image: "example/pricing:2".into(), platform: None };
    plan.steps.push(step(1, pull, None, Reason::ImageAbsent, &[]));
    for slot in 1..=3 {
        let before = if slot == 1 { 1 } else { first_of(slot) - 1 };
        plan.steps.extend(replaced("pricing", slot, first_of(slot), before));
    }
    let replica = ReplicaId { deployment: "abc".into(), service: "ui".into(), slot: Slot(1) };
    let restart =
        Action::RestartContainer { container: known("abc-ui-1"), grace: Duration::from_secs(10) };
    let moved = Reason::DependencyMoved { service: "pricing".into() };
    plan.steps.push(step(17, restart, Some(replica), moved, &[16]));
    plan
}

/// The number of the first step of a replica of `pricing`.
pub(super) fn first_of(slot: u32) -> u32 {
    2 + (slot - 1) * EACH
}

fn replaced(service: &str, slot: u32, first: u32, after: u32) -> Vec<Step> {
    let name = format!("abc-{service}-{slot}");
    let replica = ReplicaId { deployment: "abc".into(), service: service.into(), slot: Slot(slot) };
    let made = || Target {
        container: ContainerRef::Made(StepId(first)),
        name: format!("{name}-1a2b3c4").as_str().into(),
    };
    let actions = [
        Action::CreateContainer(Box::new(create(&replica, &made().name))),
        Action::StartContainer { container: made() },
        Action::Await {
            container: made(),
            until: Until::Healthy(Duration::from_secs(5)),
            deadline: Duration::from_mins(2),
        },
        Action::StopContainer { container: known(&name), grace: Duration::from_secs(10) },
        Action::RemoveContainer { container: known(&name) },
    ];
    let steps = actions.into_iter().zip(first..).map(|(action, id)| {
        let reason = Reason::Replaced { order: "start-first".to_owned() };
        let before = if id == first { after } else { id - 1 };
        step(id, action, Some(replica.clone()), reason, &[before])
    });
    steps.collect()
}

pub(super) fn step(
    id: u32,
    action: Action,
    replica: Option<ReplicaId>,
    reason: Reason,
    after: &[u32],
) -> Step {
    Step {
        id: StepId(id),
        deployment: "abc".into(),
        engine: "local".into(),
        action,
        causes: vec![Cause { reason, at: None }],
        replica,
        only_if: None,
        after: after.iter().copied().map(StepId).collect::<BTreeSet<_>>(),
    }
}

fn known(name: &str) -> Target {
    Target { container: ContainerRef::Known(name.into()), name: name.into() }
}

fn create(replica: &ReplicaId, name: &model::id::ContainerName) -> Create {
    Create {
        name: name.clone(),
        identity: Identity {
            installation: "test".into(),
            source: "dir:/stacks".into(),
            replica: replica.clone(),
            engine: "ENGINE".into(),
            name: name.clone(),
            revision: "r1".into(),
            spec_hash: Digest::of("spec"),
            files_hash: None,
            init_hash: None,
            succeeds: true,
            masked: Vec::new(),
            from_env_file: Vec::new(),
            asked: Vec::new(),
            bound: BTreeMap::new(),
        },
        spec: ContainerSpec::of_image("example/pricing:2".into()),
        network: None,
        on_all: false,
        volumes: BTreeMap::new(),
        joins: Vec::new(),
        mounted: BTreeMap::new(),
        compose: ContainerLabels::default(),
    }
}
