//! Where fetched objects are kept: a bare repository per source, in generations. A
//! generation that is damaged or has grown too large is left behind for a new one, and
//! removed when the last tree that reads from it is gone.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use git2::{Repository, RepositoryInitOptions};

use model::digest::Digest;
use model::id::SourceId;

/// libgit2 never packs again what it fetched; after so many packs it starts over.
const MAX_PACKS: usize = 64;

/// A source's folder in the cache, held by one process.
pub(super) struct Cache {
    folder: PathBuf,
    current: Arc<Generation>,
    /// Held for as long as this process uses the folder.
    _lock: Option<File>,
}

/// One bare repository.
pub(super) struct Generation {
    path: PathBuf,
    /// To be removed when nobody reads it any more.
    doomed: AtomicBool,
    /// An object in it could not be read.
    broken: AtomicBool,
}

impl Cache {
    /// Opens the source's folder in `root`, making both, readable by us alone. If
    /// another process holds it, a folder is made that lasts as long as this one.
    pub(super) fn open(root: &Path, source: &SourceId) -> io::Result<Self> {
        let name = Digest::of(source.as_str());
        let mut folder = root.join(&name.as_str()[..16]);
        create(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        let shared = match lock.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        if shared {
            folder = folder.join(format!("of-process-{}", std::process::id()));
            create(&folder)?;
        }
        let newest = Self::tidy(&folder)?;
        let current = Generation::new(folder.join(newest.to_string()), shared)?;
        Ok(Self { folder, current: Arc::new(current), _lock: (!shared).then_some(lock) })
    }

    /// The generation to fetch into: a new one if the present one is broken, has too many
    /// packs or more than `limit` bytes.
    pub(super) fn usable(&mut self, limit: u64) -> io::Result<Arc<Generation>> {
        let (packs, bytes) = self.current.size()?;
        if self.current.is_broken() || packs > MAX_PACKS || bytes > limit.saturating_mul(2) {
            self.renew()?;
        }
        Ok(Arc::clone(&self.current))
    }

    /// A new, empty generation.
    pub(super) fn renew(&mut self) -> io::Result<Arc<Generation>> {
        let number = self.current.number() + 1;
        let private = self.current.doomed.swap(true, Ordering::Relaxed);
        let next = Generation::new(self.folder.join(number.to_string()), private)?;
        self.current = Arc::new(next);
        Ok(Arc::clone(&self.current))
    }

    /// The newest generation's number; removes all others, left by a crash.
    fn tidy(folder: &Path) -> io::Result<u64> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(folder)? {
            numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        let newest = numbers.pop().unwrap_or(1);
        for old in numbers {
            fs::remove_dir_all(folder.join(old.to_string()))?;
        }
        Ok(newest)
    }
}

impl Generation {
    /// Opens the repository, making it, or making it anew if it is damaged.
    fn new(path: PathBuf, doomed: bool) -> io::Result<Self> {
        create(&path)?;
        let made = Self { path, doomed: doomed.into(), broken: false.into() };
        if made.open().is_err() {
            fs::remove_dir_all(&made.path)?;
            create(&made.path)?;
            init(&made.path).map_err(|error| io::Error::other(error.message().to_owned()))?;
        }
        Ok(made)
    }

    /// Opens the repository; every user has a handle of its own.
    pub(super) fn open(&self) -> Result<Repository, git2::Error> {
        Repository::open_bare(&self.path)
    }

    /// Notes that an object could not be read: the next fetch starts over.
    pub(super) fn set_broken(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed) || !self.path.join("HEAD").exists()
    }

    /// Whether nothing was fetched into it yet.
    pub(super) fn is_empty(&self) -> bool {
        self.size().is_ok_and(|(packs, _)| packs == 0)
    }

    fn number(&self) -> u64 {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or_default()
    }

    /// The number of packs and the bytes they take, half-received ones included.
    fn size(&self) -> io::Result<(usize, u64)> {
        let entries = match fs::read_dir(self.path.join("objects/pack")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
            entries => entries?,
        };
        let mut size = (0, 0);
        for entry in entries {
            let entry = entry?;
            size.0 += usize::from(entry.path().extension().is_some_and(|end| end == "pack"));
            size.1 += entry.metadata().map_or(0, |meta| meta.len());
        }
        Ok(size)
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if self.doomed.load(Ordering::Relaxed) {
            // Best effort: what stays is removed by the next process that opens the cache.
            let _ = fs::remove_dir_all(&self.path);
            // Only a private folder is empty by now; a shared one holds the lock.
            let _ = self.path.parent().map(fs::remove_dir);
        }
    }
}

fn create(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn init(path: &Path) -> Result<(), git2::Error> {
    let mut options = RepositoryInitOptions::new();
    // No template: it may bring hooks.
    options.bare(true).external_template(false);
    let repository = Repository::init_opts(path, &options)?;
    // Also for listing references, where git2 has no option for it: a redirect to
    // another host is refused rather than followed with our credentials.
    repository.config()?.set_bool("http.followRedirects", false)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn root(name: &str) -> PathBuf {
        let name = format!("reconciler-cache-{}-{name}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&root);
        root
    }

    #[test]
    fn a_generation_lives_until_its_last_reader_is_gone() {
        let root = root("generations");
        let source = SourceId::from("git:x");
        let mut cache = Cache::open(&root, &source).unwrap();
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
        let first = cache.usable(1 << 20).unwrap();
        first.set_broken();
        let second = cache.usable(1 << 20).unwrap();
        assert_ne!(first.path, second.path);
        assert!(first.path.exists());
        let path = first.path.clone();
        drop(first);
        assert!(!path.exists());
        drop((cache, second));
        let again = Cache::open(&root, &source).unwrap();
        assert_eq!(again.current.number(), 2);
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_damaged_cache_is_made_anew_and_a_held_one_is_not_shared() {
        let root = root("damaged");
        let source = SourceId::from("git:x");
        let path = Cache::open(&root, &source).unwrap().current.path.clone();
        fs::remove_dir_all(path.join("refs")).unwrap();
        fs::write(path.join("HEAD"), "rubbish").unwrap();
        let holder = Cache::open(&root, &source).unwrap();
        holder.current.open().unwrap();
        let other = Cache::open(&root, &source).unwrap();
        assert_ne!(other.current.path, holder.current.path);
        let private = other.current.path.clone();
        drop(other);
        assert!(!private.exists() && holder.current.path.exists());
        fs::remove_dir_all(&root).unwrap();
    }
}
