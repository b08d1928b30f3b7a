//! Files of the tree whose content is kept elsewhere: a pointer of git-lfs instead of the
//! file, and what is in a submodule that is not fetched. Delivered as they are they would look
//! like the file, so that all content that goes to a container is read through here.

mod pointer;
mod submodule;

use super::codes::KEPT_ELSEWHERE;
use super::paths;
use model::diagnostic::Code;
use model::mark::Mark;
use model::tree::Commit;
use world::{Tree, TreeEntry, TreeError};

use pointer::{LONGEST, Pointer};

/// A tree that gives no pointer as a file's content and no submodule that is not fetched as an
/// empty folder.
pub struct Stored<'a>(pub &'a dyn Tree);

impl Tree for Stored<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        read(self.0, path, limit)
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        match self.0.list(path) {
            Ok(entries) if !entries.is_empty() => Ok(entries),
            found => submodule::around(self.0, path).map_or(found, Err),
        }
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        self.0.link(path)
    }

    fn host_path(&self) -> Option<&str> {
        self.0.host_path()
    }

    fn commit(&self) -> Option<Commit> {
        self.0.commit()
    }

    fn mark(&self, path: &str) -> Option<Mark> {
        self.0.mark(path)
    }
}

/// A file's bytes, if they are those of the file.
///
/// # Errors
/// As [`Tree::read`], and [`TreeError::Pointer`] and [`TreeError::Submodule`].
pub fn read(tree: &dyn Tree, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
    match tree.read(path, limit) {
        Ok(bytes) => match Pointer::parse(&bytes) {
            Some(Pointer { size }) => Err(TreeError::Pointer { path: path.to_owned(), size }),
            None => Ok(bytes),
        },
        Err(error @ (TreeError::Missing(_) | TreeError::NotAFile(_))) => {
            Err(submodule::around(tree, path).unwrap_or(error))
        }
        Err(error) => Err(error),
    }
}

/// Why the content of a file or folder is kept elsewhere; `None` if it is not. A file that is
/// too large to be a pointer is not read.
pub fn elsewhere(tree: &dyn Tree, path: &str) -> Option<TreeError> {
    read(tree, path, LONGEST).err().filter(is_elsewhere)
}

/// Whether that is why a file cannot be had.
fn is_elsewhere(error: &TreeError) -> bool {
    matches!(error, TreeError::Pointer { .. } | TreeError::Submodule { .. })
}

/// The code of a message about a file that cannot be had: `other`, unless it is kept elsewhere.
#[must_use]
pub fn code(error: &TreeError, other: Code) -> Code {
    if is_elsewhere(error) { KEPT_ELSEWHERE } else { other }
}

/// What to do about a file that is kept elsewhere, or is not there: what was meant by the file
/// that names it, `namer`.
pub fn remedy(tree: &dyn Tree, path: &str, error: &TreeError, namer: &str) -> Option<String> {
    match error {
        TreeError::Pointer { .. } if tree.host_path().is_some() => Some(
            "run `git lfs pull` in the folder, or take the file out of git-lfs \
             (`.gitattributes`)"
                .to_owned(),
        ),
        TreeError::Pointer { .. } => Some(
            "take the file out of git-lfs (`.gitattributes`), or give a folder in which \
             `git lfs pull` was run"
                .to_owned(),
        ),
        TreeError::Submodule { .. } if tree.host_path().is_some() => Some(
            "run `git submodule update --init` in the folder, or put the file into this \
             repository"
                .to_owned(),
        ),
        TreeError::Submodule { .. } => Some(
            "put the file into this repository, or give a folder in which \
             `git submodule update --init` was run"
                .to_owned(),
        ),
        TreeError::Missing(_) => paths::beside(tree, path, namer),
        _ => None,
    }
}
