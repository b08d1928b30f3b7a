//! Containers that live in another one's namespaces: who they are, and how they name it.
//!
//! The engine keeps the other container's id. When that container is replaced, one that
//! shares with it holds on to one that is gone, and is made again too.

use super::Owned;
use model::id::{ContainerId, ContainerName};
use model::share::{Namespace, Peer, VolumesFrom};
use model::spec::ContainerSpec;

/// Puts those first that live in others: they go before these.
pub(in crate::plan) fn members_first(containers: &mut [&Owned<'_>]) {
    let all = containers.to_vec();
    let host = |owned: &Owned<'_>| {
        let lives_in =
            |other: &&&Owned<'_>| is_inside(&owned.view.spec, &other.view.id, &other.view.name);
        all.iter().find(lives_in).copied()
    };
    // Nobody lives in more than all the others.
    let depth = |owned: &Owned<'_>| {
        let chain = std::iter::successors(host(owned), |next| host(next));
        chain.take(all.len()).count()
    };
    containers.sort_by_key(|owned| std::cmp::Reverse(depth(owned)));
}

/// Whether a container with this spec lives in a namespace of that container.
pub(in crate::plan) fn is_inside(
    spec: &ContainerSpec,
    id: &ContainerId,
    name: &ContainerName,
) -> bool {
    [&spec.network_mode, &spec.ipc, &spec.pid].into_iter().any(|space| is_of(space, id, name))
}

pub(in crate::plan) fn is_of(space: &Namespace, id: &ContainerId, name: &ContainerName) -> bool {
    matches!(space, Namespace::Of(Peer::Container(text)) if names(text, id, name))
}

/// Whether a text names a container: by name, or by the beginning of its id.
pub(in crate::plan) fn names(text: &ContainerName, id: &ContainerId, name: &ContainerName) -> bool {
    let text = text.as_str();
    text == name.as_str() || (text.len() >= 12 && id.as_str().starts_with(text))
}

/// What is shared, in words; ids are short.
pub(in crate::plan) fn render(peer: &Peer) -> String {
    match peer {
        Peer::Container(name) => {
            let id = ContainerId::new(name.as_str());
            let is_id = name.as_str().len() == 64;
            format!("container:{}", if is_id { id.short() } else { name.as_str() })
        }
        Peer::Service(_) => peer.to_string(),
    }
}

/// All volumes taken over, in words.
pub(in crate::plan) fn render_volumes(all: &[VolumesFrom]) -> String {
    let one = |from: &VolumesFrom| {
        let mode = if from.read_only { ":ro" } else { "" };
        format!("{}{mode}", render(&from.peer))
    };
    all.iter().map(one).collect::<Vec<_>>().join(" ")
}
