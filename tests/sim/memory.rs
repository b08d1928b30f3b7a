//! What is remembered gets lost, moves, or is no longer true: that costs memory, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use model::id::ContainerId;
use model::observed::Status;
use sim::{ExternalChange, Sim};

use super::calm::calm;
use super::oracle;
use super::play::{pass, settings, world_of};
use super::scenario::{Scenario, scenario};
use super::stacks::{Stacks, promises};

const SEEDS: u64 = 60;

/// What happens once everything is as git says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    LedgerLost,
    Pruned,
    OtherFacts,
    ConsulSwitched,
}

/// The containers that run, and how often each was started.
fn running(sim: &Sim, scenario: &Scenario) -> BTreeMap<ContainerId, u32> {
    let mut all = BTreeMap::new();
    for engine in &scenario.engines {
        let views = sim.ours(engine).into_iter();
        for view in views.filter(|view| view.state.status == Status::Running) {
            let starts = sim.starts(engine, &view.id);
            all.insert(view.id, starts);
        }
    }
    all
}

/// A few passes until one has nothing to do. Returns how many changing calls there were.
fn settle(sim: &Sim, scenario: &Scenario, stacks: &Stacks) -> u64 {
    let settings = settings(&scenario.engines, scenario.catalog);
    let before = sim.mutations();
    for _ in 0..4 {
        let calls = sim.mutations();
        let _ = pass(sim, &settings, stacks);
        // Jobs that nobody waits for come to their end.
        sim.idle(Duration::from_secs(2));
        if sim.mutations() == calls {
            return calls - before;
        }
    }
    panic!("seed {}: never quiet\n{}", scenario.seed, sim.trace().join("\n"));
}

fn befall(sim: &Sim, scenario: &mut Scenario, mishap: Mishap) {
    let hand = match mishap {
        Mishap::LedgerLost => ExternalChange::LoseLedger,
        Mishap::Pruned => ExternalChange::Prune { volumes: true },
        Mishap::OtherFacts => ExternalChange::RestartWithOtherFacts(Duration::from_millis(100)),
        Mishap::ConsulSwitched => {
            scenario.catalog = !scenario.catalog;
            return sim.switch_consul(scenario.catalog);
        }
    };
    for engine in &scenario.engines {
        sim.schedule(Duration::ZERO, engine, hand.clone());
    }
    sim.idle(Duration::from_secs(1));
}

/// What is wrong after it, where `composed` says that Compose made what runs.
fn wrong_after(seed: u64, mishap: Mishap, composed: bool) -> Vec<String> {
    let mut scenario = calm(scenario(seed));
    let stacks = scenario.chapters[0].stacks.clone();
    let sim = world_of(&scenario);
    sim.promise(promises(&[], &stacks));
    settle(&sim, &scenario, &stacks);
    if composed {
        scenario.engines.iter().for_each(|engine| sim.made_by_compose(engine));
        settle(&sim, &scenario, &stacks);
    }
    let before = running(&sim, &scenario);
    befall(&sim, &mut scenario, mishap);
    let calls = settle(&sim, &scenario, &stacks);
    let after = running(&sim, &scenario);

    let mut wrong = oracle::mismatches(&sim, &scenario, &stacks);
    wrong.extend(sim.violations().iter().map(ToString::to_string));
    let stays = mishap != Mishap::OtherFacts;
    if stays && before.iter().any(|(id, starts)| after.get(id) != Some(starts)) {
        wrong.push("something that ran was touched".to_owned());
    }
    // Each deployment is remembered again, and nothing else is done.
    if mishap == Mishap::LedgerLost && calls > stacks.len() as u64 {
        wrong.push(format!("{calls} calls to remember {} deployments", stacks.len()));
    }
    wrong
}

fn holds(mishap: Mishap) {
    for seed in 0..SEEDS {
        for composed in [false, true] {
            let wrong = wrong_after(seed, mishap, composed);
            assert!(wrong.is_empty(), "seed {seed}, composed {composed}:\n{}", wrong.join("\n"));
        }
    }
}

#[test]
fn a_ledger_that_is_lost_is_written_again_and_nothing_is_touched() {
    holds(Mishap::LedgerLost);
}

#[test]
fn after_a_prune_only_what_was_pruned_is_made_again() {
    holds(Mishap::Pruned);
}

#[test]
fn an_engine_may_restart_with_other_facts() {
    holds(Mishap::OtherFacts);
}

#[test]
fn consul_may_be_switched_on_or_off() {
    holds(Mishap::ConsulSwitched);
}
