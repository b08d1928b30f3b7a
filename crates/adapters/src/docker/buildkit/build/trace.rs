//! BuildKit's progress (`moby.buildkit.v1.StatusResponse`): which steps there are, what
//! they printed, and which of them failed.

use std::collections::BTreeMap;

use crate::docker::buildkit::protobuf::{Field, fields};

/// How much of a step's output is kept, in bytes.
const KEPT: usize = 16 << 10;

/// The steps so far, by their digests.
#[derive(Default)]
pub(super) struct Trace {
    steps: BTreeMap<String, Step>,
    begun: Vec<String>,
}

#[derive(Default)]
struct Step {
    name: String,
    reported: bool,
    ended: bool,
    error: String,
    output: Vec<u8>,
}

impl Trace {
    /// Takes one message in.
    pub(super) fn read(&mut self, message: &[u8]) {
        for (number, value) in fields(message) {
            match (number, value) {
                (1, Field::Bytes(vertex)) => self.vertex(vertex),
                (3, Field::Bytes(log)) => self.log(log),
                _ => {}
            }
        }
    }

    /// The steps of the Dockerfile that began since the last call: `2/3 RUN make`.
    pub(super) fn begun(&mut self) -> Vec<String> {
        std::mem::take(&mut self.begun)
    }

    /// How many steps of the Dockerfile have ended, and how many are known.
    pub(super) fn progress(&self) -> (usize, usize) {
        let steps = self.steps.values().filter(|step| numbered(&step.name).is_some());
        steps.fold((0, 0), |(done, of), step| (done + usize::from(step.ended), of + 1))
    }

    /// The step that failed, and the lines that it printed last.
    pub(super) fn failed(&self) -> Option<(&str, Vec<String>)> {
        // Steps that another's failure ended say so, too.
        let failed = |step: &&Step| !step.error.is_empty() && !step.error.contains("canceled");
        let step = self.steps.values().find(failed)?;
        let text = String::from_utf8_lossy(&step.output);
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        Some((step.name.as_str(), lines.map(str::to_owned).collect()))
    }

    fn vertex(&mut self, vertex: &[u8]) {
        let (mut digest, mut name, mut error) = (None, None, None);
        let (mut begun, mut cached, mut ended) = (false, false, false);
        for (number, value) in fields(vertex) {
            match (number, value) {
                (1, Field::Bytes(text)) => digest = Some(text),
                (3, Field::Bytes(text)) => name = Some(text),
                (4, Field::Number(yes)) => cached = yes != 0,
                (5, Field::Bytes(_)) => begun = true,
                (6, Field::Bytes(_)) => (begun, ended) = (true, true),
                (7, Field::Bytes(text)) => error = Some(text),
                _ => {}
            }
        }
        let Some(digest) = digest else { return };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let step = self.steps.entry(text(digest)).or_default();
        if let Some(name) = name {
            step.name = text(name);
        }
        step.ended |= ended || cached;
        step.error = error.map(text).unwrap_or_default();
        if begun
            && !step.reported
            && let Some(numbered) = numbered(&step.name)
        {
            step.reported = true;
            self.begun.push(if cached { format!("{numbered} (cached)") } else { numbered });
        }
    }

    fn log(&mut self, log: &[u8]) {
        let (mut digest, mut output) = (None, None);
        for (number, value) in fields(log) {
            match (number, value) {
                (1, Field::Bytes(text)) => digest = Some(text),
                (4, Field::Bytes(text)) => output = Some(text),
                _ => {}
            }
        }
        if let (Some(digest), Some(output)) = (digest, output) {
            let digest = String::from_utf8_lossy(digest).into_owned();
            let kept = &mut self.steps.entry(digest).or_default().output;
            kept.extend_from_slice(output);
            let surplus = kept.len().saturating_sub(KEPT);
            kept.drain(..surplus);
        }
    }
}

/// `[2/3] RUN make` and `[stage 2/3] RUN make` without the brackets; `None` for what is no
/// step of the Dockerfile.
fn numbered(name: &str) -> Option<String> {
    let (place, what) = name.strip_prefix('[')?.split_once("] ")?;
    let (number, of) = place.rsplit(' ').next()?.split_once('/')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let line = what.lines().next().unwrap_or_default();
    (digits(number) && digits(of)).then(|| format!("{place} {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::buildkit::protobuf::{put_bytes, put_number};

    fn vertex(digest: &str, name: &str, error: &str) -> Vec<u8> {
        let mut vertex = Vec::new();
        put_bytes(&mut vertex, 1, digest.as_bytes());
        put_bytes(&mut vertex, 3, name.as_bytes());
        put_bytes(&mut vertex, 6, b"");
        put_bytes(&mut vertex, 7, error.as_bytes());
        message(1, &vertex)
    }

    fn log(digest: &str, text: &str) -> Vec<u8> {
        let mut log = Vec::new();
        put_bytes(&mut log, 1, digest.as_bytes());
        put_bytes(&mut log, 4, text.as_bytes());
        message(3, &log)
    }

    fn message(number: u64, inner: &[u8]) -> Vec<u8> {
        let mut message = Vec::new();
        put_bytes(&mut message, number, inner);
        message
    }

    #[test]
    fn the_step_that_failed_is_reported_with_what_it_printed() {
        let mut trace = Trace::default();
        trace.read(&log("b", "one\ntw"));
        trace.read(&vertex("a", "[1/3] FROM x", ""));
        trace.read(&vertex("c", "[2/3] RUN other", "context canceled"));
        trace.read(&log("b", "o\n\n"));
        assert_eq!(trace.failed(), None);
        trace.read(&vertex("b", "[3/3] RUN false", "exit code: 1"));
        let lines = vec!["one".to_owned(), "two".to_owned()];
        assert_eq!(trace.failed(), Some(("[3/3] RUN false", lines)));
        assert_eq!(trace.begun(), ["1/3 FROM x", "2/3 RUN other", "3/3 RUN false"]);
        assert_eq!(trace.begun(), Vec::<String>::new());
    }

    #[test]
    fn a_step_is_reported_once_when_it_begins() {
        let step = |name: &str, cached: u64, time: Option<u64>| {
            let mut vertex = Vec::new();
            put_bytes(&mut vertex, 1, name.as_bytes());
            put_bytes(&mut vertex, 3, name.as_bytes());
            put_number(&mut vertex, 4, cached);
            if let Some(time) = time {
                put_bytes(&mut vertex, time, b"");
            }
            message(1, &vertex)
        };
        let mut trace = Trace::default();
        trace.read(&step("[stage-1 2/4] RUN <<EOF (make...)\nmake\nEOF", 0, None));
        assert_eq!(trace.begun(), Vec::<String>::new(), "it waits");
        assert_eq!(trace.progress(), (0, 1));
        trace.read(&step("[stage-1 2/4] RUN <<EOF (make...)\nmake\nEOF", 0, Some(5)));
        trace.read(&step("[stage-1 2/4] RUN <<EOF (make...)\nmake\nEOF", 0, Some(6)));
        trace.read(&step("[internal] load build context", 0, Some(5)));
        trace.read(&step("[3/4] COPY a b", 1, Some(6)));
        assert_eq!(trace.begun(), ["stage-1 2/4 RUN <<EOF (make...)", "3/4 COPY a b (cached)"]);
        assert_eq!(trace.progress(), (2, 2), "what is no step of the Dockerfile does not count");
    }

    #[test]
    fn much_output_keeps_its_end_and_what_is_no_message_is_left_out() {
        let mut trace = Trace::default();
        trace.read(&log("a", &"x".repeat(2 * KEPT)));
        trace.read(&log("a", "\nlast\n"));
        trace.read(&[0xff; 9]);
        trace.read(&vertex("a", "step", "failed"));
        let (_, lines) = trace.failed().unwrap();
        assert_eq!((lines.len(), lines[1].as_str()), (2, "last"));
        assert!(lines[0].len() < KEPT);
    }
}
