//! What is shared with the host or with other containers, as facts.

use super::{Facts, text};
use crate::model::share::Namespace;
use crate::model::spec::ContainerSpec;
use crate::plan::peers;

/// A network of its own, or none, is told by `networks`.
pub(super) fn shares(spec: &ContainerSpec, facts: &mut Facts) {
    let network = match &spec.network_mode {
        Namespace::Host | Namespace::Of(_) => &spec.network_mode,
        _ => &Namespace::Default,
    };
    for (path, namespace) in [("network_mode", network), ("ipc", &spec.ipc), ("pid", &spec.pid)] {
        let shown = namespace.peer().map_or_else(|| namespace.to_string(), peers::shown);
        text(facts, path, &shown);
    }
    text(facts, "volumes_from", &peers::volumes_shown(&spec.volumes_from));
    for link in &spec.links {
        facts.insert(format!("links.{link}"), "linked".to_owned());
    }
}
