//! What is decided about a replica if an image that comes is another one: its replacement, by a
//! container that is right whatever the image brings along.

use super::choice::choose;
use super::joins::joins;
use super::replica;
use super::scope::Scope;
use super::verdict::{Instead, Replica};
use crate::plan::when::Others;
use model::desired::Service;
use model::share::Peer;

/// What decisions about a service rest on if the images are others, and which of them it has to
/// do with: its own, those that it mounts, and those of the containers in whose namespaces it
/// lives, which become other containers. `None` if it has to do with none.
pub(super) fn scope<'s, 'a>(
    scope: &Scope<'s, 'a>,
    service: &Service,
) -> Option<(Scope<'s, 'a>, Others)> {
    if scope.renewals.by.is_empty() {
        return None;
    }
    let own = std::iter::once(&service.spec.image);
    let images = own.chain(service.spec.mounted_images().map(|(_, image)| image));
    let mut others: Others = images
        .filter_map(|image| scope.renewals.by.get(image))
        .flat_map(|by| by.iter().map(|(fact, had)| (fact.clone(), had.clone())))
        .collect();
    for peer in service.spec.peers() {
        let Peer::Service(name) = peer else { continue };
        let host = scope.earlier.get(name).and_then(|decided| decided.replicas.first());
        others.extend(host.map(Replica::others).unwrap_or_default());
    }
    if others.is_empty() {
        return None;
    }
    let other = Scope {
        images: &scope.renewals.images,
        other: true,
        joins: joins(scope.context, service, scope.earlier, (scope.across, true)),
        ..*scope
    };
    Some((other, others))
}

/// The replacement of a replica that stays otherwise. What it would wait for is reported when it
/// is certain that it is due.
pub(super) fn decide<'a>(
    other: &Scope<'_, 'a>,
    others: &Others,
    service: &'a Service,
    stays: &Replica<'a>,
) -> Option<Box<Instead<'a>>> {
    if stays.withheld {
        return None;
    }
    let slot = stays.id.slot;
    let choice = choose(other, service, slot);
    if choice.keep.is_some() {
        return None;
    }
    let replica = replica::decide(other, service, slot, choice, &mut Vec::new());
    (!replica.withheld).then(|| Box::new(Instead { others: others.clone(), replica }))
}
