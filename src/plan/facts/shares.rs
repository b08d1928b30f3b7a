//! What is shared with the host or with other containers, as facts.

use super::{Page, text};
use crate::model::share::Namespace;
use crate::model::spec::ContainerSpec;
use crate::plan::peers;

pub(super) fn shares<'s>(page: &mut impl Page<'s>) {
    for (path, of) in [
        ("network_mode", network as fn(&ContainerSpec) -> &Namespace),
        ("ipc", |spec| &spec.ipc),
        ("pid", |spec| &spec.pid),
    ] {
        page.section(of, |namespace, facts| {
            let shown = namespace.peer().map_or_else(|| namespace.to_string(), peers::shown);
            text(facts, path, &shown);
        });
    }
    page.section(
        |spec| &spec.volumes_from,
        |volumes, facts| text(facts, "volumes_from", &peers::volumes_shown(volumes)),
    );
    page.section(
        |spec| &spec.links,
        |links, facts| {
            facts.extend(links.iter().map(|link| (format!("links.{link}"), "linked".to_owned())));
        },
    );
}

/// A network of its own, or none, is told by `networks`.
fn network(spec: &ContainerSpec) -> &Namespace {
    match &spec.network_mode {
        Namespace::Host | Namespace::Of(_) => &spec.network_mode,
        _ => &Namespace::Default,
    }
}
