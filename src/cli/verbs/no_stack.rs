//! A place without stacks: for verbs that need one it is a mistake.

use model::desired::{DesiredState, Layout};
use model::diagnostic::Diagnostic;
use reconcile::stack::{LIST, STACKS};

/// Whether a place was looked through for stacks, and has none.
pub(super) fn is_without_stacks(desired: &DesiredState) -> bool {
    let is_empty = desired.deployments.is_empty() && desired.incomplete.is_empty();
    is_empty && desired.layout == Layout::Folders
}

/// A verb that reads stacks needs one.
pub(super) fn no_stack(place: &str) -> Diagnostic {
    let names = STACKS.join("`, `");
    let help = format!(
        "`{names}` are looked for in the folder and in its direct children; `{LIST}` lists stacks \
         that lie deeper or have other names; a stack file can also be given itself, or a \
         repository with `--git` and a folder of it with `--path`"
    );
    Diagnostic { help: Some(help), ..Diagnostic::error(format!("there is no stack in `{place}`")) }
}
