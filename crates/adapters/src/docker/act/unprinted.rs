//! What the text of an error must not show: an engine repeats what it was given, and a command in
//! a container prints what it likes.

use crate::docker::Docker;
use crate::docker::observe::hidden::Hidden;
use crate::docker::wire::error;
use model::action::Action;
use model::id::ContainerId;
use model::labels::Identity;
use model::secret::{assigned, url_logins};
use model::target::ContainerRef;
use world::OutsideError;

/// In place of the output of a command of which nobody can tell what may be shown.
const UNKNOWN: &str = "(not shown: the secrets of the container cannot be read)";

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
            error::without(&text, url_logins(&text).chain(assigned(&text)))
        })
    }

    /// What a command in a container printed, without the secrets of that.
    pub(super) async fn printable_output(&self, container: &str, output: &str) -> String {
        if output.is_empty() {
            return String::new();
        }
        let view = self.container(&ContainerId::new(container)).await;
        let Ok(Some(view)) = view else { return UNKNOWN.to_owned() };
        match self.secrets(&view).await {
            Ok(hidden) => hidden.mask(output, usize::MAX).0,
            Err(_) => UNKNOWN.to_owned(),
        }
    }

    async fn hidden_in(&self, action: &Action) -> Hidden {
        match action {
            Action::CreateContainer(create) => {
                self.declared(Some(&create.identity), &create.spec)
            }
            Action::CreateVolume { owner, .. } | Action::CreateNetwork { owner, .. } => {
                Hidden::of(self.put(&owner.deployment))
            }
            Action::BuildImage { owner, .. } => Hidden::of(self.put(&owner.deployment)),
            _ => self.hidden_of_target(action).await,
        }
    }

    /// Also where files cannot be read, as of a container whose mounts fail: errors of engines
    /// repeat what it was made of, not what is in its files.
    async fn hidden_of_target(&self, action: &Action) -> Hidden {
        let Some(ContainerRef::Known(id)) = action.target().map(|target| &target.container) else {
            return Hidden::default();
        };
        let Ok(Some(view)) = self.container(id).await else { return Hidden::default() };
        if let Ok(hidden) = self.secrets(&view).await {
            return hidden;
        }
        let identity = Identity::decode(&view.spec.labels);
        self.declared(identity.as_ref(), &view.spec)
    }
}
