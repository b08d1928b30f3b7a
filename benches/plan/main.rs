//! What planning costs, in CPU time and memory, with nothing but the planner measured:
//! `make bench-plan`. Each row is a process of its own, so that what one case leaves in
//! memory does not help or burden the next.

mod measure;
mod world;

use std::process::{Command, ExitCode};

use model::desired::DesiredState;
use model::observed::ObservedState;
use reconcile::plan::plan;

use crate::measure::{Cost, cost};
use crate::world::World;

type Failure = Box<dyn std::error::Error>;

/// How many services a deployment has, where a case has several deployments.
const SERVICES: usize = 20;

/// What is planned, and for how many containers.
const CASES: [(&str, &str, [usize; 4]); 5] = [
    ("sync", "all in sync", [100, 1_000, 4_000, 10_000]),
    ("change", "one variable changed", [100, 1_000, 4_000, 10_000]),
    ("event", "an event in one deployment", [100, 1_000, 4_000, 10_000]),
    ("first", "first apply", [500, 1_000, 2_000, 4_000]),
    ("single", "first apply, one deployment", [500, 1_000, 2_000, 4_000]),
];

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["case", name, size] => case(name, size.parse()?)?,
        [] => table(&|_| true)?,
        [only] => table(&|name| name == only)?,
        _ => return Err("usage: bench_plan [sync|change|event|first|single]".into()),
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn table(wanted: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    println!(
        "{:<30} {:>10} {:>9} {:>7} {:>8} {:>8}",
        "", "containers", "cold", "warm", "plan", "all"
    );
    println!("{:<30} {:>10} {:>9} {:>7} {:>8} {:>8}", "", "", "ms CPU", "ms CPU", "MiB", "MiB");
    for (name, title, sizes) in CASES.into_iter().filter(|(name, ..)| wanted(name)) {
        for size in sizes {
            let program = std::env::current_exe()?;
            let ended = Command::new(program).args(["case", name, &size.to_string()]).output()?;
            let text = String::from_utf8(ended.stdout)?;
            if !ended.status.success() {
                return Err(String::from_utf8(ended.stderr)?.into());
            }
            println!("{title:<30} {size:>10} {}", text.trim_end());
        }
    }
    Ok(())
}

fn case(name: &str, size: usize) -> Result<(), Failure> {
    let per_deployment = if name == "single" { size } else { SERVICES };
    let mut world = World::new(size / per_deployment, per_deployment);
    let applied = matches!(name, "sync" | "change" | "event");
    let mut observed = if applied { world.converged() } else { world.observed() };
    if name == "event" {
        world.changed(&mut observed);
    }
    if name == "change" {
        world.change();
    }
    let desired = world.desired();
    let steps = steps(&desired, &observed, &world);
    let expected = match name {
        "sync" => steps == 0,
        "event" => (1..=5).contains(&steps),
        "change" => (1..=12).contains(&steps),
        _ => steps >= size,
    };
    if !expected {
        return Err(format!("BUG: {steps} steps in case {name}").into());
    }
    Ok(())
}

/// Plans some times, and prints what that costs. Returns how many steps the plan has.
#[expect(clippy::print_stdout, reason = "the table reads it")]
fn steps(desired: &DesiredState, observed: &ObservedState, world: &World) -> usize {
    const TIMES: u32 = 5;
    let (cold, steps) = cost(|| plan(desired, observed, world.settings()).steps.len());
    let (warm, ()) = cost(|| {
        (0..TIMES).for_each(|_| drop(plan(desired, observed, world.settings())));
    });
    let Cost { cpu, grown, peak } = cold;
    let warm = warm.cpu / f64::from(TIMES);
    println!("{cpu:>9.1} {warm:>7.1} {grown:>8.1} {peak:>8.1}");
    steps
}
