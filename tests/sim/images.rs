//! Where nothing goes wrong, one plan applies a revision also when the images that it pulls are
//! others: what they replace is in it, nothing else is touched, and the next pass is quiet.

use std::collections::BTreeSet;
use std::time::Duration;

use model::id::ContainerId;
use model::plan::WaitingOn;
use sim::Sim;

use super::oracle;
use super::play::{pass, publish, settings, world_of};
use super::scenario::{Scenario, faultless, scenario};
use super::stacks::{Stacks, promises};

const SEEDS: u64 = 100;

fn containers(sim: &Sim, scenario: &Scenario) -> BTreeSet<ContainerId> {
    scenario.engines.iter().flat_map(|engine| sim.ours(engine)).map(|view| view.id).collect()
}

/// Whether a container lives in one of another deployment: what an image would do to both is not
/// planned before it is there.
fn crosses(stacks: &Stacks) -> bool {
    let mut parts = stacks.values().flat_map(|stack| stack.services.values());
    parts.any(|part| part.meets.peer.is_some())
}

/// Plays a scenario; how many containers newer images replaced, and what went wrong.
fn play(seed: u64) -> (usize, Vec<String>) {
    let scenario = faultless(scenario(seed));
    let sim = world_of(&scenario);
    let settings = settings(&scenario.engines, scenario.catalog);
    let (mut wrong, mut replaced) = (Vec::new(), 0);
    let mut history: Vec<Stacks> = Vec::new();
    for (number, chapter) in scenario.chapters.iter().enumerate() {
        sim.promise(promises(&history, &chapter.stacks));
        sim.note(&format!("--- revision {number} ---"));
        let mut quiet = |images: bool, stacks: &Stacks| {
            if images {
                publish(&sim, chapter);
            }
            let before = containers(&sim, &scenario);
            let report = pass(&sim, &settings, stacks).unwrap_or_default();
            sim.idle(Duration::from_secs(2));
            let waits = report.blocked.iter().map(|blocked| &blocked.waiting_on);
            if waits.into_iter().any(|on| matches!(on, WaitingOn::Approval { .. })) {
                // A person is asked first: that is not what this is about.
                return None;
            }
            let mut found: Vec<String> =
                report.blocked.iter().map(|blocked| format!("blocked: {blocked:?}")).collect();
            found.extend(report.error.map(|error| error.to_string()));
            if crosses(stacks) {
                let _ = pass(&sim, &settings, stacks);
                sim.idle(Duration::from_secs(2));
            }
            found.extend(oracle::mismatches(&sim, &scenario, stacks));
            let calls = sim.mutations();
            let _ = pass(&sim, &settings, stacks);
            if sim.mutations() != calls {
                found.push("the second pass is not quiet".to_owned());
            }
            wrong.extend(found.into_iter().map(|text| format!("revision {number}: {text}")));
            Some(before.difference(&containers(&sim, &scenario)).count())
        };
        // What git changes, and then the same with newer images, as another revision.
        if quiet(false, &chapter.stacks).is_none() {
            break;
        }
        let mut again = chapter.stacks.clone();
        for part in again.values_mut().flat_map(|stack| stack.services.values_mut()) {
            part.fresh = part.fresh.map(|number| number + 1);
        }
        replaced += quiet(true, &again).unwrap_or(0);
        history.push(chapter.stacks.clone());
    }
    wrong.extend(sim.violations().iter().map(ToString::to_string));
    if !wrong.is_empty() {
        wrong.push(sim.trace().join("\n"));
    }
    (replaced, wrong)
}

#[test]
fn one_plan_applies_what_newer_images_change() {
    let seeds = super::replayed().map_or(0..SEEDS, |seed| seed / 4..seed / 4 + 1);
    let (mut replaced, mut failed) = (0, Vec::new());
    for seed in seeds.map(|number| 4 * number + 2) {
        let (containers, wrong) = play(seed);
        replaced += containers;
        if !wrong.is_empty() {
            failed.push(format!("seed {seed}:\n{}", wrong.join("\n")));
        }
    }
    let firsts: Vec<_> =
        failed.iter().map(|text| text.lines().take(3).collect::<Vec<_>>()).collect();
    assert!(failed.is_empty(), "{} seeds failed\n{firsts:#?}\n{}", failed.len(), failed[0]);
    assert!(replaced > 0 || super::replayed().is_some(), "no newer image replaced anything");
}
