//! libgit2 blocks and has no time limits of its own, so each conversation runs on a
//! thread of its own that is abandoned when its time is over. The thread stops at the
//! next byte it receives; one that never receives another is left to the kernel.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use world::SourceError;

/// So many abandoned threads are borne with before no further one is started.
const MAX_ABANDONED: usize = 16;

/// Tells a conversation that nobody waits for it any more.
#[derive(Clone, Default)]
pub(super) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Whether to stop.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sets a cancel when the waiting future is dropped.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Counts a thread for as long as it runs, however it ends.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn begin(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The threads of one source.
#[derive(Default)]
pub(super) struct Workers {
    running: Arc<AtomicUsize>,
}

impl Workers {
    /// Runs `work` on a thread and waits for it, at most for `limit`. `what` begins the
    /// error text when the time is over.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        what: &str,
        limit: Duration,
        work: impl FnOnce(&Cancel) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        if self.running.load(Ordering::Relaxed) >= MAX_ABANDONED {
            return Err(SourceError::Unreachable(format!(
                "{what}: {MAX_ABANDONED} earlier attempts are still waiting for an answer"
            )));
        }
        let cancel = Cancel::default();
        let _on_drop = CancelOnDrop(cancel.clone());
        let running = Running::begin(&self.running);
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new().name("git".to_owned()).spawn(move || {
            let _running = running;
            // Nobody may be waiting any more.
            let _ = sender.send(work(&cancel));
        });
        if let Err(error) = thread {
            return Err(SourceError::Unreachable(format!("{what}: no thread: {error}")));
        }
        match tokio::time::timeout(limit, receiver).await {
            Ok(answer) => answer.expect("BUG: a conversation with git does not panic"),
            Err(_) => Err(SourceError::Unreachable(format!(
                "{what}: no end after {} s",
                limit.as_secs_f32()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn abandoned_threads_are_reported_and_bounded_in_number() {
        let workers = Workers::default();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let (report, reports) = mpsc::channel();
        for _ in 0..MAX_ABANDONED {
            let (held, report) = (Arc::clone(&held), report.clone());
            let stuck = workers.run("x.git", Duration::from_millis(1), move |cancel| {
                // Ends when the other side hangs up.
                let _ = held.lock().unwrap().recv();
                report.send(cancel.is_set()).unwrap();
                Ok(())
            });
            assert!(matches!(stuck.await, Err(SourceError::Unreachable(_))));
        }
        let refused = workers.run("x.git", Duration::from_mins(1), |_| Ok(())).await;
        let Err(SourceError::Unreachable(text)) = refused else { panic!("one more was started") };
        assert!(text.contains("earlier attempts"), "{text}");
        drop((release, report));
        assert_eq!(reports.iter().collect::<Vec<bool>>(), [true; MAX_ABANDONED]);
        while workers.running.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run("x.git", Duration::from_mins(1), |_| Ok(7)).await, Ok(7));
    }
}
