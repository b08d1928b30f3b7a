//! A container that is nobody's, beside a service that is to describe it: in which fields one made
//! from the service would be another. Names of containers, which differ on purpose, do not count.

use std::collections::BTreeMap;

use super::{ImageUse, Joined, differences};
use crate::plan::fact::Who;
use crate::plan::seen::{Owned, Proof};
use model::ability::Abilities;
use model::desired::{Deployment, Service};
use model::digest::Digest;
use model::id::{
    ContainerName, EngineId, InstallationId, NetworkName, ReplicaId, Revision, ServiceName, Slot,
    SourceId,
};
use model::labels::Identity;
use model::observed::{ContainerView, ImageView};
use model::plan::Difference;
use model::share::Peer;
use model::spec::ContainerSpec;

/// The engine's own network.
const BRIDGE: &str = "bridge";

/// What is compared, beside the service and the container.
#[derive(Clone, Copy, Debug)]
pub struct Alone<'a> {
    /// The deployment of the service.
    pub deployment: &'a Deployment,
    /// The containers that its services describe, by service.
    pub peers: &'a BTreeMap<ServiceName, &'a ContainerView>,
    /// The image of the container, as the service would have it.
    pub image: Option<&'a ImageView>,
    /// What the engine can do.
    pub abilities: &'a Abilities,
}

/// The fields in which a container made from the service would not be like this one.
#[must_use]
pub fn unlike(service: &Service, view: &ContainerView, alone: Alone<'_>) -> Vec<Difference> {
    let Alone { deployment, peers, image, abilities } = alone;
    let view = ContainerView { spec: renamed(&view.spec, alone), ..view.clone() };
    let replica = ReplicaId {
        deployment: deployment.id.clone(),
        service: service.name.clone(),
        slot: Slot(1),
    };
    let identity = Identity {
        installation: InstallationId::new(""),
        source: SourceId::new(""),
        replica,
        engine: EngineId::new(""),
        name: view.name.clone(),
        revision: Revision::new(""),
        spec_hash: Digest::from_text(""),
        files_hash: None,
        init_hash: None,
        succeeds: false,
        masked: Vec::new(),
        from_env_file: Vec::new(),
        bound: BTreeMap::new(),
        asked: Vec::new(),
    };
    let owned = Owned { view: &view, identity, proof: Proof::Compose };
    let join = |(name, view): (&ServiceName, &&ContainerView)| Joined {
        peer: Peer::Service(name.clone()),
        who: Who::Known(view.id.clone()),
        name: view.name.clone(),
    };
    let joins: Vec<Joined> = peers.iter().map(join).collect();
    let image = image.map_or(ImageUse::Brought(&deployment.id), ImageUse::Present);
    differences(service, &owned, image, (&joins, deployment, abilities))
}

/// A spec in which links lead to the replicas that stand for the containers that they lead to, with
/// all names that a link of the engine's own bridge gets.
fn renamed(spec: &ContainerSpec, alone: Alone<'_>) -> ContainerSpec {
    let mut spec = spec.clone();
    let replica = |target: &str| {
        let found = alone.peers.iter().find(|(_, view)| view.name.as_str() == target);
        found.map(|(name, _)| {
            let id = &alone.deployment.id;
            (name, ContainerName::new(format!("{id}-{name}-1")))
        })
    };
    let bridged = spec.networks.contains_key(&NetworkName::new(BRIDGE));
    let mut links: Vec<String> = Vec::new();
    for link in &spec.links {
        let (target, alias) = link.split_once(':').unwrap_or((link, link));
        match replica(target).filter(|_| bridged) {
            Some((service, name)) => {
                let alias = if alias == target { service.as_str() } else { alias };
                let names = [alias.to_owned(), format!("{service}-1"), name.to_string()];
                links.extend(names.map(|alias| format!("{name}:{alias}")));
            }
            None => links.push(link.clone()),
        }
    }
    spec.links = links.into_iter().collect();
    for attachment in spec.networks.values_mut() {
        let renamed = attachment.links.iter().map(|link| {
            let (target, alias) = link.split_once(':').unwrap_or((link, link));
            match replica(target) {
                Some((service, _)) if alias == target => format!("{service}:{service}"),
                Some((service, _)) => format!("{service}:{alias}"),
                None => link.clone(),
            }
        });
        attachment.links = renamed.collect();
    }
    spec
}
