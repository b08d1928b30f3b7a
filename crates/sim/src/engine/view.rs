//! What a model engine answers: lists and inspects.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{Container, Engine};
use model::id::ImageRef;
use model::labels::PREFIX;
use model::ledger::Stored;
use model::observed::{
    ContainerState, ContainerView, EngineContents, HostPort, ImageView, NetworkView, VolumeView,
};
use world::Scope;

impl Engine {
    /// Everything of interest.
    pub(crate) fn contents(&self, scope: &Scope) -> EngineContents {
        let (inspected, others): (Vec<&Container>, Vec<&Container>) =
            self.containers.values().partition(|container| {
                let ours = container.spec.labels.keys().any(|name| name.starts_with(PREFIX));
                let is_of = container.project().is_some_and(|id| scope.deployments.contains(&id));
                is_of || ours && !scope.only
            });
        EngineContents {
            id: Some(self.id.clone()),
            abilities: self.abilities.clone(),
            containers: inspected.into_iter().map(view).collect(),
            foreign_ports: others
                .iter()
                .filter(|c| c.spec.labels.keys().all(|name| !name.starts_with(PREFIX)))
                .map(|container| (container.name.clone(), host_ports(container)))
                .filter(|(_, ports)| !ports.is_empty())
                .collect(),
            others: others.into_iter().map(|c| (c.name.clone(), c.id.clone())).collect(),
            networks: self
                .networks
                .values()
                .map(|network| NetworkView { id: network.id.clone(), spec: network.spec.clone() })
                .collect(),
            volumes: self
                .volumes
                .values()
                .map(|volume| VolumeView {
                    spec: volume.spec.clone(),
                    created_at: Some(format!("{}.{}", volume.birth, volume.writes)),
                })
                .collect(),
            images: scope
                .images
                .iter()
                .filter_map(|image| Some((image.clone(), self.image(image)?.clone())))
                .chain(self.moved(scope))
                .collect(),
            own: self.own.clone(),
            stored: Stored::default(),
        }
    }

    /// The images of containers whose reference leads to another one by now.
    fn moved(&self, scope: &Scope) -> impl Iterator<Item = (ImageRef, ImageView)> {
        let containers = self.containers.values().filter(|container| {
            let reference = &container.spec.image;
            let now = self.images.get(reference).filter(|_| scope.images.contains(reference));
            now.is_some_and(|now| now.id != container.image_id)
        });
        containers.filter_map(|container| {
            let id = &container.image_id;
            Some((ImageRef::new(id.as_str()), self.known.get(id)?.clone()))
        })
    }
}

/// The ports of the host that lead to a container.
fn host_ports(container: &Container) -> Vec<HostPort> {
    let published = container.spec.published.iter();
    let held = published.filter_map(|published| {
        let chosen = container.host_ports.get(&published.container)?;
        let asked = published.host_port.as_ref().and_then(|text| text.parse().ok());
        let address = published.host_ip.as_deref().and_then(|text| text.parse().ok());
        Some(HostPort {
            address: address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            protocol: published.container.protocol,
            number: asked.unwrap_or(*chosen),
        })
    });
    held.collect()
}

/// One container, as inspect shows it.
pub(crate) fn view(container: &Container) -> ContainerView {
    ContainerView {
        id: container.id.clone(),
        name: container.name.clone(),
        image_id: container.image_id.clone(),
        spec: container.spec.clone(),
        state: ContainerState {
            status: container.status,
            exit_code: container.exit_code,
            health: container.health,
            failures: container.failures(),
            started_at: container.started_at,
            finished_at: container.finished_at,
            restarts: container.restarts,
            start_failure: container.start_failure,
        },
        created_at: container.created_at,
        network_ids: container.attached.clone(),
        addresses: container
            .addresses
            .iter()
            .map(|(name, address)| (name.clone(), IpAddr::V4(*address)))
            .collect(),
        host_ports: container.host_ports.clone(),
        files: if container.spec.labels.keys().any(|name| name.starts_with(PREFIX)) {
            BTreeMap::new()
        } else {
            container.uploads.clone()
        },
        volumes: container.volumes.clone(),
    }
}
