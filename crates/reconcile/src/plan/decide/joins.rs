//! The containers that the replicas of a service share with.

use super::Across;
use super::scope::Earlier;
use crate::plan::context::Context;
use crate::plan::differ::Joined;
use crate::plan::fact::Who;
use model::desired::Service;
use model::share::Peer;

/// The containers behind the peers of a service's spec, as far as they are known.
pub(super) fn joins(
    context: &Context<'_>,
    service: &Service,
    earlier: &Earlier<'_>,
    (across, other): (&Across, bool),
) -> Vec<Joined> {
    let engine = &context.deployment.engine;
    let behind = |peer: &Peer| match peer {
        Peer::Service(name) => {
            let first = earlier.get(name)?.replicas.first()?;
            let first = if other { first.in_other() } else { first };
            match first.surplus().next().filter(|_| first.withheld) {
                Some(owned) => Some((Who::Known(owned.view.id.clone()), owned.view.name.clone())),
                None => Some((first.who(engine), first.name().clone())),
            }
        }
        Peer::Container(text) => {
            // Who has the name in the end, which may be another one than has it now.
            if let Some((who, name)) = across.made.get(&(engine.clone(), text.clone())) {
                return Some((who.clone(), name.clone()));
            }
            let (name, id) = context.inventory.find(text)?;
            let known = || (Who::Known(id.clone()), name.clone());
            Some(across.successors.get(id).cloned().unwrap_or_else(known))
        }
    };
    let peers = service.spec.peers().filter_map(|peer| Some((peer, behind(peer)?)));
    peers.map(|(peer, (who, name))| Joined { peer: peer.clone(), who, name }).collect()
}
