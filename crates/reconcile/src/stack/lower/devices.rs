//! `devices`, `gpus` and reserved devices.

use super::plain;
use model::privilege::{Device, DeviceRequest, Devices};
use text::report::Reporter;
use text::yaml::{Entry, Node};

/// Reads `devices`: paths of the host, and devices by their CDI names, all of which are one
/// request.
pub(super) fn mapped(devices: &mut Devices, node: &Node, report: &Reporter) {
    let mut named = Vec::new();
    for item in report.list("devices", node) {
        let member = |name: &str| item.get(name).and_then(|e| report.text(name, &e.value));
        let Some(source) = member("source") else { continue };
        let target = member("target").unwrap_or_else(|| source.clone());
        if source == target && is_cdi(&source) {
            named.push(source);
            continue;
        }
        let permissions = member("permissions").unwrap_or_else(|| "rwm".to_owned());
        devices.mapped.insert(target, Device { host: source, permissions });
    }
    if !named.is_empty() {
        let driver = "cdi".to_owned();
        devices.requests.push(DeviceRequest { driver, ids: named, ..DeviceRequest::default() });
    }
}

/// Reads `gpus`.
pub(super) fn gpus(devices: &mut Devices, node: &Node, report: &Reporter) {
    for item in report.list("gpus", node) {
        let mut request = request(item, report);
        let mut capabilities = request.capabilities.pop().unwrap_or_default();
        if !capabilities.iter().any(|capability| capability == "gpu") {
            capabilities.push("gpu".to_owned());
        }
        request.capabilities = vec![capabilities];
        devices.requests.push(request);
    }
}

/// Reads `deploy.resources.reservations.devices`.
pub(super) fn reserved(devices: &mut Devices, node: &Node, report: &Reporter) {
    let requests = report.list("devices", node).iter().map(|item| request(item, report));
    devices.requests.extend(requests);
}

fn request(node: &Node, report: &Reporter) -> DeviceRequest {
    let mut request = DeviceRequest::default();
    for field in report.map("devices", node) {
        let (key, value): (&str, &Node) = (&field.key, &field.value);
        match key {
            "driver" => request.driver = report.text(key, value).unwrap_or_default(),
            "count" => request.count = count(field, report),
            "device_ids" => request.ids = report.string_list(key, value),
            "capabilities" => request.capabilities = vec![report.string_list(key, value)],
            "options" => request.options = plain::texts(field, report),
            _ => {}
        }
    }
    request
}

/// A number, or `all`.
fn count(field: &Entry, report: &Reporter) -> i64 {
    if field.value.scalar().is_some_and(|scalar| scalar.text == "all") {
        return -1;
    }
    report.number(&field.key, &field.value).unwrap_or_default()
}

/// Whether this is `vendor/class=name`.
fn is_cdi(name: &str) -> bool {
    !name.starts_with('/')
        && name.split_once('/').and_then(|(_, rest)| rest.split_once('=')).is_some()
}
