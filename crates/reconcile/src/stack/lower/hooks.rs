//! `pre_start`, `post_start` and `pre_stop`.

use super::draft::Draft;
use super::{Scope, keys};
use compose::codes::MISSING;
use model::hook::{Hook, InitContainer};
use model::id::ImageRef;
use text::yaml::{Entry, Node};

/// Reads one of the three.
pub(super) fn read(draft: &mut Draft<'_>, field: &Entry, scope: &Scope<'_>) {
    let report = scope.report;
    for item in report.list(&field.key, &field.value) {
        let (hook, image, per_replica) = hook(item, scope);
        match field.key.as_str() {
            "pre_start" => draft.hooks.pre_start.push(InitContainer { hook, image, per_replica }),
            _ if hook.command.is_empty() => {
                report.error(MISSING, item.span, format!("`{}` needs a `command`", field.key));
            }
            "post_start" => draft.hooks.post_start.push(hook),
            _ => draft.hooks.pre_stop.push(hook),
        }
    }
}

fn hook(node: &Node, scope: &Scope<'_>) -> (Hook, Option<ImageRef>, bool) {
    let report = scope.report;
    let (mut hook, mut image, mut per_replica) = (Hook::default(), None, false);
    for field in keys::HOOK.admitted(node, report) {
        let (key, value) = (field.key.as_str(), &field.value);
        match key {
            "command" => hook.command = report.string_list(key, value),
            "user" => hook.user = report.string(key, value),
            "privileged" => hook.privileged = report.boolean(key, value).unwrap_or(false),
            "working_dir" => hook.working_dir = report.string(key, value),
            "image" => {
                let sensitive = value.scalar().is_some_and(|scalar| scalar.sensitive);
                image =
                    super::image::read(key, value, report).map(|text| scope.image(text, sensitive));
            }
            "per_replica" => per_replica = report.boolean(key, value).unwrap_or(false),
            _ => {
                for pair in report.pairs(key, value) {
                    match pair.value {
                        Some(value) => drop(hook.env.insert(pair.name, value)),
                        None => drop(hook.unset_env.insert(pair.name)),
                    }
                }
            }
        }
    }
    (hook, image, per_replica)
}
