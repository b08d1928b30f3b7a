//! What makes an engine forget: `docker system prune`, and a restart as another one.

use std::collections::BTreeSet;

use super::Engine;
use model::fields;
use model::id::{NetworkName, VolumeName};
use model::observed::Status;
use model::spec::ContainerSpec;

/// What an engine drops whose kernel cannot limit memory.
const OF_MEMORY: [&str; 2] = ["mem_limit", "memswap_limit"];
/// Networks that every engine has.
const BUILT_IN: [&str; 3] = ["bridge", "host", "none"];

impl Engine {
    /// Removes what has ended, and what no container that is left uses. Returns the births of
    /// the volumes that are gone.
    pub(crate) fn prune(&mut self, volumes: bool) -> Vec<u64> {
        let ended = |status| matches!(status, Status::Created | Status::Exited | Status::Dead);
        self.containers.retain(|_, container| !ended(container.status));
        // What holds them never ran.
        self.kept.clear();
        let left = || self.containers.values();
        let networks: BTreeSet<NetworkName> =
            left().flat_map(|c| c.spec.networks.keys().cloned()).collect();
        let images: BTreeSet<_> = left().map(|c| c.spec.image.clone()).collect();
        let mounted: BTreeSet<VolumeName> =
            left().flat_map(|c| c.volumes.values().cloned()).collect();
        self.networks
            .retain(|name, _| networks.contains(name) || BUILT_IN.contains(&name.as_str()));
        self.images.retain(|reference, _| images.contains(reference));
        let unused = |name: &VolumeName| volumes && !mounted.contains(name);
        let gone = self.volumes.iter().filter(|(name, _)| unused(name));
        let gone = gone.map(|(_, volume)| volume.birth).collect();
        self.volumes.retain(|name, _| !unused(name));
        gone
    }

    /// From now on memory cannot be limited, or can again.
    pub(crate) fn toggle_memory_limits(&mut self) {
        for field in OF_MEMORY {
            if !self.abilities.dropped.remove(field) {
                self.abilities.dropped.insert(field.to_owned());
            }
        }
    }

    /// Takes what this engine cannot do out of a container's spec.
    pub(super) fn drop_limits(&self, spec: &mut ContainerSpec) {
        for field in fields::plain().filter(|field| self.abilities.drops(field.key)) {
            field.clear(spec);
        }
    }
}
