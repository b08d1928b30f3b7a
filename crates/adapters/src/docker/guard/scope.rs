//! What is a deployment's own: its networks and volumes begin with its id.

use crate::docker::names::is_generated;
use model::demand::Demand;
use model::id::DeploymentId;

/// What attaching to this network demands of a deployment.
pub(in crate::docker) fn network_demand(
    deployment: &DeploymentId,
    network: &str,
) -> Option<Demand> {
    match network {
        "none" => None,
        "" | "default" | "bridge" => Some(Demand::Network("bridge".to_owned())),
        "host" => Some(Demand::Namespace("network=host".to_owned())),
        name if name.starts_with("container:") => {
            Some(Demand::Namespace(format!("network={name}")))
        }
        name if belongs(deployment, name) => None,
        name => Some(Demand::Network(name.to_owned())),
    }
}

pub(super) fn volume_demand(deployment: &DeploymentId, volume: &str) -> Option<Demand> {
    let own = volume.is_empty() || belongs(deployment, volume) || is_generated(volume);
    (!own).then(|| Demand::Volume(volume.to_owned()))
}

fn belongs(deployment: &DeploymentId, name: &str) -> bool {
    name.strip_prefix(deployment.as_str()).is_some_and(|rest| rest.starts_with('_'))
}
