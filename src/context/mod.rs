//! Build contexts: which files of the tree a build sees. The loader hashes them and the
//! engine adapter sends them; both ask here, so that they mean the same set.

mod ignore;

use std::collections::BTreeMap;

use serde_json::json;

use self::ignore::Ignore;
use crate::model::digest::Digest;
use crate::model::spec::Build;
use crate::world::{Tree, TreeError, TreeKind};

/// The largest file of a context, in bytes.
pub const MAX_FILE: u64 = 512 << 20;
/// The largest ignore file, in bytes.
const MAX_IGNORE: u64 = 1 << 20;
/// How many files a context may have.
const MAX_FILES: usize = 100_000;

/// A file or link of a context. Folders follow from the paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContextFile {
    /// Its path inside the context, `/`-separated.
    pub path: String,
    /// What it is.
    pub kind: ContextKind,
}

/// What a file of a context is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextKind {
    /// A regular file, and whether its owner may execute it.
    File {
        /// The executable bit.
        executable: bool,
    },
    /// A symbolic link; it is sent as it is and never followed.
    Link {
        /// Its target, as written.
        target: String,
    },
}

/// Why a context cannot be used. The source is not part of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// A folder of it cannot be listed.
    #[error("the context `{folder}` cannot be used")]
    Folder {
        /// Which folder of the tree.
        folder: String,
        /// What went wrong.
        source: TreeError,
    },
    /// A file of it cannot be read.
    #[error("a file of the context cannot be read")]
    File(#[source] TreeError),
    /// There is no Dockerfile.
    #[error("the context has no Dockerfile `{0}`")]
    NoDockerfile(String),
    /// A link leads out of the context.
    #[error("the link `{0}` leads out of its context")]
    Escapes(String),
    /// A submodule, socket or device.
    #[error("`{0}` is neither a file, a folder nor a link")]
    Special(String),
    /// A pattern of the ignore file is malformed.
    #[error("`{file}` has a malformed pattern in line {line}")]
    Pattern {
        /// Which ignore file.
        file: String,
        /// Its line, from 1.
        line: usize,
    },
    /// There are too many files.
    #[error("the context has more than {MAX_FILES} files")]
    TooMany,
}

/// The files of a build's context, sorted by path, without what its ignore file leaves
/// out. The Dockerfile and the ignore file themselves are always in it.
pub fn files(tree: &dyn Tree, build: &Build) -> Result<Vec<ContextFile>, ContextError> {
    list(tree, &build.context, &build.dockerfile)
}

/// A context's file as a path of the tree.
#[must_use]
pub fn tree_path(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The hash over names, kinds and contents of a context's files.
pub fn digest(tree: &dyn Tree, folder: &str, dockerfile: &str) -> Result<Digest, ContextError> {
    let mut lines = Vec::new();
    for file in list(tree, folder, dockerfile)? {
        let (kind, content) = match &file.kind {
            ContextKind::Link { target } => ("link", Digest::of(target)),
            ContextKind::File { executable } => {
                let path = tree_path(folder, &file.path);
                let bytes = tree.read(&path, MAX_FILE).map_err(ContextError::File)?;
                (if *executable { "program" } else { "file" }, Digest::of(bytes))
            }
        };
        lines.push(format!("{kind} {content} {}", file.path));
    }
    Ok(Digest::of_parts(lines.iter().map(String::as_bytes)))
}

/// The hash of a build: equal hash, equal image as far as its inputs go. Where the
/// context lies in the tree is no part of it.
#[must_use]
pub fn build_hash(
    files: &Digest,
    dockerfile: &str,
    args: &BTreeMap<String, String>,
    target: Option<&str>,
    labels: &BTreeMap<String, String>,
) -> Digest {
    let all = json!({
        "args": args,
        "dockerfile": dockerfile,
        "files": files,
        "labels": labels,
        "target": target,
    });
    Digest::of(all.to_string())
}

fn list(tree: &dyn Tree, folder: &str, dockerfile: &str) -> Result<Vec<ContextFile>, ContextError> {
    let ignore = ignore_file(tree, folder, dockerfile)?;
    let mut found = Vec::new();
    walk(tree, folder, "", &ignore, &mut found)?;
    found.sort();
    let is_dockerfile =
        |f: &ContextFile| f.path == dockerfile && matches!(f.kind, ContextKind::File { .. });
    if !found.iter().any(is_dockerfile) {
        return Err(ContextError::NoDockerfile(tree_path(folder, dockerfile)));
    }
    Ok(found)
}

/// `<Dockerfile>.dockerignore`, else `.dockerignore`, as BuildKit chooses.
fn ignore_file(tree: &dyn Tree, folder: &str, dockerfile: &str) -> Result<Ignore, ContextError> {
    let own = format!("{dockerfile}.dockerignore");
    for name in [own.as_str(), ".dockerignore"] {
        let path = tree_path(folder, name);
        match tree.read(&path, MAX_IGNORE) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                return Ignore::parse(&text, &[dockerfile, name])
                    .map_err(|line| ContextError::Pattern { file: path, line });
            }
            Err(TreeError::Missing(_)) => {}
            Err(error) => return Err(ContextError::File(error)),
        }
    }
    Ok(Ignore::default())
}

/// Collects what is below `inner`. The depth is bounded by the tree's own.
fn walk(
    tree: &dyn Tree,
    folder: &str,
    inner: &str,
    ignore: &Ignore,
    found: &mut Vec<ContextFile>,
) -> Result<(), ContextError> {
    let at = if inner.is_empty() { folder.to_owned() } else { tree_path(folder, inner) };
    let entries =
        tree.list(&at).map_err(|source| ContextError::Folder { folder: at.clone(), source })?;
    for entry in entries {
        let path = tree_path(inner, &entry.name);
        if entry.kind == TreeKind::Folder {
            if !ignore.prunes(&path) {
                walk(tree, folder, &path, ignore, found)?;
            }
            continue;
        }
        if ignore.ignores(&path) {
            continue;
        }
        let kind = match entry.kind {
            TreeKind::File { executable } => ContextKind::File { executable },
            TreeKind::Link => {
                let target = tree.link(&tree_path(folder, &path)).map_err(ContextError::File)?;
                if climbs_out(inner, &target) {
                    return Err(ContextError::Escapes(tree_path(folder, &path)));
                }
                ContextKind::Link { target }
            }
            TreeKind::Folder | TreeKind::Other => {
                return Err(ContextError::Special(tree_path(folder, &path)));
            }
        };
        if found.len() >= MAX_FILES {
            return Err(ContextError::TooMany);
        }
        found.push(ContextFile { path, kind });
    }
    Ok(())
}

/// Whether a relative link in this folder of the context leads out of the context. An
/// absolute one means a path of the image.
fn climbs_out(folder: &str, target: &str) -> bool {
    if target.starts_with('/') {
        return false;
    }
    let mut depth = folder.split('/').filter(|part| !part.is_empty()).count();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}
