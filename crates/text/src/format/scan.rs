//! Lays a text out anew, line by line. Only the blanks at the beginning of a line, around
//! `-` and after a key's `:` change; everything else is copied.
//!
//! Lists and maps are known by the column they begin at; each gets a new one, two right of
//! what it is in. Whatever is in it moves with it. A text that is laid out already keeps all
//! its columns: that makes formatting idempotent.

use super::token::{self, Gap, Place, gap, is_blank, is_indicator};
use super::{Line, Unknown};

/// The indent of a list or map inside its parent.
const STEP: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Map,
}

/// An open list or map, the column it began at and the one it begins at now.
#[derive(Clone, Copy)]
struct Block {
    kind: Kind,
    old: usize,
    new: usize,
}

/// A comment on its own line; its column is decided by what follows.
struct Comment<'t> {
    column: usize,
    text: &'t str,
    blank: bool,
}

pub(super) struct Scan<'t> {
    lines: Vec<&'t str>,
    /// The next line to read.
    at: usize,
    open: Vec<Block>,
    comments: Vec<Comment<'t>>,
    blank: bool,
    out: Vec<Line>,
    /// Whether the text ends inside a block scalar whose last line has no end.
    open_end: bool,
}

/// A line that is being made, and the lines after it that belong to it.
#[derive(Default)]
struct Made {
    indent: Option<usize>,
    text: String,
    rest: Vec<String>,
    key: Option<String>,
}

/// The lines of a text, and whether its last line must stay without an end.
pub(super) fn lay_out(text: &str) -> Result<(Vec<Line>, bool), Unknown> {
    let ended = text.ends_with('\n');
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let mut scan = Scan {
        lines,
        at: 0,
        open: Vec::new(),
        comments: Vec::new(),
        blank: false,
        out: Vec::new(),
        open_end: false,
    };
    while let Some(line) = scan.lines.get(scan.at).copied() {
        let trimmed = line.trim_matches(is_blank);
        if trimmed.is_empty() {
            scan.blank = true;
            scan.at += 1;
        } else if trimmed.starts_with('#') {
            let blank = std::mem::take(&mut scan.blank);
            scan.comments.push(Comment { column: indent_of(line), text: trimmed, blank });
            scan.at += 1;
        } else {
            scan.line(line)?;
        }
    }
    let open = scan.open.clone();
    scan.write_comments(&open, &[]);
    Ok((scan.out, scan.open_end && !ended))
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

impl<'t> Scan<'t> {
    /// A line that is neither empty nor a comment, with all lines that belong to it.
    fn line(&mut self, line: &'t str) -> Result<(), Unknown> {
        let blank = std::mem::take(&mut self.blank);
        let before = self.open.clone();
        let mut made = Made::default();
        let column = line.len() - line.trim_start_matches(is_blank).len();
        if token::is_marker(line) || line.starts_with('%') {
            self.open.clear();
            self.marker(line, &mut made)?;
        } else {
            self.structure(line, column, &mut made)?;
        }
        let after: Vec<Block> =
            self.open.iter().copied().filter(|block| block.old <= column).collect();
        self.write_comments(&before, &after);
        let depth = made.key.is_some().then_some(after.len());
        let indent = " ".repeat(made.indent.unwrap_or(0));
        self.out.push(Line {
            text: format!("{indent}{}", made.text.trim_end_matches(is_blank)),
            blank,
            comment: false,
            key: made.key.zip(depth),
        });
        self.out.extend(made.rest.into_iter().map(Line::copied));
        Ok(())
    }

    fn marker(&mut self, line: &'t str, made: &mut Made) -> Result<(), Unknown> {
        let text = if line.starts_with('%') { Gap::End } else { gap(line, 3) };
        let Gap::Text(column) = text else {
            line.trim_end_matches(is_blank).clone_into(&mut made.text);
            self.at += 1;
            return Ok(());
        };
        made.text = format!("{} ", &line[..3]);
        self.value(line, column, made)
    }

    /// `- `, and `key: `, and what comes after them on a line.
    fn structure(
        &mut self,
        line: &'t str,
        mut column: usize,
        made: &mut Made,
    ) -> Result<(), Unknown> {
        while is_indicator(line, column, b'-') {
            let block = self.enter(Kind::List, column);
            made.indent.get_or_insert(block.new);
            made.text.push('-');
            match gap(line, column + 1) {
                Gap::Text(next) => column = next,
                _ => return self.ends_with(line, column + 1, made),
            }
            made.text.push(' ');
        }
        if is_indicator(line, column, b'?') || is_indicator(line, column, b':') {
            return Err(self.unknown("a key that begins with `?`"));
        }
        if let Some((end, colon)) = self.key(line, column) {
            let block = self.enter(Kind::Map, column);
            if made.indent.is_none() {
                made.key = Some(line[column..end].to_owned());
            }
            made.indent.get_or_insert(block.new);
            made.text += &line[column..end];
            made.text.push(':');
            let Gap::Text(next) = gap(line, colon + 1) else {
                return self.ends_with(line, colon + 1, made);
            };
            made.text.push(' ');
            return self.value(line, next, made);
        }
        if made.indent.is_none() {
            while self.open.last().is_some_and(|block| block.old >= column) {
                self.open.pop();
            }
            made.indent = Some(self.open.last().map_or(0, |block| block.new + STEP));
        }
        self.value(line, column, made)
    }

    /// Nothing but perhaps a comment is left of the line.
    fn ends_with(&mut self, line: &str, from: usize, made: &mut Made) -> Result<(), Unknown> {
        if let Gap::Text(_) = gap(line, from) {
            return Err(self.unknown("what follows a value on its line"));
        }
        let last = made.rest.last_mut().unwrap_or(&mut made.text);
        *last += line[from..].trim_end_matches(is_blank);
        self.at += 1;
        Ok(())
    }

    /// The end of a key that begins here, and its `:`.
    fn key(&self, line: &str, mut column: usize) -> Option<(usize, usize)> {
        while let Some(end) = token::property(line, column) {
            let Gap::Text(next) = gap(line, end) else { return None };
            column = next;
        }
        match line.as_bytes()[column] {
            b'"' | b'\'' => {
                let (last, end) = token::quoted(&self.lines, (self.at, column))?;
                if last != self.at {
                    return None;
                }
                let Gap::Text(colon) = gap(line, end) else { return None };
                is_indicator(line, colon, b':').then_some((end, colon))
            }
            b'[' | b'{' | b'|' | b'>' => None,
            _ => {
                let (end, colon) = token::plain(line, column);
                Some((end, colon?))
            }
        }
    }

    /// The list or map that an entry at a column belongs to.
    fn enter(&mut self, kind: Kind, column: usize) -> Block {
        while let Some(top) = self.open.last() {
            // A list may begin in the column of the key whose value it is.
            let ended = top.old == column && top.kind == Kind::List && kind == Kind::Map;
            if top.old > column || ended {
                self.open.pop();
            } else {
                break;
            }
        }
        let top = self.open.last().copied();
        if let Some(block) = top.filter(|top| top.old == column && top.kind == kind) {
            return block;
        }
        let new = top.map_or(0, |top| top.new + STEP);
        let block = Block { kind, old: column, new };
        self.open.push(block);
        block
    }

    /// A value that is no list or map in block form, to the end of its last line.
    fn value(&mut self, line: &'t str, mut column: usize, made: &mut Made) -> Result<(), Unknown> {
        while let Some(end) = token::property(line, column) {
            made.text += &line[column..end];
            match gap(line, end) {
                Gap::Text(next) => column = next,
                _ => return self.ends_with(line, end, made),
            }
            made.text.push(' ');
        }
        let at = (self.at, column);
        match line.as_bytes()[column] {
            b'|' | b'>' => {
                made.text += line[column..].trim_end_matches(is_blank);
                self.block_scalar(&line[column..], made);
                Ok(())
            }
            b'"' | b'\'' => {
                let end = token::quoted(&self.lines, at).ok_or_else(|| self.unknown("a quote"))?;
                self.copy(at, end, STEP, made)
            }
            b'[' | b'{' => {
                let end = token::flow(&self.lines, at).ok_or_else(|| self.unknown("a bracket"))?;
                self.copy(at, end, 0, made)
            }
            _ => {
                self.plain(line, column, made);
                Ok(())
            }
        }
    }

    /// Copies a piece of the text. Its further lines move with the list or map they are
    /// in, and are at least `least` right of it.
    fn copy(
        &mut self,
        from: Place,
        to: Place,
        least: usize,
        made: &mut Made,
    ) -> Result<(), Unknown> {
        let line = self.lines[from.0];
        if from.0 == to.0 {
            made.text += &line[from.1..to.1];
        } else {
            made.text += trimmed(&line[from.1..]);
        }
        for at in from.0 + 1..=to.0 {
            let line = self.lines[at];
            let line = if at == to.0 { &line[..to.1] } else { trimmed(line) };
            made.rest.push(self.moved(line, least));
        }
        self.at = to.0;
        self.ends_with(self.lines[to.0], to.1, made)
    }

    fn moved(&self, line: &str, least: usize) -> String {
        let text = line.trim_start_matches(' ');
        if text.trim_matches(is_blank).is_empty() {
            return String::new();
        }
        let old = line.len() - text.len();
        let new = self.open.last().map_or(old, |block| {
            (old + block.new).saturating_sub(block.old).max(block.new + least)
        });
        format!("{}{text}", " ".repeat(new))
    }

    /// A plain scalar, which goes on while lines are further right than what it is in.
    fn plain(&mut self, line: &'t str, column: usize, made: &mut Made) {
        let (end, _) = token::plain(line, column);
        made.text += line[column..].trim_end_matches(is_blank);
        self.at += 1;
        let mut commented = matches!(gap(line, end), Gap::Comment);
        let inside = |line: &str, open: &[Block]| {
            open.last().is_none_or(|block| indent_of(line) > block.old) && !token::is_marker(line)
        };
        while !commented {
            let is_empty = |line: &&&str| line.trim_matches(is_blank).is_empty();
            let empty = self.lines[self.at..].iter().take_while(is_empty).count();
            let Some(next) = self.lines.get(self.at + empty).copied() else { break };
            let text = next.trim_start_matches(is_blank);
            if text.starts_with('#') || !inside(next, &self.open) {
                break;
            }
            made.rest.extend(std::iter::repeat_n(String::new(), empty));
            made.rest.push(self.moved(next.trim_end_matches(is_blank), STEP));
            self.at += empty + 1;
            let start = next.len() - text.len();
            commented = matches!(gap(next, token::plain(next, start).0), Gap::Comment);
        }
    }

    /// The lines of a block scalar after its header.
    fn block_scalar(&mut self, header: &str, made: &mut Made) {
        self.at += 1;
        let word = header.split(is_blank).next().unwrap_or_default();
        let digit = word.chars().find_map(|c| c.to_digit(10)).map(|digit| digit as usize);
        let block = self.open.last().copied();
        let is_empty = |line: &str| line.trim_matches(' ').is_empty();
        let first = self.lines[self.at..].iter().find(|line| !is_empty(line));
        let detected = first.map_or(0, |line| indent_of(line));
        let old = match (digit, block) {
            (Some(digit), block) => block.map_or(0, |block| block.old) + digit,
            (None, Some(block)) => detected.max(block.old + 1),
            (None, None) => detected,
        };
        let new = match (digit, block) {
            (Some(digit), block) => block.map_or(0, |block| block.new) + digit,
            (None, Some(block)) => block.new + STEP,
            (None, None) => old,
        };
        let inside = |line: &&&str| {
            is_empty(line)
                || (indent_of(line) >= old && !(block.is_none() && token::is_marker(line)))
        };
        let count = self.lines[self.at..].iter().take_while(inside).count();
        let lines = &self.lines[self.at..self.at + count];
        let has_text = digit.is_some() || lines.iter().any(|line| !is_empty(line));
        let content = |line: &&str| has_text && line.len() > old;
        let end = lines.iter().rposition(content).map_or(0, |last| last + 1);
        let kept = if word.contains('+') { count } else { end };
        made.rest.extend(lines[..kept].iter().map(|line| match line.get(old..) {
            Some(text) if content(line) => format!("{}{text}", " ".repeat(new)),
            _ => String::new(),
        }));
        self.at += count;
        self.blank = kept < count;
        self.open_end = self.at == self.lines.len() && kept == count && !word.contains('-');
    }

    /// Writes the comments down that were waiting: each in the column of the list or map
    /// it was in, those of the next line before those of the last one.
    fn write_comments(&mut self, before: &[Block], after: &[Block]) {
        for comment in std::mem::take(&mut self.comments) {
            let near = before.iter().chain(after).filter(|block| block.old <= comment.column);
            let column = near.max_by_key(|block| block.old).map_or(0, |block| block.new);
            self.out.push(Line {
                text: format!("{}{}", " ".repeat(column), comment.text),
                blank: comment.blank,
                comment: true,
                key: None,
            });
        }
    }

    fn unknown(&self, what: &'static str) -> Unknown {
        Unknown { line: self.at + 1, what }
    }
}

/// A line without the blanks at its end, unless a backslash makes the first of them count.
fn trimmed(line: &str) -> &str {
    let trimmed = line.trim_end_matches(is_blank);
    if trimmed.ends_with('\\') { line } else { trimmed }
}
