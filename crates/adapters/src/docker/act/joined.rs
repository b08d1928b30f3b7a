//! The containers that another one shares namespaces or volumes with, as the engine's API
//! writes them. Ids, not names: a name may belong to another container tomorrow.

use model::action::Create;
use model::share::{Namespace, Peer};
use model::target::ContainerRef;

/// `HostConfig.NetworkMode`.
pub(in crate::docker) fn network_mode(create: &Create) -> String {
    match &create.spec.network_mode {
        Namespace::Host => "host".to_owned(),
        Namespace::Of(peer) => format!("container:{}", id(create, peer)),
        Namespace::None => "none".to_owned(),
        Namespace::Default | Namespace::Private | Namespace::Shareable => {
            create.network.as_ref().map_or("none", |name| name.as_str()).to_owned()
        }
    }
}

/// `HostConfig.IpcMode` or `HostConfig.PidMode`; `None` is the engine's choice.
pub(in crate::docker) fn mode(create: &Create, namespace: &Namespace) -> Option<String> {
    match namespace {
        Namespace::Default => None,
        Namespace::Of(peer) => Some(format!("container:{}", id(create, peer))),
        Namespace::Host | Namespace::None | Namespace::Private | Namespace::Shareable => {
            Some(namespace.to_string())
        }
    }
}

/// `HostConfig.VolumesFrom`.
pub(in crate::docker) fn volumes_from(create: &Create) -> Vec<String> {
    let from = create.spec.volumes_from.iter();
    from.map(|from| {
        let mode = if from.read_only { "ro" } else { "rw" };
        format!("{}:{mode}", id(create, &from.peer))
    })
    .collect()
}

/// The container behind a peer. One that was not resolved keeps its name, which the engine
/// will not know.
fn id<'a>(create: &'a Create, peer: &'a Peer) -> &'a str {
    let join = create.joins.iter().find(|join| join.peer == *peer);
    match join.map(|join| &join.container.container) {
        Some(ContainerRef::Known(id)) => id.as_str(),
        Some(ContainerRef::Made(_)) | None => match peer {
            Peer::Service(name) => name.as_str(),
            Peer::Container(name) => name.as_str(),
        },
    }
}
