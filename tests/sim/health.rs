//! Health changes while a pass looks and acts. It is no drift: the last look decides, and the
//! catalog has followed it.

use std::time::Duration;

use model::catalog::CheckStatus;
use reconcile::control::{Exit, Report};
use sim::{ExternalChange, Sim};

use super::play::{pass, settings};
use super::twins::{stacks, world};

fn one_pass(sim: &Sim) -> Report {
    pass(sim, &settings(&["local".into()], true), &stacks()).expect("nothing crashes")
}

fn all_pass(sim: &Sim) -> bool {
    let entries = sim.registered();
    !entries.is_empty() && entries.iter().all(|entry| entry.status == CheckStatus::Passing)
}

/// A container dies, and the engine starts it again: its health check begins anew.
fn engine_restarts_one(sim: &Sim) {
    sim.schedule(Duration::ZERO, &"local".into(), ExternalChange::Die);
    sim.idle(Duration::from_millis(300));
}

#[test]
fn a_container_that_turns_healthy_during_the_pass_is_no_drift() {
    let (sim, _) = world();
    assert_eq!(one_pass(&sim).exit(), Exit::Done);
    assert!(all_pass(&sim));
    engine_restarts_one(&sim);
    let from = sim.trace().len();
    let report = one_pass(&sim);
    let trace = sim.trace_from(from).join("\n");
    assert_eq!(report.left().collect::<Vec<_>>(), [], "{trace}");
    assert_eq!(report.exit(), Exit::Done, "{trace}");
    // It was seen ill and then well, else this shows nothing.
    assert_eq!(trace.matches(": register ").count(), 2, "{trace}");
    assert!(all_pass(&sim), "{trace}");
}
