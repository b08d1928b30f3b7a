//! The production loop in a simulated world, by seed: whatever goes wrong, nothing that
//! was promised breaks, and when the faults end the world becomes what git says.
//!
//! `RECONCILER_SIM_SEEDS=N` plays N seeds, `RECONCILER_SIM_SEEDS=N..M` those from N on;
//! `RECONCILER_SIM_SEED=K` plays one and prints its trace.

mod calm;
mod fresh;
mod health;
mod images;
mod lease;
mod meet;
mod memory;
mod oracle;
mod play;
mod reading;
mod scenario;
mod stacks;
mod twin;
mod twins;

use std::fmt::Write as _;

use play::play;
use scenario::{Acts, scenario};

/// How many seeds a plain `cargo test` plays.
const FEW: u64 = 300;
/// The seeds are dealt to so many tests, for as many processors.
const HANDS: u64 = 4;

#[expect(
    clippy::disallowed_methods,
    reason = "the number of seeds comes from the user who runs tests"
)]
fn asked(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number of seeds"))
}

/// The one seed that is played, with its trace, if one is asked for.
fn replayed() -> Option<u64> {
    asked("RECONCILER_SIM_SEED").map(|text| number(&text))
}

/// The seeds that are played.
fn seeds() -> std::ops::Range<u64> {
    if let Some(seed) = replayed() {
        return seed..seed + 1;
    }
    let text = asked("RECONCILER_SIM_SEEDS").unwrap_or_else(|| FEW.to_string());
    match text.split_once("..") {
        Some((first, last)) => number(first)..number(last),
        None => 0..number(&text),
    }
}

/// Plays every so-many-th seed, each twice.
#[expect(clippy::print_stdout, reason = "how many seeds were played is a result")]
fn deal(hand: u64) {
    let seeds: Vec<u64> = seeds().filter(|seed| seed % HANDS == hand).collect();
    let mut failed = Vec::new();
    let (mut mutations, mut passes) = (0, 0);
    for seed in &seeds {
        let scenario = scenario(*seed);
        let (first, second) = (play(&scenario), play(&scenario));
        mutations += first.mutations;
        passes = passes.max(first.passes);
        let mut failures = first.failures;
        if first.digest != second.digest {
            failures.push("the second run has another trace".to_owned());
        }
        if !failures.is_empty() {
            failed.push((*seed, failures, first.trace));
        }
    }
    println!(
        "{} seeds, each twice: {mutations} changing calls, at most {passes} passes to converge",
        seeds.len()
    );
    if let Some((seed, failures, trace)) = failed.first() {
        let mut text = String::new();
        if replayed().is_some() {
            text = trace.join("\n");
        }
        for (seed, failures, _) in &failed {
            let _ = write!(text, "\nseed {seed}: {}", failures.join("\n  "));
        }
        panic!(
            "{text}\n{} of {} seeds failed, the first {} with {} failures; replay it with\n  \
             RECONCILER_SIM_SEED={seed} cargo test --test sim -- --nocapture",
            failed.len(),
            seeds.len(),
            seed,
            failures.len(),
        );
    }
}

/// Else what the seeds say of it would be nothing.
#[test]
fn the_loop_looks_at_what_changed_alone_and_at_everything() {
    let scenarios = (0..600).map(scenario).filter(|scenario| scenario.acts == Acts::Loop);
    let looks = scenarios.flat_map(|scenario| play(&scenario).trace);
    let (alone, all): (Vec<_>, Vec<_>) = looks
        .filter(|line| line.contains("local: look"))
        .partition(|line| line.contains("local: look at "));
    assert!(alone.len() > 50 && all.len() > 50, "{} alone, {} at all", alone.len(), all.len());
}

#[test]
fn every_seed_keeps_its_promises_and_converges_first_hand() {
    deal(0);
}

#[test]
fn every_seed_keeps_its_promises_and_converges_second_hand() {
    deal(1);
}

#[test]
fn every_seed_keeps_its_promises_and_converges_third_hand() {
    deal(2);
}

#[test]
fn every_seed_keeps_its_promises_and_converges_fourth_hand() {
    deal(3);
}
