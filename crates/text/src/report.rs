//! Collects messages about the files of one stack: turns positions into [`Diagnostic`]s,
//! adds the line they are about, and hides what must not print in it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::hiding::{indent, is_entry, secret_value, user_info, without_comment};
use super::path_of::{self, key_path};
use super::yaml::{FileId, Node, Span};
use model::desired::Origins;
use model::diagnostic::{Code, Diagnostic, Loc, Severity};

/// How many messages about one file are kept: more would help nobody.
const MOST: usize = 500;
/// The longest line that is shown, in bytes.
const LONGEST: usize = 2000;
/// How long a value is that hides a text of which it is only a part, in bytes.
const LEAST: usize = 6;
/// What a hidden value is shown as.
const HIDDEN: &str = "***";

/// Where a line is in its text, and its width without trailing spaces, in characters. Files of
/// one very long line exist, so that the width is counted only once.
struct Line {
    at: Range<usize>,
    width: u32,
}

/// A file that messages may be about.
struct File {
    name: Arc<str>,
    text: Box<str>,
    lines: Vec<Line>,
}

impl File {
    fn new(name: &str, text: &str) -> Self {
        let mut end = 0;
        let line = |line: &str| {
            let start = end;
            end += line.len();
            let line = line.strip_suffix('\n').unwrap_or(line).trim_end_matches('\r');
            let width = u32::try_from(line.trim_end().chars().count()).unwrap_or(u32::MAX);
            Line { at: start..start + line.len(), width }
        };
        let lines = text.split_inclusive('\n').map(line).collect();
        Self { name: name.into(), text: text.into(), lines }
    }
}

/// The messages about the files of one stack.
pub struct Reporter {
    /// Never empty; the first is the stack file itself.
    files: RefCell<Vec<Rc<File>>>,
    found: RefCell<Vec<Diagnostic>>,
    /// Whether one of them is an error, also one that was not kept.
    failed: Cell<bool>,
    /// Where those that were made here point to, by their index.
    spans: RefCell<BTreeMap<usize, Span>>,
    /// Values that were substituted and must not be repeated.
    secrets: RefCell<Vec<String>>,
}

/// Sorts messages by the places that they are about, and leaves out what was said there before.
pub fn sort(found: &mut Vec<Diagnostic>) {
    found.sort_by(|a, b| (&a.at, a.severity, &a.message).cmp(&(&b.at, b.severity, &b.message)));
    let mut seen = BTreeSet::new();
    found.retain(|d| seen.insert((d.at.clone(), d.message.clone())));
}

impl Reporter {
    /// A reporter for a file with this text, which is [`FileId::FIRST`].
    #[must_use]
    pub fn new(file: &str, text: &str) -> Self {
        Self {
            files: RefCell::new(vec![Rc::new(File::new(file, text))]),
            found: RefCell::default(),
            failed: Cell::default(),
            spans: RefCell::default(),
            secrets: RefCell::default(),
        }
    }

    /// A reporter for a file whose text is not known: it shows no line of it.
    #[must_use]
    pub fn hidden(file: &str) -> Self {
        Self::new(file, "")
    }

    /// Another reporter about the same files, for what concerns only a part of them.
    #[must_use]
    pub fn same_files(&self) -> Self {
        Self {
            files: self.files.clone(),
            found: RefCell::default(),
            failed: Cell::default(),
            spans: RefCell::default(),
            secrets: self.secrets.clone(),
        }
    }

    /// Adds the text of a file that messages may be about. A file of the same name may be
    /// there already, with its text or without.
    pub fn open(&self, name: &str, text: &str) -> FileId {
        let mut files = self.files.borrow_mut();
        let known = files.iter().position(|file| &*file.name == name);
        let index = known.unwrap_or(files.len());
        match known {
            None => files.push(Rc::new(File::new(name, text))),
            Some(index) if files[index].lines.is_empty() => {
                files[index] = Rc::new(File::new(name, text));
            }
            Some(_) => {}
        }
        FileId(u16::try_from(index).expect("BUG: more files than the limit on includes"))
    }

    /// The stack file's path inside the tree.
    pub fn file(&self) -> Arc<str> {
        self.name(FileId::FIRST)
    }

    /// A file's path inside the tree.
    pub fn name(&self, file: FileId) -> Arc<str> {
        Arc::clone(&self.files.borrow()[usize::from(file.0)].name)
    }

    /// A span's place.
    pub fn loc(&self, span: Span) -> Loc {
        Loc { file: self.name(span.file), line: span.line, column: span.column }
    }

    /// Notes where a field was written.
    pub fn note(&self, origins: &mut Origins, path: impl AsRef<str>, span: Span) {
        origins.note(path, self.loc(span));
    }

    /// The span cut to what its line holds, and on a line that exists.
    pub fn clip(&self, span: Span) -> Span {
        let file = Rc::clone(&self.files.borrow()[usize::from(span.file.0)]);
        let last = u32::try_from(file.lines.len()).unwrap_or(u32::MAX).max(1);
        let line = span.line.clamp(1, last);
        let width = usize::try_from(line - 1)
            .ok()
            .and_then(|index| file.lines.get(index))
            .map_or(0, |line| line.width);
        let column = if line == span.line { span.column.clamp(1, width + 1) } else { width + 1 };
        let length = span.length.min((width + 1).saturating_sub(column)).max(1);
        Span { line, column, length, ..span }
    }

    /// The text of a span's line.
    pub fn line(&self, at: Span) -> Option<Rc<str>> {
        let index = usize::try_from(at.line.checked_sub(1)?).ok()?;
        let files = self.files.borrow();
        let file = &files[usize::from(at.file.0)];
        Some(file.text[file.lines.get(index)?.at.clone()].into())
    }

    /// The text of a span's line, unless it is too long to be worked on again and again.
    pub fn short_line(&self, at: Span) -> Option<Rc<str>> {
        self.line(at).filter(|text| text.len() <= LONGEST)
    }

    /// Reports an error.
    pub fn error(&self, code: Code, span: Span, message: impl Into<String>) {
        self.push(code, Severity::Error, span, message.into(), None);
    }

    /// Reports an error and its remedy.
    pub fn error_help(
        &self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(code, Severity::Error, span, message.into(), Some(help.into()));
    }

    /// Reports an error with or without a remedy.
    pub fn refuse_as(
        &self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(code, Severity::Error, span, message.into(), help);
    }

    /// Reports a warning.
    pub fn warn_as(
        &self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(code, Severity::Warning, span, message.into(), help);
    }

    /// A diagnostic about a place, without reporting it.
    pub fn diagnostic(
        &self,
        severity: Severity,
        span: Span,
        message: String,
        help: Option<String>,
    ) -> Diagnostic {
        let (message, help) = (self.cleaned(message), help.map(|help| self.cleaned(help)));
        let (span, excerpt) = self.excerpt(span);
        let at = Some(self.loc(span));
        Diagnostic { severity, code: None, at, length: span.length, excerpt, message, help }
    }

    /// Adds a diagnostic that was made elsewhere.
    /// Returns whether it is new.
    pub fn add(&self, diagnostic: Diagnostic) -> bool {
        let mut found = self.found.borrow_mut();
        let first_error = diagnostic.is_error() && !self.failed.replace(true);
        let new = first_error || (found.len() < MOST && !found.contains(&diagnostic));
        if new {
            found.push(diagnostic);
        }
        new
    }

    /// Puts key paths in front of the messages that have none yet: those of the first nodes
    /// of this tree that were written where the messages point to. An error that only
    /// repeats what was said of the same path, or follows from one of the kinds `unknown`
    /// there (no value is known), is left out.
    pub fn name_paths(&self, root: &Node, unknown: &[Code]) {
        let mut found = self.found.borrow_mut();
        let mut bare = std::mem::take(&mut *self.spans.borrow_mut());
        bare.retain(|index, span| {
            key_path(&found[*index].message).is_none() && *span != Span::start_of(span.file)
        });
        let paths = path_of::all(root, &bare.values().copied().collect());
        let reported = path_of::Reported::of(&found, unknown);
        let mut index = 0;
        found.retain_mut(|diagnostic| {
            let path = bare.get(&index).and_then(|span| paths.get(span));
            index += 1;
            let Some(path) = path else { return true };
            diagnostic.message = path_of::prefixed(path, &diagnostic.message);
            !reported.covers(path, diagnostic)
        });
    }

    /// Remembers values that no later message may repeat: those that are secret by their name
    /// or by where they come from.
    pub fn conceal(&self, values: Vec<String>) {
        self.secrets.borrow_mut().extend(values.into_iter().filter(|value| !value.is_empty()));
    }

    /// The values that no message repeats.
    #[must_use]
    pub fn concealed(&self) -> Vec<String> {
        self.secrets.borrow().iter().cloned().collect()
    }

    /// A message without concealed values. Only what stands in backticks comes from
    /// files; the words around it are ours. The key path that a message begins with is made
    /// of keys as they were written, into which nothing was substituted.
    fn cleaned(&self, text: String) -> String {
        let secrets = self.secrets.borrow();
        if secrets.is_empty() {
            return text;
        }
        // A few characters are in many a word: they hide only themselves, as `x`, `x:` or `./x`.
        let hides = |part: &str, secret: &String| {
            let bare = part.strip_suffix(':').unwrap_or(part);
            let is_itself = [part, bare, bare.trim_start_matches("./")].contains(&secret.as_str());
            is_itself || (secret.len() >= LEAST && part.contains(secret.as_str()))
        };
        let first = if key_path(&text).is_some() { 3 } else { 1 };
        let parts = text.split('`').enumerate().map(|(index, part)| {
            let secret = index >= first
                && index % 2 == 1
                && secrets.iter().any(|secret| hides(part, secret));
            if secret { HIDDEN } else { part }
        });
        parts.collect::<Vec<_>>().join("`")
    }

    /// Whether something of this kind was reported of this place.
    pub fn has_reported(&self, code: Code, span: Span) -> bool {
        let (found, spans) = (self.found.borrow(), self.spans.borrow());
        spans.iter().any(|(index, at)| *at == span && found[*index].code == Some(code))
    }

    /// Whether an error was reported.
    pub fn has_errors(&self) -> bool {
        self.failed.get()
    }

    /// Everything that was reported, in the order of the places that it is about, once.
    pub fn finish_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.finish();
        sort(&mut found);
        found
    }

    /// Everything that was reported, in the order in which it was.
    pub fn finish(self) -> Vec<Diagnostic> {
        self.found.into_inner()
    }

    /// Whether further messages are dropped; then they need not be worked out well.
    pub fn is_full(&self) -> bool {
        self.failed.get() && self.found.borrow().len() >= MOST
    }

    fn push(
        &self,
        code: Code,
        severity: Severity,
        span: Span,
        message: String,
        help: Option<String>,
    ) {
        if self.is_full() {
            return;
        }
        let diagnostic = self.diagnostic(severity, span, message, help).with_code(code);
        if self.add(diagnostic) {
            self.spans.borrow_mut().insert(self.found.borrow().len() - 1, span);
        }
    }

    /// The line as it may be shown, and the span moved to what is visible of it.
    fn excerpt(&self, span: Span) -> (Span, Option<String>) {
        let Some(line) = self.short_line(span) else { return (span, None) };
        let Some(hidden) = self.hidden_from(span, &line) else {
            return (span, Some(line.to_string()));
        };
        let rendered: String = line.chars().take(hidden).chain(HIDDEN.chars()).collect();
        let hidden = u32::try_from(hidden).unwrap_or(u32::MAX);
        let width = hidden.saturating_add(3);
        let column = if span.column > hidden { hidden + 1 } else { span.column };
        let length = span.length.min(width + 1 - column).max(1);
        (Span { column, length, ..span }, Some(rendered))
    }

    /// From which character on a line must not be shown; `None` if all of it may be.
    fn hidden_from(&self, at: Span, line: &str) -> Option<usize> {
        if self.is_inside_secret(at, line) {
            return Some(indent(line));
        }
        let width = line.trim_end().chars().count();
        let secret = secret_value(line).filter(|from| *from < width);
        [secret, user_info(line)].into_iter().flatten().min()
    }

    /// Whether a line is the continuation of a value whose key, some lines above and
    /// further to the left, has a name that says secret.
    fn is_inside_secret(&self, at: Span, line: &str) -> bool {
        let mut depth = indent(line);
        for above in (1..at.line).rev() {
            let Some(text) = self.line(Span { line: above, ..at }) else { break };
            let text_indent = indent(&text);
            let is_comment = text.trim_start().starts_with('#');
            if text.trim().is_empty() || is_comment || text_indent >= depth {
                continue;
            }
            let text = without_comment(&text);
            depth = text_indent;
            let value = text.trim().split_once(':').map(|(_, value)| value.trim());
            let scalar_follows = value.is_some_and(|v| !v.is_empty() || !is_entry(line));
            if scalar_follows && secret_value(text).is_some() {
                return true;
            }
            if depth == 0 {
                break;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests;
