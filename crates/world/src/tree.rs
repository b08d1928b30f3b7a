//! The files of one revision of a source, wherever they are.

use model::mark::Mark;
use model::tree::Commit;

/// A file or folder in a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TreeEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: TreeKind,
}

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TreeKind {
    /// A regular file, and whether its owner may execute it.
    File {
        /// The executable bit.
        executable: bool,
    },
    /// A folder.
    Folder,
    /// A symbolic link. It is never followed for stack files.
    Link,
    /// Anything else: a submodule, a socket, a device.
    Other,
}

/// Why a file of a tree cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// There is nothing at that path.
    #[error("there is no file `{0}`")]
    Missing(String),
    /// It is not a regular file inside the tree (a link, a folder, a device).
    #[error("`{0}` is not a regular file of the tree")]
    NotAFile(String),
    /// It is larger than asked for.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// Which file.
        path: String,
        /// How much was allowed.
        limit: u64,
    },
    /// Reading failed, or the file changed while it was read.
    #[error("`{path}` cannot be read: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What went wrong.
        why: String,
    },
}

/// The files of one revision. Paths are relative, `/`-separated, without `.` or `..`;
/// `""` is the root. Reading may take long, and is done on threads of its own.
pub trait Tree: Send + Sync {
    /// A file's bytes, if it has at most `limit` of them.
    ///
    /// # Errors
    /// See [`TreeError`].
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError>;

    /// The entries of a folder, sorted by name.
    ///
    /// # Errors
    /// [`TreeError::Missing`] if there is no such folder, else as [`Tree::read`].
    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError>;

    /// The target of a symbolic link, as written.
    ///
    /// # Errors
    /// As [`Tree::read`].
    fn link(&self, path: &str) -> Result<String, TreeError>;

    /// The tree's root as this machine's file system has it; `None` for a commit.
    fn host_path(&self) -> Option<&str>;

    /// What the commit that it is the files of says of itself; `None` if it is none of a commit.
    fn commit(&self) -> Option<Commit> {
        None
    }

    /// Which file a path leads to, links followed as far as they stay in the tree. `None` for
    /// what is no file, and for a tree that is none of files of this machine.
    fn mark(&self, path: &str) -> Option<Mark> {
        let _ = path;
        None
    }
}

/// A tree of nothing.
pub struct NoTree;

impl Tree for NoTree {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn host_path(&self) -> Option<&str> {
        None
    }
}
