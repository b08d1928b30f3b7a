//! The controller: goes on until it is stopped. With Consul it acts only while it
//! holds the lease, and otherwise waits for it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::api::{self, Heartbeat, Status};
use adapters::clock::SystemClock;
use adapters::consul::Consul;
use adapters::lease::{Holder, Lease, LeaseError};
use adapters::process::Process;
use reconcile::control::{self, Pace, Report, Setup, Stop};
use world::{Act, Clock as _, Source, Watch};

use super::super::console::Console;
use super::super::exit::Exit;
use super::super::render::logs::Logs;
use super::super::render::remains::remains;
use super::super::setup::{Refusal, chain};
use super::super::signals::{Cut, Ended, Words, guard};
use super::super::values::Listen;

/// How long a controller without the lease waits before it asks again, where Consul does not
/// tell when that is worth it.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// What the controller works with.
pub(in crate::cli) struct Controller<'a, W, S> {
    /// Where it prints.
    pub(in crate::cli) console: Console,
    /// The world, the settings and how to load.
    pub(in crate::cli) setup: Setup<'a, W, SystemClock>,
    /// Where desired state comes from.
    pub(in crate::cli) source: &'a S,
    /// When it looks.
    pub(in crate::cli) pace: Pace,
    /// Whose lease it needs; `None` without Consul.
    pub(in crate::cli) consul: Option<&'a Consul>,
    /// What it publishes.
    pub(in crate::cli) logs: &'a Logs<SystemClock>,
}

/// Opens the address to answer at; `None` if that is nowhere.
pub(in crate::cli) async fn listen(listen: Listen) -> Result<Option<TcpListener>, Refusal> {
    let Listen::At(address) = listen else { return Ok(None) };
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) => Err(Refusal::invalid(format!("cannot listen at {address}: {error}"))
            .with_help("choose another address with `--listen`, or `--listen off`")),
    }
}

impl<W: Act + Watch, S: Source> Controller<'_, W, S> {
    /// Runs until a signal.
    pub(in crate::cli) async fn run(
        self,
        listener: Option<TcpListener>,
        newest: watch::Receiver<Arc<Status>>,
        heartbeat: Arc<Heartbeat>,
    ) -> std::io::Result<Exit> {
        let server = listener.map(|listener| tokio::spawn(api::serve(listener, newest, heartbeat)));
        let stop = Stop::new();
        let words = Words {
            stopping: &|_| {
                "stopping: the current calls are finished first; again ends at once".to_owned()
            },
            abandoned: &|| "ended at once; what an engine was asked for it may still do".to_owned(),
        };
        let work = Box::pin(self.until_stopped(&stop));
        let ended = guard(self.console, words, work, &stop, None).await?;
        if let Some(server) = server {
            server.abort();
        }
        Ok(match ended {
            Ended::Dropped(exit) => exit,
            Ended::Returned(report, cut) => {
                let left = |report: &Report| {
                    report.execution.as_ref().is_some_and(|e| e.remaining().next().is_some())
                };
                if let Some(text) =
                    report.filter(left).and_then(|report| remains(&report, "interrupted", true))
                {
                    self.console.complain(&text);
                }
                info!("stopped");
                match cut {
                    Some(Cut::Signal(exit)) => exit,
                    _ => Exit::Done,
                }
            }
        })
    }

    async fn until_stopped(&self, stop: &Stop) -> Option<Report> {
        let Some(consul) = self.consul else {
            self.logs.publish(|status| Status { acts: true, ..status });
            return Some(control::run(self.setup, self.source, self.pace, stop).await);
        };
        let mut last = String::new();
        while !stop.is_requested() {
            self.logs.beat();
            let mut is_held = false;
            match Lease::acquire(consul, &holder()).await {
                Ok(lease) => {
                    last.clear();
                    info!(epoch = lease.epoch(), "this controller acts");
                    let report = self.while_held(&lease, stop).await;
                    if stop.is_requested() {
                        release(lease).await;
                        return report;
                    }
                }
                Err(why) => {
                    is_held = matches!(why, LeaseError::HeldElsewhere { .. });
                    let text = chain(&why);
                    if text != last {
                        match why {
                            LeaseError::HeldElsewhere { .. } => info!("waiting: {text}"),
                            LeaseError::Outside(_) => error!("{text}"),
                        }
                        last = text;
                    }
                }
            }
            let pause = std::pin::pin!(async {
                if !is_held || Lease::may_be_free(consul).await.is_err() {
                    self.setup.clock.sleep(ASK_AGAIN).await;
                }
            });
            select(std::pin::pin!(stop.requested()), pause).await;
        }
        None
    }

    /// Acts until a signal, or until the lease is lost.
    async fn while_held(&self, lease: &Lease, stop: &Stop) -> Option<Report> {
        self.logs.publish(|status| Status { acts: true, ..status });
        let leased = control::run_leased(self.setup, self.source, self.pace, lease, stop);
        let (report, lost) = leased.await;
        if let Some(lost) = lost {
            warn!("stops acting: {lost}");
        }
        self.logs.publish(|status| Status { acts: false, ..status });
        report
    }
}

/// Who we are to other controllers.
pub(in crate::cli) fn holder() -> Holder {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "unknown host" } else { host.trim() };
    let holder = format!("{host}, process {}", std::process::id());
    Holder { holder, since: SystemClock.now(), process: Process::own() }
}

/// Gives the lease back; if that fails it ends by itself.
pub(in crate::cli) async fn release(lease: Lease) {
    if let Err(error) = lease.release().await {
        warn!("the lease could not be given back and ends by itself: {error}");
    }
}
