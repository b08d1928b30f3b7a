//! Which networks a service is attached to, and under which names.

use super::service::Draft;
use super::{Scope, keys};
use crate::model::spec::Attachment;
use crate::text::report::Reporter;
use crate::text::yaml::{Entry, Node, Span, Value};

/// The network that services without `networks` share.
pub(super) const DEFAULT: &str = "default";

/// Reads `networks`; a service that says nothing is attached to the default network.
pub(super) fn attach(draft: &mut Draft<'_>, field: Option<&Entry>, scope: &Scope<'_>) {
    let at = draft.at;
    match field.map(|field| &field.value.value) {
        None | Some(Value::Null) => join(draft, DEFAULT, at, Attachment::default(), scope),
        Some(Value::List(items)) => {
            for item in items {
                if let Some(key) = scope.report.string("networks", item) {
                    join(draft, &key, item.span, Attachment::default(), scope);
                }
            }
        }
        Some(Value::Map(entries)) => {
            for entry in entries {
                let attachment = attachment(&entry.value, scope.report);
                join(draft, &entry.key, entry.at, attachment, scope);
            }
        }
        Some(Value::Scalar(_)) => {
            if let Some(field) = field {
                scope.report.expected("networks", &field.value, "a list or a map");
            }
        }
    }
}

fn join(draft: &mut Draft<'_>, key: &str, at: Span, mut attachment: Attachment, scope: &Scope<'_>) {
    let name = match scope.networks.get(key) {
        Some(network) => network.spec.name.clone(),
        None if key == DEFAULT => super::top::plain_network(key, scope).name,
        None => {
            let known = scope.networks.keys().map(String::as_str).chain([DEFAULT]);
            scope.unknown(at, "network", key, known);
            return;
        }
    };
    attachment.aliases.insert(draft.name.to_owned());
    for field in ["networks", "network_config"] {
        scope.report.note(&mut draft.origins, format!("{field}.{name}"), at);
    }
    draft.networks.insert(key.to_owned());
    draft.spec.networks.insert(name, attachment);
}

fn attachment(node: &Node, report: &Reporter) -> Attachment {
    let mut attachment = Attachment::default();
    for field in report.map("networks", node) {
        if !keys::ATTACHMENT.admits(field, report) || field.value.is_null() {
            continue;
        }
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "aliases" => {
                attachment.aliases.extend(report.string_list(key, value));
            }
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
        report.error(node.span, format!("`{key}` is not an address of that kind"));
    }
    parsed.map(|address| address.to_string())
}
