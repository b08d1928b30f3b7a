//! Waiting in virtual time.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::state::State;
use model::time::Timestamp;

/// Waits in virtual time.
pub(super) struct Sleep {
    state: Rc<RefCell<State>>,
    span: Duration,
    ticket: Option<(Timestamp, u64)>,
}

impl Sleep {
    pub(super) fn new(state: Rc<RefCell<State>>, span: Duration) -> Self {
        Self { state, span, ticket: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let state = Rc::clone(&self.state);
        let timeline = &mut state.borrow_mut().timeline;
        let span = self.span;
        let ticket = *self.ticket.get_or_insert_with(|| timeline.ticket(span));
        if ticket.0 <= timeline.now {
            timeline.forget(ticket);
            return Poll::Ready(());
        }
        timeline.wake_at(ticket, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.state.borrow_mut().timeline.forget(ticket);
        }
    }
}
