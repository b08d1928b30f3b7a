//! A folder as a tree: listings are those of the look that gave the revision; files are
//! read from disk when asked for and must still be what was seen then, so that one
//! snapshot is one revision although nothing was copied.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::beneath::{Beneath, split};
use super::scan::{Fingerprint, Scan};
use model::mark::Mark;
use world::{Tree, TreeEntry, TreeError};

/// The paths that a tree was asked about. Desired state is a function of the answers, so
/// nothing else can change it.
#[derive(Default)]
pub(super) struct Asked {
    files: Mutex<BTreeSet<String>>,
    folders: Mutex<BTreeSet<String>>,
    links: Mutex<BTreeSet<String>>,
}

impl Asked {
    /// Whether two looks answer everything that was asked alike.
    pub(super) fn alike(&self, a: &Scan, b: &Scan) -> bool {
        self.files_alike(a, b)
            && self.folders().iter().all(|path| a.folder(path) == b.folder(path))
            && self.links().iter().all(|path| a.link(path) == b.link(path))
    }

    /// Whether a file that was asked for and was there before is gone now, or smaller.
    pub(super) fn lacks(&self, before: &Scan, now: &Scan) -> bool {
        self.files().iter().any(|path| match (before.size(path), now.size(path)) {
            (Some(before), Some(now)) => now < before,
            (before, now) => before.is_some() && now.is_none(),
        })
    }

    /// Whether two looks show the files alike that were asked for.
    pub(super) fn files_alike(&self, a: &Scan, b: &Scan) -> bool {
        self.files().iter().all(|path| a.file(path) == b.file(path))
    }

    /// The existing folders in which an answer can change: each one asked about, or the
    /// nearest above it that exists.
    pub(super) fn watched(&self, root: &Path) -> BTreeSet<PathBuf> {
        let named = self.files().into_iter().chain(self.links());
        let parents = named.map(|path| split(&path).0.to_owned());
        let nearest = |path: String| {
            let path = if path.is_empty() { root.to_owned() } else { root.join(path) };
            path.ancestors()
                .take_while(|path| path.starts_with(root))
                .find(|path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir()))
                .map(Path::to_owned)
        };
        let mut found: BTreeSet<PathBuf> =
            self.folders().into_iter().chain(parents).filter_map(nearest).collect();
        found.insert(root.to_owned());
        found
    }

    /// The files that were asked for.
    fn files(&self) -> BTreeSet<String> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was asked for as a link, and may be none.
    fn links(&self) -> BTreeSet<String> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The folders whose entries were asked for.
    fn folders(&self) -> BTreeSet<String> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn file(&self, path: &str) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }

    fn link(&self, path: &str) {
        self.links.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }

    fn folder(&self, path: &str) {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }
}

/// The files of one look at a folder.
pub(super) struct DirTree {
    pub(super) root: Beneath,
    pub(super) scan: Arc<Scan>,
    pub(super) asked: Arc<Asked>,
    /// The folder's canonical path.
    pub(super) host_path: String,
}

impl DirTree {
    /// Reports a file that the look saw and that is gone as a change.
    fn seen(&self, path: &str, error: TreeError) -> TreeError {
        let gone = matches!(error, TreeError::Missing(_) | TreeError::NotAFile(_));
        match self.scan.file(path) {
            Some(Fingerprint::Content(_) | Fingerprint::Coarse { .. } | Fingerprint::Closed)
                if gone =>
            {
                self.changed(path)
            }
            _ => error,
        }
    }

    fn changed(&self, path: &str) -> TreeError {
        let revision = self.scan.revision.short();
        TreeError::Unreadable {
            path: path.to_owned(),
            why: format!("it changed after revision {revision} was taken"),
        }
    }
}

impl Tree for DirTree {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        self.asked.file(path);
        let read = self.root.read(path, limit).map_err(|error| self.seen(path, error))?;
        match self.scan.file(path) {
            Some(print) if !print.matches(&read.bytes, &read.stamp) => Err(self.changed(path)),
            _ => Ok(read.bytes),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        self.asked.folder(path);
        match self.scan.folder(path) {
            Some(entries) => Ok(entries.to_vec()),
            // Beyond the look's budget, a repository's own folder, or really not there.
            None => self.root.list(path),
        }
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        self.asked.link(path);
        match self.scan.link(path) {
            Some(target) => Ok(target.to_owned()),
            None if self.scan.is_no_link(path) => Err(TreeError::NotAFile(path.to_owned())),
            None => self.root.link(path),
        }
    }

    fn host_path(&self) -> Option<&str> {
        Some(&self.host_path)
    }

    fn mark(&self, path: &str) -> Option<Mark> {
        self.asked.file(path);
        self.root.mark(path)
    }
}
