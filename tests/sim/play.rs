//! Plays a scenario: passes of the production loop over a simulated world, first under
//! faults, then healed, and says what became of it.

use std::collections::BTreeMap;
use std::time::Duration;

use model::digest::Digest;
use model::id::EngineName;
use model::observed::ImageView;
use model::plan::WaitingOn;
use model::policy::HostPolicy;
use model::secret::Masker;
use reconcile::control::{self, Event, Limits, Load, Pace, Progress, Report, Setup, Silent, Stop};
use reconcile::plan::{CatalogSettings, EngineSettings, Settings};
use sim::{Driven, MemTree, Sim, SimSource};
use world::{Act, Clock};

use super::reading::Reading;
use super::scenario::{Acts, Chapter, Scenario};
use super::stacks::{Stacks, file, promises};
use super::{lease, oracle};

/// How a scenario ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// What went wrong.
    pub(crate) failures: Vec<String>,
    pub(crate) digest: Digest,
    pub(crate) trace: Vec<String>,
    /// How many passes it took after the faults until one had nothing to do.
    pub(crate) passes: u32,
    pub(crate) mutations: u64,
}

/// At most so many passes may be needed after the last fault.
const PASSES_TO_CONVERGE: u32 = 4;
/// A pass that takes longer has lost its way.
const LONGEST_PASS: Duration = Duration::from_hours(1);
/// How long a controller lives that is killed.
const LIFE: Duration = Duration::from_secs(50);

/// Writes every plan into the trace, to be read.
struct Observer<'a>(&'a Sim);

impl Progress for Observer<'_> {
    fn event(&self, event: &Event<'_>) {
        if let Event::Planned(plan) = event
            && !plan.is_empty()
            && super::replayed().is_some()
        {
            self.0.note(&format!("planned:\n{plan}"));
        }
    }
}

/// What the operator of these worlds decides.
pub(crate) fn settings(engines: &[EngineName], catalog: bool) -> Settings {
    Settings {
        installation: "sim".into(),
        masker: Masker::new("sim"),
        policy: HostPolicy {
            // Nothing of these worlds is in a folder.
            grants: [("*".to_owned(), ["project=unknown".to_owned()].into())].into(),
            ..HostPolicy::permissive()
        },
        approved: std::collections::BTreeSet::new(),
        prune_share: 100,
        engines: engines.iter().map(|name| (name.clone(), EngineSettings::default())).collect(),
        catalog: catalog.then(CatalogSettings::default),
    }
}

/// A world for a scenario.
pub(crate) fn world_of(scenario: &Scenario) -> Sim {
    let sim = Sim::new(scenario.seed, &scenario.engines, scenario.catalog);
    for version in 1..=3 {
        let image = ImageView {
            id: format!("sha256:data{version}").as_str().into(),
            env: BTreeMap::from([("DATA".to_owned(), "/var/lib/data".to_owned())]),
            command: Some(vec!["/data".to_owned()]),
            entrypoint: None,
            user: Some("data".to_owned()),
            working_dir: None,
            labels: BTreeMap::from([("of".to_owned(), "image".to_owned())]),
            healthcheck: None,
            exposed: Vec::new(),
            volumes: vec!["/var/lib/data".to_owned()],
            stop_signal: None,
            platform: None,
            layers: Vec::new(),
            repo_digests: Vec::new(),
        };
        sim.set_image(&format!("data:{version}").as_str().into(), &image);
    }
    for version in 0..32 {
        sim.promise_files(&Digest::of(format!("files {version}")), &[file(version)]);
    }
    sim
}

/// One pass of the production loop; `None` if it crashed.
pub(crate) fn pass(sim: &Sim, settings: &Settings, stacks: &Stacks) -> Option<Report> {
    pass_in(sim, &sim.world(), settings, stacks)
}

/// The same through some other access to the world.
pub(crate) fn pass_in<W: Act + Clock>(
    sim: &Sim,
    world: &W,
    settings: &Settings,
    stacks: &Stacks,
) -> Option<Report> {
    let load = Reading::of(sim, stacks);
    let source = SimSource::new("scenario".into(), MemTree::default());
    let observer = Observer(sim);
    let setup = Setup { progress: &observer, ..setup(world, settings, &load) };
    let stop = Stop::new();
    match sim.drive(control::once(setup, &source, &stop), Some(sim.now().plus(LONGEST_PASS))) {
        Driven::Done(report) => Some(report),
        Driven::Crashed => None,
        Driven::TimeUp => panic!("a pass never ends\n{}", sim.trace().join("\n")),
    }
}

/// What passes of these tests work with.
pub(crate) fn setup<'a, W: Clock>(
    world: &'a W,
    settings: &'a Settings,
    load: &'a dyn Load,
) -> Setup<'a, W, W> {
    Setup { world, clock: world, load, settings, limits: Limits::default(), progress: &Silent }
}

/// The controller's loop for a while, then it is killed where it stands.
fn run(sim: &Sim, settings: &Settings, stacks: &Stacks, span: Duration) {
    let load = Reading::of(sim, stacks);
    let source = SimSource::new("scenario".into(), MemTree::default());
    let world = sim.world();
    let stop = Stop::new();
    let forever = control::run(setup(&world, settings, &load), &source, Pace::default(), &stop);
    let _ = sim.drive(forever, Some(sim.now().plus(span)));
}

/// The registry has newer images from now on.
pub(crate) fn publish(sim: &Sim, chapter: &Chapter) {
    for (image, files) in &chapter.images {
        sim.publish(image, files);
    }
}

/// Plays a scenario to its end.
pub(crate) fn play(scenario: &Scenario) -> Ending {
    let sim = world_of(scenario);
    let settings = settings(&scenario.engines, scenario.catalog);
    let mut failures = Vec::new();
    let mut history = Vec::new();
    let mut births = oracle::Births::default();
    for (number, chapter) in scenario.chapters.iter().enumerate() {
        sim.note(&format!("--- revision {number} ---"));
        sim.promise(promises(&history, &chapter.stacks));
        history.push(chapter.stacks.clone());
        publish(&sim, chapter);
        sim.set_faults(chapter.faults);
        for (after, engine, hand) in &chapter.hands {
            sim.schedule(*after, engine, hand.clone());
        }
        for (wait, crash) in &chapter.passes {
            sim.idle(*wait);
            sim.note("--- pass ---");
            if let Some(point) = crash {
                sim.crash_at(*point);
            }
            match scenario.acts {
                Acts::Two => lease::run(&sim, &settings, &chapter.stacks, LIFE),
                Acts::Loop => run(&sim, &settings, &chapter.stacks, LIFE),
                Acts::Passes => {
                    let report = pass(&sim, &settings, &chapter.stacks);
                    let error = report.and_then(|report| report.error);
                    failures.extend(error.map(|error| format!("{error}")));
                }
            }
            failures.extend(births.check(&sim, &scenario.engines));
        }
        if number == 0 && scenario.composed {
            failures.extend(compose(&sim, &settings, scenario));
        }
    }
    sim.heal();
    let passes = converge(&sim, &settings, scenario, &mut failures);
    failures.extend(births.check(&sim, &scenario.engines));
    failures.extend(sim.violations().iter().map(ToString::to_string));
    Ending {
        failures,
        digest: sim.trace_digest(),
        trace: sim.trace(),
        passes,
        mutations: sim.mutations(),
    }
}

/// Without faults, lets everything be Compose's, once nothing is left to do. The next pass
/// adopts it: the ledger is written, and nothing else. Returns what went wrong.
fn compose(sim: &Sim, settings: &Settings, scenario: &Scenario) -> Vec<String> {
    let Some(first) = scenario.chapters.first() else { return Vec::new() };
    sim.heal();
    for _ in 0..PASSES_TO_CONVERGE {
        sim.idle(Duration::from_secs(1));
        let calls = sim.mutations();
        let Some(report) = pass(sim, settings, &first.stacks) else { return Vec::new() };
        if sim.mutations() == calls {
            // What is withheld is not as desired: there is nothing to compare.
            let done = report.blocked.is_empty();
            return if done { adopt(sim, settings, scenario, &first.stacks) } else { Vec::new() };
        }
    }
    // What never works is never left alone.
    Vec::new()
}

fn adopt(sim: &Sim, settings: &Settings, scenario: &Scenario, stacks: &Stacks) -> Vec<String> {
    for engine in &scenario.engines {
        sim.made_by_compose(engine);
    }
    let mut failures = Vec::new();
    for most in [u64::try_from(stacks.len()).unwrap_or(u64::MAX), 0] {
        let calls = sim.mutations();
        let Some(report) = pass(sim, settings, stacks) else { return failures };
        failures.extend(report.error.map(|error| format!("{error}")));
        failures.extend(report.blocked.iter().map(|blocked| format!("blocked: {blocked:?}")));
        if sim.mutations() - calls > most {
            failures.push("adoption did more than remember".to_owned());
        }
    }
    failures
}

/// After the faults: few passes until nothing is left to do, and the world is as desired.
fn converge(
    sim: &Sim,
    settings: &Settings,
    scenario: &Scenario,
    failures: &mut Vec<String>,
) -> u32 {
    let Some(last) = scenario.chapters.last() else { return 0 };
    let mut settings = settings.clone();
    let mut most = PASSES_TO_CONVERGE + 1;
    let mut number = 0;
    while number < most {
        number += 1;
        sim.idle(Duration::from_secs(1));
        sim.note(&format!("--- pass {number} after the faults ---"));
        let (calls, writes) = (sim.mutations(), sim.catalog_writes());
        let Some(report) = pass(sim, &settings, &last.stacks) else { return number };
        // Nothing that runs would stay, where what stays never came to run: a person has to look.
        let asked = report.blocked.iter().filter_map(|blocked| match &blocked.waiting_on {
            WaitingOn::Approval { digest } => Some(digest.clone()),
            _ => None,
        });
        // A revision that failed because of a fault is tried again when a person says so.
        let failed = report
            .blocked
            .iter()
            .filter(|blocked| matches!(blocked.waiting_on, WaitingOn::AnotherRevision { .. }));
        let failed: Vec<_> = failed.filter_map(|blocked| blocked.deployment.clone()).collect();
        if !failed.is_empty() {
            for id in &failed {
                sim.resume(id);
            }
            let earlier: Vec<_> =
                scenario.chapters.iter().map(|chapter| chapter.stacks.clone()).collect();
            sim.promise(promises(&earlier, &last.stacks));
            most = (number + PASSES_TO_CONVERGE + 1).min(3 * PASSES_TO_CONVERGE);
            continue;
        }
        let known = settings.approved.len();
        settings.approved.extend(asked);
        if settings.approved.len() > known {
            continue;
        }
        if (sim.mutations(), sim.catalog_writes()) == (calls, writes) {
            failures.extend(oracle::mismatches(sim, scenario, &last.stacks));
            failures.extend(report.error.map(|error| format!("{error}")));
            failures.extend(report.blocked.iter().map(|blocked| format!("blocked: {blocked:?}")));
            return number;
        }
    }
    failures.push(format!("still not quiet after {PASSES_TO_CONVERGE} passes"));
    PASSES_TO_CONVERGE + 1
}
