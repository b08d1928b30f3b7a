//! BuildKit's progress (`moby.buildkit.v1.StatusResponse`): which steps there are, what
//! they printed, and which of them failed.

use std::collections::BTreeMap;

use crate::adapters::docker::wire::{Field, fields};

/// How much of a step's output is kept, in bytes.
const KEPT: usize = 16 << 10;

/// The steps so far, by their digests.
#[derive(Default)]
pub(super) struct Trace {
    steps: BTreeMap<String, Step>,
    ended: Vec<String>,
}

#[derive(Default)]
struct Step {
    name: String,
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

    /// The names of the steps that ended since the last call.
    pub(super) fn ended(&mut self) -> Vec<String> {
        std::mem::take(&mut self.ended)
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
        let (mut digest, mut name, mut error, mut ended) = (None, None, None, false);
        for (number, value) in fields(vertex) {
            match (number, value) {
                (1, Field::Bytes(text)) => digest = Some(text),
                (3, Field::Bytes(text)) => name = Some(text),
                (6, Field::Bytes(_)) => ended = true,
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
        step.error = error.map(text).unwrap_or_default();
        if ended {
            self.ended.push(step.name.clone());
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
