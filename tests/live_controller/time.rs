//! Waiting in the real world: the one place where these tests sleep and read the clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longer than anything takes on a loaded machine: a test that waits this long failed. How
/// long something took is printed and judged by nobody: machines differ.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) fn pause(span: Duration) {
    #[expect(clippy::disallowed_methods, reason = "a test of the real world waits for it")]
    std::thread::sleep(span);
}

/// Waits until a controller that looks this often has looked again.
pub(crate) fn looks_again(every: Duration) {
    pause(every * 2 + Duration::from_secs(1));
}

/// Waits for the looks that the last events asked for. With a resync far beyond [`SOON`],
/// only what happens from now on can make the controller look.
pub(crate) fn quiet() {
    pause(Duration::from_secs(5));
}

/// Since 1970, as the engine stamps its events.
pub(crate) fn now() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "compared with the engine's own clock")]
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// Waits until it is so; fails the test if it does not become so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = now() + SOON;
    while !is_so() {
        assert!(now() < deadline, "it did not happen: {what}");
        pause(Duration::from_millis(50));
    }
}

/// Prints how long each of some events took: the figures that the issue asks for.
pub(crate) fn figures(what: &str, mut spans: Vec<Duration>) {
    spans.sort();
    let rank = |percent: usize| spans[(spans.len() * percent).div_ceil(100).max(1) - 1].as_millis();
    let (count, median, p99, most) = (spans.len(), rank(50), rank(99), rank(100));
    print(&format!("figure: {what}: n {count}, median {median} ms, p99 {p99} ms, max {most} ms"));
}

/// Prints for a reader of the test's output.
pub(crate) fn print(text: &str) {
    #[expect(clippy::print_stdout, reason = "figures and logs of a test")]
    {
        println!("{text}");
    }
}
