//! Which paths are in a submodule whose files are not here: a commit holds only which commit of
//! the other repository is meant, and a folder that was cloned without it holds an empty one.

use crate::paths;
use model::printable;
use world::{Tree, TreeEntry, TreeError, TreeKind};

/// Where git notes which folders are submodules.
const MODULES: &str = ".gitmodules";
/// The largest such file that is read, in bytes.
const MOST: u64 = 64 << 10;

/// A submodule, as `.gitmodules` has it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Module {
    path: String,
    url: Option<String>,
}

/// The error of a path that is, or is in, a submodule that is not fetched.
pub(super) fn around(tree: &dyn Tree, path: &str) -> Option<TreeError> {
    let mut base = String::new();
    // Each turn goes on in a submodule of the one before, which is further down.
    loop {
        let Some(module) = covering(tree, &base, path) else { return unnamed(tree, path) };
        if is_fetched(tree, &module.path) {
            base = module.path;
            continue;
        }
        let (path, module, url) = (path.to_owned(), module.path, module.url);
        return Some(TreeError::Submodule { path, module, url });
    }
}

/// The submodule below `base` that a path is in, with its path from the tree's root on.
fn covering(tree: &dyn Tree, base: &str, path: &str) -> Option<Module> {
    let text = tree.read(&paths::join(base, MODULES), MOST).ok()?;
    let found = modules(&String::from_utf8(text).ok()?);
    found.into_iter().find_map(|module| {
        let at = paths::in_tree(base, &module.path)?;
        let is_below = at != base && is_within(&at, base);
        (is_below && is_within(path, &at)).then_some(Module { path: at, ..module })
    })
}

fn is_within(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a submodule's files are here. What the commit does not have at all was removed.
fn is_fetched(tree: &dyn Tree, module: &str) -> bool {
    match paths::kind(tree, module) {
        Some(TreeKind::Other) => false,
        Some(TreeKind::Folder) => tree.list(module).is_ok_and(|entries| !entries.is_empty()),
        Some(TreeKind::File { .. } | TreeKind::Link) => true,
        None => tree.commit().is_some(),
    }
}

/// A submodule that only the commit knows of; a folder of this machine has none.
fn unnamed(tree: &dyn Tree, path: &str) -> Option<TreeError> {
    tree.commit()?;
    let mut module = path;
    // From below, so that a file that is missing costs one look into its folder.
    while !module.is_empty() {
        let (folder, name) = paths::split(module);
        let Ok(entries) = tree.list(folder) else {
            module = folder;
            continue;
        };
        let is_it = |entry: &TreeEntry| entry.name == name && entry.kind == TreeKind::Other;
        entries.iter().find(|entry| is_it(entry))?;
        let (path, module) = (path.to_owned(), module.to_owned());
        return Some(TreeError::Submodule { path, module, url: None });
    }
    None
}

/// The submodules that a `.gitmodules` names.
fn modules(text: &str) -> Vec<Module> {
    let mut found: Vec<Module> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            found.push(Module::default());
            continue;
        }
        let (Some(module), Some((key, value))) = (found.last_mut(), line.split_once('=')) else {
            continue;
        };
        let value = value.trim().trim_matches('"');
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => value.trim_end_matches('/').clone_into(&mut module.path),
            "url" => module.url = Some(without_credentials(value)),
            _ => {}
        }
    }
    found.retain(|module| !module.path.is_empty());
    found
}

/// An address as it may be shown: without user, password, and what a query may hold.
fn without_credentials(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) => (host, format!("/{path}")),
        None => (rest, String::new()),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    printable::one_line(&format!("{scheme}{host}{path}")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gitmodules_say_where_and_of_what() {
        let text = "# ours\n[submodule \"lib\"]\n\tpath = shop/lib/\n\turl = ../lib.git\n\
                    [submodule \"b\"]\n  URL=https://x/b\n  Path = \"b c\"\n[submodule \"none\"]\n";
        let module = |path: &str, url: &str| Module { path: path.into(), url: Some(url.into()) };
        assert_eq!(modules(text), [module("shop/lib", "../lib.git"), module("b c", "https://x/b")]);
        assert_eq!(modules("path = x\n"), []);
    }

    #[test]
    fn no_address_shows_its_credentials() {
        let table = [
            ("https://me:hunter2@git.example/a/b.git", "https://git.example/a/b.git"),
            ("https://token@git.example", "https://git.example"),
            ("https://a:p@ss@git.example/b", "https://git.example/b"),
            ("https://git.example/b?private_token=x#y", "https://git.example/b"),
            ("ssh://git@git.example:22/b", "ssh://git.example:22/b"),
            ("git@git.example:a/b.git", "git.example:a/b.git"),
            ("../b@2.git", "../b@2.git"),
            ("/srv/a@b", "/srv/a@b"),
        ];
        for (url, shown) in table {
            assert_eq!(without_credentials(url), shown);
        }
    }
}
