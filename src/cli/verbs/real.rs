//! `--once`, `apply` and `run` on the real world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::api::{Heartbeat, Status};
use adapters::clock::SystemClock;
use adapters::consul::Consul;
use adapters::docker::{EngineLock, LockError, LockHolder};
use adapters::host::Host;
use adapters::lease::{Lease, LeaseError};
use model::id::EngineName;
use reconcile::control::{Limits, Load, Pace, Prepared, Progress, Setup, Stop};
use reconcile::plan::Settings;
use world::{Act, Clock as _, Keep as _, Source as _};

use super::super::config::Layer;
use super::super::console::Console;
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::options::ControllerOptions;
use super::super::render::logs::{self, Logs};
use super::super::render::progress::Lines;
use super::super::screen;
use super::super::setup::reader::Reader;
use super::super::setup::real::{Real, open};
use super::super::setup::source::Placed;
use super::super::setup::{Refusal, chain};
use super::super::signals::{Ended, Words, guard};
use super::consent::{Agreed, Consent, Refused};
use super::pass::{Passed, Prefetch, begin, conclude, finish, has_entries, writes_checks};
use super::run::{Controller, holder, listen, release};

/// What a watched folder lacks is removed after so long.
const PRUNE_DELAY: Duration = Duration::from_secs(5);

/// How often it is said how long the lease of a process that was killed still holds.
const SAY_AGAIN: Duration = Duration::from_secs(3);

/// How long a wait bears an engine that does not answer: one that is started again has answered by
/// then, and who looks on wants to know.
const SILENCE: Duration = Duration::from_secs(30);

/// How much longer than a pass may take its lock is held at the most: the calls that run at
/// its deadline finish.
const LOCK_MARGIN: Duration = Duration::from_mins(2);

/// `--once` and `apply`.
pub(in crate::cli) fn apply_once(
    console: Console,
    layer: &Layer,
    environment: &Environment,
    consent: &Consent,
) -> Result<Exit, Refusal> {
    let progress = Lines::new(console, &SystemClock);
    let real = open(layer, environment, false, &progress.images())?;
    consent.check(&real)?;
    let words =
        Words { stopping: &|cut| progress.stopping(cut), abandoned: &|| progress.abandoned() };
    block_on(async {
        let load = Reader::for_one_pass(real.loader(environment).await);
        let setup = setup(&real.host, &real.settings, &load, &progress);
        let limits = Limits { silence: Some(SILENCE), ..setup.limits };
        let setup = Setup { limits, ..setup };
        let stop = Stop::new();
        let first = agreed(console, setup, &real, consent, &stop);
        let ended = if consent.waits() {
            // The deadline begins when there is an answer.
            match guard(console, words, Box::pin(first), &stop, None).await {
                Ok(Ended::Returned(agreed, cut)) => {
                    let rest = progress.live(carry_out(console, setup, &real, agreed, &stop));
                    let rest = Box::pin(rest);
                    let ended = guard(console, words, rest, &stop, Some(real.deadline)).await;
                    ended.map(|ended| match ended {
                        Ended::Returned(once, second) => Ended::Returned(once, cut.or(second)),
                        Ended::Dropped(exit) => Ended::Dropped(exit),
                    })
                }
                Ok(Ended::Dropped(exit)) => Ok(Ended::Dropped(exit)),
                Err(error) => Err(error),
            }
        } else {
            let work = async { carry_out(console, setup, &real, first.await, &stop).await };
            let work = Box::pin(progress.live(work));
            guard(console, words, work, &stop, Some(real.deadline)).await
        };
        let ended = ended.map_err(|error| signals(&error))?;
        screen::clear();
        if matches!(ended, Ended::Dropped(_) | Ended::Returned(Once::Lost, _)) {
            progress.failures().iter().for_each(|failure| console.error(failure, None));
        }
        Ok(over(console, ended, &real.hints))
    })?
}

/// Looks, plans, and comes to an agreement about the plan.
async fn agreed(
    console: Console,
    setup: Setup<'_, Host, SystemClock>,
    real: &Real,
    consent: &Consent,
    stop: &Stop,
) -> Result<Agreed, Once> {
    match begin(console, setup, real.source.fetch(), (stop, consent.prints_at_once())).await {
        Prefetch::Over(passed) => Err(Once::Passed(passed)),
        Prefetch::Ready(prepared) => {
            let agreed = consent.obtain(console, setup, *prepared, stop).await;
            agreed.map_err(|refused| match refused {
                Refused::Stopped => Once::Passed(Box::new(Passed::stopped())),
                Refused::Exit(exit) => Once::Refused(exit),
            })
        }
    }
}

/// Carries out what was agreed to.
async fn carry_out(
    console: Console,
    setup: Setup<'_, Host, SystemClock>,
    real: &Real,
    agreed: Result<Agreed, Once>,
    stop: &Stop,
) -> Once {
    let agreed = match agreed {
        Ok(agreed) => agreed,
        Err(once) => return once,
    };
    match &real.consul {
        // Where there is nothing to do, nothing is written, no lease either.
        Some(consul) if changes(&agreed.prepared) => {
            Box::pin(leased(console, setup, consul, agreed, stop)).await
        }
        None if !agreed.prepared.plan.is_empty() => {
            Box::pin(locked(console, setup, real.deadline, agreed, stop)).await
        }
        _ => Once::Passed(Box::new(finish(setup, agreed.prepared, stop).await)),
    }
}

/// Says how it ended.
fn over(console: Console, ended: Ended<Once>, hosts: &BTreeMap<EngineName, String>) -> Exit {
    match ended {
        Ended::Dropped(exit) | Ended::Returned(Once::Refused(exit), _) => exit,
        Ended::Returned(Once::Passed(passed), cut) => conclude(console, &passed, cut, hosts),
        Ended::Returned(Once::NoLease(error), _) => no_lease(console, &error),
        Ended::Returned(Once::NoLock(error), _) => no_lock(console, &error),
        Ended::Returned(Once::Lost, _) => {
            console.error(
                "the lease was lost while the pass ran: another controller may act now",
                Some("the same command goes on from here"),
            );
            Exit::Busy
        }
    }
}

/// Whether something is to be written: a step, or the ledger's order.
fn changes(prepared: &Prepared) -> bool {
    !prepared.plan.is_empty() || !prepared.observed.ledger.is_tidy()
}

/// How `--once` went.
enum Once {
    /// To the end.
    Passed(Box<Passed>),
    /// It was not agreed to, which was said.
    Refused(Exit),
    /// Another controller acts, or Consul cannot say.
    NoLease(LeaseError),
    /// Another pass acts, or the engine cannot say.
    NoLock(LockError),
    /// The lease was lost on the way.
    Lost,
}

/// Carries a plan out under the lease. Another controller may have acted until we got it,
/// so everything is looked at once more.
async fn leased<W: Act>(
    console: Console,
    setup: Setup<'_, W, SystemClock>,
    consul: &Consul,
    agreed: Agreed,
    stop: &Stop,
) -> Once {
    let acquired = tokio::select! {
        acquired = acquire(console, consul) => acquired,
        () = stop.requested() => return Once::Passed(Box::new(Passed::stopped())),
    };
    let lease = match acquired {
        Ok(lease) => lease,
        Err(error) => return Once::NoLease(error),
    };
    let work = async {
        let agreed = agreed.again(console, setup).await?;
        let is_first = !has_entries(&agreed.prepared.observed.catalog);
        Ok((finish(setup, agreed.prepared, stop).await, is_first))
    };
    let passed = tokio::select! {
        biased;
        _ = lease.keep() => return Once::Lost,
        passed = work => passed,
    };
    release(lease).await;
    let (passed, is_first) = match passed {
        Ok(passed) => passed,
        Err(exit) => return Once::Refused(exit),
    };
    let steps = passed.report.execution.iter().flat_map(|execution| &execution.steps);
    // Later passes would only repeat it.
    if is_first && writes_checks(steps.map(|(step, ending)| (&step.action, ending))) {
        console.progress(
            "note: without a running controller, only consul-esm keeps the registered checks \
             current",
        );
    }
    Once::Passed(Box::new(passed))
}

/// Takes the lease. That of a process of this host that was killed is waited for, and how long
/// that may still take is said meanwhile.
async fn acquire(console: Console, consul: &Consul) -> Result<Lease, LeaseError> {
    let until = SystemClock.instant().plus(Lease::ends_within());
    loop {
        let held = match Lease::acquire(consul, &holder()).await {
            Err(held @ LeaseError::HeldElsewhere { ended: true, .. }) => held,
            other => return other,
        };
        let left = until.since(SystemClock.instant());
        if left.is_zero() {
            return Err(held);
        }
        console.progress(&format!("{held}, in at most {}s: waiting", left.as_secs() + 1));
        let freed = async {
            if Lease::may_be_free(consul).await.is_err() {
                SystemClock.sleep(SAY_AGAIN).await;
            }
        };
        tokio::select! {
            () = freed => {}
            () = SystemClock.sleep(SAY_AGAIN) => {}
        }
    }
}

/// Carries a plan out while no other pass does on the engines that it changes.
async fn locked(
    console: Console,
    setup: Setup<'_, Host, SystemClock>,
    deadline: Duration,
    agreed: Agreed,
    stop: &Stop,
) -> Once {
    let mut locks = BTreeMap::new();
    let once = match lock(console, setup, deadline, agreed, &mut locks).await {
        Ok(prepared) => Once::Passed(Box::new(finish(setup, prepared, stop).await)),
        Err(once) => once,
    };
    for (engine, lock) in locks {
        if let Err(error) = setup.world.unlock(&engine, lock).await {
            tracing::warn!(%engine, %error, "the lock on the engine stays until the next pass");
        }
    }
    once
}

/// Takes the lock of each engine that the plan changes. Another pass may have acted until they
/// were ours, which the lists of containers tell: then the plan is made anew, and may change
/// further engines.
async fn lock(
    console: Console,
    setup: Setup<'_, Host, SystemClock>,
    deadline: Duration,
    mut agreed: Agreed,
    locks: &mut BTreeMap<EngineName, EngineLock>,
) -> Result<Prepared, Once> {
    let host = setup.world;
    loop {
        let engines = agreed.prepared.plan.steps.iter().map(|step| step.engine.clone());
        let engines: BTreeSet<_> = engines.filter(|engine| !locks.contains_key(engine)).collect();
        if engines.is_empty() {
            return Ok(agreed.prepared);
        }
        for engine in &engines {
            let now = setup.clock.now();
            let until = now.plus(deadline + LOCK_MARGIN);
            let lock = host.lock(engine, &LockHolder::new(holder().holder, until), now).await;
            let lock = lock.map_err(Once::NoLock)?;
            locks.insert(engine.clone(), lock);
        }
        if !host.are_as_looked_at(&engines).await {
            agreed = agreed.again(console, setup).await.map_err(Once::Refused)?;
        }
    }
}

/// `run`.
pub(in crate::cli) fn control(
    console: Console,
    layer: &Layer,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let real = open(layer, environment, true, &logs::build_steps())?;
    let starting = Status::starting(real.settings.installation.as_str(), real.source.id().as_str());
    let (sender, newest) = watch::channel(Arc::new(starting));
    let heartbeat = Arc::new(Heartbeat::new(|| SystemClock.instant()));
    let logs = Logs::new(SystemClock, sender, Arc::clone(&heartbeat));
    let pace = pace(&layer.controller, real.source.is_folder());
    block_on(async {
        let listener = listen(layer.listen.listen.unwrap_or_default()).await?;
        let load = Reader::new(real.loader(environment).await);
        let controller = Controller {
            console,
            setup: setup(&real.host, &real.settings, &load, &logs),
            source: &Placed { source: &real.source, roots: load.roots() },
            pace,
            consul: real.consul.as_ref(),
            logs: &logs,
        };
        Box::pin(controller.run(listener, newest, heartbeat)).await.map_err(|error| signals(&error))
    })?
}

/// How often the controller looks, and how long what it no longer sees has to be absent.
fn pace(options: &ControllerOptions, is_folder: bool) -> Pace {
    let mut pace = Pace::default();
    if let Some(resync) = options.resync {
        pace.resync = resync.0;
    }
    if is_folder {
        pace.absence = options.prune_delay.map_or(PRUNE_DELAY, |span| span.0);
    }
    pace
}

pub(super) fn setup<'a, W>(
    world: &'a W,
    settings: &'a Settings,
    load: &'a dyn Load,
    progress: &'a dyn Progress,
) -> Setup<'a, W, SystemClock> {
    Setup { world, clock: &SystemClock, load, settings, limits: Limits::default(), progress }
}

fn no_lease(console: Console, error: &LeaseError) -> Exit {
    match error {
        LeaseError::HeldElsewhere { .. } => {
            let help = "try again when it has finished; a controller never does: stop it first, \
                        or start it again with these options";
            console.error(&chain(error), Some(help));
            Exit::Busy
        }
        LeaseError::Outside(_) => {
            console.error(&chain(error), Some("nothing was changed"));
            Exit::Unreachable
        }
    }
}

fn no_lock(console: Console, error: &LockError) -> Exit {
    match error {
        LockError::Held { name, .. } => {
            let help = format!(
                "try again when it has finished; if it certainly runs no more: `docker rm {name}`"
            );
            console.error(&chain(error), Some(&help));
            Exit::Busy
        }
        LockError::Outside(_) => {
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
