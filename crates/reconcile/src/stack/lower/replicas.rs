//! How many replicas each service has, and that one stack does not ask for too many.

use super::Scope;
use super::draft::Draft;
use compose::codes::{CONTAINER_NAME, LIMIT};
use model::diagnostic::{Diagnostic, Loc};
use text::underline::underlined;

/// Settles the numbers, those of `deployments.yaml` included, before anything is done for
/// each replica.
pub(super) fn settle(drafts: &mut [Draft<'_>], scope: &Scope<'_>) {
    let bounds = scope.instance.bounds;
    let mut left = bounds.containers;
    let mut reported = false;
    for draft in drafts {
        let (count, at) = wanted(draft, scope);
        if let Some((name, name_at)) = &draft.container_name
            && count > 1
        {
            scope.report.error_help(
                CONTAINER_NAME,
                *name_at,
                format!("`container_name: {name}` allows one replica, and there are to be {count}"),
                format!("the number is from {at}"),
            );
        }
        let service = format!("`services.{}`: {count} replicas are too many", draft.name);
        if count > bounds.replicas {
            let message = format!("{service} for one service: at most {}", bounds.replicas);
            refuse(message, "`max_replicas`", &at, scope);
        } else if count > left && !reported {
            reported = true;
            let message = format!("{service} with those before: at most {}", bounds.containers);
            refuse(message, "`max_containers`", &at, scope);
        }
        let count = count.min(bounds.replicas).min(left);
        left -= count;
        draft.origins.note("replicas", at.clone());
        draft.replicas = Some((count, at));
    }
}

fn wanted(draft: &Draft<'_>, scope: &Scope<'_>) -> (u32, Loc) {
    let here = || scope.report.loc(draft.at);
    match scope.instance.scale.get(draft.name) {
        Some((count, at)) => (*count, at.clone().unwrap_or_else(here)),
        None => draft.replicas.clone().unwrap_or_else(|| (1, here())),
    }
}

fn refuse(message: String, setting: &str, at: &Loc, scope: &Scope<'_>) {
    let help = format!("ask for fewer, or let the operator raise {setting}");
    let problem = Diagnostic::error(message).with_code(LIMIT).with_help(help);
    let problem = Diagnostic { at: Some(at.clone()), ..problem };
    scope.report.add(underlined(scope.instance.tree, problem));
}
