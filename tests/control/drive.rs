//! Virtual time: polls one future, and when it sleeps moves the clock to the next timer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use reconciler::model::time::Timestamp;
use reconciler::world::Clock;

/// A clock that only moves when everything sleeps.
#[derive(Default)]
pub(crate) struct VirtualClock {
    /// What passes: sleeps know nothing of a clock that is set.
    passed: Cell<Timestamp>,
    /// By how much the clock was set back.
    back: Cell<Timestamp>,
    next: Cell<u64>,
    timers: RefCell<BTreeMap<(Timestamp, u64), Option<Waker>>>,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.passed.get().0 - self.back.get().0)
    }

    async fn sleep(&self, span: Duration) {
        let key = (self.passed.get().plus(span), self.next.replace(self.next.get() + 1));
        let _timer = Timer { clock: self, key };
        poll_fn(|context| {
            if self.passed.get() >= key.0 {
                return Poll::Ready(());
            }
            self.timers.borrow_mut().insert(key, Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

impl VirtualClock {
    /// Somebody, or NTP, sets the clock back.
    pub(crate) fn set_back(&self, span: Duration) {
        self.back.set(self.back.get().plus(span));
    }
}

/// Removes a timer when its sleep ends or is dropped.
struct Timer<'a> {
    clock: &'a VirtualClock,
    key: (Timestamp, u64),
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.clock.timers.borrow_mut().remove(&self.key);
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Runs a future to its end.
///
/// # Panics
/// If it waits for something that no timer brings.
pub(crate) fn drive<T>(clock: &VirtualClock, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&flag));
    loop {
        while flag.0.swap(false, Ordering::SeqCst) {
            if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return done;
            }
        }
        let first = clock.timers.borrow_mut().pop_first();
        let Some(((at, _), waiting)) = first else { panic!("stuck at {:?}", clock.now()) };
        clock.passed.set(clock.passed.get().max(at));
        waiting.into_iter().for_each(Waker::wake);
    }
}
