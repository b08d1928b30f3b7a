//! The environment that a service's process is given.

use super::draft::Draft;
use model::secret::is_sensitive_name;
use text::report::Reporter;
use text::yaml::Node;

/// `environment`, in which env files are resolved. A name without a value takes the
/// image's variable away.
pub(super) fn environment(draft: &mut Draft<'_>, node: &Node, report: &Reporter) {
    for pair in report.pairs("environment", node) {
        let Some(value) = pair.value else {
            draft.spec.unset_env.insert(pair.name);
            continue;
        };
        if pair.sensitive || is_sensitive_name(&pair.name) {
            draft.sensitive.insert(format!("environment.{}", pair.name));
        }
        draft.spec.env.insert(pair.name, value);
    }
}
