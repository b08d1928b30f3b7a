//! The deployments that were found, while more are looked for.

use std::collections::BTreeMap;

use super::codes::SAME_ID;
use model::desired::{Entry, Layout};
use model::diagnostic::{Diagnostic, Loc};
use model::id::DeploymentId;
use text::report::sort;

/// The list of deployments.
pub const LIST: &str = "deployments.yaml";
/// What was found.
pub(super) struct Found {
    /// How.
    pub(super) layout: Layout,
    /// By id.
    pub(super) deployments: BTreeMap<DeploymentId, Entry>,
    /// Why there may be more.
    pub(super) incomplete: Vec<Diagnostic>,
}

impl Found {
    pub(super) fn new(layout: Layout) -> Self {
        Self { layout, deployments: BTreeMap::new(), incomplete: Vec::new() }
    }

    /// Adds a deployment; an id that is taken makes both invalid.
    pub(super) fn add(&mut self, id: DeploymentId, entry: Entry, at: Loc) {
        let Some(other) = self.deployments.remove(&id) else {
            self.deployments.insert(id, entry);
            return;
        };
        let mut both = diagnostics(other);
        both.extend(diagnostics(entry));
        both.push(Diagnostic {
            at: Some(at),
            ..Diagnostic::error(format!("two deployments have the id `{id}`"))
                .with_code(SAME_ID)
                .with_help("give one of them another `name`")
        });
        sort(&mut both);
        self.deployments.insert(id, Entry::Invalid(both));
    }
}

fn diagnostics(entry: Entry) -> Vec<Diagnostic> {
    match entry {
        Entry::Invalid(found) => found,
        Entry::Valid(deployment, mut found) => {
            let message = format!("`{}` is declared here", deployment.id);
            let at = Some(deployment.origin.clone());
            found.push(Diagnostic { at, ..Diagnostic::error(message).with_code(SAME_ID) });
            found
        }
    }
}
