//! What a service's process is given: environment, capabilities, hosts.

use std::collections::BTreeSet;

use super::draft::Draft;
use model::secret::is_sensitive_name;
use text::report::Reporter;
use text::yaml::{Entry, Node};

/// `environment`, in which env files are resolved. A name without a value is not passed on.
pub(super) fn environment(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    for pair in report.pairs("environment", node) {
        let Some(value) = pair.value else { continue };
        if pair.sensitive || is_sensitive_name(&pair.name) {
            draft.sensitive.insert(format!("environment.{}", pair.name));
        }
        draft.spec.env.insert(pair.name, value);
    }
}

/// `cap_add` or `cap_drop` in the engine's form.
pub(super) fn capabilities(field: &Entry, report: &Reporter) -> BTreeSet<String> {
    let names = report.string_list(&field.key, &field.value);
    names
        .into_iter()
        .map(|name| {
            let name = name.to_ascii_uppercase();
            name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
        })
        .collect()
}

/// `extra_hosts`, `name=address` in normal form, in the engine's form.
pub(super) fn extra_hosts(field: &Entry, report: &Reporter) -> BTreeSet<String> {
    let items = report.string_list(&field.key, &field.value);
    items.into_iter().map(|item| item.replacen('=', ":", 1)).collect()
}
