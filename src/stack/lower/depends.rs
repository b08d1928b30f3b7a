//! `depends_on` and `links`.

use super::Scope;
use super::service::Draft;
use crate::model::desired::{Condition, Dependency};
use crate::model::id::ServiceName;
use crate::text::read::quote;
use crate::text::suggest::did_you_mean;
use crate::text::yaml::{Entry, Node, Span, Value};

/// A dependency that only orders.
const STARTED: Dependency =
    Dependency { condition: Condition::Started, restart: false, required: true };

/// Reads `depends_on`.
pub(super) fn read(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    if let Value::Map(entries) = &node.value {
        for entry in entries {
            let dependency = dependency(entry, scope);
            add(draft, &entry.key, entry.at, dependency, scope);
        }
        return;
    }
    for item in scope.report.list("depends_on", node) {
        if let Some(name) = scope.report.string("depends_on", item) {
            add(draft, &name, item.span, STARTED, scope);
        }
    }
}

/// Reads `links`: `service` or `service:name`. As in Compose, a link is a dependency
/// whose restart restarts this service.
pub(super) fn links(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    for item in scope.report.list("links", node) {
        let Some(text) = scope.report.string("links", item) else { continue };
        let (name, alias) = text.split_once(':').unwrap_or((&text, &text));
        if name.is_empty() || alias.is_empty() || alias.contains(':') {
            scope.report.error_help(
                item.span,
                format!("{} is not a link", quote(item)),
                "write `service` or `service:name`",
            );
            continue;
        }
        let linked = Dependency { restart: true, ..STARTED };
        add(draft, name, item.span, linked, scope);
        draft.links.push((name.to_owned(), alias.to_owned(), item.span));
    }
}

/// Adds a dependency. One that `depends_on` describes stays as it is described there,
/// whichever comes first in the file.
fn add(draft: &mut Draft<'_>, name: &str, at: Span, dependency: Dependency, scope: &Scope<'_>) {
    if name == draft.name {
        scope.report.error(at, format!("`{name}` depends on itself"));
        return;
    }
    if !scope.services.contains_key(name) {
        if dependency.required {
            scope.unknown(at, "service", name, scope.services.keys().copied());
        }
        return;
    }
    let key = ServiceName::new(name);
    let link = dependency.restart && dependency.condition == Condition::Started;
    if !(link && draft.depends_on.contains_key(&key)) {
        draft.depends_on.insert(key, (dependency, at));
    }
}

fn dependency(entry: &Entry, scope: &Scope<'_>) -> Dependency {
    let report = scope.report;
    let mut dependency = STARTED;
    for field in report.map(&format!("depends_on.{}", entry.key), &entry.value) {
        let (key, node) = (field.key.as_str(), &field.value);
        match key {
            "condition" => {
                if let Some(condition) = condition(node, scope) {
                    dependency.condition = condition;
                }
            }
            "restart" => dependency.restart = report.boolean(key, node).unwrap_or(false),
            "required" => dependency.required = report.boolean(key, node).unwrap_or(true),
            _ if key.starts_with("x-") => {}
            _ => report.refuse(
                field.at,
                format!("`{key}` is not a key of a dependency"),
                did_you_mean(key, ["condition", "restart", "required"]),
            ),
        }
    }
    dependency
}

fn condition(node: &Node, scope: &Scope<'_>) -> Option<Condition> {
    let known = ["service_started", "service_healthy", "service_completed_successfully"];
    match scope.report.string("condition", node)?.as_str() {
        "service_started" => Some(Condition::Started),
        "service_healthy" => Some(Condition::Healthy),
        "service_completed_successfully" => Some(Condition::Completed),
        other => {
            let message = format!("{} is not a condition", quote(node));
            scope.report.refuse(node.span, message, did_you_mean(other, known));
            None
        }
    }
}
