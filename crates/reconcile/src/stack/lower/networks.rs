//! Which networks a service is attached to, and under which names.

use super::draft::Draft;
use super::{Scope, keys};
use compose::codes::VALUE;
use model::spec::Attachment;
use text::report::Reporter;
use text::yaml::{Entry, Node};

/// The network of services that name none.
pub(super) const DEFAULT: &str = "default";

/// Reads `networks`.
pub(super) fn attach(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    let entries = scope.report.map("networks", node);
    let mut keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable();
    for entry in entries {
        let place = keys.iter().position(|key| *key == entry.key).unwrap_or_default();
        join(draft, entry, place, scope);
    }
}

/// Attaches a service of the first dialect, which knows no networks, to the one that all
/// of its deployment share.
pub(super) fn default(draft: &mut Draft<'_>, scope: &Scope<'_>) {
    let name = super::plain::plain_network(DEFAULT, scope).name;
    let mut attachment = Attachment::default();
    attachment.aliases.insert(draft.name.to_owned());
    for field in ["networks", "network_config", "mac_address"] {
        scope.report.note(&mut draft.origins, format!("{field}.{name}"), draft.at);
    }
    draft.networks.insert(DEFAULT.to_owned());
    draft.spec.networks.insert(name, Box::new(attachment));
}

fn join(draft: &mut Draft<'_>, entry: &Entry, place: usize, scope: &Scope<'_>) {
    let Some(network) = scope.networks.get(entry.key.as_str()) else { return };
    let name = network.spec.name.clone();
    let mut attachment = Attachment { place, ..attachment(&entry.value, scope.report) };
    attachment.aliases.insert(draft.name.to_owned());
    for field in ["networks", "network_config", "mac_address"] {
        scope.report.note(&mut draft.origins, format!("{field}.{name}"), entry.at);
    }
    draft.networks.insert(entry.key.to_string());
    draft.spec.networks.insert(name, Box::new(attachment));
}

fn attachment(node: &Node, report: &Reporter) -> Attachment {
    let mut attachment = Attachment::default();
    for field in keys::ATTACHMENT.admitted(node, report) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "driver_opts" => attachment.driver_opts = super::plain::texts(field, report),
            "gw_priority" => {
                attachment.gateway_priority = report.number(key, value).unwrap_or_default();
            }
            "priority" => attachment.priority = report.number(key, value).unwrap_or_default(),
            "interface_name" => attachment.interface = report.text(key, value),
            "link_local_ips" => attachment.link_local.extend(report.string_list(key, value)),
            "mac_address" => {
                attachment.mac = report.text(key, value).map(|mac| mac.to_ascii_lowercase());
            }
            "aliases" => attachment.aliases.extend(report.string_list(key, value)),
            "ipv4_address" => {
                attachment.ipv4 = address::<std::net::Ipv4Addr>(key, value, report);
            }
            _ => attachment.ipv6 = address::<std::net::Ipv6Addr>(key, value, report),
        }
    }
    attachment
}

fn address<A: std::str::FromStr + ToString>(
    key: &str,
    node: &Node,
    report: &Reporter,
) -> Option<String> {
    let text = report.string(key, node)?;
    let parsed = text.parse::<A>().ok();
    if parsed.is_none() {
        report.error(VALUE, node.span, format!("`{key}` is not an address of that kind"));
    }
    parsed.map(|address| address.to_string())
}
