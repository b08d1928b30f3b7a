//! `x-reconciler` of a service: what Compose has no word for.

use super::draft::Draft;
use compose::codes::UNKNOWN_KEY;
use model::desired::Registration;
use text::report::Reporter;
use text::suggest::one_of;
use text::yaml::{Node, Value};

/// Reads it.
pub(super) fn read(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    for field in report.map("x-reconciler", node) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "job" => draft.job = report.boolean(key, value),
            "on_rollback" => draft.on_rollback = report.boolean(key, value) == Some(true),
            "register" => draft.registration = register(value, report),
            "min_healthy" => {
                draft.min_healthy[0] = report.duration(key, value);
            }
            "deadline" => {
                if let Some(span) = report.duration(key, value) {
                    draft.rollout.deadline = span;
                }
            }
            _ => report.refuse_as(
                UNKNOWN_KEY,
                field.at,
                format!("`{key}` is not a key of `x-reconciler` in a service"),
                Some(one_of(key, &["job", "on_rollback", "register", "min_healthy", "deadline"])),
            ),
        }
    }
}

/// `false`, `true`, or what differs from the default.
fn register(node: &Node, report: &Reporter) -> Option<Registration> {
    let mut registration = Registration::default();
    if !matches!(node.value, Value::Map(_)) {
        return (report.boolean("register", node) != Some(false)).then_some(registration);
    }
    for field in report.map("register", node) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "port" => registration.port = report.number(key, value),
            "tags" => registration.tags = report.string_list(key, value),
            _ => report.refuse_as(
                UNKNOWN_KEY,
                field.at,
                format!("`{key}` is not a key of `register`"),
                Some(one_of(key, &["port", "tags"])),
            ),
        }
    }
    Some(registration)
}
