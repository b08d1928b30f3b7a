//! Lines of at most so many columns: what is longer goes on below, set in.

use clap::builder::styling::Style;

use model::printable::one_line;
use model::render::shortened;

use super::WIDTH;
use crate::cli::console::paint;

/// Text as it grows.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    /// A line, and what it goes on with: `first` stands before it, `rest` before the others. Its
    /// head is coloured. Words of others are made printable here.
    pub(super) fn put(
        &mut self,
        (first, rest): (&str, &str),
        (style, head): (Style, &str),
        tail: &str,
    ) {
        let head = one_line(head);
        let text = format!("{head}{}", one_line(tail));
        let mut start = first;
        let mut is_first = true;
        for line in wrapped(&text, first.chars().count(), rest.chars().count()) {
            self.0.push_str(start);
            match line.strip_prefix(&*head).filter(|_| is_first && !head.is_empty()) {
                Some(after) => {
                    self.0.push_str(&paint(style, &head));
                    self.0.push_str(after);
                }
                None => self.0.push_str(&line),
            }
            self.0.push('\n');
            (start, is_first) = (rest, false);
        }
    }

    /// A line without colour.
    pub(super) fn plain(&mut self, prefixes: (&str, &str), text: &str) {
        self.put(prefixes, (Style::new(), ""), text);
    }

    /// A line that is to be copied: it stays whole, however long it is.
    pub(super) fn command(&mut self, prefix: &str, text: &str) {
        self.0.push_str(prefix);
        self.0.push_str(&one_line(text));
        self.0.push('\n');
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.0.push('\n');
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// The text in lines that fit behind the first and the other prefixes; a word that is too long for
/// a line loses its middle.
fn wrapped(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let room = WIDTH - if lines.is_empty() { first } else { rest };
        let used = line.chars().count();
        if used > 0 && used + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        let room = WIDTH - if lines.is_empty() { first } else { rest };
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&shortened(word, room));
    }
    lines.push(line);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::console::BAD;

    #[test]
    fn what_is_too_long_goes_on_below() {
        let mut lines = Lines::default();
        let words = "word ".repeat(30);
        lines.put(("- ", "  | "), (BAD, "bad:"), &format!(" {words}{}\u{1b}[31m", "x".repeat(200)));
        let text = anstream::adapter::strip_str(&lines.text()).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(lines[0].starts_with("- bad: word") && lines[1].starts_with("  | word"), "{text}");
        assert!(text.contains('…') && !text.contains('\u{1b}'), "{text}");
    }
}
