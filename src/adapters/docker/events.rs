//! Hints that something happened on the engine. What happened is never read: any event
//! only says that it is worth looking again, and so does a stream that was lost.

use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::transport::Transport;
use super::{Docker, READ, error};
use crate::model::id::EngineName;
use crate::world::OutsideError;

/// What is listened to. Everything else (exec of a health check, layers) is noise.
const FILTERS: &str = r#"{"type":["container","network"],"event":["create","start","die","destroy","health_status","rename","update","pause","unpause","connect","disconnect"]}"#;
/// After so long without an event, the engine is asked whether it is still there: a cut
/// cable ends no stream.
const IDLE: Duration = Duration::from_secs(15);
/// Pauses between two attempts to connect: the first, doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(15);

/// A subscription to the engine's events, kept up by a task of its own: whoever waits for them
/// may give up and come again as often as another engine's events make it, and neither delays
/// the attempt to connect nor misses that the engine went away.
#[derive(Default)]
pub(super) struct Subscription(Option<Listening>);

struct Listening {
    /// How much was reported.
    count: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
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
            let listening = subscription.0.get_or_insert_with(|| {
                let (sender, count) = watch::channel(0);
                let listener = Listener {
                    engine: self.name.clone(),
                    transport: Arc::clone(&self.transport),
                    count: sender,
                };
                Listening { count, task: tokio::spawn(listener.listen()) }
            });
            match listening.count.changed().await {
                Ok(()) => return,
                // The task is gone, perhaps with the runtime that it ran on.
                Err(_) => subscription.0 = None,
            }
        }
    }
}

/// What keeps a subscription up.
struct Listener {
    engine: EngineName,
    transport: Arc<Transport>,
    count: watch::Sender<u64>,
}

impl Listener {
    /// Goes on until it is aborted.
    async fn listen(self) {
        let mut failures = 0;
        loop {
            let opened = self.within_read(self.transport.open_events(FILTERS)).await;
            match opened {
                Ok(stream) => {
                    failures = 0;
                    self.stir();
                    self.follow(stream).await;
                    // Whatever answers next may be another engine, or the same with other facts.
                    self.transport.forget().await;
                    self.stir();
                }
                Err(error) => {
                    let pause = pause(failures);
                    failures = failures.saturating_add(1);
                    tracing::debug!(engine = %self.engine, %error, ?pause, "no events for now");
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Tells what is reported, until the stream is lost.
    async fn follow(&self, mut stream: Incoming) {
        loop {
            match tokio::time::timeout(IDLE, stream.frame()).await {
                Ok(Some(Ok(_))) => {
                    drain(&mut stream);
                    self.stir();
                }
                Ok(Some(Err(_)) | None) => return,
                Err(_) => {
                    if self.within_read(self.transport.get("/_ping")).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn stir(&self) {
        self.count.send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn within_read<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, OutsideError> {
        match tokio::time::timeout(READ, call).await {
            Ok(answer) => answer.map_err(|error| error::outside(&self.engine, &error)),
            Err(_) => Err(error::timeout(&self.engine)),
        }
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
