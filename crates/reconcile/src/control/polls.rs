//! Who may ask an engine how a container is doing: any number of waits, but few questions at
//! once, and fewer from each the more of them there are.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::lock::{Mutex, MutexGuard};

use model::id::EngineName;
use model::time::Instant;

/// All waits of one engine together ask once in such a time: a hundred questions a second are
/// a hundredth of an engine's answers.
const PER_WAIT: Duration = Duration::from_millis(10);

/// After so long it is said that an engine does not answer.
const FIRST_WORD: Duration = Duration::from_secs(5);
/// And again each time that so much more has passed.
const NEXT_WORD: Duration = Duration::from_secs(15);

/// The waits of all engines.
#[derive(Debug)]
pub(super) struct Polls {
    at_once: usize,
    engines: RefCell<BTreeMap<EngineName, Rc<Engine>>>,
}

/// Those of one engine.
#[derive(Debug)]
struct Engine {
    waits: Cell<usize>,
    /// How many came so far: they ask in that order.
    came: Cell<usize>,
    lines: Vec<Mutex<()>>,
    /// Since when it has not answered any of them, and when that is said next.
    silent: Cell<Option<(Instant, Instant)>>,
}

impl Polls {
    /// Nobody waits. At least one may ask.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), engines: RefCell::default() }
    }

    /// Registers a waiter.
    pub(super) fn enter(&self, engine: &EngineName) -> Waiter {
        let new = || Engine {
            waits: Cell::new(0),
            came: Cell::new(0),
            lines: (0..self.at_once).map(|_| Mutex::new(())).collect(),
            silent: Cell::new(None),
        };
        let mut engines = self.engines.borrow_mut();
        let engine = engines.entry(engine.clone()).or_insert_with(|| Rc::new(new()));
        engine.waits.set(engine.waits.get() + 1);
        let line = engine.came.get() % self.at_once;
        engine.came.set(line + 1);
        Waiter { engine: Rc::clone(engine), line }
    }
}

/// A registered waiter, until it is dropped.
#[derive(Debug)]
pub(super) struct Waiter {
    engine: Rc<Engine>,
    line: usize,
}

impl Waiter {
    /// Returns a permit to ask, which lasts until it is dropped.
    pub(super) async fn permit(&self) -> MutexGuard<'_, ()> {
        self.engine.lines[self.line].lock().await
    }

    /// The engine answered, or not. For how long it has not, if that is to be said now: once for all
    /// waits.
    pub(super) fn heard(&self, has_answered: bool, now: Instant) -> Option<Duration> {
        let silent = &self.engine.silent;
        if has_answered {
            silent.set(None);
            return None;
        }
        let (since, next) = silent.get().unwrap_or((now, now.plus(FIRST_WORD)));
        let is_due = now >= next;
        silent.set(Some((since, if is_due { now.plus(NEXT_WORD) } else { next })));
        is_due.then(|| now.since(since))
    }

    /// How long to pause between two questions at least.
    pub(super) fn pause(&self) -> Duration {
        let others = self.engine.waits.get().saturating_sub(1);
        PER_WAIT.saturating_mul(u32::try_from(others).unwrap_or(u32::MAX))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.engine.waits.set(self.engine.waits.get().saturating_sub(1));
    }
}
