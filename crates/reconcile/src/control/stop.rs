//! Asking whatever runs to end: a flag that can be awaited, so that nobody polls it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// A request to end. All clones are one flag; it may be raised from any thread.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    requested: bool,
    wakers: Vec<Waker>,
}

impl Stop {
    /// A flag that nobody raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises it, for good.
    pub fn request(&self) {
        let wakers = {
            let mut state = self.state();
            state.requested = true;
            std::mem::take(&mut state.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether it was raised.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.state().requested
    }

    /// Returns when it is raised.
    pub async fn requested(&self) {
        poll_fn(|context| {
            let mut state = self.state();
            if state.requested {
                return Poll::Ready(());
            }
            if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                state.wakers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
