//! A git repository as the source of desired state.
//!
//! The files of one commit are read from its objects: there is no checkout, and no hook,
//! filter or submodule runs. A repository on this machine (a path or `file://`) is read
//! where it is; one elsewhere is fetched, that commit alone, into a bare repository in
//! the cache. **Revision**: the full commit id.

mod address;
mod cache;
mod heads;
mod known_hosts;
mod local;
mod remote;
mod session;
mod settings;
mod tree;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::Oid;
use tokio::time::Instant;

pub use self::address::Address;
use self::address::Place;
use self::remote::Site;
pub use self::settings::{GitSettings, Limits, Login, Reference, Token};
use self::tree::GitTree;
use self::worker::Workers;
use super::hint::{Counter, Hint, Loss};
use model::id::{Revision, SourceId};
use world::{Snapshot, Source, SourceError};

/// A branch, tag or commit of a git repository.
pub struct GitSource {
    id: SourceId,
    site: Arc<Site>,
    workers: Workers,
    state: Mutex<State>,
    /// Of a repository on this machine.
    loss: Loss,
}

/// What is known since the last fetch.
struct State {
    last: Option<Last>,
    /// The last fetch gave nothing: it is worth fetching again when the time comes.
    failed: bool,
    due: Instant,
    hint: Option<Hint>,
    /// The count of the hint up to which the reference had not moved.
    checked: u64,
}

/// The commit fetched last.
struct Last {
    head: Oid,
    revision: Revision,
    tree: Arc<GitTree>,
}

impl GitSource {
    /// A source with these settings. Nothing is read yet.
    ///
    /// # Errors
    /// [`SourceError::Invalid`] if the path leads out of the repository, or if this build does
    /// not reach it.
    pub fn open(settings: GitSettings) -> Result<Self, SourceError> {
        let settings = settings.checked()?;
        settings.address.is_within_reach(cfg!(feature = "remotes"))?;
        let state = State {
            last: None,
            failed: true,
            due: Instant::now() + settings.poll,
            hint: None,
            checked: 0,
        };
        if settings.address.is_plain_http() && settings.login.token.is_some() {
            tracing::warn!(
                repository = %settings.address,
                "the token is sent over plain http: every listener on the way can read it"
            );
        }
        Ok(Self {
            id: settings.id(),
            site: Arc::new(Site { settings, cache: Mutex::new(None) }),
            workers: Workers::default(),
            state: Mutex::new(state),
            loss: Loss::new(),
        })
    }

    /// The id of this source.
    #[must_use]
    pub fn id(&self) -> &SourceId {
        &self.id
    }

    /// What the branch, tag or commit points at by now: only the list of references is read.
    ///
    /// # Errors
    /// If the repository cannot be read, or has no such reference.
    pub async fn look(&self) -> Result<Revision, SourceError> {
        Ok(Revision::new(self.converse(Site::look).await?.to_string()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self, last: &Last) -> Snapshot {
        Snapshot {
            source: self.id.clone(),
            revision: last.revision.clone(),
            start: self.site.settings.path.clone(),
            tree: Arc::clone(&last.tree) as _,
        }
    }

    /// Runs a conversation with the repository within its time.
    async fn converse<T: Send + 'static>(
        &self,
        talk: impl FnOnce(&Site, &worker::Cancel) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let site = Arc::clone(&self.site);
        let what = site.settings.address.to_string();
        let limit = site.settings.limits.time;
        self.workers.run(&what, limit, move |cancel| talk(&site, cancel)).await
    }

    /// The hint's counter, the count that is known already, when to look anyway, and
    /// whether a look is needed before it is worth fetching.
    fn arm(&self) -> (Option<(Counter, u64)>, Instant, bool) {
        let mut state = self.state();
        let State { hint, checked, .. } = &mut *state;
        if let Place::Local(path) = &self.site.settings.address.place {
            hint.get_or_insert_with(|| Hint::start(local::reference_folders(path)));
        }
        (hint.as_ref().map(|hint| (hint.counter(), *checked)), state.due, !state.failed)
    }

    /// Whether the repository is where it should be, as far as this machine can tell.
    fn is_there(&self) -> bool {
        match &self.site.settings.address.place {
            Place::Local(path) => local::is_there(path),
            _ => true,
        }
    }

    /// Looks where the reference points, and tells whether it is worth fetching.
    async fn moved(&self, count: Option<u64>) -> bool {
        let head = self.converse(Site::look).await;
        let mut state = self.state();
        state.due = Instant::now() + self.site.settings.poll;
        let last = state.last.as_ref().filter(|last| !last.tree.is_broken());
        // An error is worth fetching for: the loop learns of it.
        if !head.is_ok_and(|head| last.is_some_and(|last| last.head == head)) {
            return true;
        }
        state.checked = count.unwrap_or(state.checked);
        false
    }
}

impl Source for GitSource {
    async fn fetch(&self) -> Result<Snapshot, SourceError> {
        let known = {
            let mut state = self.state();
            state.failed = true;
            state.due = Instant::now() + self.site.settings.poll;
            state.last.as_ref().filter(|last| !last.tree.is_broken()).map(|last| last.head)
        };
        self.loss.note(self.is_there());
        let found = self.converse(move |site, cancel| site.fetch(known, cancel)).await?;
        let mut state = self.state();
        state.failed = false;
        if let Some(found) = found {
            state.last = Some(Last {
                head: found.head,
                revision: Revision::new(found.commit.to_string()),
                tree: Arc::new(found.tree),
            });
        }
        let last = state.last.as_ref().expect("BUG: only what is known can be unchanged");
        Ok(self.snapshot(last))
    }

    async fn changed(&self) {
        loop {
            let (hint, due, settled) = self.arm();
            let count = match hint {
                Some((mut counter, known)) if settled => {
                    tokio::select! {
                        biased;
                        () = counter.changed(known) => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                    Some(counter.now())
                }
                _ => {
                    tokio::time::sleep_until(due).await;
                    None
                }
            };
            if !settled || self.moved(count).await {
                return;
            }
        }
    }

    async fn returned(&self) {
        self.loss.ends(|| self.is_there()).await;
    }
}
