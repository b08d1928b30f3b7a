//! Waiting for what happens elsewhere.

use std::time::{Duration, Instant};

/// Waits until the condition holds; fails the test loudly if it does not come.
#[expect(clippy::disallowed_methods, reason = "the world outside has no virtual clock")]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "it did not happen within a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
