//! Which deployments there are, and on which engines: those of the source, those of which
//! something is there, and those of which something is remembered.

use std::collections::BTreeSet;

use super::Facts;
use model::desired::Entry;
use model::id::{DeploymentId, EngineName};

/// A deployment, and its engine if that is known.
pub(super) type Place = (DeploymentId, Option<EngineName>);

/// All of them, by id.
pub(super) fn places(facts: &Facts<'_>) -> BTreeSet<Place> {
    let survey = &facts.survey;
    let containers = survey.containers.iter().map(|c| (&c.replica.deployment, &c.engine));
    let networks = survey.networks.iter().map(|n| (&n.deployment, &n.engine));
    let volumes = survey.volumes.iter().map(|v| (&v.deployment, &v.engine));
    let ledger = &facts.known.observed.ledger.ledger;
    let applied = ledger.iter().filter(|(_, _, record)| record.applied.is_some());
    let remembered = applied.map(|(engine, id, _)| (id, engine));
    let there = containers.chain(remembered);
    let mut all: BTreeSet<Place> =
        there.map(|(id, engine)| (id.clone(), Some(engine.clone()))).collect();
    for (id, entry) in facts.known.wanted.into_iter().flat_map(|(desired, _)| &desired.deployments)
    {
        if let Entry::Valid(deployment, _) = entry {
            all.insert((id.clone(), Some(deployment.engine.clone())));
        }
    }
    // Volumes outlive their deployment: they alone are no sign of one.
    let rest = networks.chain(volumes.filter(|(id, _)| all.iter().any(|(known, _)| known == *id)));
    let rest: Vec<Place> = rest.map(|(id, engine)| (id.clone(), Some(engine.clone()))).collect();
    all.extend(rest);
    // Where one is to be whose stack is not valid cannot be read: it is where something of it is.
    for (id, entry) in facts.known.wanted.into_iter().flat_map(|(desired, _)| &desired.deployments)
    {
        if matches!(entry, Entry::Invalid(_)) && !all.iter().any(|(other, _)| other == id) {
            all.insert((id.clone(), None));
        }
    }
    all
}
