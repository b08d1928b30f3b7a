//! From settings to what the core works with: the source, the engines, Consul, and what
//! stacks are trusted with. What is wrong is refused here, before anything is looked at.

pub(super) mod consul;
pub(super) mod engines;
pub(super) mod loader;
pub(super) mod reader;
pub(super) mod real;
pub(super) mod roots;
pub(super) mod source;
pub(super) mod trust;

use model::diagnostic::Diagnostic;
use reconcile::control::{PassError, Report};
use world::SourceError;

use super::exit::Exit;

/// Settings that cannot be used.
#[derive(Debug)]
pub(super) struct Refusal {
    /// How the program ends.
    pub(super) exit: Exit,
    /// What is wrong, and what to do.
    pub(super) messages: Vec<Diagnostic>,
}

impl Refusal {
    /// The command line is wrong.
    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, messages: vec![Diagnostic::error(message).with_help(help)] }
    }

    /// A setting is wrong, wherever it comes from.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { exit: Exit::Invalid, messages: vec![Diagnostic::error(message)] }
    }

    /// The source gave nothing.
    pub(super) fn source(error: &SourceError) -> Self {
        let error = PassError::Source(error.clone());
        let mut message = Diagnostic::error(error.to_string());
        message.help = error.help().map(str::to_owned);
        let report = Report { error: Some(error), ..Report::default() };
        Self { exit: report.exit().into(), messages: vec![message] }
    }

    /// The same with a remedy.
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        if let Some(message) = self.messages.last_mut() {
            message.help = Some(help.into());
        }
        self
    }
}

/// An error with everything that is behind it: an error's own text does not repeat its
/// source.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
