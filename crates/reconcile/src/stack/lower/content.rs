//! The content of a file of the tree, and its mode.

use super::Scope;
use crate::stack::codes::TREE_FILE;
use compose::codes::VALUE;
use model::secret::Content;
use text::read::quote;
use text::report::Reporter;
use text::stored;
use text::yaml::{Kind, Node, Span};
use world::TreeError;

/// The largest file that is put into a container, in bytes.
pub(super) const MAX_UPLOAD: u64 = 16 << 20;

/// A file of the tree.
pub(super) fn content(path: &str, at: Span, scope: &Scope<'_>) -> Option<Content> {
    match stored::read(scope.instance.tree, path, MAX_UPLOAD) {
        Ok(bytes) => Some(Content::new(bytes)),
        Err(error) => {
            let namer = scope.report.name(at.file);
            let help = stored::remedy(scope.instance.tree, path, &error, &namer);
            let link = matches!(error, TreeError::NotAFile(_));
            let link =
                link.then(|| "a link is not followed: name the file that is meant".to_owned());
            let code = stored::code(&error, TREE_FILE);
            scope.report.refuse_as(code, at, error.to_string(), help.or(link));
            None
        }
    }
}

/// Permission bits: a number as YAML reads it (`0440` is octal), or octal text.
pub(super) fn mode(key: &str, node: &Node, report: &Reporter) -> Option<u32> {
    let bits = node.scalar().and_then(|scalar| match scalar.kind {
        Kind::Int => scalar.text.parse().ok(),
        _ => u32::from_str_radix(scalar.text.trim_start_matches("0o"), 8).ok(),
    });
    let bits = bits.filter(|bits| *bits <= 0o7777);
    if bits.is_none() {
        let message = format!("`{key}` must be permission bits, not {}", quote(node));
        report.error_help(VALUE, node.span, message, "write them in octal, for example `0440`");
    }
    bits
}
