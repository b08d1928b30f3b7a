//! What is there beside what is wanted, object by object, as `reconciler diff` prints it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::diagnostic::Loc;
use super::id::{
    ContainerId, ContainerName, DeploymentId, EngineName, NetworkName, ServiceName, Slot,
    VolumeName,
};
use super::normal_form::NormalForm;
use super::selector::Named;

/// One object, or several replicas of a service that are equal among each other on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Whose it is.
    pub deployment: DeploymentId,
    /// Where.
    pub engine: EngineName,
    /// What it is.
    pub object: Compared,
    /// What is there; `None` if it does not exist.
    pub live: Option<Live>,
    /// What git wants; `None` if it shall not be there.
    pub desired: Option<Wanted>,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Compared {
    /// A network.
    Network {
        /// Its name.
        name: NetworkName,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: VolumeName,
    },
    /// Containers of a service.
    Service {
        /// Which.
        service: ServiceName,
        /// Its replicas.
        slots: BTreeSet<Slot>,
    },
}

/// The live side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Live {
    /// The containers; none of a network or a volume.
    pub containers: Vec<LiveContainer>,
    /// What they are.
    pub form: NormalForm,
}

/// A container that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveContainer {
    /// Which replica it is.
    pub slot: Slot,
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: ContainerName,
}

/// The side of git.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// Where it is written.
    pub at: Option<Loc>,
    /// The names that its containers bear in the end; none of a network or a volume.
    #[serde(skip)]
    pub names: Vec<(Slot, ContainerName)>,
    /// What it shall be.
    pub form: NormalForm,
}

impl Comparison {
    /// The paths in which the sides differ; none if one of them is missing as a whole.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        match (&self.live, &self.desired) {
            (Some(live), Some(desired)) => live.form.differing(&desired.form),
            _ => Vec::new(),
        }
    }

    /// Whether the sides differ.
    #[must_use]
    pub fn differs(&self) -> bool {
        match (&self.live, &self.desired) {
            (Some(live), Some(desired)) => live.form != desired.form,
            _ => true,
        }
    }

    /// The containers that it is about, as a person may name them.
    #[must_use]
    pub fn named(&self) -> Vec<Named> {
        let Compared::Service { service, .. } = &self.object else { return Vec::new() };
        let named = |slot: Slot, container: &ContainerName| Named {
            deployment: self.deployment.clone(),
            service: service.clone(),
            slot,
            container: container.clone(),
        };
        let live = self.live.iter().flat_map(|live| &live.containers);
        let wanted = self.desired.iter().flat_map(|wanted| &wanted.names);
        live.map(|container| named(container.slot, &container.name))
            .chain(wanted.map(|(slot, name)| named(*slot, name)))
            .collect()
    }

    /// Replicas that are equal among each other on both sides as one, in the place of the first.
    #[must_use]
    pub fn joined(all: Vec<Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for next in all {
            let mut same = joined.iter_mut().rev().take_while(|c| c.is_of_service(&next));
            match same.find(|other| other.is_equal(&next)) {
                Some(first) => first.join(next),
                None => joined.push(next),
            }
        }
        joined
    }

    /// Whether both are about the same service at the same place.
    fn is_of_service(&self, other: &Self) -> bool {
        let same = (&self.deployment, &self.engine) == (&other.deployment, &other.engine);
        match (&self.object, &other.object) {
            (Compared::Service { service, .. }, Compared::Service { service: its, .. }) => {
                same && service == its
            }
            _ => false,
        }
    }

    fn is_equal(&self, other: &Self) -> bool {
        let form = |live: &Option<Live>| live.as_ref().map(|live| live.form.clone());
        let wanted = |desired: &Option<Wanted>| desired.as_ref().map(|wanted| wanted.form.clone());
        form(&self.live) == form(&other.live) && wanted(&self.desired) == wanted(&other.desired)
    }

    fn join(&mut self, next: Self) {
        if let (Compared::Service { slots, .. }, Compared::Service { slots: more, .. }) =
            (&mut self.object, next.object)
        {
            slots.extend(more);
        }
        if let (Some(live), Some(more)) = (&mut self.live, next.live) {
            live.containers.extend(more.containers);
        }
        if let (Some(desired), Some(more)) = (&mut self.desired, next.desired) {
            desired.names.extend(more.names);
        }
    }
}
