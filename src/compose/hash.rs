//! Compose's config hashes, as `docker compose up` writes them on what it creates: SHA-256
//! over Go's JSON of the normal form.

use super::config::{View, Viewer, compact};
use super::spec;
use crate::model::digest::Digest;
use crate::text::yaml::Node;

/// What does not count for a service. Compose's own `config --hash` also counts `env_file`,
/// unlike `up`.
const WITHOUT: &[(&str, &str)] = &[
    ("service", "build"),
    ("service", "pull_policy"),
    ("service", "scale"),
    ("service", "depends_on"),
    ("service", "profiles"),
    ("service", "env_file"),
    ("deployment", "replicas"),
];

/// The hash of a service in normal form. Before it is created, Compose puts the ids of
/// containers in the place of `service:` and `volumes_from`; the caller does as well.
pub(crate) fn service(service: &Node) -> String {
    of(&Viewer::json(WITHOUT).object(&spec::SERVICE, Some(service)))
}

/// The hash of a network in normal form.
pub(crate) fn network(network: &Node) -> String {
    of(&Viewer::json(&[]).object(&spec::NETWORK, Some(network)))
}

/// The hash of a volume in normal form; without a driver it is the local one.
pub(crate) fn volume(volume: &Node) -> String {
    let mut view = Viewer::json(&[]).object(&spec::VOLUME, Some(volume));
    if let View::Map(entries) = &mut view
        && !entries.iter().any(|(key, _)| key == "driver")
    {
        let after_name = usize::from(entries.first().is_some_and(|(key, _)| key == "name"));
        entries.insert(after_name, ("driver".into(), View::Text("local".into())));
    }
    of(&view)
}

fn of(view: &View<'_>) -> String {
    Digest::of(compact(view)).to_string()
}
