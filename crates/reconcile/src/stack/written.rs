//! What the containers of all deployments can write to of an engine's host: each can put links
//! there, in the way of any.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::desired::Entry;
use model::id::{DeploymentId, EngineName};

/// Gives each deployment the paths that containers of its engine can write to.
pub(super) fn share(deployments: &mut BTreeMap<DeploymentId, Entry>) {
    let mut written: BTreeMap<EngineName, BTreeSet<String>> = BTreeMap::new();
    for entry in deployments.values() {
        if let Entry::Valid(deployment, _) = entry {
            written.entry(deployment.engine.clone()).or_default().extend(deployment.written());
        }
    }
    let written: BTreeMap<_, _> =
        written.into_iter().map(|(engine, paths)| (engine, Arc::new(paths))).collect();
    for entry in deployments.values_mut() {
        if let Entry::Valid(deployment, _) = entry
            && let Some(paths) = written.get(&deployment.engine)
            && !paths.is_empty()
        {
            Arc::make_mut(deployment).writable = Arc::clone(paths);
        }
    }
}
