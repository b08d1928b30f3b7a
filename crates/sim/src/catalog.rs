//! A model Consul catalog.

use std::collections::{BTreeMap, BTreeSet};

use model::action::Registrant;
use model::catalog::{CatalogContents, CatalogEntry, NodeView};
use model::id::{CatalogId, EngineName, NodeName};
use model::time::Timestamp;
use world::{CatalogScope, OutsideError};

/// The catalog.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    /// Until when no call reaches it.
    pub(super) down_until: Timestamp,
    nodes: BTreeMap<NodeName, (EngineName, NodeView)>,
    /// Service names that others use.
    pub(super) foreign: BTreeSet<String>,
    /// How many writes there were.
    pub(super) index: u64,
}

impl Catalog {
    /// What it holds for these engines.
    pub(super) fn contents(&self, scope: &CatalogScope) -> CatalogContents {
        let CatalogScope { engines, services, only } = scope;
        let nodes = self.nodes.values().filter(|(engine, _)| engines.contains(engine));
        let mut nodes: BTreeMap<_, _> = nodes.cloned().collect();
        if let Some(only) = only {
            let of = |entry: &CatalogEntry| Some(entry.meta.get("deployment")?.as_str().into());
            for node in nodes.values_mut() {
                node.entries.retain(|_, entry| of(entry).is_some_and(|id| only.contains(&id)));
            }
        }
        CatalogContents { nodes, foreign: self.foreign.intersection(services).cloned().collect() }
    }

    /// Every entry on every node.
    pub(super) fn entries(&self) -> Vec<CatalogEntry> {
        self.nodes.values().flat_map(|(_, node)| node.entries.values().cloned()).collect()
    }

    /// Writes entries, the node included.
    pub(super) fn register(
        &mut self,
        engine: &EngineName,
        node: &NodeName,
        entries: &[Registrant],
    ) -> Result<(), OutsideError> {
        let unknown = || OutsideError::Failed("an entry has no address".to_owned());
        let entries: Option<Vec<CatalogEntry>> = entries.iter().map(Registrant::entry).collect();
        let entries = entries.ok_or_else(unknown)?;
        self.index += 1;
        let (_, node) = self.nodes.entry(node.clone()).or_insert_with(|| {
            let view = NodeView { name: node.clone(), ours: true, entries: BTreeMap::new() };
            (engine.clone(), view)
        });
        node.entries.extend(entries.into_iter().map(|entry| (entry.id.clone(), entry)));
        Ok(())
    }

    /// Removes entries; one that is not there is no error.
    pub(super) fn deregister(&mut self, node: &NodeName, ids: &BTreeSet<CatalogId>) {
        self.index += 1;
        if let Some((_, node)) = self.nodes.get_mut(node) {
            node.entries.retain(|id, _| !ids.contains(id));
        }
    }
}
