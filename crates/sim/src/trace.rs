//! What happened in a simulated world, line by line: for people, and to compare two runs.

use model::digest::Digest;
use model::time::Timestamp;

/// The record of everything that was asked and everything that happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    lines: Vec<String>,
}

impl Trace {
    /// Adds a line with the time since the world began.
    pub(super) fn note(&mut self, began: Timestamp, now: Timestamp, line: &str) {
        let span = now.since(began);
        let time = format!("{}.{:03}s", span.as_secs(), span.subsec_millis());
        self.lines.push(format!("{time:>11}  {line}"));
    }

    /// The lines from this one on.
    pub(super) fn from(&self, line: usize) -> &[String] {
        self.lines.get(line..).unwrap_or_default()
    }

    /// One hash over all lines.
    pub(super) fn digest(&self) -> Digest {
        Digest::of_parts(self.lines.iter().map(String::as_bytes))
    }
}
