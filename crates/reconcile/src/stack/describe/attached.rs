//! How a container is reached: its networks and names there, ports, links; and the networks of the
//! stack.

use std::collections::BTreeSet;

use super::Writer;
use super::around::{self, Surroundings};
use super::host::{peer_name, peer_word};
use super::secrets::Secrets;
use model::id::{DeploymentId, NetworkName};
use model::share::Namespace;
use model::spec::{Attachment, NetworkSpec, Port, PublishedPort};
use text::emit::{Pair, Yaml};

/// The engine's own network.
const BRIDGE: &str = "bridge";

/// Writes all of it.
pub(super) fn write(writer: &mut Writer<'_>) {
    let running = writer.running;
    let spec = &running.view.spec;
    ports(writer);
    match &spec.network_mode {
        Namespace::Host => return writer.put("network_mode", Yaml::text("host")),
        Namespace::None => return writer.put("network_mode", Yaml::text("none")),
        Namespace::Of(peer) => {
            let whose = peer_word(writer, "network_mode", &peer_name(peer));
            return writer.put("network_mode", Yaml::text(whose));
        }
        Namespace::Default | Namespace::Private | Namespace::Shareable => {}
    }
    let bridge = NetworkName::new(BRIDGE);
    if spec.networks.contains_key(&bridge) {
        writer.put("network_mode", Yaml::text(BRIDGE));
        for other in spec.networks.keys().filter(|name| **name != bridge) {
            let about = format!(
                "it is also on {other}, and beside the engine's own bridge no \
                                 other network has a word"
            );
            writer.note("networks", about);
        }
        links(writer, spec.links.iter());
        return;
    }
    let mut networks = Vec::new();
    let mut all_links: BTreeSet<&String> = BTreeSet::new();
    for (name, attachment) in &spec.networks {
        writer.used.networks.insert(name.clone());
        let key = writer.scene.around.network(name, writer.scene.deployment).key;
        networks.push((key, attached(writer, attachment)));
        all_links.extend(&attachment.links);
    }
    if networks.iter().all(|(_, how)| *how == Yaml::Map(Vec::new())) {
        let keys: Vec<String> = networks.into_iter().map(|(key, _)| key).collect();
        if !keys.is_empty() && keys != ["default"] {
            writer.put("networks", Yaml::texts(keys));
        }
    } else {
        writer.put("networks", Yaml::map(networks));
    }
    links(writer, all_links.into_iter());
}

fn attached(writer: &mut Writer<'_>, attachment: &Attachment) -> Yaml {
    let mut pairs: Vec<(&str, Yaml)> = Vec::new();
    // A service resolves under its own name anyway.
    let own = writer.service.as_str();
    let aliases: Vec<&String> = attachment.aliases.iter().filter(|alias| *alias != own).collect();
    if !aliases.is_empty() {
        pairs.push(("aliases", Yaml::texts(aliases)));
    }
    for (key, address) in [("ipv4_address", &attachment.ipv4), ("ipv6_address", &attachment.ipv6)] {
        pairs.extend(address.iter().map(|address| (key, Yaml::text(address))));
    }
    if !attachment.link_local.is_empty() {
        pairs.push(("link_local_ips", Yaml::texts(&attachment.link_local)));
    }
    if let Some(mac) = attachment.mac.as_ref().filter(|mac| was_asked_for(writer, mac)) {
        pairs.push(("mac_address", Yaml::text(mac)));
    }
    pairs.extend(attachment.interface.iter().map(|name| ("interface_name", Yaml::text(name))));
    if !attachment.driver_opts.is_empty() {
        pairs.push(("driver_opts", writer.texts(&attachment.driver_opts)));
    }
    if attachment.gateway_priority != 0 {
        pairs.push(("gw_priority", Yaml::word(attachment.gateway_priority)));
    }
    Yaml::map(pairs)
}

/// Whether a MAC address is one that the engine did not choose: it says so, or the address is of
/// a kind that no engine chooses.
fn was_asked_for(writer: &Writer<'_>, mac: &str) -> bool {
    let explicit = writer.running.whole.pointer("/Config/MacAddress");
    let explicit = explicit.and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    let first = mac.get(..2).and_then(|byte| u8::from_str_radix(byte, 16).ok());
    let is_local = first.is_none_or(|byte| byte & 2 != 0);
    explicit.is_some_and(|asked| asked.eq_ignore_ascii_case(mac)) || !is_local
}

/// Links to services of the stack, and to containers outside of it.
fn links<'l>(writer: &mut Writer<'_>, all: impl Iterator<Item = &'l String>) {
    let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
    for link in all {
        let (target, alias) = link.split_once(':').unwrap_or((link, link));
        match writer.service_of(target) {
            Some(service) if service.as_str() == alias => inside.insert(service.to_string()),
            // Of the names that Compose gives a link, those of the replicas come by themselves.
            Some(service) if writer.is_replica_name(alias, service) => true,
            Some(service) => inside.insert(format!("{service}:{alias}")),
            None => outside.insert(format!("{target}:{alias}")),
        };
    }
    for (key, links) in [("links", inside), ("external_links", outside)] {
        if !links.is_empty() {
            writer.put(key, Yaml::texts(links));
        }
    }
}

fn ports(writer: &mut Writer<'_>) {
    let running = writer.running;
    let spec = &running.view.spec;
    let published = spec.published.iter().map(|port| Yaml::text(published(port)));
    let published: Vec<Yaml> = published.collect();
    if !published.is_empty() {
        writer.put("ports", Yaml::List(published));
    }
    let of_image = running.image.as_ref().map(|image| image.exposed.clone()).unwrap_or_default();
    let is_published = |port: &Port| spec.published.iter().any(|it| it.container == *port);
    let own = spec.exposed.iter().filter(|port| !of_image.contains(port) && !is_published(port));
    let own: Vec<String> = own.map(ToString::to_string).collect();
    if !own.is_empty() {
        writer.put("expose", Yaml::texts(own));
    }
}

/// `127.0.0.1:8080:80/udp`
fn published(port: &PublishedPort) -> String {
    let PublishedPort { container, host_ip, host_port } = port;
    let number = container.number;
    let protocol = match container.protocol.as_str() {
        "tcp" => String::new(),
        other => format!("/{other}"),
    };
    let host_port = host_port.as_deref().unwrap_or_default();
    match host_ip.as_deref() {
        Some(ip) if ip.contains(':') => format!("[{ip}]:{host_port}:{number}{protocol}"),
        Some(ip) => format!("{ip}:{host_port}:{number}{protocol}"),
        None if host_port.is_empty() => format!("{number}{protocol}"),
        None => format!("{host_port}:{number}{protocol}"),
    }
}

/// The networks of the stack: what Compose made for the deployment is its own, all others are
/// there already.
pub(super) fn networks(
    used: &BTreeSet<NetworkName>,
    surroundings: &Surroundings,
    (deployment, secrets): (Option<&DeploymentId>, &mut Secrets),
) -> Vec<Pair> {
    let mut all = Vec::new();
    for name in used {
        let key = surroundings.network(name, deployment);
        let mut pairs = around::named(&key.key, name.as_str(), deployment, key.own.is_some());
        if let Some(view) = key.own {
            pairs.extend(own_network(&view.spec, secrets));
        }
        // The network that every service without one is on is there unasked.
        if key.key != "default" || !pairs.is_empty() {
            all.push(Pair::new(key.key, Yaml::Map(pairs)));
        }
    }
    all
}

/// What a network of the deployment's own is; what the engine chose is left to it.
fn own_network(spec: &NetworkSpec, secrets: &mut Secrets) -> Vec<Pair> {
    let mut pairs = Vec::new();
    if spec.driver != BRIDGE {
        pairs.push(Pair::new("driver", Yaml::text(&spec.driver)));
    }
    for (key, on) in [("internal", spec.internal), ("enable_ipv6", spec.ipv6)] {
        if on {
            pairs.push(Pair::new(key, Yaml::word(true)));
        }
    }
    pairs.extend(around::named_texts("network", (&spec.driver_opts, &spec.labels), secrets));
    pairs
}
