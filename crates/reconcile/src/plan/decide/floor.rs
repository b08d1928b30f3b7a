//! The healthy replicas that a service keeps: while some that are withheld are down, no more
//! of the others are stopped than may be down in all.

use super::scope::Scope;
use super::verdict::Replica;
use crate::plan::context::Context;
use crate::plan::seen::is_healthy;
use model::desired::Service;
use model::id::ContainerName;
use model::plan::{Blocked, WaitingOn};

/// Withholds the replacement of replicas that would leave fewer healthy ones than promised.
pub(super) fn keep<'a>(
    scope: &Scope<'_, 'a>,
    service: &'a Service,
    replicas: &mut [Replica<'a>],
    blocked: &mut Vec<Blocked>,
) {
    let Some(waiting_on) = waiting_on(scope.context, service, replicas) else { return };
    for replica in replicas.iter_mut().filter(|replica| !replica.withheld) {
        if replica.instead.as_ref().is_some_and(|instead| takes_away(&instead.replica)) {
            replica.instead = None;
        }
        if takes_away(replica) {
            let subject = format!("replace container {}", replica.id.container_name());
            blocked.push(scope.withhold(service, subject, waiting_on.clone()));
            replica.withheld = true;
        }
    }
}

/// Whether a healthy container stops before another one stands in for it. What stops for a
/// network, or because of its host, does so with all others.
fn takes_away(replica: &Replica<'_>) -> bool {
    replica.stops_first()
        && !replica.order.is_uprooted()
        && replica.goes_before.is_none()
        && replica.old.iter().any(|owned| is_healthy(owned))
}

/// What the next stop of a healthy replica waits for, if as many are down already as may be.
pub(in crate::plan) fn waiting_on(
    context: &Context<'_>,
    service: &Service,
    replicas: &[Replica<'_>],
) -> Option<WaitingOn> {
    let down = down(context, service, replicas);
    let may = usize::try_from(service.rollout.parallelism.max(1)).unwrap_or(usize::MAX);
    let least = service.replicas.saturating_sub(service.rollout.parallelism.max(1));
    (down.len() >= may).then_some(WaitingOn::Healthy { down, least, of: service.replicas })
}

/// The replicas that are withheld and have no healthy container.
pub(in crate::plan) fn down(
    context: &Context<'_>,
    service: &Service,
    replicas: &[Replica<'_>],
) -> Vec<ContainerName> {
    if service.job {
        return Vec::new();
    }
    let is_down = |replica: &&Replica<'_>| {
        replica.withheld && !context.slot(&service.name, replica.id.slot).iter().any(is_healthy)
    };
    replicas.iter().filter(is_down).map(|replica| replica.id.container_name()).collect()
}
