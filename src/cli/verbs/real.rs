//! `plan`, `--once` and `run` on the real world.

use std::sync::Arc;

use tokio::sync::watch;

use crate::adapters::clock::SystemClock;
use crate::adapters::lease::{Lease, LeaseError};
use crate::api::Status;
use crate::control::{Limits, Pace, Progress, Setup, Silent, Stop};
use crate::model::desired::DesiredState;
use crate::plan::Settings;
use crate::world::{Snapshot, Source as _};

use super::super::config::Layer;
use super::super::console::Console;
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::render::logs::Logs;
use super::super::render::progress::Lines;
use super::super::setup::real::{Real, open};
use super::super::setup::{Refusal, chain};
use super::super::signals::{Ended, guard};
use super::pass::{Passed, conclude, once, show};
use super::run::{Controller, holder, listen, release};

/// `plan`: reads only.
pub(in crate::cli) fn plan(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    detailed: bool,
) -> Result<Exit, Refusal> {
    let Real { source, host, settings, loader, .. } = open(layer, environment, false)?;
    let load = |snapshot: &Snapshot| loader.load(snapshot);
    let world = host.read_only();
    let setup = setup(&world, &settings, &load, &Silent);
    block_on(show(console, setup, &source, detailed))
}

/// `--once`.
pub(in crate::cli) fn apply_once(
    console: Console,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let real = open(layer, environment, false)?;
    let load = |snapshot: &Snapshot| real.loader.load(snapshot);
    let progress = Lines::new(console, real.hints.clone());
    let setup = setup(&real.host, &real.settings, &load, &progress);
    block_on(async {
        let lease = match &real.consul {
            None => None,
            Some(consul) => match Lease::acquire(consul, &holder()).await {
                Ok(lease) => Some(lease),
                Err(error) => return Ok(no_lease(console, &error)),
            },
        };
        let stop = Stop::new();
        let work = under(lease.as_ref(), once(console, setup, real.source.fetch(), &stop));
        let ended = guard(console, Box::pin(work), &stop, Some(real.deadline)).await;
        let exit = match ended.map_err(|error| signals(&error))? {
            Ended::Dropped(exit) => return Ok(exit),
            Ended::Returned(Some(passed), cut) => conclude(console, &passed, cut),
            Ended::Returned(None, _) => {
                console.error(
                    "the lease was lost while the pass ran: another controller may act now",
                    Some("the same command goes on from here"),
                );
                return Ok(Exit::Busy);
            }
        };
        if let Some(lease) = lease {
            release(lease).await;
        }
        Ok(exit)
    })?
}

/// `run`.
pub(in crate::cli) fn control(
    console: Console,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let real = open(layer, environment, true)?;
    let load = |snapshot: &Snapshot| real.loader.load(snapshot);
    let starting = Status::starting(real.settings.installation.as_str(), real.source.id().as_str());
    let (sender, newest) = watch::channel(Arc::new(starting));
    let logs = Logs::new(SystemClock, sender);
    let resync = layer.controller.resync.map_or(Pace::default().resync, |span| span.0);
    let controller = Controller {
        console,
        setup: setup(&real.host, &real.settings, &load, &logs),
        source: &real.source,
        pace: Pace { resync, ..Pace::default() },
        consul: real.consul.as_ref(),
        logs: &logs,
    };
    block_on(async {
        let listener = listen(layer.listen.listen.unwrap_or_default()).await?;
        Box::pin(controller.run(listener, newest)).await.map_err(|error| signals(&error))
    })?
}

fn setup<'a, W>(
    world: &'a W,
    settings: &'a Settings,
    load: &'a dyn Fn(&Snapshot) -> DesiredState,
    progress: &'a dyn Progress,
) -> Setup<'a, W, SystemClock> {
    Setup { world, clock: &SystemClock, load, settings, limits: Limits::default(), progress }
}

/// Works while the lease is kept; `None` if it was lost before the work was done.
async fn under(lease: Option<&Lease>, work: impl Future<Output = Passed>) -> Option<Passed> {
    let Some(lease) = lease else { return Some(work.await) };
    tokio::select! {
        biased;
        passed = work => Some(passed),
        _ = lease.keep() => None,
    }
}

fn no_lease(console: Console, error: &LeaseError) -> Exit {
    match error {
        LeaseError::HeldElsewhere { .. } => {
            console.error(&chain(error), Some("try again when it has finished"));
            Exit::Busy
        }
        LeaseError::Outside(_) => {
            console.error(&chain(error), Some("nothing was changed"));
            Exit::Unreachable
        }
    }
}

fn signals(error: &std::io::Error) -> Refusal {
    Refusal::invalid(format!("signals cannot be taken over: {error}"))
}

/// Runs on this thread alone: nothing here needs a second one.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Refusal::invalid(format!("the program cannot start: {error}")))?;
    Ok(runtime.block_on(work))
}
