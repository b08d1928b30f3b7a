//! The last lines of the terminal at stderr, on which a live view is drawn. All that is printed
//! meanwhile goes past here, so that it stands above the view: the view makes room, and comes back
//! when it is drawn next.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use console::{Term, is_dumb, measure_text_width};
use tracing_subscriber::fmt::MakeWriter;

/// How wide the lines are that stand there now; empty without a view.
static DRAWN: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// Whether there is a terminal on which lines can be drawn again.
pub(super) fn is_there() -> bool {
    Term::stderr().is_term() && !is_dumb()
}

/// The width and the height of the terminal, in characters.
pub(super) fn size() -> (usize, usize) {
    let (height, width) = Term::stderr().size();
    (width.into(), height.into())
}

/// Draws the view in place of the one before. No line may be wider than the terminal.
pub(super) fn draw(lines: &[String]) {
    with(|drawn| {
        let term = Term::buffered_stderr();
        let up = height(drawn, size().0);
        let _ = term.move_cursor_up(up);
        for line in lines {
            let _ = term.clear_line();
            let _ = term.write_line(line);
        }
        let _ = term.clear_to_end_of_screen();
        let _ = term.flush();
        *drawn = lines.iter().map(|line| measure_text_width(line)).collect();
    });
}

/// Takes the view away.
pub(super) fn clear() {
    with(remove);
}

/// Prints something above the view. It must not print by other ways.
pub(super) fn aside<T>(print: impl FnOnce() -> T) -> T {
    with(|drawn| {
        remove(drawn);
        print()
    })
}

fn with<T>(work: impl FnOnce(&mut Vec<usize>) -> T) -> T {
    work(&mut DRAWN.lock().unwrap_or_else(PoisonError::into_inner))
}

fn remove(drawn: &mut Vec<usize>) {
    if drawn.is_empty() {
        return;
    }
    let term = Term::buffered_stderr();
    let _ = term.move_cursor_up(height(drawn, size().0));
    let _ = term.write_str("\r");
    let _ = term.clear_to_end_of_screen();
    let _ = term.flush();
    drawn.clear();
}

/// How many lines of a terminal these lines take: one that has become narrower wraps them.
fn height(widths: &[usize], terminal: usize) -> usize {
    widths.iter().map(|width| width.div_ceil(terminal.max(1)).max(1)).sum()
}

/// Where logs are written.
pub(super) struct Logs;

/// One line of the log.
pub(super) struct Entry;

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Entry;

    fn make_writer(&'a self) -> Entry {
        Entry
    }
}

impl Write for Entry {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        aside(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_longer_fits_takes_more_lines() {
        assert_eq!(height(&[], 80), 0);
        assert_eq!(height(&[0, 80, 79], 80), 3);
        assert_eq!(height(&[0, 100, 40], 40), 1 + 3 + 1);
        assert_eq!(height(&[9], 0), 9);
    }
}
