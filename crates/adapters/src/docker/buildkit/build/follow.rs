//! Reads what the engine says while it builds, to its end.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::Value;

use super::trace::Trace;
use crate::docker::wire::error;
use model::build::Build;
use model::id::{EngineName, ImageId};
use world::OutsideError;

/// How many lines of a build's output an error shows.
const ERROR_LINES: usize = 10;
/// How many characters of a step's name an error shows.
const STEP_CHARS: usize = 160;
/// How many characters all of an error's text has, the engine's name not counted.
const ROOM: usize = 560;
/// The longest message of an engine.
const LONGEST: usize = 16 << 20;

/// One message of the stream.
#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    aux: Option<Value>,
    error: Option<String>,
}

/// The image's id, if the engine says it. Each step of the Dockerfile is reported when it
/// begins, with how many have ended and how many there are. An error shows the step that failed and its last lines; values that are
/// sensitive are masked.
pub(super) async fn follow(
    mut body: Incoming,
    build: &Build,
    idle: Duration,
    engine: &EngineName,
    on_step: impl Fn(&str, (usize, usize)),
) -> Result<Option<ImageId>, OutsideError> {
    let broken = |why: &dyn std::fmt::Display| {
        let why = format!("the answer broke off: {why}");
        OutsideError::Timeout(error::described(engine, &why))
    };
    let secrets: Vec<String> = build.sensitive_values().collect();
    let mask = |text: &str| error::without(text, secrets.iter().map(String::as_str));
    let mut output = BuildOutput::default();
    let mut buffer = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(idle, body.frame()).await;
        let frame = frame.map_err(|_| error::timeout(engine))?;
        let done = match frame {
            None => true,
            Some(Err(why)) => return Err(broken(&why)),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    buffer.extend_from_slice(&data);
                }
                false
            }
        };
        while let Some(line) = next_line(&mut buffer, done) {
            let message = serde_json::from_slice(&line).map_err(|why| {
                let column = why.column();
                let why = format!("its answer is not of the known form (column {column})");
                OutsideError::Failed(error::described(engine, &why))
            })?;
            if let Some(why) = output.note(message) {
                let text = output.failure(&why, &mask);
                return Err(OutsideError::Failed(error::described(engine, &text)));
            }
            for step in output.trace.begun() {
                on_step(&cut(&mask(&step), STEP_CHARS), output.trace.progress());
            }
        }
        if done {
            return Ok(output.id);
        }
        if buffer.len() > LONGEST {
            return Err(broken(&"a message has no end"));
        }
    }
}

/// The message in the body of an error.
pub(super) fn message(body: &Bytes) -> String {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let text = value.as_ref().and_then(|value| value["message"].as_str()).map(str::to_owned);
    text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

fn next_line(buffer: &mut BytesMut, done: bool) -> Option<Bytes> {
    loop {
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let end = end.or((done && !buffer.is_empty()).then(|| buffer.len() - 1))?;
        let line = buffer.split_to(end + 1).freeze();
        if !line.trim_ascii().is_empty() {
            return Some(line);
        }
    }
}

/// What was said so far.
#[derive(Default)]
struct BuildOutput {
    id: Option<ImageId>,
    trace: Trace,
}

impl BuildOutput {
    /// Takes one message; the engine's error comes back.
    fn note(&mut self, message: Message) -> Option<String> {
        if message.error.is_some() {
            return message.error;
        }
        match (message.id.as_deref(), message.aux) {
            (Some("moby.buildkit.trace"), Some(Value::String(text))) => {
                // What cannot be read is missing in an error's text, and nowhere else.
                if let Ok(bytes) = BASE64_STANDARD.decode(text) {
                    self.trace.read(&bytes);
                }
            }
            (_, Some(aux)) => self.id = aux["ID"].as_str().map(ImageId::new).or(self.id.take()),
            _ => {}
        }
        None
    }

    /// The report of a failure: the step, the error, and the last lines, as many as
    /// find room.
    fn failure(&self, error: &str, mask: &dyn Fn(&str) -> String) -> String {
        let (step, lines) = self.trace.failed().unwrap_or_default();
        // BuildKit repeats the whole command in front of its exit code.
        let error = error.rfind("exit code: ").map_or(error, |at| &error[at..]);
        let step = cut(&mask(step), STEP_CHARS);
        let step = if step.is_empty() { step } else { format!(" at `{step}`") };
        let mut text = format!("the build failed{step}: {}", mask(error));
        let mut room = ROOM.saturating_sub(text.chars().count());
        let mut rendered = VecDeque::new();
        for line in lines.iter().rev().take(ERROR_LINES) {
            let line = mask(line);
            room = room.saturating_sub(line.chars().count() + 3);
            if room == 0 {
                break;
            }
            rendered.push_front(line);
        }
        if !rendered.is_empty() {
            let _ = write!(text, "; it printed: {}", Vec::from(rendered).join(" | "));
        }
        text
    }
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
