//! From the bytes of a log, as an engine sends them, to lines: with a terminal they come as they
//! are, without one in frames of standard output and error.
//!
//! The engine is asked to write a time before each message. It cuts what is longer than 16 KiB
//! into several, each of which has its own time, also in the midst of a line.

use std::collections::VecDeque;

use super::inspect::instant;
use model::time::Timestamp;

/// So long is a message at most; what follows in the same line begins with a time again.
const MESSAGE: usize = 16 << 10;
/// No time is longer than this.
const LONGEST_TIME: usize = 40;

/// What a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogChannel {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line as it came, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawLine {
    pub(super) channel: LogChannel,
    pub(super) at: Option<Timestamp>,
    /// The first bytes of it, as many as are kept.
    pub(super) bytes: Vec<u8>,
    /// How many there are in all.
    pub(super) length: u64,
}

/// What is no log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has another form than is known.
    Form,
    /// The engine says that it cannot go on.
    Reported(String),
}

/// Puts lines together.
pub(super) struct Lines {
    /// How many bytes of a line are kept.
    keep: usize,
    /// `None` with a terminal.
    frame: Option<Frame>,
    stdout: Line,
    stderr: Line,
    ready: VecDeque<RawLine>,
}

/// How far a frame was read.
struct Frame {
    header: Vec<u8>,
    kind: u8,
    left: usize,
    /// What the engine says in a frame of its own.
    report: Vec<u8>,
}

/// A line that has not ended yet.
#[derive(Default)]
struct Line {
    at: Option<Timestamp>,
    /// The time that is being read.
    time: Option<Vec<u8>>,
    bytes: Vec<u8>,
    length: u64,
    /// The last of them.
    end: u8,
    /// How much of it came since its last time.
    since: usize,
}

impl Lines {
    pub(super) fn new(terminal: bool, keep: usize) -> Self {
        let frame = Frame { header: Vec::new(), kind: 0, left: 0, report: Vec::new() };
        let stdout = Line { time: terminal.then(Vec::new), ..Line::default() };
        Self {
            keep,
            frame: (!terminal).then_some(frame),
            stdout,
            stderr: Line::default(),
            ready: VecDeque::new(),
        }
    }

    /// The next line that is complete.
    pub(super) fn pop(&mut self) -> Option<RawLine> {
        self.ready.pop_front()
    }

    /// Takes a part of the log.
    pub(super) fn add(&mut self, mut part: &[u8]) -> Result<(), Fault> {
        while !part.is_empty() {
            let Some(frame) = &mut self.frame else {
                self.stdout.add(part, self.keep, true, LogChannel::Stdout, &mut self.ready);
                return Ok(());
            };
            if frame.left == 0 {
                let taken = part.len().min(8 - frame.header.len());
                frame.header.extend_from_slice(&part[..taken]);
                part = &part[taken..];
                if frame.header.len() == 8 {
                    let kind = frame.begin()?;
                    let line = if kind == 2 { &mut self.stderr } else { &mut self.stdout };
                    line.time = Some(Vec::new());
                }
                continue;
            }
            let (data, rest) = part.split_at(part.len().min(frame.left));
            frame.left -= data.len();
            part = rest;
            match frame.kind {
                2 => self.stderr.add(data, self.keep, false, LogChannel::Stderr, &mut self.ready),
                3 => frame.hear(data)?,
                _ => self.stdout.add(data, self.keep, false, LogChannel::Stdout, &mut self.ready),
            }
        }
        Ok(())
    }

    /// The log is over: what has no end is a line, too.
    pub(super) fn end(&mut self) {
        for (line, channel) in
            [(&mut self.stdout, LogChannel::Stdout), (&mut self.stderr, LogChannel::Stderr)]
        {
            line.settle(self.keep);
            if line.length > 0 {
                self.ready.push_back(line.take(channel));
            }
        }
    }
}

impl Frame {
    /// Reads the header.
    fn begin(&mut self) -> Result<u8, Fault> {
        let header: [u8; 8] = self.header[..].try_into().map_err(|_| Fault::Form)?;
        self.header.clear();
        let [kind, 0, 0, 0, a, b, c, d] = header else { return Err(Fault::Form) };
        if kind > 3 {
            return Err(Fault::Form);
        }
        self.kind = kind;
        self.left = u32::from_be_bytes([a, b, c, d]) as usize;
        Ok(kind)
    }

    /// What the engine has to say instead of a log.
    fn hear(&mut self, data: &[u8]) -> Result<(), Fault> {
        let room = MESSAGE.saturating_sub(self.report.len());
        self.report.extend_from_slice(&data[..data.len().min(room)]);
        if self.left > 0 {
            return Ok(());
        }
        Err(Fault::Reported(String::from_utf8_lossy(&self.report).into_owned()))
    }
}

impl Line {
    fn add(
        &mut self,
        mut data: &[u8],
        keep: usize,
        terminal: bool,
        channel: LogChannel,
        ready: &mut VecDeque<RawLine>,
    ) {
        while !data.is_empty() {
            if let Some(time) = &mut self.time {
                // Up to its blank, or until it can be none any more.
                let byte = data[0];
                if byte != b'\n' {
                    time.push(byte);
                    data = &data[1..];
                }
                if matches!(byte, b' ' | b'\n') || time.len() >= LONGEST_TIME {
                    self.settle(keep);
                }
                continue;
            }
            let mut end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
            if terminal {
                end = end.min(MESSAGE - self.since);
            }
            let (some, rest) = data.split_at(end);
            self.push(some, keep);
            self.since += some.len();
            data = rest;
            if data.first() == Some(&b'\n') {
                data = &data[1..];
                ready.push_back(self.take(channel));
                self.time = terminal.then(Vec::new);
            } else if terminal && self.since == MESSAGE {
                self.since = 0;
                self.time = Some(Vec::new());
            }
        }
    }

    /// What looked like a time is one, or a part of the line.
    fn settle(&mut self, keep: usize) {
        let Some(read) = self.time.take() else { return };
        let text = std::str::from_utf8(&read).ok().and_then(|text| text.strip_suffix(' '));
        match text.and_then(instant) {
            // The line was begun when its first part was written.
            Some(at) => self.at = if self.length == 0 { Some(at) } else { self.at.or(Some(at)) },
            None => self.push(&read, keep),
        }
    }

    fn push(&mut self, bytes: &[u8], keep: usize) {
        let room = keep.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.length += bytes.len() as u64;
        self.end = bytes.last().copied().unwrap_or(self.end);
    }

    fn take(&mut self, channel: LogChannel) -> RawLine {
        let Self { at, mut bytes, mut length, end, .. } = std::mem::take(self);
        // A terminal ends lines with it.
        if end == b'\r' && length > 0 {
            length -= 1;
            bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        }
        RawLine { channel, at, bytes, length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T1: &str = "2026-11-30T20:00:00.000000001Z";
    const T2: &str = "2026-11-30T20:00:00.000000002Z";

    fn frame(kind: u8, text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[kind, 0, 0, 0], &length[..], text.as_bytes()].concat()
    }

    /// The lines of a log that comes in parts of this size: channel, last digit of the time, text.
    fn read(terminal: bool, bytes: &[u8], size: usize) -> Vec<(LogChannel, Option<u64>, String)> {
        let mut lines = Lines::new(terminal, 1 << 20);
        for part in bytes.chunks(size) {
            lines.add(part).unwrap();
        }
        lines.end();
        std::iter::from_fn(|| lines.pop())
            .map(|line| {
                let text = String::from_utf8(line.bytes).unwrap();
                (line.channel, line.at.map(|at| at.0 % 10), text)
            })
            .collect()
    }

    #[test]
    fn frames_become_lines_however_they_are_cut() {
        let log = [
            frame(1, &format!("{T1} first\n")),
            frame(1, &format!("{T1} one half, ")),
            frame(2, &format!("{T2} between\n")),
            frame(1, &format!("{T2} and the other\n")),
            frame(1, &format!("{T2} \n")),
            frame(2, "no time\n"),
            frame(1, &format!("{T2} no end")),
        ]
        .concat();
        for size in [1, 7, 50, 10_000] {
            let expected = [
                (LogChannel::Stdout, Some(1), "first"),
                (LogChannel::Stderr, Some(2), "between"),
                (LogChannel::Stdout, Some(1), "one half, and the other"),
                (LogChannel::Stdout, Some(2), ""),
                (LogChannel::Stderr, None, "no time"),
                (LogChannel::Stdout, Some(2), "no end"),
            ];
            let expected = expected.map(|(channel, at, text)| (channel, at, text.to_owned()));
            assert_eq!(read(false, &log, size), expected, "in parts of {size}");
        }
    }

    #[test]
    fn with_a_terminal_a_time_in_the_midst_of_a_line_is_taken_out() {
        let whole = "x".repeat(MESSAGE);
        // A time that the program itself prints stays.
        let log = format!("{T1} a {T2} b\r\n{T1} {whole}{T2} rest\r\n{T2} last");
        for size in [1, 100, 100_000] {
            let expected = [
                (LogChannel::Stdout, Some(1), format!("a {T2} b")),
                (LogChannel::Stdout, Some(1), format!("{whole}rest")),
                (LogChannel::Stdout, Some(2), "last".to_owned()),
            ];
            assert_eq!(read(true, log.as_bytes(), size), expected, "in parts of {size}");
        }
    }

    #[test]
    fn of_a_huge_line_only_the_beginning_is_kept() {
        let mut lines = Lines::new(true, 10);
        lines.add(T1.as_bytes()).unwrap();
        lines.add(b" ").unwrap();
        for _ in 0..1000 {
            lines.add(&[b'x'; 1000]).unwrap();
            assert!(lines.stdout.bytes.capacity() <= 16, "{}", lines.stdout.bytes.capacity());
        }
        lines.add(b"\n").unwrap();
        let line = lines.pop().unwrap();
        assert_eq!((line.bytes, line.length), (vec![b'x'; 10], 1_000_000));
    }

    #[test]
    fn what_is_no_log_is_an_error() {
        let fault = |bytes: &[u8]| Lines::new(false, 10).add(bytes).unwrap_err();
        assert_eq!(fault(b"<html> and so on"), Fault::Form);
        assert_eq!(fault(&frame(4, "x")), Fault::Form);
        assert_eq!(fault(&frame(3, "cannot read")), Fault::Reported("cannot read".to_owned()));
    }
}
