//! What holds what a call could not have: a port, an address, a subnet, a name. It is asked
//! only after a call failed for that, and reported with what to do.

use std::net::IpAddr;

use serde_json::Value;

use crate::docker::Docker;
use crate::docker::wire::error;
use crate::http::percent_encoded;
use model::action::Action;
use model::compose_labels;
use model::id::ContainerId;
use model::labels::INSTALLATION;
use model::spec::NetworkSpec;
use model::target::ContainerRef;
use world::OutsideError;

/// A port of the host, as a message of the engine names it.
#[derive(Debug, PartialEq, Eq)]
struct HostPort {
    address: IpAddr,
    number: u16,
    udp: bool,
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let protocol = if self.udp { "udp" } else { "tcp" };
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}:{}/{protocol}", self.number),
            IpAddr::V6(address) => write!(f, "[{address}]:{}/{protocol}", self.number),
        }
    }
}

impl Docker {
    /// An error of an action, with what holds what the action needs, as far as the engine
    /// tells. Where only we hold it, another run of ours was faster.
    pub(in crate::docker) async fn explained(
        &self,
        action: &Action,
        failed: OutsideError,
    ) -> OutsideError {
        let text = match &failed {
            OutsideError::InUse(text) => text.clone(),
            OutsideError::Gone(text) if needs_network(action) && is_network(text) => {
                let why = "it was removed, and a container that was made for it does not find \
                           another one of that name";
                return OutsideError::Failed(format!("{text}; {why}"));
            }
            _ => return failed,
        };
        let held = match action {
            Action::CreateContainer(_) | Action::RenameContainer { .. } => {
                return self.name_held(&text).await;
            }
            Action::CreateNetwork { network, .. } => self.subnet_held(network).await,
            Action::StartContainer { container }
            | Action::RestartContainer { container, .. }
            | Action::ConnectNetwork { container, .. } => match (&container.container, port(&text))
            {
                (_, Some(port)) => Some(self.port_held(&port).await),
                (ContainerRef::Known(id), None) => self.address_held(action, id).await,
                (ContainerRef::Made(_), None) => None,
            },
            _ => None,
        };
        match held {
            Some(held) => {
                OutsideError::InUse(error::described(&self.name, &in_words(&held, &text)))
            }
            None => failed,
        }
    }

    /// Who has the name that a container should get.
    async fn name_held(&self, text: &str) -> OutsideError {
        let id = text.split('"').find(|word| is_id(word));
        let holder = match id {
            Some(id) => self.json(&format!("/containers/{}/json", percent_encoded(id))).await,
            None => None,
        };
        // Its holder released it, or it is ours: the next look decides.
        let Some(holder) = holder else { return OutsideError::Conflict(text.to_owned()) };
        let labels = &holder["Config"]["Labels"];
        if labels[INSTALLATION].as_str() == Some(self.installation.as_str()) {
            return OutsideError::Conflict(text.to_owned());
        }
        let name = holder["Name"].as_str().unwrap_or_default().trim_start_matches('/');
        let who = described(name, labels);
        let held = format!("{who} has that name; rename it, or choose another `container_name`");
        OutsideError::InUse(error::described(&self.name, &in_words(&held, text)))
    }

    /// Who has a port of the host.
    async fn port_held(&self, port: &HostPort) -> String {
        let list = self.json("/containers/json").await;
        let list = list.as_ref().and_then(Value::as_array);
        let publishes = |seen: &&Value| {
            let ports = seen["Ports"].as_array().into_iter().flatten();
            ports.into_iter().any(|seen| {
                let address = seen["IP"].as_str().and_then(|ip| ip.parse().ok());
                let same = seen["PublicPort"].as_u64() == Some(u64::from(port.number))
                    && (seen["Type"].as_str() == Some("udp")) == port.udp;
                same && address.is_none_or(|ip: IpAddr| meet(ip, port.address))
            })
        };
        if let Some(seen) = list.into_iter().flatten().find(publishes) {
            let name = seen["Names"][0].as_str().unwrap_or_default().trim_start_matches('/');
            let who = described(name, &seen["Labels"]);
            return format!("port {port} is published by {who}; stop it, or publish another port");
        }
        let flag = if port.udp { 'u' } else { 't' };
        format!(
            "port {port} is held by a program of the engine's host, since no container publishes \
             it: `ss -ln{flag}p sport = :{}` there shows which; stop it, or publish another port",
            port.number
        )
    }

    /// Who has the fixed address that a container asks for.
    async fn address_held(&self, action: &Action, id: &ContainerId) -> Option<String> {
        let view = self.container(id).await.ok()??;
        let wanted: Vec<_> = match action {
            Action::ConnectNetwork { network, attachment, .. } => vec![(network, &**attachment)],
            _ => view.spec.networks.iter().map(|(name, at)| (name, &**at)).collect(),
        };
        for (network, attachment) in wanted {
            for address in [&attachment.ipv4, &attachment.ipv6].into_iter().flatten() {
                let path = format!("/networks/{}", percent_encoded(network.as_str()));
                let Some(seen) = self.json(&path).await else { continue };
                let has = |member: &&Value| {
                    ["IPv4Address", "IPv6Address"].into_iter().any(|key| {
                        let held = member[key].as_str().unwrap_or_default();
                        held.split('/').next() == Some(address.as_str())
                    })
                };
                let members = seen["Containers"].as_object().into_iter().flatten();
                let holder = members.map(|(_, member)| member).find(has);
                if let Some(name) = holder.and_then(|member| member["Name"].as_str()) {
                    return Some(format!(
                        "container {name} has the address {address} on the network {network}; \
                         stop it, or choose another address"
                    ));
                }
            }
        }
        None
    }

    /// Which network has a subnet that a new one asks for.
    async fn subnet_held(&self, network: &NetworkSpec) -> Option<String> {
        let list = self.json("/networks").await;
        let list = list.as_ref().and_then(Value::as_array);
        for wanted in network.pools.iter().filter_map(|pool| pool.subnet.as_deref()) {
            for seen in list.into_iter().flatten() {
                let pools = seen["IPAM"]["Config"].as_array().into_iter().flatten();
                for subnet in pools.filter_map(|pool| pool["Subnet"].as_str()) {
                    if overlap(wanted, subnet) {
                        let name = seen["Name"].as_str().unwrap_or_default();
                        return Some(format!(
                            "the subnet {wanted} overlaps {subnet} of the network {name}; choose \
                             another `subnet`, or remove that network"
                        ));
                    }
                }
            }
        }
        None
    }

    /// An answer as it is; `None` if there is none: the caller has an error to report anyway.
    async fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_slice(&self.get(path).await.ok()?).ok()
    }
}

/// Whether a missing network is one that this action was to use, not one to remove.
fn needs_network(action: &Action) -> bool {
    matches!(
        action,
        Action::CreateContainer(_)
            | Action::StartContainer { .. }
            | Action::RestartContainer { .. }
            | Action::ConnectNetwork { .. }
    )
}

fn is_network(text: &str) -> bool {
    text.contains("network ") && text.contains(" not found")
}

/// What holds it, then the engine's own words.
fn in_words(held: &str, text: &str) -> String {
    let inner = text.split_once(": ").filter(|(who, _)| who.starts_with("engine "));
    format!("{held} (it says: {})", inner.map_or(text, |(_, inner)| inner))
}

/// A container, with the project that it belongs to.
fn described(name: &str, labels: &Value) -> String {
    match labels[compose_labels::PROJECT].as_str() {
        Some(project) => format!("container {name} of the project {project}"),
        None => format!("container {name}"),
    }
}

fn is_id(word: &str) -> bool {
    word.len() >= 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether who listens on one address keeps another from listening on the other.
fn meet(a: IpAddr, b: IpAddr) -> bool {
    a == b || a.is_unspecified() || b.is_unspecified()
}

/// The port of the host that a message is about: `Bind for 0.0.0.0:80 failed`, `listen tcp4
/// 0.0.0.0:80: bind: …`, `host port for 0.0.0.0:80:172.17.0.2:8080/tcp: …`.
fn port(text: &str) -> Option<HostPort> {
    let word = |word: &str| {
        let (address, rest) = match word.strip_prefix('[') {
            Some(rest) => rest.split_once("]:")?,
            None => word.split_once(':')?,
        };
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        let udp = word.contains("/udp") || text.contains("listen udp");
        Some(HostPort { address: address.parse().ok()?, number: digits.parse().ok()?, udp })
    };
    text.split_whitespace().find_map(word)
}

/// Whether two subnets share an address.
fn overlap(a: &str, b: &str) -> bool {
    let (Some((a, a_bits, a_size)), Some((b, b_bits, b_size))) = (subnet(a), subnet(b)) else {
        return false;
    };
    let bits = a_bits.min(b_bits);
    let mask = if bits == 0 { 0 } else { u128::MAX << (a_size - bits) };
    a_size == b_size && a & mask == b & mask
}

/// A subnet's address, the length of its prefix and of an address.
fn subnet(text: &str) -> Option<(u128, u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let bits: u32 = bits.parse().ok()?;
    let (address, size) = match address.parse().ok()? {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    (bits <= size).then_some((address, bits, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_found_in_the_words_of_every_engine() {
        for (text, wanted) in [
            ("Bind for 0.0.0.0:8080 failed: port is already allocated", "0.0.0.0:8080/tcp"),
            (
                "Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use",
                "127.0.0.1:80/tcp",
            ),
            ("listen udp6 [::]:53: bind: address already in use", "[::]:53/udp"),
            (
                "failed to bind host port for 0.0.0.0:18080:172.17.0.2:80/tcp: address already in use",
                "0.0.0.0:18080/tcp",
            ),
            ("failed to bind host port 10.0.0.1:5/udp: address already in use", "10.0.0.1:5/udp"),
        ] {
            assert_eq!(port(text).map(|port| port.to_string()).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(port("engine web1: Address already in use"), None);
    }

    #[test]
    fn subnets_overlap_as_the_engine_has_it() {
        assert!(overlap("10.5.0.0/16", "10.5.3.0/24") && overlap("10.5.3.0/24", "10.5.0.0/16"));
        assert!(overlap("0.0.0.0/0", "10.0.0.0/8") && overlap("fd00::/64", "fd00::1/128"));
        for other in ["10.6.0.0/16", "fd00::/8", "10.5.0.0", "x/8", "10.5.0.0/33"] {
            assert!(!overlap("10.5.0.0/16", other), "{other}");
        }
    }
}
