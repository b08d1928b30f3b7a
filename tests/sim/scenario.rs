//! Scenarios by seed: a world, what is wanted of it revision after revision, and what
//! goes wrong in between.

use std::collections::BTreeMap;
use std::time::Duration;

use model::desired::{Condition, RolloutOrder};
use model::id::{DeploymentId, EngineName, ImageRef, ServiceName};
use model::spec::RestartPolicy;
use sim::{CrashPoint, ExternalChange, Faults, Rng};

use super::fresh::Registry;
use super::meet;
use super::stacks::{Meets, Part, Stack, Stacks};

const SERVICES: [&str; 5] = ["db", "cache", "api", "web", "mail"];
const DEPLOYMENTS: [&str; 3] = ["abc", "xyz", "n1"];

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acts {
    /// One pass after the other.
    Passes,
    /// The controller's loop.
    Loop,
    /// Two such controllers, which share a lease.
    Two,
}

/// One scenario.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) engines: Vec<EngineName>,
    pub(crate) catalog: bool,
    pub(crate) acts: Acts,
    /// After the first revision, what runs is as if Compose had made it.
    pub(crate) composed: bool,
    pub(crate) chapters: Vec<Chapter>,
}

/// One revision, and what happens while it is the newest.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    pub(crate) stacks: Stacks,
    /// What the registry has by now: images, and of which files.
    pub(crate) images: Vec<(ImageRef, String)>,
    pub(crate) faults: Faults,
    pub(crate) hands: Vec<(Duration, EngineName, ExternalChange)>,
    /// How long to wait before each pass, and where it crashes.
    pub(crate) passes: Vec<(Duration, Option<CrashPoint>)>,
}

/// The scenario of a seed.
pub(crate) fn scenario(seed: u64) -> Scenario {
    let mut rng = Rng::new(seed).child("scenario");
    let names: &[&str] = if rng.chance(250) { &["local", "remote"] } else { &["local"] };
    let engines: Vec<EngineName> = names.iter().map(|name| EngineName::new(*name)).collect();
    let catalog = rng.chance(700);
    let mut stacks = first_revision(&mut rng, &engines);
    let revisions = 2 + rng.index(3);
    let mut chapters = Vec::new();
    for revision in 0..revisions {
        if revision > 0 {
            for _ in 0..=rng.index(2) {
                mutate(&mut rng, &mut stacks, &engines);
            }
        }
        if revision + 1 == revisions {
            make_healthy(&mut stacks);
        }
        chapters.push(chapter(&mut rng, &stacks, &engines));
    }
    let composed = seed % 4 == 1;
    let revisions = chapters.iter_mut().map(|chapter| &mut chapter.stacks);
    meet::meet(&mut rng.child("meet"), composed, revisions);
    if seed % 4 == 2 {
        let mut registry = Registry::new(rng.child("images"));
        for chapter in &mut chapters {
            chapter.images = registry.renew(&mut chapter.stacks);
        }
    }
    let acts = match seed % 16 {
        7 => Acts::Loop,
        15 => Acts::Two,
        _ => Acts::Passes,
    };
    Scenario { seed, engines, catalog, acts, composed, chapters }
}

/// The same without anything going wrong.
pub(crate) fn faultless(mut scenario: Scenario) -> Scenario {
    scenario.acts = Acts::Passes;
    for chapter in &mut scenario.chapters {
        make_healthy(&mut chapter.stacks);
        chapter.faults = Faults::default();
        chapter.hands.clear();
        chapter.passes.clear();
    }
    scenario
}

fn first_revision(rng: &mut Rng, engines: &[EngineName]) -> Stacks {
    let count = 1 + rng.index(DEPLOYMENTS.len());
    DEPLOYMENTS[..count].iter().map(|id| (DeploymentId::new(*id), stack(rng, engines))).collect()
}

fn stack(rng: &mut Rng, engines: &[EngineName]) -> Stack {
    let engine = rng.pick(engines).expect("there is an engine").clone();
    let mut stack = Stack { engine, services: BTreeMap::new(), shared: None };
    for _ in 0..=rng.index(SERVICES.len()) {
        add_service(rng, &mut stack);
    }
    stack
}

/// Adds the first service that is missing; it may depend on those before it.
fn add_service(rng: &mut Rng, stack: &mut Stack) {
    let missing = |name: &&&str| !stack.services.contains_key(&ServiceName::new(**name));
    let Some(name) = SERVICES.iter().find(missing) else { return };
    let position = SERVICES.iter().position(|other| other == name).unwrap_or_default();
    let images = ["web:1", "api:1", "stubborn:1", "data:1", "job:1"];
    let image = (*rng.pick(&images).expect("there are images")).to_owned();
    let job = image.starts_with("job");
    let mut depends_on = BTreeMap::new();
    for on in &SERVICES[..position] {
        let on = ServiceName::new(*on);
        let Some(part) = stack.services.get(&on) else { continue };
        if rng.chance(350) {
            let condition = if part.is_job() {
                *rng.pick(&[Condition::Started, Condition::Completed]).expect("not empty")
            } else {
                *rng.pick(&[Condition::Started, Condition::Healthy]).expect("not empty")
            };
            depends_on.insert(on, (condition, !part.is_job() && rng.chance(400)));
        }
    }
    let orders = [None, None, Some(RolloutOrder::StartFirst), Some(RolloutOrder::StopFirst)];
    let policies = [
        RestartPolicy::No,
        RestartPolicy::Always,
        RestartPolicy::UnlessStopped,
        RestartPolicy::OnFailure(3),
    ];
    let host_port = 8000 + 10 * u16::try_from(rng.below(500)).unwrap_or_default();
    let part = Part {
        image,
        built: rng.chance(150),
        fresh: None,
        replicas: u32::try_from(rng.below(5)).unwrap_or_default(),
        env: rng.below(3),
        memory: 0,
        file: rng.chance(200).then(|| rng.below(3)),
        host_ports: (!job && rng.chance(150)).then_some(host_port),
        volume: rng.chance(200),
        back_network: rng.chance(150),
        checked: !job && rng.chance(400),
        restart: if job { RestartPolicy::No } else { *rng.pick(&policies).expect("not empty") },
        order: *rng.pick(&orders).expect("not empty"),
        parallelism: 1 + u32::from(rng.chance(250)),
        registered: rng.chance(700),
        depends_on,
        inside: None,
        volumes_from: None,
        hooks: rng.child("hooks").chance(200),
        init: None,
        meets: Meets::default(),
    };
    let name = ServiceName::new(*name);
    stack.services.insert(name.clone(), part);
    share(&mut rng.child("share"), stack, &name);
}

fn mutate(rng: &mut Rng, stacks: &mut Stacks, engines: &[EngineName]) {
    let ids: Vec<DeploymentId> = stacks.keys().cloned().collect();
    let Some(id) = rng.pick(&ids).cloned() else { return };
    match rng.below(20) {
        0 if stacks.len() > 1 => drop(stacks.remove(&id)),
        1 => {
            let missing =
                DEPLOYMENTS.iter().find(|id| !stacks.contains_key(&DeploymentId::new(**id)));
            if let Some(id) = missing {
                stacks.insert(DeploymentId::new(*id), stack(rng, engines));
            }
        }
        2 => {
            let engine = rng.pick(engines).expect("there is an engine").clone();
            if let Some(stack) = stacks.get_mut(&id) {
                stack.engine = engine;
            }
        }
        3 | 4 => {
            if let Some(stack) = stacks.get_mut(&id) {
                add_service(rng, stack);
            }
        }
        5 | 6 => {
            if let Some(stack) = stacks.get_mut(&id) {
                remove_service(rng, stack);
            }
        }
        _ => {
            if let Some(stack) = stacks.get_mut(&id) {
                change_service(rng, stack);
            }
        }
    }
}

fn remove_service(rng: &mut Rng, stack: &mut Stack) {
    let names: Vec<ServiceName> = stack.services.keys().cloned().collect();
    if names.len() < 2 {
        return;
    }
    let Some(name) = rng.pick(&names) else { return };
    stack.services.remove(name);
    for part in stack.services.values_mut() {
        part.depends_on.remove(name);
        part.inside = part.inside.take().filter(|(on, _)| on != name);
        part.volumes_from = part.volumes_from.take().filter(|on| on != name);
    }
}

fn change_service(rng: &mut Rng, stack: &mut Stack) {
    let names: Vec<ServiceName> = stack.services.keys().cloned().collect();
    let Some(name) = rng.pick(&names) else { return };
    let mut sharing = rng.child("share");
    if sharing.chance(200) {
        return share(&mut sharing, stack, name);
    }
    let Some(part) = stack.services.get_mut(name) else { return };
    let job = part.is_job();
    match rng.below(12) {
        3..=5 => part.replicas = u32::try_from(rng.below(6)).unwrap_or_default(),
        6 => part.image = format!("{}:{}", name_of(&part.image), 1 + rng.below(3)),
        7 if !job => {
            let bad = ["crash:1", "sick:1", "absent:1"];
            rng.pick(&bad).copied().unwrap_or("sick:1").clone_into(&mut part.image);
        }
        8 => part.memory = 128 << 20,
        9 => part.file = Some(part.file.map_or(1, |version| version + 1)),
        10 => part.back_network = !part.back_network,
        11 if !job => part.restart = RestartPolicy::Always,
        _ => part.env += 1,
    }
}

/// Draws anew what a service shares with those before it, and what runs when it starts.
fn share(rng: &mut Rng, stack: &mut Stack, name: &ServiceName) {
    let position = |name: &ServiceName| SERVICES.iter().position(|other| *other == name.as_str());
    let is_host = stack.services.values().any(|part| {
        let peers = part.inside.iter().map(|(on, _)| on).chain(&part.volumes_from);
        peers.into_iter().any(|on| on == name)
    });
    let hosts: Vec<ServiceName> = stack
        .services
        .iter()
        .filter(|(other, part)| position(other) < position(name) && !part.is_job())
        .filter(|(_, part)| part.inside.is_none() && part.volumes_from.is_none())
        .map(|(other, _)| other.clone())
        .collect();
    let Some(part) = stack.services.get_mut(name) else { return };
    part.init = rng.chance(100).then(|| rng.below(4));
    part.inside = None;
    part.volumes_from = None;
    let Some(host) = rng.pick(&hosts).cloned().filter(|_| !is_host && !part.is_job()) else {
        return;
    };
    match rng.below(10) {
        0 | 1 => {
            part.inside = Some((host.clone(), rng.chance(300)));
            part.host_ports = None;
            part.registered = false;
            part.depends_on.entry(host).or_insert((Condition::Started, true)).1 = true;
        }
        2 => {
            part.volumes_from = Some(host.clone());
            part.depends_on.entry(host).or_insert((Condition::Started, false));
        }
        _ => {}
    }
}

fn name_of(image: &str) -> &str {
    image.split(':').next().unwrap_or(image)
}

/// Nothing that can never work.
fn make_healthy(stacks: &mut Stacks) {
    for part in stacks.values_mut().flat_map(|stack| stack.services.values_mut()) {
        if ["crash", "sick", "absent"].contains(&name_of(&part.image)) {
            "web:2".clone_into(&mut part.image);
        }
    }
    for stack in stacks.values_mut() {
        let parts = stack.services.values();
        let hosts: Vec<ServiceName> = parts
            .flat_map(|part| part.inside.iter().map(|(on, _)| on).chain(&part.volumes_from))
            .cloned()
            .collect();
        for host in hosts {
            if let Some(part) = stack.services.get_mut(&host) {
                part.replicas = part.replicas.max(1);
            }
        }
    }
}

fn chapter(rng: &mut Rng, stacks: &Stacks, engines: &[EngineName]) -> Chapter {
    let level = u32::try_from(rng.below(4)).unwrap_or_default();
    let rate = |rng: &mut Rng| u32::try_from(rng.below(30)).unwrap_or_default() * level;
    let faults = Faults {
        request_lost: rate(rng),
        answer_lost: rate(rng),
        failed: rate(rng),
        slow: rate(rng),
        event_lost: rate(rng) * 5,
    };
    let forgetting = forgetting(&mut rng.child("forget"), level, engines);
    let mut hands: Vec<_> = (0..rng.below(2 * u64::from(level) + 1))
        .map(|_| {
            let at = rng.span(Duration::ZERO, Duration::from_mins(1));
            let engine = rng.pick(engines).expect("there is an engine").clone();
            (at, engine, hand(rng, stacks))
        })
        .chain(forgetting)
        .collect();
    let mut clock = rng.child("clock");
    if level > 0 && clock.chance(400) {
        let engine = engines.first().expect("there is an engine").clone();
        let at = clock.span(Duration::ZERO, Duration::from_mins(1));
        let seconds = *clock.pick(&[-86_400, -3600, -1, 1, 3600, 86_400]).expect("not empty");
        hands.push((at, engine, ExternalChange::SetClock(seconds)));
    }
    let passes = (0..=rng.index(3))
        .map(|_| {
            let wait = rng.span(Duration::ZERO, Duration::from_secs(5));
            let crash = match rng.below(6) {
                0 | 1 => Some(CrashPoint::Effect(1 + rng.below(15))),
                2 => Some(CrashPoint::Poll(1 + rng.below(80))),
                _ => None,
            };
            (wait, crash.filter(|_| level > 0))
        })
        .collect();
    Chapter { stacks: stacks.clone(), images: Vec::new(), faults, hands, passes }
}

/// What makes an engine or the ledger forget, at any point.
fn forgetting(
    rng: &mut Rng,
    level: u32,
    engines: &[EngineName],
) -> Vec<(Duration, EngineName, ExternalChange)> {
    let span = rng.span(Duration::from_millis(10), Duration::from_secs(5));
    let hands = [
        ExternalChange::LoseLedger,
        ExternalChange::Prune { volumes: false },
        ExternalChange::Prune { volumes: true },
        ExternalChange::RestartWithOtherFacts(span),
    ];
    let draw = |rng: &mut Rng| {
        let at = rng.span(Duration::ZERO, Duration::from_mins(1));
        let engine = rng.pick(engines).expect("there is an engine").clone();
        (at, engine, rng.pick(&hands).expect("there are hands").clone())
    };
    let count = if rng.chance(100 * level) { 1 + rng.below(2) } else { 0 };
    (0..count).map(|_| draw(rng)).collect()
}

fn hand(rng: &mut Rng, stacks: &Stacks) -> ExternalChange {
    let ids: Vec<&DeploymentId> = stacks.keys().collect();
    let id = rng.pick(&ids).map_or("abc", |id| id.as_str());
    let service = rng.pick(&SERVICES).copied().unwrap_or("db");
    let slot = 1 + rng.below(3);
    let span = rng.span(Duration::from_millis(10), Duration::from_secs(30));
    match rng.below(13) {
        0 => ExternalChange::Die,
        1 => ExternalChange::Kill,
        2 => ExternalChange::Stop,
        3 | 4 => ExternalChange::Remove,
        5 => ExternalChange::Update,
        6 => ExternalChange::Pause,
        7 => ExternalChange::TakeName(format!("{id}-{service}-{slot}").as_str().into()),
        8 => ExternalChange::TakeNetwork(format!("{id}_back").as_str().into()),
        9 => ExternalChange::CopyLabels,
        10 => ExternalChange::CutOff(span),
        11 => ExternalChange::RestartDaemon(span),
        _ => {
            if rng.chance(500) {
                ExternalChange::CatalogDown(span)
            } else {
                ExternalChange::LedgerDown(span)
            }
        }
    }
}
