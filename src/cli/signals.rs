//! SIGINT and SIGTERM: the first asks to stop after the current call, the second ends
//! the program at once.

use std::cell::Cell;
use std::rc::Rc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exit::Exit;

/// What interrupted us, if something did.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Rc<Cell<Option<Exit>>>);

impl Interrupt {
    /// The exit code that the first signal asks for.
    pub(super) fn exit(&self) -> Option<Exit> {
        self.0.get()
    }
}

/// The two signals.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes both signals over from the operating system.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Returns at the next signal, and notes it.
    pub(super) async fn next(&mut self, noted: &Interrupt) -> Exit {
        let exit = tokio::select! {
            biased;
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        };
        noted.0.set(Some(exit));
        exit
    }
}
