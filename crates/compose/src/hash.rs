//! Compose's config hashes, as `docker compose up` writes them on what it creates: SHA-256
//! over Go's JSON of the normal form.

use super::config::{Items, View, Viewer, compact, digest};
use super::spec;
use model::compose_labels::ConfigHash;
use model::id::ServiceName;
use text::yaml::Node;

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

/// Stands around a name where Compose puts a container's id, as JSON has it: no text of a
/// user's that is written in a stack file holds it.
const MARK: &str = "\u{1}";
const MARK_IN_JSON: &str = "\\u0001";

/// What Compose labels a container of a service in normal form with. Where it shares
/// something with another container, that one's id is hashed, which is not known yet.
#[must_use]
pub fn of_container(service: &Node) -> ConfigHash {
    let mut view = Viewer::json(WITHOUT).object(&spec::SERVICE, Some(service));
    let mut joined = false;
    if let View::Map(entries) = &mut view {
        for (key, value) in entries {
            joined |= match &**key {
                "network_mode" | "ipc" | "pid" => share(value),
                "volumes_from" => volumes_from(value),
                _ => false,
            };
        }
    }
    if !joined {
        return ConfigHash::Fixed(digest(&view));
    }
    let text = compact(&view);
    let (texts, names) = text.split(MARK_IN_JSON).enumerate().fold(
        (Vec::new(), Vec::new()),
        |(mut texts, mut names), (place, piece)| {
            match place % 2 {
                0 => texts.push(piece.to_owned()),
                _ => names.push(ServiceName::new(piece)),
            }
            (texts, names)
        },
    );
    ConfigHash::Joined { texts, names }
}

/// `service:web` becomes `container:ID`.
fn share(value: &mut View<'_>) -> bool {
    let View::Text(text) = value else { return false };
    let Some(name) = text.strip_prefix("service:") else { return false };
    *text = format!("container:{MARK}{name}{MARK}").into();
    true
}

/// `web:ro` becomes an id, and `container:x:ro` becomes `x`: Compose forgets the mode.
fn volumes_from(value: &mut View<'_>) -> bool {
    let View::List(items) = value else { return false };
    let mut all = Vec::new();
    items.each(|_, item| all.push(item.clone()));
    let mut joined = false;
    for entry in &mut all {
        let View::Text(text) = entry else { continue };
        let mut parts = text.split(':');
        let changed = match (parts.next(), parts.next()) {
            (Some("container"), Some(name)) => name.to_owned(),
            (Some(name), _) => {
                joined = true;
                format!("{MARK}{name}{MARK}")
            }
            _ => continue,
        };
        *text = changed.into();
    }
    *value = View::List(Items::Made(all));
    joined
}

/// The hash of a service in normal form, as `config --hash` prints it: with the names of
/// services where [`of_container`] has ids.
#[must_use]
pub fn service(service: &Node) -> String {
    digest(&Viewer::json(WITHOUT).object(&spec::SERVICE, Some(service))).to_string()
}

/// The hash of a network in normal form.
#[must_use]
pub fn network(network: &Node) -> String {
    digest(&Viewer::json(&[]).object(&spec::NETWORK, Some(network))).to_string()
}

/// The hash of a volume in normal form; without a driver it is the local one.
#[must_use]
pub fn volume(volume: &Node) -> String {
    let mut view = Viewer::json(&[]).object(&spec::VOLUME, Some(volume));
    if let View::Map(entries) = &mut view
        && !entries.iter().any(|(key, _)| key == "driver")
    {
        let after_name = usize::from(entries.first().is_some_and(|(key, _)| key == "name"));
        entries.insert(after_name, ("driver".into(), View::Text("local".into())));
    }
    digest(&view).to_string()
}
