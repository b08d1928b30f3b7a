//! Reads desired state on a thread of its own: contexts are hashed and links followed there,
//! and the loop, the lease's signs of life, the API and signals go on meanwhile.
//!
//! Dropping the answer cancels the reading: from then on the tree gives nothing, so
//! that the thread ends soon. A pass on its own ([`Reader::for_one_pass`]) first tries how far
//! it comes without a thread: most sources are read sooner than one is started.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::LocalBoxFuture;
use tokio::sync::oneshot;

use model::desired::{Deployment, DesiredState, Layout};
use model::secret::Content;
use model::tree::Commit;
use reconcile::control::Load;
use world::{Snapshot, Tree, TreeEntry, TreeError};

use super::loader::Loader;
use super::roots::Roots;

/// As much as the program's first thread has: how deep texts may be nested was measured there.
const STACK: usize = 8 << 20;

/// How many bytes are read without a thread, and how many files, folders and links.
const AT_ONCE: (u64, u64) = (2 << 20, 1000);

/// Reads desired state beside everything else.
#[derive(Debug)]
pub(in crate::cli) struct Reader {
    loader: Arc<Loader>,
    tries: bool,
}

impl Reader {
    /// Reads as this loader does, on a thread.
    pub(in crate::cli) fn new(loader: Loader) -> Self {
        Self { loader: Arc::new(loader), tries: false }
    }

    /// Reads as this loader does, on a thread where it is much.
    pub(in crate::cli) fn for_one_pass(loader: Loader) -> Self {
        Self { tries: true, ..Self::new(loader) }
    }

    /// Where engines' hosts see the source.
    pub(in crate::cli) fn roots(&self) -> &Roots {
        self.loader.roots()
    }

    /// What is read without a thread; `None` if it is too much.
    fn at_once(&self, snapshot: &Snapshot) -> Option<DesiredState> {
        let (bytes, asked) = AT_ONCE;
        let lent = Arc::new(Lent::new(&snapshot.tree, bytes, asked));
        let desired = self.loader.read(&Snapshot { tree: lent.clone(), ..snapshot.clone() });
        (!lent.is_over()).then_some(desired)
    }
}

impl Load for Reader {
    fn load<'a>(&'a self, snapshot: &Snapshot) -> LocalBoxFuture<'a, DesiredState> {
        if self.tries
            && let Some(desired) = self.at_once(snapshot)
        {
            self.loader.apply(&desired);
            return Box::pin(ready(desired));
        }
        let lent = Arc::new(Lent::new(&snapshot.tree, u64::MAX, u64::MAX));
        let wanted = Wanted(Arc::clone(&lent));
        let snapshot = Snapshot { tree: lent, ..snapshot.clone() };
        let (sender, answer) = oneshot::channel();
        let loader = Arc::clone(&self.loader);
        let read = {
            let (loader, snapshot) = (Arc::clone(&loader), snapshot.clone());
            move || drop(sender.send(loader.read(&snapshot)))
        };
        let thread = std::thread::Builder::new().name("load".to_owned()).stack_size(STACK);
        let started = thread.spawn(read).is_ok();
        Box::pin(async move {
            let _wanted = wanted;
            let desired = match answer.await.ok() {
                Some(desired) => desired,
                None if started => panic!("BUG: reading desired state does not panic"),
                // A machine without room for a thread: late is better than not at all.
                None => loader.read(&snapshot),
            };
            loader.apply(&desired);
            desired
        })
    }

    fn keep(
        &self,
        snapshot: &Snapshot,
        layout: Layout,
        deployment: &Deployment,
    ) -> Result<Content, String> {
        self.loader.keep(snapshot, layout, deployment)
    }

    fn restore(
        &self,
        kept: &Content,
        snapshot: &Snapshot,
        now: &Deployment,
    ) -> Result<Deployment, String> {
        self.loader.restore(kept, snapshot, now)
    }
}

/// Says that nobody wants the answer any more when it is dropped.
struct Wanted(Arc<Lent>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.asked.store(0, Ordering::Relaxed);
    }
}

/// A tree until it is given up, or until so much of it was read.
struct Lent {
    tree: Arc<dyn Tree>,
    bytes: AtomicU64,
    asked: AtomicU64,
}

impl Lent {
    fn new(tree: &Arc<dyn Tree>, bytes: u64, asked: u64) -> Self {
        Self { tree: Arc::clone(tree), bytes: AtomicU64::new(bytes), asked: AtomicU64::new(asked) }
    }

    fn is_over(&self) -> bool {
        self.asked.load(Ordering::Relaxed) == 0
    }

    fn over(&self, path: &str) -> TreeError {
        self.asked.store(0, Ordering::Relaxed);
        let why = "it is not read any more".to_owned();
        TreeError::Unreadable { path: path.to_owned(), why }
    }

    fn tree(&self, path: &str) -> Result<&dyn Tree, TreeError> {
        let left = self.asked.load(Ordering::Relaxed);
        // What was given up meanwhile stays so.
        let counted = left.checked_sub(1).filter(|left| *left > 0).is_some_and(|less| {
            let (set, seen) = (Ordering::Relaxed, Ordering::Relaxed);
            self.asked.compare_exchange(left, less, set, seen).is_ok()
        });
        if counted { Ok(&*self.tree) } else { Err(self.over(path)) }
    }
}

impl Tree for Lent {
    fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, TreeError> {
        let left = self.bytes.load(Ordering::Relaxed);
        match self.tree(path)?.read(path, limit.min(left)) {
            Err(TreeError::TooLarge { .. }) if left < limit => Err(self.over(path)),
            read => {
                let bytes = read.as_ref().map_or(0, Vec::len) as u64;
                self.bytes.store(left.saturating_sub(bytes), Ordering::Relaxed);
                read
            }
        }
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        self.tree(path)?.list(path)
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        self.tree(path)?.link(path)
    }

    fn host_path(&self) -> Option<&str> {
        self.tree.host_path()
    }

    fn commit(&self) -> Option<Commit> {
        self.tree.commit()
    }

    fn mark(&self, path: &str) -> Option<model::mark::Mark> {
        self.tree.mark(path)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use futures_util::future::join;

    use super::super::super::environment::Environment;
    use super::*;

    /// A folder with a stack, whose every answer is waited for.
    struct Slow {
        asked: Sender<()>,
        answer: Mutex<Receiver<()>>,
    }

    impl Tree for Slow {
        fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, TreeError> {
            let _ = self.asked.send(());
            // Longer than anything takes, so that a test fails and does not hang.
            let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
            match answer.recv_timeout(Duration::from_mins(1)).ok() {
                Some(()) if path == "compose.yaml" => {
                    Ok(b"name: abc\nservices: { web: { image: 'web:1' } }\n".to_vec())
                }
                Some(()) => Err(TreeError::Missing(path.to_owned())),
                None => panic!("nothing goes on while `{path}` is read"),
            }
        }

        fn list(&self, _: &str) -> Result<Vec<TreeEntry>, TreeError> {
            let kind = world::TreeKind::File { executable: false };
            Ok(vec![TreeEntry { name: "compose.yaml".to_owned(), kind }])
        }

        fn link(&self, path: &str) -> Result<String, TreeError> {
            Err(TreeError::Missing(path.to_owned()))
        }

        fn host_path(&self) -> Option<&str> {
            None
        }

        fn commit(&self) -> Option<Commit> {
            let time = model::tree::Time(model::time::Timestamp(0));
            Some(Commit { author: "Ann".to_owned(), subject: "shop".to_owned(), time })
        }
    }

    fn reader() -> Reader {
        let roots = Roots::of(std::collections::BTreeMap::new());
        let asked = (model::bounds::Bounds::default(), model::secret::Masker::new("key"));
        Reader::new(Loader::new(&Environment::of(&[]), None, asked, "local".into(), roots, None))
    }

    fn snapshot(tree: Arc<dyn Tree>) -> Snapshot {
        Snapshot { source: "git".into(), revision: "r1".into(), start: String::new(), tree }
    }

    #[tokio::test]
    async fn everything_else_goes_on_while_a_tree_is_read() {
        let ((asked, asks), (go, answer)) = (channel(), channel());
        let slow = Arc::new(Slow { asked, answer: Mutex::new(answer) });
        let reader = reader();
        let load = async {
            let desired = reader.load(&snapshot(slow)).await;
            assert_eq!(desired.deployments.len(), 1, "{:?}", desired.incomplete);
        };
        // A sign of life: on the loop's own thread it would never come to its turn.
        let beats = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            asks.recv_timeout(Duration::from_mins(1)).expect("it begins to read");
            for _ in 0..1000 {
                let _ = go.send(());
            }
        };
        join(load, beats).await;
    }

    #[tokio::test]
    async fn what_was_given_up_reads_nothing_more() {
        let ((asked, asks), (go, answer)) = (channel(), channel());
        let slow = Arc::new(Slow { asked, answer: Mutex::new(answer) });
        let reader = reader();
        let load = reader.load(&snapshot(slow));
        asks.recv_timeout(Duration::from_mins(1)).expect("it begins to read");
        drop(load);
        for _ in 0..1000 {
            let _ = go.send(());
        }
        // The thread ends, and the tree with it; whatever it asked before is all.
        assert_eq!(asks.iter().count(), 0);
    }

    #[test]
    fn what_is_lent_says_which_commit_it_is_of() {
        let ((asked, _), (_, answer)) = (channel(), channel());
        let slow: Arc<dyn Tree> = Arc::new(Slow { asked, answer: Mutex::new(answer) });
        assert_eq!(Lent::new(&slow, 1, 1).commit().expect("a commit").subject, "shop");
    }

    #[test]
    fn only_so_much_is_read_without_a_thread() {
        let files = |bytes: usize| sim::MemTree::new([("a", vec![b'x'; bytes])]);
        let lent = |bytes, asked| {
            let tree: Arc<dyn Tree> = Arc::new(files(10));
            Lent::new(&tree, bytes, asked)
        };
        let two = lent(100, 3);
        assert!(two.read("a", 100).is_ok() && two.read("a", 100).is_ok());
        assert!(two.read("a", 100).is_err() && two.is_over());
        let fifteen = lent(15, 100);
        assert!(fifteen.read("a", 100).is_ok() && !fifteen.is_over());
        assert!(fifteen.read("a", 100).is_err() && fifteen.is_over());
        // A file that the stack itself may not have is no matter of how much was read.
        let large = lent(15, 100);
        assert!(large.read("a", 5).is_err() && !large.is_over());
    }
}
