//! Paths inside the tree.

use super::suggest::did_you_mean;
use world::{Tree, TreeKind};

/// A path relative to a folder of the tree, as a path of the tree; `None` if it is
/// absolute or climbs out.
#[must_use]
pub fn in_tree(base: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// A folder of the tree as seen from another: `../shared`, `.` for the same.
pub fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[common..].iter().map(|_| "..");
    let path: Vec<&str> = up.chain(to[common..].iter().map(String::as_str)).collect();
    if path.is_empty() { ".".to_owned() } else { path.join("/") }
}

/// The folder that a path of the tree is in, and its last part.
#[must_use]
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A name inside a folder of the tree.
#[must_use]
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// What is at a path of the tree; `None` if nothing is, or it cannot be known.
pub fn kind(tree: &dyn Tree, path: &str) -> Option<TreeKind> {
    if path.is_empty() {
        return Some(TreeKind::Folder);
    }
    let (folder, name) = split(path);
    let entries = tree.list(folder).ok()?;
    entries.into_iter().find(|entry| entry.name == name).map(|entry| entry.kind)
}

/// The help line for a file or folder that is missing: what is beside it and was probably
/// meant, which is never `namer`, the file that names it.
pub fn beside(tree: &dyn Tree, path: &str, namer: &str) -> Option<String> {
    let (folder, name) = split(path);
    let entries = tree.list(folder).unwrap_or_default();
    let is_other = |other: &&str| *other != name && join(folder, other) != namer;
    let others = entries.iter().map(|entry| entry.name.as_str()).filter(is_other);
    did_you_mean(name, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_tree() {
        assert_eq!(in_tree("shop", "./web/../x"), Some("shop/x".to_owned()));
        assert_eq!(in_tree("shop", "../x"), Some("x".to_owned()));
        assert_eq!(in_tree("shop", "../../x"), None);
        assert_eq!(in_tree("", "."), Some(String::new()));
        assert_eq!(in_tree("shop", "/etc"), None);
        assert_eq!(relative("a/b", "a/c/d"), "../c/d");
        assert_eq!(relative("a", "a"), ".");
    }
}
