//! Build contexts: which files of the tree a build sees. The loader hashes them and the
//! engine adapter sends them; both ask here, so that they mean the same set.

mod ignore;
mod names;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::ignore::Ignore;
use model::build::{Build, Dockerfile, NamedContext};
use model::digest::Digest;
use world::{Tree, TreeError, TreeKind};

/// The largest file of a context, in bytes.
pub const MAX_FILE: u64 = 512 << 20;
/// The largest Dockerfile, in bytes.
const MAX_DOCKERFILE: u64 = 4 << 20;
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
    /// A symbolic link; it is sent as it is, wherever it leads, and never followed: the builder
    /// goes no further up than the context's root.
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
    /// The Dockerfile is not text, and has to be, since it may name contexts.
    #[error("the Dockerfile is not UTF-8")]
    NotText,
    /// There are too many files.
    #[error("the context has more than {MAX_FILES} files")]
    TooMany,
}

/// The files of a build's context, sorted by path, without what its ignore file leaves
/// out. That may be the Dockerfile: see [`instructions`]. None if the engine fetches it.
pub fn files(tree: &dyn Tree, build: &Build) -> Result<Vec<ContextFile>, ContextError> {
    if build.remote.is_some() {
        return Ok(Vec::new());
    }
    let (found, hidden) = list(tree, &build.context, &build.dockerfile)?;
    Ok(found.into_iter().filter(|file| !hidden.contains(&file.path)).collect())
}

/// What the builder is to read as the Dockerfile: the named contexts in it are replaced by
/// the images that stand for them. Empty if it is fetched with its context.
pub fn instructions(tree: &dyn Tree, build: &Build) -> Result<Vec<u8>, ContextError> {
    let text = match &build.dockerfile {
        Dockerfile::Inline(text) => text.clone().into_bytes(),
        Dockerfile::Within(_) if build.remote.is_some() => Vec::new(),
        Dockerfile::Within(path) => read_dockerfile(tree, &tree_path(&build.context, path))?,
        Dockerfile::Outside(path) => read_dockerfile(tree, path)?,
    };
    if build.contexts.is_empty() {
        return Ok(text);
    }
    let text = String::from_utf8(text).map_err(|_| ContextError::NotText)?;
    Ok(names::replace(&text, build).into_bytes())
}

/// Which of these images a build's Dockerfile names, other than those that are hidden by a
/// stage or a context of that name. None if it is fetched, or cannot be read.
pub fn named_images<'a>(tree: &dyn Tree, build: &'a Build, among: &[&'a str]) -> Vec<&'a str> {
    let text = instructions(tree, build).ok().and_then(|text| String::from_utf8(text).ok());
    text.map(|text| names::named(&text, build, among)).unwrap_or_default()
}

/// A context's file as a path of the tree.
#[must_use]
pub fn tree_path(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// The hash over names, kinds and contents of a context's files and of the Dockerfile.
pub fn digest(
    tree: &dyn Tree,
    folder: &str,
    dockerfile: &Dockerfile,
) -> Result<Digest, ContextError> {
    let mut lines = Vec::new();
    for file in list(tree, folder, dockerfile)?.0 {
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
    if let Dockerfile::Outside(path) = dockerfile {
        lines.push(format!("dockerfile {}", Digest::of(read_dockerfile(tree, path)?)));
    }
    Ok(Digest::of_parts(lines.iter().map(String::as_bytes)))
}

/// The hash of a build over this context: equal hash, equal image as far as its inputs
/// go. Where the context lies in the tree is no part of it, nor what only makes a build
/// faster or fresher, nor the value of a secret.
#[must_use]
pub fn build_hash(files: &Digest, build: &Build) -> Digest {
    let (dockerfile, inline) = match &build.dockerfile {
        Dockerfile::Within(path) => (path.as_str(), ""),
        Dockerfile::Outside(_) => ("..", ""),
        Dockerfile::Inline(text) => ("", text.as_str()),
    };
    let identities = |named: &BTreeMap<String, NamedContext>| -> BTreeMap<String, String> {
        named.iter().map(|(name, it)| (name.clone(), context_identity(it).to_owned())).collect()
    };
    let mut all = json!({
        "args": build.args,
        "dockerfile": dockerfile,
        "files": files,
        "labels": build.labels,
        "target": build.target,
    });
    // What nobody asks for says nothing, so that a new attribute builds nothing again.
    let rest = json!({
        "bases": identities(&build.bases),
        "contexts": identities(&build.contexts),
        "extra_hosts": build.extra_hosts,
        "inline": inline,
        "network": build.network,
        "platform": build.platform,
        "remote": build.remote,
        "secrets": build.secrets,
        "shm_size": build.shm_size,
        "ssh": build.ssh,
        "tags": build.tags,
        "ulimits": build.ulimits,
    });
    if let (Some(all), Value::Object(rest)) = (all.as_object_mut(), rest) {
        all.extend(rest.into_iter().filter(|(_, value)| !is_empty(value)));
    }
    Digest::of(all.to_string())
}

fn context_identity(context: &NamedContext) -> &str {
    match context {
        NamedContext::Built { build, .. } => build.hash.as_str(),
        NamedContext::Image(image) => image.as_str(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn read_dockerfile(tree: &dyn Tree, path: &str) -> Result<Vec<u8>, ContextError> {
    tree.read(path, MAX_DOCKERFILE).map_err(|error| match error {
        TreeError::Missing(_) => ContextError::NoDockerfile(path.to_owned()),
        error => ContextError::File(error),
    })
}

/// The files of a context with the Dockerfile and the ignore file in it, and which of
/// these two the ignore file leaves out.
fn list(
    tree: &dyn Tree,
    folder: &str,
    dockerfile: &Dockerfile,
) -> Result<(Vec<ContextFile>, Vec<String>), ContextError> {
    let (ignore, always) = ignore_file(tree, folder, dockerfile)?;
    let mut found = Vec::new();
    walk(tree, folder, "", &ignore, &mut found)?;
    found.sort();
    if let Dockerfile::Within(path) = dockerfile {
        let is_dockerfile =
            |f: &ContextFile| f.path == *path && matches!(f.kind, ContextKind::File { .. });
        if !found.iter().any(is_dockerfile) {
            return Err(ContextError::NoDockerfile(tree_path(folder, path)));
        }
    }
    let hidden = always.into_iter().filter(|path| ignore.hides(path)).collect();
    Ok((found, hidden))
}

/// `<Dockerfile>.dockerignore`, else `.dockerignore`, as BuildKit chooses; and what is
/// listed whatever it says.
fn ignore_file(
    tree: &dyn Tree,
    folder: &str,
    dockerfile: &Dockerfile,
) -> Result<(Ignore, Vec<String>), ContextError> {
    let usual = (".dockerignore".to_owned(), tree_path(folder, ".dockerignore"));
    let (own, within) = match dockerfile {
        Dockerfile::Within(path) => {
            let own = format!("{path}.dockerignore");
            let at = tree_path(folder, &own);
            (Some((own, at)), Some(path.clone()))
        }
        Dockerfile::Outside(path) => (Some((String::new(), format!("{path}.dockerignore"))), None),
        Dockerfile::Inline(_) => (None, None),
    };
    for (name, path) in own.into_iter().chain([usual]) {
        match tree.read(&path, MAX_IGNORE) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let always: Vec<String> =
                    within.into_iter().chain([name]).filter(|name| !name.is_empty()).collect();
                let ignore = Ignore::parse(&text, &always)
                    .map_err(|line| ContextError::Pattern { file: path, line })?;
                return Ok((ignore, always));
            }
            // That the context or the Dockerfile is in a submodule is said of itself.
            Err(TreeError::Missing(_) | TreeError::Submodule { .. }) => {}
            Err(error) => return Err(ContextError::File(error)),
        }
    }
    Ok((Ignore::default(), Vec::new()))
}

/// Why a context cannot hold what is neither a file, a folder nor a link.
fn special(tree: &dyn Tree, folder: &str, path: &str) -> ContextError {
    let path = tree_path(folder, path);
    match tree.read(&path, 0) {
        Err(error @ TreeError::Submodule { .. }) => ContextError::File(error),
        _ => ContextError::Special(path),
    }
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
                ContextKind::Link { target }
            }
            TreeKind::Folder | TreeKind::Other => return Err(special(tree, folder, &path)),
        };
        if found.len() >= MAX_FILES {
            return Err(ContextError::TooMany);
        }
        found.push(ContextFile { path, kind });
    }
    Ok(())
}
