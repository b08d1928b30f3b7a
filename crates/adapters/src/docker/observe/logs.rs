//! A container's log as a stream of lines, for as long as it is read: nothing is kept but
//! the line that is under way, so that the engine waits for a slow reader.

use std::time::Duration;

use bollard::errors::Error;
use http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

use super::frames::{Fault, Lines, LogChannel, RawLine};
use super::hidden::Hidden;
use crate::docker::wire::error;
use crate::docker::wire::transport::Transport;
use crate::docker::{Docker, READ};
use crate::http::{full, percent_encoded};
use model::id::EngineName;
use model::observed::ContainerView;
use model::spec::Logging;
use model::time::Timestamp;
use world::OutsideError;
use world::remedy::with_remedy;

/// How much of a line is shown, in bytes.
pub const LONGEST_LINE: usize = 64 << 10;
/// How long an engine may take from one part of a log that is there to the next.
const PART: Duration = Duration::from_secs(30);
/// How much of an error's text is read.
const LONGEST_ERROR: usize = 64 << 10;

/// Which part of a log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// Nothing that was written before.
    pub since: Option<Timestamp>,
    /// Nothing that was written after.
    pub until: Option<Timestamp>,
    /// So many of the last lines; `None` for all.
    pub tail: Option<u64>,
    /// Whether it goes on until the container ends.
    pub follow: bool,
}

/// One line of a log, without the secrets of its container. The rest is the container's output:
/// its renderer escapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// What it was written to.
    pub channel: LogChannel,
    /// When, by the engine's clock; `None` if its log driver does not say.
    pub at: Option<Timestamp>,
    /// The line, at most [`LONGEST_LINE`] bytes of it.
    pub text: String,
    /// How many bytes it has in all, if that is not all of it.
    pub cut: Option<u64>,
}

/// The log of one container.
pub struct LogStream {
    engine: EngineName,
    body: Incoming,
    follow: bool,
    lines: Lines,
    hidden: Hidden,
    over: bool,
}

/// The drivers whose logs engines read as they are; of the others they keep a copy.
const READABLE: [&str; 3] = ["json-file", "local", "journald"];

impl Docker {
    /// Why there is no log of a container to read, now or later; `None` if its settings keep one.
    #[must_use]
    pub fn unlogged(&self, view: &ContainerView) -> Option<OutsideError> {
        let driver = unread(&view.spec.logging)?;
        let cause = format!(
            "{} keeps no log that can be read: its logging driver is `{driver}`",
            view.name
        );
        Some(OutsideError::Failed(with_remedy(
            &error::described(&self.name, &cause),
            "write `logging: { driver: local }` into its service, and apply that",
        )))
    }

    /// Opens the log of a container.
    ///
    /// # Errors
    /// Also if its log driver cannot be read, or its secrets: then nobody can tell what may be
    /// rendered.
    pub async fn logs(
        &self,
        view: &ContainerView,
        request: &LogRequest,
    ) -> Result<LogStream, OutsideError> {
        if let Some(error) = self.unlogged(view) {
            return Err(error);
        }
        let hidden = self.secrets(view).await?;
        let path = path(view, request);
        let body = self.within(READ, self.transport.open(&path)).await;
        let body = body.map_err(|error| match error {
            // The engine does not say whose log driver it is.
            OutsideError::Failed(why) => OutsideError::Failed(format!("{why}: {}", view.name)),
            other => other,
        })?;
        // What begins before the end of what is shown is known as a whole.
        let lines = Lines::new(view.spec.tty, LONGEST_LINE + hidden.longest());
        let (engine, follow) = (self.name.clone(), request.follow);
        Ok(LogStream { engine, body, follow, lines, hidden, over: false })
    }
}

impl LogStream {
    /// The next line; `None` at the end: of a log that is followed when its container ends.
    ///
    /// # Errors
    /// If the rest cannot be read. There is no deadline for a log that is followed: silence is
    /// no fault.
    pub async fn next(&mut self) -> Result<Option<LogLine>, OutsideError> {
        loop {
            if let Some(line) = self.lines.pop() {
                return Ok(Some(rendered(&line, &self.hidden)));
            }
            if self.over {
                return Ok(None);
            }
            let frame = if self.follow {
                self.body.frame().await
            } else {
                let part = tokio::time::timeout(PART, self.body.frame()).await;
                part.map_err(|_| error::timeout(&self.engine))?
            };
            match frame {
                None => {
                    self.lines.end();
                    self.over = true;
                }
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.lines.add(&data).map_err(|fault| self.fault(fault))?;
                }
                Some(Err(error)) => return Err(error::outside(&self.engine, &error.into())),
            }
        }
    }

    fn fault(&self, fault: Fault) -> OutsideError {
        let why = match fault {
            Fault::Form => "its log is not of the known form".to_owned(),
            Fault::Reported(text) => text,
        };
        OutsideError::Failed(error::described(&self.engine, &why))
    }
}

impl Transport {
    /// Opens the stream that is the answer to a GET of this path and query.
    pub(in crate::docker) async fn open(&self, path: &str) -> Result<Incoming, Error> {
        let version = self.engine().await?.version;
        let uri = format!("/v{version}{path}");
        let response = self.call(Request::get(uri).body(full(""))?).await?;
        let status_code = response.status().as_u16();
        if status_code == 200 {
            return Ok(response.into_body());
        }
        let answer = http_body_util::Limited::new(response.into_body(), LONGEST_ERROR);
        let answer = answer.collect().await.map(http_body_util::Collected::to_bytes);
        let answer = answer.unwrap_or_default();
        let parsed = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
        let message = parsed["message"].as_str().unwrap_or("it gives nothing to read").to_owned();
        Err(Error::DockerResponseServerError { status_code, message })
    }
}

/// The driver, if it keeps nothing that the engine could read.
fn unread(logging: &Logging) -> Option<&str> {
    let driver = logging.driver.as_deref()?;
    let without_copy = logging.options.get("cache-disabled").is_some_and(|text| text == "true");
    (driver == "none" || without_copy && !READABLE.contains(&driver)).then_some(driver)
}

/// The path and query of a request.
fn path(view: &ContainerView, request: &LogRequest) -> String {
    let id = percent_encoded(view.id.as_str());
    let time = |name: &str, at: Option<Timestamp>| at.map(|at| format!("&{name}={}", seconds(at)));
    let times = [time("since", request.since), time("until", request.until)];
    let times: String = times.into_iter().flatten().collect();
    let tail = request.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    let follow = if request.follow { "&follow=true" } else { "" };
    format!(
        "/containers/{id}/logs?stdout=true&stderr=true&timestamps=true&tail={tail}{times}{follow}"
    )
}

/// A time as engines read it in a query.
pub(super) fn seconds(at: Timestamp) -> String {
    format!("{}.{:09}", at.0 / 1_000_000_000, at.0 % 1_000_000_000)
}

fn rendered(line: &RawLine, hidden: &Hidden) -> LogLine {
    let text = String::from_utf8_lossy(&line.bytes);
    let (text, cut) = hidden.mask(&text, LONGEST_LINE);
    let is_cut = cut || line.length > line.bytes.len() as u64;
    let cut = is_cut.then_some(line.length);
    LogLine { channel: line.channel, at: line.at, text, cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, secrets: &[&str]) -> LogLine {
        let hidden = Hidden::of(secrets.iter().map(|text| (*text).to_owned()).collect());
        let keep = LONGEST_LINE + hidden.longest();
        let mut bytes = text.as_bytes().to_vec();
        bytes.truncate(keep);
        let (channel, length) = (LogChannel::Stdout, text.len() as u64);
        rendered(&RawLine { channel, at: None, bytes, length }, &hidden)
    }

    #[test]
    fn nothing_of_a_secret_shows_where_a_huge_line_is_cut() {
        for before in LONGEST_LINE - 12..=LONGEST_LINE + 2 {
            let text = format!("{}hunter2hunter2{}", "x".repeat(before), "y".repeat(100));
            let rendered = line(&text, &["hunter2"]);
            assert!(!rendered.text.contains('h') && !rendered.text.contains('y'), "{before}");
            assert_eq!(rendered.cut, Some(text.len() as u64));
        }
        let longest = "x".repeat(LONGEST_LINE);
        assert_eq!(line(&longest, &[]).cut, None);
        assert_eq!(line(&format!("{longest}x"), &[]).cut, Some(LONGEST_LINE as u64 + 1));
    }

    #[test]
    fn a_driver_that_keeps_nothing_is_known() {
        let of = |driver: Option<&str>, cache: Option<&str>| {
            let cache = cache.map(|text| ("cache-disabled".to_owned(), text.to_owned()));
            let (driver, options) = (driver.map(str::to_owned), cache.into_iter().collect());
            unread(&Logging { driver, options }).is_some()
        };
        assert!(of(Some("none"), None) && of(Some("syslog"), Some("true")));
        assert!(!of(None, None) && !of(Some("syslog"), None) && !of(Some("syslog"), Some("false")));
        assert!(!of(Some("json-file"), Some("true")) && !of(Some("local"), None));
    }

    #[test]
    fn times_are_asked_for_to_the_nanosecond() {
        assert_eq!(seconds(Timestamp(1_700_000_000_000_000_001)), "1700000000.000000001");
    }
}
