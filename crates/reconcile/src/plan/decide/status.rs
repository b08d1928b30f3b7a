//! Whether a deployment works, as one word: the worst of its replicas.

use std::time::Duration;

use crate::plan::context::Context;
use crate::plan::seen::{Owned, is_done};
use model::desired::Service;
use model::observed::{ContainerState, Health as Check, Status};
use model::plan::Health;
use model::spec::RestartPolicy;
use model::time::Timestamp;

/// The engine forgets its pauses between restarts after such a run: only time can tell of a
/// shorter one.
const STEADY: Duration = Duration::from_secs(10);
/// So many restarts are a crash loop, until one run is so long.
const MANY: u32 = 3;
const RELAPSE: Duration = Duration::from_mins(1);

/// The health of a deployment as it was observed.
pub(super) fn health(context: &Context<'_>) -> Health {
    let services = context.deployment.services.values();
    services
        .flat_map(|service| {
            let slots = context.slots(service, |_| true);
            slots.into_iter().map(move |slot| (service, slot))
        })
        .map(|(service, slot)| {
            let containers = context.slot(&service.name, slot);
            let replicas =
                containers.iter().map(|owned| replica(Some(service), owned, context.now));
            replicas.min().unwrap_or(Health::Missing)
        })
        .max()
        .unwrap_or(Health::Empty)
}

/// The health of one container; where no stack tells what its service is, its restart policy tells
/// whether it may end.
pub(in crate::plan) fn replica(
    service: Option<&Service>,
    owned: &Owned<'_>,
    now: Timestamp,
) -> Health {
    let state = &owned.view.state;
    let may_end = || {
        let policy = &owned.view.spec.restart;
        let may = matches!(policy, RestartPolicy::No | RestartPolicy::OnFailure(_));
        may && state.exit_code == 0 && state.started_at.is_some()
    };
    let done = || service.map_or_else(may_end, |service| is_done(service, owned));
    match (state.status, state.health) {
        // What counts is how it ends.
        (Status::Running, _) if service.is_some_and(|service| service.job) => Health::Progressing,
        (Status::Running, None | Some(Check::Healthy)) => steadiness(state, now),
        // A start that failed leaves it so.
        (Status::Created, _) if state.start_failure.is_some() => Health::Degraded,
        (Status::Running, Some(Check::Starting)) | (Status::Created, _) => Health::Progressing,
        (Status::Paused, _) => Health::Suspended,
        (Status::Exited, _) if done() => Health::Healthy,
        _ => Health::Degraded,
    }
}

/// What the engine's own restarts say of a container that runs at the moment of the look.
fn steadiness(state: &ContainerState, now: Timestamp) -> Health {
    let runs_less_than = |span: Duration| {
        // Another machine's clock may be ahead, though not without bounds.
        state.started_at.is_some_and(|at| now.since(at) < span && at.since(now) < span)
    };
    match state.restarts {
        0 => Health::Healthy,
        MANY.. if runs_less_than(RELAPSE) => Health::Degraded,
        _ if runs_less_than(STEADY) => Health::Progressing,
        _ => Health::Healthy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_count_until_a_run_is_long_enough() {
        let at = Timestamp::from_secs(1000);
        let health = |restarts, ran: i64| {
            let started = Timestamp::from_secs(1000_u64.saturating_sub_signed(ran));
            let state = ContainerState {
                status: Status::Running,
                exit_code: 0,
                health: None,
                failures: 0,
                started_at: Some(started),
                finished_at: None,
                restarts,
                start_failure: None,
            };
            steadiness(&state, at)
        };
        assert_eq!(health(0, 1), Health::Healthy);
        assert_eq!([health(1, 9), health(2, 10)], [Health::Progressing, Health::Healthy]);
        assert_eq!([health(3, 59), health(3, 60)], [Health::Degraded, Health::Healthy]);
        // A clock that is ahead by little, and one that is ahead by an hour.
        assert_eq!([health(3, -5), health(3, -3600)], [Health::Degraded, Health::Healthy]);
    }
}
