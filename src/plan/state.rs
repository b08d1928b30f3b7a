//! What a container does, as far as decisions need it.

use super::draft::because;
use super::ownership::Owned;
use crate::model::action::{ContainerRef, Target};
use crate::model::desired::Service;
use crate::model::observed::{Health, Status};
use crate::model::plan::{Cause, Reason};

/// A container that exists, for a step to act on.
pub(super) fn known(owned: &Owned<'_>) -> Target {
    Target { container: ContainerRef::Known(owned.view.id.clone()), name: owned.view.name.clone() }
}

/// Whether a container's process lives.
pub(super) fn is_running(owned: &Owned<'_>) -> bool {
    matches!(owned.view.state.status, Status::Running | Status::Paused | Status::Restarting)
}

/// Whether it runs and its health check, if it has one, passes.
pub(super) fn is_good(owned: &Owned<'_>) -> bool {
    owned.view.state.status == Status::Running
        && matches!(owned.view.state.health, None | Some(Health::Healthy))
}

/// Whether a one-shot has done its work.
pub(super) fn is_done(service: &Service, owned: &Owned<'_>) -> bool {
    service.one_shot
        && owned.view.state.status == Status::Exited
        && owned.view.state.exit_code == 0
        && owned.view.state.started_at.is_some()
}

/// Why a container cannot stay although its spec matches.
pub(super) fn unusable(service: &Service, owned: &Owned<'_>) -> Option<Cause> {
    let at = service.origins.find("");
    match owned.view.state.status {
        Status::Created if !service.files.is_empty() => Some(because(Reason::FilesUnproven, at)),
        Status::Dead | Status::Removing => {
            Some(because(Reason::Exited { code: owned.view.state.exit_code }, at))
        }
        _ => None,
    }
}
