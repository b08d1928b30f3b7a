//! The files of one revision of a source, wherever they are.

use std::fmt;

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
    /// It is a pointer of git-lfs; the content is not in the repository.
    #[error("`{path}` is a git-lfs pointer to {}, not the content", Bytes(*size))]
    Pointer {
        /// Which file.
        path: String,
        /// How large the content is, in bytes.
        size: u64,
    },
    /// It is, or is in, a submodule that is not fetched.
    #[error("`{path}` {}, which is not fetched", lies_in(path, module, url.as_deref()))]
    Submodule {
        /// Which file or folder.
        path: String,
        /// The submodule's folder.
        module: String,
        /// Where it would be fetched from, without credentials, if that is known.
        url: Option<String>,
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

/// What is said of a path that is, or is in, a submodule.
fn lies_in(path: &str, module: &str, url: Option<&str>) -> String {
    let of = url.map(|url| format!(" of `{url}`")).unwrap_or_default();
    if path == module {
        format!("is a submodule{of}")
    } else {
        format!("lies in the submodule `{module}`{of}")
    }
}

/// A number of bytes as people write it: `12 MB`.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
        if self.0 < 1000 {
            return write!(f, "{} byte{}", self.0, if self.0 == 1 { "" } else { "s" });
        }
        let (mut unit, mut scale) = (0, 1000);
        while self.0 / scale >= 1000 {
            (unit, scale) = (unit + 1, scale * 1000);
        }
        // Tenths are of interest only beside a single digit.
        let tenths = self.0 / (scale / 10);
        match (tenths / 10, tenths % 10) {
            (whole @ 1..=9, tenth @ 1..) => write!(f, "{whole}.{tenth} {}", UNITS[unit]),
            (whole, _) => write!(f, "{whole} {}", UNITS[unit]),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_people_write_them() {
        let table = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1 kB"),
            (1_550, "1.5 kB"),
            (12_345, "12 kB"),
            (999_999, "999 kB"),
            (12_000_000, "12 MB"),
            (u64::MAX, "18 EB"),
        ];
        for (size, text) in table {
            assert_eq!(Bytes(size).to_string(), text);
        }
    }
}
