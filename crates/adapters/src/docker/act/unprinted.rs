//! What the text of an error must not show: an engine repeats what it was given, and a command in
//! a container prints what it likes.

use crate::docker::Docker;
use crate::docker::observe::hidden::Hidden;
use crate::docker::wire::error;
use model::action::Action;
use model::id::ContainerId;
use model::secret::{assigned, hidden_in};
use model::target::ContainerRef;
use world::OutsideError;

/// In place of the output of a command of which nobody can tell what may be shown.
pub(super) const UNKNOWN: &str = "(not shown: the secrets of the container cannot be read)";

impl Docker {
    /// The error of an action without the secrets that it may repeat.
    pub(super) async fn without_secrets(
        &self,
        action: &Action,
        error: OutsideError,
    ) -> OutsideError {
        let is_silent = matches!(error, OutsideError::Unreachable(_) | OutsideError::Timeout(_));
        // What does not answer has repeated nothing, and is not asked once more.
        let hidden = if is_silent { Hidden::default() } else { self.hidden_in(action).await };
        error.map(|text| {
            let (text, _) = hidden.mask(text, usize::MAX);
            error::without(&text, hidden_in(&text).chain(assigned(&text)))
        })
    }

    /// What hides the secrets of a container in the output of a command; `None` where nobody can tell what may be shown.
    pub(super) async fn hidden_of_output(&self, container: &str) -> Option<Hidden> {
        let view = self.container(&ContainerId::new(container)).await.ok()??;
        self.secrets(&view).await.ok()
    }

    async fn hidden_in(&self, action: &Action) -> Hidden {
        match action {
            Action::CreateContainer(create) => self.declared(Some(&create.identity), &create.spec),
            Action::CreateVolume { owner, .. } | Action::CreateNetwork { owner, .. } => {
                Hidden::of(self.put(&owner.deployment))
            }
            Action::BuildImage { owner, .. } => Hidden::of(self.put(&owner.deployment)),
            // What a command printed was masked when it was read (`hook`).
            Action::RunHook { .. } => Hidden::default(),
            _ => self.hidden_of_target(action).await,
        }
    }

    async fn hidden_of_target(&self, action: &Action) -> Hidden {
        match action.target().map(|target| &target.container) {
            Some(ContainerRef::Known(id)) => self.hidden_in_errors(id).await,
            _ => Hidden::default(),
        }
    }
}
