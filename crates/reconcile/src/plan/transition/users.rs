//! Who is on a network that is to go.

use super::{Transition, Who};
use crate::plan::fact::Fact;
use crate::plan::seen::EngineInventory;
use model::desired::{DesiredState, Entry};
use model::id::NetworkName;
use model::observed::{ContainerView, NetworkView};
use model::plan::StaysOn;

impl Transition {
    /// Comes after all containers on a network are gone, or detached; and not at all while
    /// one stays on it.
    pub(super) fn after_users(
        self,
        network: &NetworkView,
        inventory: &EngineInventory<'_>,
        desired: &DesiredState,
    ) -> Self {
        let name = &network.spec.name;
        let users: Vec<_> = inventory.users_of(name).collect();
        let left = users.iter().flat_map(|user| {
            let who = Who::Known(user.id.clone());
            [Fact::Gone(who.clone()), Fact::Detached(who, name.clone())]
        });
        let known = users.iter().map(|user| {
            let why = stays(user, name, inventory, desired);
            (user.id.clone(), user.name.clone(), why)
        });
        Self { users: Some(known.collect()), ..self.needs(left) }
    }
}

/// Why a container stays on a network, if it does.
fn stays(
    view: &ContainerView,
    network: &NetworkName,
    inventory: &EngineInventory<'_>,
    desired: &DesiredState,
) -> StaysOn {
    let mut containers = inventory.containers();
    let Some(owned) = containers.find(|owned| owned.view.id == view.id) else {
        return StaysOn::Unasked;
    };
    let replica = &owned.identity.replica;
    match desired.deployments.get(&replica.deployment) {
        Some(Entry::Invalid(_)) => StaysOn::Unknown,
        Some(Entry::Valid(deployment, _)) => {
            let service = deployment.services.get(&replica.service);
            match service.filter(|service| service.spec.networks.contains_key(network)) {
                Some(service) => {
                    let at = service.origins.find(&format!("networks.{network}")).cloned();
                    StaysOn::Asked { at }
                }
                None => StaysOn::Unasked,
            }
        }
        None => StaysOn::Unasked,
    }
}
