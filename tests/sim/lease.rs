//! Two controllers and one lease, which each of them loses again and again, mostly in the
//! middle of a pass: its holder acts, and what the other one began is found as it is.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use futures_util::future::join;
use reconcile::control::{self, Pace, Stop};
use reconcile::plan::Settings;
use sim::{MemTree, Rng, Sim, SimSource};
use world::{Clock, Keep};

use super::play::{settings, setup, world_of};
use super::reading::Reading;
use super::scenario::scenario;
use super::stacks::{Stacks, promises};

/// How soon a controller without the lease asks again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The lease as Consul has it.
struct Lock {
    held: Cell<bool>,
    /// Whether nobody asks for it: both act at once.
    is_ignored: bool,
    rng: RefCell<Rng>,
}

impl Lock {
    fn span(&self, most: u64) -> Duration {
        Duration::from_millis(self.rng.borrow_mut().below(most))
    }
}

/// The lease in the hands of a controller, which loses it after a while.
struct Lease<'a, C> {
    clock: &'a C,
    span: Duration,
}

impl<C: Clock> Keep for Lease<'_, C> {
    type Lost = ();

    async fn keep(&self) {
        self.clock.sleep(self.span).await;
    }
}

/// Two controllers for a while, then both are killed where they stand.
pub(crate) fn run(sim: &Sim, settings: &Settings, stacks: &Stacks, span: Duration) {
    run_two(sim, settings, stacks, span, false);
}

fn run_two(sim: &Sim, settings: &Settings, stacks: &Stacks, span: Duration, is_ignored: bool) {
    let rng = RefCell::new(Rng::new(sim.now().0).child("lease"));
    let lock = Lock { held: Cell::new(false), is_ignored, rng };
    let clock = sim.world();
    let one = controller("one", sim, &clock, settings, stacks, &lock);
    let other = controller("two", sim, &clock, settings, stacks, &lock);
    let _ = sim.drive(join(one, other), Some(sim.now().plus(span)));
}

async fn controller(
    name: &str,
    sim: &Sim,
    clock: &impl Clock,
    settings: &Settings,
    stacks: &Stacks,
    lock: &Lock,
) {
    let load = Reading::of(sim, stacks);
    let source = SimSource::new("scenario".into(), MemTree::default());
    loop {
        if lock.held.replace(true) && !lock.is_ignored {
            clock.sleep(ASK_AGAIN).await;
            continue;
        }
        sim.note(&format!("controller {name} has the lease"));
        // It does not know the other one's snapshot.
        let world = sim.world();
        let lease = Lease { clock, span: lock.span(20_000) };
        let (setup, stop) = (setup(&world, settings, &load), Stop::new());
        control::run_leased(setup, &source, Pace::default(), &lease, &stop).await;
        sim.note(&format!("controller {name} has lost the lease"));
        let free_after = lock.span(3_000);
        clock.sleep(free_after).await;
        lock.held.set(false);
        clock.sleep(ASK_AGAIN).await;
    }
}

#[test]
fn who_acts_without_the_lease_is_caught() {
    let broken = |seed: u64| {
        let scenario = scenario(seed);
        let (sim, settings) = (world_of(&scenario), settings(&scenario.engines, scenario.catalog));
        let mut history = Vec::new();
        for chapter in &scenario.chapters {
            sim.promise(promises(&history, &chapter.stacks));
            history.push(chapter.stacks.clone());
            run_two(&sim, &settings, &chapter.stacks, Duration::from_mins(1), true);
        }
        !sim.violations().is_empty()
    };
    assert!((0..200).any(broken));
}

/// A lease that is lost already.
struct Lost;

impl Keep for Lost {
    type Lost = ();

    async fn keep(&self) {}
}

#[test]
fn who_has_lost_the_lease_begins_nothing() {
    let scenario = scenario(15);
    let (sim, settings) = (world_of(&scenario), settings(&scenario.engines, scenario.catalog));
    let world = sim.world();
    let load = Reading::of(&sim, &scenario.chapters[0].stacks);
    let source = SimSource::new("scenario".into(), MemTree::default());
    let (setup, stop) = (setup(&world, &settings, &load), Stop::new());
    let run = control::run_leased(setup, &source, Pace::default(), &Lost, &stop);
    let (report, lost) = sim.drive(run, None).done().expect("no crash");
    assert!(lost.is_some());
    assert!(report.is_none_or(|report| report.execution.is_none()));
    assert_eq!((sim.mutations(), sim.trace().len()), (0, 0), "{:#?}", sim.trace());
}
