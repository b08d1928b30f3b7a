//! What references see beside what is given: the `.env` of the project directory, or the
//! env files that were named.

use std::collections::BTreeMap;

use super::codes::ENV_FILE;
use super::dotenv;
use super::variables::{Resolve, Variables};
use model::diagnostic::{Diagnostic, Loc};
use text::report::Reporter;
use text::underline::underlined;
use text::yaml::MAX_FILE;
use text::{encoding, paths, stored};
use world::{Tree, TreeError, TreeKind};

/// Reads env files, later ones over earlier ones, into `variables`; what is known already
/// stays. If nobody named them, each may be absent. `origin` is where they are named, if a
/// file does.
pub fn read(
    tree: &dyn Tree,
    files: &[String],
    named: bool,
    variables: &mut Variables,
    origin: Option<&Loc>,
    report: &Reporter,
) {
    let mut found = BTreeMap::new();
    for path in files {
        match text(tree, path) {
            Err(TreeError::Missing(_)) if !named => {}
            Err(TreeError::NotAFile(_))
                if !named && paths::kind(tree, path) == Some(TreeKind::Folder) => {}
            Err(error) => {
                let problem = Diagnostic::error(format!("an env file cannot be used: {error}"));
                let help = stored::remedy(tree, path, &error, origin.map_or("", |at| &at.file));
                let code = stored::code(&error, ENV_FILE);
                // Nothing names a `.env`; a pointer in its place shows no value of it.
                let pointer = matches!(error, TreeError::Pointer { .. });
                let itself = pointer.then(|| Loc::new(path.as_str(), 1, 1));
                let at = origin.cloned().or(itself);
                let problem = Diagnostic { at, help, ..problem.with_code(code) };
                report.add(underlined(tree, problem));
            }
            Ok(text) => one(path, &text, variables, &mut found, report),
        }
    }
    for (name, value) in found {
        variables.dotenv.entry(name).or_insert(value);
    }
}

/// Adds what an env file says to `known`.
pub(crate) fn one(
    file: &str,
    text: &str,
    outside: &dyn Resolve,
    known: &mut BTreeMap<String, String>,
    report: &Reporter,
) {
    let inner = Reporter::hidden(file);
    dotenv::read(text, outside, known, false, &inner);
    report.conceal(inner.concealed());
    for diagnostic in inner.finish() {
        report.add(diagnostic);
    }
}

/// A file's text, without its byte order mark.
pub fn text(tree: &dyn Tree, path: &str) -> Result<String, TreeError> {
    encoding::utf8(stored::read(tree, path, MAX_FILE)?)
        .map_err(|error| TreeError::Unreadable { path: path.to_owned(), why: error.to_string() })
}
