//! The networks of an engine, and which of them a name means: up to API 1.43 two may have one name.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::inspect;
use crate::docker::Docker;
use crate::docker::wire::answer::Network;
use model::id::{NetworkId, NetworkName};
use model::observed::NetworkView;
use world::OutsideError;

/// Which network has a name, as of the last look and of later creations: the oldest.
#[derive(Debug, Default)]
pub(in crate::docker) struct Known(Mutex<BTreeMap<NetworkName, NetworkId>>);

impl Known {
    /// Forgets what was known. The networks are ordered by name and age.
    fn replace(&self, seen: &[NetworkView]) {
        let all = seen.iter().rev().map(|view| (view.spec.name.clone(), view.id.clone())).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }

    pub(in crate::docker) fn insert(&self, name: NetworkName, id: NetworkId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, id);
    }

    pub(in crate::docker) fn get(&self, name: &str) -> Option<NetworkId> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&NetworkName::new(name)).cloned()
    }
}

impl Docker {
    pub(super) async fn networks(&self) -> Result<Vec<NetworkView>, OutsideError> {
        let views = self.networks_of("/networks").await?;
        self.networks.replace(&views);
        Ok(views)
    }

    /// The networks of a list, by name, and in the order in which they were made; those of the same
    /// moment, by id.
    pub(in crate::docker) async fn networks_of(
        &self,
        path: &str,
    ) -> Result<Vec<NetworkView>, OutsideError> {
        let mut list: Vec<Network> = self.decoded(&self.get(path).await?)?;
        let age = |network: &Network| network.created.as_deref().and_then(inspect::instant);
        list.sort_by(|a, b| (&a.name, age(a), &a.id).cmp(&(&b.name, age(b), &b.id)));
        let views = list.into_iter().map(inspect::network).collect::<Result<_, _>>();
        views.map_err(|error| self.failed(error))
    }
}
