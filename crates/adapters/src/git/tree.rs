//! The files of one commit, read from the repository's objects: nothing is checked out,
//! no filter, hook or submodule runs, and no link is followed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::{FileMode, ObjectType, Oid, Repository};

use super::cache::Generation;
use model::time::Timestamp;
use model::tree::{Commit, Time};
use world::{Tree, TreeEntry, TreeError, TreeKind};

/// A commit's files.
pub(super) struct GitTree {
    /// A handle is not for several threads at once.
    repository: Mutex<Repository>,
    root: Oid,
    /// What the commit says of itself.
    commit: Option<Commit>,
    /// The cache that holds the objects; none for a repository on this machine.
    kept: Option<Arc<Generation>>,
}

impl GitTree {
    /// The files of a commit.
    pub(super) fn of(
        repository: Repository,
        commit: Oid,
        kept: Option<Arc<Generation>>,
    ) -> Result<Self, git2::Error> {
        let found = repository.find_commit(commit)?;
        let (root, commit) = (found.tree_id(), Some(describe(&found)));
        drop(found);
        Ok(Self { repository: Mutex::new(repository), root, commit, kept })
    }

    /// Whether an object could not be read, so that fetching anew may help.
    pub(super) fn is_broken(&self) -> bool {
        self.kept.as_ref().is_some_and(|generation| generation.is_broken())
    }

    /// What is at a path.
    pub(super) fn kind(&self, path: &str) -> Result<TreeKind, TreeError> {
        self.entry(&self.repository(), path).map(|(_, kind)| kind)
    }

    fn repository(&self) -> MutexGuard<'_, Repository> {
        self.repository.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object at a path, found without following a link.
    fn entry(&self, repository: &Repository, path: &str) -> Result<(Oid, TreeKind), TreeError> {
        let mut here = (self.root, TreeKind::Folder);
        for name in path.split('/').filter(|_| !path.is_empty()) {
            match here.1 {
                TreeKind::Folder => {}
                TreeKind::Link => return Err(TreeError::NotAFile(path.to_owned())),
                TreeKind::File { .. } | TreeKind::Other => {
                    return Err(TreeError::Missing(path.to_owned()));
                }
            }
            if matches!(name, "" | "." | "..") || name.contains('\0') {
                return Err(TreeError::NotAFile(path.to_owned()));
            }
            let tree = repository.find_tree(here.0).map_err(|error| self.lost(path, &error))?;
            let entry = tree.get_name(name).ok_or_else(|| TreeError::Missing(path.to_owned()))?;
            here = (entry.id(), kind(entry.filemode()));
        }
        Ok(here)
    }

    /// The bytes of a blob, if it has at most `limit` of them.
    fn blob(
        &self,
        repository: &Repository,
        path: &str,
        oid: Oid,
        limit: u64,
    ) -> Result<Vec<u8>, TreeError> {
        let lost = |error: git2::Error| self.lost(path, &error);
        let (size, kind) = repository.odb().and_then(|odb| odb.read_header(oid)).map_err(lost)?;
        if kind != ObjectType::Blob {
            return Err(TreeError::NotAFile(path.to_owned()));
        }
        if u64::try_from(size).unwrap_or(u64::MAX) > limit {
            return Err(TreeError::TooLarge { path: path.to_owned(), limit });
        }
        repository.find_blob(oid).map(|blob| blob.content().to_vec()).map_err(lost)
    }

    fn lost(&self, path: &str, error: &git2::Error) -> TreeError {
        if let Some(generation) = &self.kept {
            generation.set_broken();
        }
        TreeError::Unreadable { path: path.to_owned(), why: error.message().to_owned() }
    }
}

impl Tree for GitTree {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let repository = self.repository();
        match self.entry(&repository, path)? {
            (oid, TreeKind::File { .. }) => self.blob(&repository, path, oid, limit),
            _ => Err(TreeError::NotAFile(path.to_owned())),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let repository = self.repository();
        let oid = match self.entry(&repository, path)? {
            (oid, TreeKind::Folder) => oid,
            (_, TreeKind::Link) => return Err(TreeError::NotAFile(path.to_owned())),
            _ => return Err(TreeError::Missing(path.to_owned())),
        };
        let tree = repository.find_tree(oid).map_err(|error| self.lost(path, &error))?;
        let mut entries = Vec::new();
        for entry in &tree {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            // A tree is data from outside: such names only a hostile server sends.
            if matches!(name.as_str(), "" | "." | "..") || name.contains('/') {
                return Err(TreeError::Unreadable {
                    path: path.to_owned(),
                    why: "it has an entry whose name is no file name".to_owned(),
                });
            }
            entries.push(TreeEntry { name, kind: kind(entry.filemode()) });
        }
        entries.sort();
        Ok(entries)
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        /// Longer than any path that a system takes.
        const LIMIT: u64 = 4096;
        let repository = self.repository();
        let (oid, TreeKind::Link) = self.entry(&repository, path)? else {
            return Err(TreeError::NotAFile(path.to_owned()));
        };
        String::from_utf8(self.blob(&repository, path, oid, LIMIT)?).map_err(|_| {
            TreeError::Unreadable {
                path: path.to_owned(),
                why: "its target is not UTF-8".to_owned(),
            }
        })
    }

    fn host_path(&self) -> Option<&str> {
        None
    }

    fn commit(&self) -> Option<Commit> {
        self.commit.clone()
    }
}

/// What a commit says of itself; what is no UTF-8 is replaced.
fn describe(commit: &git2::Commit<'_>) -> Commit {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let author = commit.author();
    let seconds = u64::try_from(author.when().seconds()).unwrap_or_default();
    Commit {
        author: text(author.name_bytes()),
        subject: commit.summary_bytes().map(text).unwrap_or_default(),
        time: Time(Timestamp(seconds.saturating_mul(1_000_000_000))),
    }
}

/// What an entry's mode says it is.
fn kind(mode: i32) -> TreeKind {
    let is = |known: FileMode| mode == i32::from(known);
    if is(FileMode::Blob) || is(FileMode::BlobGroupWritable) {
        TreeKind::File { executable: false }
    } else if is(FileMode::BlobExecutable) {
        TreeKind::File { executable: true }
    } else if is(FileMode::Tree) {
        TreeKind::Folder
    } else if is(FileMode::Link) {
        TreeKind::Link
    } else {
        TreeKind::Other
    }
}
