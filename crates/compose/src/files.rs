//! The files of a stack, read only inside the tree and within limits: a stack may name
//! files, and every author who can push may write anything.

use std::cell::RefCell;

use super::NOWHERE;
use super::codes::{FILE, LIMIT, REMOTE};
use text::encoding::NotText;
use text::report::Reporter;
use text::yaml::{Document, MAX_FILE, Span, parse_all};
use text::{encoding, paths, stored};
use world::Tree;

/// How many files one stack may have, with all it includes and extends.
const MOST_FILES: usize = 1000;
/// How many bytes they may have.
const MOST_BYTES: usize = 16 << 20;
/// How many bytes may be made by copying what is extended.
const MOST_COPIED: usize = 64 << 20;
/// How places elsewhere begin.
const REMOTES: [&str; 8] =
    ["http://", "https://", "git://", "ssh://", "git@", "github.com/", "oci://", "file://"];

/// Who reads a file, for messages: the place that names it, and that place's key path.
#[derive(Clone, Copy)]
pub(crate) struct Named<'a> {
    /// The key path; empty for a file that is given from outside.
    pub(crate) path: &'a str,
    /// The place.
    pub(crate) at: Span,
}

impl Named<'_> {
    /// A message with the key path in front.
    pub(crate) fn message(&self, message: &str) -> String {
        if self.path.is_empty() {
            message.to_owned()
        } else {
            format!("`{}`: {message}", self.path)
        }
    }
}

/// The files of a stack.
pub(crate) struct Files<'a> {
    tree: &'a dyn Tree,
    root: &'a str,
    report: &'a Reporter,
    used: RefCell<Used>,
}

#[derive(Default)]
struct Used {
    files: usize,
    bytes: usize,
    copied: usize,
}

impl<'a> Files<'a> {
    /// No file was read yet.
    pub(crate) fn new(tree: &'a dyn Tree, root: &'a str, report: &'a Reporter) -> Self {
        Self { tree, root, report, used: RefCell::default() }
    }

    /// The path inside the tree that a path in a file of `directory` means.
    pub(crate) fn locate(&self, directory: &str, path: &str, named: Named<'_>) -> Option<String> {
        if REMOTES.iter().any(|start| path.starts_with(start)) {
            let message =
                named.message(&format!("`{path}` is not in the tree: nothing is fetched"));
            let help = "copy the file into the tree, so that what runs is what was reviewed";
            self.report.refuse_as(REMOTE, named.at, message, Some(help.to_owned()));
            return None;
        }
        let below_root = path
            .strip_prefix(self.root.trim_end_matches('/'))
            .filter(|_| self.root != NOWHERE)
            .and_then(|rest| rest.strip_prefix('/'));
        let inside = match below_root {
            Some(rest) => paths::in_tree("", rest),
            None => paths::in_tree(directory, path),
        };
        if inside.is_none() {
            let message = named.message(&format!("`{path}` leads out of the source's tree"));
            let help = "move the file into the tree, or give a folder further up as the source";
            self.report.refuse_as(FILE, named.at, message, Some(help.to_owned()));
        }
        inside
    }

    /// A file's name for messages: absolute where the tree is all of the machine's.
    pub(crate) fn rendered(&self, file: &str) -> String {
        if self.root == "/" { format!("/{file}") } else { file.to_owned() }
    }

    /// A file's text; `None` if it was refused.
    pub(crate) fn text(&self, file: &str, named: Named<'_>) -> Option<String> {
        let why = match stored::read(self.tree, file, MAX_FILE) {
            Ok(bytes) => {
                self.count(bytes.len(), named)?;
                return self.decoded(file, bytes);
            }
            Err(error) => error,
        };
        let by = self.report.name(named.at.file);
        let help = stored::remedy(self.tree, file, &why, &by).unwrap_or_else(|| {
            "stack files are regular files of the tree; links are not followed".to_owned()
        });
        let code = stored::code(&why, FILE);
        self.report.refuse_as(code, named.at, named.message(&why.to_string()), Some(help));
        None
    }

    /// The text that bytes of a file are; what is none is shown where it is.
    fn decoded(&self, file: &str, bytes: Vec<u8>) -> Option<String> {
        let NotText { line, column, what, lossy } = match encoding::yaml(bytes) {
            Ok(text) => return Some(text),
            Err(error) => error,
        };
        let file = self.report.open(file, &lossy);
        let help = Some("save the file as UTF-8".to_owned());
        self.report.refuse_as(FILE, Span { file, line, column, length: 1 }, what, help);
        None
    }

    /// The documents of a stack file.
    pub(crate) fn documents(&self, file: &str, named: Named<'_>) -> Option<Vec<Document>> {
        let text = self.text(file, named)?;
        parse_all(self.report.open(file, &text), &text, self.report)
    }

    fn count(&self, bytes: usize, named: Named<'_>) -> Option<()> {
        let mut used = self.used.borrow_mut();
        used.files += 1;
        used.bytes += bytes;
        if used.files <= MOST_FILES && used.bytes <= MOST_BYTES {
            return Some(());
        }
        let limit = format!("a stack has at most {MOST_FILES} files of {} MiB", MOST_BYTES >> 20);
        self.report.refuse_as(LIMIT, named.at, named.message(&limit), None);
        None
    }

    /// Accounts for a copy of an extended service.
    pub(crate) fn copied(&self, bytes: usize, named: Named<'_>) -> Option<()> {
        let mut used = self.used.borrow_mut();
        used.copied += bytes;
        if used.copied <= MOST_COPIED {
            return Some(());
        }
        let limit = format!("services are extended to more than {} MiB", MOST_COPIED >> 20);
        self.report.refuse_as(LIMIT, named.at, named.message(&limit), None);
        None
    }
}
