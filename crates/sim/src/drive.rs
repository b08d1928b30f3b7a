//! The executor of a simulated world: it polls one future, and when that waits, virtual
//! time jumps to whatever is due next. A crash drops the future.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::Sim;
use model::time::Timestamp;

/// How often a future may be polled at one instant before it counts as spinning.
const SPIN: u32 = 100_000;

/// How driving a future ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driven<T> {
    /// It finished.
    Done(T),
    /// The crash that was asked for happened: the future was dropped where it stood.
    Crashed,
    /// The time that it was given passed: the future was dropped.
    TimeUp,
}

impl<T> Driven<T> {
    /// What it finished with.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Crashed | Self::TimeUp => None,
        }
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Sim {
    /// Runs a future to its end, to the crash asked for with [`Sim::crash_at`], or until
    /// an instant.
    ///
    /// # Panics
    /// If the future waits for something that no time can bring (a deadlock), or is
    /// polled forever without time passing.
    pub fn drive<F: Future>(&self, future: F, until: Option<Timestamp>) -> Driven<F::Output> {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut future = pin!(future);
        let mut spins = 0;
        loop {
            if flag.0.swap(false, Ordering::Relaxed) {
                spins += 1;
                assert!(spins < SPIN, "BUG: the loop spins\n{}", self.trace().join("\n"));
                if self.state.borrow_mut().polled() {
                    return self.crashed();
                }
                match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(value) => return Driven::Done(value),
                    Poll::Pending if self.state.borrow().has_crashed() => return self.crashed(),
                    Poll::Pending => {}
                }
                continue;
            }
            spins = 0;
            let next = self.state.borrow().timeline.next();
            match (next, until) {
                (Some(next), until) if until.is_none_or(|until| next <= until) => self.jump(next),
                (_, Some(until)) => {
                    self.jump(until);
                    return Driven::TimeUp;
                }
                _ => panic!("BUG: deadlock, nothing is due\n{}", self.trace().join("\n")),
            }
        }
    }

    /// Lets virtual time pass without a controller.
    pub fn idle(&self, span: std::time::Duration) {
        let until = self.now().plus(span);
        loop {
            let next = self.state.borrow().timeline.next();
            match next.filter(|next| *next <= until) {
                Some(next) => self.jump(next),
                None => break,
            }
        }
        self.state.borrow_mut().timeline.now = until;
    }

    fn jump(&self, to: Timestamp) {
        let wakers = self.state.borrow_mut().advance(to);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn crashed<T>(&self) -> Driven<T> {
        self.state.borrow_mut().bury();
        Driven::Crashed
    }
}
