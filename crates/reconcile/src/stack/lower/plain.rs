//! What several sections read alike: texts, labels, and what a stack says nothing about.

use std::collections::BTreeMap;

use super::Scope;
use crate::stack::codes::RESERVED_LABEL;
use model::id::{NetworkName, VolumeName};
use model::labels::is_reserved;
use model::spec::{NetworkSpec, VolumeSpec};
use text::report::Reporter;
use text::yaml::Entry;

/// A network that the stack says nothing about.
pub(super) fn plain_network(key: &str, scope: &Scope<'_>) -> NetworkSpec {
    NetworkSpec::bridge(NetworkName::new(format!("{}_{key}", scope.instance.id)))
}

/// A volume that the stack says nothing about.
pub(super) fn plain_volume(key: &str, scope: &Scope<'_>) -> VolumeSpec {
    VolumeSpec::local(VolumeName::new(format!("{}_{key}", scope.instance.id)))
}

/// A map of texts.
pub(super) fn texts(field: &Entry, report: &Reporter) -> BTreeMap<String, String> {
    report
        .map(&field.key, &field.value)
        .iter()
        .filter_map(|option| {
            Some((option.key.to_string(), report.text(&option.key, &option.value)?))
        })
        .collect()
}

/// Labels of the user; those that say whose a thing is are ours alone.
pub(super) fn labels(field: &Entry, report: &Reporter) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for pair in report.pairs(&field.key, &field.value) {
        if is_reserved(&pair.name) {
            let message = format!("the label `{}` is reserved", pair.name);
            report.error_help(
                RESERVED_LABEL,
                pair.at,
                message,
                "`reconciler.*` and `com.docker.compose.*` say whose a container is",
            );
        } else {
            labels.insert(pair.name, pair.value.unwrap_or_default());
        }
    }
    labels
}
