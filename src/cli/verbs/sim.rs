//! `sim`: the main job on a simulated engine and a simulated Consul, for people without
//! a real one at hand. The loop is the real one; only the world is not.

use std::collections::BTreeMap;
use std::time::Duration;

use model::desired::Entry;
use model::id::EngineName;
use model::policy::HostPolicy;
use reconcile::control::{Limits, Setup, Stop};
use reconcile::plan::{CatalogSettings, EngineSettings, Settings};
use sim::{Behaviour, ExternalChange, Sim, SimWorld};
use world::{Snapshot, Source as _};

use super::super::config::Layer;
use super::super::console::{Console, Format, STRONG, paint};
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::render::progress::Lines;
use super::super::setup::Refusal;
use super::super::setup::loader::Loader;
use super::super::setup::real::basics;
use super::pass::{Prefetch, begin, conclude, finish};
use super::real::block_on;
use super::validate::loader;

/// The same every time: a demonstration that differs from the last one raises questions.
const SEED: u64 = 1;
/// The longest that one pass may take in simulated time.
const PATIENCE: Duration = Duration::from_hours(1);

/// Plays what the source says.
pub(in crate::cli) fn sim(
    console: Console,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let basics = basics(layer, environment, false)?;
    let snapshot = block_on(basics.source.fetch())?.map_err(|error| Refusal::source(&error))?;
    let loader = loader(layer, environment);
    // Nothing of a host can be harmed.
    let settings = Settings { policy: HostPolicy::permissive(), ..basics.settings };
    Ok(Play { console, settings, snapshot, load: &loader }.run())
}

/// What is played.
struct Play<'a> {
    /// Where it prints.
    console: Console,
    /// What the operator decided.
    settings: Settings,
    /// The revision that is applied.
    snapshot: Snapshot,
    /// Reads desired state.
    load: &'a Loader,
}

impl Play<'_> {
    /// Applies, applies again, kills a container, and heals it.
    fn run(mut self) -> Exit {
        let engines = self.engines();
        self.settings.engines =
            engines.iter().map(|name| (name.clone(), EngineSettings::default())).collect();
        self.settings.catalog = Some(CatalogSettings::default());
        let sim = Sim::new(SEED, &engines, true);
        self.let_jobs_end(&sim);
        let world = sim.world();
        self.say("SIMULATED engine and Consul: nothing real is touched.");
        let exit = self.pass(&sim, &world);
        if exit != Exit::Done || self.console.format == Format::Json {
            return exit;
        }
        self.say("\nThe same again:");
        self.pass(&sim, &world);
        if let Some(engine) = engines.iter().find(|engine| !sim.ours(engine).is_empty()) {
            self.say("\nA container is killed:");
            sim.schedule(Duration::ZERO, engine, ExternalChange::Kill);
            sim.idle(Duration::from_secs(1));
            self.pass(&sim, &world);
        }
        self.say("\nThe simulated Consul knows:");
        for entry in sim.registered() {
            let tags: Vec<&str> = entry.tags.iter().map(String::as_str).collect();
            self.console.result(&format!(
                "  {} {} {}:{} {} {}",
                entry.service,
                entry.id,
                entry.address,
                entry.port,
                entry.status.as_str(),
                tags.join(",")
            ));
        }
        Exit::Done
    }

    /// What runs once ends well, whatever its image is called.
    fn let_jobs_end(&self, sim: &Sim) {
        for (id, entry) in self.load.load(&self.snapshot).deployments {
            let Entry::Valid(deployment, _) = entry else { continue };
            for service in deployment.services.values().filter(|service| service.job) {
                sim.set_behaviour(&id, &service.name, &Behaviour::job(0));
            }
        }
    }

    /// Every engine that a deployment names.
    fn engines(&self) -> Vec<EngineName> {
        let desired = self.load.load(&self.snapshot);
        let engine = |entry: &Entry| match entry {
            Entry::Valid(deployment, _) => Some(deployment.engine.clone()),
            Entry::Invalid(_) => None,
        };
        let mut engines: Vec<_> = desired.deployments.values().filter_map(engine).collect();
        engines.sort();
        engines.dedup();
        engines
    }

    fn pass(&self, sim: &Sim, world: &SimWorld) -> Exit {
        let progress = Lines::new(self.console, world);
        let setup = Setup {
            world,
            clock: world,
            load: self.load,
            settings: &self.settings,
            limits: Limits::default(),
            progress: &progress,
        };
        let snapshot = self.snapshot.clone();
        let stop = Stop::new();
        let pass = async {
            match begin(self.console, setup, async { Ok(snapshot) }, (&stop, true)).await {
                Prefetch::Ready(prepared) => finish(setup, *prepared, &stop).await,
                Prefetch::Over(passed) => *passed,
            }
        };
        let until = sim.now().plus(PATIENCE);
        let Some(passed) = sim.drive(pass, Some(until)).done() else {
            self.console.error("the simulated pass did not end within an hour of its time", None);
            return Exit::Failed;
        };
        conclude(self.console, &passed, None, &BTreeMap::new())
    }

    fn say(&self, line: &str) {
        if self.console.format == Format::Text {
            self.console.result(&paint(STRONG, line));
        }
    }
}
