//! Files of the tree whose content is kept elsewhere: a pointer of git-lfs instead of the
//! file, and what is in a submodule. Delivered as they are they would look like the file.

use super::paths;
use world::{Tree, TreeError};

/// How a pointer begins.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
/// The longest that a pointer can be, in bytes, as git-lfs has it.
const LONGEST: usize = 1024;
/// Where git notes which folders are submodules.
const MODULES: &str = ".gitmodules";
/// The largest such file that is read, in bytes.
const MOST: u64 = 64 << 10;

/// What is said of a pointer.
const WHY: &str = "it is a pointer of git-lfs, and its content is not in the repository";

/// A file's bytes, if they are those of the file.
pub fn read(tree: &dyn Tree, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
    let bytes = tree.read(path, limit)?;
    if bytes.len() <= LONGEST && bytes.starts_with(POINTER) {
        return Err(TreeError::Unreadable { path: path.to_owned(), why: WHY.to_owned() });
    }
    Ok(bytes)
}

/// Refuses a file that is a pointer, without reading one that is too large to be one.
pub fn check(tree: &dyn Tree, path: &str) -> Result<(), TreeError> {
    match read(tree, path, LONGEST as u64) {
        Err(error @ TreeError::Unreadable { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// What to do about a file that is kept elsewhere, or is not there: what was meant by the file
/// that names it, `namer`.
pub fn remedy(tree: &dyn Tree, path: &str, error: &TreeError, namer: &str) -> Option<String> {
    match error {
        TreeError::Unreadable { why, .. } if why == WHY => {
            let help = "take it out of git-lfs (`.gitattributes`), or give a folder in which \
                        `git lfs pull` was run";
            Some(help.to_owned())
        }
        TreeError::Missing(_) => {
            in_submodule(tree, path).or_else(|| paths::beside(tree, path, namer))
        }
        TreeError::NotAFile(_) => in_submodule(tree, path),
        _ => None,
    }
}

/// What to do about a path that is in a submodule; `None` if it is in none.
pub fn in_submodule(tree: &dyn Tree, path: &str) -> Option<String> {
    submodule(tree, path).map(|module| {
        format!(
            "`{module}` is a submodule, which is not fetched: put the file into this repository, \
             or give a folder in which `git submodule update --init` was run"
        )
    })
}

/// The submodule that a path is in.
fn submodule(tree: &dyn Tree, path: &str) -> Option<String> {
    let modules = String::from_utf8(tree.read(MODULES, MOST).ok()?).ok()?;
    let folders = modules.lines().filter_map(|line| {
        let (key, folder) = line.split_once('=')?;
        (key.trim() == "path").then(|| folder.trim().trim_matches('"').to_owned())
    });
    let mut folders = folders.filter(|folder| {
        path.strip_prefix(folder.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    folders.next()
}
