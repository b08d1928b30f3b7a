//! Where a path of the normal form leads: into the source's tree, to the engine's host, or
//! both.

use super::Instance;
use compose::NOWHERE;
use model::host_path::normalise;
use text::paths::{in_tree, kind, split};
use world::{Tree, TreeError, TreeKind};

/// As many links as the kernel follows in one path.
const MOST_LINKS: usize = 40;

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
pub(super) fn as_written(path: &str) -> &str {
    below(path, NOWHERE).unwrap_or(path)
}

/// Where a path leads, and the links on its way.
pub(super) struct Way {
    pub(super) to: String,
    pub(super) by: Vec<String>,
}

/// Where a path of the host leads if symbolic links of the tree are on its way: the engine
/// follows them. A path whose way cannot be seen leads to itself: it is in the answer, so
/// that nobody takes it for one without links. `None` without any.
///
/// The tree is that of the revision: what a container put there since is not in a commit.
pub(super) fn leads(path: &str, instance: &Instance<'_>) -> Option<Way> {
    let (tree, whole) = (instance.tree, normalise(instance.root?));
    let root: Vec<String> = names(&whole).collect();
    let mut ahead: Vec<String> = names(path).collect();
    ahead.reverse();
    let (mut here, mut by): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(name) = ahead.pop() {
        if name == ".." {
            // Elsewhere the host may have links that nobody here knows of.
            let seen = here.len() > root.len() && here.starts_with(&root)
                || root.starts_with(&here) && tree.host_path() == Some(&whole);
            if !seen {
                return Some(Way { to: path.to_owned(), by });
            }
            here.pop();
            continue;
        }
        here.push(name);
        if here.len() <= root.len() || !here.starts_with(&root) {
            continue;
        }
        let inside = here[root.len()..].join("/");
        let target = match tree.link(&inside) {
            Ok(target) if by.len() < MOST_LINKS => target,
            Err(TreeError::NotAFile(_)) => continue,
            Err(TreeError::Missing(_)) if !is_closed(tree, &inside) => continue,
            _ => return Some(Way { to: path.to_owned(), by }),
        };
        by.push(format!("/{}", here.join("/")));
        here.truncate(if target.starts_with('/') { 0 } else { here.len() - 1 });
        ahead.extend(names(&target).collect::<Vec<_>>().into_iter().rev());
    }
    (!by.is_empty()).then(|| Way { to: format!("/{}", here.join("/")), by })
}

/// The parts of a path that lead somewhere.
fn names(path: &str) -> impl Iterator<Item = String> {
    path.split('/').filter(|name| !matches!(*name, "" | ".")).map(str::to_owned)
}

/// Whether what would hold this path is something that the tree cannot look into.
fn is_closed(tree: &dyn Tree, path: &str) -> bool {
    kind(tree, split(path).0) == Some(TreeKind::Other)
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
