//! `fmt`: stack files in the usual layout. The layout itself is [`text::format`];
//! here files are read, compared and replaced.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use model::diagnostic::{Diagnostic, Severity};
use model::printable::one_line;
use text::codes::YAML;
use text::format::{FormatError, format};
use text::report::Reporter;
use text::yaml::{MAX_FILE, Span};

use super::super::args::FmtArgs;
use super::super::console::{BAD, Console, GOOD, paint};
use super::super::exit::Exit;

/// Formats what is named, and says which of it was not formatted.
pub(in crate::cli) fn fmt(console: Console, args: &FmtArgs) -> Exit {
    let each = args.files.iter().map(|path| match one(console, args, path) {
        Ok(exit) => exit,
        Err(problem) => {
            console.complain_all(&[problem]);
            Exit::Invalid
        }
    });
    each.max().unwrap_or(Exit::Done)
}

fn one(console: Console, args: &FmtArgs, path: &Path) -> Result<Exit, Diagnostic> {
    let name = path.to_string_lossy();
    let is_input = name == "-";
    let bytes = read(path, is_input).map_err(|error| unreadable(&name, &error))?;
    let before = String::from_utf8(bytes)
        .map_err(|_| Diagnostic::error(format!("`{name}` is not UTF-8 text")))?;
    let name = if is_input { "standard input" } else { &*name };
    let after = format(&before, args.sort).map_err(|error| refused(name, &before, &error))?;
    if args.diff {
        show(console, name, &before, &after);
    }
    if !args.check && !args.diff {
        if is_input {
            console.result_as_is(&after);
        } else if before != after {
            replace(path, &after).map_err(|error| unwritable(name, &error))?;
            console.progress(&one_line(name));
        }
        return Ok(Exit::Done);
    }
    if args.check && before != after {
        if !args.diff {
            console.result(&one_line(name));
        }
        return Ok(Exit::Failed);
    }
    Ok(Exit::Done)
}

fn read(path: &Path, is_input: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_input {
        io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("it is larger than {MAX_FILE} bytes")));
    }
    Ok(bytes)
}

fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let problem = Diagnostic::error(format!("`{name}` cannot be read: {error}"));
    match error.kind() {
        io::ErrorKind::IsADirectory => problem.with_help("name the files in it"),
        _ => problem.with_help("name files that this user may read; `-` is standard input"),
    }
}

fn unwritable(name: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("`{name}` cannot be written: {error}"))
        .with_help("it is as it was before")
}

/// A message about a text that cannot be formatted.
fn refused(name: &str, text: &str, error: &FormatError) -> Diagnostic {
    let (line, column) = match error {
        FormatError::Invalid { line, column, .. } => (*line, *column),
        FormatError::Unknown { line, .. } => (*line, 1),
        FormatError::Unsortable => {
            return Diagnostic::error(format!("{name}: {error}"))
                .with_help("format it without `--sort`");
        }
        FormatError::Changed => {
            return Diagnostic::error(format!("{name}: {error}"))
                .with_help("please report it, with the file if you can");
        }
    };
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).max(1);
    let report = Reporter::new(name, text);
    let span = Span { line: number(line), column: number(column), ..Span::START };
    let code = matches!(error, FormatError::Invalid { .. }).then_some(YAML);
    let message = report.diagnostic(Severity::Error, report.clip(span), error.to_string(), None);
    Diagnostic { code, ..message }
}

/// Shows what would change.
fn show(console: Console, name: &str, before: &str, after: &str) {
    let diff = TextDiff::from_lines(before, after);
    let (old, new) = (format!("a/{name}"), format!("b/{name}"));
    let text = diff.unified_diff().header(&old, &new).to_string();
    let line = |line: &str| match line.as_bytes().first() {
        Some(b'+') => paint(GOOD, &one_line(line)),
        Some(b'-') => paint(BAD, &one_line(line)),
        _ => one_line(line).into_owned(),
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    if !lines.is_empty() {
        console.result(&lines.join("\n"));
    }
}

/// Puts a new file in a file's place, in one step: a reader sees the one or the other.
/// Its mode stays; a link goes on to lead to it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let mode = fs::metadata(&path)?.permissions();
    let (beside, mut file) = create_beside(&path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| fs::set_permissions(&beside, mode))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A new file in the same folder, so that it can be renamed.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.fmt", std::process::id()));
    let file = File::options().write(true).create_new(true).open(&beside)?;
    Ok((beside, file))
}
