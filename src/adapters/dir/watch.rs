//! The file watcher as a hint: it counts what happens in the folders that desired state
//! was read from. Where it cannot be had (no inotify left, a network file system), the
//! rescan interval alone decides.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::watch;

use super::beneath::split;
use super::tree::Asked;

/// Nothing has happened for so long: whoever writes is probably done.
const QUIET: Duration = Duration::from_millis(50);
/// Wait no longer than this for quiet.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether it was said that watching does not work.
static WARNED: Once = Once::new();

/// A running watcher.
pub(super) struct Watch {
    /// How much has happened. It starts at one: what happened before the watcher was
    /// there is not known.
    pub(super) count: watch::Receiver<u64>,
    /// Watches until it is dropped.
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Watches the folders below `root` that were asked about, without their subfolders.
    pub(super) fn start(root: &Path, asked: &Asked) -> Self {
        let (sender, count) = watch::channel(1);
        let handler = move |event: notify::Result<Event>| {
            // Reading a file is an event too; our own reading must not wake us.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                sender.send_modify(|count| *count += 1);
            }
        };
        let started = notify::recommended_watcher(handler).and_then(|mut watcher| {
            for folder in folders(root, asked) {
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
}

/// The existing folders to watch: each one asked about, or the nearest above it.
fn folders(root: &Path, asked: &Asked) -> BTreeSet<PathBuf> {
    let files = asked.files();
    let parents = files.iter().map(|path| split(path).0.to_owned());
    let nearest = |path: &str| {
        let path = if path.is_empty() { root.to_owned() } else { root.join(path) };
        path.ancestors()
            .take_while(|path| path.starts_with(root))
            .find(|path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir()))
            .map(Path::to_owned)
    };
    let mut found: BTreeSet<PathBuf> =
        asked.folders().into_iter().chain(parents).filter_map(|path| nearest(&path)).collect();
    found.insert(root.to_owned());
    found
}

/// Returns when more has happened than `known`, and then nothing for a moment. Without a
/// watcher it never returns.
pub(super) async fn stirred(count: &mut watch::Receiver<u64>, known: u64) {
    let more = count.wait_for(|count| *count != known).await.is_ok();
    if !more {
        // The watcher is gone, and with it its sender.
        return std::future::pending().await;
    }
    let quiet = async {
        count.mark_unchanged();
        while let Ok(Ok(())) = tokio::time::timeout(QUIET, count.changed()).await {}
    };
    // Either quiet came or patience ended; both are good enough for a hint.
    let _ = tokio::time::timeout(PATIENCE, quiet).await;
}
