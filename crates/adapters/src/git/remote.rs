//! Looking at a repository and fetching one commit of it: what runs on a worker thread.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use git2::{
    AutotagOption, Direction, ErrorCode, FetchOptions, FetchPrune, ObjectType, Oid, ProxyOptions,
    RemoteConnection, RemoteRedirect, Repository,
};

use super::super::unread;
use super::address::Place;
use super::cache::{Cache, Generation};
use super::heads::{self, Head, Target};
use super::local;
use super::session::Session;
use super::settings::{GitSettings, Reference};
use super::tree::GitTree;
use super::worker::Cancel;
use world::{SourceError, TreeError, TreeKind};

/// The one reference that a cache has: what was fetched last.
const KEPT: &str = "refs/reconciler/fetched";

/// A source's repository, as seen from a worker thread.
pub(super) struct Site {
    pub(super) settings: GitSettings,
    /// Opened at the first fetch; none for a repository on this machine.
    pub(super) cache: Mutex<Option<Cache>>,
}

/// A commit whose files can be read.
pub(super) struct Found {
    /// What the reference pointed at, to compare with later.
    pub(super) head: Oid,
    pub(super) commit: Oid,
    pub(super) tree: GitTree,
}

impl Site {
    /// What the reference points at by now.
    pub(super) fn look(&self, cancel: &Cancel) -> Result<Oid, SourceError> {
        if let Reference::Commit(id) = &self.settings.reference {
            return heads::commit(id);
        }
        let session = Session::new(&self.settings, cancel);
        let target = match self.local() {
            Some(path) => open(path).and_then(|(_, heads)| self.chosen(&heads)),
            None => self.ask(&session),
        };
        target.map(|target| target.oid).map_err(|failure| failure.explain(&session))
    }

    /// The commit that the reference means, fetched if need be; `None` if the reference
    /// still points at `known`.
    pub(super) fn fetch(
        &self,
        known: Option<Oid>,
        cancel: &Cancel,
    ) -> Result<Option<Found>, SourceError> {
        let session = Session::new(&self.settings, cancel);
        let found = match self.local() {
            Some(path) => self.read_local(path, known),
            None => self.read_remote(known, &session),
        };
        let found = match found {
            // The cache is in the way: once more, into an empty one.
            Err(Failure::Cache(error)) => {
                tracing::debug!(%error, "fetching anew, without the cache");
                let generation = self.generation(|cache, _| cache.renew());
                generation.and_then(|generation| {
                    self.fetch_into(&generation, None, &Session::new(&self.settings, cancel))
                })
            }
            found => found,
        };
        let found = found.map_err(|failure| failure.explain(&session))?;
        if let Some(found) = &found {
            self.check_start(&found.tree)?;
        }
        Ok(found)
    }

    fn local(&self) -> Option<&Path> {
        match &self.settings.address.place {
            Place::Local(path) => Some(path),
            Place::Web(_) | Place::Ssh { .. } => None,
        }
    }

    /// A repository on this machine is read where it is.
    fn read_local(&self, path: &Path, known: Option<Oid>) -> Result<Option<Found>, Failure> {
        let (repository, heads) = open(path)?;
        let target = self.chosen(&heads)?;
        if known == Some(target.oid) {
            return Ok(None);
        }
        let commit =
            commit_of(&repository, target.oid).map_err(|_| self.no_commit(&repository, &target))?;
        Ok(Some(Found { head: target.oid, ..found(repository, commit, None)? }))
    }

    fn chosen(&self, heads: &[Head]) -> Result<Target, Failure> {
        let rendered = self.settings.address.to_string();
        Ok(heads::choose(heads, &self.settings.reference, &rendered)?)
    }

    /// A repository elsewhere is fetched into the cache.
    fn read_remote(
        &self,
        known: Option<Oid>,
        session: &Session<'_>,
    ) -> Result<Option<Found>, Failure> {
        let generation = self.generation(Cache::usable)?;
        let empty = generation.is_empty();
        match self.fetch_into(&generation, known, session) {
            Err(Failure::Git(error)) if !empty && !session.has_refused() && is_ours(&error) => {
                Err(Failure::Cache(error))
            }
            answer => answer,
        }
    }

    fn generation(
        &self,
        choose: impl FnOnce(&mut Cache, u64) -> std::io::Result<Arc<Generation>>,
    ) -> Result<Arc<Generation>, Failure> {
        let mut slot = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let root = &self.settings.cache_dir;
        let opened = match slot.take() {
            Some(cache) => Ok(cache),
            None => Cache::open(root, &self.settings.id()),
        };
        opened.and_then(|cache| choose(slot.insert(cache), self.settings.limits.bytes)).map_err(
            |error| {
                let text = format!("the cache `{}` cannot be used: {error}", root.display());
                Failure::Explained(SourceError::Invalid(text))
            },
        )
    }

    fn fetch_into(
        &self,
        generation: &Arc<Generation>,
        known: Option<Oid>,
        session: &Session<'_>,
    ) -> Result<Option<Found>, Failure> {
        let repository = generation.open()?;
        if let Reference::Commit(id) = &self.settings.reference {
            let oid = heads::commit(id)?;
            // A commit never changes: nobody needs to be asked for what is here.
            if commit_of(&repository, oid).is_ok() {
                let kept = Some(Arc::clone(generation));
                let unchanged = known == Some(oid);
                return if unchanged { Ok(None) } else { found(repository, oid, kept).map(Some) };
            }
        }
        let target = {
            let mut remote = repository.remote_anonymous(self.url()?)?;
            let mut connection = connect(&mut remote, session)?;
            let target = self.offered(&connection)?;
            if known == Some(target.oid) {
                return Ok(None);
            }
            if commit_of(&repository, target.oid).is_err() {
                Self::download(&mut connection, &target, session)?;
            }
            target
        };
        let commit = match commit_of(&repository, target.oid) {
            Err(error)
                if error.code() == ErrorCode::NotFound && !is_there(&repository, &target) =>
            {
                return Err(self.no_commit(&repository, &target));
            }
            commit => commit?,
        };
        let kept = Some(Arc::clone(generation));
        Ok(Some(Found { head: target.oid, ..found(repository, commit, kept)? }))
    }

    /// Fetches the target's commit alone, or, if the server hands out no commit by its
    /// id, everything that references lead to.
    fn download(
        connection: &mut RemoteConnection<'_, '_, '_>,
        target: &Target,
        session: &Session<'_>,
    ) -> Result<(), Failure> {
        let remote = connection.remote();
        if let Some(name) = &target.name {
            let one = format!("+{name}:{KEPT}");
            return Ok(remote.fetch(&[one.as_str()], Some(&mut options(session, 1)), None)?);
        }
        let one = format!("+{}:{KEPT}", target.oid);
        let Err(error) = remote.fetch(&[one.as_str()], Some(&mut options(session, 1)), None) else {
            return Ok(());
        };
        if session.has_refused() {
            return Err(error.into());
        }
        let all = ["+refs/heads/*:refs/reconciler/heads/*", "+refs/tags/*:refs/reconciler/tags/*"];
        Ok(remote.fetch(&all, Some(&mut options(session, 0)), None)?)
    }

    fn ask(&self, session: &Session<'_>) -> Result<Target, Failure> {
        let generation = self.generation(Cache::usable)?;
        let repository = generation.open()?;
        let mut remote = repository.remote_anonymous(self.url()?)?;
        let connection = connect(&mut remote, session)?;
        self.offered(&connection)
    }

    fn offered(&self, connection: &RemoteConnection<'_, '_, '_>) -> Result<Target, Failure> {
        let heads: Vec<Head> = connection
            .list()?
            .iter()
            .map(|head| Head { name: head.name().to_owned(), oid: head.oid() })
            .collect();
        self.chosen(&heads)
    }

    fn url(&self) -> Result<&str, Failure> {
        match &self.settings.address.place {
            Place::Web(url) => Ok(url.as_str()),
            Place::Ssh { url, .. } => Ok(url),
            Place::Local(path) => path.to_str().ok_or_else(|| {
                Failure::Explained(SourceError::Invalid("the path is not UTF-8".to_owned()))
            }),
        }
    }

    fn no_commit(&self, repository: &Repository, target: &Target) -> Failure {
        let text = format!("{} has no commit {}", self.settings.address, target.oid);
        let is_there = is_there(repository, target);
        Failure::Explained(if is_there {
            SourceError::Invalid(text)
        } else {
            SourceError::Missing(text)
        })
    }

    fn check_start(&self, tree: &GitTree) -> Result<(), SourceError> {
        let path = &self.settings.path;
        let address = &self.settings.address;
        Err(match tree.kind(path) {
            Ok(TreeKind::File { .. } | TreeKind::Folder) => return Ok(()),
            Ok(_) | Err(TreeError::NotAFile(_)) => {
                SourceError::Invalid(format!("`{path}` is a link or a submodule in {address}"))
            }
            Err(TreeError::Missing(_)) => {
                SourceError::Missing(format!("`{path}` does not exist in {address}"))
            }
            Err(error) => SourceError::Unreachable(error.to_string()),
        })
    }
}

/// Why there is no answer.
pub(super) enum Failure {
    /// libgit2's error, to be explained by the session that it happened in.
    Git(git2::Error),
    /// libgit2's error over what is in the cache.
    Cache(git2::Error),
    /// Our own words.
    Explained(SourceError),
}

impl Failure {
    fn explain(self, session: &Session<'_>) -> SourceError {
        match self {
            Self::Git(error) | Self::Cache(error) => session.explain(&error),
            Self::Explained(error) => error,
        }
    }
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        Self::Git(error)
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::Explained(error)
    }
}

/// Opens a repository on this machine, if there (still) is anything.
fn open(path: &Path) -> Result<(Repository, Vec<Head>), Failure> {
    local::open(path).map_err(|error| match path.metadata() {
        Err(why) => Failure::Explained(unread(path, &why)),
        Ok(_) => Failure::Git(error),
    })
}

fn connect<'repo, 'connection, 'session>(
    remote: &'connection mut git2::Remote<'repo>,
    session: &'session Session<'_>,
) -> Result<RemoteConnection<'repo, 'connection, 'session>, git2::Error> {
    remote.connect_auth(Direction::Fetch, Some(session.callbacks()), Some(proxy()))
}

/// The proxy that the environment names, as for every other program.
fn proxy() -> ProxyOptions<'static> {
    let mut proxy = ProxyOptions::new();
    proxy.auto();
    proxy
}

fn options<'session>(session: &'session Session<'_>, depth: i32) -> FetchOptions<'session> {
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(session.callbacks())
        .proxy_options(proxy())
        .prune(FetchPrune::Off)
        .update_fetchhead(false)
        .download_tags(AutotagOption::None)
        .follow_redirects(RemoteRedirect::None)
        .depth(depth);
    options
}

/// Whether an error is about objects and files here, and not about the other side.
fn is_ours(error: &git2::Error) -> bool {
    use git2::ErrorClass::{Callback, Http, Net, Ssh, Ssl};
    !matches!(error.class(), Callback | Http | Net | Ssh | Ssl)
}

/// Whether an object is here, be it readable or not.
fn is_there(repository: &Repository, target: &Target) -> bool {
    repository.odb().is_ok_and(|odb| odb.exists(target.oid))
}

/// The commit that an object is, or that an annotated tag leads to.
fn commit_of(repository: &Repository, oid: Oid) -> Result<Oid, git2::Error> {
    let commit = repository.find_object(oid, None)?.peel(ObjectType::Commit)?;
    // Its files must be here as well.
    commit.peel_to_tree()?;
    Ok(commit.id())
}

fn found(
    repository: Repository,
    commit: Oid,
    kept: Option<Arc<Generation>>,
) -> Result<Found, Failure> {
    Ok(Found { head: commit, commit, tree: GitTree::of(repository, commit, kept)? })
}
