//! Where nothing goes wrong, every revision is applied by one pass, and each container is
//! touched exactly as often as what changed asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reconciler::model::id::{ContainerId, DeploymentId, ServiceName};
use reconciler::sim::Sim;

use super::judge;
use super::play::{pass, settings, world_of};
use super::scenario::{Scenario, calm, scenario};
use super::wish::{Part, Stack, Wish, promises};

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

/// Whether a change of a part needs new containers.
fn is_replaced(before: &Part, after: &Part) -> bool {
    let in_place = Part {
        memory: after.memory,
        restart: after.restart,
        back_network: after.back_network,
        replicas: after.replicas,
        registered: after.registered,
        order: after.order,
        parallelism: after.parallelism,
        depends_on: after.depends_on.clone(),
        ..before.clone()
    };
    in_place != *after
}

/// The fate of every service that both revisions have, dependencies first.
fn fates(before: &Stack, after: &Stack) -> BTreeMap<ServiceName, Fate> {
    let mut fates = BTreeMap::new();
    let mut left: BTreeSet<&ServiceName> = after.services.keys().collect();
    while !left.is_empty() {
        let ready = |name: &&&ServiceName| {
            after.services[**name].depends_on.keys().all(|on| !left.contains(on))
        };
        let name = *left.iter().find(ready).expect("there is no cycle");
        left.remove(name);
        let Some(was) = before.services.get(name) else { continue };
        let part = &after.services[name];
        let moved = |on: &ServiceName| {
            let existed = before.services.get(on).is_some_and(|was| was.replicas > 0);
            let exists = after.services[on].replicas > 0;
            existed && exists && fates.get(on).is_some_and(|fate| *fate != Fate::Untouched)
        };
        let follows = part.depends_on.iter().any(|(on, (_, restart))| *restart && moved(on));
        let mut hosts = part.inside.iter().map(|(on, _)| on).chain(&part.volumes_from);
        let evicted = hosts.any(|on| moved(on) && fates.get(on) == Some(&Fate::Replaced));
        let fate = if is_replaced(was, part) || evicted {
            Fate::Replaced
        } else if follows && !part.is_job() {
            Fate::Restarted
        } else {
            Fate::Untouched
        };
        fates.insert(name.clone(), fate);
    }
    fates
}

/// What became of the replicas, compared with their fates.
fn compare(old: (&Wish, &Runs), new: (&Wish, &Runs)) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, stack) in new.0 {
        let Some(was) = old.0.get(id).filter(|was| was.engine == stack.engine) else { continue };
        for (service, fate) in fates(was, stack) {
            let slots = was.services[&service].replicas.min(stack.services[&service].replicas);
            for slot in 1..=slots {
                let name = format!("{id}-{service}-{slot}");
                let (Some(before), Some(after)) = (old.1.get(&name), new.1.get(&name)) else {
                    wrong.push(format!("{name} is missing"));
                    continue;
                };
                let seen = match (before.0 == after.0, after.1.checked_sub(before.1)) {
                    (true, Some(0)) => Some(Fate::Untouched),
                    (true, Some(1)) => Some(Fate::Restarted),
                    (false, _) if after.1 == 1 => Some(Fate::Replaced),
                    _ => None,
                };
                if seen != Some(fate) {
                    wrong.push(format!("{name}: {seen:?} instead of {fate:?}"));
                }
            }
        }
    }
    wrong
}

fn play(seed: u64) -> Vec<String> {
    let scenario = calm(scenario(seed));
    let sim = world_of(&scenario);
    let settings = settings(&scenario.engines, scenario.catalog);
    let mut wrong = Vec::new();
    let mut history: Vec<Wish> = Vec::new();
    let mut before = Runs::new();
    for (number, chapter) in scenario.chapters.iter().enumerate() {
        sim.promise(promises(&history, &chapter.wish));
        let _ = pass(&sim, &settings, &chapter.wish);
        // Jobs that nobody waits for come to their end.
        sim.idle(Duration::from_secs(2));
        let after = runs(&sim, &scenario);
        let mut found = judge::judge(&sim, &scenario, &chapter.wish);
        if let Some(last) = history.last() {
            found.extend(compare((last, &before), (&chapter.wish, &after)));
        }
        let calls = sim.mutations();
        let _ = pass(&sim, &settings, &chapter.wish);
        if sim.mutations() != calls {
            found.push("the second pass is not quiet".to_owned());
        }
        wrong.extend(found.into_iter().map(|text| format!("revision {number}: {text}")));
        history.push(chapter.wish.clone());
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
    let ids: Vec<DeploymentId> = scenario(seed).chapters[0].wish.keys().cloned().collect();
    (!wrong.is_empty()).then(|| format!("seed {seed} ({ids:?}):\n{}", wrong.join("\n")))
}

#[test]
fn without_faults_one_pass_applies_a_revision_and_dependents_restart_exactly_once() {
    let failed: Vec<String> = (0..SEEDS).filter_map(summary).collect();
    let firsts: Vec<&str> = failed.iter().filter_map(|text| text.split("\n     ").next()).collect();
    assert!(
        failed.is_empty(),
        "{} seeds failed\n{}\n{}",
        failed.len(),
        firsts.join("\n"),
        failed[0]
    );
}
