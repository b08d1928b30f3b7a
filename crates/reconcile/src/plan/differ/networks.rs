//! Networks that a container is on by their ids, and that are gone: seen only where it has to be
//! started again, which it cannot be.

use super::super::context::Context;
use super::super::seen::Owned;
use model::observed::Status;
use model::plan::{ChangedBy, Difference};

/// The networks that a stopped container is on and that are not there any more, also where
/// another one has the name: the engine goes by the id, and cannot start it again.
pub(in crate::plan) fn lost_networks<'a>(
    owned: &'a Owned<'_>,
    context: &'a Context<'_>,
) -> impl Iterator<Item = Difference> + 'a {
    let view = owned.view;
    let is_stopped = matches!(view.state.status, Status::Created | Status::Exited | Status::Dead);
    let networks = &context.inventory.contents.networks;
    let attached = view.network_ids.iter().filter(move |_| is_stopped);
    let lost = attached.filter(|(name, id)| {
        view.spec.networks.contains_key(*name) && networks.iter().all(|seen| seen.id != **id)
    });
    lost.map(|(name, _)| Difference {
        field: format!("networks.{name}"),
        have: Some("attached to one that is gone".to_owned()),
        want: Some("attached".to_owned()),
        by: ChangedBy::Hand,
    })
}
