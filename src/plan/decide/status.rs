//! Whether a deployment works, as one word: the worst of its replicas.

use crate::model::desired::Service;
use crate::model::observed::{Health as Check, Status};
use crate::model::plan::Health;
use crate::plan::context::Context;
use crate::plan::seen::{Owned, is_done};

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
            containers.iter().map(|owned| replica(service, owned)).min().unwrap_or(Health::Missing)
        })
        .max()
        .unwrap_or(Health::Healthy)
}

fn replica(service: &Service, owned: &Owned<'_>) -> Health {
    match (owned.view.state.status, owned.view.state.health) {
        (Status::Running, None | Some(Check::Healthy)) => Health::Healthy,
        (Status::Running, Some(Check::Starting)) | (Status::Created, _) => Health::Progressing,
        (Status::Paused, _) => Health::Suspended,
        (Status::Exited, _) if is_done(service, owned) => Health::Healthy,
        _ => Health::Degraded,
    }
}
