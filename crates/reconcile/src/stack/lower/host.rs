//! What a service has of the engine's host and no plain field says: security options, devices,
//! logging, platform.

use super::draft::Draft;
use super::place::Place;
use super::{Scope, content, devices, limits, plain, values};
use crate::stack::codes::{NO_EFFECT, OUTSIDE_TREE, TREE_FILE};
use compose::NOWHERE;
use compose::codes::{CONFLICT, EXCLUSIVE, PAIR, VALUE};
use model::fields;
use model::spec::{ContainerSpec, Logging, Mount, MountSource, Platform};
use text::paths;
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Node, Span};

/// Where an engine listens, in the host and in containers that ask for it.
const API_SOCKET: &str = "/var/run/docker.sock";

/// Words that are a platform alone: the architecture of a Linux.
const ARCHITECTURES: [&str; 21] = [
    "386", "aarch64", "amd64", "arm", "arm64", "armel", "armhf", "i386", "i686", "loong64", "mips",
    "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm", "x86-64",
    "x86_64",
];

/// Reads one key.
pub(super) fn read(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    let report = scope.report;
    let (key, node) = (field.key.as_str(), &field.value);
    let spec = &mut draft.spec;
    match key {
        "security_opt" => {
            for item in report.list(key, node) {
                security_option(spec, item, scope);
            }
        }
        "platform" => spec.platform = platform(node, report),
        "logging" => spec.logging = logging(node, report),
        "mac_address" => {
            draft.mac = report.text(key, node).map(|mac| (mac.to_ascii_lowercase(), field.at));
        }
        "devices" => devices::mapped(&mut spec.devices, node, report),
        "gpus" => devices::gpus(&mut spec.devices, node, report),
        "use_api_socket" => api_socket(draft, field, report),
        "ulimits" => spec.limits.ulimits = limits::ulimits(node, report),
        "blkio_config" => {
            for entry in report.map(key, node) {
                if let Some(field) = fields::of_key(&format!("{key}.{}", entry.key)) {
                    values::read(field, spec, entry, report);
                }
            }
        }
        _ => {}
    }
}

fn platform(node: &Node, report: &Reporter) -> Option<Platform> {
    let text = report.text("platform", node)?.to_ascii_lowercase();
    // Of any architecture: the engine's own.
    if text == "linux" {
        return None;
    }
    let platform = Platform::parse(&text)
        .filter(|_| text.contains('/') || ARCHITECTURES.contains(&text.as_str()));
    if platform.is_none() {
        let message = format!("{} is not a platform", quote(node));
        report.error_help(VALUE, node.span, message, "write for example `linux/arm64`");
    }
    platform
}

fn logging(node: &Node, report: &Reporter) -> Logging {
    let mut logging = Logging::default();
    for field in report.map("logging", node) {
        match field.key.as_str() {
            "driver" => logging.driver = report.text("driver", &field.value),
            "options" => logging.options = plain::texts(field, report),
            _ => {}
        }
    }
    logging
}

/// A seccomp profile is a file of the project, and goes to the engine as its text.
fn security_option(spec: &mut ContainerSpec, item: &Node, scope: &Scope<'_>) {
    let report = scope.report;
    let Some(text) = report.text("security_opt", item) else { return };
    if text == "systempaths=unconfined" {
        spec.privileges.system_paths = true;
        return;
    }
    let option = match text.split_once(['=', ':']) {
        None if text != "no-new-privileges" => {
            report.error(PAIR, item.span, format!("{} is not `name=value`", quote(item)));
            return;
        }
        Some(("seccomp", path)) if !matches!(path, "unconfined" | "builtin") => {
            match profile(path, item.span, scope) {
                Some(profile) => format!("seccomp={profile}"),
                None => return,
            }
        }
        _ => text,
    };
    spec.privileges.security_opt.insert(option);
}

fn profile(path: &str, at: Span, scope: &Scope<'_>) -> Option<String> {
    let instance = scope.instance;
    let root = instance.root.unwrap_or(NOWHERE);
    let whole = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{root}/{}", paths::join(instance.base, path))
    };
    let Some(file) = Place::of(&whole, instance).tree else {
        let message = format!("`{path}` is outside the source's tree");
        scope.report.error_help(OUTSIDE_TREE, at, message, "move it beside the stack file");
        return None;
    };
    let content = content::content(&file, at, scope)?;
    match serde_json::from_slice::<serde_json::Value>(content.expose()) {
        Ok(json) if json.is_object() => Some(json.to_string()),
        _ => {
            scope.report.error(TREE_FILE, at, format!("`{file}` is not a profile in JSON"));
            None
        }
    }
}

fn api_socket(draft: &mut Draft<'_>, field: &Entry, report: &Reporter) {
    if report.boolean(&field.key, &field.value) != Some(true) {
        return;
    }
    let help = "the socket is mounted; credentials of registries are not handed on".to_owned();
    report.warn_as(NO_EFFECT, field.at, "`use_api_socket` gives no credentials", Some(help));
    report.note(&mut draft.origins, format!("volumes.{API_SOCKET}"), field.at);
    let source = MountSource::Bind(API_SOCKET.to_owned());
    draft.spec.mounts.insert(API_SOCKET.to_owned(), Mount { source, ..Mount::default() });
}

/// Puts the service's own MAC address on the network that it is attached to first.
pub(super) fn mac_address(draft: &mut Draft<'_>, report: &Reporter) {
    let Some((mac, at)) = draft.mac.take() else { return };
    let first = draft.spec.networks_in_order().first().map(|(name, _)| (*name).clone());
    let Some(attachment) = first.as_ref().and_then(|name| draft.spec.networks.get_mut(name)) else {
        report.error(EXCLUSIVE, at, "`mac_address` needs a network of the service's own");
        return;
    };
    if attachment.mac.as_ref().is_some_and(|other| *other != mac) {
        report.error(CONFLICT, at, "`mac_address` is not that of the service's first network");
    }
    attachment.mac = Some(mac);
}
