//! The machine's clocks: the one place that asks the operating system for the time.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::time::{Instant, Timestamp};
use world::Clock;

/// When this process first asked: instants count from there.
static BEGIN: OnceLock<std::time::Instant> = OnceLock::new();

/// Wall time, monotonic time, and sleeping on the async runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the adapter that may")]
        let now = SystemTime::now();
        // A machine without a battery-backed clock may boot before 1970: that is "0".
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    fn instant(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "this is the adapter that may")]
        let now = std::time::Instant::now();
        let since = now.saturating_duration_since(*BEGIN.get_or_init(|| now));
        Instant(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_clock_moves_on_by_at_least_what_was_slept() {
        let (before, instant) = (SystemClock.now(), SystemClock.instant());
        assert!(before > Timestamp::from_secs(1_700_000_000), "{before:?} is in the past");
        SystemClock.sleep(Duration::from_millis(20)).await;
        assert!(SystemClock.now().since(before) >= Duration::from_millis(15));
        assert!(SystemClock.instant().since(instant) >= Duration::from_millis(15));
    }
}
