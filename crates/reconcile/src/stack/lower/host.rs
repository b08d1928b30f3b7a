//! What a service has of the engine's host: limits, privileges, namespaces, logging.

use super::draft::Draft;
use super::place::Place;
use super::{Scope, content, devices, plain};
use crate::stack::codes::{NO_EFFECT, OUTSIDE_TREE, TREE_FILE};
use compose::NOWHERE;
use compose::codes::{CONFLICT, EXCLUSIVE, PAIR, VALUE, WORD};
use model::limits::Ulimit;
use model::share::Namespace;
use model::spec::{ContainerSpec, Logging, Mount, MountSource, Platform};
use text::read::quote;
use text::report::Reporter;
use text::yaml::{Entry, Node, Span, Value};
use text::{paths, units};

/// Where an engine listens, in the host and in containers that ask for it.
const API_SOCKET: &str = "/var/run/docker.sock";

/// Reads one key.
pub(super) fn read(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    let report = scope.report;
    let (key, node) = (field.key.as_str(), &field.value);
    let spec = &mut draft.spec;
    match key {
        "annotations" => spec.annotations = plain::texts(field, report),
        "storage_opt" => spec.storage_options = plain::texts(field, report),
        "sysctls" => spec.sysctls = plain::texts(field, report),
        "domainname" => spec.domainname = report.text(key, node),
        "dns_opt" => spec.dns_options = report.string_list(key, node),
        "group_add" => spec.privileges.groups = report.string_list(key, node).into_iter().collect(),
        "privileged" => {
            spec.privileges.privileged = report.boolean(key, node).unwrap_or(false);
        }
        "security_opt" => {
            for item in report.list(key, node) {
                security_option(spec, item, scope);
            }
        }
        "uts" => spec.uts = namespace(node, &[Namespace::Host], report),
        "userns_mode" => spec.userns = namespace(node, &[Namespace::Host], report),
        "cgroup" => {
            spec.cgroup = namespace(node, &[Namespace::Host, Namespace::Private], report);
        }
        "runtime" => spec.runtime = report.text(key, node),
        "isolation" => spec.isolation = isolation(node, report),
        "platform" => spec.platform = platform(node, report),
        "logging" => spec.logging = logging(node, report),
        "mac_address" => {
            draft.mac = report.text(key, node).map(|mac| (mac.to_ascii_lowercase(), field.at));
        }
        "devices" => devices::mapped(&mut spec.devices, node, report),
        "device_cgroup_rules" => {
            spec.devices.rules = report.string_list(key, node).into_iter().collect();
        }
        "gpus" => devices::gpus(&mut spec.devices, node, report),
        "use_api_socket" => api_socket(draft, field, report),
        _ => limit(spec, field, report),
    }
}

/// A limit that only the service itself can name.
fn limit(spec: &mut ContainerSpec, field: &Entry, report: &Reporter) {
    let (key, node) = (field.key.as_str(), &field.value);
    let limits = &mut spec.limits;
    let number = || report.number::<i64>(key, node).unwrap_or_default();
    match key {
        "mem_reservation" => limits.memory_reservation = report.bytes(key, node).unwrap_or(0),
        "memswap_limit" => limits.memory_swap = swap(node, report),
        "mem_swappiness" => limits.swappiness = report.number(key, node).filter(|n| *n != 0),
        "shm_size" => limits.shm_size = report.bytes(key, node).unwrap_or(0),
        "oom_kill_disable" => limits.oom_kill_disable = report.boolean(key, node).unwrap_or(false),
        "oom_score_adj" => limits.oom_score_adj = number(),
        "cpu_period" => limits.cpu_period = number(),
        "cpu_quota" => limits.cpu_quota = number(),
        "cpu_rt_period" => limits.cpu_rt_period = number(),
        "cpu_rt_runtime" => limits.cpu_rt_runtime = number(),
        "cpu_count" => limits.cpu_count = number(),
        "cpu_percent" => limits.cpu_percent = percent(node, report),
        "cpuset" => limits.cpuset = report.text(key, node).unwrap_or_default(),
        "cgroup_parent" => limits.cgroup_parent = report.text(key, node).unwrap_or_default(),
        "ulimits" => {
            for entry in report.map(key, node) {
                limits.ulimits.insert(entry.key.clone(), ulimit(entry, report));
            }
        }
        "blkio_config" => {
            for entry in report.map(key, node) {
                blkio(spec, entry, report);
            }
        }
        _ => {}
    }
}

fn blkio(spec: &mut ContainerSpec, field: &Entry, report: &Reporter) {
    let (key, node) = (field.key.as_str(), &field.value);
    let blkio = &mut spec.limits.blkio;
    let by_device = |member: &'static str| {
        report.list(key, node).iter().filter_map(move |item| {
            let path = item.get("path").and_then(|path| report.text("path", &path.value))?;
            Some((path, item.get(member)?))
        })
    };
    let rates = || {
        let rates = by_device("rate");
        rates.filter_map(|(path, rate)| Some((path, report.bytes("rate", &rate.value)?))).collect()
    };
    match key {
        "weight" => blkio.weight = report.number(key, node).unwrap_or_default(),
        "weight_device" => {
            let weights = by_device("weight");
            blkio.weight_device = weights
                .filter_map(|(path, weight)| Some((path, report.number("weight", &weight.value)?)))
                .collect();
        }
        "device_read_bps" => blkio.read_bps = rates(),
        "device_read_iops" => blkio.read_iops = rates(),
        "device_write_bps" => blkio.write_bps = rates(),
        _ => blkio.write_iops = rates(),
    }
}

/// One number for both, or each by itself.
fn ulimit(entry: &Entry, report: &Reporter) -> Ulimit {
    let number = |name: &str, node: &Node| report.number::<i64>(name, node).unwrap_or_default();
    if let Value::Scalar(_) = entry.value.value {
        let both = number(&entry.key, &entry.value);
        return Ulimit { soft: both, hard: both };
    }
    let member =
        |name: &str| entry.value.get(name).map(|e| number(name, &e.value)).unwrap_or_default();
    Ulimit { soft: member("soft"), hard: member("hard") }
}

fn swap(node: &Node, report: &Reporter) -> i64 {
    if node.scalar().is_some_and(|scalar| scalar.text == "-1") {
        return -1;
    }
    report.bytes("memswap_limit", node).unwrap_or(0)
}

fn percent(node: &Node, report: &Reporter) -> i64 {
    let hundredths = node.scalar().and_then(|scalar| units::nano_cpus(&scalar.text));
    if hundredths.is_none() {
        report.error(
            VALUE,
            node.span,
            format!("`cpu_percent` must be a number, not {}", quote(node)),
        );
    }
    hundredths.unwrap_or(0) / 10_000_000
}

fn namespace(node: &Node, known: &[Namespace], report: &Reporter) -> Namespace {
    let word = node.scalar().map(|scalar| scalar.text.as_str()).unwrap_or_default();
    let found = known.iter().find(|namespace| namespace.to_string() == word);
    if found.is_none() && !word.is_empty() {
        let words: Vec<String> = known.iter().map(|namespace| format!("`{namespace}`")).collect();
        report.error(WORD, node.span, format!("{} is not {}", quote(node), words.join(" or ")));
    }
    found.cloned().unwrap_or_default()
}

fn isolation(node: &Node, report: &Reporter) -> Option<String> {
    let word = report.text("isolation", node).filter(|word| !word.is_empty())?;
    if !matches!(word.as_str(), "default" | "process" | "hyperv") {
        report.error(WORD, node.span, format!("{} is not an isolation", quote(node)));
    }
    Some(word)
}

fn platform(node: &Node, report: &Reporter) -> Option<Platform> {
    let platform = Platform::parse(&report.text("platform", node)?);
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
