//! Virtual time: polls one future, and when it sleeps moves the clock to the next timer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use model::time::{Instant, Timestamp};
use world::Clock;

/// A clock that only moves when everything sleeps.
#[derive(Default)]
pub(crate) struct VirtualClock {
    /// What passes: sleeps know nothing of a clock that is set.
    passed: Cell<Instant>,
    /// By how many nanoseconds the calendar was set forward, or back.
    set: Cell<i64>,
    next: Cell<u64>,
    timers: RefCell<BTreeMap<(Instant, u64), Option<Waker>>>,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.passed.get().0.saturating_add_signed(self.set.get()))
    }

    fn instant(&self) -> Instant {
        self.passed.get()
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
    /// How much time has passed since the beginning.
    pub(crate) fn passed(&self) -> Duration {
        self.passed.get().since(Instant::default())
    }

    /// The engine's own calendar, which nobody sets.
    pub(crate) fn engine(&self) -> Timestamp {
        Timestamp(self.passed.get().0)
    }

    /// An operator, or NTP, sets the clock: forward, or back.
    pub(crate) fn set(&self, seconds: i64) {
        self.set.set(self.set.get() + seconds * 1_000_000_000);
    }
}

/// Removes a timer when its sleep ends or is dropped.
struct Timer<'a> {
    clock: &'a VirtualClock,
    key: (Instant, u64),
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
