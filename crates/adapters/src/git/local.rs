//! A repository on this machine, read where it is.
//!
//! libgit2, like git, refuses a repository of another user, because configuration and
//! hooks of it might run. We run neither, and in a container the repository that is
//! mounted hardly ever belongs to our user; so then its references and objects are read
//! as the data they are, past libgit2's notion of a repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{Error, ErrorClass, ErrorCode, Odb, Oid, Repository, RepositoryOpenFlags};

use super::heads::Head;

/// References nest no deeper.
const MAX_DEPTH: u32 = 16;

/// Opens a repository or working copy, and lists its references as a server would.
pub(super) fn open(path: &Path) -> Result<(Repository, Vec<Head>), Error> {
    match Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, [path; 0]) {
        Ok(repository) => {
            let heads = listed(&repository)?;
            Ok((repository, heads))
        }
        Err(error) if error.code() == ErrorCode::Owner => {
            let folder = folder(path).ok_or(error)?;
            Ok((objects(&folder)?, read(&folder)))
        }
        Err(error) => Err(error),
    }
}

/// The folders in which references are written.
pub(super) fn reference_folders(path: &Path) -> Vec<PathBuf> {
    let Some(folder) = folder(path) else { return Vec::new() };
    let mut found = vec![folder.join("refs/heads"), folder.join("refs/tags"), folder];
    found.retain(|folder| folder.is_dir());
    found
}

/// Whether there is a repository at this path.
pub(super) fn is_there(path: &Path) -> bool {
    folder(path).is_some()
}

/// Where the repository of this path keeps its data.
fn folder(path: &Path) -> Option<PathBuf> {
    [path.to_owned(), path.join(".git")].into_iter().find(|folder| folder.join("HEAD").is_file())
}

fn listed(repository: &Repository) -> Result<Vec<Head>, Error> {
    let mut heads = Vec::new();
    if let Ok(oid) = repository.refname_to_id("HEAD") {
        heads.push(Head { name: "HEAD".to_owned(), oid });
    }
    for reference in repository.references()? {
        let reference = reference?;
        // A name that is not UTF-8 cannot be asked for either.
        if let (Ok(name), Ok(resolved)) = (reference.name(), reference.resolve())
            && let Some(oid) = resolved.target()
        {
            heads.push(Head { name: name.to_owned(), oid });
        }
    }
    Ok(heads)
}

/// A handle on the objects alone.
fn objects(folder: &Path) -> Result<Repository, Error> {
    let own = folder.join("objects");
    let odb = Odb::new()?;
    let borrowed = fs::read_to_string(own.join("info/alternates")).unwrap_or_default();
    let borrowed = borrowed.lines().filter(|line| !line.is_empty()).map(|line| own.join(line));
    for place in borrowed.chain([own.clone()]) {
        let place = place.to_str().ok_or_else(|| {
            Error::new(ErrorCode::Invalid, ErrorClass::Odb, "a path of it is not UTF-8")
        })?;
        odb.add_disk_alternate(place)?;
    }
    Repository::from_odb(odb)
}

/// The references as git's files have them.
fn read(folder: &Path) -> Vec<Head> {
    let mut found = BTreeMap::new();
    for line in text(&folder.join("packed-refs")).lines() {
        if let Some((oid, name)) = line.split_once(' ')
            && let Ok(oid) = Oid::from_str(oid)
        {
            found.insert(name.to_owned(), oid);
        }
    }
    loose(folder, "refs", MAX_DEPTH, &mut found);
    let head = text(&folder.join("HEAD"));
    let head = match head.strip_prefix("ref: ") {
        Some(name) => found.get(name.trim_end()).copied(),
        None => Oid::from_str(head.trim_end()).ok(),
    };
    let mut heads: Vec<Head> = found.into_iter().map(|(name, oid)| Head { name, oid }).collect();
    heads.extend(head.map(|oid| Head { name: "HEAD".to_owned(), oid }));
    heads
}

/// Adds the references that have files of their own; they win over packed ones.
fn loose(folder: &Path, prefix: &str, depth: u32, found: &mut BTreeMap<String, Oid>) {
    for entry in fs::read_dir(folder.join(prefix)).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let name = format!("{prefix}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => loose(folder, &name, depth - 1, found),
            Ok(kind) if kind.is_file() => {
                if let Ok(oid) = Oid::from_str(text(&entry.path()).trim_end()) {
                    found.insert(name, oid);
                }
            }
            _ => {}
        }
    }
}

/// A regular file's text; none if it is anything else.
fn text(path: &Path) -> String {
    let regular = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
    regular.then(|| fs::read_to_string(path).ok()).flatten().unwrap_or_default()
}
