//! A container to be made: everything that the call needs to know.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compose_labels::{ContainerLabels, PlannedImage};
use super::id::{ContainerName, ImageId, NetworkName, VolumeName};
use super::labels::Identity;
use super::network::Attachment;
use super::share::Peer;
use super::spec::ContainerSpec;
use super::target::{ContainerRef, Target};

/// A container to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Create {
    /// Its name at first.
    pub name: ContainerName,
    /// Who it is.
    pub identity: Identity,
    /// What it is.
    pub spec: ContainerSpec,
    /// The network it is made on, its first. `None` gives it no network.
    pub network: Option<NetworkName>,
    /// Whether it is made on all others, too; else they are connected by steps of their own.
    pub on_all: bool,
    /// Anonymous volumes taken over from its predecessor, by target.
    pub volumes: BTreeMap<String, VolumeName>,
    /// The containers behind the [`Peer`]s of its spec.
    pub joins: Vec<Join>,
    /// The images behind the mounts of images, by target: they are mounted by their ids, which
    /// are what an inspection shows then.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mounted: BTreeMap<String, PlannedImage>,
    /// What Compose would say of it.
    pub compose: ContainerLabels,
}

impl Create {
    /// The networks it is made on, and how it is attached to each.
    #[must_use]
    pub fn made_on(&self) -> BTreeMap<NetworkName, Box<Attachment>> {
        let mut networks = if self.on_all { self.spec.networks.clone() } else { BTreeMap::new() };
        if let Some(first) = &self.network {
            let attachment = self.spec.networks.get(first).cloned().unwrap_or_default();
            networks.insert(first.clone(), attachment);
        }
        networks
    }

    /// The images that it uses: its own, and those that it mounts.
    pub fn images(&self) -> impl Iterator<Item = &PlannedImage> {
        std::iter::once(&self.compose.image).chain(self.mounted.values())
    }

    /// Likewise, to be filled in.
    pub fn images_mut(&mut self) -> impl Iterator<Item = &mut PlannedImage> {
        std::iter::once(&mut self.compose.image).chain(self.mounted.values_mut())
    }

    /// The id of the image whose files are mounted there, if it is known.
    #[must_use]
    pub fn mounted_id(&self, target: &str) -> Option<&ImageId> {
        match self.mounted.get(target)? {
            PlannedImage::Known(id) => Some(id),
            PlannedImage::After(_) | PlannedImage::Unknown => None,
        }
    }

    /// All labels that it gets: the stack's, Compose's and ours.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.spec.labels.clone();
        let identity = &self.identity;
        let compose = self.compose.encode(&identity.replica, &identity.spec_hash, |name| {
            let peer = Peer::Service(name.clone());
            let join = self.joins.iter().find(|join| join.peer == peer)?;
            match &join.container.container {
                ContainerRef::Known(id) => Some(id),
                ContainerRef::Made(_) => None,
            }
        });
        labels.extend(compose);
        labels.extend(self.identity.encode());
        labels
    }
}

/// The container behind a [`Peer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Join {
    /// As the stack names it.
    pub peer: Peer,
    /// Which it is.
    pub container: Target,
}
