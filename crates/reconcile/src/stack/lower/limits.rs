//! How much a service may use, how many replicas it has, and how the engine restarts it:
//! the keys of the service itself and the same under `deploy`.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::{devices, keys, values};
use crate::stack::codes::NO_EFFECT;
use compose::codes::WORD;
use model::desired::RolloutOrder;
use model::fields;
use model::limits::Ulimit;
use model::rollback::OnFailure;
use model::spec::RestartPolicy;
use text::read::quote;
use text::report::Reporter;
use text::suggest::one_of;
use text::yaml::{Entry, Node};

/// Reads a limit, named as the service's own key, from `deploy.resources`; the service says the
/// same where both say something.
fn limit(draft: &mut Draft<'_>, field: &Entry, key: &'static str, report: &Reporter) {
    let Some(row) = fields::of_key(key) else { return };
    report.note(&mut draft.origins, key, field.at);
    values::read(row, &mut draft.spec, field, report);
}

/// Reads `restart`.
pub(super) fn restart(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    let Some(text) = report.string("restart", node) else { return };
    let policy = match text.split_once(':') {
        Some(("on-failure", times)) => times.parse().ok().map(RestartPolicy::OnFailure),
        Some(_) => None,
        None => match text.as_str() {
            "no" | "" => Some(RestartPolicy::No),
            "always" => Some(RestartPolicy::Always),
            "unless-stopped" => Some(RestartPolicy::UnlessStopped),
            "on-failure" => Some(RestartPolicy::OnFailure(0)),
            _ => None,
        },
    };
    match policy {
        // `deploy.restart_policy` wins, wherever it stands.
        Some(policy) => draft.restart = draft.restart.or(Some(policy)),
        None => report.refuse_as(
            WORD,
            node.span,
            format!("{} is not a restart policy", quote(node)),
            Some(one_of(&text, &["no", "always", "unless-stopped", "on-failure"])),
        ),
    }
}

/// Reads `scale` or `deploy.replicas`.
pub(super) fn replicas(draft: &mut Draft<'_>, field: &Entry, report: &Reporter) {
    let Some(count) = report.number::<u32>(&field.key, &field.value) else { return };
    draft.replicas = Some((count, report.loc(field.at)));
}

/// Reads `deploy`.
pub(super) fn deploy(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    for field in keys::DEPLOY.admitted(node, report) {
        let value = &field.value;
        match field.key.as_str() {
            "mode" => match report.string("mode", value).as_deref() {
                Some("replicated") | None => {}
                Some("global") => {
                    let message = "`mode: global` has no effect: there is one engine";
                    report.warn_as(NO_EFFECT, value.span, message, None);
                }
                Some("replicated-job" | "global-job") => draft.job = draft.job.or(Some(true)),
                Some(other) => {
                    report.error(WORD, value.span, format!("`mode: {other}` is no mode"));
                }
            },
            "replicas" => replicas(draft, field, report),
            "resources" => resources(draft, value, report),
            "restart_policy" => restart_policy(draft, value, report),
            _ => update_config(draft, value, report),
        }
    }
}

fn resources(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    for part in keys::RESOURCES.admitted(node, report) {
        if part.key == "reservations" {
            reservations(draft, &part.value, report);
            continue;
        }
        for field in keys::LIMITS.admitted(&part.value, report) {
            let key = match field.key.as_str() {
                "memory" => "mem_limit",
                "pids" => "pids_limit",
                _ => "cpus",
            };
            limit(draft, field, key, report);
        }
    }
}

fn reservations(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    for field in keys::RESERVATIONS.admitted(node, report) {
        if field.key == "memory" {
            limit(draft, field, "mem_reservation", report);
        } else {
            report.note(&mut draft.origins, "gpus", field.at);
            report.note(&mut draft.origins, "device_requests", field.at);
            devices::reserved(&mut draft.spec.devices, &field.value, report);
        }
    }
}

fn restart_policy(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    let (mut condition, mut attempts) = ("any".to_owned(), 0);
    let mut at = node;
    for field in keys::RESTART.admitted(node, report) {
        if field.key == "condition" {
            at = &field.value;
            condition = report.string("condition", at).unwrap_or(condition);
        } else {
            attempts = report.number("max_attempts", &field.value).unwrap_or(0);
        }
    }
    report.note(&mut draft.origins, "restart", node.span);
    draft.restart = match condition.as_str() {
        "none" | "no" => Some(RestartPolicy::No),
        "on-failure" => Some(RestartPolicy::OnFailure(attempts)),
        // Compose: `any` with a number of attempts has no equal, and becomes `always`.
        "any" | "always" => Some(RestartPolicy::Always),
        "unless-stopped" => Some(RestartPolicy::UnlessStopped),
        other => {
            let help = Some(one_of(other, &["none", "on-failure", "any"]));
            report.refuse_as(WORD, at.span, format!("{} is not a condition", quote(at)), help);
            None
        }
    };
}

/// What is done when a replica does not become healthy.
fn failure_action(node: &Node, report: &Reporter) -> Option<OnFailure> {
    match report.string("failure_action", node)?.as_str() {
        "rollback" => Some(OnFailure::Rollback),
        "pause" => Some(OnFailure::Pause),
        "continue" => Some(OnFailure::Continue),
        other => {
            let message = format!("{} is nothing to do after a failure", quote(node));
            let help = one_of(other, &["pause", "continue", "rollback"]);
            report.refuse_as(WORD, node.span, message, Some(help));
            None
        }
    }
}

fn update_config(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    for field in keys::UPDATE.admitted(node, report) {
        let value = &field.value;
        if field.key == "parallelism" {
            if let Some(count) = report.number("parallelism", value) {
                // 0 is Compose's way to write "all at once".
                draft.rollout.parallelism = if count == 0 { u32::MAX } else { count };
            }
            continue;
        }
        match field.key.as_str() {
            "delay" => {
                draft.rollout.delay = report.duration("delay", value).unwrap_or_default();
                continue;
            }
            // `x-reconciler` wins, wherever it stands.
            "monitor" => {
                draft.min_healthy[1] = report.duration("monitor", value);
                continue;
            }
            "failure_action" => {
                draft.rollout.on_failure = failure_action(value, report);
                continue;
            }
            _ => {}
        }
        match report.string("order", value).as_deref() {
            Some("start-first") => draft.rollout.order = Some(RolloutOrder::StartFirst),
            Some("stop-first") => draft.rollout.order = Some(RolloutOrder::StopFirst),
            Some(other) => report.refuse_as(
                WORD,
                value.span,
                format!("{} is not an order", quote(value)),
                Some(one_of(other, &["start-first", "stop-first"])),
            ),
            None => {}
        }
    }
}

/// Reads `ulimits`: one number for both limits, or each its own.
pub(super) fn ulimits(node: &Node, report: &Reporter) -> BTreeMap<String, Ulimit> {
    let mut found = BTreeMap::new();
    for entry in report.map("ulimits", node) {
        let part = |key: &str| {
            let part = entry.value.get(key).map_or(&entry.value, |part| &part.value);
            report.number(key, part)
        };
        if let (Some(soft), Some(hard)) = (part("soft"), part("hard")) {
            found.insert(entry.key.to_string(), Ulimit { soft, hard });
        }
    }
    found
}
