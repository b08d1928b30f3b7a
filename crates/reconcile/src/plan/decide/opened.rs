//! What is known of one deployment, if everything was seen that this takes.

use super::{Shared, record_of};
use crate::plan::context::{CatalogUse, Context};
use crate::plan::seen;
use model::catalog::CatalogView;
use model::desired::Deployment;
use model::observed::EngineView;
use model::plan::WaitingOn;

/// Everything that must have been seen before a deployment may be planned at all.
pub(super) fn context<'a>(
    shared: Shared<'a>,
    deployment: &'a Deployment,
) -> Result<Context<'a>, WaitingOn> {
    let name = &deployment.engine;
    let engine = shared.settings.engines.get(name).ok_or(WaitingOn::ConfiguredEngine)?;
    let engines = seen::same(name, shared.observed);
    if !engines.is_empty() {
        return Err(WaitingOn::OneName { engines });
    }
    let inventory = shared.engines.get(name).ok_or_else(|| WaitingOn::Engine {
        engine: name.clone(),
        error: match shared.observed.engines.get(name) {
            Some(EngineView::Unseen { error }) => error.clone(),
            Some(EngineView::Seen(_)) => "the engine does not tell its id".to_owned(),
            None => "the engine was not asked".to_owned(),
        },
    })?;
    let record = record_of(shared.observed, name, &deployment.id)?;
    let catalog = match &shared.observed.catalog {
        CatalogView::NotConfigured => None,
        CatalogView::Seen(seen) => {
            let own = inventory.index().entries_of(&deployment.id);
            Some(CatalogUse { node: seen.nodes.get(name), own, foreign: &seen.foreign })
        }
        CatalogView::Unseen { error } => return Err(WaitingOn::Catalog { error: error.clone() }),
    };
    Ok(Context {
        desired: shared.desired,
        deployment,
        inventory,
        replicas: inventory.deployments.get(&deployment.id),
        labels: shared.labels,
        engine,
        settings: shared.settings,
        now: shared.observed.at,
        record: record.and_then(|record| record.applied.as_ref()),
        is_known: record.is_some(),
        in_quarantine: record.is_some_and(|record| record.quarantine.is_some()),
        adopted: record.and_then(|record| record.adopted.as_ref()),
        catalog,
    })
}
