//! Reading the catalog: our nodes, and who else uses the names we want.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;

use super::wire::{Instance, NodeServices, SeenCheck, Service};
use super::{CONCURRENCY, Consul};
use crate::http::percent_encoded;
use model::catalog::{CatalogContents, CatalogEntry, CheckStatus, NodeView, is_ours};
use model::id::{CatalogId, DeploymentId, EngineName, NodeName};
use world::{CatalogScope, OutsideError};

/// So many terms of a filter are worth it: Consul tries each of them on all that it has. What is
/// not filtered is all there, and nothing follows from what is of no interest.
const TERMS: usize = 32;

impl Consul {
    /// Our nodes of the scope's engines, and which of its service names have instances on nodes
    /// that are not ours.
    ///
    /// # Errors
    /// Also if our nodes are there but the canary is not, or if nothing is there and
    /// Consul does not confirm that nothing was ever written: such an answer is none.
    pub async fn catalog(&self, scope: &CatalogScope) -> Result<CatalogContents, OutsideError> {
        let CatalogScope { engines, services, only } = scope;
        let nodes: BTreeMap<EngineName, NodeView> = stream::iter(engines)
            .map(|engine| async move {
                Ok::<_, OutsideError>((engine.clone(), self.view(engine, only.as_ref()).await?))
            })
            .buffered(CONCURRENCY)
            .try_filter_map(async |(engine, view)| Ok(view.map(|view| (engine, view))))
            .try_collect()
            .await?;
        // Read after the nodes: one transaction writes the first node and the canary.
        if nodes.values().any(|node| node.ours) {
            if !self.has_canary().await? {
                return Err(OutsideError::Failed(format!(
                    "our nodes are in Consul but the key `{}` is not: part of Consul's data is \
                     lost or hidden from us, so none of it is believed",
                    self.key("canary")
                )));
            }
        } else {
            self.believe_absence().await?;
        }
        let foreign = stream::iter(services)
            .map(|service| async move {
                Ok::<_, OutsideError>((service, self.is_foreign(service).await?))
            })
            .buffered(CONCURRENCY)
            .try_filter_map(async |(name, foreign)| Ok(foreign.then(|| name.clone())))
            .try_collect()
            .await?;
        Ok(CatalogContents { nodes, foreign })
    }

    async fn view(
        &self,
        engine: &EngineName,
        only: Option<&BTreeSet<DeploymentId>>,
    ) -> Result<Option<NodeView>, OutsideError> {
        let name = self.shared.nodes.get(engine).ok_or_else(|| {
            OutsideError::Failed(format!("engine `{engine}` has no node in Consul"))
        })?;
        let only = only.filter(|only| only.len() <= TERMS);
        let Some(found) = self.read_node(name, filter("Meta.deployment", only)?).await? else {
            return Ok(None);
        };
        if !is_ours(&found.node.meta, &self.shared.installation) {
            return Ok(Some(NodeView {
                name: name.clone(),
                ours: false,
                entries: BTreeMap::new(),
            }));
        }
        let of = only.map(|_| found.services.values().map(|service| &service.id));
        let of = of.filter(|ids| ids.len() <= TERMS);
        // Others may have given an entry an id that no filter can name.
        let checks = filter("ServiceID", of).unwrap_or_default();
        let checks = self.read_checks(name, checks).await?;
        let entries = found
            .services
            .into_values()
            .filter(|service| is_ours(&service.meta, &self.shared.installation))
            .map(|service| {
                let entry = entry(service, &checks);
                (entry.id.clone(), entry)
            })
            .collect();
        Ok(Some(NodeView { name: name.clone(), ours: true, entries }))
    }

    /// A node with its services, or only those that pass a filter.
    pub(super) async fn read_node(
        &self,
        node: &NodeName,
        filter: Option<String>,
    ) -> Result<Option<NodeServices>, OutsideError> {
        let path = format!("/v1/catalog/node/{}", percent_encoded(node.as_str()));
        let query: Vec<(&str, &str)> =
            filter.iter().map(|filter| ("filter", filter.as_str())).collect();
        let answer = self.shared.api.get(&path, &query).await?;
        if answer.filtered {
            return Err(OutsideError::Forbidden(format!(
                "our Consul token may not read all of node `{node}`"
            )));
        }
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        answer.json()
    }

    /// What the check of each service on a node says, by the check's id, or of those that pass
    /// a filter.
    async fn read_checks(
        &self,
        node: &NodeName,
        filter: Option<String>,
    ) -> Result<BTreeMap<String, String>, OutsideError> {
        let path = format!("/v1/health/node/{}", percent_encoded(node.as_str()));
        let query: Vec<_> = filter.iter().map(|filter| ("filter", filter.as_str())).collect();
        let checks: Vec<SeenCheck> = self.shared.api.get(&path, &query).await?.success()?.json()?;
        Ok(checks.into_iter().map(|check| (check.id, check.status)).collect())
    }

    async fn is_foreign(&self, service: &str) -> Result<bool, OutsideError> {
        // Our own instances, of which there may be many, need not be sent.
        let others: Vec<String> =
            self.shared.nodes.values().map(|node| format!("Node != \"{node}\"")).collect();
        let filter = others.join(" and ");
        let query = [("filter", filter.as_str())];
        let path = format!("/v1/catalog/service/{}", percent_encoded(service));
        let query = if others.is_empty() { &[][..] } else { &query[..] };
        let answer = self.shared.api.get(&path, query).await?.success()?;
        let instances: Vec<Instance> = answer.json()?;
        // What is hidden from us is not ours.
        Ok(answer.filtered
            || instances
                .iter()
                .any(|instance| !is_ours(&instance.node_meta, &self.shared.installation)))
    }
}

/// The id of a service's one check.
pub(super) fn check_id(service: &str) -> String {
    format!("service:{service}")
}

/// A filter for what has one of these values; `None` without any, or where all is wanted.
pub(super) fn filter<T: Display>(
    selector: &str,
    values: Option<impl IntoIterator<Item = T>>,
) -> Result<Option<String>, OutsideError> {
    let mut terms = Vec::new();
    for value in values.into_iter().flatten() {
        let value = value.to_string();
        if value.contains(['"', '\\']) {
            return Err(OutsideError::Failed(format!("`{value}` cannot be an id in Consul")));
        }
        terms.push(format!("{selector} == \"{value}\""));
    }
    Ok((!terms.is_empty()).then(|| terms.join(" or ")))
}

/// A service as an entry. One that lost its check reads as `warning`: Consul's DNS
/// takes it for passing, some proxies never route to it, and we write either.
fn entry(service: Service, checks: &BTreeMap<String, String>) -> CatalogEntry {
    let status = match checks.get(&check_id(&service.id)).map(String::as_str) {
        Some("passing") => CheckStatus::Passing,
        Some("critical") => CheckStatus::Critical,
        _ => CheckStatus::Warning,
    };
    CatalogEntry {
        id: CatalogId::new(service.id),
        service: service.name,
        tags: service.tags.into_iter().collect(),
        address: service.address,
        port: u16::try_from(service.port).unwrap_or_default(),
        meta: service.meta,
        status,
    }
}
