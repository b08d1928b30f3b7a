//! Names that two deployments on one engine would share: both are invalid then, because
//! each would take the other's containers, networks or volumes for its own.

use std::collections::BTreeMap;

use super::codes::SHARED_NAME;
use crate::model::desired::{Deployment, Entry};
use crate::model::diagnostic::{Diagnostic, Loc};
use crate::model::id::{DeploymentId, ReplicaId, Slot};

/// Who wants a name, and where that is written.
type Claims<'a> = BTreeMap<(&'a str, &'static str, String), Vec<(DeploymentId, Loc)>>;

/// Makes deployments that share a name invalid.
pub(super) fn check(deployments: &mut BTreeMap<DeploymentId, Entry>) {
    let mut found: BTreeMap<DeploymentId, Vec<Diagnostic>> = BTreeMap::new();
    let mut claims = Claims::new();
    for entry in deployments.values() {
        if let Entry::Valid(deployment, _) = entry {
            claim(deployment, &mut claims);
        }
    }
    for ((engine, what, name), claimants) in &claims {
        for (id, at) in claimants {
            let Some((whose, other)) = claimants
                .iter()
                .find(|(_, loc)| loc != at)
                .or_else(|| claimants.iter().find(|(other, _)| other != id))
            else {
                continue;
            };
            let message =
                format!("the {what} name `{name}` is used twice on the engine `{engine}`");
            found.entry(id.clone()).or_default().push(Diagnostic {
                at: Some(at.clone()),
                ..Diagnostic::error(message)
                    .with_help(format!("the deployment `{whose}` wants it too, at {other}"))
                    .with_code(SHARED_NAME)
            });
        }
    }
    drop(claims);
    for (id, more) in found {
        if let Some(entry) = deployments.get_mut(&id)
            && let Entry::Valid(_, warnings) = entry
        {
            let mut all = std::mem::take(warnings);
            all.extend(more);
            super::one::sort(&mut all);
            *entry = Entry::Invalid(all);
        }
    }
}

fn claim<'a>(deployment: &'a Deployment, claims: &mut Claims<'a>) {
    let engine = deployment.engine.as_str();
    let mut add = |what, name: String, at: &Loc| {
        claims.entry((engine, what, name)).or_default().push((deployment.id.clone(), at.clone()));
    };
    for service in deployment.services.values() {
        let place = |field| service.origins.find(field).unwrap_or(&deployment.origin);
        if let Some(name) = &service.container_name {
            add("container", name.to_string(), place("container_name"));
            continue;
        }
        for slot in 1..=service.replicas.min(MOST_NAMES) {
            let replica = ReplicaId {
                deployment: deployment.id.clone(),
                service: service.name.clone(),
                slot: Slot(slot),
            };
            add("container", replica.container_name().to_string(), place(""));
        }
    }
    for network in deployment.networks.values().filter(|network| !network.external) {
        add("network", network.spec.name.to_string(), &network.origin);
    }
    for volume in deployment.volumes.values().filter(|volume| !volume.external) {
        add("volume", volume.spec.name.to_string(), &volume.origin);
    }
}

/// How many replicas' names are compared; more would only cost memory.
const MOST_NAMES: u32 = 1000;
