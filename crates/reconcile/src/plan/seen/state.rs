//! What a container does, as far as decisions need it.

use super::Owned;
use crate::plan::cause::{Why, because};
use model::action::Until;
use model::desired::Service;
use model::observed::{ContainerView, Health, StartFailure, Status};
use model::plan::Reason;
use model::spec::RestartPolicy;

/// Whether a container's process lives.
pub(in crate::plan) fn runs(view: &ContainerView) -> bool {
    matches!(view.state.status, Status::Running | Status::Paused | Status::Restarting)
}

/// The same for one of ours.
pub(in crate::plan) fn is_running(owned: &Owned<'_>) -> bool {
    runs(owned.view)
}

/// Whether it runs and its health check, if it has one, passes.
pub(in crate::plan) fn is_healthy(owned: &Owned<'_>) -> bool {
    owned.view.state.status == Status::Running
        && matches!(owned.view.state.health, None | Some(Health::Healthy))
}

/// Which of the containers of a slot serves: one that works before one that only runs, one that
/// ran before one that never did; of equal ones what bears the replica's name, then the newest.
pub(in crate::plan) fn serving<'a>(
    all: impl IntoIterator<Item = &'a Owned<'a>>,
) -> Option<&'a Owned<'a>> {
    all.into_iter().max_by_key(|owned| {
        let ran = owned.view.state.started_at.is_some();
        let named = owned.has_canonical_name();
        (is_healthy(owned), is_running(owned), ran, named, owned.view.created_at)
    })
}

/// Whether it ended well, and is to stay so: a job, or what is not to be started again.
pub(in crate::plan) fn is_done(service: &Service, owned: &Owned<'_>) -> bool {
    (service.job || service.stays_ended)
        && owned.view.state.status == Status::Exited
        && owned.view.state.exit_code == 0
        && owned.view.state.started_at.is_some()
}

/// How often a job, or what may end, was started again, if that is as often as its
/// `on-failure:N` lets it: it has failed, and to start it again is a person's to decide.
pub(in crate::plan) fn used_up(service: &Service, owned: &Owned<'_>) -> Option<u32> {
    let RestartPolicy::OnFailure(attempts) = owned.view.spec.restart else { return None };
    let state = &owned.view.state;
    let failed = state.status == Status::Exited && state.exit_code != 0;
    let used_up = attempts > 0 && state.restarts >= attempts;
    let ends = service.job || service.stays_ended;
    (ends && failed && used_up && state.started_at.is_some()).then_some(attempts)
}

/// What it takes for a replica of a service that is no job to count.
pub(in crate::plan) fn healthy_until(service: &Service) -> Until {
    let min = service.rollout.min_healthy;
    if service.stays_ended { Until::HealthyOrCompleted(min) } else { Until::Healthy(min) }
}

/// Why a container cannot stay although its spec matches.
pub(in crate::plan) fn unusable(service: &Service, owned: &Owned<'_>) -> Option<Why> {
    let at = service.origins.find("");
    match owned.view.state.status {
        // It never ran, and the engine says that it never will.
        Status::Created | Status::Exited
            if owned.view.state.started_at.is_none()
                && owned.view.state.start_failure == Some(StartFailure::Stuck) =>
        {
            Some(because(Reason::Stuck, at))
        }
        Status::Created if !service.files.is_empty() => Some(because(Reason::FilesUnproven, at)),
        Status::Dead | Status::Removing => {
            Some(because(Reason::Exited { code: owned.view.state.exit_code }, at))
        }
        _ => None,
    }
}
