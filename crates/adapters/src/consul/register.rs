//! Writing the catalog: one transaction each, against what was read just before.

use std::collections::{BTreeMap, BTreeSet};

use super::Consul;
use super::catalog::{check_id, filter};
use super::wire::{Check, Definition, Node, NodeServices, Op, Service};
use model::action::Registrant;
use model::catalog::{CatalogEntry, is_ours, owner_meta};
use model::id::{CatalogId, NodeName};
use world::OutsideError;

/// Two first registrations at once both want to make the node; one has to look again.
const ATTEMPTS: usize = 3;
/// What a check says of itself. Always the same: a change of it would wake every watcher
/// who waits for the service.
const OUTPUT: &str = "Written by reconciler, which follows the health of the container.";

impl Consul {
    /// Writes a replica's entries, its node included.
    pub(super) async fn register(
        &self,
        node: &NodeName,
        entries: &[Registrant],
    ) -> Result<(), OutsideError> {
        let entries = entries
            .iter()
            .map(|registrant| {
                registrant
                    .entry()
                    .filter(|entry| is_ours(&entry.meta, &self.shared.installation))
                    .ok_or_else(|| {
                        let id = &registrant.id;
                        OutsideError::Failed(format!("BUG: `{id}` has no endpoint or no owner"))
                    })
            })
            .collect::<Result<Vec<CatalogEntry>, _>>()?;
        let ids: BTreeSet<&CatalogId> = entries.iter().map(|entry| &entry.id).collect();
        let mut attempt = 1;
        loop {
            let found = self.read_node(node, filter("ID", Some(&ids))?).await?;
            let mut ops = vec![self.canary_op()];
            let node_op = self.node_op(node, found.as_ref())?;
            let makes_node = node_op.is_some();
            ops.extend(node_op);
            let there = found.map(|found| found.services).unwrap_or_default();
            for entry in &entries {
                ops.extend(self.entry_ops(node, entry, &there)?);
            }
            match self.commit(ops).await {
                Err(OutsideError::Conflict(_)) if makes_node && attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    /// What makes the node what it has to be; `None` if it is.
    fn node_op(
        &self,
        node: &NodeName,
        found: Option<&NodeServices>,
    ) -> Result<Option<Op>, OutsideError> {
        let installation = &self.shared.installation;
        let address = self.shared.addresses.get(node).ok_or_else(|| {
            OutsideError::Failed(format!("BUG: `{node}` is the node of no engine"))
        })?;
        let mut meta = owner_meta(installation);
        // For consul-esm: run this node's checks, do not ping it.
        meta.insert("external-node".to_owned(), "true".to_owned());
        meta.insert("external-probe".to_owned(), "false".to_owned());
        let mut wanted =
            Node { name: node.to_string(), address: address.clone(), meta, modify_index: 0 };
        if let Some(found) = found {
            if !is_ours(&found.node.meta, installation) {
                return Err(OutsideError::Forbidden(format!(
                    "node `{node}` in Consul is not ours"
                )));
            }
            wanted.modify_index = found.node.modify_index;
            if wanted == found.node {
                return Ok(None);
            }
        }
        Ok(Some(Op::Node { verb: "cas", node: wanted }))
    }

    /// The service and its check.
    fn entry_ops(
        &self,
        node: &NodeName,
        entry: &CatalogEntry,
        there: &BTreeMap<String, Service>,
    ) -> Result<[Op; 2], OutsideError> {
        let found = there.get(entry.id.as_str());
        if found.is_some_and(|found| !is_ours(&found.meta, &self.shared.installation)) {
            return Err(OutsideError::Forbidden(format!(
                "service `{}` on node `{node}` in Consul is not ours",
                entry.id
            )));
        }
        let service = Service {
            id: entry.id.to_string(),
            name: entry.service.clone(),
            tags: entry.tags.iter().cloned().collect(),
            address: entry.address.clone(),
            port: i64::from(entry.port),
            meta: entry.meta.clone(),
            modify_index: found.map_or(0, |found| found.modify_index),
        };
        let check = Check {
            node: node.to_string(),
            id: check_id(entry.id.as_str()),
            name: "reconciler".to_owned(),
            status: entry.status.as_str(),
            output: OUTPUT,
            service_id: entry.id.to_string(),
            definition: definition(entry),
        };
        let service = Op::Service { verb: "cas", node: node.to_string(), service };
        Ok([service, Op::Check { verb: "set", check }])
    }

    /// Removes entries. What is gone already is no error; what is not ours is not touched.
    pub(super) async fn deregister(
        &self,
        node: &NodeName,
        ids: &BTreeSet<CatalogId>,
    ) -> Result<(), OutsideError> {
        // Without a single id there would be no filter, and every entry would be read.
        if ids.is_empty() {
            return Ok(());
        }
        let Some(mut found) = self.read_node(node, filter("ID", Some(ids))?).await? else {
            return Ok(());
        };
        found.services.retain(|id, _| ids.contains(&CatalogId::new(id.as_str())));
        let installation = &self.shared.installation;
        if !is_ours(&found.node.meta, installation) {
            return Err(OutsideError::Forbidden(format!("node `{node}` in Consul is not ours")));
        }
        let mut ops = Vec::new();
        for (id, service) in found.services {
            if !is_ours(&service.meta, installation) {
                return Err(OutsideError::Forbidden(format!(
                    "service `{id}` on node `{node}` in Consul is not ours"
                )));
            }
            // Consul removes the service's checks with it.
            ops.push(Op::Service { verb: "delete-cas", node: node.to_string(), service });
        }
        if ops.is_empty() { Ok(()) } else { self.commit(ops).await }
    }
}

/// A check that consul-esm can run where no controller keeps the status current.
fn definition(entry: &CatalogEntry) -> Option<Definition> {
    if entry.port == 0 {
        return None;
    }
    let tcp = if entry.address.contains(':') {
        format!("[{}]:{}", entry.address, entry.port)
    } else {
        format!("{}:{}", entry.address, entry.port)
    };
    Some(Definition { tcp, interval: "10s", timeout: "5s" })
}
