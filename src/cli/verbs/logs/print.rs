//! Where lines are printed.

use std::io;

use adapters::docker::LogLine;
use model::selector::Named;

use super::super::super::console::{Console, Format};
use super::super::super::render::log_line::{Layout, Speaker, json};

/// Prints lines.
pub(super) struct Printer {
    console: Console,
    layout: Layout,
}

impl Printer {
    /// For lines of these, beside all containers that there are.
    pub(super) fn new<'a>(
        console: Console,
        parts: (bool, bool),
        known: impl Iterator<Item = &'a Named>,
        all: impl Iterator<Item = Named>,
    ) -> Self {
        Self { console, layout: Layout::new(parts, known, all) }
    }

    /// Prints a line.
    ///
    /// # Errors
    /// If nobody reads it any more.
    pub(super) fn print(&mut self, speaker: &Speaker, line: &LogLine) -> io::Result<()> {
        let text = match self.console.format {
            Format::Json => json(speaker, line),
            Format::Text | Format::Markdown => self.layout.text(&speaker.named, line),
        };
        self.console.line(&text)
    }
}
