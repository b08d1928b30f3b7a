//! What the program prints: results on stdout, progress and errors on stderr.
//!
//! A reader that went away (`| head`) is no error: what cannot be written is dropped. Another reason
//! why a result is not written is kept, and ends the program with an error.

use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use console::Term;
use serde::Deserialize;

use model::diagnostic::{Diagnostic, Severity};

use super::narrow::narrowed;
use super::render::diagnostics;
use super::screen::aside;

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` or `TERM=dumb` say otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What a result looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs; the object has a `schema_version`.
    Json,
    /// For a merge request
    Markdown,
}

/// Done, added.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Changed, withheld.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
/// Removed, failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default();
/// Reasons and details.
pub(super) const FAINT: Style = Style::new().dimmed();
/// Titles.
pub(super) const STRONG: Style = Style::new().bold();

/// Whether a question waits for its answer: the cursor stands behind it.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Colours a text; the stream strips it again where colour is not wanted.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Why a result could not be written, the first time.
static UNWRITTEN: OnceLock<io::Error> = OnceLock::new();

/// Why something of a result is missing, though there is a reader.
pub(super) fn unwritten() -> Option<&'static io::Error> {
    UNWRITTEN.get()
}

/// Keeps why a result could not be written; that nobody reads it any more is no reason.
pub(super) fn keep(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // The first says enough.
        let _ = UNWRITTEN.set(error);
    }
}

/// Where the program prints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Console {
    color: ColorChoice,
    /// What results look like.
    pub(super) format: Format,
    /// No progress and no summary, only results and errors.
    pub(super) quiet: bool,
    /// Plans are printed as graphs of steps.
    pub(super) steps: bool,
}

impl Console {
    /// A console.
    pub(super) fn new(format: Format, color: Color, quiet: bool) -> Self {
        let color = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        Self { color, format, quiet, steps: false }
    }

    /// The same with plans as graphs of steps, or not.
    pub(super) fn with_steps(self, steps: bool) -> Self {
        Self { steps, ..self }
    }

    /// Whether stderr is coloured.
    pub(super) fn colours_stderr(self) -> bool {
        match self.color {
            ColorChoice::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    fn stderr(self) -> AutoStream<io::Stderr> {
        AutoStream::new(io::stderr(), self.color)
    }

    /// A result.
    pub(super) fn result(self, text: &str) {
        aside(|| {
            let mut out = AutoStream::new(io::stdout(), self.color).lock();
            let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
            let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(end));
            keep(written.and_then(|()| out.flush()));
        });
    }

    /// One line of a result that has no end yet.
    ///
    /// # Errors
    /// If it cannot be written, mostly because nobody reads it any more.
    pub(super) fn line(self, text: &str) -> io::Result<()> {
        let mut out = AutoStream::new(io::stdout(), self.color).lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| {
            let kind = error.kind();
            keep(Err(error));
            kind.into()
        })
    }

    /// A result in sentences: on a terminal that is narrower, its lines go on below.
    pub(super) fn prose(self, text: &str) {
        match Self::columns() {
            Some(columns) => self.result(&narrowed(text, columns)),
            None => self.result(text),
        }
    }

    /// How wide the terminal is that results are printed to; `None` if that is none.
    pub(super) fn columns() -> Option<usize> {
        let term = Term::stdout();
        let (_, columns) = term.size_checked().filter(|_| term.is_term())?;
        Some(columns.into())
    }

    /// A result that is the user's own text: nothing is taken out of it.
    #[expect(clippy::unused_self, reason = "a console prints, also without colours")]
    pub(super) fn result_as_is(self, text: &str) {
        let mut out = io::stdout().lock();
        keep(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// A result as one JSON object.
    pub(super) fn json(self, value: &impl serde::Serialize) {
        let text = serde_json::to_string_pretty(value)
            .expect("BUG: results are plain data with string keys");
        self.result(&text);
    }

    /// A line of progress.
    pub(super) fn progress(self, line: &str) {
        if !self.quiet {
            self.print(line);
        }
    }

    /// A question, whose answer stands behind it. What is printed before [`Self::answered`] begins
    /// a line of its own.
    pub(super) fn prompt(self, text: &str) {
        ASKING.store(true, Ordering::Relaxed);
        let mut out = self.stderr();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// The answer, and with it the end of its line, is there.
    #[expect(clippy::unused_self, reason = "it is the console that asked")]
    pub(super) fn answered(self) {
        ASKING.store(false, Ordering::Relaxed);
    }

    /// Prints below a question that has no answer.
    fn print(self, text: &str) {
        let begin = if ASKING.swap(false, Ordering::Relaxed) { "\n" } else { "" };
        aside(|| drop(writeln!(self.stderr(), "{begin}{text}")));
    }

    /// An error or a warning, already rendered.
    pub(super) fn complain(self, text: &str) {
        self.print(text.trim_end_matches('\n'));
    }

    /// Messages about the user's text, each followed by an empty line.
    pub(super) fn complain_all(self, messages: &[Diagnostic]) {
        for message in messages {
            self.complain(&diagnostics::render(message));
            self.complain("");
        }
    }

    /// A warning that has no place in a file, with what to do about it.
    pub(super) fn warning(self, message: &str, help: &str) {
        let warning = Diagnostic { severity: Severity::Warning, ..Diagnostic::error(message) };
        let warning = Diagnostic { help: Some(help.to_owned()), ..warning };
        self.complain(&diagnostics::render(&warning));
    }

    /// An error that has no place in a file, with what to do about it.
    pub(super) fn error(self, message: &str, help: Option<&str>) {
        let error = Diagnostic { help: help.map(str::to_owned), ..Diagnostic::error(message) };
        self.complain(&diagnostics::render(&error));
    }
}
