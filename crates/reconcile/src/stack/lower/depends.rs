//! `depends_on` and `links`. In normal form every dependency is spelled out, also the
//! implicit ones of links and of another service's namespaces.

use super::Scope;
use super::draft::Draft;
use model::desired::{Condition, Dependency};
use model::id::ServiceName;
use text::yaml::{Entry, Node};

/// Reads `depends_on`. A dependency that may be absent and is does not count.
pub(super) fn read(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    for entry in scope.report.map("depends_on", node) {
        if scope.services.contains_key(entry.key.as_str()) {
            let dependency = dependency(entry, scope);
            draft.depends_on.insert(ServiceName::new(entry.key.as_str()), dependency);
        }
    }
}

fn dependency(entry: &Entry, scope: &Scope<'_>) -> Dependency {
    let report = scope.report;
    let mut dependency =
        Dependency { condition: Condition::Started, restart: false, required: true };
    for field in report.map(&entry.key, &entry.value) {
        let (key, node) = (field.key.as_str(), &field.value);
        match key {
            "condition" => match report.string(key, node).as_deref() {
                Some("service_healthy") => dependency.condition = Condition::Healthy,
                Some("service_completed_successfully") => {
                    dependency.condition = Condition::Completed;
                }
                _ => {}
            },
            "restart" => dependency.restart = report.boolean(key, node).unwrap_or(false),
            "required" => dependency.required = report.boolean(key, node).unwrap_or(true),
            _ => {}
        }
    }
    dependency
}

/// Reads `links`: `service` or `service:name`.
pub(super) fn links(draft: &mut Draft<'_>, node: &Node, scope: &Scope<'_>) {
    for item in scope.report.list("links", node) {
        let Some(text) = scope.report.string("links", item) else { continue };
        let (name, alias) = text.split_once(':').unwrap_or((&text, &text));
        draft.links.push((name.to_owned(), alias.to_owned(), item.span));
    }
}
