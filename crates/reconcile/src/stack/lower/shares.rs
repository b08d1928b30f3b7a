//! What a service shares with the host or with other containers.

use super::Scope;
use super::draft::Draft;
use compose::codes::{EXCLUSIVE, WORD};
use model::desired::{Condition, Dependency};
use model::id::{NetworkName, ServiceName};
use model::share::{Namespace, Peer, VolumesFrom};
use text::read::quote;
use text::yaml::{Entry, Node};

/// The engine's own network, on which only links know names.
pub(super) const BRIDGE: &str = "bridge";

/// Reads `network_mode`, `ipc`, `pid`, `volumes_from` or `external_links`.
pub(super) fn read(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    let (key, node) = (field.key.as_str(), &field.value);
    match key {
        "volumes_from" => volumes_from(draft, node, scope),
        "external_links" => {
            let links = scope.report.strings(key, node);
            draft.external_links = links.into_iter().map(|(text, _)| text).collect();
        }
        "network_mode" => network_mode(draft, node, scope),
        _ => {
            let Some(text) = scope.report.string(key, node) else { return };
            let namespace = match (key, text.as_str()) {
                (_, "") => Namespace::Default,
                (_, "host") => Namespace::Host,
                ("ipc", "none") => Namespace::None,
                ("ipc", "private") => Namespace::Private,
                ("ipc", "shareable") => Namespace::Shareable,
                (_, text) => {
                    let Some(peer) = peer(draft, text, scope) else {
                        let message = format!("{} is nothing that `{key}` can be", quote(node));
                        let help = "write `host`, `service:NAME` or `container:NAME`";
                        return scope.report.error_help(WORD, node.span, message, help);
                    };
                    Namespace::Of(peer)
                }
            };
            if key == "ipc" { draft.spec.ipc = namespace } else { draft.spec.pid = namespace }
        }
    }
}

fn network_mode(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    let Some(text) = scope.report.string("network_mode", node) else { return };
    let spec = &mut draft.spec;
    match text.as_str() {
        // Without networks of its own it would share the engine's one with strangers.
        BRIDGE | "default" if scope.legacy => {}
        "" => {}
        "host" => spec.network_mode = Namespace::Host,
        "none" => spec.network_mode = Namespace::None,
        name => {
            if let Some(peer) = peer(draft, name, scope) {
                draft.spec.network_mode = Namespace::Of(peer);
                return;
            }
            let name = if name == "default" { BRIDGE } else { name };
            draft.spec.networks.insert(NetworkName::new(name), Box::default());
        }
    }
}

/// `service:NAME` or `container:NAME`. A container that is the first replica of a service
/// of the same stack is meant as that: it is waited for, and followed.
fn peer(draft: &mut Draft<'_>, text: &str, scope: &Scope<'_>) -> Option<Peer> {
    if let Some(service) = text.strip_prefix("service:") {
        return Some(Peer::Service(ServiceName::new(service)));
    }
    let container = text.strip_prefix("container:")?;
    let is_first = |service: &&&str| {
        container == format!("{}-{service}-1", scope.instance.id) && **service != draft.name
    };
    let Some(service) = scope.services.keys().find(is_first) else {
        return Some(Peer::Container(container.into()));
    };
    let service = ServiceName::new(*service);
    draft.depends_on.entry(service.clone()).or_insert(Dependency {
        condition: Condition::Started,
        restart: true,
        required: true,
    });
    Some(Peer::Service(service))
}

/// `NAME`, `NAME:ro`, `container:NAME` or `container:NAME:ro`.
fn volumes_from(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    for (text, item) in scope.report.strings("volumes_from", node) {
        let is_container = text.starts_with("container:");
        let mut parts = text.trim_start_matches("container:").split(':');
        let name = parts.next().unwrap_or_default();
        let read_only = match (parts.next(), parts.next()) {
            (None | Some("rw"), None) => false,
            (Some("ro"), None) => true,
            _ => {
                let message = format!("{} is no service or container", quote(item));
                let help = "write `NAME`, `NAME:ro`, `container:NAME` or `container:NAME:ro`";
                scope.report.error_help(WORD, item.span, message, help);
                continue;
            }
        };
        let kind = if is_container { "container" } else { "service" };
        if let Some(peer) = peer(draft, &format!("{kind}:{name}"), scope) {
            draft.spec.volumes_from.push(VolumesFrom { peer, read_only });
        }
    }
}

/// What the engine refuses of a container in another one's network: it has none of its own
/// that this could be about.
pub(super) fn check(draft: &Draft<'_>, service: &Node, scope: &Scope<'_>) {
    let Some(peer) = draft.spec.network_mode.peer() else { return };
    for key in
        ["ports", "expose", "hostname", "dns", "dns_search", "dns_opt", "extra_hosts", "links"]
    {
        if let Some(field) = service.get(key) {
            let help = format!("it belongs to {peer}, whose network it is");
            let message = format!("`{key}` and `network_mode: {peer}` exclude each other");
            scope.report.error_help(EXCLUSIVE, field.at, message, help);
        }
    }
}
