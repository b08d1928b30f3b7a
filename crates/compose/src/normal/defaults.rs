//! Values that Compose puts where a file says nothing.

use crate::nodes::{add_missing, entries_mut, get_mut, items_mut, text, text_of};
use text::yaml::{Entry, Node};

/// Sets them in every service.
pub(super) fn set(root: &mut Node) {
    let Some(services) = get_mut(root, "services") else { return };
    for Entry { value: service, .. } in entries_mut(services) {
        for Entry { key, value, .. } in entries_mut(service) {
            match key.as_str() {
                "build" => add_missing(value, "context", |at| text(at, ".", None)),
                "secrets" => items_mut(value).iter_mut().for_each(secret),
                "ports" => items_mut(value).iter_mut().for_each(port),
                "gpus" => items_mut(value).iter_mut().for_each(device),
                "deploy" => devices(value).iter_mut().for_each(device),
                _ => {}
            }
        }
    }
}

fn secret(secret: &mut Node) {
    let source = text_of(secret, "source").unwrap_or("").to_owned();
    add_missing(secret, "target", |at| text(at, format!("/run/secrets/{source}"), None));
}

fn port(port: &mut Node) {
    add_missing(port, "protocol", |at| text(at, "tcp", None));
    add_missing(port, "mode", |at| text(at, "ingress", None));
}

fn device(request: &mut Node) {
    if request.get("count").is_none() && request.get("device_ids").is_none() {
        add_missing(request, "count", |at| text(at, "all", None));
    }
}

/// `deploy.resources.reservations.devices`
fn devices(deploy: &mut Node) -> &mut [Node] {
    get_mut(deploy, "resources")
        .and_then(|resources| get_mut(resources, "reservations"))
        .and_then(|reservations| get_mut(reservations, "devices"))
        .map(items_mut)
        .unwrap_or_default()
}
