//! The file watcher as a hint: it counts what happens in a few folders. Where it cannot
//! be had (no inotify left, a network file system), polling alone decides. And the return of
//! what was lost, of which no watcher tells: a mount is no event.

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::watch;

/// Nothing has happened for so long: the writer is probably done.
const QUIET: Duration = Duration::from_millis(50);
/// Wait no longer than this for quiet.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often it is looked for what was lost.
const LOST: Duration = Duration::from_millis(250);

/// Whether it was said that watching does not work.
static WARNED: Once = Once::new();

/// A running watcher.
pub(super) struct Hint {
    /// How much has happened. It starts at one: what happened before the watcher was
    /// there is not known.
    count: watch::Receiver<u64>,
    /// Watches until it is dropped.
    _watcher: Option<RecommendedWatcher>,
}

impl Hint {
    /// Watches these folders, without their subfolders.
    pub(super) fn start(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let (sender, count) = watch::channel(1);
        let handler = move |event: notify::Result<Event>| {
            // Reading a file is an event too; our own reading must not wake us.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                sender.send_modify(|count| *count += 1);
            }
        };
        let started = notify::recommended_watcher(handler).and_then(|mut watcher| {
            for folder in folders {
                watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        let watcher = started
            .inspect_err(|error| {
                // Once: the watcher is started anew after every fetch.
                WARNED.call_once(|| {
                    tracing::warn!(%error, "folders cannot be watched; they are only polled");
                });
            })
            .ok();
        Self { count, _watcher: watcher }
    }

    /// The counter, to be waited for without holding on to the watcher.
    pub(super) fn counter(&self) -> Counter {
        Counter(self.count.clone())
    }
}

/// How much has happened.
pub(super) struct Counter(watch::Receiver<u64>);

impl Counter {
    /// The count by now.
    pub(super) fn now(&self) -> u64 {
        *self.0.borrow()
    }

    /// Returns when more has happened than `known`, and then nothing for a moment.
    /// Without a watcher it returns once at most.
    pub(super) async fn changed(&mut self, known: u64) {
        if self.0.wait_for(|count| *count != known).await.is_err() {
            // The watcher is gone, and with it its sender.
            return std::future::pending().await;
        }
        let quiet =
            async { while let Ok(Ok(())) = tokio::time::timeout(QUIET, self.0.changed()).await {} };
        // Either quiet came or patience ended; both are good enough for a hint.
        let _ = tokio::time::timeout(PATIENCE, quiet).await;
    }
}

/// Whether what is read was not there the last time.
pub(super) struct Loss(watch::Sender<bool>);

impl Loss {
    /// Nothing was looked for yet.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// It was looked for.
    pub(super) fn note(&self, is_there: bool) {
        self.0.send_replace(!is_there);
    }

    /// Returns when it was lost and is there again. While it is not lost nothing is polled.
    pub(super) async fn ends(&self, is_there: impl Fn() -> bool) {
        let mut lost = self.0.subscribe();
        // The sender is ours: this waits until it is lost.
        while lost.wait_for(|lost| *lost).await.is_ok() {
            if is_there() {
                self.note(true);
                return;
            }
            tokio::time::sleep(LOST).await;
        }
    }
}
