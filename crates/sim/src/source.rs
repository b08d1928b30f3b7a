//! A source in memory: files that a script changes, handed out as revisions.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use model::digest::Digest;
use model::id::{Revision, SourceId};
use model::mark::Mark;
use world::{Snapshot, Source, SourceError, Tree, TreeEntry, TreeError, TreeKind};

/// Files by path, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemTree {
    files: BTreeMap<String, Vec<u8>>,
    links: BTreeMap<String, String>,
    marks: BTreeMap<String, Mark>,
}

impl MemTree {
    /// A tree of these files.
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path.into(), bytes.into()));
        Self { files: files.collect(), links: BTreeMap::new(), marks: BTreeMap::new() }
    }

    /// The same with these symbolic links.
    #[must_use]
    pub fn with_links(self, links: BTreeMap<String, String>) -> Self {
        Self { links, ..self }
    }

    /// The same with files of these marks.
    #[must_use]
    pub fn with_marks(self, marks: BTreeMap<String, Mark>) -> Self {
        Self { marks, ..self }
    }

    fn digest(&self) -> Digest {
        let files = self.files.iter().flat_map(|(path, bytes)| [path.as_bytes(), bytes]);
        let links = self.links.iter().flat_map(|(path, to)| [path.as_bytes(), to.as_bytes()]);
        Digest::of_parts(files.chain(links))
    }
}

impl Tree for MemTree {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        match self.files.get(path) {
            Some(bytes) if bytes.len() as u64 > limit => {
                Err(TreeError::TooLarge { path: path.to_owned(), limit })
            }
            Some(bytes) => Ok(bytes.clone()),
            None if self.links.contains_key(path) || self.list(path).is_ok() => {
                Err(TreeError::NotAFile(path.to_owned()))
            }
            None => Err(TreeError::Missing(path.to_owned())),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let files = self.files.keys().map(|file| (file, TreeKind::File { executable: false }));
        let links = self.links.keys().map(|link| (link, TreeKind::Link));
        let entries: BTreeSet<TreeEntry> = files
            .chain(links)
            .filter_map(|(path, kind)| Some((path.strip_prefix(&prefix)?, kind)))
            .map(|(rest, kind)| match rest.split_once('/') {
                Some((folder, _)) => (folder, TreeKind::Folder),
                None => (rest, kind),
            })
            .map(|(name, kind)| TreeEntry { name: name.to_owned(), kind })
            .collect();
        if entries.is_empty() && !path.is_empty() {
            return Err(TreeError::Missing(path.to_owned()));
        }
        Ok(entries.into_iter().collect())
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        self.links.get(path).cloned().ok_or_else(|| TreeError::Missing(path.to_owned()))
    }

    fn host_path(&self) -> Option<&str> {
        None
    }

    fn mark(&self, path: &str) -> Option<Mark> {
        self.marks.get(path).cloned()
    }
}

/// A source whose revisions a script pushes. Clones are the same source.
#[derive(Clone, Debug)]
pub struct SimSource {
    shared: Rc<Shared>,
    seen: Cell<u64>,
}

#[derive(Debug)]
struct Shared {
    id: SourceId,
    head: RefCell<Result<MemTree, SourceError>>,
    pushes: Cell<u64>,
    wakers: RefCell<Vec<Waker>>,
}

impl SimSource {
    /// A source that holds this tree.
    #[must_use]
    pub fn new(id: SourceId, tree: MemTree) -> Self {
        let shared = Shared {
            id,
            head: RefCell::new(Ok(tree)),
            pushes: Cell::new(0),
            wakers: RefCell::default(),
        };
        Self { shared: Rc::new(shared), seen: Cell::new(0) }
    }

    /// The next revision, or the error that fetching gives from now on.
    pub fn push(&self, head: Result<MemTree, SourceError>) {
        *self.shared.head.borrow_mut() = head;
        self.shared.pushes.set(self.shared.pushes.get() + 1);
        self.shared.wakers.take().into_iter().for_each(Waker::wake);
    }
}

impl Source for SimSource {
    async fn fetch(&self) -> Result<Snapshot, SourceError> {
        let tree = self.shared.head.borrow().clone()?;
        Ok(Snapshot {
            source: self.shared.id.clone(),
            revision: Revision::new(tree.digest().as_str()),
            start: String::new(),
            tree: Arc::new(tree),
        })
    }

    async fn returned(&self) {
        std::future::pending::<()>().await;
    }

    async fn changed(&self) {
        poll_fn(|cx| {
            let pushes = self.shared.pushes.get();
            if pushes > self.seen.get() {
                self.seen.set(pushes);
                return Poll::Ready(());
            }
            self.shared.wakers.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
