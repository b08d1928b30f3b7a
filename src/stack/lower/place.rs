//! Where a path of the normal form leads: into the source's tree, to the engine's host, or
//! both.

use super::Instance;
use crate::compose::NOWHERE;
use crate::model::policy::normalise;
use crate::text::paths::in_tree;

/// Why a path of the tree cannot be used by an engine.
pub(super) const UNSEEN: &str = "the engine's host does not see this tree";
/// What can be done about it.
pub(super) const REMEDIES: &str = "the operator can name the tree on the engine's host with the \
     engine's `project_directory`; a file bound with `:ro`, or a config, is uploaded instead";

/// A path of the normal form. One that leads out of a tree that the host does not see is
/// nowhere.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The path inside the tree, if it is there.
    pub(super) tree: Option<String>,
    /// The path on the engine's host, if the host sees it.
    pub(super) host: Option<String>,
}

impl Place {
    /// Where a path leads.
    pub(super) fn of(path: &str, instance: &Instance<'_>) -> Self {
        let host = (below(path, NOWHERE).is_none()).then(|| normalise(path));
        let path = host.as_deref().unwrap_or(path);
        let tree = below(path, instance.root.unwrap_or(NOWHERE));
        Self { tree: tree.and_then(|inside| in_tree("", inside)), host }
    }
}

/// A path of the normal form as it was written, as far as that is known.
pub(super) fn shown(path: &str) -> &str {
    below(path, NOWHERE).unwrap_or(path)
}

/// What remains of a path below a folder.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn a_path_is_below_its_folder_only() {
        assert_eq!(below("/srv/a/b", "/srv/a"), Some("b"));
        assert_eq!(below("/srv/a", "/srv/a/"), Some(""));
        assert_eq!(below("/srv/ab", "/srv/a"), None);
        assert_eq!(below("/etc", "/"), Some("etc"));
        assert_eq!(below("//source/x", "//source"), Some("x"));
        assert_eq!(below("/source/x", "//source"), None);
    }
}
