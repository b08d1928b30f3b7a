//! What a command costs: wall time, CPU and memory, and when the engine reported what it did.

use std::io;
use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant, SystemTime};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::engine::Engine;
use crate::{Failure, Watched};

/// How long events may come after the command's end.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the command and prints `name=value` lines. Memory is that of the largest process
/// under the command, and cannot be less than this program's own, from which it was forked.
pub(crate) fn measure(
    watched: &Watched,
    runtime: impl FnOnce() -> io::Result<Runtime>,
) -> Result<ExitCode, Failure> {
    let ended = match &watched.events {
        None => run(watched)?,
        Some((action, number)) => runtime()?.block_on(with_events(watched, action, *number))?,
    };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time() + usage.system_time();
    println!("wall_ms={:.2}", millis(ended.wall));
    println!("cpu_ms={:.2}", f64::from(i32::try_from(cpu.num_microseconds())?) / 1000.0);
    println!("rss_mib={:.1}", f64::from(i32::try_from(usage.max_rss())?) / 1024.0);
    if let Some((first, last)) = ended.events {
        println!("first_ms={:.2}\nlast_ms={:.2}", millis(first), millis(last));
    }
    Ok(ended.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(125).into())
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// A command that ended.
struct Ended {
    status: ExitStatus,
    /// From before it was started until it was waited for.
    wall: Duration,
    /// The first and the last event, counted from the command's start.
    events: Option<(Duration, Duration)>,
}

fn run(watched: &Watched) -> Result<Ended, Failure> {
    let mut command = watched.command()?;
    let start = Instant::now();
    let status = command.status()?;
    Ok(Ended { status, wall: start.elapsed(), events: None })
}

/// The events are read when the command has ended, so that reading them costs it nothing;
/// until then the socket holds them.
async fn with_events(watched: &Watched, action: &str, number: usize) -> Result<Ended, Failure> {
    let filter =
        format!("%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22{action}%22%5D%7D");
    let mut stream = Engine::of_environment()?.stream(&format!("/events?filters={filter}")).await?;
    let start = SystemTime::now();
    let mut ended = run(watched)?;
    if ended.status.success() {
        let (first, last) = tokio::time::timeout(GRACE, first_and_last(&mut stream, number))
            .await
            .map_err(|_| format!("fewer than {number} events `{action}`"))??;
        ended.events = Some((first.duration_since(start)?, last.duration_since(start)?));
    }
    Ok(ended)
}

#[derive(Deserialize)]
struct Event {
    /// By the engine's clock, which is ours: nanoseconds since 1970.
    #[serde(rename = "timeNano")]
    nanos: u64,
}

async fn first_and_last(
    stream: &mut Incoming,
    number: usize,
) -> Result<(SystemTime, SystemTime), Failure> {
    let mut text = Vec::new();
    let mut times = Vec::new();
    while times.len() < number {
        let frame = stream.frame().await.ok_or("the engine ended the stream of events")??;
        text.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let event: Event = serde_json::from_slice(&text[..end])?;
            times.push(SystemTime::UNIX_EPOCH + Duration::from_nanos(event.nanos));
            text.drain(..=end);
        }
    }
    let first = times.iter().min().ok_or("no event was asked for")?;
    Ok((*first, times[number - 1]))
}
