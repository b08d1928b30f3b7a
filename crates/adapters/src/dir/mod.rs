//! A local folder, or a single stack file, as the source of desired state.
//!
//! **Revision.** The SHA-256 over all files and folders in the folder: path, executable bit and
//! content. Beyond a budget (1 MiB a file, 2000 files and 64 MiB in all), files count by
//! size and modification time; beyond 20,000 entries, deeper folders do not count. Left
//! out are `.git` and its kin, and what editors and programs drop beside files (`*~`,
//! `.*.swp`, `*.log`, `*.pid`, `*.plan`).
//!
//! **A tree that is being written** is waited for: until nothing was modified for a moment, and
//! longer where something that was read before is smaller or gone.
//!
//! **One snapshot is one revision.** What is read from a snapshot must still be what was
//! seen when it was taken; otherwise reading is an error, and the next fetch has another
//! revision.

mod beneath;
mod look;
mod mark;
mod scan;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

use self::beneath::Beneath;
pub use self::look::leads_out;
use self::scan::{Budget, Scan};
use self::tree::{Asked, DirTree};
use super::hint::{Counter, Hint, Loss};
use super::unread;
use model::id::SourceId;
use world::{Snapshot, Source, SourceError};

/// How often a folder is looked at when no watcher says anything.
const RESCAN: Duration = Duration::from_secs(10);
/// What may pass while a folder is looked at before others wait for it.
const SLOW: Duration = Duration::from_millis(10);
/// A file that was modified this recently may still be being written.
const FRESH: Duration = Duration::from_millis(100);
/// How long to wait before looking again at a folder that is being written to.
const SETTLE: Duration = Duration::from_millis(50);
/// How often to look again before taking what is there.
const SETTLE_ROUNDS: u32 = 10;
/// How long to wait before looking again at a tree in which something that was read before is
/// smaller or gone: a program that writes a file anew empties it first, and one that moves it takes
/// it away first.
const REST: Duration = Duration::from_millis(200);
/// How often in a row such a tree has to look the same before it is taken as it is.
const REST_LOOKS: u32 = 5;
/// How often to look in all: who goes on for longer is believed, but for what is absent.
const ALL_LOOKS: u32 = 25;

/// A folder or a stack file on this machine.
pub struct DirSource {
    id: SourceId,
    /// As the operator gave it, made absolute. Links are followed anew at every fetch.
    path: PathBuf,
    rescan: Duration,
    /// Whether a look took so long that the loop must not wait for the next.
    slow: AtomicBool,
    state: Mutex<Option<Seen>>,
    /// The newest revision, and what was asked of it. It outlives a fetch that finds the same
    /// revision again, whose snapshot nobody may read, and one that fails.
    newest: Mutex<Option<Newest>>,
    loss: Loss,
    /// Counts the fetches that gave something: a wait for a change is from then on one for
    /// one of the last fetch.
    fetches: watch::Sender<u64>,
    /// Counts the looks at the folder.
    looks: watch::Sender<u64>,
}

/// What the last fetch saw.
struct Seen {
    root: PathBuf,
    scan: Arc<Scan>,
    asked: Arc<Asked>,
    /// The watcher, and the folders that it watches.
    hint: Option<(BTreeSet<PathBuf>, Hint)>,
    /// The count of the hint up to which nothing that matters had changed.
    checked: u64,
    due: Instant,
}

/// The newest revision, and what was asked of it so far.
#[derive(Clone)]
struct Newest {
    root: PathBuf,
    scan: Arc<Scan>,
    asked: Arc<Asked>,
}

/// Where a fetch looks: the tree's root and the start inside it.
struct Place {
    root: PathBuf,
    host_path: String,
    start: String,
}

impl DirSource {
    /// A source that reads this folder or stack file. Its id is `name`, else `dir:` or
    /// `file:` and the canonical path as it is now.
    ///
    /// # Errors
    /// [`SourceError::Missing`] if there is nothing at that path,
    /// [`SourceError::Unreachable`] if it cannot be looked at, [`SourceError::Invalid`] if
    /// it is neither a folder nor a regular file, or its path is not UTF-8.
    pub fn new(path: &Path, name: Option<SourceId>) -> Result<Self, SourceError> {
        let path = std::path::absolute(path).map_err(|error| unread(path, &error))?;
        let place = Place::find(&path)?;
        let id = name.unwrap_or_else(|| {
            SourceId::new(match place.start.as_str() {
                "" => format!("dir:{}", place.host_path),
                file => format!("file:{}", place.root.join(file).display()),
            })
        });
        Ok(Self {
            id,
            path,
            rescan: RESCAN,
            slow: AtomicBool::new(false),
            state: Mutex::new(None),
            newest: Mutex::new(None),
            loss: Loss::new(),
            fetches: watch::Sender::new(0),
            looks: watch::Sender::new(0),
        })
    }

    /// The same, looked at after `interval` (default 10 s) if no watcher says anything.
    #[must_use]
    pub fn rescan_every(mut self, interval: Duration) -> Self {
        self.rescan = interval;
        self
    }

    /// The id of this source.
    #[must_use]
    pub fn id(&self) -> &SourceId {
        &self.id
    }

    /// How often the folder has been looked at; each further look is a change of it.
    #[must_use]
    pub fn looks(&self) -> watch::Receiver<u64> {
        self.looks.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, Option<Seen>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest revision of this folder, if there is one yet.
    fn newest(&self, root: &Path) -> Option<Newest> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.clone().filter(|newest| newest.root == root)
    }

    /// The reads of the newest revision so far; none if it is new.
    fn asked(&self, root: &Path, scan: &Arc<Scan>) -> Arc<Asked> {
        let known = self.newest(root).filter(|newest| newest.scan.revision == scan.revision);
        let asked = known.map_or_else(Arc::default, |newest| newest.asked);
        let newest =
            Newest { root: root.to_owned(), scan: Arc::clone(scan), asked: Arc::clone(&asked) };
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(newest);
        asked
    }

    /// One look at a folder. Most take less than to start a thread; where one was slow, the
    /// next ones are taken off the loop's.
    async fn look(&self, root: &Path) -> Result<(Beneath, Scan), SourceError> {
        let path = root.to_owned();
        let take = move || Scan::take(&path, Budget::default());
        let looked = if self.slow.load(Ordering::Relaxed) {
            let looked = tokio::task::spawn_blocking(take).await;
            looked.expect("BUG: looking at a folder does not panic")
        } else {
            let began = Instant::now();
            let looked = take();
            self.slow.store(began.elapsed() > SLOW, Ordering::Relaxed);
            looked
        };
        self.looks.send_modify(|count| *count += 1);
        looked.map_err(|error| unread(root, &error))
    }

    /// Looks until nobody seems to be writing any more.
    async fn settled(&self, place: &Place) -> Result<(Beneath, Scan), SourceError> {
        let (mut root, mut scan) = self.look(&place.root).await?;
        for _ in 0..SETTLE_ROUNDS {
            #[expect(clippy::disallowed_methods, reason = "files carry the machine's time")]
            if !scan.is_fresh(SystemTime::now(), FRESH) {
                break;
            }
            tokio::time::sleep(SETTLE).await;
            let before = scan.revision;
            (root, scan) = self.look(&place.root).await?;
            if scan.revision == before {
                break;
            }
        }
        match self.newest(&place.root) {
            Some(before) => self.rested(place, &before, (root, scan)).await,
            None => Ok((root, scan)),
        }
    }

    /// Looks until what lacks something that was read before rests, or lacks nothing any more.
    async fn rested(
        &self,
        place: &Place,
        before: &Newest,
        (mut root, mut scan): (Beneath, Scan),
    ) -> Result<(Beneath, Scan), SourceError> {
        let mut same = 0;
        for _ in 0..ALL_LOOKS {
            if same == REST_LOOKS || !before.asked.lacks(&before.scan, &scan) {
                break;
            }
            tokio::time::sleep(REST).await;
            let last = scan;
            (root, scan) = self.look(&place.root).await?;
            same = if before.asked.files_alike(&last, &scan) { same + 1 } else { 0 };
        }
        Ok((root, scan))
    }

    /// The hint's counter, the count that is known already, and when to look anyway;
    /// `None` if the last fetch failed. Starts the watcher if there is none, and anew if
    /// more was asked about meanwhile; what happened before is not known then.
    fn arm(&self) -> Option<(Counter, u64, Instant)> {
        let mut state = self.state();
        let seen = state.as_mut()?;
        let folders = seen.asked.watched(&seen.root);
        if seen.hint.as_ref().is_none_or(|(watched, _)| *watched != folders) {
            seen.hint = Some((folders.clone(), Hint::start(folders)));
            seen.checked = 0;
        }
        let (_, hint) = seen.hint.as_ref()?;
        Some((hint.counter(), seen.checked, seen.due))
    }

    /// Looks again, and tells whether anything that was asked about differs. If not, all
    /// up to `count` is known to be nothing.
    async fn differs(&self, count: u64) -> bool {
        let Ok(place) = Place::find(&self.path) else { return true };
        let Ok((_, now)) = self.look(&place.root).await else { return true };
        let mut state = self.state();
        let Some(seen) = state.as_mut() else { return true };
        if place.root != seen.root || !seen.asked.alike(&seen.scan, &now) {
            return true;
        }
        seen.checked = count;
        seen.due = Instant::now() + self.rescan;
        false
    }
}

impl Source for DirSource {
    async fn fetch(&self) -> Result<Snapshot, SourceError> {
        *self.state() = None;
        let place = Place::find(&self.path);
        self.loss.note(place.is_ok());
        let place = place?;
        let (root, scan) = self.settled(&place).await?;
        let scan = Arc::new(scan);
        let asked = self.asked(&place.root, &scan);
        *self.state() = Some(Seen {
            root: place.root,
            scan: Arc::clone(&scan),
            asked: Arc::clone(&asked),
            hint: None,
            checked: 0,
            due: Instant::now() + self.rescan,
        });
        self.fetches.send_modify(|count| *count += 1);
        Ok(Snapshot {
            source: self.id.clone(),
            revision: scan.revision.clone(),
            start: place.start,
            tree: Arc::new(DirTree { root, scan, asked, host_path: place.host_path }),
        })
    }

    async fn changed(&self) {
        loop {
            // Before it is looked at what there is to wait for, so that no fetch is missed.
            let mut fetches = self.fetches.subscribe();
            let Some((mut counter, known, due)) = self.arm() else {
                tokio::select! {
                    biased;
                    _ = fetches.changed() => continue,
                    () = tokio::time::sleep(self.rescan) => return,
                }
            };
            tokio::select! {
                biased;
                _ = fetches.changed() => continue,
                () = counter.changed(known) => {}
                () = tokio::time::sleep_until(due) => {}
            }
            if self.differs(counter.now()).await {
                return;
            }
        }
    }

    async fn returned(&self) {
        self.loss.ends(|| Place::find(&self.path).is_ok()).await;
    }
}

impl Place {
    fn find(path: &Path) -> Result<Self, SourceError> {
        let real = path.canonicalize().map_err(|error| unread(path, &error))?;
        let kind = real.metadata().map_err(|error| unread(path, &error))?;
        let utf8 = |path: &Path| {
            path.to_str().map(str::to_owned).ok_or_else(|| {
                SourceError::Invalid(format!("the path `{}` is not UTF-8", path.display()))
            })
        };
        if kind.is_dir() {
            return Ok(Self { host_path: utf8(&real)?, root: real, start: String::new() });
        }
        match (real.parent(), real.file_name()) {
            (Some(root), Some(file)) if kind.is_file() => Ok(Self {
                host_path: utf8(root)?,
                root: root.to_owned(),
                start: utf8(Path::new(file))?,
            }),
            _ => Err(SourceError::Invalid(format!(
                "`{}` is neither a folder nor a regular file",
                path.display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_folder_is_seen_alike_from_another_thread() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dir");
        let source = DirSource::new(&folder, None).unwrap();
        let here = source.fetch().await.unwrap().revision;
        source.slow.store(true, Ordering::Relaxed);
        assert_eq!(source.fetch().await.unwrap().revision, here);
    }
}
