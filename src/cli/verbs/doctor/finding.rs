//! One finding: what was looked at, how it is, and one command that helps.

use model::printable::one_line;
use serde::Serialize;

use super::super::super::console::{BAD, FAINT, GOOD, STRONG, WARN, paint};

/// The widest that a line becomes.
const WIDTH: usize = 100;
/// How far texts stand from the left.
const INDENT: usize = 12;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As it should be.
    Ok,
    /// It works, and something about it is to be known.
    Warn,
    /// It does not work.
    Fail,
    /// It could not be looked at; the text says why.
    Unknown,
}

impl Verdict {
    /// The word for it.
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked for: `clock`, `access`, `disk`. A word for programs.
    pub(super) check: &'static str,
    /// At what: `engine local`, `Consul`.
    pub(super) subject: String,
    /// How it is.
    pub(super) verdict: Verdict,
    /// That in words.
    pub(super) text: String,
    /// A command, or what else helps.
    pub(super) help: Option<String>,
}

impl Finding {
    fn new(
        verdict: Verdict,
        (check, subject): (&'static str, &str),
        text: impl Into<String>,
        help: Option<String>,
    ) -> Self {
        Self { check, subject: subject.to_owned(), verdict, text: text.into(), help }
    }

    /// All is well.
    pub(super) fn ok(of: (&'static str, &str), text: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, of, text, None)
    }

    /// Something is to be known.
    pub(super) fn warn(
        of: (&'static str, &str),
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(Verdict::Warn, of, text, Some(help.into()))
    }

    /// Something does not work.
    pub(super) fn fail(
        of: (&'static str, &str),
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(Verdict::Fail, of, text, Some(help.into()))
    }

    /// It could not be looked at.
    pub(super) fn unknown(
        of: (&'static str, &str),
        why: impl Into<String>,
        help: Option<String>,
    ) -> Self {
        Self::new(Verdict::Unknown, of, why, help)
    }

    /// For people, in lines of at most 100 columns.
    pub(super) fn render(&self) -> String {
        let (symbol, style) = match self.verdict {
            Verdict::Ok => ("✓", GOOD),
            Verdict::Warn => ("!", WARN),
            Verdict::Fail => ("✗", BAD),
            Verdict::Unknown => ("?", WARN),
        };
        let word = format!("{symbol} {:<width$}", self.verdict.word(), width = INDENT - 2);
        let text = format!("{}: {}", self.subject, self.text);
        let mut lines = wrapped(&one_line(&text), WIDTH - INDENT).into_iter();
        let first = lines.next().unwrap_or_default();
        let mut rendered = format!("{}{first}\n", paint(style, &word));
        let indent = " ".repeat(INDENT);
        rendered.extend(lines.map(|line| format!("{indent}{line}\n")));
        if let Some(help) = &self.help {
            let lines = wrapped(&one_line(help), WIDTH - INDENT - 6);
            for (number, line) in lines.iter().enumerate() {
                let begin = if number == 0 { paint(STRONG, "help: ") } else { " ".repeat(6) };
                rendered.extend([&indent, &begin, line, "\n"]);
            }
        }
        rendered
    }
}

/// A text in lines of at most so many columns. A word that is longer is a line of its own: it may
/// be a path to copy.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How many of each there are, in one line.
pub(super) fn summary(findings: &[Finding]) -> String {
    let count = |verdict: Verdict| findings.iter().filter(|one| one.verdict == verdict).count();
    let counts = [Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Ok];
    let counts = counts.map(|verdict| format!("{} {}", count(verdict), verdict.word()));
    paint(FAINT, &counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_fits_a_hundred_columns_and_names_its_remedy() {
        let text = "words ".repeat(40);
        let finding = Finding::fail(("disk", "engine local"), text.trim(), "docker system prune");
        let rendered = anstream::adapter::strip_str(&finding.render()).to_string();
        assert!(rendered.lines().all(|line| line.chars().count() <= WIDTH), "{rendered}");
        assert!(rendered.starts_with("✗ fail      engine local: words"), "{rendered}");
        assert!(rendered.ends_with("            help: docker system prune\n"), "{rendered}");
        assert_eq!(wrapped(&"x".repeat(200), 88).len(), 1);
    }

    #[test]
    fn what_others_wrote_moves_no_cursor() {
        let finding = Finding::ok(("a", "x\u{1b}[2J"), "y\nz");
        let rendered = anstream::adapter::strip_str(&finding.render()).to_string();
        assert_eq!(rendered, "✓ ok        x\\u{1b}[2J: y\\nz\n");
    }

    #[test]
    fn a_summary_counts_what_is_wrong_first() {
        let findings = [Finding::ok(("a", "b"), "c"), Finding::warn(("a", "b"), "c", "d")];
        let text = anstream::adapter::strip_str(&summary(&findings)).to_string();
        assert_eq!(text, "0 fail, 1 warn, 0 unknown, 1 ok");
    }
}
