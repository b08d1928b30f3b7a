//! What is shared with the host or with other containers, as facts.

use super::{FieldSet, Side, text};
use crate::plan::seen;
use model::share::Namespace;

pub(super) fn shares<'s>(set: &mut impl FieldSet<'s>) {
    for (path, of) in [
        ("network_mode", network as fn(Side<'s>) -> &'s Namespace),
        ("ipc", Side::ipc),
        ("pid", |side| &side.spec.pid),
    ] {
        set.group(of, |namespace, facts| {
            let rendered = namespace.peer().map_or_else(|| namespace.to_string(), seen::render);
            text(facts, path, &rendered);
        });
    }
    set.group(
        |side| &side.spec.volumes_from,
        |volumes, facts| text(facts, "volumes_from", &seen::render_volumes(volumes)),
    );
    set.group(
        |side| &side.spec.links,
        |links, facts| {
            facts.extend(links.iter().map(|link| (format!("links.{link}"), "linked".to_owned())));
        },
    );
}

/// A network of its own, or none, is in `networks`.
fn network(side: Side<'_>) -> &Namespace {
    match &side.spec.network_mode {
        mode @ (Namespace::Host | Namespace::Of(_)) => mode,
        _ => &Namespace::Default,
    }
}
