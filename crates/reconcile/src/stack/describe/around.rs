//! What is around the containers that are described, networks and volumes, and how a stack names
//! it.

use std::collections::BTreeMap;

use super::secrets::Secrets;
use model::compose_labels;
use model::engine_defaults::EngineDefaults;
use model::id::{DeploymentId, NetworkName, VolumeName};
use model::labels::is_reserved;
use model::observed::{NetworkView, VolumeView};
use text::emit::{Pair, Yaml};

/// What is around the containers.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// All networks of the engine.
    pub networks: Vec<NetworkView>,
    /// All its volumes.
    pub volumes: Vec<VolumeView>,
    /// What it gives where nobody says anything.
    pub defaults: EngineDefaults,
}

/// A network or a volume in the stack.
pub(super) struct Key<'a, V> {
    /// Its key there.
    pub(super) key: String,
    /// What it is, if the deployment made it itself; all others are there already.
    pub(super) own: Option<&'a V>,
}

/// The key of a network or a volume: what Compose made for the deployment has the one that its
/// label says.
fn key_of<'a, V>(
    name: &str,
    (view, labels): (Option<&'a V>, Option<&BTreeMap<String, String>>),
    label: &str,
    deployment: Option<&DeploymentId>,
) -> Key<'a, V> {
    let of = |label: &str| labels.and_then(|labels| labels.get(label)).map(String::as_str);
    let project = of(compose_labels::PROJECT);
    let is_own = project.is_some() && project == deployment.map(DeploymentId::as_str);
    let key = of(label).filter(|_| is_own).unwrap_or(name).to_owned();
    Key { key, own: view.filter(|_| is_own) }
}

impl Surroundings {
    pub(super) fn network(
        &self,
        name: &NetworkName,
        deployment: Option<&DeploymentId>,
    ) -> Key<'_, NetworkView> {
        let view = self.networks.iter().find(|view| view.spec.name == *name);
        let labels = view.map(|view| &view.spec.labels);
        key_of(name.as_str(), (view, labels), compose_labels::NETWORK, deployment)
    }

    pub(super) fn volume(
        &self,
        name: &VolumeName,
        deployment: Option<&DeploymentId>,
    ) -> Key<'_, VolumeView> {
        let view = self.volumes.iter().find(|view| view.spec.name == *name);
        let labels = view.map(|view| &view.spec.labels);
        key_of(name.as_str(), (view, labels), compose_labels::VOLUME, deployment)
    }
}

/// The pairs of a network or volume that is written: its name, unless the key says it.
pub(super) fn named(
    key: &str,
    name: &str,
    deployment: Option<&DeploymentId>,
    is_own: bool,
) -> Vec<Pair> {
    let implied = deployment.is_some_and(|id| name == format!("{id}_{key}"));
    let mut pairs = Vec::new();
    if !(is_own && implied) {
        pairs.push(Pair::new("name", Yaml::text(name.replace('$', "$$"))));
    }
    if !is_own {
        pairs.push(Pair::new("external", Yaml::word(true)));
    }
    pairs
}

/// The driver's options and the labels of a network or volume, as far as a stack file holds them.
pub(super) fn named_texts(
    what: &str,
    (options, labels): (&BTreeMap<String, String>, &BTreeMap<String, String>),
    secrets: &mut Secrets,
) -> Vec<Pair> {
    let options = options.iter().collect::<Vec<_>>();
    let labels = labels.iter().filter(|(name, value)| !is_reserved(name) && is_held((name, value)));
    let mut pairs = Vec::new();
    for (key, texts) in [("driver_opts", options), ("labels", labels.collect())] {
        if !texts.is_empty() {
            let text = |(name, value): (&String, &String)| {
                (name.clone(), Yaml::text(secrets.named(what, name, value)))
            };
            pairs.push(Pair::new(key, Yaml::map(texts.into_iter().map(text))));
        }
    }
    pairs
}

/// Whether a stack file can hold a label, as the loader has it: a value may end its line.
pub(super) fn is_held((name, value): (&str, &str)) -> bool {
    let texts = [name, value.trim_end_matches('\n')];
    !texts.iter().any(|text| text.contains(|c: char| c.is_control() && c != '\t'))
}
