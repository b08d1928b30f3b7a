//! A source that answers what the test says, and a listener that writes everything down.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

use reconcile::control::{Event, Progress};
use world::{Snapshot, Source, SourceError};

/// A source whose revision the test sets.
pub(crate) struct Git {
    pub answer: RefCell<Result<Snapshot, SourceError>>,
    pub fetches: Cell<usize>,
    changed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    returned: Cell<bool>,
    returning: RefCell<Option<Waker>>,
}

impl Git {
    pub(crate) fn at(snapshot: Snapshot) -> Self {
        Self {
            answer: RefCell::new(Ok(snapshot)),
            fetches: Cell::new(0),
            changed: Cell::new(false),
            waker: RefCell::new(None),
            returned: Cell::new(false),
            returning: RefCell::new(None),
        }
    }

    /// A revision is pushed.
    pub(crate) fn push(&self, snapshot: Snapshot) {
        self.answers(Ok(snapshot));
    }

    /// It answers something else, and wakes the waiter for a change.
    pub(crate) fn answers(&self, answer: Result<Snapshot, SourceError>) {
        *self.answer.borrow_mut() = answer;
        self.changed.set(true);
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    /// It is back with this, and wakes the waiter for that.
    pub(crate) fn returns(&self, snapshot: Snapshot) {
        *self.answer.borrow_mut() = Ok(snapshot);
        self.returned.set(true);
        if let Some(waker) = self.returning.borrow_mut().take() {
            waker.wake();
        }
    }
}

impl Source for Git {
    async fn fetch(&self) -> Result<Snapshot, SourceError> {
        self.fetches.set(self.fetches.get() + 1);
        self.answer.borrow().clone()
    }

    async fn changed(&self) {
        poll_fn(|context| {
            if self.changed.replace(false) {
                return Poll::Ready(());
            }
            *self.waker.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    async fn returned(&self) {
        poll_fn(|context| {
            if self.returned.replace(false) {
                return Poll::Ready(());
            }
            *self.returning.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Records events, one line each.
#[derive(Default)]
pub(crate) struct Recorder(pub RefCell<Vec<String>>);

impl Recorder {
    /// What was written down after the last line that begins so.
    pub(crate) fn after_last(&self, beginning: &str) -> Vec<String> {
        let lines = self.0.borrow();
        let last = lines.iter().rposition(|line| line.starts_with(beginning));
        lines.iter().skip(last.map_or(0, |last| last + 1)).cloned().collect()
    }

    pub(crate) fn count(&self, word: &str) -> usize {
        self.0.borrow().iter().filter(|line| line.starts_with(word)).count()
    }
}

impl Recorder {
    /// Which of two lines was written down last.
    pub(crate) fn last(&self, one: &str, other: &str) -> Option<String> {
        let lines = self.0.borrow();
        lines.iter().rev().find(|line| *line == one || *line == other).cloned()
    }
}

impl Progress for Recorder {
    fn event(&self, event: &Event<'_>) {
        let line = match event {
            Event::StepStarted(step) => format!("start {}", step.id),
            Event::StepFinished { step, .. } => format!("done {}", step.id),
            Event::StepFailed { step, failure } => format!("failed {}: {}", step.id, failure.error),
            Event::StepNotNeeded(step) => format!("not needed {}", step.id),
            Event::StepDropped { step, because } => format!("dropped {} for {because}", step.id),
            Event::StepStopped(step) => format!("stopped {}", step.id),
            Event::Unreachable { part, error } => format!("unreachable {part}: {error}"),
            Event::Reachable { part } => format!("reachable {part}"),
            Event::Silent { engine, since, .. } => format!("silent {engine} {}s", since.as_secs()),
            Event::Held(held) => format!("held {}", held.subject),
            Event::SourceFailed(error) => format!("source {error}"),
            Event::Status(status) if status.source_error.is_some() => "stale".to_owned(),
            Event::Status(_) => "current".to_owned(),
            Event::PassFinished(_) => "finished".to_owned(),
            Event::Alive => "alive".to_owned(),
            _ => return,
        };
        self.0.borrow_mut().push(line);
    }
}
