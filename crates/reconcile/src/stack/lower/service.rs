//! One service: every key to the module that reads it.

use std::time::Duration;

use super::draft::Draft;
use super::{
    Scope, build, depends, extension, files, health, hooks, host, image, keys, limits, mounts,
    networks, ports, process, shares, values,
};
use crate::stack::codes::{NO_EFFECT, READ_ONLY};
use compose::codes::{VALUE, WORD};
use compose::hash;
use model::desired::PullPolicy;
use model::fields;
use model::id::ContainerName;
use model::secret::is_sensitive_name;
use model::share::Namespace;
use text::read::quote;
use text::report::Reporter;
use text::suggest::one_of;
use text::units;
use text::yaml::{Entry, Node, Span, Value};

const DAY: Duration = Duration::from_hours(24);

/// Reads a service.
pub(super) fn read<'a>(entry: &'a Entry, scope: &Scope<'_>) -> Draft<'a> {
    let report = scope.report;
    let mut draft = Draft::new(entry);
    report.note(&mut draft.origins, "", entry.at);
    notes("", &entry.value, None, &mut draft, report);
    for field in keys::SERVICE.admitted(&entry.value, report) {
        read_field(&mut draft, field, scope);
    }
    draft.compose_hash = scope.hash(|| hash::of_container(&entry.value));
    draft.spec.image = build::image(&draft, &entry.value, scope);
    let own_network = draft.spec.network_mode == Namespace::Default;
    if scope.legacy && own_network && draft.spec.networks.is_empty() {
        networks::default(&mut draft, scope);
    }
    host::mac_address(&mut draft, report);
    check_uploads(&draft, &entry.value, report);
    shares::check(&draft, &entry.value, scope);
    draft
}

fn read_field(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    let report = scope.report;
    let (key, node) = (field.key.as_str(), &field.value);
    let spec = &mut draft.spec;
    match key {
        "network_mode" | "ipc" | "pid" | "volumes_from" | "external_links" => {
            shares::read(draft, field, scope);
        }
        "pre_start" | "post_start" | "pre_stop" => hooks::read(draft, field, scope),
        "image" => draft.image = image::read(key, node, report),
        "build" => build::read(draft, field, scope),
        "environment" => process::environment(draft, node, report),
        "networks" => networks::attach(draft, node, scope),
        "command" => spec.command = Some(report.string_list(key, node)),
        "entrypoint" => spec.entrypoint = Some(report.string_list(key, node)),
        "container_name" => container_name(draft, field, report),
        "labels" => spec.labels = super::plain::labels(field, report),
        "tmpfs" => mounts::tmpfs(draft, field, report),
        "healthcheck" => spec.healthcheck = Some(health::read(node, report)),
        "ports" => ports::published(draft, node, report),
        "expose" => ports::exposed(draft, node, report),
        "volumes" => mounts::read(draft, node, scope),
        "configs" => files::read(draft, field, &files::CONFIG, scope),
        "secrets" => files::read(draft, field, &files::SECRET, scope),
        "depends_on" => depends::read(draft, node, scope),
        "links" => depends::links(draft, node, scope),
        "restart" => limits::restart(draft, node, report),
        "scale" => limits::replicas(draft, field, report),
        "deploy" => limits::deploy(draft, node, report),
        "pull_policy" => pull_policy(draft, node, report),
        "x-reconciler" => extension::read(draft, node, report),
        _ => match fields::of_key(key) {
            Some(plain) => values::read(plain, spec, field, report),
            None => host::read(draft, field, scope),
        },
    }
}

/// The engine refuses to copy files into a container whose root is read-only.
fn check_uploads(draft: &Draft<'_>, service: &Node, report: &Reporter) {
    let uploaded = draft.files.iter().find(|file| file.upload.is_some());
    if let Some(file) = uploaded.filter(|_| draft.spec.read_only)
        && let Some(field) = service.get("read_only")
    {
        report.error_help(
            READ_ONLY,
            field.at,
            format!("`{}` cannot be put into a container whose root is read-only", file.target),
            "the engine can only bind it: from a file on its host, without owner and mode",
        );
    }
}

fn container_name(draft: &mut Draft<'_>, field: &Entry, report: &Reporter) {
    let Some(name) = report.string(&field.key, &field.value) else { return };
    let rest = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let valid = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(rest);
    if valid {
        draft.container_name = Some((ContainerName::new(name), field.value.span));
    } else {
        let message = format!("{} cannot be the name of a container", quote(&field.value));
        report.error(VALUE, field.value.span, message);
    }
}

fn pull_policy(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    let Some(policy) = report.string("pull_policy", node) else { return };
    match policy.as_str() {
        // What is built is built again whenever its context changes.
        "missing" | "if_not_present" | "build" => draft.pull = PullPolicy::Missing,
        "never" => draft.pull = PullPolicy::Never,
        "always" => draft.pull = PullPolicy::Always,
        "daily" => draft.pull = PullPolicy::Every(DAY),
        "refresh" => {
            let help = "write `daily`, `weekly` or for example `every_12h`".to_owned();
            let message = "`pull_policy: refresh` is `missing` to Compose, which reads no period";
            report.warn_as(NO_EFFECT, node.span, message, Some(help));
        }
        "weekly" => draft.pull = PullPolicy::Every(DAY * 7),
        _ => match policy.strip_prefix("every_").and_then(units::duration) {
            Some(period) => draft.pull = PullPolicy::Every(period),
            None => report.refuse_as(
                WORD,
                node.span,
                format!("{} is not a pull policy", quote(node)),
                Some(one_of(&policy, &["missing", "if_not_present", "never", "always"])),
            ),
        },
    }
}

/// Notes where every field is, and which of them never print. Of what stands in a list the first
/// place counts, and so many others were noted `before` the list.
fn notes(path: &str, node: &Node, before: Option<usize>, draft: &mut Draft<'_>, report: &Reporter) {
    match &node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            if scalar.sensitive {
                hide(path, draft);
            }
        }
        Value::List(items) => {
            let before = before.or(Some(draft.origins.len()));
            for item in items {
                note(path, item.span, before, draft, report);
                notes(path, item, before, draft, report);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                let dot = if path.is_empty() { "" } else { "." };
                let inner = format!("{path}{dot}{}", entry.key);
                note(&inner, entry.at, before, draft, report);
                let named = matches!(path, "environment" | "labels" | "build.args");
                if named && is_sensitive_name(&entry.key) {
                    draft.sensitive.insert(inner.clone());
                }
                notes(&inner, &entry.value, before, draft, report);
            }
        }
    }
}

fn note(path: &str, at: Span, before: Option<usize>, draft: &mut Draft<'_>, report: &Reporter) {
    if !before.is_some_and(|others| draft.origins.has_since(others, path)) {
        report.note(&mut draft.origins, path, at);
    }
}

/// Notes that a value never prints. Its field may have another name on the engine's side,
/// with what is written beside it in its own: where names are the writer's, only it is
/// hidden, elsewhere everything below the same key.
fn hide(path: &str, draft: &mut Draft<'_>) {
    draft.sensitive.insert(path.to_owned());
    let head = path.split('.').next().unwrap_or(path);
    let more: &[&str] = match head {
        "environment" | "labels" | "annotations" | "build" | "x-reconciler" => return,
        "networks" => &["network_config", "mac_address"],
        "ports" => &["expose"],
        "volumes" => &["tmpfs"],
        "deploy" => &["cpus", "mem_limit", "mem_reservation", "pids_limit", "restart", "scale"],
        _ => &[],
    };
    draft.sensitive.extend([head].iter().chain(more).map(|field| (*field).to_owned()));
}
