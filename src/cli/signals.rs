//! What may end a pass before it is done: a signal or the deadline. Both ask it to finish
//! the current calls; a second signal ends the program at once.

use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use reconcile::control::Stop;

use super::console::Console;
use super::exit::Exit;

/// What asked the work to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// SIGINT or SIGTERM; the exit code says which.
    Signal(Exit),
    /// It took too long.
    Deadline,
}

/// How the work ended.
#[derive(Debug)]
pub(super) enum Ended<T> {
    /// It returned, perhaps because it was asked to.
    Returned(T, Option<Cut>),
    /// A second signal: it was dropped where it stood.
    Dropped(Exit),
}

/// Returns when a signal asks the program to end, with the exit code for it.
///
/// # Errors
/// Those of taking over signals from the operating system.
pub(super) fn asked_to_end() -> std::io::Result<impl Future<Output = Exit>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        }
    })
}

/// What a request to stop means to the work, in words.
#[derive(Clone, Copy)]
pub(super) struct Words<'w> {
    /// What goes on to its end, and what does not begin.
    pub(super) stopping: &'w dyn Fn(Cut) -> String,
    /// What the second signal leaves under way.
    pub(super) abandoned: &'w dyn Fn() -> String,
}

/// Runs the work to its end, and asks it to stop at a signal or after `deadline`.
///
/// # Errors
/// Those of taking over signals from the operating system.
pub(super) async fn guard<T>(
    console: Console,
    words: Words<'_>,
    work: impl Future<Output = T>,
    stop: &Stop,
    deadline: Option<Duration>,
) -> std::io::Result<Ended<T>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut work = pin!(work);
    let mut late = pin!(async {
        match deadline {
            Some(span) => tokio::time::sleep(span).await,
            None => std::future::pending().await,
        }
    });
    let mut cut = None;
    loop {
        let next = tokio::select! {
            biased;
            value = work.as_mut() => return Ok(Ended::Returned(value, cut)),
            _ = interrupt.recv() => Cut::Signal(Exit::Interrupted),
            _ = terminate.recv() => Cut::Signal(Exit::Terminated),
            () = late.as_mut(), if cut.is_none() => Cut::Deadline,
        };
        match (next, cut) {
            (Cut::Signal(exit), Some(Cut::Signal(_))) => {
                console.progress(&(words.abandoned)());
                return Ok(Ended::Dropped(exit));
            }
            _ => console.progress(&(words.stopping)(next)),
        }
        cut = Some(next);
        stop.request();
    }
}
