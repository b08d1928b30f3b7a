//! Hints that something happened on the engine. What happened is never read: any event
//! only says that it is worth looking again, and so does a stream that was lost.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{Docker, READ};

/// What is listened to. Everything else (exec of a health check, layers) is noise.
const FILTERS: &str = r#"{"type":["container","network"],"event":["create","start","die","destroy","health_status","rename","update","pause","unpause","connect","disconnect"]}"#;
/// After so long without an event, the engine is asked whether it is still there: a cut
/// cable ends no stream.
const IDLE: Duration = Duration::from_secs(15);
/// Pauses between two attempts to connect: the first, doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(15);

/// A stream of events, or the wait for one. It outlives a call that is given up, so that
/// nothing is missed between two calls.
#[derive(Default)]
pub(super) struct Subscription {
    stream: Option<Incoming>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl Docker {
    /// Returns when the engine reported something since the last call, and each time
    /// that a stream of events was opened, since what happened before it is unknown, or
    /// lost, since then the engine may be gone.
    ///
    /// Never fails: while the engine cannot be reached, it tries again with growing
    /// pauses. May be dropped and called again at any time.
    pub async fn stirred(&self) {
        let mut subscription = self.events.lock().await;
        loop {
            let Some(stream) = &mut subscription.stream else {
                if self.subscribe(&mut subscription).await {
                    return;
                }
                continue;
            };
            match tokio::time::timeout(IDLE, stream.frame()).await {
                Ok(Some(Ok(_))) => {
                    drain(stream);
                    return;
                }
                Ok(Some(Err(_)) | None) => {
                    subscription.stream = None;
                    self.transport.forget().await;
                    return;
                }
                Err(_) => {
                    if self.ping().await.is_err() {
                        subscription.stream = None;
                        return;
                    }
                }
            }
        }
    }

    async fn subscribe(&self, subscription: &mut Subscription) -> bool {
        if let Some(at) = subscription.retry_at {
            tokio::time::sleep_until(at).await;
        }
        let opened = tokio::time::timeout(READ, self.transport.open_events(FILTERS)).await;
        let error = match opened {
            Ok(Ok(stream)) => {
                *subscription = Subscription { stream: Some(stream), ..Subscription::default() };
                return true;
            }
            Ok(Err(error)) => super::error::outside(&self.name, &error),
            Err(_) => super::error::timeout(&self.name),
        };
        let pause = pause(subscription.failures);
        subscription.failures = subscription.failures.saturating_add(1);
        subscription.retry_at = Some(Instant::now() + pause);
        tracing::debug!(engine = %self.name, %error, ?pause, "no events for now");
        false
    }
}

/// Takes what has already arrived: many events at once are one reason to look.
fn drain(stream: &mut Incoming) {
    let arrived = |stream: &mut Incoming| -> Option<Bytes> {
        stream.frame().now_or_never()??.ok()?.into_data().ok()
    };
    while arrived(stream).is_some() {}
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2u32.saturating_pow(failures)).min(LAST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let seconds: Vec<f32> = (0..8).map(|failures| pause(failures).as_secs_f32()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]);
        assert_eq!(pause(u32::MAX), LAST_PAUSE);
    }
}
