//! Networks and volumes, and how a container is attached to a network.

use bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkCreateRequest,
    VolumeCreateRequest,
};

use super::{filled, texts};
use crate::docker::names::INTERFACE;
use model::labels::OwnerLabels;
use model::spec::{Attachment, IpamPool, NetworkSpec, VolumeSpec};

/// The body that creates a network.
pub(in crate::docker) fn network(
    network: &NetworkSpec,
    owner: &OwnerLabels,
) -> NetworkCreateRequest {
    let mut labels = network.labels.clone();
    labels.extend(owner.encode_network());
    let ipam = Ipam {
        driver: network.ipam_driver.clone(),
        options: texts(&network.ipam_options),
        config: filled(network.pools.iter().map(pool).collect()),
    };
    NetworkCreateRequest {
        name: network.name.to_string(),
        driver: Some(network.driver.clone()),
        internal: Some(network.internal),
        attachable: Some(network.attachable),
        enable_ipv4: network.ipv4,
        enable_ipv6: Some(network.ipv6),
        options: Some(network.driver_opts.clone().into_iter().collect()),
        labels: Some(labels.into_iter().collect()),
        ipam: (ipam != Ipam::default()).then_some(ipam),
        ..NetworkCreateRequest::default()
    }
}

/// The body that creates a named volume.
pub(in crate::docker) fn volume(volume: &VolumeSpec, owner: &OwnerLabels) -> VolumeCreateRequest {
    let mut labels = volume.labels.clone();
    labels.extend(owner.encode_volume());
    VolumeCreateRequest {
        name: Some(volume.name.to_string()),
        driver: Some(volume.driver.clone()),
        driver_opts: Some(volume.driver_opts.clone().into_iter().collect()),
        labels: Some(labels.into_iter().collect()),
        ..VolumeCreateRequest::default()
    }
}

/// How a container is attached to a network.
pub(in crate::docker) fn endpoint(attachment: &Attachment) -> EndpointSettings {
    let ipam = EndpointIpamConfig {
        ipv4_address: attachment.ipv4.clone(),
        ipv6_address: attachment.ipv6.clone(),
        link_local_ips: filled(attachment.link_local.iter().cloned().collect()),
    };
    let mut driver_opts = attachment.driver_opts.clone();
    if let Some(name) = &attachment.interface {
        driver_opts.insert(INTERFACE.to_owned(), name.clone());
    }
    EndpointSettings {
        aliases: filled(attachment.aliases.iter().cloned().collect()),
        links: filled(attachment.links.union(&attachment.replica_links).cloned().collect()),
        mac_address: attachment.mac.clone(),
        driver_opts: texts(&driver_opts),
        gw_priority: (attachment.gateway_priority != 0).then_some(attachment.gateway_priority),
        ipam_config: (ipam != EndpointIpamConfig::default()).then_some(ipam),
        ..EndpointSettings::default()
    }
}

fn pool(pool: &IpamPool) -> IpamConfig {
    IpamConfig {
        subnet: pool.subnet.clone(),
        ip_range: pool.ip_range.clone(),
        gateway: pool.gateway.clone(),
        auxiliary_addresses: texts(&pool.reserved),
    }
}
