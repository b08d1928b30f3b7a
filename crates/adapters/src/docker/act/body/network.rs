//! Networks and volumes, and how a container is attached to a network.

use bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkCreateRequest,
    VolumeCreateRequest,
};

use super::{filled, texts};
use crate::docker::names::INTERFACE;
use crate::docker::plain;
use model::labels::OwnerLabels;
use model::spec::{Attachment, IpamPool, NetworkSpec, VolumeSpec};

/// The body that creates a network.
pub(in crate::docker) fn network(
    network: &NetworkSpec,
    owner: &OwnerLabels,
) -> NetworkCreateRequest {
    let mut spec = network.clone();
    spec.labels.extend(owner.encode_network());
    let config = filled(spec.pools.iter().map(pool).collect());
    let body = NetworkCreateRequest {
        name: spec.name.to_string(),
        ipam: config.map(|config| Ipam { config: Some(config), ..Ipam::default() }),
        ..NetworkCreateRequest::default()
    };
    plain::with_plain(&body, &spec)
}

/// The body that creates a named volume.
pub(in crate::docker) fn volume(volume: &VolumeSpec, owner: &OwnerLabels) -> VolumeCreateRequest {
    let mut spec = volume.clone();
    spec.labels.extend(owner.encode_volume());
    let name = Some(spec.name.to_string());
    plain::with_plain(&VolumeCreateRequest { name, ..VolumeCreateRequest::default() }, &spec)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn owner() -> OwnerLabels {
        OwnerLabels {
            installation: "main".into(),
            source: "git:shop".into(),
            deployment: "abc".into(),
            id: "local/abc_n".to_owned(),
            key: "n".to_owned(),
            compose_hash: None,
            asked: Vec::new(),
        }
    }

    #[test]
    fn members_that_are_not_set_are_sent_as_compose_sends_them() {
        let spec = NetworkSpec::bridge("abc_n".into());
        let labels = owner().encode_network();
        let mut expected = json!({
            "Name": "abc_n", "Driver": "bridge", "Options": {}, "Internal": false,
            "Attachable": false, "EnableIPv6": false, "Labels": labels,
        });
        assert_eq!(serde_json::to_value(network(&spec, &owner())).unwrap(), expected);
        let pools =
            vec![IpamPool { subnet: Some("10.9.0.0/24".to_owned()), ..IpamPool::default() }];
        let spec = NetworkSpec { pools, ipv4: Some(true), ..spec };
        expected["IPAM"] = json!({ "Config": [{ "Subnet": "10.9.0.0/24" }] });
        expected["EnableIPv4"] = json!(true);
        assert_eq!(serde_json::to_value(network(&spec, &owner())).unwrap(), expected);

        let labels = owner().encode_volume();
        let expected =
            json!({ "Name": "abc_v", "Driver": "local", "DriverOpts": {}, "Labels": labels });
        let spec = VolumeSpec::local("abc_v".into());
        assert_eq!(serde_json::to_value(volume(&spec, &owner())).unwrap(), expected);
    }
}
