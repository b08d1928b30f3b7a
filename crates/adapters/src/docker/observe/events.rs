//! Hints that something happened on the engine. What happened is never read: an event only
//! says that it is worth looking again, and for which deployments; a stream that was lost, that
//! it is for all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::errors::Error;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::whose::Whose;
use crate::docker::wire::error;
use crate::docker::wire::transport::Transport;
use crate::docker::{Docker, READ};
use model::id::EngineName;
use world::{Changed, OutsideError};

/// What is listened to. Everything else (exec of a health check, layers) is noise.
const FILTERS: &str = r#"{"type":["container","network"],"event":["create","start","die","destroy","health_status","rename","update","pause","unpause","connect","disconnect"]}"#;
/// After so long without an event, the engine is asked whether it is still there: a cut
/// cable ends no stream.
pub(super) const IDLE: Duration = Duration::from_secs(15);
/// What is longer than this without an end is no event.
const LONGEST: usize = 1 << 20;
/// Pauses between two attempts to connect: the first, doubled up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(15);

/// What changed, until it is reported.
type Pending = Arc<Mutex<Option<Changed>>>;

/// A subscription to the engine's events, kept up by a task of its own: a caller that waits for them
/// may give up and come again as often as another engine's events make it, and neither delays
/// the attempt to connect nor misses that the engine went away.
#[derive(Default)]
pub(in crate::docker) struct Subscription(Option<Listening>);

struct Listening {
    /// How much was reported.
    count: watch::Receiver<u64>,
    /// The part that was not reported yet.
    pending: Pending,
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
    pub async fn changed(&self) -> Changed {
        let mut subscription = self.events.lock().await;
        loop {
            let listening = subscription.0.get_or_insert_with(|| {
                let (sender, count) = watch::channel(0);
                let pending = Pending::default();
                let listener = Listener {
                    engine: self.name.clone(),
                    transport: Arc::clone(&self.transport),
                    whose: Arc::clone(&self.whose),
                    count: sender,
                    pending: Arc::clone(&pending),
                };
                Listening { count, pending, task: tokio::spawn(listener.listen()) }
            });
            match listening.count.changed().await {
                Ok(()) => {
                    let changed = taken(&listening.pending);
                    // What was reported together with something before.
                    let Some(changed) = changed else { continue };
                    return changed;
                }
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
    whose: Arc<Whose>,
    count: watch::Sender<u64>,
    pending: Pending,
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
                    self.changed(Changed::Anything);
                    self.follow(stream).await;
                    // Whatever answers next may be another engine, or the same with other facts.
                    self.transport.forget().await;
                    self.changed(Changed::Anything);
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
        let mut lines = Pieces::default();
        loop {
            match tokio::time::timeout(IDLE, stream.frame()).await {
                Ok(Some(Ok(frame))) => {
                    let frames = frame.into_data().into_iter().chain(arrived(&mut stream));
                    let changes = frames.flat_map(|data| lines.add(&data));
                    let changes = changes.filter_map(|line| self.whose.changed(&line));
                    changes
                        .reduce(Changed::and)
                        .into_iter()
                        .for_each(|changed| self.changed(changed));
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

    fn changed(&self, changed: Changed) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        *pending = Some(match pending.take() {
            Some(before) => before.and(changed),
            None => changed,
        });
        drop(pending);
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

/// What was not reported yet, which counts as reported from now on.
fn taken(pending: &Pending) -> Option<Changed> {
    pending.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// What has already arrived: many events at once are one reason to look.
fn arrived(stream: &mut Incoming) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(|| stream.frame().now_or_never()??.ok()?.into_data().ok())
}

/// Events, one in a line, put together from parts of the stream.
#[derive(Default)]
pub(super) struct Pieces(Vec<u8>);

impl Pieces {
    /// The lines that are complete with this part.
    pub(super) fn add(&mut self, part: &[u8]) -> Vec<Vec<u8>> {
        self.0.extend(part);
        let Some(end) = self.0.iter().rposition(|byte| *byte == b'\n') else {
            return if self.0.len() > LONGEST {
                vec![std::mem::take(&mut self.0)]
            } else {
                Vec::new()
            };
        };
        let rest = self.0.split_off(end + 1);
        let lines = std::mem::replace(&mut self.0, rest);
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(<[u8]>::to_vec).collect()
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2u32.saturating_pow(failures)).min(LAST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_put_together_from_parts() {
        let mut lines = Pieces::default();
        let mut add = |part: &str| -> Vec<String> {
            let lines = lines.add(part.as_bytes()).into_iter();
            lines.map(|line| String::from_utf8(line).unwrap()).collect()
        };
        assert_eq!(add("{\"a\""), [""; 0]);
        assert_eq!(add(": 1}\n{}\r\n{\"b\""), ["{\"a\": 1}", "{}\r"]);
        assert_eq!(add(": 2}\n"), ["{\"b\": 2}"]);
        // What never ends is not kept for ever.
        assert_eq!(add(&"x".repeat(LONGEST + 1)).len(), 1);
        assert_eq!(add("{}\n"), ["{}"]);
    }

    #[test]
    fn pauses_double_up_to_a_limit() {
        let seconds: Vec<f32> = (0..8).map(|failures| pause(failures).as_secs_f32()).collect();
        assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0]);
        assert_eq!(pause(u32::MAX), LAST_PAUSE);
    }
}
