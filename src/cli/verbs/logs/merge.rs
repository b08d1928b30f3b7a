//! The logs of several containers as one, in the order of the engines' clocks. Of each no more is
//! held than the next line.

use std::collections::VecDeque;
use std::sync::Arc;

use adapters::docker::{LogLine, LogStream};
use futures_util::{StreamExt as _, stream};
use model::printable::one_line;
use model::time::Timestamp;
use world::OutsideError;

use super::super::super::console::Console;
use super::super::super::render::log_line::Speaker;
use super::super::chosen::Faults;
use super::Wanted;
use super::print::Printer;

/// How many logs are opened at once.
const AT_ONCE: usize = 8;
/// How much of the end of a log is held at most, in bytes, where the engine cannot find it.
const MOST: usize = 64 << 20;

/// Prints all that the logs hold by now.
pub(super) async fn merge(
    console: Console,
    wanted: Vec<Wanted>,
    mut printer: Printer,
    faults: &mut Faults,
) {
    let opened = stream::iter(wanted).map(opened).buffered(AT_ONCE);
    let mut sources = Vec::new();
    let opened: Vec<_> = opened.collect().await;
    for (opened, never_started) in opened {
        match opened {
            Ok(source) => sources.extend(source),
            Err(error) => faults.say(console, &error),
        }
        if let Some(why) = never_started {
            console.complain(&one_line(&why));
        }
    }
    while let Some(at) = earliest(sources.iter().map(|source| source.at)) {
        let source = &mut sources[at];
        if printer.print(&source.speaker, &source.head).is_err() {
            return;
        }
        match source.advance().await {
            Ok(true) => {}
            Ok(false) => drop(sources.remove(at)),
            Err(error) => {
                faults.say(console, &error);
                sources.remove(at);
            }
        }
    }
}

/// Opens a log; of one that cannot be read, or is empty, also why its container did not start.
async fn opened(wanted: Wanted) -> (Result<Option<Source>, OutsideError>, Option<String>) {
    let (docker, name, id) =
        (Arc::clone(&wanted.docker), wanted.view.name.clone(), wanted.view.id.clone());
    let opened = Source::open(wanted).await;
    if matches!(opened, Ok(Some(_))) {
        return (opened, None);
    }
    let why = docker.start_error(&id).await.ok().flatten();
    (opened, why.map(|why| format!("note: {name} did not start: {why}")))
}

/// The place of the earliest time, of equal ones the first.
fn earliest(times: impl Iterator<Item = Timestamp>) -> Option<usize> {
    times.enumerate().min_by_key(|(place, at)| (*at, *place)).map(|(place, _)| place)
}

/// A log, and its next line.
struct Source {
    speaker: Speaker,
    head: LogLine,
    /// When that was written; never before the line before it.
    at: Timestamp,
    rest: Rest,
}

/// What comes after the next line.
enum Rest {
    /// What the engine still sends.
    Stream(Box<LogStream>),
    /// What was read already.
    Read(VecDeque<LogLine>),
}

impl Source {
    /// Opens a log; `None` if it is empty.
    async fn open(wanted: Wanted) -> Result<Option<Self>, OutsideError> {
        let Wanted { docker, speaker, view, mut request } = wanted;
        // The engine counts lines from the end of the log, and leaves out of these what is later.
        let tail = request.until.and_then(|_| request.tail.take());
        let mut stream = Box::new(docker.logs(&view, &request).await?);
        let mut rest = match tail {
            None => Rest::Stream(stream),
            Some(tail) => Rest::Read(last(&mut stream, tail).await?),
        };
        let head = rest.next().await?;
        Ok(head.map(|head| {
            let at = head.at.unwrap_or_default();
            Self { speaker, head, at, rest }
        }))
    }

    /// Goes on to the next line, if there is one.
    async fn advance(&mut self) -> Result<bool, OutsideError> {
        let Some(next) = self.rest.next().await? else { return Ok(false) };
        self.at = next.at.map_or(self.at, |at| at.max(self.at));
        self.head = next;
        Ok(true)
    }
}

impl Rest {
    async fn next(&mut self) -> Result<Option<LogLine>, OutsideError> {
        match self {
            Self::Stream(stream) => stream.next().await,
            Self::Read(lines) => Ok(lines.pop_front()),
        }
    }
}

/// The last lines of a log.
async fn last(stream: &mut LogStream, tail: u64) -> Result<VecDeque<LogLine>, OutsideError> {
    let mut kept = Last { tail, ..Last::default() };
    while let Some(line) = stream.next().await? {
        kept.add(line);
    }
    Ok(kept.lines)
}

/// The last lines of many.
#[derive(Default)]
struct Last {
    tail: u64,
    bytes: usize,
    lines: VecDeque<LogLine>,
}

impl Last {
    fn add(&mut self, line: LogLine) {
        let size = |line: &LogLine| line.text.len() + size_of::<LogLine>();
        self.bytes += size(&line);
        self.lines.push_back(line);
        while self.lines.len() as u64 > self.tail || self.bytes > MOST {
            let Some(first) = self.lines.pop_front() else { return };
            self.bytes -= size(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::docker::LogChannel;

    #[test]
    fn the_earliest_comes_first_and_of_equal_ones_the_first() {
        let times = |times: &[u64]| earliest(times.iter().map(|at| Timestamp(*at)));
        assert_eq!(times(&[3, 1, 2]), Some(1));
        assert_eq!(times(&[2, 1, 1]), Some(1));
        assert_eq!(times(&[]), None);
    }

    #[test]
    fn of_what_is_held_the_last_lines_stay() {
        let line = |text: &str| LogLine {
            channel: LogChannel::Stdout,
            at: None,
            text: text.to_owned(),
            cut: None,
        };
        let mut last = Last { tail: 2, ..Last::default() };
        for text in ["a", "b", "c"] {
            last.add(line(text));
        }
        let texts = |last: &Last| last.lines.iter().map(|l| l.text.clone()).collect::<String>();
        assert_eq!(texts(&last), "bc");
        let mut large = Last { tail: u64::MAX, ..Last::default() };
        (0..100).for_each(|_| large.add(line(&"x".repeat(1 << 20))));
        assert!(large.lines.len() < 64 && large.bytes <= MOST, "{}", large.lines.len());
        let mut none = Last::default();
        none.add(line("a"));
        assert!(none.lines.is_empty());
    }
}
