//! Where nothing goes wrong, every revision is applied by one pass, and each container is
//! touched exactly as often as what changed asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::id::{ContainerId, DeploymentId, ServiceName};
use sim::Sim;

use super::oracle;
use super::play::{pass, settings, world_of};
use super::scenario::{Scenario, faultless, scenario};
use super::stacks::{Part, Stack, Stacks, promises};

const SEEDS: u64 = 400;

/// A replica's container, and how often it was started.
type Runs = BTreeMap<String, (ContainerId, u32)>;

fn runs(sim: &Sim, scenario: &Scenario) -> Runs {
    let mut runs = Runs::new();
    for engine in &scenario.engines {
        for view in sim.ours(engine) {
            let starts = sim.starts(engine, &view.id);
            runs.insert(view.name.to_string(), (view.id, starts));
        }
    }
    runs
}

/// What a revision may do to the replicas of a service that existed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Untouched,
    Restarted,
    Replaced,
}

/// A service of a deployment.
type Key = (DeploymentId, ServiceName);

/// Whether a change of a part needs new containers.
fn is_replaced(before: &Part, after: &Part) -> bool {
    let mut meets = before.meets.clone();
    if before.meets.shared != after.meets.shared {
        // It is attached, or let go, as it runs.
        meets.shared = after.meets.shared;
        meets.address = after.meets.address;
    }
    let in_place = Part {
        memory: after.memory,
        restart: after.restart,
        back_network: after.back_network,
        replicas: after.replicas,
        registered: after.registered,
        order: after.order,
        parallelism: after.parallelism,
        depends_on: after.depends_on.clone(),
        meets,
        ..before.clone()
    };
    in_place != *after
}

/// Whether the network is replaced that a service was on.
fn is_uprooted(before: &Stack, was: &Part, after: &Stack) -> bool {
    let internal = |stack: &Stack| stack.shared.map(|shared| shared.internal);
    let changed = internal(before).zip(internal(after)).is_some_and(|(old, new)| old != new);
    was.meets.shared && !was.joins_another_deployment() && changed
}

/// The fate of every service that both revisions have, dependencies first.
fn fates(before: &Stacks, after: &Stacks) -> BTreeMap<Key, Fate> {
    let part = |stacks: &'_ Stacks, (id, name): &Key| stacks.get(id)?.services.get(name).cloned();
    let mut fates = BTreeMap::new();
    let mut left: BTreeSet<Key> = super::meet::keys(after).collect();
    while !left.is_empty() {
        let ready = |key: &&Key| super::meet::waits_for(after, key).all(|on| !left.contains(&on));
        let key = left.iter().find(ready).expect("there is no cycle").clone();
        left.remove(&key);
        let (stack, part_now) = (&after[&key.0], &after[&key.0].services[&key.1]);
        let Some(was) = part(before, &key) else { continue };
        let moved = |on: &Key| {
            let exists = |stacks| part(stacks, on).is_some_and(|part| part.replicas > 0);
            let stays = before.get(&on.0).is_some_and(|was| was.engine == after[&on.0].engine);
            let fate = fates.get(on).copied().filter(|fate| *fate != Fate::Untouched);
            fate.filter(|_| stays && exists(before) && exists(after))
        };
        let of = |name: &ServiceName| (key.0.clone(), name.clone());
        let mut followed = part_now.depends_on.iter().filter(|(_, (_, restart))| *restart);
        let follows = followed.any(|(on, _)| moved(&of(on)).is_some());
        let peer = part_now.meets.peer.iter().map(|(id, name, _)| (id.clone(), name.clone()));
        let peer: Vec<Option<Fate>> = peer.map(|host| moved(&host)).collect();
        let hosts = part_now.inside.iter().map(|(on, _)| on).chain(&part_now.volumes_from);
        let mut hosts = hosts.map(|on| moved(&of(on))).chain(peer.iter().copied());
        let evicted = hosts.any(|fate| fate == Some(Fate::Replaced));
        let uprooted = is_uprooted(&before[&key.0], &was, stack);
        let fate = if is_replaced(&was, part_now) || evicted || uprooted {
            Fate::Replaced
        } else if (follows || peer.contains(&Some(Fate::Restarted))) && !part_now.is_job() {
            Fate::Restarted
        } else {
            Fate::Untouched
        };
        fates.insert(key, fate);
    }
    fates
}

/// What became of the replicas, compared with their fates.
fn compare(old: (&Stacks, &Runs), new: (&Stacks, &Runs)) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((id, service), fate) in fates(old.0, new.0) {
        let (was, stack) = (&old.0[&id], &new.0[&id]);
        if was.engine != stack.engine {
            continue;
        }
        let (before, after) = (&was.services[&service], &stack.services[&service]);
        for slot in 1..=before.replicas.min(after.replicas) {
            let name = after.container(&id, &service, slot);
            let is_among = after.inside.as_ref().is_some_and(|(_, among)| *among);
            let first = old.1.get(&before.container(&id, &service, slot));
            let (Some(before), Some(after)) = (first, new.1.get(&name)) else {
                wrong.push(format!("{name} is missing"));
                continue;
            };
            let seen = match (before.0 == after.0, after.1.checked_sub(before.1)) {
                (true, Some(0)) => Some(Fate::Untouched),
                (true, Some(1)) => Some(Fate::Restarted),
                // The engine, too, starts what ends with the host among whose processes it is.
                (true, Some(2)) if is_among => Some(Fate::Restarted),
                (false, _) if after.1 == 1 => Some(Fate::Replaced),
                _ => None,
            };
            if seen != Some(fate) {
                wrong.push(format!("{name}: {seen:?} instead of {fate:?}"));
            }
        }
    }
    wrong
}

/// A scenario without anything going wrong, and without newer images.
pub(crate) fn calm(scenario: Scenario) -> Scenario {
    let mut scenario = faultless(scenario);
    for chapter in &mut scenario.chapters {
        chapter.images.clear();
        for part in chapter.stacks.values_mut().flat_map(|stack| stack.services.values_mut()) {
            part.fresh = None;
        }
    }
    scenario
}

fn play(seed: u64) -> Vec<String> {
    let scenario = calm(scenario(seed));
    let sim = world_of(&scenario);
    let settings = settings(&scenario.engines, scenario.catalog);
    let mut wrong = Vec::new();
    let mut history: Vec<Stacks> = Vec::new();
    let mut before = Runs::new();
    for (number, chapter) in scenario.chapters.iter().enumerate() {
        sim.promise(promises(&history, &chapter.stacks));
        sim.note(&format!("--- revision {number} ---"));
        let report = pass(&sim, &settings, &chapter.stacks);
        // Jobs that nobody waits for come to their end.
        sim.idle(Duration::from_secs(2));
        let after = runs(&sim, &scenario);
        let all = report.iter().flat_map(|report| &report.blocked);
        let mut found: Vec<String> = all.map(|blocked| format!("blocked: {blocked:?}")).collect();
        found.extend(
            report.iter().filter_map(|report| report.error.as_ref()).map(ToString::to_string),
        );
        found.extend(oracle::mismatches(&sim, &scenario, &chapter.stacks));
        if let Some(last) = history.last() {
            found.extend(compare((last, &before), (&chapter.stacks, &after)));
        }
        let calls = sim.mutations();
        let _ = pass(&sim, &settings, &chapter.stacks);
        if sim.mutations() != calls {
            found.push("the second pass is not quiet".to_owned());
        }
        wrong.extend(found.into_iter().map(|text| format!("revision {number}: {text}")));
        history.push(chapter.stacks.clone());
        before = runs(&sim, &scenario);
    }
    wrong.extend(sim.violations().iter().map(ToString::to_string));
    if !wrong.is_empty() {
        wrong.push(sim.trace().join("\n"));
    }
    wrong
}

/// The id of the deployment, for readers of a failure.
fn summary(seed: u64) -> Option<String> {
    let wrong = play(seed);
    let ids: Vec<DeploymentId> = scenario(seed).chapters[0].stacks.keys().cloned().collect();
    (!wrong.is_empty()).then(|| format!("seed {seed} ({ids:?}):\n{}", wrong.join("\n")))
}

#[test]
fn without_faults_one_pass_applies_a_revision_and_dependents_restart_exactly_once() {
    let seeds = super::replayed().map_or(0..SEEDS, |seed| seed..seed + 1);
    let failed: Vec<String> = seeds.filter_map(summary).collect();
    let firsts: Vec<&str> = failed.iter().filter_map(|text| text.split("\n     ").next()).collect();
    assert!(
        failed.is_empty(),
        "{} seeds failed\n{}\n{}",
        failed.len(),
        firsts.join("\n"),
        failed[0]
    );
}
